/* SPDX-License-Identifier: Apache-2.0 */
/* An array of counts, as histogram and entropy keep it: sums that saturate, and the encoded form.
 *
 * Encoded:  byte 0  form
 *           form 0 (dense):  one varint (common/le.h) a bucket
 *           form 1 (sparse): n (1 byte), then n x (bucket 1 byte, varint), ascending, none of 0;
 *                            just where 2n + 1 < buckets, that is, where it is shorter */
#ifndef COMMON_BUCKETS_H
#define COMMON_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "common/le.h"

#define BUCKETS_LIMIT                256 /* a bucket's number is one byte */
#define BUCKETS_ENCODED_MAX(buckets) (1 + LE_VARINT_MAX * (buckets))

/* a + b, or UINT64_MAX. Neither order nor grouping of the summands changes a saturating sum: a
 * forged count cannot wrap the fleet's, and merging stays exact. */
static inline uint64_t buckets_sum(uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t buckets_total(const uint64_t *bucket, unsigned buckets);
/* into := into + from, each bucket. */
void buckets_merge(uint64_t *into, const uint64_t *from, unsigned buckets);
/* Writes at most BUCKETS_ENCODED_MAX(buckets) bytes and returns how many; buckets within
 * 1..BUCKETS_LIMIT. Equal counts give equal bytes. */
size_t buckets_encode(const uint64_t *bucket, unsigned buckets, uint8_t *out);
/* Reads all that is left of r into bucket[], which the caller has zeroed and must not use on
 * failure. ERR_TRUNCATED; ERR_MALFORMED: anything that buckets_encode would not write. */
int buckets_decode(struct rd *r, unsigned buckets, uint64_t *bucket);

#endif
