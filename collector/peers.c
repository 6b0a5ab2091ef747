/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of names (open addressing; nobody is ever removed), and a list a sensor.
 *
 *   slot -> peer "web1"   first -> record 17 -> record 18 -> record 20 -> NULL
 *                         last --------------------------------------^ (where the next one is hung)
 *
 * A record waits here between the moment it is applied and the commit that holds it: that is what
 * may be lost in a crash, and what the sensor therefore still has (P3). */
#include "collector/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

struct peers {
  size_t capacity;
  size_t count;
  size_t slots; /* a power of two, at least twice the capacity */
  struct peer **slot;
  size_t unstored_bytes;
};

/* Slots for all from the start: the table never moves, pointers to peers stay good. */
struct peers *peers_new(size_t capacity)
{
  struct peers *peers = calloc(1, sizeof(*peers));
  if (peers == NULL) {
    return NULL;
  }
  peers->capacity = capacity;
  /* At most half full: nobody is removed, and searches stay short. */
  for (peers->slots = 16; peers->slots < capacity * 2;) {
    peers->slots *= 2;
  }
  peers->slot = calloc(peers->slots, sizeof(struct peer *));
  if (peers->slot == NULL) {
    free(peers);
    return NULL;
  }
  return peers;
}

/* Records that are not on disk are freed with the rest: their sensors still have them. */
void peers_free(struct peers *peers)
{
  if (peers == NULL) {
    return;
  }
  for (size_t i = 0; i < peers->slots; i++) {
    struct peer *peer = peers->slot[i];
    for (struct peer_record *r = peer == NULL ? NULL : peer->first; r != NULL;) {
      struct peer_record *next = r->next;
      free(r);
      r = next;
    }
    free(peer);
  }
  free(peers->slot);
  free(peers);
}

/* The place of the name, or the free one where it would stand. */
static size_t find_slot(const struct peers *peers, const char *name)
{
  size_t i = (size_t)hash_bytes(name, strlen(name)) & (peers->slots - 1);
  while (peers->slot[i] != NULL && strcmp(peers->slot[i]->name, name) != 0) {
    i = (i + 1) & (peers->slots - 1);
  }
  return i;
}

/* NULL for a name that never said HELLO. */
struct peer *peers_find(const struct peers *peers, const char *name)
{
  return peers->slot[find_slot(peers, name)];
}

/* The names are those of authorised keys: a stranger cannot fill the table. */
struct peer *peers_add(struct peers *peers, const char *name)
{
  size_t place = find_slot(peers, name);
  struct peer *peer = peers->slot[place];
  if (peer != NULL || peers->count == peers->capacity) {
    return peer;
  }
  peer = calloc(1, sizeof(*peer));
  if (peer == NULL) {
    return NULL;
  }
  (void)snprintf(peer->name, sizeof(peer->name), "%s", name);
  peer->last = &peer->first;
  peers->slot[place] = peer;
  peers->count++;
  return peer;
}

bool peers_is_full(const struct peers *peers)
{
  return peers->count == peers->capacity;
}

/* In the order of the slots: for work on all of them, where order does not matter. */
struct peer *peers_next(const struct peers *peers, size_t *cursor)
{
  while (*cursor < peers->slots) {
    struct peer *peer = peers->slot[(*cursor)++];
    if (peer != NULL) {
      return peer;
    }
  }
  return NULL;
}

/* The bound is on all sensors together: one that floods takes the room of all, and is seen. */
bool peers_has_room(const struct peers *peers, size_t length)
{
  return peers->unstored_bytes + sizeof(struct peer_record) + length <= PEERS_UNSTORED_MAX;
}

size_t peers_unstored_bytes(const struct peers *peers)
{
  return peers->unstored_bytes;
}

/* One block a record: it is freed alone, whenever its window closes. */
int peers_keep(struct peers *peers, struct peer *peer, const struct summary *placed,
               const uint8_t *bytes, size_t length)
{
  struct peer_record *record = malloc(sizeof(*record) + length);
  if (record == NULL) {
    return ERR_NO_MEMORY;
  }
  /* Placed start and length: the pipeline decided them, and the store needs them. */
  *record = (struct peer_record){.kind = placed->kind,
                                 .boot_id = placed->boot_id,
                                 .sequence = placed->sequence,
                                 .start_ns = placed->start_ns,
                                 .length_ns = placed->length_ns,
                                 .length = length};
  memcpy(record->bytes, bytes, length);
  *peer->last = record;
  peer->last = &record->next;
  peer->record_count++;
  peers->unstored_bytes += sizeof(*record) + length;
  return 0;
}

/* Not only from the front: behind an open window later records may be written already. */
void peers_drop_written(struct peers *peers, struct peer *peer)
{
  struct peer_record **at = &peer->first;
  while (*at != NULL) {
    struct peer_record *record = *at;
    if (!record->is_written) {
      at = &record->next;
      continue;
    }
    *at = record->next;
    peer->record_count--;
    peers->unstored_bytes -= sizeof(*record) + record->length;
    free(record);
  }
  peer->last = at;
}

/* The commit failed: the next checkpoint writes them again. */
void peers_unmark_written(struct peer *peer)
{
  for (struct peer_record *r = peer->first; r != NULL; r = r->next) {
    r->is_written = false;
  }
}
