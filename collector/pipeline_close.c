/* SPDX-License-Identifier: Apache-2.0 */
/* Time in the pipeline: when windows close.
 *
 *   awake         all punctual sensors have passed it, or its lateness is over by the clock
 *   catching up   all sensors that were there have passed it; the clock closes nothing
 *
 * The collector was away when ticks are more than AWAKE_GAP_NS apart (it was stopped, its machine
 * slept), or when it has an earlier life (it was started again). What the sensors measured
 * meanwhile is on its way, in sockets or in their queues. If the clock went on from here, each of
 * those seconds would be closed before its records are read: they would be deltas that no detector
 * sees. So the clock stands still until every sensor has sent them; but not for ever. */
#include "collector/pipeline.h"
#include "collector/pipeline_internal.h"

#include "common/clock.h"

/* Ticks come ten times a second; a lateness of a second or two is the network's business. */
#define AWAKE_GAP_NS (2 * NS_PER_S)
/* So long it catches up at most, while it is awake: sensors come back within ten seconds or so. */
#define CATCH_UP_NS (15 * NS_PER_S)
/* And so many windows at most it holds in memory for that. */
#define CATCH_UP_WINDOWS 120

size_t pipeline_windows_max(const struct pipeline *pipeline)
{
  return pipeline->windows_max > CATCH_UP_WINDOWS ? pipeline->windows_max : CATCH_UP_WINDOWS;
}

void pipeline_reach(struct pipeline *pipeline, int64_t now_ns)
{
  pipeline->event_ns = now_ns > pipeline->event_ns ? now_ns : pipeline->event_ns;
}

static void on_finding(void *context, const struct finding *finding)
{
  struct pipeline *pipeline = context;
  alerts_raise(pipeline->alerts, finding, pipeline->seen_ns);
}

/* What holds now without any data. */
static void look_around(struct pipeline *pipeline)
{
  const struct detect_sink sink = {pipeline, on_finding};
  pipeline->seen_ns = pipeline->event_ns;
  detect_tick(pipeline->detect, pipeline->event_ns, pipeline->hosts, &sink);
}

/* A window is complete: history first, then the detectors, so that an alert never speaks of a
 * window that is not on record. Alerts are advanced on both sides: up to its start, for the seconds
 * without any window; up to its end, when all have looked at it. */
static void close_window(struct pipeline *pipeline, struct fleet_window *window)
{
  const struct detect_sink sink = {pipeline, on_finding};
  int64_t end = window->start_ns + window->length_ns;
  fleet_expect(window,
               hosts_closed(pipeline->hosts, window->start_ns, window->parts, window->part_count));
  pipeline->stats.windows_closed++;
  pipeline->stats.newest_closed_ns = window->start_ns;
  pipeline->stats.completeness_percent = window->completeness_percent;
  pipeline->sinks.window(pipeline->sinks.context, window);
  alerts_advance(pipeline->alerts, window->start_ns);
  /* What detectors find in a window was seen at its end, whenever it is judged. */
  pipeline->seen_ns = end;
  detect_window(pipeline->detect, window, &sink);
  alerts_advance(pipeline->alerts, end);
}

/* What is older than the lateness. */
static int64_t clock_until(const struct pipeline *pipeline)
{
  if (pipeline->event_ns == INT64_MIN) {
    return INT64_MIN;
  }
  return clock_floor_ns(pipeline->event_ns - pipeline->settings->window_lateness_ns, NS_PER_S);
}

/* Up to where windows may close: what all punctual sensors have passed, or what the clock says. */
static int64_t close_until(const struct pipeline *pipeline)
{
  int64_t until = pipeline->is_catching_up ? INT64_MIN : clock_until(pipeline);
  /* Nobody is waited for in vain: the usual way a window closes, long before its lateness. */
  if (hosts_all_passed(pipeline->hosts)) {
    int64_t slowest = hosts_slowest_ns(pipeline->hosts);
    until = slowest > until ? slowest : until;
  }
  /* Records far apart in time must not hold all of their seconds in memory (P5). */
  size_t most = pipeline->is_catching_up ? CATCH_UP_WINDOWS : pipeline->windows_max;
  if (fleet_open_count(pipeline->fleet) > most) {
    int64_t oldest = fleet_oldest_end_ns(pipeline->fleet);
    until = oldest > until ? oldest : until;
  }
  return until;
}

/* Oldest first; each is judged before the next one is merged. */
static void close_up_to(struct pipeline *pipeline, int64_t until_ns)
{
  for (struct fleet_window *window = fleet_close(pipeline->fleet, until_ns); window != NULL;
       window = fleet_close(pipeline->fleet, until_ns)) {
    close_window(pipeline, window);
  }
}

/* A close changes who is punctual, which may make the next one due. */
void pipeline_close_due(struct pipeline *pipeline)
{
  int64_t oldest = fleet_oldest_end_ns(pipeline->fleet);
  for (;;) {
    hosts_watch(pipeline->hosts, oldest);
    int64_t until = close_until(pipeline);
    if (until == INT64_MIN) {
      return;
    }
    close_up_to(pipeline, until);
    int64_t next = fleet_oldest_end_ns(pipeline->fleet);
    if (next == oldest) {
      break;
    }
    oldest = next;
  }
  alerts_advance(pipeline->alerts, fleet_closed_ns(pipeline->fleet));
}

/* The first input after the collector was away, of whatever kind it is: from here on everything
 * that comes may be of that time. What was silent before is so still; that is said at once, lest
 * its alert resolves while the windows of that time are judged. */
void pipeline_wake(struct pipeline *pipeline, int64_t now_ns)
{
  int64_t gap = pipeline->ticked_ns == INT64_MIN ? 0 : now_ns - pipeline->ticked_ns;
  if (!pipeline->is_live || (gap <= AWAKE_GAP_NS && !pipeline->is_restored)) {
    return;
  }
  pipeline->is_restored = false;
  pipeline->is_catching_up = true;
  pipeline->awake_left_ns = CATCH_UP_NS;
  pipeline->ticked_ns = now_ns;
  hosts_slept(pipeline->hosts, gap, now_ns, pipeline->settings->silence_sensor_ns);
  alerts_wait(pipeline->alerts, true);
  pipeline_reach(pipeline, now_ns);
  look_around(pipeline);
}

/* Either everybody has passed what the clock would close now, or the patience is over: then the
 * clock closes the rest, and what is missing counts as missing. */
static void catch_up(struct pipeline *pipeline, int64_t passed_ns)
{
  /* A clock that was set back must not lengthen it. */
  pipeline->awake_left_ns -= passed_ns > 0 ? passed_ns : 0;
  if (pipeline->awake_left_ns > 0 && !hosts_have_passed(pipeline->hosts, clock_until(pipeline))) {
    return;
  }
  pipeline->is_catching_up = false;
  hosts_caught_up(pipeline->hosts, pipeline->event_ns);
  pipeline_close_due(pipeline);
  alerts_wait(pipeline->alerts, false);
}

void pipeline_tick(struct pipeline *pipeline, int64_t now_ns)
{
  pipeline_wake(pipeline, now_ns);
  int64_t passed = pipeline->ticked_ns == INT64_MIN ? 0 : now_ns - pipeline->ticked_ns;
  pipeline->ticked_ns = now_ns;
  pipeline_reach(pipeline, now_ns);
  /* Before the closes: what still holds at the end of a long jump must not resolve within it. */
  look_around(pipeline);
  pipeline_close_due(pipeline);
  if (pipeline->is_catching_up) {
    catch_up(pipeline, passed);
  }
}

void pipeline_finish(struct pipeline *pipeline)
{
  while (fleet_oldest_end_ns(pipeline->fleet) != INT64_MAX) {
    close_up_to(pipeline, fleet_oldest_end_ns(pipeline->fleet));
  }
  if (fleet_closed_ns(pipeline->fleet) != INT64_MIN) {
    alerts_advance(pipeline->alerts, fleet_closed_ns(pipeline->fleet));
  }
}
