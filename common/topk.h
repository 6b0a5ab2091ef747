/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving: the hosts that moved the most bytes, in a fixed number of counters.
 *
 * Source: Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in
 * data streams", ICDT 2005. With m counters and N bytes fed, a counter over-counts by at most its
 * own `error` <= N/m, and every item above N/m is present. Merging: Agarwal et al., "Mergeable
 * summaries", PODS 2012: errors add, and stay within N/m of the whole; the order of merging changes
 * the result, so a caller merges in the order of sensor names.
 *
 *   heap (least count at the top)      index (open addressing)
 *   [ count error addr tx rx ] x m     addr -> heap place
 *
 * Encoded, numbers as varints (common/le.h), items in the order of topk_list:
 *   version (1, one byte) | capacity | floor | n | n x item
 *   item:  family (4 or 6, one byte) | address: 4 or 16 bytes | error |
 *          tx packets, bytes, payload bytes | rx packets, bytes, payload bytes
 * There is no seed: which counters are kept does not hang on a hash. */
#ifndef COMMON_TOPK_H
#define COMMON_TOPK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/counts.h"
#include "common/topk_item.h"

/* Longest encoded form of so many counters in use. */
#define TOPK_ENCODED_MAX(counters) (31 + 87 * (size_t)(counters))

struct topk;

/* capacity >= 1 counters, memory taken here. NULL without memory. The caller owns it. */
struct topk *topk_new(size_t capacity);
void topk_free(struct topk *t);
void topk_clear(struct topk *t);
/* Feeds tx and rx (either may be all zero) of addr. */
void topk_add(struct topk *t, const struct addr *addr, const struct counts *tx,
              const struct counts *rx);
/* Merges n reported items of another summary whose smallest counter was `floor` (0: it never
 * overflowed): an address absent there may have had up to floor bytes. Whoever reports only the
 * first items of a summary gives the count of the first one left out as floor. `count` of the items
 * is not read: it follows from error, tx and rx. */
void topk_merge(struct topk *t, const struct topk_item *items, size_t n, uint64_t floor);
/* The n largest, by count, then by address; returns how many. */
size_t topk_list(const struct topk *t, struct topk_item *out, size_t n);
/* The count that an absent address may have had at most (0 while never full), merged floors
 * included. */
uint64_t topk_floor(const struct topk *t);
size_t topk_count(const struct topk *t);
size_t topk_capacity(const struct topk *t);
/* Same capacity, floor and counters. */
bool topk_equal(const struct topk *a, const struct topk *b);
/* Into out[size], where TOPK_ENCODED_MAX(topk_count(t)) bytes are always enough: ERR_LIMIT when
 * size is less than that, ERR_NO_MEMORY (a list is taken for the time being: not for the packet
 * path). Equal summaries give equal bytes. */
int topk_encode(const struct topk *t, uint8_t *out, size_t size, size_t *length);
/* Replaces what t holds. ERR_TRUNCATED, ERR_MALFORMED, ERR_UNSUPPORTED (version), ERR_CONFLICT
 * (another capacity), ERR_NO_MEMORY; t is unchanged on failure. */
int topk_decode(const uint8_t *bytes, size_t length, struct topk *t);

#endif
