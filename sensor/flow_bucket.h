/* SPDX-License-Identifier: Apache-2.0 */
/* One cache line of the flow table: the tags of 28 slots, searched at once, and who goes next. */
#ifndef SENSOR_FLOW_BUCKET_H
#define SENSOR_FLOW_BUCKET_H

#include <stdint.h>

#define FLOW_BUCKET_SLOTS 28
#define FLOW_BUCKET_MASK  ((UINT32_C(1) << FLOW_BUCKET_SLOTS) - 1)

/*   | tags: 28 of 16 bits | referenced: 28 bits | hand |      64 bytes
 *
 * A search touches this line and, on a match of tags, one slot. */
struct flow_bucket {
  uint16_t tag[FLOW_BUCKET_SLOTS]; /* 0: free */
  uint32_t referenced;             /* a bit each: a second packet came since the hand went by */
  uint32_t hand;
};

/* The tag of a hash; never 0. The low bits: the bucket is chosen by the high ones, so the two are
 * independent. */
static inline uint16_t flow_bucket_tag(uint64_t hash)
{
  uint16_t tag = (uint16_t)hash;
  return tag != 0 ? tag : 1;
}
/* A bit for each slot that bears the tag (0: is free). */
uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag);
static inline uint32_t flow_bucket_used(const struct flow_bucket *bucket)
{
  return ~flow_bucket_match(bucket, 0) & FLOW_BUCKET_MASK;
}
/* The slot of a full bucket to give up, by second chance: the first without reference from the hand
 * on. The hand moves behind it. */
unsigned flow_bucket_victim(struct flow_bucket *bucket);
/* Which one that will be. */
unsigned flow_bucket_next(const struct flow_bucket *bucket);

#endif
