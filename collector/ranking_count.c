/* SPDX-License-Identifier: Apache-2.0 */
/* One bucket of records -> conversations counted once.
 *
 * All rows of all records are sorted by key and sensor, so that a conversation's rows lie together
 * and, within them, those of one sensor: a run. Each direction then takes one run.
 *
 *   client > server : port    web1: out 900 in 40    db1: out 1000 in 38     (two runs)
 *   out: who has the source?  db1's host is the server, web1's the client -> web1's 900
 *   in:  the source is the server                                         -> db1's 38
 *
 * Sorting by a hash of the key keeps the sort out of the rows' memory, which is what makes it
 * quick. */
#include <stdlib.h>
#include <string.h>

#include "collector/ranking.h"
#include "collector/ranking_state.h"
#include "common/err.h"
#include "common/hash.h"

/* One row of one record, as it is sorted. */
struct observation {
  uint64_t hash; /* of the key: sorts without looking at the row */
  const struct summary_conversation *row;
  uint32_t sensor;
};

/* What one sensor says of a conversation. */
struct run {
  uint32_t sensor;
  struct counts out, in;
};

/* One direction while its runs go by. */
struct direction {
  uint32_t witness; /* the sensor that the rule asks; RANKING_NO_SENSOR: the largest */
  bool is_loopback; /* none, and each sensor saw bytes of its own */
  bool has_witness_row;
  struct counts from_witness;
  struct counts largest;
  struct counts sum;
};

/* By address and port as bytes, without padding, so that equal keys hash alike. */
static struct ranking_key key_of(const struct summary_conversation *row)
{
  return (struct ranking_key){row->client, row->server, row->server_port, row->protocol, 0};
}

/* By hash, then by key (hashes may collide), then by sensor: runs lie together. */
static int compare_observations(const void *left, const void *right)
{
  const struct observation *a = left;
  const struct observation *b = right;
  if (a->hash != b->hash) {
    return a->hash < b->hash ? -1 : 1;
  }
  int order = summary_conversation_compare(a->row, b->row);
  return order != 0 ? order : (a->sensor > b->sensor) - (a->sensor < b->sensor);
}

/* For qsort and bsearch over names. */
static int compare_names(const void *left, const void *right)
{
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Numbers are places in the sorted list of names: equal names have equal numbers in any order of
 * parts. */
static uint32_t sensor_number(const struct ranking_bucket *bucket, const char *name)
{
  const char **found =
      bsearch(&name, bucket->sensors, bucket->sensor_count, sizeof *bucket->sensors, compare_names);
  return found != NULL ? (uint32_t)(found - bucket->sensors) : RANKING_NO_SENSOR;
}

/* Two questions: who owns the address, and did that sensor report this bucket? Only then can its
 * word be taken for it. */
uint32_t ranking_bucket_owner(const struct ranking_bucket *bucket, const struct addr *a)
{
  const struct ranking *ranking = bucket->ranking;
  const char *name = ranking->owner != NULL ? ranking->owner(ranking->context, a) : NULL;
  return name != NULL ? sensor_number(bucket, name) : RANKING_NO_SENSOR;
}

/* A total order, so that which of two equal observations came first does not matter. */
static bool is_larger(const struct counts *a, const struct counts *b)
{
  if (a->bytes != b->bytes) {
    return a->bytes > b->bytes;
  }
  if (a->packets != b->packets) {
    return a->packets > b->packets;
  }
  return a->payload_bytes > b->payload_bytes;
}

/* One run's counts come by: whichever of the three rules applies, its value is ready at the end. */
static void direction_offer(struct direction *direction, uint32_t sensor,
                            const struct counts *counts)
{
  counts_add(&direction->sum, counts);
  if (is_larger(counts, &direction->largest)) {
    direction->largest = *counts;
  }
  if (sensor == direction->witness) {
    direction->from_witness = *counts;
    direction->has_witness_row = true;
  }
}

/* What counts. The witness's word stands even when it has no row: a packet that it sent just before
 * the bucket began is in the bucket before. What others saw then is told as unconfirmed. */
static struct counts direction_counts(const struct direction *direction, struct counts *unconfirmed)
{
  if (direction->witness == RANKING_NO_SENSOR) {
    return direction->is_loopback ? direction->sum : direction->largest;
  }
  if (!direction->has_witness_row) {
    counts_add(unconfirmed, &direction->largest);
  }
  return direction->from_witness;
}

/* What is not volume comes from all rows together: the widest times, all flags, the most flows. */
static void group_add_row(struct ranking_group *group, const struct summary_conversation *row)
{
  group->first_ns = row->first_ns < group->first_ns ? row->first_ns : group->first_ns;
  group->last_ns = row->last_ns > group->last_ns ? row->last_ns : group->last_ns;
  group->flows = row->flows > group->flows ? row->flows : group->flows;
  group->tcp_flags_out |= row->tcp_flags_out;
  group->tcp_flags_in |= row->tcp_flags_in;
  group->is_confirmed = group->is_confirmed || !row->is_guessed;
}

/* Observations [at, end) are one conversation's. */
static struct ranking_group group_count(const struct ranking_bucket *bucket,
                                        const struct observation *at, const struct observation *end)
{
  struct ranking_group group = {.row = at->row, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
  uint32_t client = ranking_bucket_owner(bucket, &at->row->client);
  uint32_t server = ranking_bucket_owner(bucket, &at->row->server);
  bool is_loopback = addr_is_loopback(&at->row->client) && addr_is_loopback(&at->row->server);
  /* The source decides, else the destination, else the largest: the rule of ranking.h. */
  struct direction out = {.witness = client != RANKING_NO_SENSOR ? client : server,
                          .is_loopback = is_loopback};
  struct direction in = {.witness = server != RANKING_NO_SENSOR ? server : client,
                         .is_loopback = is_loopback};
  while (at < end) {
    struct run run = {.sensor = at->sensor};
    for (; at < end && at->sensor == run.sensor; at++) {
      counts_add(&run.out, &at->row->out);
      counts_add(&run.in, &at->row->in);
      group_add_row(&group, at->row);
    }
    direction_offer(&out, run.sensor, &run.out);
    direction_offer(&in, run.sensor, &run.in);
    group.witnesses = (uint8_t)(group.witnesses + (group.witnesses < UINT8_MAX));
  }
  /* What a witness does not confirm of a folded row is in totals.folded already. */
  struct counts aside = {0, 0, 0};
  struct counts *unconfirmed =
      summary_conversation_is_folded(group.row) ? &aside : &bucket->ranking->totals.unconfirmed;
  group.out = direction_counts(&out, unconfirmed);
  group.in = direction_counts(&in, unconfirmed);
  return group;
}

/* Each observer's folded rows stand for bytes that may be in rows of the clients' own sensors too:
 * they add to how far the answer may be off, and are counted nowhere else. The row is listed with
 * what the witness, or the largest observer, says. */
static void group_fold(const struct ranking_bucket *bucket, const struct observation *at,
                       const struct observation *end)
{
  for (; at < end; at++) {
    counts_add(&bucket->ranking->totals.folded, &at->row->out);
    counts_add(&bucket->ranking->totals.folded, &at->row->in);
  }
}

/* Equal keys lie side by side after the sort. */
static void bucket_group(struct ranking_bucket *bucket, const struct observation *observations)
{
  size_t end;
  for (size_t i = 0; i < bucket->row_count; i = end) {
    end = i + 1;
    while (end < bucket->row_count && observations[end].hash == observations[i].hash &&
           summary_conversation_compare(observations[end].row, observations[i].row) == 0) {
      end++;
    }
    struct ranking_group group = group_count(bucket, observations + i, observations + end);
    if (summary_conversation_is_folded(group.row)) {
      group_fold(bucket, observations + i, observations + end);
    }
    /* A conversation of which the witness knows nothing stays out of the list; its bytes are in
     * unconfirmed. */
    if (group.out.packets + group.in.packets + group.out.bytes + group.in.bytes > 0) {
      bucket->groups[bucket->group_count++] = group;
    }
  }
}

/* Makes the groups: memory for as many as there are rows, in which each could be alone. */
static int bucket_observe(struct ranking_bucket *bucket)
{
  struct observation *observations = calloc(bucket->row_count + 1, sizeof *observations);
  bucket->groups = calloc(bucket->row_count + 1, sizeof *bucket->groups);
  if (observations == NULL || bucket->groups == NULL) {
    free(observations);
    return ERR_NO_MEMORY;
  }
  struct observation *next = observations;
  for (size_t i = 0; i < bucket->part_count; i++) {
    const struct summary *part = bucket->parts[i];
    for (size_t j = 0; j < part->conversation_count; j++) {
      struct ranking_key key = key_of(&part->conversations[j]);
      *next++ = (struct observation){hash_bytes(&key, sizeof key), &part->conversations[j],
                                     bucket->sensor_of[i]};
    }
  }
  qsort(observations, bucket->row_count, sizeof *observations, compare_observations);
  bucket_group(bucket, observations);
  free(observations);
  return 0;
}

/* What no row shows: the folded sums, and rows that stand for many clients. Twice: a packet from an
 * address to itself is sent and received by it. */
static uint64_t hidden_bytes(const struct summary *part)
{
  uint64_t bytes = part->folded_out.bytes + part->folded_in.bytes;
  for (size_t i = 0; i < part->conversation_count; i++) {
    const struct summary_conversation *row = &part->conversations[i];
    bytes += summary_conversation_is_folded(row) ? row->out.bytes + row->in.bytes : 0;
  }
  return 2 * bytes;
}

/* Names in order, each once, and each part's number among them. */
static int bucket_name_sensors(struct ranking_bucket *bucket)
{
  bucket->sensors = calloc(bucket->part_count, sizeof *bucket->sensors);
  bucket->sensor_of = calloc(bucket->part_count, sizeof *bucket->sensor_of);
  bucket->hidden = calloc(bucket->part_count, sizeof *bucket->hidden);
  if (bucket->sensors == NULL || bucket->sensor_of == NULL || bucket->hidden == NULL) {
    return ERR_NO_MEMORY;
  }
  for (size_t i = 0; i < bucket->part_count; i++) {
    bucket->sensors[i] = bucket->parts[i]->sensor;
    bucket->row_count += bucket->parts[i]->conversation_count;
    bucket->hidden[i] = hidden_bytes(bucket->parts[i]);
  }
  qsort(bucket->sensors, bucket->part_count, sizeof *bucket->sensors, compare_names);
  for (size_t i = 0; i < bucket->part_count; i++) {
    size_t count = bucket->sensor_count;
    if (count == 0 || strcmp(bucket->sensors[count - 1], bucket->sensors[i]) != 0) {
      bucket->sensors[bucket->sensor_count++] = bucket->sensors[i];
    }
  }
  for (size_t i = 0; i < bucket->part_count; i++) {
    bucket->sensor_of[i] = sensor_number(bucket, bucket->parts[i]->sensor);
  }
  return 0;
}

/* Larger groups first, where the table may fill up: it refuses the small ones. */
static int compare_groups(const void *left, const void *right)
{
  const struct ranking_group *a = left;
  const struct ranking_group *b = right;
  uint64_t a_bytes = a->out.bytes + a->in.bytes;
  uint64_t b_bytes = b->out.bytes + b->in.bytes;
  if (a_bytes != b_bytes) {
    return a_bytes > b_bytes ? -1 : 1;
  }
  return summary_conversation_compare(a->row, b->row);
}

/* witnesses is 0 in a new item alone: every group has at least one. */
static void item_merge(struct ranking_conversation_item *item, const struct ranking_group *group)
{
  bool is_new = item->witnesses == 0;
  if (is_new || group->first_ns < item->first_ns) {
    item->first_ns = group->first_ns;
  }
  if (is_new || group->last_ns > item->last_ns) {
    item->last_ns = group->last_ns;
  }
  item->flows = group->flows > item->flows ? group->flows : item->flows;
  item->witnesses = group->witnesses > item->witnesses ? group->witnesses : item->witnesses;
  item->is_confirmed = item->is_confirmed || group->is_confirmed;
  item->tcp_flags_out |= group->tcp_flags_out;
  item->tcp_flags_in |= group->tcp_flags_in;
  counts_add(&item->out, &group->out);
  counts_add(&item->in, &group->in);
}

/* The port's flows follow the conversation's, whose number is the most that one record showed. */
static void ranking_admit(struct ranking *ranking, const struct ranking_group *group)
{
  struct ranking_key key = key_of(group->row);
  struct ranking_port_key port_key = {key.server_port, key.protocol, 0};
  struct ranking_conversation_item *item = ranking_table_add(&ranking->conversations, &key);
  if (summary_conversation_is_folded(group->row)) {
    ranking->totals.rows_refused += item == NULL ? 1 : 0;
    if (item != NULL) {
      item_merge(item, group);
    }
    return;
  }
  struct ranking_port_item *port = NULL;
  if (item != NULL) {
    port = ranking_table_add(&ranking->ports, &port_key);
  }
  if (port == NULL) {
    ranking->totals.rows_refused++;
    counts_add(&ranking->totals.folded, &group->out);
    counts_add(&ranking->totals.folded, &group->in);
    return;
  }
  uint32_t flows_before = item->flows;
  item_merge(item, group);
  counts_add(&port->out, &group->out);
  counts_add(&port->in, &group->in);
  port->flows += item->flows - flows_before;
  counts_add(&ranking->totals.counted, &group->out);
  counts_add(&ranking->totals.counted, &group->in);
}

/* In this order: sensors get numbers (rows refer to them), rows become groups, hosts are counted
 * from both, and conversations are admitted last. After an error the tables do not agree any more:
 * the caller gives up the answer, or the bucket was refused before anything was admitted
 * (ERR_LIMIT). */
int ranking_bucket(struct ranking *ranking, const struct summary *const *parts, size_t n)
{
  if (n == 0) {
    return 0;
  }
  /* A bucket's working memory goes with it; what stays is in the ranking's tables. */
  struct ranking_bucket bucket = {.ranking = ranking, .parts = parts, .part_count = n};
  int err = bucket_name_sensors(&bucket);
  err = err != 0 ? err : bucket_observe(&bucket);
  err = err != 0 ? err : ranking_bucket_hosts(&bucket);
  if (err == 0) {
    /* Only when it could matter: sorting the groups of every bucket would cost more than counting
     * them. */
    if (ranking->conversations.count + bucket.group_count > ranking->conversations.max) {
      qsort(bucket.groups, bucket.group_count, sizeof *bucket.groups, compare_groups);
    }
    for (size_t i = 0; i < bucket.group_count; i++) {
      ranking_admit(ranking, &bucket.groups[i]);
    }
    /* What sensors folded is in no row: each observer's sum adds to how far the answer may be
     * off. */
    for (size_t i = 0; i < n; i++) {
      counts_add(&ranking->totals.folded, &parts[i]->folded_out);
      counts_add(&ranking->totals.folded, &parts[i]->folded_in);
    }
  }
  free(bucket.sensors);
  free(bucket.sensor_of);
  free(bucket.hidden);
  free(bucket.groups);
  return err;
}
