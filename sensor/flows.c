/* SPDX-License-Identifier: Apache-2.0 */
/* Packets into the flow table; flows_table.h draws it. */
#include "sensor/flows.h"

#include <assert.h>
#include <string.h>

#include "sensor/flow_client.h"
#include "sensor/flow_tcp.h"
#include "sensor/flows_table.h"

static_assert(sizeof(struct flow_slot) == 128, "a slot is two lines");
static_assert(offsetof(struct flow_slot, open) == 64, "the counters are the second");

/* Sets who is the client, over what was believed before. */
static void set_client(struct flow_slot *slot, unsigned side, struct flow_client client)
{
  unsigned client_side = client.is_sender ? side : 1 - side;
  slot->bits &= (uint8_t) ~(FLOW_CLIENT_IS_1 | FLOW_GUESSED);
  slot->bits |= client_side == 1 ? FLOW_CLIENT_IS_1 : 0;
  slot->bits |= client.is_guessed ? FLOW_GUESSED : 0;
}

/* Remembers who carries the flow. */
static void set_carrier(struct flows *flows, uint32_t at, unsigned side,
                        const struct packet *packet)
{
  struct flow_carrier *carrier = &flows->carriers[at];
  carrier->tunnel = packet->tunnel;
  carrier->outer[side] = packet->ip_source;
  carrier->outer[1 - side] = packet->ip_destination;
  flows->slots[at].bits |= FLOW_TUNNELLED;
}

/* A new flow in a slot. Its span is one that is not now, so that its first delta is the first in
 * the span. */
static void begin(struct flows *flows, uint32_t at, const struct flow_place *place,
                  const struct packet *packet)
{
  struct flow_slot *slot = &flows->slots[at];
  memcpy(slot->addr, place->key.word, sizeof slot->addr);
  slot->ports = flow_key_ports(&place->key);
  slot->protocol = flow_key_protocol(&place->key);
  slot->span = (uint8_t)(flows->span - 1);
  slot->last_ns = packet->time_ns;
  slot->next[0] = 0;
  slot->next[1] = 0;
  slot->tcp = 0;
  slot->bits = FLOW_RECORD_EMPTY | FLOW_NEW;
  slot->mark = 0;
  set_client(slot, place->side, flow_client_decide(packet));
  if (packet->tunnel != PACKET_PLAIN) {
    set_carrier(flows, at, place->side, packet);
  }
  flows_note(flows->due_ns, place->bucket, packet->time_ns + flows->config.idle_ns);
}

/* Half an address, as in struct flow_key. */
static uint64_t half_of(const struct addr *addr, size_t at)
{
  uint64_t half;
  memcpy(&half, addr->byte + at, sizeof half);
  return half;
}

/* All parts of the key at once: no branch until the end. */
static bool is_key_of(const struct flow_slot *slot, const struct flow_key *key)
{
  uint64_t rest = (uint64_t)slot->protocol << 32 | slot->ports;
  return ((half_of(&slot->addr[0], 0) ^ key->word[0]) |
          (half_of(&slot->addr[0], 8) ^ key->word[1]) |
          (half_of(&slot->addr[1], 0) ^ key->word[2]) |
          (half_of(&slot->addr[1], 8) ^ key->word[3]) | (rest ^ key->word[4])) == 0;
}

/* The flow's number in the bucket; FLOW_BUCKET_SLOTS: it is not there. Tags that match by chance
 * (one in 2,300 full buckets' searches) are told apart by the key. */
static unsigned find(const struct flows *flows, const struct flow_place *place)
{
  uint32_t found = flow_bucket_match(&flows->buckets[place->bucket], place->tag);
  for (; found != 0; found &= found - 1) {
    unsigned i = (unsigned)__builtin_ctz(found);
    if (is_key_of(&flows->slots[flows_slot_at(flows, place->bucket, i)], &place->key)) {
      return i;
    }
  }
  return FLOW_BUCKET_SLOTS;
}

/* A free slot of the bucket, or its victim's. The newcomer has no reference yet: a flood of single
 * packets evicts itself. */
static unsigned make_room(struct flows *flows, const struct flow_place *place)
{
  struct flow_bucket *bucket = &flows->buckets[place->bucket];
  uint32_t vacant = flow_bucket_match(bucket, 0);
  unsigned i = 0;
  if (vacant != 0) {
    i = (unsigned)__builtin_ctz(vacant);
    flows->used++;
  } else {
    i = flow_bucket_victim(bucket);
    flows_retire(flows, flows_slot_at(flows, place->bucket, i));
    flows->evicted++;
  }
  bucket->tag[i] = place->tag;
  bucket->referenced &= ~(UINT32_C(1) << i);
  return i;
}

/* Whether the packet belongs to a successor of the flow on the same five-tuple. Only a long pause
 * or a SYN can make one, which few packets have. */
static bool is_successor(const struct flows *flows, const struct flow_slot *slot,
                         const struct packet *packet)
{
  if (packet->time_ns > slot->last_ns + flows->least_timeout_ns &&
      packet->time_ns > flows_expiry_ns(flows, slot)) {
    return true;
  }
  return (packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_ACK)) == PACKET_TCP_SYN &&
         flow_client_is_proof(packet) && flows_has_closed(slot);
}

/* The flow's first packet in this interval: its counters begin, and it gets a place in the list. A
 * hole that the queue left is used before the list grows. */
static void activate(struct flows *flows, uint32_t at, int64_t time_ns)
{
  struct flow_slot *slot = &flows->slots[at];
  uint32_t place = flows->hole;
  if (place != FLOWS_INDEX) {
    flows->hole = flows->active[place] & FLOWS_INDEX;
  } else {
    place = flows->active_count++;
  }
  flows->active[place] = FLOWS_LIVE | at;
  slot->active_at = place;
  slot->bits |= FLOW_ACTIVE;
  if (slot->span != flows->span) {
    slot->bits &= (uint8_t)~FLOW_BEGUN;
    slot->bits |= FLOW_FIRST;
  }
  slot->span = flows->span;
  slot->tcp &= (uint16_t)~FLOW_TCP_NOW;
  slot->tcp_flags[0] = 0;
  slot->tcp_flags[1] = 0;
  slot->open = (struct flow_open){.first_ns = time_ns, .last_ns = time_ns};
}

/* First and last by comparison: frames of two interfaces may come a little out of order. */
static void count(struct flow_slot *slot, unsigned side, const struct packet *packet)
{
  struct flow_open *open = &slot->open;
  int64_t time_ns = packet->time_ns;
  if (time_ns >= open->last_ns) {
    open->last_ns = time_ns;
  } else if (time_ns < open->first_ns) {
    open->first_ns = time_ns;
  }
  if (time_ns > slot->last_ns) {
    slot->last_ns = time_ns;
  }
  const struct counts one = {1, packet->ip_bytes, packet->payload_bytes};
  counts_add(&open->side[side], &one);
}

/* Remembers what a TCP packet says of the connection. */
static void watch_tcp(struct flows *flows, uint32_t at, const struct flow_place *place,
                      const struct packet *packet, bool is_begin)
{
  struct flow_slot *slot = &flows->slots[at];
  if ((slot->bits & FLOW_GUESSED) != 0 && flow_client_is_proof(packet)) {
    set_client(slot, place->side, flow_client_decide(packet));
  }
  if (flow_tcp_see(slot, &flows->rare[at], place->side, packet, is_begin)) {
    flows_note(flows->due_ns, place->bucket, packet->time_ns + flows->config.linger_ns);
  }
}

/* Step 1: the buckets' lines are on their way. */
void flows_place(const struct flows *flows, const struct packet *packets, size_t count,
                 struct flow_place *places)
{
  const struct flow_key_secret secret = flows->secret;
  for (size_t i = 0; i < count; i++) {
    struct flow_place *place = &places[i];
    place->side = (uint8_t)flow_key_make(&packets[i], &place->key);
    uint64_t hash = flow_key_hash(&place->key, &secret);
    /* Fast range: the upper half chooses the bucket, the lower bits are the tag. */
    place->bucket = (uint32_t)((hash >> 32) * flows->bucket_count >> 32);
    place->tag = flow_bucket_tag(hash);
    __builtin_prefetch(&flows->buckets[place->bucket], 1);
  }
}

/* The slot that a flow would get which is not there. */
static unsigned newcomer_of(const struct flow_bucket *bucket)
{
  uint32_t vacant = flow_bucket_match(bucket, 0);
  return vacant != 0 ? (unsigned)__builtin_ctz(vacant) : flow_bucket_next(bucket);
}

/* Step 2: both lines of the slots are on their way: of the flow, if the tag is there, or of the
 * slot that it would get. It is a guess, since the packets before may change the bucket. */
void flows_fetch(const struct flows *flows, struct flow_place *places, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const struct flow_bucket *bucket = &flows->buckets[places[i].bucket];
    uint32_t found = flow_bucket_match(bucket, places[i].tag);
    unsigned in_bucket = found != 0 ? (unsigned)__builtin_ctz(found) : newcomer_of(bucket);
    uint32_t at = flows_slot_at(flows, places[i].bucket, in_bucket);
    places[i].in_bucket = (uint8_t)in_bucket;
    places[i].slot = at;
    __builtin_prefetch(&flows->slots[at], 1);
    __builtin_prefetch(&flows->slots[at].open, 1);
    if (found == 0 && flows->totals != NULL) {
      __builtin_prefetch(&flows->totals[at], 1); /* the victim's record goes out */
    }
  }
}

/* The flow of the place, or none. A free slot may still hold the key that it had before, but then
 * it bears no tag. */
static unsigned look(const struct flows *flows, const struct flow_place *place)
{
  if (is_key_of(&flows->slots[place->slot], &place->key) &&
      flows->buckets[place->bucket].tag[place->in_bucket] == place->tag) {
    return place->in_bucket;
  }
  return find(flows, place);
}

/* Step 3, in the order of the packets. */
bool flows_count(struct flows *flows, const struct packet *packet, const struct flow_place *place,
                 uint8_t **mark)
{
  unsigned in_bucket = look(flows, place);
  bool is_begin = in_bucket == FLOW_BUCKET_SLOTS;
  in_bucket = is_begin ? make_room(flows, place) : in_bucket;
  uint32_t at = flows_slot_at(flows, place->bucket, in_bucket);
  if (is_begin) {
    begin(flows, at, place, packet);
  } else if (is_successor(flows, &flows->slots[at], packet)) {
    /* The same five-tuple, another flow: it takes over the slot and the tag. */
    flows_retire(flows, at);
    begin(flows, at, place, packet);
    is_begin = true;
  } else {
    /* The second packet that second chance asks for. */
    flows->buckets[place->bucket].referenced |= UINT32_C(1) << in_bucket;
  }
  struct flow_slot *slot = &flows->slots[at];
  if ((slot->bits & FLOW_ACTIVE) == 0) {
    activate(flows, at, packet->time_ns);
  }
  count(slot, place->side, packet);
  if (packet->tcp_flags != 0 || packet->has_tcp_numbers) {
    watch_tcp(flows, at, place, packet, is_begin);
  }
  *mark = &slot->mark;
  return is_begin;
}

void flows_add(struct flows *flows, const struct packet *packet, bool *is_new)
{
  struct flow_place place;
  uint8_t *mark = NULL;
  flows_place(flows, packet, 1, &place);
  flows_fetch(flows, &place, 1);
  *is_new = flows_count(flows, packet, &place, &mark);
}
