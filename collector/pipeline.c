/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a record: intake -> hosts -> fleet -> detect -> alerts, and when windows close.
 *
 *   record -> intake: new and well formed?   no: counted by reason, not applied
 *          -> placement: onto the collector's clock, by whole intervals
 *          -> fleet:  its window is open: a part of it;  closed: a delta of history
 *          -> hosts:  sums and progress              -> sink.record
 *   tick   -> detectors that watch for silence
 *   close  -> fleet_window                           -> sink.window
 *          -> detectors -> findings -> alerts        -> sink.alert
 *
 * Records and ticks are inputs of equal rank, and time comes with them: nothing here asks a clock
 * (P4). */
#include "collector/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "collector/detect/detect.h"
#include "collector/intake.h"
#include "common/clock.h"
#include "common/err.h"

/* Open windows beyond those that lateness explains: clocks that run a little ahead. */
#define WINDOWS_SPARE 8

struct pipeline {
  const struct collector_settings *settings;
  bool is_live;
  struct pipeline_sinks sinks;
  struct hosts *hosts;
  struct intake *intake;
  struct fleet *fleet;
  struct detect *detect;
  struct alerts *alerts;
  int64_t event_ns; /* INT64_MIN before the first input */
  int64_t seen_ns;  /* when what detectors find now was seen */
  struct pipeline_stats stats;
};

/* The two callbacks that carry a result one step on. */
static void on_alert(void *context, const struct alert *alert)
{
  struct pipeline *pipeline = context;
  pipeline->sinks.alert(pipeline->sinks.context, alert);
}

static void on_finding(void *context, const struct finding *finding)
{
  struct pipeline *pipeline = context;
  alerts_raise(pipeline->alerts, finding, pipeline->seen_ns);
}

struct pipeline *pipeline_new(const struct collector_settings *settings, bool is_live,
                              const struct pipeline_sinks *sinks)
{
  struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
  if (pipeline == NULL) {
    return NULL;
  }
  /* The bound on open windows is a bound on memory (P5): one more than that closes the oldest. */
  size_t windows = (size_t)(settings->window_lateness_ns / NS_PER_S) + WINDOWS_SPARE;
  pipeline->settings = settings;
  pipeline->is_live = is_live;
  pipeline->sinks = *sinks;
  pipeline->event_ns = INT64_MIN;
  pipeline->stats.newest_closed_ns = INT64_MIN;
  pipeline->hosts = hosts_new((size_t)settings->sensors_max, is_live);
  pipeline->intake = intake_new();
  pipeline->alerts = alerts_new(&(struct alerts_sink){pipeline, on_alert});
  pipeline->detect = detect_new(settings);
  if (pipeline->hosts != NULL) {
    pipeline->fleet = fleet_new(pipeline->hosts, windows);
  }
  if (pipeline->hosts == NULL || pipeline->intake == NULL || pipeline->fleet == NULL ||
      pipeline->alerts == NULL || pipeline->detect == NULL) {
    pipeline_free(pipeline);
    return NULL;
  }
  return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
  if (pipeline == NULL) {
    return;
  }
  detect_free(pipeline->detect);
  alerts_free(pipeline->alerts);
  fleet_free(pipeline->fleet);
  intake_free(pipeline->intake);
  hosts_free(pipeline->hosts);
  free(pipeline);
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

/* Up to where windows may close: what all punctual sensors have passed, or what is older than the
 * lateness. */
static int64_t close_until(const struct pipeline *pipeline)
{
  int64_t until = INT64_MIN;
  if (pipeline->event_ns != INT64_MIN) {
    until = clock_floor_ns(pipeline->event_ns - pipeline->settings->window_lateness_ns, NS_PER_S);
  }
  /* Nobody is waited for in vain: the usual way a window closes, long before its lateness. */
  if (hosts_all_passed(pipeline->hosts)) {
    int64_t slowest = hosts_slowest_ns(pipeline->hosts);
    until = slowest > until ? slowest : until;
  }
  /* Records far apart in time must not hold all of their seconds in memory. */
  if (fleet_is_full(pipeline->fleet)) {
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

/* Closes what is due. A close changes who is punctual, which may make the next one due. */
static void close_due(struct pipeline *pipeline)
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

/* Event time never runs back. */
static void reach(struct pipeline *pipeline, int64_t now_ns)
{
  pipeline->event_ns = now_ns > pipeline->event_ns ? now_ns : pipeline->event_ns;
}

int pipeline_hello(struct pipeline *pipeline, const struct message_hello *hello, int64_t now_ns)
{
  struct addr more[MESSAGE_ADDRESSES_MAX];
  size_t n =
      collector_settings_addresses(pipeline->settings, hello->name, more, MESSAGE_ADDRESSES_MAX);
  /* Settings may name more addresses than the sensor knows of: virtual ones, those behind it. */
  int err = hosts_hello(pipeline->hosts, hello, more, n, now_ns);
  if (err != 0) {
    return err;
  }
  return intake_hello(pipeline->intake, hosts_find(pipeline->hosts, hello->name)->id,
                      hello->boot_id);
}

/* The record comes too late for its window: history is revised, detectors see nothing. */
static void revise(struct pipeline *pipeline, struct host *host, const struct summary *placed)
{
  host->late++;
  pipeline->stats.late++;
  pipeline->stats.windows_revised++;
  pipeline->sinks.window(pipeline->sinks.context, fleet_revise(pipeline->fleet, placed));
}

/* Punctual is who comes before its window must close, even when the window did not wait. */
static bool is_in_time(const struct pipeline *pipeline, const struct summary *placed,
                       int64_t now_ns)
{
  int64_t end = placed->start_ns + placed->length_ns;
  return now_ns - end <= pipeline->settings->window_lateness_ns ||
         placed->start_ns >= fleet_closed_ns(pipeline->fleet);
}

/* Who sends backlog has fallen behind; who comes in time is waited for again. */
static void judge_punctual(struct pipeline *pipeline, struct host *host,
                           const struct summary *placed, bool is_backlog, int64_t now_ns)
{
  if (is_backlog) {
    hosts_set_punctual(pipeline->hosts, host, false);
  } else if (is_in_time(pipeline, placed, now_ns) && !host->has_left) {
    hosts_set_punctual(pipeline->hosts, host, true);
  }
}

/* Counts what is not applied, by reason. */
static int refuse(struct pipeline *pipeline, struct host *host, int err)
{
  bool is_repeated = err == ERR_CONFLICT;
  pipeline->stats.repeated += is_repeated ? 1 : 0;
  pipeline->stats.refused += is_repeated ? 0 : 1;
  if (host != NULL) {
    host->repeated += is_repeated ? 1 : 0;
    host->refused += is_repeated ? 0 : 1;
  }
  return err;
}

/* From here on the sequence number is taken. */
static void count_applied(struct pipeline *pipeline, struct host *host,
                          const struct summary *placed, bool is_waiting, int64_t now_ns)
{
  int64_t closed = fleet_closed_ns(pipeline->fleet);
  int64_t until = is_waiting ? placed->start_ns + placed->length_ns : INT64_MIN;
  int64_t gaps = intake_apply(pipeline->intake, host->id, placed, until, closed, now_ns);
  host->gaps += (uint64_t)gaps;
  pipeline->stats.gaps += (uint64_t)gaps;
  pipeline->stats.records++;
}

/* Everything that can fail is done: a record that gets here is applied, once and whole. */
static void apply(struct pipeline *pipeline, struct host *host, struct summary *placed,
                  bool is_backlog, int64_t now_ns)
{
  bool is_second = placed->kind == SUMMARY_SECOND;
  bool is_waiting = is_second && placed->start_ns >= fleet_closed_ns(pipeline->fleet);
  int64_t end = placed->start_ns + placed->length_ns;
  count_applied(pipeline, host, placed, is_waiting, now_ns);
  hosts_record(pipeline->hosts, host, placed, is_backlog, now_ns);
  pipeline->sinks.record(pipeline->sinks.context, placed);
  if (is_second) {
    judge_punctual(pipeline, host, placed, is_backlog, now_ns);
  }
  if (is_second && !is_waiting) {
    revise(pipeline, host, placed);
  }
  if (!is_waiting) {
    summary_free(placed);
  }
  if (is_second && !pipeline->is_live) {
    reach(pipeline, end);
  }
  close_due(pipeline);
}

int pipeline_record(struct pipeline *pipeline, const struct summary *s, bool is_backlog,
                    int64_t now_ns)
{
  struct host *host = hosts_get(pipeline->hosts, s->sensor);
  int err = host == NULL ? ERR_NOT_FOUND : intake_check(pipeline->intake, host->id, s);
  if (err != 0) {
    return refuse(pipeline, host, err);
  }
  /* A copy, since the window keeps it; what can fail comes first, so that a refusal leaves no
   * trace. */
  struct summary *placed = summary_clone(s);
  if (placed == NULL) {
    return ERR_NO_MEMORY;
  }
  bool is_clamped = false;
  placed->start_ns += hosts_place(pipeline->hosts, host, s, is_backlog, now_ns, &is_clamped);
  /* fleet_add takes the copy; a late or minute record stays ours and is freed in apply. */
  if (placed->kind == SUMMARY_SECOND && placed->start_ns >= fleet_closed_ns(pipeline->fleet)) {
    err = fleet_add(pipeline->fleet, placed);
    if (err != 0) {
      summary_free(placed);
      return err;
    }
  }
  pipeline->stats.clamped += is_clamped ? 1 : 0;
  apply(pipeline, host, placed, is_backlog, now_ns);
  return 0;
}

void pipeline_progress(struct pipeline *pipeline, const char *sensor, int64_t until_ns)
{
  struct host *host = hosts_get(pipeline->hosts, sensor);
  if (host == NULL) {
    return;
  }
  host->last_heard_ns = until_ns > host->last_heard_ns ? until_ns : host->last_heard_ns;
  hosts_pass(pipeline->hosts, host, until_ns);
  close_due(pipeline);
}

void pipeline_tick(struct pipeline *pipeline, int64_t now_ns)
{
  const struct detect_sink sink = {pipeline, on_finding};
  reach(pipeline, now_ns);
  /* Before the closes: what still holds at the end of a long jump must not resolve within it. */
  pipeline->seen_ns = pipeline->event_ns;
  detect_tick(pipeline->detect, pipeline->event_ns, pipeline->hosts, &sink);
  close_due(pipeline);
}

void pipeline_bye(struct pipeline *pipeline, const char *sensor, int64_t now_ns)
{
  struct host *host = hosts_get(pipeline->hosts, sensor);
  if (host != NULL) {
    hosts_bye(pipeline->hosts, host, now_ns);
    close_due(pipeline);
  }
}

void pipeline_lost(struct pipeline *pipeline, const char *sensor, int64_t now_ns)
{
  struct host *host = hosts_get(pipeline->hosts, sensor);
  (void)now_ns;
  if (host != NULL) {
    host->is_connected = false;
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

int pipeline_settled(const struct pipeline *pipeline, const char *sensor, uint64_t *boot_id,
                     uint64_t *sequence)
{
  const struct host *host = hosts_find(pipeline->hosts, sensor);
  if (host == NULL) {
    return ERR_NOT_FOUND;
  }
  return intake_settled(pipeline->intake, host->id, fleet_closed_ns(pipeline->fleet), boot_id,
                        sequence);
}

int pipeline_restore_sensor(struct pipeline *pipeline, const char *sensor, uint64_t boot_id,
                            uint64_t sequence, int64_t last_heard_ns)
{
  int err = hosts_restore(pipeline->hosts, sensor, boot_id, sequence, last_heard_ns);
  if (err != 0) {
    return err;
  }
  return intake_restore(pipeline->intake, hosts_find(pipeline->hosts, sensor)->id, boot_id,
                        sequence);
}

int pipeline_restore_alert(struct pipeline *pipeline, const struct alert *alert)
{
  return alerts_restore(pipeline->alerts, alert);
}

/* Closing nothing up to there moves the mark: later records of those seconds are deltas. */
void pipeline_restore_closed(struct pipeline *pipeline, int64_t newest_closed_ns)
{
  (void)fleet_close(pipeline->fleet, newest_closed_ns + NS_PER_S);
}

const struct hosts *pipeline_hosts(const struct pipeline *pipeline)
{
  return pipeline->hosts;
}

struct pipeline_stats pipeline_stats(const struct pipeline *pipeline)
{
  struct pipeline_stats stats = pipeline->stats;
  stats.alerts_refused = alerts_refused(pipeline->alerts);
  stats.sketches_refused = fleet_sketches_refused(pipeline->fleet);
  return stats;
}

size_t pipeline_alerts(const struct pipeline *pipeline, const struct alert **out, size_t n)
{
  return alerts_list(pipeline->alerts, out, n);
}
