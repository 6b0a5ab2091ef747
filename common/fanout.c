/* SPDX-License-Identifier: Apache-2.0 */
/* SpreadSketch with registers of HyperLogLog in its cells.
 *
 * All rows take rank and priority of a pair (address, item) from one hash. So an address has the
 * same registers in each of its cells but for what others add there, and the least of its cells,
 * register by register, bounds its own from above more closely than the least of their estimates.
 */
#include "common/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/fanout_cells.h"
#include "common/hash.h"
#include "common/hll.h"

struct fanout *fanout_new(uint64_t seed)
{
  struct fanout *f = calloc(1, sizeof(*f));
  if (f != NULL) {
    f->seed = seed;
  }
  return f;
}

void fanout_free(struct fanout *f)
{
  free(f);
}

void fanout_clear(struct fanout *f)
{
  memset(f->cell, 0, sizeof(f->cell));
}

/* MurmurHash3's finaliser over both. The pair and not the item alone: else a host that everybody
 * talks to would give all of them the same rank and priority at once. */
static uint64_t pair_hash(uint64_t address_hash, uint64_t item)
{
  uint64_t x = address_hash * UINT64_C(0x9e3779b97f4a7c15) + item;
  x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
  x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ x >> 33;
}

/* The rarer the hash, the higher: leading zeros, and ten more bits so that ties are rare.
 *
 *   hash  0 0 0 1 m m m m m m m m m m ...     priority  | 3: 6 bits | not m: 10 bits |   */
static uint16_t priority_of(uint64_t pair, unsigned zeros)
{
  unsigned mantissa = (unsigned)(pair << zeros << 1 >> 54);
  unsigned priority = zeros << 10 | (0x3ff - mantissa);
  return (uint16_t)(priority > 0 ? priority : 1);
}

/* An order of (priority, address), whose maximum neither order nor grouping of a merge changes. */
static bool is_beaten(const struct fanout_cell *cell, uint16_t priority, const struct addr *addr)
{
  if (priority != cell->priority) {
    return priority > cell->priority;
  }
  return addr_compare(addr, &cell->addr) < 0;
}

void fanout_add(struct fanout *f, const struct addr *addr, uint64_t item)
{
  uint64_t address_hash = hash_addr(f->seed, addr);
  uint64_t pair = pair_hash(address_hash, item);
  unsigned zeros = (unsigned)__builtin_clzll(pair | 1);
  unsigned rank = zeros + 1 < FANOUT_RANK_MAX ? zeros + 1 : FANOUT_RANK_MAX;
  unsigned number = pair % FANOUT_REGISTERS;
  uint16_t priority = priority_of(pair, zeros);
  for (unsigned row = 0; row < FANOUT_ROWS; row++) {
    struct fanout_cell *cell = &f->cell[fanout_cell_of(address_hash, row)];
    if (rank > fanout_rank(cell->rank, number)) {
      fanout_set_rank(cell->rank, number, rank);
    }
    if (is_beaten(cell, priority, addr)) {
      cell->priority = priority;
      cell->addr = *addr;
    }
  }
}

/* Two ranks a byte, each half by itself. */
static uint8_t smaller_ranks(uint8_t a, uint8_t b)
{
  unsigned low = (a & 0xfU) < (b & 0xfU) ? a & 0xfU : b & 0xfU;
  unsigned high = (a & 0xf0U) < (b & 0xf0U) ? a & 0xf0U : b & 0xf0U;
  return (uint8_t)(high | low);
}

static uint8_t larger_ranks(uint8_t a, uint8_t b)
{
  unsigned low = (a & 0xfU) > (b & 0xfU) ? a & 0xfU : b & 0xfU;
  unsigned high = (a & 0xf0U) > (b & 0xf0U) ? a & 0xf0U : b & 0xf0U;
  return (uint8_t)(high | low);
}

double fanout_estimate(const struct fanout *f, const struct addr *addr)
{
  uint64_t address_hash = hash_addr(f->seed, addr);
  uint8_t rank[FANOUT_RANK_BYTES];
  memcpy(rank, f->cell[fanout_cell_of(address_hash, 0)].rank, sizeof(rank));
  for (unsigned row = 1; row < FANOUT_ROWS; row++) {
    const struct fanout_cell *cell = &f->cell[fanout_cell_of(address_hash, row)];
    for (unsigned i = 0; i < FANOUT_RANK_BYTES; i++) {
      rank[i] = smaller_ranks(rank[i], cell->rank[i]);
    }
  }
  unsigned with_rank[FANOUT_RANK_MAX + 1] = {0};
  for (unsigned i = 0; i < FANOUT_REGISTERS; i++) {
    with_rank[fanout_rank(rank, i)]++;
  }
  return hll_estimate_ranks(with_rank, FANOUT_REGISTERS, FANOUT_RANK_MAX);
}

/* Larger estimates first; those of one estimate by address. */
static bool is_before(const struct fanout_item *a, const struct fanout_item *b)
{
  if (a->estimate > b->estimate || a->estimate < b->estimate) {
    return a->estimate > b->estimate;
  }
  return addr_compare(&a->addr, &b->addr) < 0;
}

/* Whether the candidate of this cell stands in a cell of an earlier row too. */
static bool is_repeated(const struct fanout *f, unsigned row, const struct addr *addr)
{
  uint64_t address_hash = hash_addr(f->seed, addr);
  for (unsigned earlier = 0; earlier < row; earlier++) {
    const struct fanout_cell *cell = &f->cell[fanout_cell_of(address_hash, earlier)];
    if (cell->priority != 0 && addr_equal(&cell->addr, addr)) {
      return true;
    }
  }
  return false;
}

/* Insertion into a sorted list: candidates are few. */
static size_t list_one(struct fanout_item *out, size_t n, size_t max,
                       const struct fanout_item *item)
{
  size_t place = n;
  while (place > 0 && is_before(item, &out[place - 1])) {
    place--;
  }
  if (place == max) {
    return n;
  }
  size_t behind = (n < max ? n : max - 1) - place;
  memmove(&out[place + 1], &out[place], behind * sizeof(*out));
  out[place] = *item;
  return n < max ? n + 1 : max;
}

size_t fanout_list(const struct fanout *f, double least, struct fanout_item *out, size_t max)
{
  size_t n = 0;
  for (unsigned i = 0; i < FANOUT_CELLS; i++) {
    const struct fanout_cell *cell = &f->cell[i];
    if (cell->priority == 0 || is_repeated(f, i / FANOUT_COLUMNS, &cell->addr)) {
      continue;
    }
    struct fanout_item item = {cell->addr, fanout_estimate(f, &cell->addr)};
    if (item.estimate >= least) {
      n = list_one(out, n, max, &item);
    }
  }
  return n;
}

bool fanout_equal(const struct fanout *a, const struct fanout *b)
{
  return a->seed == b->seed && memcmp(a->cell, b->cell, sizeof(a->cell)) == 0;
}

/* Maxima only: neither order nor doubles matter. A cell that nobody holds beats none. */
int fanout_merge(struct fanout *into, const struct fanout *from)
{
  if (into->seed != from->seed) {
    return ERR_CONFLICT;
  }
  for (unsigned i = 0; i < FANOUT_CELLS; i++) {
    struct fanout_cell *cell = &into->cell[i];
    const struct fanout_cell *other = &from->cell[i];
    for (unsigned k = 0; k < FANOUT_RANK_BYTES; k++) {
      cell->rank[k] = larger_ranks(cell->rank[k], other->rank[k]);
    }
    if (is_beaten(cell, other->priority, &other->addr)) {
      cell->priority = other->priority;
      cell->addr = other->addr;
    }
  }
  return 0;
}
