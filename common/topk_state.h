/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a Space-Saving summary, shared by topk.c (feeding and merging) and topk_list.c
 * (reading). Nobody else includes it.
 *
 * A merge raises every counter that the other summary does not name by the other's floor. Nearly
 * all are such, so the raise is kept once, in `lift`: what stands in a node or in the heap is the
 * count (the error) less lift, modulo 2^64. Adding the same to all leaves their order alone. */
#ifndef COMMON_TOPK_STATE_H
#define COMMON_TOPK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/topk_item.h"

#define TOPK_NO_NODE UINT32_MAX

/* One counter. Nodes never move: heap and index point at them by number. */
struct topk_node {
  struct topk_item item;
  uint32_t place; /* in the heap */
  uint32_t round; /* of the last merge that named it */
};

/* The count of a node is repeated here: most comparisons end without a look at the node. */
struct topk_place {
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
  uint64_t lift;    /* on top of what nodes and heap hold, for all of them alike */
  uint64_t largest; /* no count is larger */
  uint32_t round;
  struct topk_node *node;
  struct topk_place *heap; /* the least stands at 0 */
  uint32_t *index;         /* slot -> node, TOPK_NO_NODE for a hole */
};

/* Whether a ranks behind b: the smaller count, then the larger address. */
static inline bool topk_is_less(const struct topk_item *a, const struct topk_item *b)
{
  if (a->count != b->count) {
    return a->count < b->count;
  }
  return addr_compare(&a->addr, &b->addr) > 0;
}

/* The counter as everybody outside is to see it. */
static inline struct topk_item topk_raised(const struct topk *t, const struct topk_item *held)
{
  struct topk_item item = *held;
  item.count += t->lift;
  item.error += t->lift;
  return item;
}

static inline size_t topk_home(const struct topk *t, const struct addr *addr)
{
  return hash_bytes(addr->byte, sizeof(addr->byte)) & t->mask;
}

/* At most half of the slots are taken, so there is always a hole to stop at. */
static inline size_t topk_slot(const struct topk *t, const struct addr *addr)
{
  size_t slot = topk_home(t, addr);
  while (t->index[slot] != TOPK_NO_NODE && !addr_equal(&t->node[t->index[slot]].item.addr, addr)) {
    slot = (slot + 1) & t->mask;
  }
  return slot;
}

#endif
