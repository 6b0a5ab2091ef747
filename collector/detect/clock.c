/* SPDX-License-Identifier: Apache-2.0 */
/* clock: a sensor whose clock is wrong.
 *
 * Source: the offset that the sensor measures by PING and PONG (RFC 5905 section 8); without one,
 * records from the future.
 * Parameters: none; bad from 2 s on, good again below 1 s (hosts_progress.c), so that one alert
 * tells of it however long it lasts. Cost: one comparison for each sensor and tick. Blind spots: a
 * clock that is behind and not measured looks like records that come late.
 *
 * Tick only: a wrong clock has nothing to do with what is in a window, and a sensor without traffic
 * has a clock too. */
#include <stdio.h>
#include <stdlib.h>

#include "collector/detect/detect.h"
#include "collector/detect/evidence.h"
#include "common/clock.h"

/* Only for the hold-down; whose clock is wrong, hosts.h keeps. */
struct clock_state {
  const struct collector_settings *settings;
};

static void *clock_start(const struct collector_settings *settings)
{
  struct clock_state *state = calloc(1, sizeof(*state));
  if (state != NULL) {
    state->settings = settings;
  }
  return state;
}

static void clock_stop(void *state)
{
  free(state);
}

/* The size of the offset is what is judged; the sentence says in which direction. */
static void raise_clock(const struct clock_state *state, const struct host *host, int64_t now_ns,
                        const struct detect_sink *sink)
{
  bool is_measured = host->clock_uncertainty_ns > 0;
  /* The offset is what must be added to the sensor's clock: negative when it is ahead. */
  int64_t offset = is_measured ? host->clock_offset_ns : host->shift_intervals * NS_PER_S;
  int64_t size = offset < 0 ? -offset : offset;
  char text[EVIDENCE_QUANTITY_MAX];
  struct finding finding = {.detector = detect_clock.name,
                            .rule = "bad-clock",
                            .severity = SEVERITY_WARNING,
                            .hold_ns = detect_tick_hold_ns(state->settings),
                            .window_start_ns = now_ns,
                            .observed = (double)size / (double)NS_PER_S,
                            .expected_high = (double)PLACEMENT_BAD_CLOCK_NS / (double)NS_PER_S,
                            .unit = "s",
                            /* Nothing of this is estimated from traffic. */
                            .completeness_percent = 100,
                            .command = "seine sensors"};
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s", host->name);
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "the clock of %s is %s %s (%s): its records are moved by %lld s", host->name,
                 evidence_duration(size, text), offset < 0 ? "ahead" : "behind",
                 is_measured ? "measured" : "its records come from the future",
                 (long long)host->shift_intervals);
  evidence_add(&finding, "sensor", host->name, finding.observed, 0);
  sink->raise(sink->context, &finding);
}

/* A sensor that is away is not judged: its offset is of the past, and silence tells of it. */
static void clock_tick(void *context, int64_t now_ns, const struct hosts *hosts,
                       const struct detect_sink *sink)
{
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    if (host->has_bad_clock && host->is_connected) {
      raise_clock(context, host, now_ns, sink);
    }
  }
}

const struct detector detect_clock = {
    .name = "clock",
    .help = "sensors whose clock is two seconds or more from the collector's",
    .start = clock_start,
    .stop = clock_stop,
    .tick = clock_tick,
};
