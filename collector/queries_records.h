/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a short range in memory, from the store and from what is not stored yet; bounded.
 *
 *   store:     |=== records of the range ===|
 *   unstored:                        |== those of the last seconds ==|     (peers.h)
 *
 * No record is in both: it leaves memory when its commit is done. */
#ifndef COLLECTOR_QUERIES_RECORDS_H
#define COLLECTOR_QUERIES_RECORDS_H

#include "collector/queries.h"

#define RECORDS_BYTES_MAX ((size_t)256 << 20)

/* Sorted by stream (sensor, boot, clock epoch), then start. All zero: empty. */
struct records {
  struct summary **item; /* owned */
  size_t count, room;
  size_t rows;  /* conversations of all */
  size_t bytes; /* of memory, about */
};

/* Where records are read from. */
struct records_source {
  const struct queries *queries;
  int64_t unstored_first_ns,
      unstored_last_ns; /* starts of what is not stored; none: first > last */
};

/* Looks once through what is not stored, so that a read of other times need not. */
struct records_source records_source(const struct queries *queries);
/* Records of a kind that start within [from_ns, until_ns); out is empty before. ERR_LIMIT when they
 * take more than RECORDS_BYTES_MAX, ERR_NO_MEMORY, or the store's error: out is empty then. */
int records_read(const struct records_source *source, enum summary_kind kind, int64_t from_ns,
                 int64_t until_ns, struct records *out);
void records_fini(struct records *records);
/* Whether a record of s's stream spans s's start. */
bool records_cover(const struct records *records, const struct summary *s);

#endif
