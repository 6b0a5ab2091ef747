/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors at the other end of the bus: where an answer goes, how far each is on disk, and the
 * applied records that are not there yet. Bounded in sensors and in bytes.
 *
 *   a record's bytes:  bus -> pipeline (applied) -> here -> store (committed) -> gone */
#ifndef COLLECTOR_PEERS_H
#define COLLECTOR_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "proto/summary.h"

/* Bytes of records in memory: beyond it new ones are refused until a checkpoint made room. */
#define PEERS_UNSTORED_MAX ((size_t)256 << 20)

/* A record as it came. Life: applied -> (settled, written) -> committed and freed. */
struct peer_record {
  struct peer_record *next;
  enum summary_kind kind;
  bool is_written; /* in the checkpoint under way */
  uint64_t boot_id, sequence;
  int64_t start_ns, length_ns; /* as placed */
  size_t length;
  uint8_t bytes[];
};

struct peer {
  char name[KEYS_NAME_MAX];
  bool has_route;
  struct bus_route route; /* of its newest HELLO */
  uint64_t boot_id;       /* of its newest HELLO, or the newest on disk */
  uint64_t stored;        /* all of boot_id up to here is on disk: what an ACK may say */
  uint64_t writing;       /* what `stored` becomes when the checkpoint under way is committed */
  bool is_held;           /* a record was refused for want of room: none until its next HELLO */
  uint64_t refused;       /* records that could not be understood */
  uint64_t wrong_names;   /* messages that named another sensor */
  size_t record_count;
  /* Which state of who it is (checkpoint.c) is on disk; 0: none. */
  uint64_t identity_stored, identity_writing;
  struct peer_record *first; /* in the order of arrival */
  struct peer_record **last;
};

struct peers;

/* At most capacity sensors. NULL without memory. */
struct peers *peers_new(size_t capacity);
void peers_free(struct peers *peers);
struct peer *peers_find(const struct peers *peers, const char *name);
/* Finds it, or makes it. NULL when full or without memory. */
struct peer *peers_add(struct peers *peers, const char *name);
/* Another sensor would find no place. */
bool peers_is_full(const struct peers *peers);
/* Visits all. *cursor starts at 0; NULL at the end. */
struct peer *peers_next(const struct peers *peers, size_t *cursor);

bool peers_has_room(const struct peers *peers, size_t length);
size_t peers_unstored_bytes(const struct peers *peers);
/* Keeps a copy of the record's bytes. ERR_NO_MEMORY. */
int peers_keep(struct peers *peers, struct peer *peer, const struct summary *placed,
               const uint8_t *bytes, size_t length);
/* After a commit: frees the peer's written records. After a rollback: unmarks them. */
void peers_drop_written(struct peers *peers, struct peer *peer);
void peers_unmark_written(struct peer *peer);

#endif
