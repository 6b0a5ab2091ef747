/* SPDX-License-Identifier: Apache-2.0 */
/* Bucket counts by hash: their entropy, their merging and folding. */
#include "common/entropy.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/buckets.h"
#include "common/err.h"
#include "common/le.h"

#define VERSION    1
#define HEAD_BYTES 10
#define BITS_MAX   8

_Static_assert(1 << BITS_MAX == ENTROPY_BUCKETS_MAX, "the two say the same");
_Static_assert(ENTROPY_BUCKETS_MAX <= BUCKETS_LIMIT, "a bucket's number is one byte");
_Static_assert(HEAD_BYTES + BUCKETS_ENCODED_MAX(ENTROPY_BUCKETS_MAX) <= ENTROPY_ENCODED_MAX,
               "the longest form fits");

/* The whole array is zeroed, also beyond the last bucket: sketches may be compared as memory. */
void entropy_init(struct entropy *e, unsigned buckets, uint64_t seed)
{
  assert(buckets >= 2 && buckets <= ENTROPY_BUCKETS_MAX && (buckets & (buckets - 1)) == 0);
  memset(e, 0, sizeof(*e));
  e->seed = seed;
  e->buckets = (uint16_t)buckets;
}

uint64_t entropy_total(const struct entropy *e)
{
  return buckets_total(e->bucket, e->buckets);
}

/* The sum of p log2(1/p). The total is added up as a double: a saturated one would give shares of
 * more than the whole. */
double entropy_bits(const struct entropy *e)
{
  double total = 0.0;
  for (unsigned i = 0; i < e->buckets; i++) {
    total += (double)e->bucket[i];
  }
  double bits = 0.0;
  for (unsigned i = 0; i < e->buckets; i++) {
    if (e->bucket[i] != 0) {
      double count = (double)e->bucket[i];
      bits += count / total * log2(total / count);
    }
  }
  /* Rounding alone can leave the interval. */
  return fmin(bits, log2(e->buckets));
}

bool entropy_equal(const struct entropy *a, const struct entropy *b)
{
  return a->seed == b->seed && a->buckets == b->buckets &&
         memcmp(a->bucket, b->bucket, a->buckets * sizeof(a->bucket[0])) == 0;
}

int entropy_merge(struct entropy *into, const struct entropy *from)
{
  if (into->seed != from->seed || into->buckets != from->buckets) {
    return ERR_CONFLICT;
  }
  buckets_merge(into->bucket, from->bucket, into->buckets);
  return 0;
}

/* 8 buckets   | 000 | 001 | 010 | 011 | 100 | ...   the hash's highest bits
 * 4 buckets   |    00     |    01     |     ...  */
int entropy_fold(const struct entropy *e, unsigned buckets, struct entropy *out)
{
  if (buckets < 2 || buckets > e->buckets || (buckets & (buckets - 1)) != 0) {
    return ERR_CONFLICT;
  }
  struct entropy folded;
  entropy_init(&folded, buckets, e->seed);
  unsigned joined = e->buckets / buckets;
  for (unsigned i = 0; i < e->buckets; i++) {
    folded.bucket[i / joined] = buckets_sum(folded.bucket[i / joined], e->bucket[i]);
  }
  *out = folded;
  return 0;
}

size_t entropy_encode(const struct entropy *e, uint8_t out[ENTROPY_ENCODED_MAX])
{
  out[0] = VERSION;
  out[1] = (uint8_t)__builtin_ctz(e->buckets);
  (void)le_put_u64(out + 2, e->seed);
  return HEAD_BYTES + buckets_encode(e->bucket, e->buckets, out + HEAD_BYTES);
}

/* Into buckets of its own first: out is whole or untouched. */
int entropy_decode(const uint8_t *bytes, size_t length, struct entropy *out)
{
  struct rd r = rd_init(bytes, length);
  unsigned version = rd_u8(&r);
  unsigned bits = rd_u8(&r);
  uint64_t seed = le_u64(&r);
  if (r.has_failed) {
    return ERR_TRUNCATED;
  }
  if (version != VERSION) {
    return ERR_UNSUPPORTED;
  }
  if (bits < 1 || bits > BITS_MAX) {
    return ERR_MALFORMED;
  }
  struct entropy decoded;
  entropy_init(&decoded, 1U << bits, seed);
  int err = buckets_decode(&r, decoded.buckets, decoded.bucket);
  if (err == 0) {
    *out = decoded;
  }
  return err;
}
