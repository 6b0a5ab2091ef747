/* SPDX-License-Identifier: Apache-2.0 */
/* Collected from all rows, sorted, doubles out; found again by halving. */
#include "proto/summary_dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "common/le.h"

#define V6_BYTES sizeof(struct addr)

static const struct addr unspecified = {{0}};

/* IPv4 first, then by bytes. */
static int dictionary_order(const void *left, const void *right)
{
  const struct addr *a = left;
  const struct addr *b = right;
  int family = (int)addr_is_v4(b) - (int)addr_is_v4(a);
  return family != 0 ? family : addr_compare(a, b);
}

/* Lets the entry at `top` sink to its place among `count`. */
static void heap_sink(struct addr *heap, size_t top, size_t count)
{
  struct addr sinking = heap[top];
  for (size_t child = 2 * top + 1; child < count; child = 2 * top + 1) {
    bool is_right = child + 1 < count && dictionary_order(&heap[child], &heap[child + 1]) < 0;
    child += is_right ? 1 : 0;
    if (dictionary_order(&sinking, &heap[child]) >= 0) {
      break;
    }
    heap[top] = heap[child];
    top = child;
  }
  heap[top] = sinking;
}

/* Heapsort (Williams 1964), since the C library's qsort may ask the heap for memory, and the packet
 * path must not. */
static void dictionary_sort(struct addr *entry, size_t count)
{
  for (size_t i = count / 2; i-- > 0;) {
    heap_sink(entry, i, count);
  }
  for (size_t last = count; last-- > 1;) {
    struct addr largest = entry[0];
    entry[0] = entry[last];
    entry[last] = largest;
    heap_sink(entry, 0, last);
  }
}

/* Each address of each row, `::` left out. The address is the first member of a row that names one;
 * of one that names two the second one follows it. */
static size_t collect(const struct summary *s, struct addr *out)
{
  size_t count = 0;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    const void *rows = NULL;
    size_t row_count = summary_group_rows(s, (enum summary_group)g, &rows);
    size_t each = summary_group_addresses((enum summary_group)g);
    const unsigned char *row = rows;
    for (size_t i = 0; i < row_count; i++, row += summary_groups[g].set.row_size) {
      for (size_t k = 0; k < each; k++) {
        memcpy(&out[count], row + k * sizeof(struct addr), sizeof(struct addr));
        count += addr_equal(&out[count], &unspecified) ? 0 : 1;
      }
    }
  }
  return count;
}

_Static_assert(offsetof(struct summary_talker, addr) == 0, "collect() relies on it");
_Static_assert(offsetof(struct summary_conversation, client) == 0, "collect() relies on it");
_Static_assert(offsetof(struct summary_conversation, server) == sizeof(struct addr),
               "collect() relies on it");
_Static_assert(offsetof(struct summary_edge, client) == 0, "collect() relies on it");
_Static_assert(offsetof(struct summary_edge, server) == sizeof(struct addr),
               "collect() relies on it");

size_t dictionary_room(const struct summary *s)
{
  size_t room = 1; /* collect writes before it counts */
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    const void *rows = NULL;
    room += summary_group_rows(s, (enum summary_group)g, &rows) *
            summary_group_addresses((enum summary_group)g);
  }
  return room;
}

/* One sort a record: 130 addresses a second, two thousand a minute. */
void dictionary_build(struct dictionary *dictionary, const struct summary *s, struct addr *scratch)
{
  *dictionary = (struct dictionary){scratch, 0, 0};
  size_t all = collect(s, scratch);
  dictionary_sort(scratch, all);
  for (size_t i = 0; i < all; i++) {
    if (dictionary->count == 0 || !addr_equal(&scratch[dictionary->count - 1], &scratch[i])) {
      dictionary->v4_count += addr_is_v4(&scratch[i]) ? 1 : 0;
      scratch[dictionary->count++] = scratch[i];
    }
  }
}

/* Ten steps for a thousand addresses; a table by hash would have to be made for each record. */
size_t dictionary_find(const struct dictionary *dictionary, const struct addr *a)
{
  if (dictionary->count == 0 || addr_equal(a, &unspecified)) {
    return 0;
  }
  const struct addr *found =
      bsearch(a, dictionary->entry, dictionary->count, sizeof(*a), dictionary_order);
  return found != NULL ? (size_t)(found - dictionary->entry) + 1 : 0;
}

/* Numbers may come from anybody. */
const struct addr *dictionary_at(const struct dictionary *dictionary, uint64_t number)
{
  if (number == 0) {
    return &unspecified;
  }
  return number <= dictionary->count ? &dictionary->entry[number - 1] : NULL;
}

/* The last four bytes of the mapped form, which is what sorts IPv4 by number. */
static uint32_t v4_number(const struct addr *a)
{
  const uint8_t *at = a->byte + 12;
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* How many of its first bytes a has in common with the one before. */
static size_t shared_bytes(const struct addr *before, const struct addr *a)
{
  size_t n = 0;
  while (n < V6_BYTES - 1 && before->byte[n] == a->byte[n]) {
    n++;
  }
  return n;
}

/* Neighbours differ little: hosts of one network take a byte or two each. out NULL: the length
 * alone. */
static size_t pack_v4(const struct addr *entry, size_t count, uint8_t *out)
{
  uint32_t before = 0;
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    uint8_t varint[LE_VARINT_MAX];
    uint32_t number = v4_number(&entry[i]);
    length += le_put_varint(out != NULL ? out + length : varint, number - before);
    before = number;
  }
  return length;
}

/* Each takes at most a byte more than its sixteen. */
static size_t pack_v6(const struct addr *entry, size_t count, uint8_t *out)
{
  const struct addr *before = &unspecified;
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    size_t shared = shared_bytes(before, &entry[i]);
    if (out != NULL) {
      out[length] = (uint8_t)shared;
      memcpy(out + length + 1, entry[i].byte + shared, V6_BYTES - shared);
    }
    length += 1 + V6_BYTES - shared;
    before = &entry[i];
  }
  return length;
}

Seine__Summary__Addresses *dictionary_pack(const struct dictionary *dictionary, bool is_measuring,
                                           struct arena *arena)
{
  size_t v6_count = dictionary->count - dictionary->v4_count;
  Seine__Summary__Addresses *wire = arena_take(arena, sizeof(*wire));
  if (wire == NULL || dictionary->count == 0) {
    return NULL;
  }
  uint8_t *v4 = NULL;
  uint8_t *v6 = NULL;
  if (!is_measuring) {
    v4 = arena_take(arena, dictionary->v4_count * LE_VARINT_MAX);
    v6 = arena_take(arena, v6_count * (V6_BYTES + 1));
    if (v4 == NULL || v6 == NULL) {
      return NULL;
    }
  }
  seine__summary__addresses__init(wire);
  wire->v4.len = pack_v4(dictionary->entry, dictionary->v4_count, v4);
  wire->v4.data = v4;
  wire->v6.len = pack_v6(dictionary->entry + dictionary->v4_count, v6_count, v6);
  wire->v6.data = v6;
  return wire;
}

/* Ascending, so that no address is there twice and equal records are equal bytes. */
static int unpack_v4(const Seine__Summary__Addresses *wire, struct addr *out, size_t limit,
                     size_t *count, struct err_message *message)
{
  struct rd r = rd_init(wire->v4.data, wire->v4.len);
  uint64_t number = 0;
  size_t n = 0;
  for (; rd_left(&r) > 0; n++) {
    uint64_t step = 0;
    if (le_varint(&r, &step) != 0 || (n > 0 && step == 0) || step > UINT32_MAX - number) {
      return err_set(message, ERR_MALFORMED,
                     "addresses.v4: entry %zu is cut, not ascending or too "
                     "large",
                     n);
    }
    if (n == limit) {
      return err_set(message, ERR_LIMIT, "addresses.v4: more entries than the %zu that rows name",
                     limit);
    }
    number += step;
    const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16 & 0xff),
                              (uint8_t)(number >> 8 & 0xff), (uint8_t)(number & 0xff)};
    out[n] = addr_from_v4(bytes);
  }
  *count = n;
  return 0;
}

/* One entry, or a failure of r. */
static struct addr read_v6(struct rd *r, const struct addr *before)
{
  struct addr a = *before;
  size_t shared = rd_u8(r);
  if (shared >= V6_BYTES) {
    r->has_failed = true;
  }
  const uint8_t *rest = r->has_failed ? NULL : rd_take(r, V6_BYTES - shared);
  if (rest != NULL) {
    memcpy(a.byte + shared, rest, V6_BYTES - shared);
  }
  return a;
}

/* `::` has a number of its own, and IPv4 a place of its own. */
static int unpack_v6(const Seine__Summary__Addresses *wire, struct addr *out, size_t limit,
                     size_t *count, struct err_message *message)
{
  struct rd r = rd_init(wire->v6.data, wire->v6.len);
  struct addr before = unspecified;
  size_t n = 0;
  for (; rd_left(&r) > 0; n++) {
    struct addr a = read_v6(&r, &before);
    if (r.has_failed) {
      return err_set(message, ERR_MALFORMED, "addresses.v6: entry %zu is cut or bent", n);
    }
    if (n == limit) {
      return err_set(message, ERR_LIMIT, "addresses.v6: more entries than rows name");
    }
    if (addr_compare(&before, &a) >= 0 || addr_is_v4(&a)) {
      return err_set(message, ERR_MALFORMED, "addresses.v6: entry %zu is not ascending, or IPv4",
                     n);
    }
    out[n] = a;
    before = a;
  }
  *count = n;
  return 0;
}

/* `limit` is what the rows can name: a record cannot carry addresses for their own sake. */
int dictionary_unpack(struct dictionary *dictionary, const Seine__Summary__Addresses *wire,
                      size_t limit, struct arena *arena, struct err_message *message)
{
  *dictionary = (struct dictionary){NULL, 0, 0};
  if (wire == NULL) {
    return 0;
  }
  struct addr *entry = arena_take(arena, limit * sizeof(*entry));
  if (entry == NULL) {
    return err_set(message, arena->failure, "addresses: no memory for %zu", limit);
  }
  size_t v4_count = 0;
  size_t v6_count = 0;
  int err = unpack_v4(wire, entry, limit, &v4_count, message);
  if (err == 0) {
    err = unpack_v6(wire, entry + v4_count, limit - v4_count, &v6_count, message);
  }
  if (err == 0) {
    *dictionary = (struct dictionary){entry, v4_count + v6_count, v4_count};
  }
  return err;
}
