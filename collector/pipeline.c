/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a record: intake -> hosts -> fleet. What happens when time goes on (windows close,
 * detectors look) is in pipeline_close.c.
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

#include "collector/pipeline_internal.h"
#include "common/clock.h"
#include "common/err.h"

/* Open windows beyond those that lateness explains: clocks that run a little ahead. */
#define WINDOWS_SPARE 8

static void on_alert(void *context, const struct alert *alert)
{
  struct pipeline *pipeline = context;
  pipeline->sinks.alert(pipeline->sinks.context, alert);
}

struct pipeline *pipeline_new(const struct collector_settings *settings, bool is_live,
                              const struct pipeline_sinks *sinks)
{
  struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
  if (pipeline == NULL) {
    return NULL;
  }
  /* The bound on open windows is a bound on memory (P5): one more than that closes the oldest. */
  pipeline->windows_max = (size_t)(settings->window_lateness_ns / NS_PER_S) + WINDOWS_SPARE;
  pipeline->settings = settings;
  pipeline->is_live = is_live;
  pipeline->sinks = *sinks;
  pipeline->event_ns = pipeline->ticked_ns = INT64_MIN;
  pipeline->stats.newest_closed_ns = INT64_MIN;
  pipeline->hosts = hosts_new((size_t)settings->sensors_max, is_live);
  pipeline->intake = intake_new();
  pipeline->alerts = alerts_new(&(struct alerts_sink){pipeline, on_alert});
  pipeline->detect = detect_new(settings);
  if (pipeline->hosts != NULL) {
    pipeline->fleet = fleet_new(pipeline->hosts, pipeline_windows_max(pipeline));
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

/* Negative when a record that was given up has come after all. */
static void count_gaps(struct pipeline *pipeline, struct host *host, int64_t gaps)
{
  host->gaps += (uint64_t)gaps;
  pipeline->stats.gaps += (uint64_t)gaps;
}

int pipeline_hello(struct pipeline *pipeline, const struct message_hello *hello, int64_t now_ns)
{
  struct addr more[MESSAGE_ADDRESSES_MAX];
  pipeline_wake(pipeline, now_ns);
  size_t n =
      collector_settings_addresses(pipeline->settings, hello->name, more, MESSAGE_ADDRESSES_MAX);
  /* Settings may name more addresses than the sensor knows of: virtual ones, those behind it. */
  int err = hosts_hello(pipeline->hosts, hello, more, n, now_ns);
  if (err != 0) {
    return err;
  }
  struct host *host = hosts_get(pipeline->hosts, hello->name);
  int64_t gaps = 0;
  err =
      intake_hello(pipeline->intake, host->id, hello->boot_id, hello->next_sequence, now_ns, &gaps);
  if (err != 0) {
    return err;
  }
  count_gaps(pipeline, host, gaps);
  /* What was given up may have been all that held up its progress. */
  if (pipeline->is_catching_up) {
    hosts_pass(pipeline->hosts, host, intake_reached(pipeline->intake, host->id));
    pipeline_close_due(pipeline);
  }
  return 0;
}

/* The record comes too late for its window: history is revised, detectors see nothing. */
static void revise(struct pipeline *pipeline, struct host *host, const struct summary *placed,
                   const struct summary_sketches *sketches)
{
  host->late++;
  pipeline->stats.late++;
  pipeline->stats.windows_revised++;
  pipeline->sinks.window(pipeline->sinks.context, fleet_revise(pipeline->fleet, placed, sketches));
}

/* Punctual is who comes before its window must close, even when the window did not wait. */
static bool is_in_time(const struct pipeline *pipeline, const struct summary *placed,
                       int64_t now_ns)
{
  int64_t end = placed->start_ns + placed->length_ns;
  return now_ns - end <= pipeline->settings->window_lateness_ns ||
         placed->start_ns >= fleet_closed_ns(pipeline->fleet);
}

/* Who sends backlog has fallen behind; who comes in time is waited for again. When it is the
 * collector that was away, neither tells anything of the sensor. */
static void judge_punctual(struct pipeline *pipeline, struct host *host,
                           const struct summary *placed, bool is_backlog, int64_t now_ns)
{
  if (pipeline->is_catching_up) {
    return;
  }
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
  count_gaps(pipeline, host, gaps);
  pipeline->stats.records++;
}

/* A live record tells how far its sensor is: all before it came before it. While catching up it may
 * be far ahead of what is being resent, so only the prefix without holes counts. */
static void pass(struct pipeline *pipeline, struct host *host, const struct summary *placed,
                 bool is_backlog)
{
  if (pipeline->is_catching_up) {
    hosts_pass(pipeline->hosts, host, intake_reached(pipeline->intake, host->id));
  } else if (placed->kind == SUMMARY_SECOND && !is_backlog) {
    hosts_pass(pipeline->hosts, host, placed->start_ns + placed->length_ns);
  }
}

/* Everything that can fail is done: a record that gets here is applied, once and whole. sketches:
 * the record's own, which a second's copy does not have. */
static void apply(struct pipeline *pipeline, struct host *host, struct summary *placed,
                  const struct summary_sketches *sketches, bool is_backlog, int64_t now_ns)
{
  bool is_second = placed->kind == SUMMARY_SECOND;
  bool is_waiting = is_second && placed->start_ns >= fleet_closed_ns(pipeline->fleet);
  int64_t end = placed->start_ns + placed->length_ns;
  count_applied(pipeline, host, placed, is_waiting, now_ns);
  hosts_record(host, placed, is_backlog, now_ns);
  pass(pipeline, host, placed, is_backlog);
  pipeline->sinks.record(pipeline->sinks.context, placed);
  if (is_second) {
    judge_punctual(pipeline, host, placed, is_backlog, now_ns);
  }
  if (is_second && !is_waiting) {
    revise(pipeline, host, placed, sketches);
  }
  if (!is_waiting) {
    summary_free(placed);
  }
  if (is_second && !pipeline->is_live) {
    pipeline_reach(pipeline, end);
  }
  pipeline_close_due(pipeline);
}

int pipeline_record(struct pipeline *pipeline, const struct summary *s, bool is_backlog,
                    int64_t now_ns)
{
  pipeline_wake(pipeline, now_ns);
  struct host *host = hosts_get(pipeline->hosts, s->sensor);
  int err = host == NULL ? ERR_NOT_FOUND : intake_check(pipeline->intake, host->id, s);
  if (err != 0) {
    return refuse(pipeline, host, err);
  }
  /* A copy, since the window keeps it: of a second without its sketches, which the window merges
   * at once. What can fail comes first, so that a refusal leaves no trace. */
  struct summary *placed = s->kind == SUMMARY_SECOND ? summary_clone_rows(s) : summary_clone(s);
  if (placed == NULL) {
    return ERR_NO_MEMORY;
  }
  bool is_clamped = false;
  placed->start_ns += hosts_place(pipeline->hosts, host, s, is_backlog, now_ns, &is_clamped);
  /* fleet_add takes the copy; a late or minute record stays ours and is freed in apply. */
  if (placed->kind == SUMMARY_SECOND && placed->start_ns >= fleet_closed_ns(pipeline->fleet)) {
    err = fleet_add(pipeline->fleet, placed, s->sketches);
    if (err != 0) {
      summary_free(placed);
      return err;
    }
  }
  pipeline->stats.clamped += is_clamped ? 1 : 0;
  apply(pipeline, host, placed, s->sketches, is_backlog, now_ns);
  return 0;
}

void pipeline_progress(struct pipeline *pipeline, const char *sensor, int64_t until_ns)
{
  struct host *host = hosts_get(pipeline->hosts, sensor);
  if (host == NULL) {
    return;
  }
  hosts_hear(host, until_ns);
  hosts_pass(pipeline->hosts, host, until_ns);
  pipeline_close_due(pipeline);
}

void pipeline_bye(struct pipeline *pipeline, const char *sensor, int64_t now_ns)
{
  pipeline_wake(pipeline, now_ns);
  struct host *host = hosts_get(pipeline->hosts, sensor);
  if (host != NULL) {
    hosts_bye(pipeline->hosts, host, now_ns);
    pipeline_close_due(pipeline);
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
  pipeline->is_restored = true;
  int err = hosts_restore(pipeline->hosts, sensor, boot_id, sequence, last_heard_ns);
  if (err != 0) {
    return err;
  }
  return intake_restore(pipeline->intake, hosts_find(pipeline->hosts, sensor)->id, boot_id,
                        sequence);
}

int pipeline_restore_beyond(struct pipeline *pipeline, const char *sensor, uint64_t boot_id,
                            uint64_t sequence)
{
  const struct host *host = hosts_find(pipeline->hosts, sensor);
  return host == NULL ? ERR_NOT_FOUND
                      : intake_restore_beyond(pipeline->intake, host->id, boot_id, sequence);
}

int pipeline_restore_identity(struct pipeline *pipeline, const struct host_identity *identity)
{
  pipeline->is_restored = true;
  return hosts_restore_identity(pipeline->hosts, identity);
}

/* By the newest tick, not by a clock that may have run on while the collector slept. */
int pipeline_identity(const struct pipeline *pipeline, const char *sensor,
                      struct host_identity *out)
{
  const struct host *host = hosts_find(pipeline->hosts, sensor);
  if (host == NULL) {
    return ERR_NOT_FOUND;
  }
  bool is_begun = pipeline->ticked_ns != INT64_MIN && host->quiet_from_ns != INT64_MIN;
  memset(out, 0, sizeof(*out));
  memcpy(out->name, host->name, sizeof(out->name));
  memcpy(out->software, host->software, sizeof(out->software));
  out->has_left = host->has_left;
  out->is_silent = is_begun && pipeline->ticked_ns - host->quiet_from_ns >=
                                   pipeline->settings->silence_sensor_ns;
  out->last_heard_ns = host->last_heard_ns;
  out->address_count = host->address_count;
  memcpy(out->address, host->address, host->address_count * sizeof(out->address[0]));
  return 0;
}

int pipeline_restore_alert(struct pipeline *pipeline, const struct alert *alert)
{
  return alerts_restore(pipeline->alerts, alert);
}

/* Closing nothing up to there moves the mark: later records of those seconds are deltas. */
void pipeline_restore_closed(struct pipeline *pipeline, int64_t newest_closed_ns)
{
  pipeline->is_restored = true;
  (void)fleet_close(pipeline->fleet, newest_closed_ns + NS_PER_S);
}

const struct hosts *pipeline_hosts(const struct pipeline *pipeline)
{
  return pipeline->hosts;
}

struct pipeline_stats pipeline_stats(const struct pipeline *pipeline)
{
  struct pipeline_stats stats = pipeline->stats;
  stats.is_catching_up = pipeline->is_catching_up;
  stats.alerts_refused = alerts_refused(pipeline->alerts);
  stats.sketches_refused = fleet_sketches_refused(pipeline->fleet);
  return stats;
}

size_t pipeline_alerts(const struct pipeline *pipeline, const struct alert **out, size_t n)
{
  return alerts_list(pipeline->alerts, out, n);
}
