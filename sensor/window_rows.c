/* SPDX-License-Identifier: Apache-2.0 */
/* Rows lie in the order they came; an index with linear probing, at most half full, finds them. */
#include "sensor/window_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "sensor/select.h"

#define LINE_BYTES 64

/* The tag spares most look-ups of a row that has another key. */
struct index_entry {
  uint16_t row; /* 1 + place; 0: free */
  uint16_t tag;
};

static_assert(WINDOW_ROWS_MAX < UINT16_MAX, "a place and one fit into 16 bits");

/* The 95th percentile of sixty numbers is the fourth largest (of 57 at or below it), so that four
 * of them are all there is to remember: first and fourth stand in the row itself. */
struct row_seconds {
  uint64_t open_bytes, second_largest, third_largest;
  uint32_t open; /* which second open_bytes are of */
};

/*   index: [ 0 ] [ 2 t ] [ 0 ] [ 1 t ]        row: [ a ] [ b ]
 *
 * Row 0 is named by index slot 3, row 1 by slot 1 (numbers in the index are one higher). */
struct window_rows {
  size_t capacity, count;
  size_t index_mask;
  struct summary_conversation empty; /* copied: far faster than what compilers make of zeroes */
  struct summary_conversation *row;
  struct row_seconds *seconds; /* NULL: none kept */
  struct index_entry *index;
  uint64_t *bytes; /* room to find the median */
};

/* The index has a power of two of slots, at least twice the rows: a hole is always near. */
struct window_rows *window_rows_new(size_t capacity, bool has_seconds)
{
  assert(capacity > 0 && capacity <= WINDOW_ROWS_MAX);
  struct window_rows *rows = calloc(1, sizeof *rows);
  if (rows == NULL) {
    return NULL;
  }
  size_t index_size = 4;
  while (index_size < 2 * capacity) {
    index_size *= 2;
  }
  rows->capacity = capacity;
  rows->empty.is_guessed = true;
  rows->empty.first_ns = INT64_MAX;
  rows->empty.last_ns = INT64_MIN;
  rows->index_mask = index_size - 1;
  rows->row = calloc(capacity, sizeof *rows->row);
  rows->index = calloc(index_size, sizeof *rows->index);
  rows->bytes = calloc(capacity, sizeof *rows->bytes);
  rows->seconds = has_seconds ? calloc(capacity, sizeof *rows->seconds) : NULL;
  if (rows->row == NULL || rows->index == NULL || rows->bytes == NULL ||
      (has_seconds && rows->seconds == NULL)) {
    window_rows_free(rows);
    return NULL;
  }
  return rows;
}

void window_rows_free(struct window_rows *rows)
{
  if (rows == NULL) {
    return;
  }
  free(rows->row);
  free(rows->seconds);
  free(rows->index);
  free(rows->bytes);
  free(rows);
}

/* The whole index, 4 bytes a slot: cheaper than finding the slots of the rows again. */
void window_rows_clear(struct window_rows *rows)
{
  if (rows->count > 0) {
    memset(rows->index, 0, (rows->index_mask + 1) * sizeof *rows->index);
  }
  rows->count = 0;
}

uint64_t window_rows_hash_addr(const struct addr *addr)
{
  return hash_bytes(addr->byte, sizeof addr->byte);
}

struct window_key window_rows_key(const struct summary_conversation *row)
{
  uint64_t client = window_rows_hash_addr(&row->client);
  uint64_t server = window_rows_hash_addr(&row->server);
  return (struct window_key){&row->client, &row->server, row->server_port, row->protocol,
                             window_rows_hash(client, server, row->server_port, row->protocol)};
}

/* The slot's number and the tag take different bits of the hash. */
static uint16_t tag_of(uint64_t hash)
{
  return (uint16_t)(hash >> 32);
}

static bool has_key(const struct summary_conversation *row, const struct window_key *key)
{
  return row->server_port == key->server_port && row->protocol == key->protocol &&
         addr_equal(&row->client, key->client) && addr_equal(&row->server, key->server);
}

struct summary_conversation *window_rows_find(struct window_rows *rows,
                                              const struct window_key *key)
{
  uint16_t tag = tag_of(key->hash);
  size_t at = (size_t)key->hash & rows->index_mask;
  for (; rows->index[at].row != 0; at = (at + 1) & rows->index_mask) {
    struct summary_conversation *row = &rows->row[rows->index[at].row - 1];
    if (rows->index[at].tag == tag && has_key(row, key)) {
      return row;
    }
  }
  return NULL;
}

/* In the first hole from the hash's place on. */
static void enter(struct window_rows *rows, size_t place, uint64_t hash)
{
  size_t at = (size_t)hash & rows->index_mask;
  while (rows->index[at].row != 0) {
    at = (at + 1) & rows->index_mask;
  }
  rows->index[at] = (struct index_entry){(uint16_t)(place + 1), tag_of(hash)};
}

/* Empty, so that joining the first delta is the same as joining a later one. */
struct summary_conversation *window_rows_insert(struct window_rows *rows,
                                                const struct window_key *key)
{
  if (rows->count == rows->capacity) {
    return NULL;
  }
  size_t place = rows->count++;
  struct summary_conversation *row = &rows->row[place];
  *row = rows->empty;
  row->client = *key->client;
  row->server = *key->server;
  row->server_port = key->server_port;
  row->protocol = key->protocol;
  if (rows->seconds != NULL) {
    rows->seconds[place] = (struct row_seconds){0};
  }
  enter(rows, place, key->hash);
  return row;
}

void window_rows_fetch_index(const struct window_rows *rows, uint64_t hash)
{
  __builtin_prefetch(&rows->index[(size_t)hash & rows->index_mask], 1);
}

/* The first slot is the right one most of the time. */
void window_rows_fetch_row(const struct window_rows *rows, uint64_t hash)
{
  struct index_entry entry = rows->index[(size_t)hash & rows->index_mask];
  if (entry.row == 0 || entry.tag != tag_of(hash)) {
    return;
  }
  const uint8_t *row = (const uint8_t *)&rows->row[entry.row - 1];
  for (size_t at = 0; at < sizeof(struct summary_conversation); at += LINE_BYTES) {
    __builtin_prefetch(row + at, 1);
  }
}

size_t window_rows_count(const struct window_rows *rows)
{
  return rows->count;
}

size_t window_rows_capacity(const struct window_rows *rows)
{
  return rows->capacity;
}

struct summary_conversation *window_rows_at(struct window_rows *rows, size_t i)
{
  return &rows->row[i];
}

static void join_times(struct summary_conversation *into, int64_t first_ns, int64_t last_ns)
{
  into->first_ns = first_ns < into->first_ns ? first_ns : into->first_ns;
  into->last_ns = last_ns > into->last_ns ? last_ns : into->last_ns;
}

/* 0: not measured. */
static void join_handshake(struct summary_conversation *into, uint32_t handshake_us)
{
  if (handshake_us != 0 && (into->handshake_us == 0 || handshake_us < into->handshake_us)) {
    into->handshake_us = handshake_us;
  }
}

void window_rows_join(struct summary_conversation *into, const struct summary_conversation *from)
{
  into->is_guessed = into->is_guessed && from->is_guessed;
  into->tcp_flags_out |= from->tcp_flags_out;
  into->tcp_flags_in |= from->tcp_flags_in;
  into->flows += from->flows;
  counts_add(&into->out, &from->out);
  counts_add(&into->in, &from->in);
  join_times(into, from->first_ns, from->last_ns);
  into->attempts += from->attempts;
  into->failed += from->failed;
  into->retransmitted += from->retransmitted;
  join_handshake(into, from->handshake_us);
}

void window_rows_join_delta(struct summary_conversation *into, const struct flow_delta *delta,
                            uint32_t flows)
{
  const struct flow_record *flow = &delta->flow;
  const struct flow_tcp *tcp = &delta->tcp;
  into->is_guessed = into->is_guessed && flow->is_guessed;
  into->tcp_flags_out |= flow->tcp_flags_out;
  into->tcp_flags_in |= flow->tcp_flags_in;
  into->flows += flows;
  counts_add(&into->out, &flow->out);
  counts_add(&into->in, &flow->in);
  join_times(into, flow->first_ns, flow->last_ns);
  into->attempts += tcp->is_attempt;
  into->failed += tcp->is_refused || tcp->is_half_open;
  into->retransmitted += tcp->retransmitted_out + tcp->retransmitted_in;
  join_handshake(into, tcp->handshake_us);
}

/* Among the row's four largest:  [ largest ] [ second ] [ third ] [ fourth: 95th percentile ] */
static void end_second(struct summary_conversation *row, struct row_seconds *seconds)
{
  uint64_t bytes = seconds->open_bytes;
  if (bytes == 0) {
    return;
  }
  if (row->second_min_bytes == 0 || bytes < row->second_min_bytes) {
    row->second_min_bytes = bytes;
  }
  uint64_t *largest[] = {&row->second_max_bytes, &seconds->second_largest, &seconds->third_largest,
                         &row->second_p95_bytes};
  for (size_t i = 0; i < sizeof largest / sizeof largest[0]; i++) {
    if (bytes > *largest[i]) {
      uint64_t smaller = *largest[i];
      *largest[i] = bytes;
      bytes = smaller;
    }
  }
  seconds->open_bytes = 0;
}

/* Lazily: a row's second ends when the row is active again, or with the minute. */
void window_rows_second(struct window_rows *rows, const struct summary_conversation *row,
                        uint32_t second, uint64_t bytes)
{
  size_t place = (size_t)(row - rows->row);
  struct row_seconds *seconds = &rows->seconds[place];
  if (seconds->open != second) {
    end_second(&rows->row[place], seconds);
    seconds->open = second;
  }
  seconds->open_bytes += bytes;
}

void window_rows_end_seconds(struct window_rows *rows)
{
  for (size_t i = 0; i < rows->count; i++) {
    end_second(&rows->row[i], &rows->seconds[i]);
  }
}

/* Those that stay close up; then the index is made anew, for places have changed. */
void window_rows_drop(struct window_rows *rows, uint64_t bytes,
                      void (*drop)(void *context, const struct summary_conversation *row),
                      void *context)
{
  size_t before = rows->count;
  size_t kept = 0;
  for (size_t i = 0; i < before; i++) {
    if (window_rows_bytes(&rows->row[i]) <= bytes) {
      drop(context, &rows->row[i]);
      continue;
    }
    rows->row[kept] = rows->row[i];
    if (rows->seconds != NULL) {
      rows->seconds[kept] = rows->seconds[i];
    }
    kept++;
  }
  window_rows_clear(rows);
  rows->count = kept;
  for (size_t i = 0; i < kept; i++) {
    enter(rows, i, window_rows_key(&rows->row[i]).hash);
  }
}

uint64_t window_rows_median(struct window_rows *rows)
{
  for (size_t i = 0; i < rows->count; i++) {
    rows->bytes[i] = window_rows_bytes(&rows->row[i]);
  }
  return select_nth(rows->bytes, rows->count, rows->count / 2);
}
