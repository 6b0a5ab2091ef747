/* SPDX-License-Identifier: Apache-2.0 */
/* How the fleet and the collector itself are: one page of true numbers. It must be quick, since
 * people run it under --watch: one walk over the sensors, two sums over windows. */
#include "collector/queries.h"
#include "collector/queries_part.h"
#include "common/clock.h"
#include "common/err.h"

/* Ten seconds smooth a rate without hiding its end. */
#define RATE_SPAN_NS   (10 * NS_PER_S)
#define TOTALS_SPAN_NS (5 * NS_PER_MINUTE)
#define STALE_AFTER_NS (30 * NS_PER_S) /* older windows say nothing of the present rate */

static const char status_rule[] =
    "fleet total, each byte once: what the fleet's hosts sent, and what came to them from outside; "
    "local and loopback, transit and multicast traffic stand apart";

struct sensor_sums {
  uint64_t by_state[3]; /* enum render_host_state */
  uint64_t frames, wire_bytes, undecoded, dropped, own_frames, folded;
};

/* One walk over all sensors: there may be ten thousand. */
static struct sensor_sums sum_sensors(const struct hosts *hosts, int64_t now_ns)
{
  struct sensor_sums sums = {.by_state = {0}};
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    sums.by_state[render_host_state(host, now_ns)]++;
    sums.frames += host->frames;
    sums.wire_bytes += host->wire_bytes;
    sums.undecoded += host->undecoded;
    sums.dropped += host->dropped;
    sums.own_frames += host->own_frames;
    sums.folded += host->folded;
  }
  return sums;
}

/* Known sensors by state. */
static json_t *render_sensors(const struct sensor_sums *sums)
{
  uint64_t live = sums->by_state[RENDER_HOST_LIVE];
  uint64_t silent = sums->by_state[RENDER_HOST_SILENT];
  uint64_t left = sums->by_state[RENDER_HOST_LEFT];
  return json_pack("{s:o, s:o, s:o, s:o}", "known", json_u64(live + silent + left), "live",
                   json_u64(live), "silent", json_u64(silent), "left", json_u64(left));
}

/* Since the collector first heard each of them (its own counters, not the store's). */
static json_t *render_sums(const struct sensor_sums *sums)
{
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "frames", json_u64(sums->frames), "wire_bytes",
                   json_u64(sums->wire_bytes), "undecoded", json_u64(sums->undecoded), "dropped",
                   json_u64(sums->dropped), "own_frames", json_u64(sums->own_frames), "folded",
                   json_u64(sums->folded));
}

/* Lag is how long ago the newest window ended. */
static json_t *render_windows(const struct pipeline_stats *stats, int64_t now_ns)
{
  bool has_window = stats->newest_closed_ns != INT64_MIN;
  json_t *lag = json_null();
  if (has_window) {
    lag = json_integer((now_ns - stats->newest_closed_ns - NS_PER_S) / NS_PER_MS);
  }
  return json_pack("{s:o, s:o, s:o, s:o}", "closed", json_u64(stats->windows_closed), "revised",
                   json_u64(stats->windows_revised), "newest", render_time(stats->newest_closed_ns),
                   "lag_ms", lag);
}

/* Applied, repeated and refused are together what came (P2); late and clamped ones are among the
 * applied, gaps are numbers that never came. */
static json_t *render_records(const struct pipeline_stats *stats)
{
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "applied", json_u64(stats->records),
                   "repeated", json_u64(stats->repeated), "refused", json_u64(stats->refused),
                   "late", json_u64(stats->late), "gaps", json_u64(stats->gaps), "clamped",
                   json_u64(stats->clamped));
}

/* To the nearest whole number, so that equal bounds stay equal. */
static json_t *render_per_second(uint64_t low, uint64_t high, uint64_t seconds)
{
  uint64_t half = seconds / 2;
  return json_pack("{s:o, s:o}", "low", json_u64((low + half) / seconds), "high",
                   json_u64((high + half) / seconds));
}

/* Of the windows before `until`, the end of the newest one on disk; null when there are none of
 * late. */
static int render_rates(const struct question *question, int64_t until, json_t **out)
{
  struct store_span span = {.seconds = 0};
  int err = 0;
  if (until != INT64_MIN && until - NS_PER_S >= question->now_ns - STALE_AFTER_NS) {
    err = store_span(question->queries->store, until - RATE_SPAN_NS, until, &span);
  }
  if (err != 0 || span.seconds == 0) {
    *out = json_null();
    return err;
  }
  *out =
      json_pack("{s:o, s:o, s:o, s:o}", "window", queries_window(until - RATE_SPAN_NS, until),
                "seconds", json_u64(span.seconds), "bytes_per_s",
                render_per_second(span.bytes_low, span.bytes_high, span.seconds), "packets_per_s",
                render_per_second(span.packets_low, span.packets_high, span.seconds));
  return 0;
}

/* Sums of lows and of highs over windows and deltas bound the truth as well (fleet_window.h). */
static json_t *render_low_high(uint64_t low, uint64_t high)
{
  const struct fleet_bound bound = {low, high};
  return render_bound(&bound);
}

/* From the store, so that a restart of the collector changes nothing of it. What is not on disk is
 * not in, and the window ends before it. */
static int render_totals(const struct question *question, int64_t until, json_t **out)
{
  int64_t from = clock_floor_ns(question->now_ns, NS_PER_S) - TOTALS_SPAN_NS;
  struct store_span span = {.windows = 0};
  int err = 0;
  if (until > from) {
    err = store_span(question->queries->store, from, until, &span);
  }
  if (err != 0 || span.windows == 0) {
    *out = json_null();
    return err;
  }
  *out = json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "window", queries_window(from, until),
      "seconds", json_u64(span.seconds), "bytes", render_low_high(span.bytes_low, span.bytes_high),
      "packets", render_low_high(span.packets_low, span.packets_high), "frames",
      json_u64(span.frames), "wire_bytes", json_u64(span.wire_bytes), "dropped",
      json_u64(span.dropped), "undecoded", json_u64(span.undecoded), "folded",
      json_u64(span.folded), "completeness_percent", render_percent(span.completeness_percent));
  return 0;
}

/* Beyond the first thousand only `live` counts on: a page of status need not sort a storm. */
static json_t *render_alert_counts(const struct alert_sums *sums)
{
  uint64_t firing = sums->firing[0] + sums->firing[1] + sums->firing[2];
  return json_pack("{s:o, s:o, s:o}", "live", json_u64(sums->live), "firing", json_u64(firing),
                   "pending", json_u64(sums->looked_at - firing));
}

/* Whether alerts reach anybody is part of how the collector is (P8). */
static json_t *render_deliveries(struct notify *notify)
{
  if (notify == NULL) {
    return json_null();
  }
  struct notify_stats stats = notify_stats(notify);
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "sent", json_u64(stats.sent), "waiting",
                   json_u64(stats.waiting), "dead", json_u64(stats.dead), "failed_attempts",
                   json_u64(stats.failed_attempts), "unsaved", json_u64(stats.unsaved), "lost",
                   json_u64(stats.unstored));
}

/* Programs that read the feed: how many came in, and whether any was cut off. */
static json_t *render_feed(const struct feed *feed)
{
  if (feed == NULL) {
    return json_null();
  }
  struct bus_feed_counters counters = feed_counters(feed);
  return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "endpoint", feed_endpoint(feed), "sent",
                   json_u64(counters.sent), "send_failed", json_u64(counters.send_failed),
                   "handshakes_accepted", json_u64(counters.handshakes_accepted),
                   "handshakes_refused", json_u64(counters.handshakes_refused), "reopened",
                   json_u64(counters.reopened));
}

/* What a person should know while there is nothing to show. */
static void set_message(json_t *answer, const struct sensor_sums *sums)
{
  uint64_t known = sums->by_state[0] + sums->by_state[1] + sums->by_state[2];
  const char *message = "no sensor has said HELLO yet: is a seine-sensor running, with its public "
                        "key in the collector's authorized_dir?";
  if (known > 0) {
    message = "sensors are known, and no window has closed yet: the first second of data is "
              "complete about two seconds after it began";
  }
  json_object_set_new(answer, "message", json_string(message));
}

/* As they measure now: who has left measures nothing. */
static void set_partial(const struct hosts *hosts, json_t *answer)
{
  struct partial partial = {.count = 0};
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    if (host->is_connected) {
      partial_note(&partial, host->name, host->sample_shift, host->interface,
                   host->interface_count);
    }
  }
  render_partial(answer, &partial, status_rule);
}

/* What comes from the store, and how far it reaches. */
struct stored {
  json_t *rates, *totals, *apart, *peers;
};

/* The end of the newest window on disk bounds all three. Nothing is left behind on an error. */
static int read_stored(const struct question *question, struct stored *out)
{
  int64_t newest = INT64_MIN;
  int err = store_newest_window(question->queries->store, &newest);
  int64_t until = newest == INT64_MIN ? INT64_MIN : newest + NS_PER_S;
  *out = (struct stored){NULL, NULL, NULL, NULL};
  err = err != 0 ? err : render_rates(question, until, &out->rates);
  err = err != 0 ? err : render_totals(question, until, &out->totals);
  if (err == 0 && json_is_object(out->rates)) {
    err = queries_apart(question, until, &out->apart, &out->peers);
  } else if (err == 0) {
    out->apart = json_null();
    out->peers = json_null();
  }
  if (err != 0) {
    json_decref(out->rates);
    json_decref(out->totals);
    json_decref(out->apart);
    json_decref(out->peers);
  }
  return err;
}

/* First what can fail (the store), then one page of numbers that are all there. */
int queries_status(const struct question *question, json_t **out)
{
  const struct queries *queries = question->queries;
  struct pipeline_stats stats = pipeline_stats(queries->pipeline);
  struct sensor_sums sums = sum_sensors(pipeline_hosts(queries->pipeline), question->now_ns);
  struct alert_sums alerts = queries_alert_sums(queries);
  struct stored stored;
  int err = read_stored(question, &stored);
  if (err != 0) {
    return queries_fail(out, 500, "the store cannot be read: %s", err_text(err));
  }
  bool is_starting = stats.newest_closed_ns == INT64_MIN;
  *out = json_pack(
      "{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
      "now", json_time(question->now_ns), "version", SEINE_VERSION, "state",
      is_starting ? "starting" : "ok", "troubles", queries_troubles(question, &alerts), "started",
      json_time(queries->started_ns), "uptime_seconds",
      json_integer((question->now_ns - queries->started_ns) / NS_PER_S), "sensors",
      render_sensors(&sums), "windows", render_windows(&stats, question->now_ns), "records",
      render_records(&stats), "completeness_percent",
      is_starting ? json_null() : render_percent(stats.completeness_percent), "rates", stored.rates,
      "totals_5m", stored.totals, "apart", stored.apart, "peers", stored.peers, "ledger",
      render_sums(&sums), "alerts", render_alert_counts(&alerts), "deliveries",
      render_deliveries(queries->notify), "feed", render_feed(queries->feed));
  if (*out != NULL) {
    set_partial(pipeline_hosts(queries->pipeline), *out);
  }
  if (*out != NULL && is_starting) {
    set_message(*out, &sums);
  }
  return 200;
}
