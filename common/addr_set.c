/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of 24 bytes at a load of at most three quarters: 32 bytes an address. A hole is a slot of
 * zeros, so that room which is never used is never touched; removal shifts the cluster behind it
 * back, so there are no tombstones. */
#include "common/addr_set.h"

#include <stdlib.h>

#include "common/err.h"
#include "common/hash.h"

#define CAPACITY_MAX ((size_t)1 << 30)

/* mark: 0 for a hole, else the stamp moved up by 2^63, so that the earliest one is next to 0. */
struct slot {
  struct addr addr;
  uint64_t mark;
};

/* One block: the head, and behind it the ring of slots.
 *
 *   slot   0     1     2     3     4   ...      a and b have their home at 1, c at 2:
 *        [   ] [ a ] [ b ] [ c ] [   ]          each lies in the first hole from its home on */
struct addr_set {
  size_t capacity;
  size_t count;
  size_t slots;
  uint64_t least_mark; /* none is below: asking for earlier ones needs no walk */
  struct slot slot[];
};

/* No stamp is lost to the hole's mark: INT64_MIN is taken as the next one. */
static uint64_t mark_of(int64_t stamp_ns)
{
  uint64_t mark = (uint64_t)stamp_ns ^ UINT64_C(1) << 63;
  return mark > 0 ? mark : 1;
}

static int64_t stamp_of(uint64_t mark)
{
  return (int64_t)(mark ^ UINT64_C(1) << 63);
}

/* The bound keeps the multiplication from wrapping where size_t has 32 bits. */
struct addr_set *addr_set_new(size_t capacity)
{
  if (capacity > CAPACITY_MAX) {
    return NULL;
  }
  size_t slots = capacity + capacity / 3 + 1;
  struct addr_set *set = calloc(1, sizeof(*set) + slots * sizeof(set->slot[0]));
  if (set != NULL) {
    set->capacity = capacity;
    set->slots = slots;
    set->least_mark = UINT64_MAX;
  }
  return set;
}

void addr_set_free(struct addr_set *set)
{
  free(set);
}

void addr_set_clear(struct addr_set *set)
{
  set->count = 0;
  set->least_mark = UINT64_MAX;
  for (size_t i = 0; i < set->slots; i++) {
    set->slot[i].mark = 0;
  }
}

static bool is_empty(const struct addr_set *set, size_t i)
{
  return set->slot[i].mark == 0;
}

/* Lemire's fast range: the hash's upper half scaled to the number of slots, with no division. */
static size_t home_of(const struct addr_set *set, const struct addr *a)
{
  return (size_t)(((hash_bytes(a->byte, sizeof(a->byte)) >> 32) * set->slots) >> 32);
}

/* The table is a ring. */
static size_t after(const struct addr_set *set, size_t i)
{
  return i + 1 == set->slots ? 0 : i + 1;
}

/* The slot of a, or the hole where it would go. One slot more than capacity is always a hole. */
static size_t find(const struct addr_set *set, const struct addr *a)
{
  size_t i = home_of(set, a);
  while (!is_empty(set, i) && !addr_equal(&set->slot[i].addr, a)) {
    i = after(set, i);
  }
  return i;
}

/* A renewed stamp may also be older than the one that was there: the last call counts. */
int addr_set_add(struct addr_set *set, const struct addr *a, int64_t stamp_ns, bool *is_new)
{
  size_t i = find(set, a);
  bool was_absent = is_empty(set, i);
  /* Renewing needs no room: only a new address can be too many. */
  if (was_absent && set->count == set->capacity) {
    return ERR_LIMIT;
  }
  if (was_absent) {
    set->slot[i].addr = *a;
    set->count++;
  }
  uint64_t mark = mark_of(stamp_ns);
  set->slot[i].mark = mark;
  set->least_mark = mark < set->least_mark ? mark : set->least_mark;
  if (is_new != NULL) {
    *is_new = was_absent;
  }
  return 0;
}

bool addr_set_contains(const struct addr_set *set, const struct addr *a)
{
  return !is_empty(set, find(set, a));
}

int addr_set_stamp(const struct addr_set *set, const struct addr *a, int64_t *stamp_ns)
{
  size_t i = find(set, a);
  if (is_empty(set, i)) {
    return ERR_NOT_FOUND;
  }
  *stamp_ns = stamp_of(set->slot[i].mark);
  return 0;
}

/* How far slot `to` lies behind slot `from`, walking forward. */
static size_t distance(const struct addr_set *set, size_t from, size_t to)
{
  return to >= from ? to - from : to + set->slots - from;
}

/* Knuth 6.4 algorithm R: pull back whoever the new hole would cut off from its home. */
static void remove_slot(struct addr_set *set, size_t hole)
{
  for (size_t i = after(set, hole); !is_empty(set, i); i = after(set, i)) {
    size_t home = home_of(set, &set->slot[i].addr);
    /* Its home lies at or before the hole: a search from there would stop at the hole. */
    if (distance(set, home, i) >= distance(set, hole, i)) {
      set->slot[hole] = set->slot[i];
      hole = i;
    }
  }
  set->slot[hole].mark = 0;
  set->count--;
}

int addr_set_remove(struct addr_set *set, const struct addr *a)
{
  size_t i = find(set, a);
  if (is_empty(set, i)) {
    return ERR_NOT_FOUND;
  }
  remove_slot(set, i);
  return 0;
}

size_t addr_set_expire(struct addr_set *set, int64_t before_ns)
{
  size_t before = set->count;
  uint64_t limit = mark_of(before_ns);
  if (set->least_mark >= limit) {
    return 0;
  }
  uint64_t least = UINT64_MAX;
  for (size_t i = 0; i < set->slots; i++) {
    /* The shift may bring another old one into the same slot; it never moves one that was not
     * looked at to a place before i. */
    while (!is_empty(set, i) && set->slot[i].mark < limit) {
      remove_slot(set, i);
    }
    if (!is_empty(set, i) && set->slot[i].mark < least) {
      least = set->slot[i].mark;
    }
  }
  set->least_mark = least;
  return before - set->count;
}

size_t addr_set_count(const struct addr_set *set)
{
  return set->count;
}

/* The cursor is the next slot: an addition in between may be missed, nothing comes twice. */
bool addr_set_next(const struct addr_set *set, size_t *cursor, struct addr *a, int64_t *stamp_ns)
{
  for (size_t i = *cursor; i < set->slots; i++) {
    if (!is_empty(set, i)) {
      *a = set->slot[i].addr;
      if (stamp_ns != NULL) {
        *stamp_ns = stamp_of(set->slot[i].mark);
      }
      *cursor = i + 1;
      return true;
    }
  }
  *cursor = set->slots;
  return false;
}
