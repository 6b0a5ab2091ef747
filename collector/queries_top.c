/* SPDX-License-Identifier: Apache-2.0 */
/* Rankings over a range of time, from the records on disk and those that the next checkpoint
 * writes.
 *
 * Minute by minute, the newest first, so that a limit cuts off the oldest. Within a minute a stream
 * (one sensor, boot and clock epoch) gives its minute record when that lies wholly in the range,
 * else its second records: they show fewer rows, and they are there at once.
 *
 *   second records   . . . . . . . . . . . . . . . . . . .
 *   minute records   |<- used ->|<- used ->|   (not yet there)
 *   range               [from                            until) */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/queries.h"
#include "collector/queries_part.h"
#include "collector/queries_records.h"
#include "common/clock.h"
#include "common/err.h"

#define LAST_DEFAULT_NS (5 * NS_PER_MINUTE)
#define LAST_MAX_NS     (INT64_C(7) * 24 * 60 * NS_PER_MINUTE)
#define LIMIT_DEFAULT   10
#define LIMIT_MAX       1000
#define RANKING_ROWS    200000
/* The loop waits while an answer is made: it reads at most so many conversation rows, and begins no
 * further minute after so much processor time (not wall time: a busy machine answers alike). */
#define ROWS_MAX   1000000
#define CPU_NS_MAX (500 * NS_PER_MS)

/* A ranking in the making. */
struct top {
  const struct question *question;
  int64_t from_ns, until_ns; /* asked for */
  int64_t used_from_ns, used_until_ns;
  uint64_t minute_records, second_records, rows;
  bool is_limited;
  int64_t cpu_end_ns;
  struct records_source source;
  struct ranking *ranking;
  struct partial partial;
};

/* For the ranking: whose sensor's word counts for an address, as the pipeline knows it now. */
static const char *owner_of(void *context, const struct addr *a)
{
  const struct top *top = context;
  const struct host *host = hosts_owner(pipeline_hosts(top->question->queries->pipeline), a);
  return host != NULL ? host->name : NULL;
}

/* Time of this thread on a processor: not the clock that anything is placed by. */
static int64_t cpu_now_ns(void)
{
  struct timespec now = {0, 0};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* What was really used may be less than what was asked: the answer tells both. */
static void top_note(struct top *top, const struct summary *s)
{
  int64_t end = s->start_ns + s->length_ns;
  top->used_from_ns = s->start_ns < top->used_from_ns ? s->start_ns : top->used_from_ns;
  top->used_until_ns = end > top->used_until_ns ? end : top->used_until_ns;
  top->minute_records += s->kind == SUMMARY_MINUTE;
  top->second_records += s->kind == SUMMARY_SECOND;
  top->rows += s->conversation_count;
  partial_note(&top->partial, s->sensor, s->sample_shift, s->interfaces, s->interface_count);
}

/* Without any there is nothing to rank, and a limit has no meaning. */
static bool top_has_records(const struct top *top)
{
  return top->minute_records + top->second_records > 0;
}

/* One minute's bucket: its minute records, and the second records that no minute record covers. */
static int top_count(struct top *top, const struct records *minutes, const struct records *below,
                     const struct records *seconds)
{
  size_t count = 0;
  const struct summary **parts =
      calloc(minutes->count + seconds->count + 1, sizeof(struct summary *));
  if (parts == NULL) {
    return ERR_NO_MEMORY;
  }
  for (size_t i = 0; i < minutes->count; i++) {
    parts[count++] = minutes->item[i];
  }
  for (size_t i = 0; i < seconds->count; i++) {
    const struct summary *s = seconds->item[i];
    /* A minute may begin up to a minute before: placed records are shifted by whole seconds. */
    if (!records_cover(minutes, s) && !records_cover(below, s)) {
      parts[count++] = s;
    }
  }
  int err = ranking_bucket(top->ranking, parts, count);
  for (size_t i = 0; err == 0 && i < count; i++) {
    top_note(top, parts[i]);
  }
  free(parts);
  return err;
}

/* The minute records that lie wholly in the range and begin within the minute. */
static int top_read_minutes(const struct top *top, int64_t minute_ns, struct records *out)
{
  int64_t from = minute_ns > top->from_ns ? minute_ns : top->from_ns;
  int64_t last_start = top->until_ns - NS_PER_MINUTE;
  int64_t until = minute_ns + NS_PER_MINUTE;
  until = until <= last_start ? until : last_start + 1;
  return records_read(&top->source, SUMMARY_MINUTE, from, until, out);
}

/* Those of the minute, cut to the range. */
static int top_read_seconds(const struct top *top, int64_t minute_ns, struct records *out)
{
  int64_t from = minute_ns > top->from_ns ? minute_ns : top->from_ns;
  int64_t until = minute_ns + NS_PER_MINUTE;
  until = until < top->until_ns ? until : top->until_ns;
  return records_read(&top->source, SUMMARY_SECOND, from, until, out);
}

/* Counts one minute. minutes are its minute records, and then those of the minute below. */
static int top_step(struct top *top, int64_t minute_ns, struct records *minutes)
{
  struct records seconds = {.count = 0};
  struct records below = {.count = 0};
  int err = top_read_minutes(top, minute_ns - NS_PER_MINUTE, &below);
  err = err != 0 ? err : top_read_seconds(top, minute_ns, &seconds);
  if (err == 0 && top->rows + minutes->rows + seconds.rows > ROWS_MAX) {
    err = ERR_LIMIT;
  }
  err = err != 0 ? err : top_count(top, minutes, &below, &seconds);
  records_fini(&seconds);
  records_fini(minutes);
  *minutes = below;
  return err;
}

/* Backwards in time; the minute records read for one step serve the next as "below". */
static int top_walk(struct top *top)
{
  struct records minutes = {.count = 0};
  int64_t minute = clock_floor_ns(top->until_ns - 1, NS_PER_MINUTE);
  int err = top_read_minutes(top, minute, &minutes);
  for (; err == 0 && minute + NS_PER_MINUTE > top->from_ns; minute -= NS_PER_MINUTE) {
    /* Checked between minutes: the newest one is read whatever it costs. */
    bool is_late = cpu_now_ns() > top->cpu_end_ns;
    err = is_late && top_has_records(top) ? ERR_LIMIT : top_step(top, minute, &minutes);
  }
  records_fini(&minutes);
  /* A limit after some minute cuts the range; before any, there is no answer to give. */
  top->is_limited = err == ERR_LIMIT;
  return top->is_limited && top_has_records(top) ? 0 : err;
}

/* The bound of the whole answer is error_bytes (P1, P2). */
static json_t *render_totals(const struct top *top)
{
  struct ranking_totals totals = ranking_totals(top->ranking);
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "counted", json_counts(&totals.counted),
                   "folded", json_counts(&totals.folded), "unconfirmed",
                   json_counts(&totals.unconfirmed), "error_bytes",
                   json_u64(totals.folded.bytes + totals.unconfirmed.bytes), "rows_refused",
                   json_u64(totals.rows_refused), "hosts_refused", json_u64(totals.hosts_refused),
                   "partial", (int)partial_is_any(&top->partial));
}

/* A row, and whether its bounds are of a part alone. */
static void list_add(json_t *array, json_t *row, bool is_partial)
{
  json_object_set_new(row, "partial", json_boolean(is_partial));
  json_array_append_new(array, row);
}

/* Lists: each knows its member's name and fills an array of rows. A host with a sensor is counted
 * by that one alone; any other by whoever saw it. */
static json_t *list_hosts(const struct top *top, size_t limit)
{
  const struct ranking *ranking = top->ranking;
  struct ranking_host *rows = calloc(limit, sizeof *rows);
  json_t *array = rows != NULL ? json_array() : NULL;
  size_t count = rows != NULL ? ranking_hosts(ranking, rows, limit) : 0;
  for (size_t i = 0; i < count; i++) {
    list_add(array, render_ranking_host(&rows[i]), partial_is_of(&top->partial, rows[i].sensor));
  }
  free(rows);
  return array;
}

/* Either end's sensor is asked for one direction; where only one end has a sensor, for both. */
static bool is_conversation_partial(const struct partial *partial,
                                    const struct ranking_conversation *row)
{
  bool has_client = row->client_sensor[0] != '\0';
  bool has_server = row->server_sensor[0] != '\0';
  if (!has_client && !has_server) {
    return partial_is_any(partial);
  }
  return (has_client && partial_is_of(partial, row->client_sensor)) ||
         (has_server && partial_is_of(partial, row->server_sensor));
}

static json_t *list_conversations(const struct top *top, size_t limit)
{
  const struct ranking *ranking = top->ranking;
  struct ranking_conversation *rows = calloc(limit, sizeof *rows);
  json_t *array = rows != NULL ? json_array() : NULL;
  size_t count = rows != NULL ? ranking_conversations(ranking, rows, limit) : 0;
  for (size_t i = 0; i < count; i++) {
    list_add(array, render_ranking_conversation(&rows[i]),
             is_conversation_partial(&top->partial, &rows[i]));
  }
  free(rows);
  return array;
}

/* A service may be any sensor's. */
static json_t *list_ports(const struct top *top, size_t limit)
{
  const struct ranking *ranking = top->ranking;
  struct ranking_port *rows = calloc(limit, sizeof *rows);
  json_t *array = rows != NULL ? json_array() : NULL;
  size_t count = rows != NULL ? ranking_ports(ranking, rows, limit) : 0;
  for (size_t i = 0; i < count; i++) {
    list_add(array, render_ranking_port(&rows[i]), partial_is_any(&top->partial));
  }
  free(rows);
  return array;
}

static const struct list {
  const char *name; /* the last part of the path, and the member */
  json_t *(*make)(const struct top *top, size_t limit);
} lists[] = {{"hosts", list_hosts}, {"conversations", list_conversations}, {"ports", list_ports}};

/* The mean of the range's windows on disk, and of how many seconds that is, up to when: records
 * that are not on disk yet are in the ranking, and no percentage speaks of them. Without any window
 * on disk the newest one's; else null. */
static void set_completeness(const struct top *top, json_t *answer)
{
  const struct queries *queries = top->question->queries;
  struct store_span span = {.windows = 0};
  int64_t newest = INT64_MIN;
  json_t *percent = NULL;
  json_t *of = json_null();
  int err = store_span(queries->store, top->from_ns, top->until_ns, &span);
  err = err != 0 ? err : store_newest_window(queries->store, &newest);
  struct pipeline_stats stats = pipeline_stats(queries->pipeline);
  if (err == 0 && span.windows > 0) {
    int64_t until = newest + NS_PER_S < top->until_ns ? newest + NS_PER_S : top->until_ns;
    percent = render_percent(span.completeness_percent);
    of = json_pack("{s:o, s:o}", "seconds", json_u64(span.seconds), "until", json_time(until));
  } else if (stats.newest_closed_ns != INT64_MIN) {
    percent = render_percent(stats.completeness_percent);
  }
  json_object_set_new(answer, "completeness_percent", percent != NULL ? percent : json_null());
  json_object_set_new(answer, "completeness_of", of);
}

/* used_from..used_until is what the records cover, asked is what was wanted. */
static json_t *render_top(const struct top *top, size_t limit)
{
  const char *name = strrchr(top->question->path, '/') + 1;
  json_t *window = json_null();
  if (top_has_records(top)) {
    window = queries_window(top->used_from_ns, top->used_until_ns);
  }
  json_t *answer =
      json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "now", json_time(top->question->now_ns),
                "window", window, "asked", queries_window(top->from_ns, top->until_ns), "limited",
                (int)top->is_limited, "minute_records", json_u64(top->minute_records),
                "second_records", json_u64(top->second_records), "totals", render_totals(top));
  if (answer != NULL) {
    set_completeness(top, answer);
    render_partial(answer, &top->partial, ranking_rule);
  }
  if (answer != NULL && !top_has_records(top)) {
    json_object_set_new(answer, "message",
                        json_string("no sensor has sent a record of this range"));
  }
  for (size_t i = 0; answer != NULL && i < sizeof lists / sizeof lists[0]; i++) {
    if (strcmp(name, lists[i].name) == 0) {
      json_object_set_new(answer, name, lists[i].make(top, limit));
    }
  }
  return answer;
}

/* Whole seconds: that is how records are cut. */
static int read_last(const struct question *question, int64_t *last_ns, json_t **out)
{
  const char *text = question->get(question->get_context, "last");
  int64_t value = LAST_DEFAULT_NS;
  if (text != NULL &&
      (duration_parse(text, &value) != 0 || value < NS_PER_S || value > LAST_MAX_NS)) {
    return queries_fail(out, 400, "last: '%.40s': expected a duration from 1s to 7d, such as 5m",
                        text);
  }
  *last_ns = clock_floor_ns(value, NS_PER_S);
  return 0;
}

/* Parameters, range, walk, list. A limit is told as `limited`; only a newest minute that is too
 * large by itself is an error, since then there is nothing to show. */
int queries_top(const struct question *question, json_t **out)
{
  int64_t last_ns = 0;
  int64_t limit = 0;
  int status = read_last(question, &last_ns, out);
  status =
      status != 0 ? status : queries_read_limit(question, LIMIT_DEFAULT, LIMIT_MAX, &limit, out);
  if (status != 0) {
    return status;
  }
  /* A record belongs to the range by its start; the running second counts as far as it is known. */
  int64_t until_ns = clock_floor_ns(question->now_ns, NS_PER_S);
  struct top top = {.question = question,
                    .from_ns = until_ns - last_ns,
                    .until_ns = until_ns,
                    .used_from_ns = INT64_MAX,
                    .used_until_ns = INT64_MIN};
  top.cpu_end_ns = cpu_now_ns() + CPU_NS_MAX;
  top.source = records_source(question->queries);
  top.ranking = ranking_new(RANKING_ROWS, owner_of, &top);
  int err = top.ranking != NULL ? top_walk(&top) : ERR_NO_MEMORY;
  if (err == 0) {
    *out = render_top(&top, (size_t)limit);
    status = 200;
  } else if (err == ERR_LIMIT) {
    status = queries_fail(out, 400,
                          "the newest minute alone holds more than an answer may read: "
                          "ask for a shorter range, such as last=10s");
  } else {
    status = queries_fail(out, 500, "the records cannot be read: %s", err_text(err));
  }
  ranking_free(top.ranking);
  return status;
}
