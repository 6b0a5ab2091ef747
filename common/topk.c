/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving over a heap of node numbers. Ties go by address, so that which counter is evicted
 * depends on what was fed alone, never on the hash seed or the heap's history.
 *
 * floor is the largest count that was ever evicted, refused or merged in as another's floor: no
 * absent address had more. Every counter present is at least as large. */
#include "common/topk.h"

#include <stdlib.h>
#include <string.h>

#include "common/topk_state.h"

#define CAPACITY_MAX ((size_t)1 << 28)

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
  t->lift = 0;
  t->largest = 0;
  t->round = 0;
  memset(t->index, 0xff, (t->mask + 1) * sizeof(*t->index));
}

/* Saturates: a count that wrapped would push the heaviest host out. */
static uint64_t sum_of(uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The heap. */

static struct topk_item least(const struct topk *t)
{
  return topk_raised(t, &t->node[t->heap[0].node].item);
}

/* topk_is_less of the items that stand there. What is held is modulo 2^64: only raised counts
 * compare. */
static bool is_place_less(const struct topk *t, const struct topk_place *a,
                          const struct topk_place *b)
{
  if (a->count != b->count) {
    return a->count + t->lift < b->count + t->lift;
  }
  return addr_compare(&t->node[a->node].item.addr, &t->node[b->node].item.addr) > 0;
}

/* Node and heap point at each other. */
static void put(struct topk *t, size_t place, struct topk_place what)
{
  t->heap[place] = what;
  t->node[what.node].place = (uint32_t)place;
}

/* After the count of the node at a place grew. The moved node is held aside, and set down once. */
static void sift_down(struct topk *t, size_t place)
{
  uint32_t n = t->heap[place].node;
  const struct topk_place moved = {t->node[n].item.count, n};
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
  const struct topk_place moved = {t->node[n].item.count, n};
  while (place > 0 && is_place_less(t, &moved, &t->heap[(place - 1) / 2])) {
    put(t, place, t->heap[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(t, place, moved);
}

/* A count became larger or smaller. */
static void sift(struct topk *t, uint32_t n)
{
  sift_up(t, t->node[n].place, n);
  sift_down(t, t->node[n].place);
}

/* Sets a counter as everybody sees it. */
static void hold(struct topk *t, uint32_t n, const struct topk_item *item)
{
  struct topk_item *held = &t->node[n].item;
  *held = *item;
  held->count -= t->lift;
  held->error -= t->lift;
  t->largest = item->count > t->largest ? item->count : t->largest;
}

/* The index. */

/* As in addr_set.c: whoever the hole would cut off from its home is pulled back. */
static void remove_slot(struct topk *t, size_t hole)
{
  for (size_t i = (hole + 1) & t->mask; t->index[i] != TOPK_NO_NODE; i = (i + 1) & t->mask) {
    size_t home = topk_home(t, &t->node[t->index[i]].item.addr);
    if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
      t->index[hole] = t->index[i];
      hole = i;
    }
  }
  t->index[hole] = TOPK_NO_NODE;
}

/* Takes item in, evicting the least when full. */
static void insert(struct topk *t, const struct topk_item *item)
{
  bool is_full = t->count == t->capacity;
  uint32_t n = is_full ? t->heap[0].node : (uint32_t)t->count;
  if (is_full) {
    remove_slot(t, topk_slot(t, &t->node[n].item.addr));
  }
  hold(t, n, item);
  t->node[n].round = t->round;
  t->index[topk_slot(t, &item->addr)] = n;
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
  uint32_t n = t->index[topk_slot(t, addr)];
  if (n != TOPK_NO_NODE) {
    struct topk_item item = topk_raised(t, &t->node[n].item);
    item.count = sum_of(item.count, bytes);
    counts_add(&item.tx, tx);
    counts_add(&item.rx, rx);
    hold(t, n, &item);
    sift_down(t, t->node[n].place);
    return;
  }
  if (bytes == 0) {
    return; /* would push out a counter for nothing */
  }
  if (t->count == t->capacity) {
    raise_floor(t, least(t).count);
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

/* Known to both: counts and errors add, and the raise is taken back that was meant for the others.
 */
static void merge_known(struct topk *t, const struct topk_item *from, uint64_t raised)
{
  uint32_t n = t->index[topk_slot(t, &from->addr)];
  if (n == TOPK_NO_NODE) {
    return;
  }
  struct topk_item item = topk_raised(t, &t->node[n].item);
  /* A forged summary may name an address twice. */
  if (t->node[n].round != t->round) {
    item.error -= raised;
    item.count -= raised;
  }
  item.error = sum_of(item.error, from->error);
  item.count = sum_of(item.count, sum_of(from->error, own_bytes(from)));
  counts_add(&item.tx, &from->tx);
  counts_add(&item.rx, &from->rx);
  hold(t, n, &item);
  t->node[n].round = t->round;
  sift(t, n);
}

/* Known to the other alone: here it may have had up to the old floor. */
static void merge_unknown(struct topk *t, const struct topk_item *from, uint64_t old_floor)
{
  if (t->index[topk_slot(t, &from->addr)] != TOPK_NO_NODE) {
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
  const struct topk_item lowest = least(t);
  if (topk_is_less(&item, &lowest)) {
    raise_floor(t, item.count);
    return;
  }
  raise_floor(t, lowest.count);
  insert(t, &item);
}

/* Where a sum would saturate no common raise can stand for all: lift goes into the counters, each
 * of those not named is raised for itself, and the heap is built anew, from the last parent up.
 * Only forged counts are so large. */
static void raise_each(struct topk *t, uint64_t floor)
{
  for (size_t i = 0; i < t->count; i++) {
    struct topk_node *node = &t->node[i];
    uint64_t more = node->round != t->round ? floor : 0;
    node->item.error = sum_of(node->item.error + t->lift, more);
    node->item.count = sum_of(node->item.count + t->lift, more);
    t->heap[node->place].count = node->item.count;
  }
  t->lift = 0;
  t->largest = UINT64_MAX;
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
  /* Known here alone: there it may have had up to floor. All are raised at once, and the known ones
   * lowered again: they are few. */
  uint64_t raised = floor <= UINT64_MAX - t->largest ? floor : 0;
  t->round++;
  t->lift += raised;
  t->largest += raised;
  for (size_t i = 0; i < n; i++) {
    merge_known(t, &items[i], raised);
  }
  if (raised != floor) {
    raise_each(t, floor);
  }
  t->floor = sum_of(old_floor, floor);
  for (size_t i = 0; i < n; i++) {
    merge_unknown(t, &items[i], old_floor);
  }
}
