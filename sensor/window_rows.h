/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded table of conversations, found by (client, server, server_port, protocol). It never
 * evicts by itself: sensor/window_conversations.c decides what is folded. Pure. */
#ifndef SENSOR_WINDOW_ROWS_H
#define SENSOR_WINDOW_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"
#include "sensor/flow_record.h"

#define WINDOW_ROWS_MAX 16384

struct window_rows;

/* capacity rows (1..WINDOW_ROWS_MAX), memory taken here. has_seconds: rows know their busiest
 * seconds. NULL without memory. */
struct window_rows *window_rows_new(size_t capacity, bool has_seconds);
void window_rows_free(struct window_rows *rows);
void window_rows_clear(struct window_rows *rows);

/* A row's key. The addresses are borrowed for the call. */
struct window_key {
  const struct addr *client, *server;
  uint16_t server_port;
  uint8_t protocol;
  uint64_t hash;
};

/* hash_bytes of an address, by the process's seed. */
uint64_t window_rows_hash_addr(const struct addr *addr);
/* From the hashes of the two addresses: both windows and the rows of many share those. The mixing
 * is MurmurHash3's finaliser (Appleby). */
static inline uint64_t window_rows_hash(uint64_t client, uint64_t server, uint16_t server_port,
                                        uint8_t protocol)
{
  uint64_t service = (uint64_t)server_port << 8 | protocol;
  uint64_t x = client * UINT64_C(0x9e3779b97f4a7c15) + (server ^ service);
  x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
  x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ x >> 33;
}
struct window_key window_rows_key(const struct summary_conversation *row);

/* The row of that key; NULL when there is none. */
struct summary_conversation *window_rows_find(struct window_rows *rows,
                                              const struct window_key *key);
/* Takes in an empty row for a key that is not there; NULL when the table is full. */
struct summary_conversation *window_rows_insert(struct window_rows *rows,
                                                const struct window_key *key);
/* Has the memory fetched that a look-up of that hash will need: first of the index, later (when
 * that is there) of the row. */
void window_rows_fetch_index(const struct window_rows *rows, uint64_t hash);
void window_rows_fetch_row(const struct window_rows *rows, uint64_t hash);
size_t window_rows_count(const struct window_rows *rows);
size_t window_rows_capacity(const struct window_rows *rows);
/* Row i < count, in the order they came. Borrowed until the next insert, drop or clear. */
struct summary_conversation *window_rows_at(struct window_rows *rows, size_t i);

/* IP bytes both ways. */
static inline uint64_t window_rows_bytes(const struct summary_conversation *row)
{
  return row->out.bytes + row->in.bytes;
}

/* into += from, which may have another key: sums, flags together, first and last of both, the
 * shorter handshake. A row is guessed only while all that is in it is: one SYN proves who is the
 * client of the service. The measures of single seconds stay as they are. */
void window_rows_join(struct summary_conversation *into, const struct summary_conversation *from);
/* The same of one delta; flows: how many flows it counts as. */
void window_rows_join_delta(struct summary_conversation *into, const struct flow_delta *delta,
                            uint32_t flows);
/* Says that `bytes` more were moved by the row in this second (any number that grows). For tables
 * with seconds alone. */
void window_rows_second(struct window_rows *rows, const struct summary_conversation *row,
                        uint32_t second, uint64_t bytes);
/* Ends the open second of each row and sets the rows' second_* fields. */
void window_rows_end_seconds(struct window_rows *rows);

/* Drops every row of at most so many bytes, each handed to drop before; the others keep their
 * order. */
void window_rows_drop(struct window_rows *rows, uint64_t bytes,
                      void (*drop)(void *context, const struct summary_conversation *row),
                      void *context);
/* The median of the rows' bytes (of an even number the higher); at least one row. */
uint64_t window_rows_median(struct window_rows *rows);

#endif
