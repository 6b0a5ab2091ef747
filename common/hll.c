/* SPDX-License-Identifier: Apache-2.0 */
/* HyperLogLog with Ertl's improved raw estimator, and its encoded form. */
#include "common/hll.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/err.h"
#include "common/le.h"

#define VERSION      1
#define FORM_DENSE   0
#define FORM_SPARSE  1
#define HEAD_BYTES   11
#define SPARSE_ENTRY 3
#define ESTIMATE_MAX 0x1p64                       /* a 64-bit hash tells no more items apart */
#define RANK_LIMIT   (64 - HLL_PRECISION_MIN + 2) /* ranks are below this at every precision */

/* 2^p: the standard error falls with its square root. */
static unsigned registers_of(unsigned precision)
{
  return 1U << precision;
}

/* A hash whose bits behind the register number are all zero. */
static unsigned rank_limit(unsigned precision)
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
double hll_estimate_ranks(const unsigned *with_rank, unsigned registers, unsigned rank_max)
{
  double m = registers;
  if (with_rank[0] == registers) {
    return 0.0;
  }
  double z = m * tau(1.0 - with_rank[rank_max] / m);
  for (unsigned k = rank_max - 1; k >= 1; k--) {
    z = 0.5 * (z + with_rank[k]);
  }
  z += m * sigma(with_rank[0] / m);
  /* Every register full (only a forged sketch): z is 0 and the quotient has no end. */
  return fmin(m * m / (2.0 * log(2.0) * z), ESTIMATE_MAX);
}

double hll_estimate(const struct hll *h)
{
  unsigned with_rank[RANK_LIMIT] = {0};
  for (unsigned i = 0; i < registers_of(h->precision); i++) {
    with_rank[h->rank[i]]++;
  }
  return hll_estimate_ranks(with_rank, registers_of(h->precision), rank_limit(h->precision));
}

bool hll_equal(const struct hll *a, const struct hll *b)
{
  return a->seed == b->seed && a->precision == b->precision &&
         memcmp(a->rank, b->rank, registers_of(a->precision)) == 0;
}

/* A maximum commutes and may be repeated: order and doubles do not matter. Sixteen at once, which
 * divide every 2^p: the compiler makes one instruction of them. */
int hll_merge(struct hll *into, const struct hll *from)
{
  if (into->seed != from->seed || into->precision != from->precision) {
    return ERR_CONFLICT;
  }
  for (unsigned block = 0; block < registers_of(into->precision); block += 16) {
    for (unsigned i = block; i < block + 16; i++) {
      into->rank[i] = from->rank[i] > into->rank[i] ? from->rank[i] : into->rank[i];
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
  for (unsigned i = 0; i < registers_of(h->precision); i++) {
    if (h->rank[i] == 0) {
      continue;
    }
    /* The low bits of the register number become the first bits that the rank counts. */
    unsigned low = i & (registers_of(given_up) - 1);
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

/* Registers in ascending order, empty ones left out. */
static size_t encode_sparse(const struct hll *h, uint8_t *out)
{
  size_t length = 0;
  for (unsigned i = 0; i < registers_of(h->precision); i++) {
    if (h->rank[i] != 0) {
      length += le_put_u16(out + length, i);
      out[length++] = h->rank[i];
    }
  }
  return length;
}

/* Dense as soon as it is no longer than sparse. Which form that is follows from the registers, so
 * bytes compare. */
static unsigned form_for(const struct hll *h, unsigned *used)
{
  *used = 0;
  for (unsigned i = 0; i < registers_of(h->precision); i++) {
    *used += h->rank[i] != 0 ? 1 : 0;
  }
  return 2 + SPARSE_ENTRY * *used >= registers_of(h->precision) ? FORM_DENSE : FORM_SPARSE;
}

size_t hll_encode(const struct hll *h, uint8_t out[HLL_ENCODED_MAX])
{
  unsigned used = 0;
  unsigned form = form_for(h, &used);
  out[0] = VERSION;
  out[1] = h->precision;
  (void)le_put_u64(out + 2, h->seed);
  out[10] = (uint8_t)form;
  if (form == FORM_DENSE) {
    memcpy(out + HEAD_BYTES, h->rank, registers_of(h->precision));
    return HEAD_BYTES + registers_of(h->precision);
  }
  size_t length = HEAD_BYTES + le_put_u16(out + HEAD_BYTES, used);
  return length + encode_sparse(h, out + length);
}

/* A rank beyond what a hash can give would poison every merge that follows: refused. */
static int decode_dense(struct rd *r, struct hll *h)
{
  const uint8_t *ranks = rd_take(r, registers_of(h->precision));
  if (ranks == NULL) {
    return ERR_TRUNCATED;
  }
  for (unsigned i = 0; i < registers_of(h->precision); i++) {
    if (ranks[i] > rank_limit(h->precision)) {
      return ERR_MALFORMED;
    }
    h->rank[i] = ranks[i];
  }
  return 0;
}

/* Ascending numbers make the form unique and a register twice impossible. */
static int decode_sparse(struct rd *r, struct hll *h)
{
  unsigned used = le_u16(r);
  unsigned least = 0; /* the smallest register number that may come next */
  for (unsigned n = 0; n < used; n++) {
    unsigned number = le_u16(r);
    unsigned rank = rd_u8(r);
    if (r->has_failed) {
      break;
    }
    /* A rank of 0 would be an empty register, which the form leaves out. */
    if (number < least || number >= registers_of(h->precision) || rank == 0 ||
        rank > rank_limit(h->precision)) {
      return ERR_MALFORMED;
    }
    h->rank[number] = (uint8_t)rank;
    least = number + 1;
  }
  return r->has_failed ? ERR_TRUNCATED : 0;
}

/* Into a sketch of its own first: out is whole or untouched. The form that the encoder would not
 * have chosen is refused: one sketch, one encoding. */
int hll_decode(const uint8_t *bytes, size_t length, struct hll *out)
{
  struct rd r = rd_init(bytes, length);
  unsigned version = rd_u8(&r);
  unsigned precision = rd_u8(&r);
  uint64_t seed = le_u64(&r);
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
  unsigned used = 0;
  if (err == 0 && (rd_left(&r) != 0 || form != form_for(&decoded, &used))) {
    err = ERR_MALFORMED;
  }
  if (err == 0) {
    *out = decoded;
  }
  return err;
}
