/* SPDX-License-Identifier: Apache-2.0 */
/* Which fragments are asked for, who waits for whom, and who gives way when room is short. */
#include "sensor/fragments.h"

#include "sensor/fragments_table.h"

#define NONE FRAGMENTS_NONE

/* TCP, UDP, DCCP, SCTP, UDP-Lite. */
static bool has_ports(uint8_t protocol)
{
  return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* Extension headers that may stand behind the fragment header, where only the first fragment tells
 * what protocol follows them. */
static bool is_extension(uint8_t protocol)
{
  return protocol == 0 || protocol == 43 || protocol == 51 || protocol == 60;
}

/* Whether ports are lacking, or may be asked for. The outermost version does not tell that of the
 * flow; its addresses do. */
static bool is_concerned(const struct packet *packet)
{
  if (!packet->is_flow_fragment) {
    return false;
  }
  if (has_ports(packet->protocol) || addr_is_v4(&packet->source)) {
    return has_ports(packet->protocol);
  }
  return !packet->is_flow_later_fragment || is_extension(packet->protocol);
}

/* In IPv6 the protocol of the first fragment may differ from what the later ones name. */
static struct fragments_key key_of(const struct packet *packet)
{
  return (struct fragments_key){
      .source = packet->source,
      .destination = packet->destination,
      .id = packet->fragment_id,
      .protocol = addr_is_v4(&packet->source) ? packet->protocol : 0,
  };
}

static void fill_ports(struct packet *packet, const struct fragments_datagram *datagram)
{
  packet->source_port = datagram->source_port;
  packet->destination_port = datagram->destination_port;
  packet->protocol = datagram->protocol;
}

/* All that wait for this datagram go on; the number of them is returned. */
static uint32_t release_held(struct fragments *f, struct fragments_datagram *datagram)
{
  uint32_t released = 0;
  uint32_t at = datagram->held_first;
  while (at != NONE) {
    struct fragments_held *held = &f->held[at];
    if (datagram->is_known) {
      fill_ports(&held->packet, datagram);
    }
    f->config.release(f->config.context, &held->packet);
    /* Free again only now: the callback reads it in its place. */
    uint32_t next = held->next;
    held->next = fragments_free_link(at, f->free_held);
    f->free_held = at;
    at = next;
    released++;
  }
  datagram->held_first = NONE;
  datagram->held_last = NONE;
  f->sources[datagram->source].held -= released;
  return released;
}

/* Forgets a datagram; what waits for it goes on without ports and is counted there. */
static void drop(struct fragments *f, uint32_t at, uint64_t *count)
{
  *count += release_held(f, &f->datagrams[at]);
  fragments_remove(f, at);
}

/* Of a source at its limit its own oldest goes, so that a flood from one source takes nothing from
 * the others; else the oldest of all, known ones before those that somebody waits for. */
static void make_room(struct fragments *f, const struct fragments_source *source)
{
  if (source->datagrams >= f->config.per_source) {
    drop(f, source->list.oldest, &f->counts.folded);
  } else if (f->free_datagram == NONE) {
    uint32_t oldest = f->known.oldest != NONE ? f->known.oldest : f->waiting.oldest;
    drop(f, oldest, &f->counts.folded);
  }
}

/* Time may have run back, in a damaged file; the difference of any two times fits when unsigned. */
static bool is_expired(const struct fragments *f, uint32_t at, int64_t now_ns)
{
  int64_t used_ns = f->datagrams[at].used_ns;
  return now_ns > used_ns && (uint64_t)now_ns - (uint64_t)used_ns > (uint64_t)f->config.timeout_ns;
}

/* Its ports stand from now on; those that waited for it came before it and go on first. */
static void take_first(struct fragments *f, const struct fragments_key *key, uint32_t at,
                       const struct packet *first)
{
  if (at == NONE) {
    make_room(f, &f->sources[fragments_source_of(f, key)]);
    at = fragments_insert(f, key);
  }
  struct fragments_datagram *datagram = &f->datagrams[at];
  datagram->source_port = first->source_port;
  datagram->destination_port = first->destination_port;
  datagram->protocol = first->protocol;
  fragments_touch(f, at, true, first->time_ns);
  (void)release_held(f, datagram);
}

/* true: it goes on, with ports or for want of room without. */
static bool take_later(struct fragments *f, const struct fragments_key *key, uint32_t at,
                       struct packet *packet)
{
  if (at != NONE && f->datagrams[at].is_known) {
    fragments_touch(f, at, true, packet->time_ns);
    fill_ports(packet, &f->datagrams[at]);
    return true;
  }
  /* What waits is not evicted for what comes: the older one is as likely to be answered. */
  const struct fragments_source *source = &f->sources[fragments_source_of(f, key)];
  if (f->free_held == NONE || source->held >= f->config.held_per_source) {
    f->counts.folded++;
    return true;
  }
  if (at == NONE) {
    make_room(f, source);
    at = fragments_insert(f, key);
  }
  fragments_touch(f, at, false, packet->time_ns);
  fragments_hold(f, at, packet);
  return false;
}

bool fragments_take(struct fragments *fragments, struct packet *packet)
{
  if (!is_concerned(packet)) {
    return true;
  }
  const struct fragments_key key = key_of(packet);
  uint32_t at = fragments_find(fragments, &key);
  if (at != NONE && is_expired(fragments, at, packet->time_ns)) {
    drop(fragments, at, &fragments->counts.unmatched);
    at = NONE;
  }
  if (packet->is_flow_later_fragment) {
    return take_later(fragments, &key, at, packet);
  }
  take_first(fragments, &key, at, packet);
  return true;
}

void fragments_expire(struct fragments *fragments, int64_t now_ns)
{
  while (fragments->waiting.oldest != NONE) {
    drop(fragments, fragments->waiting.oldest, &fragments->counts.unmatched);
  }
  while (fragments->known.oldest != NONE &&
         is_expired(fragments, fragments->known.oldest, now_ns)) {
    drop(fragments, fragments->known.oldest, &fragments->counts.unmatched);
  }
}

void fragments_finish(struct fragments *fragments)
{
  fragments_expire(fragments, INT64_MIN);
  while (fragments->known.oldest != NONE) {
    drop(fragments, fragments->known.oldest, &fragments->counts.unmatched);
  }
}

struct fragments_counts fragments_counts_take(struct fragments *fragments)
{
  struct fragments_counts counts = fragments->counts;
  fragments->counts = (struct fragments_counts){0};
  return counts;
}
