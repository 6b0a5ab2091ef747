/* SPDX-License-Identifier: Apache-2.0 */
/* The buckets' arithmetic, and what is asked of a histogram. */
#include "common/hist.h"

#include <math.h>
#include <string.h>

#include "common/buckets.h"
#include "common/err.h"

#define VERSION    1
#define HEAD_BYTES 2
#define LOG_LIMIT  17 /* values from 2^17 on share the last bucket */

_Static_assert(HEAD_BYTES + BUCKETS_ENCODED_MAX(HIST_BUCKETS) <= HIST_ENCODED_MAX,
               "the longest form fits");

/* The place of the highest bit is e, the two bits behind it are q:
 *
 *   value 0 0 1 q q x x x    e = 5    bucket 4e + q - 4 */
unsigned hist_bucket(uint32_t value)
{
  if (value < 4) {
    return value;
  }
  unsigned e = 31U - (unsigned)__builtin_clz(value);
  if (e >= LOG_LIMIT) {
    return HIST_BUCKETS - 1;
  }
  return 4 * e + ((value >> (e - 2)) & 3) - 4;
}

/* The way back: e and q out of the bucket's number. */
void hist_bounds(unsigned bucket, uint32_t *low, uint32_t *high)
{
  if (bucket < 4) {
    *low = bucket;
    *high = bucket;
    return;
  }
  unsigned e = (bucket + 4) / 4;
  uint32_t width = UINT32_C(1) << (e - 2);
  *low = (UINT32_C(1) << e) + (bucket % 4) * width;
  *high = *low + width - 1;
}

bool hist_equal(const struct hist *a, const struct hist *b)
{
  return memcmp(a->bucket, b->bucket, sizeof(a->bucket)) == 0;
}

/* Addition loses nothing: the order of merging and the splitting of the stream do not matter. */
void hist_merge(struct hist *into, const struct hist *from)
{
  buckets_merge(into->bucket, from->bucket, HIST_BUCKETS);
}

uint64_t hist_total(const struct hist *h)
{
  return buckets_total(h->bucket, HIST_BUCKETS);
}

/* A walk from below until so many are passed; empty buckets are no answer. */
uint32_t hist_quantile(const struct hist *h, double q)
{
  double wanted = ceil(q * (double)hist_total(h));
  uint64_t below = 0;
  unsigned found = 0;
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    if (h->bucket[i] == 0) {
      continue;
    }
    found = i;
    below += h->bucket[i];
    if ((double)below >= wanted) {
      break;
    }
  }
  uint32_t low = 0;
  uint32_t high = 0;
  hist_bounds(found, &low, &high);
  return low;
}

/* x log2(x / y), by continuity 0 at x = 0. */
static double term(double x, double y)
{
  return x > 0.0 ? x * log2(x / y) : 0.0;
}

/* Both are measured against their middle, which is 0 only where both are: no division by 0, unlike
 * in Kullback and Leibler's. */
double hist_divergence(const struct hist *a, const struct hist *b)
{
  double total_a = (double)hist_total(a);
  double total_b = (double)hist_total(b);
  if (total_a <= 0.0 || total_b <= 0.0) {
    return 0.0;
  }
  double sum = 0.0;
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    double p = (double)a->bucket[i] / total_a;
    double q = (double)b->bucket[i] / total_b;
    double middle = (p + q) / 2.0;
    sum += (term(p, middle) + term(q, middle)) / 2.0;
  }
  /* Rounding alone can leave the interval. */
  return fmin(fmax(sum, 0.0), 1.0);
}

size_t hist_encode(const struct hist *h, uint8_t out[HIST_ENCODED_MAX])
{
  out[0] = VERSION;
  out[1] = HIST_BUCKETS;
  return HEAD_BYTES + buckets_encode(h->bucket, HIST_BUCKETS, out + HEAD_BYTES);
}

/* Into a histogram of its own first: out is whole or untouched. */
int hist_decode(const uint8_t *bytes, size_t length, struct hist *out)
{
  struct rd r = rd_init(bytes, length);
  unsigned version = rd_u8(&r);
  unsigned buckets = rd_u8(&r);
  if (r.has_failed) {
    return ERR_TRUNCATED;
  }
  if (version != VERSION) {
    return ERR_UNSUPPORTED;
  }
  if (buckets != HIST_BUCKETS) {
    return ERR_CONFLICT;
  }
  struct hist decoded = {{0}};
  int err = buckets_decode(&r, HIST_BUCKETS, decoded.bucket);
  if (err == 0) {
    *out = decoded;
  }
  return err;
}
