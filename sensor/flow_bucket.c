/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a tag, and the second-chance hand of a bucket. */
#include "sensor/flow_bucket.h"

#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one line");

#ifdef __SSE2__
/* Sixteen tags from `at` on: a bit each. */
static uint32_t match16(const __m128i *tags, __m128i wanted)
{
  __m128i low = _mm_cmpeq_epi16(_mm_loadu_si128(tags), wanted);
  __m128i high = _mm_cmpeq_epi16(_mm_loadu_si128(tags + 1), wanted);
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

/* The whole line in two halves; what stands behind the tags is masked out. */
uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
  const __m128i *line = (const void *)bucket;
  __m128i wanted = _mm_set1_epi16((short)tag);
  return (match16(line, wanted) | match16(line + 2, wanted) << 16) & FLOW_BUCKET_MASK;
}
#else
/* Compilers turn this into what the machine has. */
uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
  uint32_t found = 0;
  for (unsigned i = 0; i < FLOW_BUCKET_SLOTS; i++) {
    found |= (uint32_t)(bucket->tag[i] == tag) << i;
  }
  return found;
}
#endif

/* hand -> slot 5   referenced 1 1 0 1 ...   slots from the hand on: the first 0 goes
 *
 * When all were referenced each loses its mark at once: one lap of the hand, done in one step. */
unsigned flow_bucket_next(const struct flow_bucket *bucket)
{
  uint32_t cold = ~bucket->referenced & FLOW_BUCKET_MASK;
  if (cold == 0) {
    cold = FLOW_BUCKET_MASK;
  }
  uint32_t ahead = cold & ~((UINT32_C(1) << bucket->hand) - 1);
  return (unsigned)__builtin_ctz(ahead != 0 ? ahead : cold);
}

unsigned flow_bucket_victim(struct flow_bucket *bucket)
{
  unsigned victim = flow_bucket_next(bucket);
  if ((bucket->referenced & FLOW_BUCKET_MASK) == FLOW_BUCKET_MASK) {
    bucket->referenced = 0;
  }
  bucket->hand = (victim + 1) % FLOW_BUCKET_SLOTS;
  return victim;
}
