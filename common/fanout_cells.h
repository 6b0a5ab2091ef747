/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a fan-out sketch, which fanout.c fills and fanout_codec.c writes out. Nobody else
 * has business here: common/fanout.h is the face. */
#ifndef COMMON_FANOUT_CELLS_H
#define COMMON_FANOUT_CELLS_H

#include <stdint.h>

#include "common/addr.h"

#define FANOUT_ROWS       2
#define FANOUT_COLUMNS    157
#define FANOUT_CELLS      (FANOUT_ROWS * FANOUT_COLUMNS)
#define FANOUT_REGISTERS  64
#define FANOUT_RANK_MAX   15 /* stands for all larger ones too */
#define FANOUT_RANK_BYTES (FANOUT_REGISTERS / 2)

/*   addr: the candidate | priority | r1 r0 | r3 r2 | ...   ranks, two a byte, no padding */
struct fanout_cell {
  struct addr addr;
  uint16_t priority; /* 0: nothing was added, and all else is zero too */
  uint8_t rank[FANOUT_RANK_BYTES];
};

struct fanout {
  uint64_t seed;
  struct fanout_cell cell[FANOUT_CELLS]; /* row after row */
};

/* Where an address is counted: one cell a row, by sixteen bits of its hash each. */
static inline unsigned fanout_cell_of(uint64_t address_hash, unsigned row)
{
  unsigned bits = (unsigned)(address_hash >> (16 * row)) & 0xffff;
  return row * FANOUT_COLUMNS + (bits * FANOUT_COLUMNS >> 16);
}

static inline unsigned fanout_rank(const uint8_t *rank, unsigned number)
{
  return (unsigned)rank[number / 2] >> (number % 2 * 4) & 0xf;
}

static inline void fanout_set_rank(uint8_t *rank, unsigned number, unsigned value)
{
  unsigned shift = number % 2 * 4;
  uint8_t *at = &rank[number / 2];
  *at = (uint8_t)((*at & ~(0xfU << shift)) | value << shift);
}

#endif
