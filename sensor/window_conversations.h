/* SPDX-License-Identifier: Apache-2.0 */
/* The conversations of an open interval: rows for as many as there is room for, and what is folded
 * under pressure. Pure.
 *
 * A conversation that finds no row, or is not shown, folds into a row of many: the one of its
 * (server, service), whose client is the unspecified address (::), or, when the client is local and
 * the server is not, the one of its (client, service), whose server is ::. What finds no such row
 * folds into totals. So rows and totals together are the sum of all deltas, at any load.
 *
 * A full table drops all rows up to the median of their bytes, and thereafter takes in none that
 * begins with no more than that. A conversation of which a part was folded stays folded until the
 * interval ends (known by a filter of one hash, Bloom 1970, which takes some others for folded
 * too): every row shown, but those of many, is whole. When no table was ever full, those shown are
 * the largest; when it was, one that came in many small parts may be missing among them. */
#ifndef SENSOR_WINDOW_CONVERSATIONS_H
#define SENSOR_WINDOW_CONVERSATIONS_H

#include "proto/summary.h"
#include "sensor/flow_record.h"

struct window_conversations;

struct window_conversations_limits {
  size_t rows;        /* held, 1..WINDOW_ROWS_MAX */
  size_t folds;       /* rows of many held, likewise */
  size_t shown_rows;  /* at most rows */
  size_t shown_folds; /* at most folds */
};

typedef bool window_is_local_fn(void *context, const struct addr *addr);

/* Memory is taken here; NULL without. */
struct window_conversations *
window_conversations_new(enum summary_kind kind, const struct window_conversations_limits *limits);
void window_conversations_free(struct window_conversations *c);
/* Who knows the host's own addresses. NULL: nobody, all folds are by server. */
void window_conversations_set_local(struct window_conversations *c, window_is_local_fn *is_local,
                                    void *context);

/* hash: window_rows_hash of the flow; flows: how many flows the delta counts as. */
void window_conversations_add(struct window_conversations *c, const struct flow_delta *delta,
                              uint64_t hash, uint32_t flows);
/* Has the memory fetched that an addition needs: of the index, later of the row. */
void window_conversations_fetch_index(const struct window_conversations *c, uint64_t hash);
void window_conversations_fetch_row(const struct window_conversations *c, uint64_t hash);
/* MINUTE: a second ended. */
void window_conversations_second(struct window_conversations *c);
/* Sets out->conversations (borrowed until the next close), adds to folded_out, folded_in and
 * ledger.rows_folded, and begins the next interval. */
void window_conversations_close(struct window_conversations *c, struct summary *out);

#endif
