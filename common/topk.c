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

/* One counter. Nodes never move: heap and index point at them by number. */
struct node {
  struct topk_item item;
  uint32_t place; /* in the heap */
  uint32_t round; /* of the last merge that named it */
};

/* The count of a node is repeated here: most comparisons end without a look at the node. */
struct place {
  uint64_t count;
  uint32_t node;
};

_Static_assert(sizeof(struct topk_item) == 16 + 8 * 8, "items compare as memory");

/*   index: slot -> node      node[]: item, place      heap[]: place -> count, node
 *
 *   [ . ] [ 2 ] [ . ] [ 0 ]   0: 900 b  place 1            [ 700 2 ]      the least: evicted next
 *      hash of address ^      1: 950 c  place 2       [ 900 0 ] [ 950 1 ]
 *                             2: 700 a  place 0 */
struct topk {
  size_t capacity;
  size_t count;
  size_t mask; /* of the index, whose size is a power of two of at least twice the capacity */
  uint64_t floor;
  uint32_t round;
  struct node *node;
  struct place *heap; /* the least stands at 0 */
  uint32_t *index;    /* slot -> node, NO_NODE for a hole */
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

static struct topk_item *least(const struct topk *t)
{
  return &t->node[t->heap[0].node].item;
}

/* is_less of the items that stand there. */
static bool is_place_less(const struct topk *t, const struct place *a, const struct place *b)
{
  return a->count != b->count ? a->count < b->count
                              : is_less(&t->node[a->node].item, &t->node[b->node].item);
}

/* Node and heap point at each other. */
static void put(struct topk *t, size_t place, struct place what)
{
  t->heap[place] = what;
  t->node[what.node].place = (uint32_t)place;
}

/* After the count of the node at a place grew. The moved node is held aside, and set down once. */
static void sift_down(struct topk *t, size_t place)
{
  uint32_t n = t->heap[place].node;
  const struct place moved = {t->node[n].item.count, n};
  for (size_t child = 2 * place + 1; child < t->count; child = 2 * place + 1) {
    if (child + 1 < t->count && is_place_less(t, &t->heap[child + 1], &t->heap[child])) {
      child++;
    }
    if (!is_place_less(t, &t->heap[child], &moved)) {
      break;
    }
    put(t, place, t->heap[child]);
    place = child;
  }
  put(t, place, moved);
}

/* The same upwards, for a node that comes in at the end. */
static void sift_up(struct topk *t, size_t place, uint32_t n)
{
  const struct place moved = {t->node[n].item.count, n};
  while (place > 0 && is_place_less(t, &moved, &t->heap[(place - 1) / 2])) {
    put(t, place, t->heap[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(t, place, moved);
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
  uint32_t n = is_full ? t->heap[0].node : (uint32_t)t->count;
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
    sift_up(t, t->count - 1, n);
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
    raise_floor(t, least(t)->count);
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
  sift_down(t, t->node[n].place);
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
  if (is_less(&item, least(t))) {
    raise_floor(t, item.count);
    return;
  }
  raise_floor(t, least(t)->count);
  insert(t, &item);
}

/* Known here alone: there it may have had up to floor. Counts change all over, so the heap is built
 * anew, from the last parent up; a summary that never overflowed (floor 0) spares that. */
static void raise_others(struct topk *t, uint64_t floor)
{
  for (size_t i = 0; i < t->count; i++) {
    struct node *node = &t->node[i];
    if (node->round != t->round) {
      node->item.error = sum_of(node->item.error, floor);
      node->item.count = sum_of(node->item.count, floor);
      t->heap[node->place].count = node->item.count;
    }
  }
  for (size_t place = t->count / 2; place-- > 0;) {
    sift_down(t, place);
  }
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
  if (floor > 0) {
    raise_others(t, floor);
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

size_t topk_capacity(const struct topk *t)
{
  return t->capacity;
}

/* As many counters, and each of them found in the other: heaps of one content may differ. */
bool topk_equal(const struct topk *a, const struct topk *b)
{
  if (a->capacity != b->capacity || a->floor != b->floor || a->count != b->count) {
    return false;
  }
  for (size_t i = 0; i < a->count; i++) {
    const struct topk_item *item = &a->node[i].item;
    uint32_t n = b->index[find_slot(b, &item->addr)];
    if (n == NO_NODE || memcmp(item, &b->node[n].item, sizeof(*item)) != 0) {
      return false;
    }
  }
  return true;
}
