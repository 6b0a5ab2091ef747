/* SPDX-License-Identifier: Apache-2.0 */
/* Hash chains and lists of the table of fragments; what is done with them when stands in
 * fragments.c. */
#include "sensor/fragments_table.h"

#include <string.h>

#include "common/hash.h"

#define NONE FRAGMENTS_NONE

/* Lists run from the oldest to the newest; their links lie in the datagrams, one pair a kind. */
static void list_append(struct fragments *f, struct fragments_list *list,
                        enum fragments_list_kind kind, uint32_t at)
{
  f->datagrams[at].links[kind] = (struct fragments_link){.older = list->newest, .newer = NONE};
  if (list->newest != NONE) {
    f->datagrams[list->newest].links[kind].newer = at;
  } else {
    list->oldest = at;
  }
  list->newest = at;
}

static void list_remove(struct fragments *f, struct fragments_list *list,
                        enum fragments_list_kind kind, uint32_t at)
{
  struct fragments_link link = f->datagrams[at].links[kind];
  if (link.older != NONE) {
    f->datagrams[link.older].links[kind].newer = link.newer;
  } else {
    list->oldest = link.newer;
  }
  if (link.newer != NONE) {
    f->datagrams[link.newer].links[kind].older = link.older;
  } else {
    list->newest = link.older;
  }
}

static struct fragments_list *list_by_age(struct fragments *f, bool is_known)
{
  return is_known ? &f->known : &f->waiting;
}

/* Hashes are seeded (common/hash.h): a stranger cannot choose keys that fall into one chain. */
static uint32_t chain_of(const struct fragments *f, const struct fragments_key *key)
{
  return (uint32_t)hash_bytes(key, sizeof(*key)) & f->chain_mask;
}

uint32_t fragments_source_of(const struct fragments *f, const struct fragments_key *key)
{
  return (uint32_t)hash_bytes(&key->source, sizeof(key->source)) & f->chain_mask;
}

uint32_t fragments_find(const struct fragments *f, const struct fragments_key *key)
{
  uint32_t at = f->chains[chain_of(f, key)];
  while (at != NONE && memcmp(&f->datagrams[at].key, key, sizeof(*key)) != 0) {
    at = f->datagrams[at].chain;
  }
  return at;
}

/* Waiting, since that is what it is until a first fragment is taken (fragments_touch). */
uint32_t fragments_insert(struct fragments *f, const struct fragments_key *key)
{
  uint32_t at = f->free_datagram;
  struct fragments_datagram *datagram = &f->datagrams[at];
  f->free_datagram = fragments_free_next(at, datagram->chain);
  uint32_t *chain = &f->chains[chain_of(f, key)];
  *datagram = (struct fragments_datagram){.key = *key,
                                          .source = fragments_source_of(f, key),
                                          .chain = *chain,
                                          .held_first = NONE,
                                          .held_last = NONE};
  *chain = at;
  struct fragments_source *source = &f->sources[datagram->source];
  list_append(f, &f->waiting, FRAGMENTS_BY_AGE, at);
  list_append(f, &source->list, FRAGMENTS_BY_SOURCE, at);
  source->datagrams++;
  return at;
}

void fragments_remove(struct fragments *f, uint32_t at)
{
  struct fragments_datagram *datagram = &f->datagrams[at];
  uint32_t *chain = &f->chains[chain_of(f, &datagram->key)];
  while (*chain != at) {
    chain = &f->datagrams[*chain].chain;
  }
  *chain = datagram->chain;
  struct fragments_source *source = &f->sources[datagram->source];
  list_remove(f, &source->list, FRAGMENTS_BY_SOURCE, at);
  source->datagrams--;
  list_remove(f, list_by_age(f, datagram->is_known), FRAGMENTS_BY_AGE, at);
  datagram->chain = fragments_free_link(at, f->free_datagram);
  f->free_datagram = at;
}

void fragments_touch(struct fragments *f, uint32_t at, bool is_known, int64_t now_ns)
{
  struct fragments_datagram *datagram = &f->datagrams[at];
  struct fragments_list *source = &f->sources[datagram->source].list;
  list_remove(f, source, FRAGMENTS_BY_SOURCE, at);
  list_append(f, source, FRAGMENTS_BY_SOURCE, at);
  list_remove(f, list_by_age(f, datagram->is_known), FRAGMENTS_BY_AGE, at);
  list_append(f, list_by_age(f, is_known), FRAGMENTS_BY_AGE, at);
  datagram->is_known = is_known;
  datagram->used_ns = now_ns;
}

void fragments_hold(struct fragments *f, uint32_t at, const struct packet *packet)
{
  struct fragments_datagram *datagram = &f->datagrams[at];
  uint32_t place = f->free_held;
  f->free_held = fragments_free_next(place, f->held[place].next);
  f->held[place] = (struct fragments_held){.packet = *packet, .next = NONE};
  if (datagram->held_last != NONE) {
    f->held[datagram->held_last].next = place;
  } else {
    datagram->held_first = place;
  }
  datagram->held_last = place;
  f->sources[datagram->source].held++;
}
