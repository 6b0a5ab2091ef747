/* SPDX-License-Identifier: Apache-2.0 */
/* Which second a frame belongs to, and what happens when seconds and minutes close: the flows'
 * deltas go into the windows, the windows into summaries. */
#include "sensor/meter.h"
#include "sensor/meter_inside.h"

/* A frame may be so late before it is moved; a clock may run back by so much unnoticed; a longer
 * way forward is one step. */
#define CLAMP_NS      NS_PER_S
#define STEP_BACK_NS  (2 * NS_PER_S)
#define DENSE_JUMP_NS (3600 * NS_PER_S)
/* Times beyond are taken as these, so that time-outs can be added without a thought: ±285 years. */
#define TIME_MAX_NS (INT64_C(9000000) * 1000 * NS_PER_S)

/* What was measured on a part of the flows says so. Distinct things and first sights cannot be
 * scaled. */
static void tell_sampling(struct summary *out, unsigned shift)
{
  out->sample_shift = (uint8_t)shift;
  if (shift == 0) {
    return;
  }
  out->quality[SUMMARY_MEASURE_TRAFFIC] = SUMMARY_SCALED;
  out->quality[SUMMARY_MEASURE_FLOWS] = SUMMARY_SCALED;
  out->quality[SUMMARY_MEASURE_DISTINCT] = SUMMARY_ABSENT;
  out->quality[SUMMARY_MEASURE_FIRST_SEEN] = SUMMARY_ABSENT;
}

/* What both kinds of record get from the meter itself. */
static void hand_out(struct meter *meter, struct summary_interface *interfaces, size_t count)
{
  struct summary *out = &meter->out;
  struct flows_stats stats = flows_stats(meter->flows);
  out->clock_epoch = meter->clock_epoch;
  out->flow_table_used = stats.used;
  out->flow_table_slots = stats.capacity;
  out->interfaces = interfaces;
  out->interface_count = count;
  meter->sinks.summary(meter->sinks.context, out);
}

/* What other parts counted as lost since the last close. */
static void fill_ledger(struct meter *meter)
{
  struct summary_ledger *ledger = window_ledger(meter->second);
  uint64_t evicted = flows_stats(meter->flows).evicted;
  ledger->flows_folded += evicted - meter->evicted;
  meter->evicted = evicted;
  struct fragments_counts fragments = fragments_counts_take(meter->fragments);
  ledger->fragments_unmatched += fragments.unmatched;
  ledger->fragments_folded += fragments.folded;
}

/* The order matters: the minute takes the second in while its sketches are still there. */
static void hand_out_second(struct meter *meter)
{
  struct summary *out = &meter->out;
  window_close(meter->second, meter->second_ns, out);
  first_seen_close(meter->first_seen, out);
  meter_fleet_tell_second(meter, out);
  window_second(meter->minute, meter->second, out);
  tell_sampling(out, meter->sampling.second);
  meter->minute_parts++;
  size_t count = 0;
  struct summary_interface *interfaces = interface_rows_close_second(meter->interfaces, &count);
  hand_out(meter, interfaces, count);
}

void meter_close_minute(struct meter *meter, int64_t next_ns)
{
  if (meter->minute_parts > 0) {
    window_close(meter->minute, meter->minute_ns, &meter->out);
    tell_sampling(&meter->out, meter->sampling.minute);
    meter_fleet_tell_minute(meter, &meter->out);
    size_t count = 0;
    struct summary_interface *interfaces = interface_rows_close_minute(meter->interfaces, &count);
    hand_out(meter, interfaces, count);
  }
  meter->minute_parts = 0;
  meter->minute_ns = next_ns;
  meter->sampling.minute = meter->sampling.now;
  flows_begin_span(meter->flows);
}

/* The batch and the fragments that wait belong to the second; then the flows' deltas; then what was
 * lost. */
void meter_close_second(struct meter *meter, int64_t next_ns)
{
  meter_flush(meter);
  fragments_expire(meter->fragments, next_ns);
  flows_close(meter->flows, next_ns);
  fill_ledger(meter);
  if (meter->config.is_dense || !window_is_empty(meter->second) ||
      interface_rows_is_sampled(meter->interfaces)) {
    hand_out_second(meter);
  }
  meter->sampling.second = meter->sampling.now;
  meter->second_ns = next_ns;
  int64_t minute_ns = clock_floor_ns(next_ns, NS_PER_MINUTE);
  if (minute_ns != meter->minute_ns) {
    meter_close_minute(meter, minute_ns);
  }
  meter_fleet_turn(meter);
}

/* The first time seen decides where the seconds begin; nothing was before. */
static void open_at(struct meter *meter, int64_t time_ns)
{
  meter->second_ns = clock_floor_ns(time_ns, NS_PER_S);
  meter->minute_ns = clock_floor_ns(time_ns, NS_PER_MINUTE);
  meter->is_open = true;
  meter_fleet_turn(meter);
}

/* time_ns is the newest time now. */
static void move_to(struct meter *meter, int64_t time_ns)
{
  meter->newest_ns = time_ns;
  if (!meter->is_open) {
    open_at(meter, time_ns);
  }
  if (time_ns < meter->second_ns + NS_PER_S) {
    return;
  }
  int64_t target_ns = clock_floor_ns(time_ns, NS_PER_S);
  /* Each second of a quiet time on its own; the last step below ends the open one in any case. */
  if (meter->config.is_dense && target_ns <= meter->second_ns + DENSE_JUMP_NS) {
    while (meter->second_ns + NS_PER_S < target_ns) {
      meter_close_second(meter, meter->second_ns + NS_PER_S);
    }
  }
  meter_close_second(meter, target_ns);
}

/* The clock was set back: what comes again is told apart by its epoch. */
static void step_back(struct meter *meter, int64_t now_ns)
{
  meter_close_second(meter, clock_floor_ns(now_ns, NS_PER_S));
  if (meter->minute_parts > 0) {
    meter_close_minute(meter, clock_floor_ns(now_ns, NS_PER_MINUTE));
  }
  fragments_finish(meter->fragments);
  meter->clock_epoch++;
  meter->newest_ns = now_ns;
}

/* A damaged file may hold any time: what is beyond counts, at the bound. */
static int64_t bounded_time(int64_t time_ns)
{
  if (time_ns > TIME_MAX_NS) {
    return TIME_MAX_NS;
  }
  return time_ns < -TIME_MAX_NS ? -TIME_MAX_NS : time_ns;
}

int64_t meter_place_in_time(struct meter *meter, int64_t frame_ns)
{
  int64_t time_ns = bounded_time(frame_ns);
  bool is_clamped = time_ns != frame_ns;
  if (!meter->is_open || time_ns >= meter->newest_ns) {
    move_to(meter, time_ns);
  } else if (time_ns < meter->second_ns) {
    /* Late: its second is out already. Counted where it can be, and counted as late. */
    window_ledger(meter->second)->late_frames++;
    if (time_ns < meter->newest_ns - CLAMP_NS) {
      is_clamped = true;
      time_ns = meter->newest_ns;
    }
  }
  if (is_clamped) {
    window_ledger(meter->second)->clamped_frames++;
  }
  return time_ns;
}

void meter_advance(struct meter *meter, int64_t now_ns)
{
  meter_flush(meter);
  int64_t time_ns = bounded_time(now_ns);
  if (meter->is_open && meter->config.is_dense && time_ns < meter->second_ns - STEP_BACK_NS) {
    step_back(meter, time_ns);
  } else if (!meter->is_open || time_ns > meter->newest_ns) {
    move_to(meter, time_ns);
  }
}

/* Flows end last: their records are not part of any interval. */
void meter_finish(struct meter *meter)
{
  if (!meter->is_open) {
    return;
  }
  meter_close_second(meter, meter->second_ns + NS_PER_S);
  if (meter->minute_parts > 0) {
    meter_close_minute(meter, meter->minute_ns);
  }
  fragments_finish(meter->fragments);
  flows_finish(meter->flows);
  meter->is_open = false;
}

int64_t meter_time(const struct meter *meter)
{
  return meter->newest_ns;
}
