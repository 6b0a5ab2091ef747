/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving over a heap of node numbers. Ties go by address, so that which counter is evicted
 * depends on what was fed alone, never on the hash seed or the heap's history.
 *
 * floor is the largest count that was ever evicted, refused or merged in as another's floor: no
 * absent address had more. Every counter present is at least as large. */
#include "common/topk.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define CAPACITY_MAX ((size_t)1 << 28)
#define NO_NODE      UINT32_MAX

/* item, place and round of one counter; nodes never move, heap and index point at them by number.
 */
struct node {
  struct topk_item item;
  uint32_t place; /* in the heap */
  uint32_t round; /* of the last merge that named it */
};

/*   index: slot -> node      node[]: item, place      heap[]: place -> node
 *
 *   [ . ] [ 2 ] [ . ] [ 0 ]   0: 900 b  place 1        [ 2 ]           the least: evicted next
 *      hash of address ^      1: 950 c  place 2       [ 0 ] [ 1 ]
 *                             2: 700 a  place 0 */
struct topk {
  size_t capacity;
  size_t count;
  size_t mask; /* of the index, whose size is a power of two of at least twice the capacity */
  uint64_t floor;
  uint32_t round;
  struct node *node;
  uint32_t *heap;  /* place -> node; the least stands at 0 */
  uint32_t *index; /* slot -> node, NO_NODE for a hole */
};

/* All memory, for good: feeding, merging and listing allocate nothing. */
struct topk *topk_new(size_t capacity)
{
  if (capacity < 1 || capacity > CAPACITY_MAX) {
    return NULL;
  }
  size_t slots = 4;
  while (slots < 2 * capacity) {
    slots *= 2;
  }
  struct topk *t = calloc(1, sizeof(*t));
  if (t == NULL) {
    return NULL;
  }
  t->capacity = capacity;
  t->mask = slots - 1;
  t->node = calloc(capacity, sizeof(*t->node));
  t->heap = calloc(capacity, sizeof(*t->heap));
  t->index = calloc(slots, sizeof(*t->index));
  if (t->node == NULL || t->heap == NULL || t->index == NULL) {
    topk_free(t);
    return NULL;
  }
  topk_clear(t);
  return t;
}

void topk_free(struct topk *t)
{
  if (t != NULL) {
    free(t->node);
    free(t->heap);
    free(t->index);
    free(t);
  }
}

void topk_clear(struct topk *t)
{
  t->count = 0;
  t->floor = 0;
  t->round = 0;
  memset(t->index, 0xff, (t->mask + 1) * sizeof(*t->index));
}

/* Whether a ranks behind b: the smaller count, then the larger address. */
static bool is_less(const struct topk_item *a, const struct topk_item *b)
{
  if (a->count != b->count) {
    return a->count < b->count;
  }
  return addr_compare(&a->addr, &b->addr) > 0;
}

/* Saturates: a count that wrapped would push the heaviest host out. */
static uint64_t sum_of(uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The heap. */

static const struct topk_item *at_place(const struct topk *t, size_t place)
{
  return &t->node[t->heap[place]].item;
}

/* Node and heap point at each other. */
static void put(struct topk *t, size_t place, uint32_t n)
{
  t->heap[place] = n;
  t->node[n].place = (uint32_t)place;
}

/* The moved node is held aside, and set down once. */
static void sift_down(struct topk *t, size_t place)
{
  uint32_t n = t->heap[place];
  for (size_t child = 2 * place + 1; child < t->count; child = 2 * place + 1) {
    if (child + 1 < t->count && is_less(at_place(t, child + 1), at_place(t, child))) {
      child++;
    }
    if (!is_less(at_place(t, child), &t->node[n].item)) {
      break;
    }
    put(t, place, t->heap[child]);
    place = child;
  }
  put(t, place, n);
}

/* The same upwards, for a node that came in at the end. */
static void sift_up(struct topk *t, size_t place)
{
  uint32_t n = t->heap[place];
  while (place > 0 && is_less(&t->node[n].item, at_place(t, (place - 1) / 2))) {
    put(t, place, t->heap[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(t, place, n);
}

/* The index. */

static size_t home_of(const struct topk *t, const struct addr *addr)
{
  return hash_bytes(addr->byte, sizeof(addr->byte)) & t->mask;
}

/* At most half of the slots are taken, so there is always a hole to stop at. */
static size_t find_slot(const struct topk *t, const struct addr *addr)
{
  size_t slot = home_of(t, addr);
  while (t->index[slot] != NO_NODE && !addr_equal(&t->node[t->index[slot]].item.addr, addr)) {
    slot = (slot + 1) & t->mask;
  }
  return slot;
}

/* As in addr_set.c: whoever the hole would cut off from its home is pulled back. */
static void remove_slot(struct topk *t, size_t hole)
{
  for (size_t i = (hole + 1) & t->mask; t->index[i] != NO_NODE; i = (i + 1) & t->mask) {
    size_t home = home_of(t, &t->node[t->index[i]].item.addr);
    if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
      t->index[hole] = t->index[i];
      hole = i;
    }
  }
  t->index[hole] = NO_NODE;
}

/* Takes item in, evicting the least when full. */
static void insert(struct topk *t, const struct topk_item *item)
{
  bool is_full = t->count == t->capacity;
  uint32_t n = is_full ? t->heap[0] : (uint32_t)t->count;
  if (is_full) {
    remove_slot(t, find_slot(t, &t->node[n].item.addr));
  }
  t->node[n].item = *item;
  t->node[n].round = t->round;
  t->index[find_slot(t, &item->addr)] = n;
  if (is_full) {
    sift_down(t, 0);
  } else {
    t->count++;
    put(t, t->count - 1, n);
    sift_up(t, t->count - 1);
  }
}

/* The floor never falls: what an absent address may have had does not become less. */
static void raise_floor(struct topk *t, uint64_t count)
{
  if (count > t->floor) {
    t->floor = count;
  }
}

/* Known: its counter grows. Unknown and room: a counter. Unknown and full: the least counter's
 * count becomes the newcomer's error, which keeps the sum of all counts at the bytes fed. */
void topk_add(struct topk *t, const struct addr *addr, const struct counts *tx,
              const struct counts *rx)
{
  uint64_t bytes = sum_of(tx->bytes, rx->bytes);
  uint32_t n = t->index[find_slot(t, addr)];
  if (n != NO_NODE) {
    struct topk_item *item = &t->node[n].item;
    item->count = sum_of(item->count, bytes);
    counts_add(&item->tx, tx);
    counts_add(&item->rx, rx);
    sift_down(t, t->node[n].place);
    return;
  }
  if (bytes == 0) {
    return; /* would push out a counter for nothing */
  }
  if (t->count == t->capacity) {
    raise_floor(t, at_place(t, 0)->count);
  }
  struct topk_item item = {.addr = *addr, .error = t->floor, .tx = *tx, .rx = *rx};
  item.count = sum_of(item.error, bytes);
  insert(t, &item);
}

/* item.count is not asked: a summary that came from afar may break its own rule. */
static uint64_t own_bytes(const struct topk_item *item)
{
  return sum_of(item->tx.bytes, item->rx.bytes);
}

/* Known to both: counts and errors add. */
static void merge_known(struct topk *t, const struct topk_item *from)
{
  uint32_t n = t->index[find_slot(t, &from->addr)];
  if (n == NO_NODE) {
    return;
  }
  struct topk_item *item = &t->node[n].item;
  item->error = sum_of(item->error, from->error);
  item->count = sum_of(item->count, sum_of(from->error, own_bytes(from)));
  counts_add(&item->tx, &from->tx);
  counts_add(&item->rx, &from->rx);
  t->node[n].round = t->round;
}

/* Known to the other alone: here it may have had up to the old floor. */
static void merge_unknown(struct topk *t, const struct topk_item *from, uint64_t old_floor)
{
  if (t->index[find_slot(t, &from->addr)] != NO_NODE) {
    return;
  }
  struct topk_item item = *from;
  item.error = sum_of(from->error, old_floor);
  item.count = sum_of(item.error, own_bytes(from));
  if (t->count < t->capacity) {
    insert(t, &item);
    return;
  }
  /* One that was merged as known and then evicted comes here again, with no larger count than it
   * was evicted with: it ranks behind every counter left, and is refused. */
  if (is_less(&item, at_place(t, 0))) {
    raise_floor(t, item.count);
    return;
  }
  raise_floor(t, at_place(t, 0)->count);
  insert(t, &item);
}

/*                    here: yes                 here: no
 *   there: yes       both counts               its count + our floor, if it ranks among the m
 * largest there: no        our count + its floor     -
 *
 * The known come first, for what is unknown may evict one of them. */
void topk_merge(struct topk *t, const struct topk_item *items, size_t n, uint64_t floor)
{
  uint64_t old_floor = t->floor;
  t->round++;
  for (size_t i = 0; i < n; i++) {
    merge_known(t, &items[i]);
  }
  for (size_t i = 0; i < t->count; i++) {
    if (t->node[i].round != t->round) {
      t->node[i].item.error = sum_of(t->node[i].item.error, floor);
      t->node[i].item.count = sum_of(t->node[i].item.count, floor);
    }
  }
  /* Counts changed all over: the heap is built anew, from the last parent up. */
  for (size_t place = t->count / 2; place-- > 0;) {
    sift_down(t, place);
  }
  t->floor = sum_of(old_floor, floor);
  for (size_t i = 0; i < n; i++) {
    merge_unknown(t, &items[i], old_floor);
  }
}

/* The list: a heap of the n best within the caller's memory, its worst at the top. */

static void sift_list(struct topk_item *list, size_t n, size_t place)
{
  struct topk_item moved = list[place];
  for (size_t child = 2 * place + 1; child < n; child = 2 * place + 1) {
    if (child + 1 < n && is_less(&list[child + 1], &list[child])) {
      child++;
    }
    if (!is_less(&list[child], &moved)) {
      break;
    }
    list[place] = list[child];
    place = child;
  }
  list[place] = moved;
}

/* Selection in the caller's array: no copy of all counters, and qsort might allocate. */
size_t topk_list(const struct topk *t, struct topk_item *out, size_t n)
{
  if (n > t->count) {
    n = t->count;
  }
  for (size_t i = 0; i < n; i++) {
    out[i] = t->node[i].item;
  }
  for (size_t place = n / 2; place-- > 0;) {
    sift_list(out, n, place);
  }
  for (size_t i = n; i < t->count && n > 0; i++) {
    if (is_less(&out[0], &t->node[i].item)) {
      out[0] = t->node[i].item;
      sift_list(out, n, 0);
    }
  }
  /* Taking the worst off, one after the other, fills the list from its end. */
  for (size_t left = n; left > 1; left--) {
    struct topk_item worst = out[0];
    out[0] = out[left - 1];
    out[left - 1] = worst;
    sift_list(out, left - 1, 0);
  }
  return n;
}

uint64_t topk_floor(const struct topk *t)
{
  return t->floor;
}

size_t topk_count(const struct topk *t)
{
  return t->count;
}
