/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram with fixed logarithmic bounds: four buckets for each power of two.
 *
 * The mapping is that of DDSketch with linear interpolation (Masson, Rim, Lee, VLDB 2019), integer
 * only: a value lies in its bucket within 12.5 % of the bucket's middle. Buckets merge by addition,
 * bit for bit: merge(split stream) = histogram(whole stream).
 *
 *   bucket 0..3: the values 0..3;   bucket 4e+q-4 (e >= 2): [2^e + q 2^(e-2), 2^e + (q+1) 2^(e-2))
 *
 * for q = 0..3, up to 2^17 - 1; what is larger is counted in the last bucket.
 *
 * Encoded:  byte 0  version (1) | byte 1  buckets (64) | from byte 2  the counts, as
 *           common/buckets.h draws them. There is no seed: bounds are fixed, nothing is hashed. */
#ifndef COMMON_HIST_H
#define COMMON_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HIST_BUCKETS     64
#define HIST_ENCODED_MAX (3 + 10 * HIST_BUCKETS)

struct hist {
  uint64_t bucket[HIST_BUCKETS];
};

unsigned hist_bucket(uint32_t value);
/* First and last value of a bucket. */
void hist_bounds(unsigned bucket, uint32_t *low, uint32_t *high);
static inline void hist_add(struct hist *h, uint32_t value)
{
  h->bucket[hist_bucket(value)]++;
}
/* Same counts. */
bool hist_equal(const struct hist *a, const struct hist *b);
/* into := sum, saturating. All histograms of one version are alike, so there is none to refuse. */
void hist_merge(struct hist *into, const struct hist *from);
uint64_t hist_total(const struct hist *h);
/* The lower bound of the bucket that holds quantile q (0..1); 0 when empty. */
uint32_t hist_quantile(const struct hist *h, double q);
/* Jensen-Shannon divergence of two histograms as distributions, in bits: 0 (alike) .. 1 (disjoint).
 * Source: Lin, "Divergence measures based on the Shannon entropy", 1991. 0 when either is empty. */
double hist_divergence(const struct hist *a, const struct hist *b);

/* Into out[HIST_ENCODED_MAX]; returns its length. Equal histograms give equal bytes. */
size_t hist_encode(const struct hist *h, uint8_t out[HIST_ENCODED_MAX]);
/* ERR_TRUNCATED, ERR_MALFORMED, ERR_UNSUPPORTED (version), ERR_CONFLICT (another number of
 * buckets); out is untouched on failure. */
int hist_decode(const uint8_t *bytes, size_t length, struct hist *out);

#endif
