/* SPDX-License-Identifier: Apache-2.0 */
/* Packets into the flow table; flows_table.h draws it. */
#include "sensor/flows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "sensor/flow_client.h"
#include "sensor/flows_table.h"

/* A cache line of all machines that we know of. */
#define LINE_BYTES     64
#define CAPACITY_MAX   ((size_t)1 << 30)
#define GONE_MIN       64
#define TIMEOUT_MAX_NS (INT64_MAX / 64) /* so that a time and a time-out can be added */

static_assert(sizeof(struct flow_slot) == LINE_BYTES, "a slot is one line");

/* Zeroed and on a line's boundary; pages that are never used are never touched. *memory is what to
 * free. */
static void *take_lines(size_t count, void **memory)
{
  *memory = calloc(count + 1, LINE_BYTES);
  if (*memory == NULL) {
    return NULL;
  }
  size_t beyond = (uintptr_t)*memory % LINE_BYTES;
  return (uint8_t *)*memory + (LINE_BYTES - beyond);
}

/* Every time is within +-285 years of 1970 (sensor/meter.c): their sum with this one fits. */
static int64_t bounded_timeout(int64_t timeout_ns)
{
  return timeout_ns < TIMEOUT_MAX_NS ? timeout_ns : TIMEOUT_MAX_NS;
}

/*   buckets   one line for 28 slots              hot: every packet
 *   slots     one line a flow: key, times        hot
 *   deltas    counters of the open interval      hot while active
 *   totals    counters of the open record        cold: begin and close
 *   gone      who the evicted flows were         only under pressure */
struct flows *flows_new(const struct flows_config *config)
{
  if (config->capacity == 0 || config->capacity > CAPACITY_MAX) {
    return NULL;
  }
  struct flows *flows = calloc(1, sizeof *flows);
  if (flows == NULL) {
    return NULL;
  }
  flows->config = *config;
  flows->config.idle_ns = bounded_timeout(config->idle_ns);
  flows->config.active_ns = bounded_timeout(config->active_ns);
  flows->config.linger_ns = bounded_timeout(config->linger_ns);
  flows->bucket_count = (uint32_t)((config->capacity + FLOW_BUCKET_SLOTS - 1) / FLOW_BUCKET_SLOTS);
  size_t slots = (size_t)flows->bucket_count * FLOW_BUCKET_SLOTS;
  flows->gone_max = (uint32_t)(slots / 4 > GONE_MIN ? slots / 4 : GONE_MIN);
  flows->hole = FLOWS_NO_DELTA;
  flows->buckets = take_lines(flows->bucket_count, &flows->bucket_memory);
  flows->slots = take_lines(slots, &flows->slot_memory);
  flows->totals = calloc(slots, sizeof *flows->totals);
  flows->deltas = calloc(slots + flows->gone_max, sizeof *flows->deltas);
  flows->gone = calloc(flows->gone_max, sizeof *flows->gone);
  if (flows->buckets == NULL || flows->slots == NULL || flows->totals == NULL ||
      flows->deltas == NULL || flows->gone == NULL) {
    flows_free(flows);
    return NULL;
  }
  return flows;
}

void flows_free(struct flows *flows)
{
  if (flows == NULL) {
    return;
  }
  free(flows->bucket_memory);
  free(flows->slot_memory);
  free(flows->totals);
  free(flows->deltas);
  free(flows->gone);
  free(flows);
}

/* Sets who is the client, over what was believed before. */
static void set_client(struct flow_slot *slot, unsigned side, struct flow_client client)
{
  unsigned client_side = client.is_sender ? side : 1 - side;
  slot->bits &= (uint8_t) ~(FLOW_CLIENT_IS_1 | FLOW_GUESSED);
  slot->bits |= client_side == 1 ? FLOW_CLIENT_IS_1 : 0;
  slot->bits |= client.is_guessed ? FLOW_GUESSED : 0;
}

/* A new flow in a slot. Its span is one that is not now, so that its first delta is the first in
 * the span. */
static void begin(struct flows *flows, uint32_t at, const struct flow_key *key, unsigned side,
                  const struct packet *packet)
{
  flows->slots[at] = (struct flow_slot){.key = *key,
                                        .first_ns = packet->time_ns,
                                        .last_ns = packet->time_ns,
                                        .delta = FLOWS_NO_DELTA,
                                        .span = (uint16_t)(flows->span - 1)};
  set_client(&flows->slots[at], side, flow_client_decide(packet));
  flows->totals[at] = (struct flow_totals){0};
}

/* Tags that match by chance (one in 2,300 full buckets' searches) are told apart by the key. A hit
 * is the second packet that second chance asks for. */
static uint32_t find(struct flows *flows, uint32_t bucket_at, uint16_t tag,
                     const struct flow_key *key)
{
  struct flow_bucket *bucket = &flows->buckets[bucket_at];
  for (uint32_t found = flow_bucket_match(bucket, tag); found != 0; found &= found - 1) {
    unsigned i = (unsigned)__builtin_ctz(found);
    uint32_t at = bucket_at * FLOW_BUCKET_SLOTS + i;
    if (memcmp(&flows->slots[at].key, key, sizeof *key) == 0) {
      bucket->referenced |= UINT32_C(1) << i;
      return at;
    }
  }
  return FLOWS_NO_SLOT;
}

/* A free slot of the bucket, or its victim's. The newcomer has no reference yet: a flood of single
 * packets evicts itself. */
static uint32_t make_room(struct flows *flows, uint32_t bucket_at, uint16_t tag)
{
  struct flow_bucket *bucket = &flows->buckets[bucket_at];
  uint32_t vacant = flow_bucket_match(bucket, 0);
  unsigned i = 0;
  if (vacant != 0) {
    i = (unsigned)__builtin_ctz(vacant);
    flows->used++;
  } else {
    i = flow_bucket_victim(bucket);
    flows_retire(flows, bucket_at * FLOW_BUCKET_SLOTS + i);
    flows->evicted++;
  }
  flow_bucket_set(bucket, i, tag);
  bucket->referenced &= ~(UINT32_C(1) << i);
  return bucket_at * FLOW_BUCKET_SLOTS + i;
}

/* Whether the packet belongs to a successor of the flow on the same five-tuple. */
static bool is_successor(const struct flows *flows, const struct flow_slot *slot,
                         const struct packet *packet)
{
  if (packet->time_ns > flows_expiry_ns(flows, slot)) {
    return true;
  }
  bool is_attempt = flow_client_is_proof(packet) && (packet->tcp_flags & PACKET_TCP_ACK) == 0;
  return is_attempt && flows_has_closed(slot);
}

/* The flow's counters of this interval, made at its first packet in it. A hole that the queue left
 * is used before the array grows. */
static struct open_delta *open_delta_of(struct flows *flows, uint32_t at, bool is_new)
{
  struct flow_slot *slot = &flows->slots[at];
  if (slot->delta != FLOWS_NO_DELTA) {
    return &flows->deltas[slot->delta];
  }
  if (flows->hole != FLOWS_NO_DELTA) {
    slot->delta = flows->hole;
    flows->hole = flows->deltas[slot->delta].owner;
  } else {
    slot->delta = flows->delta_count++;
  }
  struct open_delta *open = &flows->deltas[slot->delta];
  *open = (struct open_delta){.first_ns = INT64_MAX,
                              .last_ns = INT64_MIN,
                              .owner = at,
                              .state = DELTA_LIVE,
                              .is_new = is_new,
                              .is_first_in_span = slot->span != flows->span};
  slot->span = flows->span;
  return open;
}

/* Remembers what a TCP packet says of the connection. */
static void watch_tcp(struct flow_slot *slot, unsigned side, const struct packet *packet)
{
  if (packet->tcp_flags & PACKET_TCP_RST) {
    slot->bits |= FLOW_RST;
  }
  if (packet->tcp_flags & PACKET_TCP_FIN) {
    slot->bits |= (uint8_t)(FLOW_FIN_0 << side);
  }
  if ((slot->bits & FLOW_GUESSED) != 0 && flow_client_is_proof(packet)) {
    set_client(slot, side, flow_client_decide(packet));
  }
}

/* First and last by comparison: frames of two interfaces may come a little out of order. */
static void count(struct flow_slot *slot, struct open_delta *open, unsigned side,
                  const struct packet *packet)
{
  int64_t time_ns = packet->time_ns;
  if ((slot->bits & FLOW_RECORD_EMPTY) != 0) {
    slot->bits &= (uint8_t)~FLOW_RECORD_EMPTY;
    slot->first_ns = time_ns;
  }
  slot->first_ns = time_ns < slot->first_ns ? time_ns : slot->first_ns;
  slot->last_ns = time_ns > slot->last_ns ? time_ns : slot->last_ns;
  open->first_ns = time_ns < open->first_ns ? time_ns : open->first_ns;
  open->last_ns = time_ns > open->last_ns ? time_ns : open->last_ns;
  open->tcp_flags[side] |= packet->tcp_flags;
  const struct counts one = {1, packet->ip_bytes, packet->payload_bytes};
  counts_add(&open->side[side], &one);
}

/* The way of each packet, and the reason for the layout: one hash, one line of tags, one slot, one
 * delta. */
void flows_add(struct flows *flows, const struct packet *packet, bool *is_new)
{
  struct flow_key key;
  unsigned side = flow_key_make(packet, &key);
  uint64_t hash = hash_bytes(&key, sizeof key);
  /* Fast range: the upper half chooses the bucket, the lower bits are the tag. */
  uint32_t bucket_at = (uint32_t)((hash >> 32) * flows->bucket_count >> 32);
  uint16_t tag = flow_bucket_tag(hash);
  uint32_t at = find(flows, bucket_at, tag, &key);
  bool is_begin = true;
  if (at == FLOWS_NO_SLOT) {
    at = make_room(flows, bucket_at, tag);
    begin(flows, at, &key, side, packet);
  } else if (is_successor(flows, &flows->slots[at], packet)) {
    /* The same five-tuple, another flow: it takes over the slot and the tag. */
    flows_retire(flows, at);
    begin(flows, at, &key, side, packet);
  } else {
    is_begin = false;
  }
  struct flow_slot *slot = &flows->slots[at];
  struct open_delta *open = open_delta_of(flows, at, is_begin);
  if (packet->tcp_flags != 0) {
    watch_tcp(slot, side, packet);
  }
  count(slot, open, side, packet);
  *is_new = is_begin;
}

struct flows_stats flows_stats(const struct flows *flows)
{
  return (struct flows_stats){.used = flows->used,
                              .capacity = (uint64_t)flows->bucket_count * FLOW_BUCKET_SLOTS,
                              .evicted = flows->evicted};
}
