/* SPDX-License-Identifier: Apache-2.0 */
/* Who has to do with many: superspreaders (a host that talks to many) and their victims (a host
 * that many talk to), in fixed memory, mergeable.
 *
 * Source: Tang, Huang, Lee, "SpreadSketch: Toward Invertible and Network-Wide Detection of
 * Superspreaders", INFOCOM 2020. Rows of columns; each cell holds a small distinct counter, a
 * candidate address, and the priority (leading zeros of a hash, and ten more bits) by which that
 * address won the cell. Two things are ours: the counter is a HyperLogLog of 64 registers of 4 bits
 * instead of a multiresolution bitmap, and an estimate takes the least of an address's cells
 * register by register, not the least of their estimates.
 *
 *               157 columns
 *   row 0   [ c ] [ c ] [ c ] ...     cell:  candidate 16 bytes | priority 2 | 64 ranks, 32 bytes
 *   row 1   [ c ] [ c ] [ c ] ...     an address: one cell in each row, by its hash
 *
 * Error. Alone in its cells, an address of n distinct items is estimated with a standard error of
 * 1.04/sqrt(64) = 13 % and a bias of +2 % (measured, n from 1000 to a million; below that less).
 * Others only ever add: never an under-estimate on their account. With N distinct pairs of others a
 * cell holds N/157 of them in the mean, and with probability 1 - 1/e^2 (86 %) at least one of the
 * two holds less than e times that: over by N/58 at most. An address is listed if it wins one of
 * its cells at least; it wins a cell with probability n/(n + pairs of others there).
 *
 * Measured (tests/unit/test_fanout.c, longer): five spreaders among hosts that have 1/rank as many
 * partners; how many are listed, mean error, root of the mean square error:
 *
 *   partners of the spreader            500              2,000           20,000
 *   among 1,000 hosts                   97 %  +2 %  15 %   100 %  +2 %  14 %   100 %  +2 %  14 %
 *   among 5,000 hosts                   97 %  +4 %  24 %   100 %  +1 %  14 %   100 %  +1 %  13 %
 *   among 50,000 hosts (80,000 pairs)   81 % +32 %  36 %    96 %  +6 %  16 %   100 %  +2 %  14 %
 *
 * Every cell is a maximum: of ranks, and of (priority, then the smaller address). So merging
 * commutes, is associative and may be repeated: merge(split stream) = sketch(whole stream), bit for
 * bit, in any order.
 *
 * Encoded, all numbers little endian:
 *   version (1) | rows (2) | columns (157) | registers (64) | seed: 8 bytes | n: 2 | n x entry
 *   entry:  tag | priority: 2 | address: 4 or 16 | ranks of each row held that are not as the first
 *   tag:    bit 7: long address | bits 4, 5: row 0, 1 has the first row's ranks | bits 0, 1: row
 *           0, 1 is held by this candidate
 *   ranks:  k (1..15), then k x (register << 4 | rank: 2 bytes), ascending; or 0, then 32 bytes
 * An entry stands where its first cell does; a cell's place follows from the address. So a host
 * with one partner costs 10 bytes, and the fullest sketch 16,342. */
#ifndef COMMON_FANOUT_H
#define COMMON_FANOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#define FANOUT_ENCODED_MAX 16384 /* two of them fit into a minute's 32 KB */

struct fanout;

struct fanout_item {
  struct addr addr;
  double estimate; /* distinct items of addr; see the error bound above */
};

/* The one size of a fleet (16 KB). NULL without memory; the caller owns it. */
struct fanout *fanout_new(uint64_t seed);
void fanout_free(struct fanout *f);
void fanout_clear(struct fanout *f);
/* addr had to do with the item of this 64-bit hash (made with the seed). */
void fanout_add(struct fanout *f, const struct addr *addr, uint64_t item);
/* Estimate for one address: over-estimates by what shares its cells in every row. */
double fanout_estimate(const struct fanout *f, const struct addr *addr);
/* The candidates of at least `least` distinct items, by estimate, then by address; at most max.
 * Returns how many. */
size_t fanout_list(const struct fanout *f, double least, struct fanout_item *out, size_t max);
/* Same seed and cells. */
bool fanout_equal(const struct fanout *a, const struct fanout *b);
/* into := both, in whatever order. ERR_CONFLICT when seeds differ; into is unchanged then. */
int fanout_merge(struct fanout *into, const struct fanout *from);
/* Into out[FANOUT_ENCODED_MAX]; returns its length. Equal sketches give equal bytes. */
size_t fanout_encode(const struct fanout *f, uint8_t out[FANOUT_ENCODED_MAX]);
/* Replaces what f holds. ERR_TRUNCATED, ERR_MALFORMED (anything that fanout_encode would not
 * write), ERR_UNSUPPORTED (version), ERR_CONFLICT (another seed or size); f is unchanged on
 * failure. */
int fanout_decode(const uint8_t *bytes, size_t length, struct fanout *f);

#endif
