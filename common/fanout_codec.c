/* SPDX-License-Identifier: Apache-2.0 */
/* The encoded form of a fan-out sketch. A cell's place is not written: it follows from the
 * candidate's hash, so that nobody can say that a candidate stands where it cannot. */
#include <string.h>

#include "common/err.h"
#include "common/fanout.h"
#include "common/fanout_cells.h"
#include "common/hash.h"
#include "common/le.h"

#define VERSION       1
#define HEAD_BYTES    14
#define HEAD_ENTRIES  12 /* where the number of entries stands */
#define ENTRY_MAX     (1 + 2 + 16 + FANOUT_ROWS * (1 + FANOUT_RANK_BYTES))
#define LISTED_RANKS  15 /* 2 bytes each: with one more, all ranks are as short */
#define TAG_V6        0x80U
#define TAG_SAME(row) (0x10U << (row))
#define TAG_ROW(row)  (0x01U << (row))
#define ROW_BITS      ((1U << FANOUT_ROWS) - 1)

/* Longest when each cell is an entry of its own with a long address and all ranks. */
_Static_assert(HEAD_BYTES + FANOUT_CELLS * (1 + 2 + 16 + 1 + FANOUT_RANK_BYTES) <=
                   FANOUT_ENCODED_MAX,
               "every sketch fits");
_Static_assert(FANOUT_ROWS <= 3, "a tag holds three rows");
_Static_assert(sizeof(struct fanout_cell) == 16 + 2 + FANOUT_RANK_BYTES, "cells compare as memory");

/* Decides which of the two ways to write ranks is shorter. */
static unsigned used_ranks(const uint8_t *rank)
{
  unsigned used = 0;
  for (unsigned i = 0; i < FANOUT_RANK_BYTES; i++) {
    used += (rank[i] & 0x0fU) != 0 ? 1 : 0;
    used += (rank[i] & 0xf0U) != 0 ? 1 : 0;
  }
  return used;
}

/* n, then n x (number, rank); or 0, then all ranks. */
static size_t encode_ranks(const uint8_t *rank, uint8_t *out)
{
  unsigned used = used_ranks(rank);
  if (used > LISTED_RANKS) {
    out[0] = 0;
    memcpy(out + 1, rank, FANOUT_RANK_BYTES);
    return 1 + FANOUT_RANK_BYTES;
  }
  size_t length = 0;
  out[length++] = (uint8_t)used;
  for (unsigned i = 0; i < FANOUT_REGISTERS; i++) {
    if (fanout_rank(rank, i) != 0) {
      length += le_put_u16(out + length, i << 4 | fanout_rank(rank, i));
    }
  }
  return length;
}

/* An address has one priority wherever it won in one sketch. Merging forged ones can give it two:
 * then each is an entry of its own, and nothing is lost. */
static bool is_held(const struct fanout *f, uint64_t address_hash, unsigned row,
                    const struct fanout_cell *by)
{
  const struct fanout_cell *cell = &f->cell[fanout_cell_of(address_hash, row)];
  return cell->priority == by->priority && addr_equal(&cell->addr, &by->addr);
}

/* All cells that the candidate of cell i holds, when i is the first of them; else nothing. */
static size_t encode_entry(const struct fanout *f, unsigned i, uint8_t *out)
{
  const struct fanout_cell *first = &f->cell[i];
  uint64_t address_hash = hash_addr(f->seed, &first->addr);
  bool is_v4 = addr_is_v4(&first->addr);
  size_t skipped = is_v4 ? 12 : 0;
  unsigned tag = is_v4 ? 0 : TAG_V6;
  size_t length = 1 + le_put_u16(out + 1, first->priority);
  memcpy(out + length, first->addr.byte + skipped, 16 - skipped);
  length += 16 - skipped;
  for (unsigned row = 0; row < FANOUT_ROWS; row++) {
    if (!is_held(f, address_hash, row, first)) {
      continue;
    }
    const struct fanout_cell *cell = &f->cell[fanout_cell_of(address_hash, row)];
    if (cell < first) {
      return 0;
    }
    tag |= TAG_ROW(row);
    if (cell != first && memcmp(cell->rank, first->rank, FANOUT_RANK_BYTES) == 0) {
      tag |= TAG_SAME(row);
      continue;
    }
    length += encode_ranks(cell->rank, out + length);
  }
  out[0] = (uint8_t)tag;
  return length;
}

/* An entry where its first cell stands: the cells alone decide, so bytes compare. */
size_t fanout_encode(const struct fanout *f, uint8_t out[FANOUT_ENCODED_MAX])
{
  out[0] = VERSION;
  out[1] = FANOUT_ROWS;
  out[2] = FANOUT_COLUMNS;
  out[3] = FANOUT_REGISTERS;
  (void)le_put_u64(out + 4, f->seed);
  size_t length = HEAD_BYTES;
  unsigned entries = 0;
  for (unsigned i = 0; i < FANOUT_CELLS; i++) {
    if (f->cell[i].priority == 0) {
      continue;
    }
    uint8_t entry[ENTRY_MAX];
    size_t more = encode_entry(f, i, entry);
    memcpy(out + length, entry, more);
    length += more;
    entries += more > 0 ? 1 : 0;
  }
  (void)le_put_u16(out + HEAD_ENTRIES, entries);
  return length;
}

/* Into ranks that are all zero. */
static int decode_ranks(struct rd *r, uint8_t *rank)
{
  unsigned used = rd_u8(r);
  if (used == 0) {
    const uint8_t *all = rd_take(r, FANOUT_RANK_BYTES);
    if (all == NULL) {
      return ERR_TRUNCATED;
    }
    memcpy(rank, all, FANOUT_RANK_BYTES);
    return used_ranks(rank) > LISTED_RANKS ? 0 : ERR_MALFORMED;
  }
  if (used > LISTED_RANKS) {
    return ERR_MALFORMED;
  }
  unsigned least = 0; /* the smallest number that may come next */
  for (unsigned n = 0; n < used; n++) {
    unsigned both = le_u16(r);
    unsigned number = both >> 4;
    if (r->has_failed) {
      return ERR_TRUNCATED;
    }
    if (number < least || number >= FANOUT_REGISTERS || (both & 0xf) == 0) {
      return ERR_MALFORMED;
    }
    fanout_set_rank(rank, number, both & 0xf);
    least = number + 1;
  }
  return 0;
}

/* What was read of an entry, before its ranks. */
struct entry {
  struct fanout_cell cell; /* without ranks */
  uint64_t address_hash;
  unsigned rows; /* one bit each */
  unsigned same; /* those of them whose ranks are the first's */
};

/* The tag's bits must agree with each other and with the address: no two tags say the same. */
static int decode_entry_head(struct rd *r, uint64_t seed, struct entry *out)
{
  unsigned tag = rd_u8(r);
  bool is_v6 = (tag & TAG_V6) != 0;
  out->rows = tag & ROW_BITS;
  out->same = tag >> 4 & ROW_BITS;
  out->cell.priority = (uint16_t)le_u16(r);
  const uint8_t *addr = rd_take(r, is_v6 ? 16 : 4);
  if (addr == NULL) {
    return ERR_TRUNCATED;
  }
  out->cell.addr = is_v6 ? addr_from_v6(addr) : addr_from_v4(addr);
  out->address_hash = hash_addr(seed, &out->cell.addr);
  unsigned others = out->rows & (out->rows - 1); /* all but the first */
  if (out->rows == 0 || out->cell.priority == 0 || (out->same & ~others) != 0 ||
      (tag & ~(TAG_V6 | ROW_BITS | ROW_BITS << 4)) != 0 || is_v6 == addr_is_v4(&out->cell.addr)) {
    return ERR_MALFORMED;
  }
  return 0;
}

/* The ranks of one cell that the entry holds. first: its first cell, NULL when this is it. */
static int decode_cell(struct rd *r, const struct entry *entry, unsigned row,
                       const struct fanout_cell *first, struct fanout_cell *out)
{
  *out = entry->cell;
  if (first != NULL && (entry->same & TAG_ROW(row)) != 0) {
    memcpy(out->rank, first->rank, FANOUT_RANK_BYTES);
    return 0;
  }
  int err = decode_ranks(r, out->rank);
  if (err == 0 && first != NULL && memcmp(first->rank, out->rank, FANOUT_RANK_BYTES) == 0) {
    err = ERR_MALFORMED;
  }
  return err;
}

/* Puts an entry into its cells. *least: the smallest cell where it may start. What the encoder
 * would have written otherwise is refused: one sketch, one encoding. */
static int decode_entry(struct rd *r, struct fanout *f, unsigned *least)
{
  struct entry entry = {0};
  int err = decode_entry_head(r, f->seed, &entry);
  const struct fanout_cell *first = NULL;
  for (unsigned row = 0; row < FANOUT_ROWS && err == 0; row++) {
    unsigned at = fanout_cell_of(entry.address_hash, row);
    if ((entry.rows & TAG_ROW(row)) == 0) {
      err = is_held(f, entry.address_hash, row, &entry.cell) ? ERR_MALFORMED : 0;
      continue;
    }
    if (f->cell[at].priority != 0 || (first == NULL && at < *least)) {
      return ERR_MALFORMED;
    }
    err = decode_cell(r, &entry, row, first, &f->cell[at]);
    if (first == NULL) {
      first = &f->cell[at];
      *least = at + 1;
    }
  }
  return err;
}

static int decode_entries(struct rd *r, unsigned entries, struct fanout *f)
{
  unsigned least = 0;
  for (unsigned n = 0; n < entries; n++) {
    int err = decode_entry(r, f, &least);
    if (err != 0) {
      return err;
    }
  }
  return rd_left(r) != 0 ? ERR_MALFORMED : 0;
}

/* Into a sketch of its own first: f is replaced or untouched. */
int fanout_decode(const uint8_t *bytes, size_t length, struct fanout *f)
{
  struct rd r = rd_init(bytes, length);
  unsigned version = rd_u8(&r);
  unsigned rows = rd_u8(&r);
  unsigned columns = rd_u8(&r);
  unsigned registers = rd_u8(&r);
  uint64_t seed = le_u64(&r);
  unsigned entries = le_u16(&r);
  if (r.has_failed) {
    return ERR_TRUNCATED;
  }
  if (version != VERSION) {
    return ERR_UNSUPPORTED;
  }
  if (rows != FANOUT_ROWS || columns != FANOUT_COLUMNS || registers != FANOUT_REGISTERS ||
      seed != f->seed) {
    return ERR_CONFLICT;
  }
  struct fanout decoded = {.seed = seed};
  int err = decode_entries(&r, entries, &decoded);
  if (err == 0) {
    *f = decoded;
  }
  return err;
}
