/* SPDX-License-Identifier: Apache-2.0 */
/* HyperLogLog: how many distinct items a stream holds, in fixed memory.
 *
 * Source: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", AofA 2007; the estimator is Ertl's
 * improved raw estimator ("New cardinality estimation algorithms for HyperLogLog sketches", 2017),
 * which needs no bias table. Standard error 1.04/sqrt(2^p): p = 12: 1.63 %, p = 8: 6.5 %.
 *
 * A 64-bit hash:  | p bits: register number | the rest: 1 + leading zeros = rank |
 *
 * Merging is the maximum of each register: merge(split stream) = sketch(whole stream), bit for bit.
 *
 * Encoded:  byte 0  version (1) | byte 1  p | bytes 2..9  seed, little endian | byte 10  form
 *           form 0 (dense):  2^p bytes, one rank each
 *           form 1 (sparse): n (2 bytes LE), then n x (register 2 bytes LE, rank 1 byte),
 * ascending; just where that is shorter */
#ifndef COMMON_HLL_H
#define COMMON_HLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HLL_PRECISION_MIN    4
#define HLL_PRECISION_MAX    12
#define HLL_PRECISION_SECOND 8  /* on second records */
#define HLL_PRECISION_MINUTE 12 /* on minute records */
#define HLL_ENCODED_MAX      (11 + 4096)

struct hll {
  uint64_t seed;
  uint8_t precision;
  uint8_t rank[1 << HLL_PRECISION_MAX]; /* the first 2^precision are used */
};

/* Empties h. precision within HLL_PRECISION_MIN..MAX (asserted). */
void hll_init(struct hll *h, unsigned precision, uint64_t seed);
/* Adds an item by its 64-bit hash, which must be made with h->seed. The bit set below the rest ends
 * the count of zeros where the hash does. */
static inline void hll_add(struct hll *h, uint64_t hash)
{
  unsigned p = h->precision;
  unsigned rank = (unsigned)__builtin_clzll(hash << p | UINT64_C(1) << (p - 1)) + 1;
  uint8_t *at = &h->rank[hash >> (64 - p)];
  if (rank > *at) {
    *at = (uint8_t)rank;
  }
}
double hll_estimate(const struct hll *h);
/* The same for registers that are kept elsewhere: with_rank[k] of them hold rank k, k =
 * 0..rank_max; rank_max itself may stand for all larger ranks too. */
double hll_estimate_ranks(const unsigned *with_rank, unsigned registers, unsigned rank_max);
/* Same seed, precision and ranks. */
bool hll_equal(const struct hll *a, const struct hll *b);
/* into := union. ERR_CONFLICT when seed or precision differ; into is unchanged then. */
int hll_merge(struct hll *into, const struct hll *from);
/* out := h as if it had been kept at the smaller precision. ERR_CONFLICT when it is larger. */
int hll_fold(const struct hll *h, unsigned precision, struct hll *out);
/* The shorter of the two forms into out[HLL_ENCODED_MAX]; returns its length. */
size_t hll_encode(const struct hll *h, uint8_t out[HLL_ENCODED_MAX]);
/* ERR_TRUNCATED, ERR_MALFORMED (rank or register out of range, not ascending, trailing bytes, the
 * longer form), ERR_UNSUPPORTED (version); out is untouched on failure. */
int hll_decode(const uint8_t *bytes, size_t length, struct hll *out);

#endif
