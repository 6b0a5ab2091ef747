/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps an encoded record within a size, whatever the traffic: the smallest rows go into the sums
 * of what is not shown, each one counted (P2, P5). */
#ifndef PROTO_SUMMARY_FIT_H
#define PROTO_SUMMARY_FIT_H

#include "proto/summary.h"

/* What a record of s's kind may be long: SUMMARY_SECOND_BYTES_MAX or SUMMARY_MINUTE_BYTES_MAX, and
 * some more for each interface beyond the fourth, lest a host of forty has no room for rows. */
size_t summary_bytes_max(const struct summary *s);

/* Cuts rows from s until it is at most max_bytes long when encoded. Each kind of rows may take as
 * many bytes as another; what one does not need the others share, so that none is driven out:
 *   conversations   those of fewest bytes: into folded_out, folded_in and ledger.rows_folded
 *   talkers         the last (s has them by bytes): talkers_floor rises to what the largest of
 *                   them may have moved
 *   first_seen, edges   the last: into ledger.first_seen_folded
 * Writes to the arrays of s: conversations of a minute close up, in their order. ERR_LIMIT: too
 * long without any row as well (all rows are cut then), or more rows than the codec takes (nothing
 * is cut); ERR_CONFLICT as summary_encode; ERR_NO_MEMORY. */
int summary_fit(struct summary *s, size_t max_bytes);

/* The same where no memory may be taken: on the packet path. The scratch memory is taken once. */
struct summary_fitter;
/* For records with at most so many rows (interfaces, blobs and sketches take none): 16 bytes for
 * each address that the rows name, 34 KB for a minute of 1,024 conversations and 64 talkers. NULL
 * without memory. The caller owns it. */
struct summary_fitter *summary_fitter_new(const struct summary_sizes *most);
void summary_fitter_free(struct summary_fitter *fitter);
/* ERR_LIMIT also when s has more rows than the fitter has room for. */
int summary_fitter_fit(struct summary_fitter *fitter, struct summary *s, size_t max_bytes);

#endif
