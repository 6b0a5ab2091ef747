/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy of a stream by bucket counts: items are hashed into a few buckets, the buckets' shares
 * give the entropy. What falls together only lowers it.
 *
 * Source: Lakhina, Crovella, Diot, "Mining anomalies using traffic feature distributions", SIGCOMM
 * 2005; hashing into buckets first as Li et al., "Detection and identification of network anomalies
 * using sketch subspaces", IMC 2006. With k buckets the entropy is at most log2(k), and lies below
 * the items' own by at most what shares a bucket.
 *
 * Buckets merge by addition, bit for bit: merge(split stream) = buckets(whole stream), and folding
 * to fewer buckets commutes with merging.
 *
 * Encoded:  byte 0  version (1) | byte 1  log2(buckets) | bytes 2..9  seed, little endian
 *           from byte 10  the counts, as common/buckets.h draws them */
#ifndef COMMON_ENTROPY_H
#define COMMON_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTROPY_BUCKETS_MAX    256
#define ENTROPY_BUCKETS_MINUTE 256
#define ENTROPY_BUCKETS_SECOND 32
#define ENTROPY_ENCODED_MAX    (12 + 10 * ENTROPY_BUCKETS_MAX)

struct entropy {
  uint64_t seed;
  uint16_t buckets; /* a power of two, 2..256 */
  uint64_t bucket[ENTROPY_BUCKETS_MAX];
};

/* Empties e. buckets: a power of two within 2..ENTROPY_BUCKETS_MAX (asserted). */
void entropy_init(struct entropy *e, unsigned buckets, uint64_t seed);
/* Adds weight (packets, say) of an item by its 64-bit hash, made with e->seed. The bucket is the
 * hash's highest bits, so that folding joins neighbours. */
static inline void entropy_add(struct entropy *e, uint64_t hash, uint64_t weight)
{
  e->bucket[(hash >> 32) * e->buckets >> 32] += weight;
}
uint64_t entropy_total(const struct entropy *e);
/* In bits: 0 (one bucket has all, or empty) .. log2(buckets). */
double entropy_bits(const struct entropy *e);
/* Same seed, size and counts. */
bool entropy_equal(const struct entropy *a, const struct entropy *b);
/* into := sum, saturating. ERR_CONFLICT when seed or number of buckets differ; into is unchanged
 * then. */
int entropy_merge(struct entropy *into, const struct entropy *from);
/* out := e as if it had been kept with fewer buckets. ERR_CONFLICT when that is not a smaller power
 * of two (or the same). */
int entropy_fold(const struct entropy *e, unsigned buckets, struct entropy *out);
/* Into out[ENTROPY_ENCODED_MAX]; returns its length. Equal sketches give equal bytes. */
size_t entropy_encode(const struct entropy *e, uint8_t out[ENTROPY_ENCODED_MAX]);
/* ERR_TRUNCATED, ERR_MALFORMED, ERR_UNSUPPORTED (version); out is untouched on failure. */
int entropy_decode(const uint8_t *bytes, size_t length, struct entropy *out);

#endif
