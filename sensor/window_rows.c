/* SPDX-License-Identifier: Apache-2.0 */
/* Rows lie in the order they came; an index with linear probing, at most half full, finds them.
 * Rows never move while the interval is open, so that the index can name them by place. */
#include "sensor/window_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define KEY_BYTES offsetof(struct summary_conversation, is_guessed)

/* The key is what stands before is_guessed, hashed and compared as bytes. */
static_assert(KEY_BYTES == 2 * sizeof(struct addr) + sizeof(uint16_t) + 1, "no padding in the key");

/* The tag spares most look-ups of a row that has another key. */
struct index_entry {
  uint32_t row; /* 1 + place; 0: free */
  uint32_t tag;
};

/*   index: [ 0 ] [ 2 t ] [ 0 ] [ 1 t ]        row: [ a ] [ b ]     place: [ 3 ] [ 1 ]
 *
 * Row 0 is named by index slot 3, row 1 by slot 1 (numbers in the index are one higher). */
struct window_rows {
  size_t capacity, count;
  size_t index_mask;
  struct summary_conversation *row;
  size_t *place; /* of each row in the index, so that clearing costs what was used */
  struct index_entry *index;
  size_t *heap; /* for top: places of rows */
};

/* The index has a power of two of slots, at least twice the rows: a hole is always near. */
struct window_rows *window_rows_new(size_t capacity)
{
  struct window_rows *rows = calloc(1, sizeof *rows);
  if (rows == NULL) {
    return NULL;
  }
  size_t index_size = 4;
  while (index_size < 2 * capacity) {
    index_size *= 2;
  }
  rows->capacity = capacity;
  rows->index_mask = index_size - 1;
  rows->row = calloc(capacity, sizeof *rows->row);
  rows->place = calloc(capacity, sizeof *rows->place);
  rows->index = calloc(index_size, sizeof *rows->index);
  rows->heap = calloc(capacity, sizeof *rows->heap);
  if (rows->row == NULL || rows->place == NULL || rows->index == NULL || rows->heap == NULL) {
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
  free(rows->place);
  free(rows->index);
  free(rows->heap);
  free(rows);
}

/* The row of the key, a new one, or NULL when there is no room. */
static struct summary_conversation *row_of(struct window_rows *rows,
                                           const struct summary_conversation *key, bool *is_new)
{
  uint64_t hash = hash_bytes(key, KEY_BYTES);
  uint32_t tag = (uint32_t)(hash >> 32);
  size_t at = (size_t)hash & rows->index_mask;
  for (; rows->index[at].row != 0; at = (at + 1) & rows->index_mask) {
    struct summary_conversation *row = &rows->row[rows->index[at].row - 1];
    if (rows->index[at].tag == tag && memcmp(row, key, KEY_BYTES) == 0) {
      *is_new = false;
      return row;
    }
  }
  /* Full: nothing is evicted, for the caller folds what comes now into totals. */
  if (rows->count == rows->capacity) {
    return NULL;
  }
  size_t place = rows->count++;
  rows->place[place] = at;
  rows->index[at] = (struct index_entry){(uint32_t)place + 1, tag};
  *is_new = true;
  return &rows->row[place];
}

/* A row is guessed only while every flow in it is: one SYN proves who is the client of the service.
 */
bool window_rows_add(struct window_rows *rows, const struct flow_record *flow, uint32_t flows)
{
  struct summary_conversation fresh = {.client = flow->client,
                                       .server = flow->server,
                                       .server_port = flow->server_port,
                                       .protocol = flow->protocol,
                                       .is_guessed = true,
                                       .first_ns = INT64_MAX,
                                       .last_ns = INT64_MIN};
  bool is_new = false;
  struct summary_conversation *row = row_of(rows, &fresh, &is_new);
  if (row == NULL) {
    return false;
  }
  if (is_new) {
    *row = fresh;
  }
  row->is_guessed = row->is_guessed && flow->is_guessed;
  row->tcp_flags_out |= flow->tcp_flags_out;
  row->tcp_flags_in |= flow->tcp_flags_in;
  row->flows += flows;
  counts_add(&row->out, &flow->out);
  counts_add(&row->in, &flow->in);
  row->first_ns = flow->first_ns < row->first_ns ? flow->first_ns : row->first_ns;
  row->last_ns = flow->last_ns > row->last_ns ? flow->last_ns : row->last_ns;
  return true;
}

size_t window_rows_count(const struct window_rows *rows)
{
  return rows->count;
}

/* Whether a stands before b: more bytes, then the smaller key. */
static bool is_larger(const struct summary_conversation *a, const struct summary_conversation *b)
{
  uint64_t bytes_a = a->out.bytes + a->in.bytes;
  uint64_t bytes_b = b->out.bytes + b->in.bytes;
  if (bytes_a != bytes_b) {
    return bytes_a > bytes_b;
  }
  return summary_conversation_compare(a, b) < 0;
}

/* heap[0] is the smallest of the chosen; restores that after heap[0] was replaced. */
static void sift_down(struct window_rows *rows, size_t size)
{
  size_t *heap = rows->heap;
  size_t at = 0;
  for (size_t child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && is_larger(&rows->row[heap[child]], &rows->row[heap[child + 1]])) {
      child++;
    }
    if (!is_larger(&rows->row[heap[at]], &rows->row[heap[child]])) {
      return;
    }
    size_t held = heap[at];
    heap[at] = heap[child];
    heap[child] = held;
    at = child;
  }
}

/* The way up, while the heap is being filled. */
static void sift_up(struct window_rows *rows, size_t at)
{
  size_t *heap = rows->heap;
  while (at > 0 && is_larger(&rows->row[heap[(at - 1) / 2]], &rows->row[heap[at]])) {
    size_t held = heap[at];
    heap[at] = heap[(at - 1) / 2];
    heap[(at - 1) / 2] = held;
    at = (at - 1) / 2;
  }
}

/*   1. the n largest so far in a heap, the smallest of them on top
 *   2. a row that is larger than the top takes its place
 *   3. taken off one by one: the list fills from its end */
size_t window_rows_top(struct window_rows *rows, struct summary_conversation *out, size_t n)
{
  size_t size = 0;
  for (size_t i = 0; n > 0 && i < rows->count; i++) {
    if (size < n) {
      rows->heap[size] = i;
      sift_up(rows, size++);
    } else if (is_larger(&rows->row[i], &rows->row[rows->heap[0]])) {
      rows->heap[0] = i;
      sift_down(rows, size);
    }
  }
  size_t chosen = size;
  while (size > 0) {
    out[--size] = rows->row[rows->heap[0]];
    rows->heap[0] = rows->heap[size];
    sift_down(rows, size);
  }
  return chosen;
}

static int compare_keys(const void *a, const void *b)
{
  return summary_conversation_compare(a, b);
}

/* Sorts in place, so that no second copy of thousands of rows is needed. */
struct summary_conversation *window_rows_sort(struct window_rows *rows)
{
  qsort(rows->row, rows->count, sizeof *rows->row, compare_keys);
  return rows->row;
}

void window_rows_total(const struct window_rows *rows, struct counts *out, struct counts *in)
{
  *out = (struct counts){0};
  *in = (struct counts){0};
  for (size_t i = 0; i < rows->count; i++) {
    counts_add(out, &rows->row[i].out);
    counts_add(in, &rows->row[i].in);
  }
}

/* Only the slots that were used: an index for 65,536 rows is not wiped for a quiet second. */
void window_rows_clear(struct window_rows *rows)
{
  for (size_t i = 0; i < rows->count; i++) {
    rows->index[rows->place[i]].row = 0;
  }
  rows->count = 0;
}
