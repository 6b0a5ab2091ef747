/* SPDX-License-Identifier: Apache-2.0 */
/* Tags and the second-chance hand of a bucket. */
#include "sensor/flow_bucket.h"

#include <assert.h>

static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one line");

/* The low bits of the hash; the bucket was chosen by the high ones, so the two are independent. 0
 * is the mark of a free slot. */
uint16_t flow_bucket_tag(uint64_t hash)
{
  uint16_t tag = (uint16_t)hash;
  return tag != 0 ? tag : 1;
}

/* Four tags at once (Warren, Hacker's Delight, "find first 0-byte", for 16 bits): a lane of x is 0
 * where the tag is; its top bit is then the only one that the sum leaves clear. The product brings
 * the four top bits together. */
uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
  const uint64_t low = UINT64_C(0x7fff7fff7fff7fff);
  const uint64_t wanted = tag * UINT64_C(0x0001000100010001);
  uint32_t found = 0;
  for (unsigned i = 0; i < FLOW_BUCKET_WORDS; i++) {
    uint64_t x = bucket->tags[i] ^ wanted;
    uint64_t zero = ~(((x & low) + low) | x | low) >> 15;
    found |= (uint32_t)(zero * UINT64_C(0x0001000200040008) >> 48 & 0xf) << 4 * i;
  }
  return found;
}

/* Tags lie four in a word, so one is replaced by mask and shift. */
void flow_bucket_set(struct flow_bucket *bucket, unsigned slot, uint16_t tag)
{
  unsigned shift = 16 * (slot % 4);
  uint64_t *word = &bucket->tags[slot / 4];
  *word = (*word & ~(UINT64_C(0xffff) << shift)) | (uint64_t)tag << shift;
}

/* hand -> slot 5   referenced 1 1 0 1 ...   slots from the hand on: the first 0 goes
 *
 * When all were referenced each loses its mark at once: one lap of the hand, done in one step. */
unsigned flow_bucket_victim(struct flow_bucket *bucket)
{
  uint32_t cold = ~bucket->referenced & FLOW_BUCKET_MASK;
  if (cold == 0) {
    bucket->referenced = 0;
    cold = FLOW_BUCKET_MASK;
  }
  uint32_t ahead = cold & ~((UINT32_C(1) << bucket->hand) - 1);
  unsigned victim = (unsigned)__builtin_ctz(ahead != 0 ? ahead : cold);
  bucket->hand = (victim + 1) % FLOW_BUCKET_SLOTS;
  return victim;
}
