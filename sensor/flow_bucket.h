/* SPDX-License-Identifier: Apache-2.0 */
/* One cache line of the flow table: the tags of 28 slots, searched at once, and who goes next. */
#ifndef SENSOR_FLOW_BUCKET_H
#define SENSOR_FLOW_BUCKET_H

#include <stdint.h>

#define FLOW_BUCKET_SLOTS 28
#define FLOW_BUCKET_MASK  ((UINT32_C(1) << FLOW_BUCKET_SLOTS) - 1)

#define FLOW_BUCKET_WORDS (FLOW_BUCKET_SLOTS / 4)

/*   | tags: 7 words, 28 tags of 16 bits | referenced: 28 bits | hand |      64 bytes
 *
 * A search touches this line and, on a match of tags, one slot. */
struct flow_bucket {
  uint64_t tags[FLOW_BUCKET_WORDS]; /* four a word, the first in its lowest bits; 0: free */
  uint32_t referenced;              /* a bit each: a second packet came since the hand went by */
  uint32_t hand;
};

/* The tag of a hash; never 0. */
uint16_t flow_bucket_tag(uint64_t hash);
/* A bit for each slot that bears the tag (0: is free). */
uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag);
void flow_bucket_set(struct flow_bucket *bucket, unsigned slot, uint16_t tag);
/* The slot of a full bucket to give up, by second chance: the first without reference from the hand
 * on. The hand moves behind it. */
unsigned flow_bucket_victim(struct flow_bucket *bucket);

#endif
