/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving's counters as bytes and back, by the public verbs alone: merging what was listed
 * into an empty summary gives the same counters again. */
#include <stdlib.h>
#include <string.h>

#include "common/buckets.h"
#include "common/err.h"
#include "common/le.h"
#include "common/topk.h"

#define VERSION        1
#define FAMILY_V4      4
#define FAMILY_V6      6
#define HEAD_MAX       (1 + 3 * LE_VARINT_MAX)
#define ITEM_MIN_BYTES (1 + 4 + 7)
#define ITEM_MAX       (1 + 16 + 7 * LE_VARINT_MAX)

_Static_assert(TOPK_ENCODED_MAX(1) >= HEAD_MAX + ITEM_MAX, "the longest form fits");

/* Most of these numbers are small: varints take a third of what eight bytes each would. */
static size_t put_counts(uint8_t *out, const struct counts *c)
{
  size_t length = le_put_varint(out, c->packets);
  length += le_put_varint(out + length, c->bytes);
  return length + le_put_varint(out + length, c->payload_bytes);
}

/* The count is left out: it follows from the rest. */
static size_t put_item(uint8_t *out, const struct topk_item *item)
{
  bool is_v4 = addr_is_v4(&item->addr);
  size_t skipped = is_v4 ? 12 : 0;
  size_t length = 0;
  out[length++] = is_v4 ? FAMILY_V4 : FAMILY_V6;
  memcpy(out + length, item->addr.byte + skipped, 16 - skipped);
  length += 16 - skipped;
  length += le_put_varint(out + length, item->error);
  length += put_counts(out + length, &item->tx);
  return length + put_counts(out + length, &item->rx);
}

/* The list's order is strict, so bytes compare. */
int topk_encode(const struct topk *t, uint8_t *out, size_t size, size_t *length)
{
  size_t n = topk_count(t);
  if (size < TOPK_ENCODED_MAX(n)) {
    return ERR_LIMIT;
  }
  struct topk_item *list = calloc(n > 0 ? n : 1, sizeof(*list));
  if (list == NULL) {
    return ERR_NO_MEMORY;
  }
  n = topk_list(t, list, n);
  size_t written = 0;
  out[written++] = VERSION;
  written += le_put_varint(out + written, topk_capacity(t));
  written += le_put_varint(out + written, topk_floor(t));
  written += le_put_varint(out + written, n);
  for (size_t i = 0; i < n; i++) {
    written += put_item(out + written, &list[i]);
  }
  free(list);
  *length = written;
  return 0;
}

static int read_counts(struct rd *r, struct counts *c)
{
  int err = le_varint(r, &c->packets);
  if (err == 0) {
    err = le_varint(r, &c->bytes);
  }
  return err != 0 ? err : le_varint(r, &c->payload_bytes);
}

/* An IPv4 address in its long form is refused: there is a shorter one. */
static int read_addr(struct rd *r, struct addr *out)
{
  unsigned family = rd_u8(r);
  if (!r->has_failed && family != FAMILY_V4 && family != FAMILY_V6) {
    return ERR_MALFORMED;
  }
  const uint8_t *bytes = rd_take(r, family == FAMILY_V4 ? 4 : 16);
  if (bytes == NULL) {
    return ERR_TRUNCATED;
  }
  *out = family == FAMILY_V4 ? addr_from_v4(bytes) : addr_from_v6(bytes);
  return family == FAMILY_V6 && addr_is_v4(out) ? ERR_MALFORMED : 0;
}

/* The count follows from the rest, as in topk_merge. */
static int read_item(struct rd *r, struct topk_item *item)
{
  int err = read_addr(r, &item->addr);
  if (err == 0) {
    err = le_varint(r, &item->error);
  }
  if (err == 0) {
    err = read_counts(r, &item->tx);
  }
  if (err == 0) {
    err = read_counts(r, &item->rx);
  }
  item->count = buckets_sum(item->error, buckets_sum(item->tx.bytes, item->rx.bytes));
  return err;
}

/* Whether b may follow a in a list. */
static bool is_ranked(const struct topk_item *a, const struct topk_item *b)
{
  return a->count > b->count || (a->count == b->count && addr_compare(&a->addr, &b->addr) < 0);
}

static int by_address(const void *a, const void *b)
{
  return addr_compare(a, b);
}

/* Sorts a copy of the addresses: a list by counts may hide one that comes twice. */
static int check_unlike(const struct topk_item *items, size_t n)
{
  struct addr *sorted = calloc(n > 0 ? n : 1, sizeof(*sorted));
  if (sorted == NULL) {
    return ERR_NO_MEMORY;
  }
  for (size_t i = 0; i < n; i++) {
    sorted[i] = items[i].addr;
  }
  qsort(sorted, n, sizeof(*sorted), by_address);
  int err = 0;
  for (size_t i = 1; i < n && err == 0; i++) {
    err = addr_equal(&sorted[i - 1], &sorted[i]) ? ERR_MALFORMED : 0;
  }
  free(sorted);
  return err;
}

/* Order first, since it is free; twins then need a sorted copy. */
static int read_items(struct rd *r, struct topk_item *items, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    int err = read_item(r, &items[i]);
    if (err != 0) {
      return err;
    }
    if (i > 0 && !is_ranked(&items[i - 1], &items[i])) {
      return ERR_MALFORMED;
    }
  }
  return rd_left(r) != 0 ? ERR_MALFORMED : check_unlike(items, n);
}

/* What stands before the items. The capacity is not taken from the bytes but compared: nobody makes
 * us allocate. */
static int read_head(struct rd *r, const struct topk *t, uint64_t *floor, uint64_t *n)
{
  uint64_t capacity = 0;
  unsigned version = rd_u8(r);
  if (r->has_failed) {
    return ERR_TRUNCATED;
  }
  if (version != VERSION) {
    return ERR_UNSUPPORTED;
  }
  int err = le_varint(r, &capacity);
  if (err == 0) {
    err = le_varint(r, floor);
  }
  if (err == 0) {
    err = le_varint(r, n);
  }
  if (err != 0) {
    return err;
  }
  if (capacity != topk_capacity(t)) {
    return ERR_CONFLICT;
  }
  return *n > capacity ? ERR_MALFORMED : 0;
}

/* All items are read and judged before the first counter of t goes. */
int topk_decode(const uint8_t *bytes, size_t length, struct topk *t)
{
  struct rd r = rd_init(bytes, length);
  uint64_t floor = 0;
  uint64_t n = 0;
  int err = read_head(&r, t, &floor, &n);
  if (err != 0) {
    return err;
  }
  /* No memory for items that the bytes cannot hold. */
  if (rd_left(&r) / ITEM_MIN_BYTES < n) {
    return ERR_TRUNCATED;
  }
  struct topk_item *items = calloc(n > 0 ? n : 1, sizeof(*items));
  if (items == NULL) {
    return ERR_NO_MEMORY;
  }
  err = read_items(&r, items, n);
  if (err == 0) {
    topk_clear(t);
    topk_merge(t, items, n, floor);
  }
  free(items);
  return err;
}
