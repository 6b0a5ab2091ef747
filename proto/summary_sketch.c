/* SPDX-License-Identifier: Apache-2.0 */
/* Two forms, whichever is shorter: entries for a sketch with few registers in use, nibbles for a
 * full one.
 *
 *   entries   00 | rrrrrrrr rrrrnnnn (low byte first) [rank] | ...
 *   nibbles   01 | base | n1 n0 | n3 n2 | ... | ranks of those with n = 15 */
#include "proto/summary_sketch.h"

#include "common/err.h"
#include "common/rd.h"

#define FORM_ENTRIES 0
#define FORM_NIBBLES 1
#define WHOLE_RANK   15U /* the rank is one more byte */

/* A hash whose bits behind the register number are all zero, as in common/hll.c. */
static unsigned rank_max(const struct hll *h)
{
  return 64U - h->precision + 1;
}

/* The smallest rank: what all registers have in common. */
static unsigned rank_base(const struct hll *h)
{
  unsigned base = rank_max(h);
  for (size_t i = 0; i < (size_t)1 << h->precision; i++) {
    base = h->rank[i] < base ? h->rank[i] : base;
  }
  return base;
}

/* Two bytes for a register in use, three when its rank is beyond a nibble. */
static size_t entries_length(const struct hll *h)
{
  size_t length = 1;
  for (size_t i = 0; i < (size_t)1 << h->precision; i++) {
    length += h->rank[i] == 0 ? 0 : (h->rank[i] < WHOLE_RANK ? 2 : 3);
  }
  return length;
}

/* Half a byte for each, and one more for a rank that lies far above the smallest. */
static size_t nibbles_length(const struct hll *h, unsigned base)
{
  size_t length = 2 + ((size_t)1 << h->precision) / 2;
  for (size_t i = 0; i < (size_t)1 << h->precision; i++) {
    length += h->rank[i] - base < WHOLE_RANK ? 0 : 1;
  }
  return length;
}

/* Ascending, as they lie. */
static void put_entries(const struct hll *h, uint8_t *out)
{
  *out++ = FORM_ENTRIES;
  for (unsigned i = 0; i < 1U << h->precision; i++) {
    unsigned rank = h->rank[i];
    if (rank == 0) {
      continue;
    }
    unsigned entry = i << 4 | (rank < WHOLE_RANK ? rank : WHOLE_RANK);
    *out++ = (uint8_t)(entry & 0xff);
    *out++ = (uint8_t)(entry >> 8);
    if (rank >= WHOLE_RANK) {
      *out++ = (uint8_t)rank;
    }
  }
}

/* Two cursors: nibbles at their place, whole ranks behind the last of them. */
static void put_nibbles(const struct hll *h, unsigned base, uint8_t *out)
{
  size_t m = (size_t)1 << h->precision;
  uint8_t *whole = out + 2 + m / 2;
  *out++ = FORM_NIBBLES;
  *out++ = (uint8_t)base;
  for (size_t i = 0; i < m; i++) {
    unsigned above = h->rank[i] - base;
    if (above >= WHOLE_RANK) {
      *whole++ = h->rank[i];
      above = WHOLE_RANK;
    }
    unsigned low = i % 2 == 0 ? 0 : out[i / 2];
    out[i / 2] = (uint8_t)(low | (i % 2 == 0 ? above : above << 4));
  }
}

size_t sketch_length(const struct hll *h)
{
  size_t by_entries = entries_length(h);
  size_t by_nibbles = nibbles_length(h, rank_base(h));
  if (by_entries == 1) {
    return 0;
  }
  return by_entries <= by_nibbles ? by_entries : by_nibbles;
}

/* Which form it is follows from the registers alone, so that equal sketches are equal bytes. */
size_t sketch_encode(const struct hll *h, uint8_t *out)
{
  size_t length = sketch_length(h);
  if (length > 0 && length == entries_length(h)) {
    put_entries(h, out);
  } else if (length > 0) {
    put_nibbles(h, rank_base(h), out);
  }
  return length;
}

/* A rank beyond what a hash can give would poison every merge that follows: refused; and so is one
 * that a nibble would have held, so that the form is unique. */
static int get_rank(struct rd *r, unsigned above, unsigned base, const struct hll *h, uint8_t *out)
{
  unsigned rank = above == WHOLE_RANK ? rd_u8(r) : base + above;
  if (r->has_failed) {
    return ERR_TRUNCATED;
  }
  *out = (uint8_t)rank;
  bool is_needless = above == WHOLE_RANK && rank < base + WHOLE_RANK;
  return rank <= rank_max(h) && !is_needless ? 0 : ERR_MALFORMED;
}

/* Ascending registers make the form unique and a register twice impossible; n of 0 would be an
 * empty register, which the form leaves out. */
static int get_entries(struct rd *r, struct hll *h)
{
  unsigned least = 0; /* the smallest register that may come next */
  int err = 0;
  while (err == 0 && rd_left(r) > 0) {
    unsigned entry = rd_u8(r);
    entry |= (unsigned)rd_u8(r) << 8;
    unsigned number = entry >> 4;
    if (r->has_failed) {
      return ERR_TRUNCATED;
    }
    if (number < least || number >= 1U << h->precision || (entry & 15) == 0) {
      return ERR_MALFORMED;
    }
    err = get_rank(r, entry & 15, 0, h, &h->rank[number]);
    least = number + 1;
  }
  return err;
}

/* The cursor stands behind the nibbles then: at the whole ranks. */
static int get_nibbles(struct rd *r, struct hll *h)
{
  size_t m = (size_t)1 << h->precision;
  unsigned base = rd_u8(r);
  const uint8_t *nibbles = rd_take(r, m / 2);
  if (nibbles == NULL) {
    return ERR_TRUNCATED;
  }
  int err = 0;
  for (size_t i = 0; i < m && err == 0; i++) {
    unsigned above = i % 2 == 0 ? nibbles[i / 2] & 15U : nibbles[i / 2] >> 4;
    err = get_rank(r, above, base, h, &h->rank[i]);
  }
  return err;
}

/* h may be half written on failure: its owner throws it away. */
int sketch_decode(const uint8_t *bytes, size_t length, struct hll *h)
{
  if (length == 0) {
    return 0;
  }
  struct rd r = rd_init(bytes, length);
  unsigned form = rd_u8(&r);
  if (form > FORM_NIBBLES) {
    return ERR_MALFORMED;
  }
  int err = form == FORM_ENTRIES ? get_entries(&r, h) : get_nibbles(&r, h);
  return err == 0 && rd_left(&r) > 0 ? ERR_MALFORMED : err;
}
