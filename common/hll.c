/* SPDX-License-Identifier: Apache-2.0 */
/* HyperLogLog with Ertl's improved raw estimator, and its encoded form. */
#include "common/hll.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/err.h"
#include "common/rd.h"

#define VERSION      1
#define FORM_DENSE   0
#define FORM_SPARSE  1
#define HEAD_BYTES   11
#define SPARSE_ENTRY 3
#define ESTIMATE_MAX 0x1p64                       /* a 64-bit hash tells no more items apart */
#define RANK_LIMIT   (64 - HLL_PRECISION_MIN + 2) /* ranks are below this at every precision */

/* 2^p: the standard error falls with its square root. */
static unsigned registers(unsigned precision)
{
  return 1U << precision;
}

/* A hash whose bits behind the register number are all zero. */
static unsigned rank_max(unsigned precision)
{
  return 64 - precision + 1;
}

/* The whole array is zeroed, also beyond 2^precision: sketches may be compared as memory. */
void hll_init(struct hll *h, unsigned precision, uint64_t seed)
{
  assert(precision >= HLL_PRECISION_MIN && precision <= HLL_PRECISION_MAX);
  memset(h, 0, sizeof(*h));
  h->seed = seed;
  h->precision = (uint8_t)precision;
}

/* hash  | number: p bits | 0 0 1 x x x ... |   rank 3: two zeros before the first one */
void hll_add(struct hll *h, uint64_t hash)
{
  unsigned number = (unsigned)(hash >> (64 - h->precision));
  uint64_t rest = hash << h->precision;
  unsigned rank = rank_max(h->precision);
  if (rest != 0) {
    rank = (unsigned)__builtin_clzll(rest) + 1;
  }
  if (rank > h->rank[number]) {
    h->rank[number] = (uint8_t)rank;
  }
}

/* Ertl's sigma: the expected share of registers that are empty, summed as a series. */
static double sigma(double x)
{
  if (x >= 1.0) {
    return HUGE_VAL;
  }
  double y = 1.0;
  double z = x;
  double before = -1.0;
  while (z > before) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

/* Ertl's tau: the same for registers that are full. */
static double tau(double x)
{
  if (x <= 0.0 || x >= 1.0) {
    return 0.0;
  }
  double y = 1.0;
  double z = 1.0 - x;
  double before = z + 1.0;
  while (z < before) {
    x = sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1.0 - x) * (1.0 - x) * y;
  }
  return z / 3.0;
}

/* From the counts of each rank alone, by Horner's scheme from the largest down (Ertl 2017,
 * algorithm 6): no ranges to switch between, so no steps at their borders. */
double hll_estimate(const struct hll *h)
{
  unsigned m = registers(h->precision);
  unsigned q = 64U - h->precision;
  unsigned with_rank[RANK_LIMIT] = {0};
  for (unsigned i = 0; i < m; i++) {
    with_rank[h->rank[i]]++;
  }
  if (with_rank[0] == m) {
    return 0.0;
  }
  double z = m * tau(1.0 - (double)with_rank[q + 1] / m);
  for (unsigned k = q; k >= 1; k--) {
    z = 0.5 * (z + with_rank[k]);
  }
  z += m * sigma((double)with_rank[0] / m);
  /* Every register full (only a forged sketch): z is 0 and the quotient has no end. */
  return fmin((double)m * m / (2.0 * log(2.0) * z), ESTIMATE_MAX);
}

/* A maximum commutes and may be repeated: order and doubles do not matter. */
int hll_merge(struct hll *into, const struct hll *from)
{
  if (into->seed != from->seed || into->precision != from->precision) {
    return ERR_CONFLICT;
  }
  for (unsigned i = 0; i < registers(into->precision); i++) {
    if (from->rank[i] > into->rank[i]) {
      into->rank[i] = from->rank[i];
    }
  }
  return 0;
}

/* p = 12   number | aaaaaaaa bbbb | rank of the rest
 * p = 8    number | aaaaaaaa |      rank of bbbb + rest
 *
 * If bbbb has a one, the rank ends there; else it goes on through all of bbbb. */
int hll_fold(const struct hll *h, unsigned precision, struct hll *out)
{
  if (precision > h->precision || precision < HLL_PRECISION_MIN) {
    return ERR_CONFLICT;
  }
  unsigned given_up = h->precision - precision;
  struct hll folded;
  hll_init(&folded, precision, h->seed);
  for (unsigned i = 0; i < registers(h->precision); i++) {
    if (h->rank[i] == 0) {
      continue;
    }
    /* The low bits of the register number become the first bits that the rank counts. */
    unsigned low = i & (registers(given_up) - 1);
    unsigned rank = given_up + h->rank[i];
    if (low != 0) {
      rank = given_up - (31U - (unsigned)__builtin_clz(low));
    }
    uint8_t *at = &folded.rank[i >> given_up];
    if (rank > *at) {
      *at = (uint8_t)rank;
    }
  }
  *out = folded;
  return 0;
}

static size_t put_u16(uint8_t *out, unsigned value)
{
  out[0] = (uint8_t)(value & 0xff);
  out[1] = (uint8_t)(value >> 8);
  return 2;
}

/* Registers in ascending order, empty ones left out. */
static size_t encode_sparse(const struct hll *h, uint8_t *out)
{
  size_t length = 0;
  for (unsigned i = 0; i < registers(h->precision); i++) {
    if (h->rank[i] != 0) {
      length += put_u16(out + length, i);
      out[length++] = h->rank[i];
    }
  }
  return length;
}

/* Both forms hold the same; which is shorter follows from the registers, so bytes compare. */
size_t hll_encode(const struct hll *h, uint8_t out[HLL_ENCODED_MAX])
{
  size_t m = registers(h->precision);
  unsigned used = 0;
  for (size_t i = 0; i < m; i++) {
    used += h->rank[i] != 0;
  }
  out[0] = VERSION;
  out[1] = h->precision;
  for (unsigned i = 0; i < 8; i++) {
    out[2 + i] = (uint8_t)(h->seed >> (8 * i));
  }
  /* Dense as soon as it is no longer than sparse. */
  if (2 + SPARSE_ENTRY * (size_t)used >= m) {
    out[10] = FORM_DENSE;
    memcpy(out + HEAD_BYTES, h->rank, m);
    return HEAD_BYTES + m;
  }
  out[10] = FORM_SPARSE;
  size_t length = HEAD_BYTES + put_u16(out + HEAD_BYTES, used);
  return length + encode_sparse(h, out + length);
}

/* Little endian, unlike rd_u16: the encoded form is. */
static unsigned get_u16(struct rd *r)
{
  unsigned low = rd_u8(r);
  return low | (unsigned)rd_u8(r) << 8;
}

/* A rank beyond what a hash can give would poison every merge that follows: refused. */
static int decode_dense(struct rd *r, struct hll *h)
{
  const uint8_t *ranks = rd_take(r, registers(h->precision));
  if (ranks == NULL) {
    return ERR_TRUNCATED;
  }
  for (unsigned i = 0; i < registers(h->precision); i++) {
    if (ranks[i] > rank_max(h->precision)) {
      return ERR_MALFORMED;
    }
    h->rank[i] = ranks[i];
  }
  return 0;
}

/* Ascending numbers make the form unique and a register twice impossible. */
static int decode_sparse(struct rd *r, struct hll *h)
{
  unsigned used = get_u16(r);
  unsigned least = 0; /* the smallest register number that may come next */
  for (unsigned n = 0; n < used; n++) {
    unsigned number = get_u16(r);
    unsigned rank = rd_u8(r);
    if (r->has_failed) {
      break;
    }
    /* A rank of 0 would be an empty register, which the form leaves out. */
    if (number < least || number >= registers(h->precision) || rank == 0 ||
        rank > rank_max(h->precision)) {
      return ERR_MALFORMED;
    }
    h->rank[number] = (uint8_t)rank;
    least = number + 1;
  }
  return r->has_failed ? ERR_TRUNCATED : 0;
}

/* Into a sketch of its own first: out is whole or untouched. */
int hll_decode(const uint8_t *bytes, size_t length, struct hll *out)
{
  struct rd r = rd_init(bytes, length);
  unsigned version = rd_u8(&r);
  unsigned precision = rd_u8(&r);
  uint64_t seed = 0;
  for (unsigned i = 0; i < 8; i++) {
    seed |= (uint64_t)rd_u8(&r) << (8 * i);
  }
  unsigned form = rd_u8(&r);
  if (r.has_failed) {
    return ERR_TRUNCATED;
  }
  if (version != VERSION) {
    return ERR_UNSUPPORTED;
  }
  if (precision < HLL_PRECISION_MIN || precision > HLL_PRECISION_MAX || form > FORM_SPARSE) {
    return ERR_MALFORMED;
  }
  struct hll decoded;
  hll_init(&decoded, precision, seed);
  int err = form == FORM_DENSE ? decode_dense(&r, &decoded) : decode_sparse(&r, &decoded);
  if (err == 0 && rd_left(&r) != 0) {
    err = ERR_MALFORMED;
  }
  if (err == 0) {
    *out = decoded;
  }
  return err;
}
