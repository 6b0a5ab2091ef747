/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-interval shifts with hysteresis, from the measured offset or from the future itself.
 *
 *   offset asked for   ..-1.75 ... -0.75 ... 0 ... 0.75 ... 1.75..   (intervals)
 *   shift kept at 0                |<-------------->|
 *
 * Whole intervals only: a part of one would smear a second's counters over two, and nothing could
 * be compared with its own file any more (P4). What the shift leaves over is told, not
 * corrected. */
#include "collector/placement.h"

/* An offset beyond this is no clock's: it is taken as not measured. */
#define OFFSET_MAX_NS (INT64_MAX / 4)

/* Without PONGs yet the uncertainty is 0; a measured one never is. */
static bool is_measured(const struct summary *s)
{
  return s->clock_uncertainty_ns > 0 && s->clock_offset_ns < OFFSET_MAX_NS &&
         s->clock_offset_ns > -OFFSET_MAX_NS;
}

/* The shift that an offset asks for, unless the present one is within 0.75 interval of it. */
static int64_t shift_follow(int64_t shift, int64_t offset_ns, int64_t length_ns)
{
  /* The hysteresis: half an interval would suffice to choose, but a clock near a half would
   * flip. */
  int64_t apart = offset_ns - shift * length_ns;
  if (apart <= length_ns * 3 / 4 && apart >= -length_ns * 3 / 4) {
    return shift;
  }
  return clock_floor_ns(offset_ns + length_ns / 2, length_ns) / length_ns;
}

/* The shift that lets the interval end within the length before now. */
static int64_t shift_to(int64_t end_ns, int64_t now_ns, int64_t length_ns)
{
  return clock_floor_ns(now_ns - end_ns, length_ns) / length_ns;
}

/* How far behind now an interval may end and still not be from the future. 2 s for a
 * second; 45 s for a minute, whose shift is so coarse that it may end so far ahead. */
static int64_t tolerance_ns(int64_t length_ns)
{
  int64_t part = length_ns * 3 / 4;
  return part > PLACEMENT_FUTURE_NS ? part : PLACEMENT_FUTURE_NS;
}

/* Without a measurement: the shift in force (0, or that of earlier records) as far as it leads to
 * the present. Changes the state by live second records alone. */
static int64_t shift_clamp(struct placement *state, const struct summary *s, bool is_teaching,
                           int64_t now_ns, bool *is_clamped)
{
  int64_t length = s->length_ns;
  int64_t end = s->start_ns + length;
  int64_t tolerance = tolerance_ns(length);
  bool was_clamped = s->kind == SUMMARY_SECOND && state->is_clamped;
  int64_t shift = s->kind == SUMMARY_SECOND ? state->second_shift : state->minute_shift;
  if (was_clamped && is_teaching && end - now_ns <= PLACEMENT_GOOD_CLOCK_NS) {
    was_clamped = false; /* the clock is right again */
    shift = 0;
  }
  int64_t ahead = end + shift * length - now_ns;
  if (ahead > tolerance || (was_clamped && is_teaching && ahead < -tolerance)) {
    shift = shift_to(end, now_ns, length);
    was_clamped = true;
  }
  if (is_teaching) {
    state->second_shift = shift;
    state->is_clamped = was_clamped;
  }
  *is_clamped = was_clamped;
  return shift;
}

int64_t placement_shift_ns(struct placement *placement, const struct summary *s, bool is_backlog,
                           int64_t now_ns, bool *is_clamped)
{
  int64_t length = s->length_ns;
  bool is_second = s->kind == SUMMARY_SECOND;
  *is_clamped = false;
  if (is_measured(s)) {
    int64_t *kept = is_second ? &placement->second_shift : &placement->minute_shift;
    /* A shift that a clamp made is not the measurement's to hold on to. */
    bool is_stale = is_second && placement->is_clamped;
    int64_t shift = shift_follow(is_stale ? 0 : *kept, s->clock_offset_ns, length);
    if (s->start_ns + length + shift * length - now_ns <= tolerance_ns(length)) {
      /* Old records were made under another offset: they are placed by it, and change nothing. */
      if (!is_backlog) {
        *kept = shift;
        placement->is_clamped = is_second ? false : placement->is_clamped;
      }
      return shift * length;
    }
  }
  return shift_clamp(placement, s, is_second && !is_backlog, now_ns, is_clamped) * length;
}
