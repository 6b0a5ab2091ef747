/* SPDX-License-Identifier: Apache-2.0 */
/* Adds up a replay.
 *
 *   minute records -> totals at once
 *                  -> waiting, until every file has passed the minute -> ranking
 *   second records -> the window of the answer
 *   alerts         -> the newest state of each
 *
 * Minutes wait since a ranking wants all witnesses of a bucket together (P1). */
#include "cli/replay_sum.h"

#include <stdlib.h>
#include <string.h>

#include "collector/pipeline.h"
#include "common/hash.h"

/* Distinct conversations and hosts that a ranking keeps; more are told as an error bound. */
#define REPLAY_RANKING_ROWS 262144

/* For the ranking: the sensor that owns an address, as the pipeline knows it by now. */
static const char *replay_sum_owner(void *context, const struct addr *a)
{
  const struct pipeline *const *pipeline = context;
  const struct host *host = hosts_owner(pipeline_hosts(*pipeline), a);
  return host != NULL ? host->name : NULL;
}

/* The sketch is the minute's: minute records fold into it without loss. */
int replay_sum_init(struct replay_sum *sum, const struct pipeline *pipeline)
{
  *sum = (struct replay_sum){.from_ns = INT64_MAX, .until_ns = INT64_MIN, .pipeline = pipeline};
  hll_init(&sum->addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  sum->ranking = ranking_new(REPLAY_RANKING_ROWS, replay_sum_owner, &sum->pipeline);
  return sum->ranking != NULL ? 0 : ERR_NO_MEMORY;
}

/* Minutes are left only when a run was given up. */
void replay_sum_fini(struct replay_sum *sum)
{
  for (size_t i = 0; i < sum->minute_count; i++) {
    summary_free(sum->minute[i]);
  }
  free(sum->minute);
  free(sum->alert);
  ranking_free(sum->ranking);
}

/* Room for one more of size bytes behind count; NULL without memory. */
static void *replay_sum_grow(void *items, size_t count, size_t *capacity, size_t size)
{
  if (count < *capacity) {
    return items;
  }
  size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
  void *grown = reallocarray(items, wanted, size);
  if (grown != NULL) {
    *capacity = wanted;
  }
  return grown;
}

/* A minute is ranked when every sensor has passed it; until then it waits here. */
static void replay_sum_keep(struct replay_sum *sum, const struct summary *s)
{
  struct summary **minutes = sum->minute;
  void *grown =
      replay_sum_grow(minutes, sum->minute_count, &sum->minute_capacity, sizeof(struct summary *));
  if (grown == NULL) {
    sum->has_failed = true;
    return;
  }
  sum->minute = grown;
  struct summary *copy = summary_clone_rows(s);
  if (copy == NULL) {
    sum->has_failed = true;
    return;
  }
  sum->minute[sum->minute_count++] = copy;
}

/* Totals by direction and protocol, which everything else is derived from. */
static void replay_sum_minute(struct replay_sum *sum, const struct summary *s)
{
  summary_traffic_add(&sum->traffic[0][0], &s->traffic[0][0]);
  summary_traffic_add(&sum->fleet_traffic[0][0], &s->fleet_traffic[0][0]);
  sum->lacks_fleet |= !s->has_fleet;
  sum->ipv4_packets += s->ipv4_packets;
  sum->ipv6_packets += s->ipv6_packets;
  sum->fragments += s->fragments;
  sum->non_ip_frames += s->non_ip_frames;
  sum->flows += s->flows_new;
  sum->tunnelled_packets += s->tunnelled_packets;
  summary_tcp_add(&sum->tcp, &s->tcp);
  summary_dns_add(&sum->dns, &s->dns);
  summary_segments_add(&sum->segments, &s->segments);
  summary_ledger_add(&sum->ledger, &s->ledger);
  /* Never by input: all meters of this process use one seed and size. */
  if (hll_merge(&sum->addresses, &s->addresses) != 0) {
    sum->has_failed = true;
  }
  replay_sum_keep(sum, s);
}

/* Where the record's interval ends. */
static int64_t replay_sum_end(const struct summary *s)
{
  return s->start_ns + s->length_ns;
}

void replay_sum_record(struct replay_sum *sum, const struct summary *s)
{
  /* The minute has all that its seconds have: either, not both. */
  if (s->kind == SUMMARY_MINUTE) {
    replay_sum_minute(sum, s);
    return;
  }
  /* The answer's window in seconds: minute records would round it to minutes. */
  int64_t end_ns = replay_sum_end(s);
  sum->from_ns = s->start_ns < sum->from_ns ? s->start_ns : sum->from_ns;
  sum->until_ns = end_ns > sum->until_ns ? end_ns : sum->until_ns;
}

/* By start, then sensor. */
static int replay_sum_compare(const void *left, const void *right)
{
  const struct summary *a = *(const struct summary *const *)left;
  const struct summary *b = *(const struct summary *const *)right;
  if (a->start_ns != b->start_ns) {
    return a->start_ns < b->start_ns ? -1 : 1;
  }
  return strcmp(a->sensor, b->sensor);
}

/* Ranks and frees the first n waiting minutes, which are the parts of one bucket. */
static void replay_sum_bucket(struct replay_sum *sum, struct summary **minutes, size_t n)
{
  if (ranking_bucket(sum->ranking, (const struct summary *const *)minutes, n) != 0) {
    sum->has_failed = true;
  }
  for (size_t i = 0; i < n; i++) {
    summary_free(minutes[i]);
  }
}

/* The list is short, some minutes of each file: it is sorted each time. */
void replay_sum_merged(struct replay_sum *sum, int64_t now_ns)
{
  struct summary **minutes = sum->minute;
  size_t count = sum->minute_count, from = 0;
  if (count > 1) {
    qsort(minutes, count, sizeof(struct summary *), replay_sum_compare);
  }
  /* All parts of a minute at once, as one bucket. */
  while (from < count && replay_sum_end(minutes[from]) <= now_ns) {
    size_t until = from + 1;
    while (until < count && minutes[until]->start_ns == minutes[from]->start_ns) {
      until++;
    }
    replay_sum_bucket(sum, minutes + from, until - from);
    from = until;
  }
  sum->minute_count = count - from;
  for (size_t i = 0; from > 0 && i < sum->minute_count; i++) {
    minutes[i] = minutes[from + i];
  }
}

/* Deltas of late records (revision > 0) are added like the rest. */
void replay_sum_window(struct replay_sum *sum, const struct fleet_window *window)
{
  if (!window->has_total) {
    return;
  }
  sum->has_total = true;
  sum->total_bytes.low += window->total_bytes.low;
  sum->total_bytes.high += window->total_bytes.high;
  sum->total_packets.low += window->total_packets.low;
  sum->total_packets.high += window->total_packets.high;
}

/* The newest alerts change most: looked for from the end. */
void replay_sum_alert(struct replay_sum *sum, const struct alert *alert)
{
  for (size_t i = sum->alert_count; i-- > 0;) {
    if (strcmp(sum->alert[i].id, alert->id) == 0) {
      sum->alert[i] = *alert;
      return;
    }
  }
  if (alert->state == ALERT_PENDING) {
    return;
  }
  if (sum->alert_count == REPLAY_ALERTS_MAX) {
    /* Its end comes by here as well: count each one once. */
    sum->alerts_omitted += alert->state == ALERT_FIRING;
    return;
  }
  void *grown =
      replay_sum_grow(sum->alert, sum->alert_count, &sum->alert_capacity, sizeof *sum->alert);
  if (grown == NULL) {
    sum->has_failed = true;
    return;
  }
  sum->alert = grown;
  sum->alert[sum->alert_count++] = *alert;
}

/* Derived when asked: the table is the only truth. */
struct counts replay_sum_direction(const struct replay_sum *sum, enum summary_direction direction)
{
  return summary_protocols_total(sum->traffic[direction]);
}

struct counts replay_sum_fleet(const struct replay_sum *sum, enum summary_direction direction)
{
  return summary_protocols_total(sum->fleet_traffic[direction]);
}

/* The same table, read along the other side. */
struct counts replay_sum_protocol(const struct replay_sum *sum, enum summary_protocol protocol)
{
  struct counts total = {0};
  for (int d = 0; d < SUMMARY_DIRECTIONS; d++) {
    counts_add(&total, &sum->traffic[d][protocol]);
  }
  return total;
}
