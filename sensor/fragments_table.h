/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the table of fragments, for fragments*.c alone. Datagrams in a hash table over
 * fixed arrays; all links are places in them.
 *
 *   chains[hash] -> datagram -> datagram        by key
 *   known:   oldest ... newest                  first fragment seen; by last use
 *   waiting: oldest ... newest                  some later fragments held, no first one yet
 *   sources[hash].list: oldest ... newest       by source, known and waiting ones
 *   datagram.held_first -> held -> held         in the order in which they came */
#ifndef SENSOR_FRAGMENTS_TABLE_H
#define SENSOR_FRAGMENTS_TABLE_H

#include "sensor/fragments_config.h"

#define FRAGMENTS_NONE UINT32_MAX

struct fragments_key {
  struct addr source, destination;
  uint32_t id;
  uint32_t protocol; /* 0 in IPv6, whose later fragments may name an extension header */
};

/* Every datagram is on two lists. */
enum fragments_list_kind { FRAGMENTS_BY_AGE, FRAGMENTS_BY_SOURCE, FRAGMENTS_LISTS };

struct fragments_link {
  uint32_t older, newer;
};

struct fragments_list {
  uint32_t oldest, newest;
};

struct fragments_datagram {
  struct fragments_key key;
  int64_t used_ns;
  uint16_t source_port, destination_port; /* these and protocol: of the first fragment */
  uint8_t protocol;
  bool is_known; /* the first fragment came */
  uint32_t chain;
  uint32_t source; /* place in sources */
  struct fragments_link links[FRAGMENTS_LISTS];
  uint32_t held_first, held_last;
};

struct fragments_source {
  struct fragments_list list;
  uint32_t datagrams, held;
};

struct fragments_held {
  struct packet packet;
  uint32_t next; /* of its datagram, or free */
};

struct fragments {
  struct fragments_config config;
  uint32_t chain_mask;
  uint32_t *chains;
  struct fragments_source *sources; /* as many as chains */
  struct fragments_datagram *datagrams;
  struct fragments_held *held;
  uint32_t free_datagram, free_held;
  struct fragments_list known, waiting;
  struct fragments_counts counts;
};

/* Free places are chained by the fields that chain those in use. A link tells how far the next free
 * place lies behind the neighbour, so that fresh memory, all zero, is a chain in order: places that
 * are never needed are never touched. */
static inline uint32_t fragments_free_next(uint32_t at, uint32_t link)
{
  return at + 1 + link;
}
static inline uint32_t fragments_free_link(uint32_t at, uint32_t next)
{
  return next - at - 1;
}

/* Where the key's source stands in sources. */
uint32_t fragments_source_of(const struct fragments *f, const struct fragments_key *key);
/* The datagram of that key, or FRAGMENTS_NONE. */
uint32_t fragments_find(const struct fragments *f, const struct fragments_key *key);
/* A new datagram, waiting, with nothing held; free_datagram must not be FRAGMENTS_NONE. */
uint32_t fragments_insert(struct fragments *f, const struct fragments_key *key);
/* Takes a datagram that holds nothing out of all lists. */
void fragments_remove(struct fragments *f, uint32_t at);
/* Makes it the newest of its lists, and known or waiting. */
void fragments_touch(struct fragments *f, uint32_t at, bool is_known, int64_t now_ns);
/* Copies a packet behind those that the datagram holds; free_held must not be FRAGMENTS_NONE. */
void fragments_hold(struct fragments *f, uint32_t at, const struct packet *packet);

#endif
