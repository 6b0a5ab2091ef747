/* SPDX-License-Identifier: Apache-2.0 */
/* One bucket of records -> hosts.
 *
 * A host whose own sensor reported the bucket is what that sensor's records say: of each record the
 * better of its talker row and its conversation rows. Any other host is the sum of its
 * conversations as counted once. How much higher the truth may lie is bounded for each record by
 * two things: the bytes that no row shows, and the talker row (or the floor of the talkers when
 * there is none). Hosts that a record does not show at all have the same bound, kept as a sum for
 * all of them.
 *
 *   mentions of one host, sorted by record
 *   [row, row, talker | record 0] [row | record 3] [group, group | counted]
 *   own sensor made record 0: from record 0 alone
 *   no sensor: from the groups, its error from the records */
#include <stdlib.h>
#include <string.h>

#include "collector/ranking_state.h"
#include "common/err.h"
#include "common/hash.h"

enum mention_kind {
  MENTION_CLIENT, /* of a record's row */
  MENTION_SERVER,
  MENTION_TALKER,
  MENTION_COUNTED_CLIENT, /* of a group */
  MENTION_COUNTED_SERVER,
};

#define NO_PART UINT32_MAX /* of the counted kinds: sorts last */

/* One place where a host is mentioned. */
struct mention {
  uint64_t hash;
  const struct addr *addr;
  union {
    const struct summary_conversation *row;
    const struct summary_talker *talker;
    const struct ranking_group *group;
  };
  uint32_t part;
  enum mention_kind kind;
};

/* What one record (or the groups) say of a host. */
struct sight {
  struct counts tx, rx; /* by conversation rows */
  uint64_t unhidden;    /* of that, in rows of many clients: shown, and counted as hidden too */
  const struct summary_talker *talker;
};

static int compare_mentions(const void *left, const void *right)
{
  const struct mention *a = left;
  const struct mention *b = right;
  /* The hash stands for the address: 64 seeded bits. Looking at the addresses themselves would make
   * this sort, the dearest step of an answer, wait for memory. */
  if (a->hash != b->hash) {
    return a->hash < b->hash ? -1 : 1;
  }
  return (a->part > b->part) - (a->part < b->part);
}

/* Most bytes that a host absent from the record moved. A record without talkers (none were kept)
 * says nothing by its floor. */
static uint64_t missable_bytes(const struct ranking_bucket *bucket, uint32_t p)
{
  const struct summary *part = bucket->parts[p];
  uint64_t hidden = bucket->hidden[p];
  if (part->talker_count > 0 && part->talkers_floor < hidden) {
    return part->talkers_floor;
  }
  return hidden;
}

/* Gives the entry back, so that the caller sets the member of the union that the kind names. */
static struct mention *mention_put(struct mention *next, const struct addr *addr, uint32_t part,
                                   enum mention_kind kind)
{
  *next = (struct mention){
      .hash = hash_bytes(addr, sizeof *addr), .addr = addr, .part = part, .kind = kind};
  return next;
}

/* What a record says of a host matters when the host is its sensor's own; of others only where it
 * hides bytes, for their bound. */
static bool is_worth_mention(const struct ranking_bucket *bucket, uint32_t p, const struct addr *a)
{
  return bucket->hidden[p] > 0 || ranking_bucket_owner(bucket, a) == bucket->sensor_of[p];
}

/* The two ends of each row, and each talker, of one record. */
static struct mention *mention_part(const struct ranking_bucket *bucket, uint32_t p,
                                    struct mention *next)
{
  const struct summary *part = bucket->parts[p];
  for (size_t i = 0; i < part->conversation_count; i++) {
    const struct summary_conversation *row = &part->conversations[i];
    if (!summary_addr_is_many(&row->client) && is_worth_mention(bucket, p, &row->client)) {
      mention_put(next++, &row->client, p, MENTION_CLIENT)->row = row;
    }
    if (!summary_addr_is_many(&row->server) && is_worth_mention(bucket, p, &row->server)) {
      mention_put(next++, &row->server, p, MENTION_SERVER)->row = row;
    }
  }
  for (size_t i = 0; i < part->talker_count; i++) {
    const struct summary_talker *talker = &part->talkers[i];
    if (is_worth_mention(bucket, p, &talker->addr)) {
      mention_put(next++, &talker->addr, p, MENTION_TALKER)->talker = talker;
    }
  }
  return next;
}

/* Records first, then what was counted once: the sort puts the latter at each host's end. */
static size_t mention_all(const struct ranking_bucket *bucket, struct mention *mentions)
{
  struct mention *next = mentions;
  for (size_t i = 0; i < bucket->part_count; i++) {
    next = mention_part(bucket, (uint32_t)i, next);
  }
  for (size_t i = 0; i < bucket->group_count; i++) {
    const struct ranking_group *group = &bucket->groups[i];
    if (summary_conversation_is_folded(group->row)) {
      continue;
    }
    mention_put(next++, &group->row->client, NO_PART, MENTION_COUNTED_CLIENT)->group = group;
    mention_put(next++, &group->row->server, NO_PART, MENTION_COUNTED_SERVER)->group = group;
  }
  return (size_t)(next - mentions);
}

/* A row of many tells of its one host what hidden_bytes took for unknown. */
static void sight_unhide(struct sight *sight, const struct summary_conversation *row)
{
  if (summary_conversation_is_folded(row)) {
    sight->unhidden += row->in.bytes + row->out.bytes;
  }
}

/* What a client sends is `out`; what it receives is `in`; for a server the other way round. */
static void sight_add(struct sight *sight, const struct mention *mention)
{
  switch (mention->kind) {
  case MENTION_CLIENT:
    counts_add(&sight->tx, &mention->row->out);
    counts_add(&sight->rx, &mention->row->in);
    sight_unhide(sight, mention->row);
    break;
  case MENTION_SERVER:
    counts_add(&sight->tx, &mention->row->in);
    counts_add(&sight->rx, &mention->row->out);
    sight_unhide(sight, mention->row);
    break;
  case MENTION_TALKER:
    sight->talker = mention->talker;
    break;
  case MENTION_COUNTED_CLIENT:
    counts_add(&sight->tx, &mention->group->out);
    counts_add(&sight->rx, &mention->group->in);
    break;
  case MENTION_COUNTED_SERVER:
    counts_add(&sight->tx, &mention->group->in);
    counts_add(&sight->rx, &mention->group->out);
    break;
  }
}

/* Most bytes that the record's sensor can have seen of the host. */
static uint64_t sight_most(const struct sight *sight, const struct ranking_bucket *bucket,
                           uint32_t p)
{
  const struct summary *part = bucket->parts[p];
  uint64_t hidden = bucket->hidden[p] - sight->unhidden;
  uint64_t most = sight->tx.bytes + sight->rx.bytes + hidden;
  uint64_t by_talkers = part->talkers_floor;
  if (sight->talker != NULL) {
    const struct summary_talker *talker = sight->talker;
    by_talkers = talker->tx.bytes + talker->rx.bytes + talker->error_bytes;
  }
  return part->talker_count > 0 && by_talkers < most ? by_talkers : most;
}

/* Adds the host's error by this record, less what missable_bytes counts for every host. */
static void host_adjust(struct ranking_host_item *host, uint64_t most, uint64_t least,
                        const struct ranking_bucket *bucket, uint32_t p)
{
  uint64_t error = most > least ? most - least : 0;
  host->error_adjustment += error - missable_bytes(bucket, p);
}

/* The sensor knows its host by two lists: the talkers may have lost small counts to others, the
 * rows may have been folded. The larger one is nearer to the truth, as neither counts a byte
 * twice. */
static void host_add_own(struct ranking_host_item *host, const struct sight *sight,
                         const struct ranking_bucket *bucket, uint32_t p)
{
  struct counts tx = sight->tx;
  struct counts rx = sight->rx;
  const struct summary_talker *talker = sight->talker;
  if (talker != NULL && talker->tx.bytes + talker->rx.bytes >= tx.bytes + rx.bytes) {
    tx = talker->tx;
    rx = talker->rx;
  }
  counts_add(&host->tx, &tx);
  counts_add(&host->rx, &rx);
  host_adjust(host, sight_most(sight, bucket, p), tx.bytes + rx.bytes, bucket, p);
}

/* A host without sensor as one record saw it. Its rows of many clients are in no group, since they
 * may hold what the clients' sensors tell too: so they are among what may be missing. But a record
 * counts each byte once: all that one record saw is a lower bound as well. */
static void host_add_seen(struct ranking_host_item *host, const struct sight *sight,
                          struct ranking_host_item *best, const struct ranking_bucket *bucket,
                          uint32_t p)
{
  uint64_t seen = sight->tx.bytes + sight->rx.bytes;
  host_adjust(host, sight_most(sight, bucket, p), seen - sight->unhidden, bucket, p);
  if (sight->unhidden > 0 && seen > best->tx.bytes + best->rx.bytes) {
    best->tx = sight->tx;
    best->rx = sight->rx;
  }
}

/* The higher of the two lower bounds; the upper one stays where it is. */
static void host_raise(struct ranking_host_item *host, const struct ranking_host_item *best)
{
  uint64_t counted = host->tx.bytes + host->rx.bytes;
  uint64_t seen = best->tx.bytes + best->rx.bytes;
  if (seen > counted) {
    host->error_adjustment -= seen - counted;
    host->tx = best->tx;
    host->rx = best->rx;
  }
}

/* Mentions [at, end) are one host's. */
static struct ranking_host_item host_count(const struct ranking_bucket *bucket,
                                           const struct mention *at, const struct mention *end)
{
  struct ranking_host_item host = {.addr = *at->addr};
  struct ranking_host_item best = {.addr = *at->addr};
  uint32_t owner = ranking_bucket_owner(bucket, at->addr);
  while (at < end) {
    struct sight sight = {.talker = NULL};
    uint32_t p = at->part;
    for (; at < end && at->part == p; at++) {
      sight_add(&sight, at);
    }
    /* Three cases count: the conversations of a host without sensor; what such a host's observers
     * may have missed; the own sensor's record. Others' words of a host that has a sensor are
     * passed over. */
    if (p == NO_PART && owner == RANKING_NO_SENSOR) {
      counts_add(&host.tx, &sight.tx);
      counts_add(&host.rx, &sight.rx);
    } else if (p != NO_PART && owner == RANKING_NO_SENSOR) {
      host_add_seen(&host, &sight, &best, bucket, p);
    } else if (p != NO_PART && bucket->sensor_of[p] == owner) {
      host_add_own(&host, &sight, bucket, p);
    }
  }
  host_raise(&host, &best);
  return host;
}

/* Larger first, then by address: which ones are refused must not depend on the order of a hash
 * (P4). */
static int compare_hosts(const void *left, const void *right)
{
  const struct ranking_host_item *a = left;
  const struct ranking_host_item *b = right;
  uint64_t a_bytes = a->tx.bytes + a->rx.bytes;
  uint64_t b_bytes = b->tx.bytes + b->rx.bytes;
  if (a_bytes != b_bytes) {
    return a_bytes > b_bytes ? -1 : 1;
  }
  return addr_compare(&a->addr, &b->addr);
}

/* Where the table may fill up, larger hosts first, so that it refuses the small ones. */
static void hosts_admit(struct ranking *ranking, struct ranking_host_item *hosts, size_t count)
{
  if (ranking->hosts.count + count > ranking->hosts.max) {
    qsort(hosts, count, sizeof *hosts, compare_hosts);
  }
  for (size_t i = 0; i < count; i++) {
    struct ranking_host_item *item = ranking_table_add(&ranking->hosts, &hosts[i].addr);
    if (item == NULL) {
      ranking->totals.hosts_refused++;
      continue;
    }
    counts_add(&item->tx, &hosts[i].tx);
    counts_add(&item->rx, &hosts[i].rx);
    item->error_adjustment += hosts[i].error_adjustment;
  }
}

/* The part of the error that is every host's. */
static int bucket_missable(const struct ranking_bucket *bucket)
{
  struct ranking *ranking = bucket->ranking;
  uint64_t fleet = 0;
  for (size_t i = 0; i < bucket->part_count; i++) {
    fleet += missable_bytes(bucket, (uint32_t)i);
  }
  for (size_t i = 0; i < bucket->sensor_count; i++) {
    char key[KEYS_NAME_MAX] = {0};
    memcpy(key, bucket->sensors[i], strnlen(bucket->sensors[i], sizeof key - 1));
    struct ranking_sensor_item *item = ranking_table_add(&ranking->sensors, key);
    if (item == NULL) {
      return ERR_LIMIT;
    }
    /* Per sensor, what all sensors may have missed in the buckets it reported: to be taken off for
     * its hosts. */
    item->missable_fleet += fleet;
  }
  for (size_t i = 0; i < bucket->part_count; i++) {
    char key[KEYS_NAME_MAX] = {0};
    memcpy(key, bucket->parts[i]->sensor, strnlen(bucket->parts[i]->sensor, sizeof key - 1));
    struct ranking_sensor_item *item = ranking_table_find(&ranking->sensors, key);
    if (item != NULL) {
      item->missable += missable_bytes(bucket, (uint32_t)i);
    }
  }
  ranking->missable_fleet += fleet;
  return 0;
}

/* Every host that the bucket mentions, by one sort; no table of hosts is needed beside the final
 * one. */
int ranking_bucket_hosts(const struct ranking_bucket *bucket)
{
  size_t room = 2 * bucket->row_count + 2 * bucket->group_count + 1;
  for (size_t i = 0; i < bucket->part_count; i++) {
    room += bucket->parts[i]->talker_count;
  }
  /* Two for each row and group, one for each talker: more cannot be mentioned. */
  struct mention *mentions = calloc(room, sizeof *mentions);
  struct ranking_host_item *hosts = calloc(room, sizeof *hosts);
  int err = mentions != NULL && hosts != NULL ? bucket_missable(bucket) : ERR_NO_MEMORY;
  if (err == 0) {
    size_t count = mention_all(bucket, mentions);
    size_t host_count_used = 0;
    qsort(mentions, count, sizeof *mentions, compare_mentions);
    size_t end;
    for (size_t i = 0; i < count; i = end) {
      end = i + 1;
      while (end < count && addr_equal(mentions[end].addr, mentions[i].addr)) {
        end++;
      }
      hosts[host_count_used++] = host_count(bucket, mentions + i, mentions + end);
    }
    hosts_admit(bucket->ranking, hosts, host_count_used);
  }
  free(mentions);
  free(hosts);
  return err;
}
