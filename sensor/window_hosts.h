/* SPDX-License-Identifier: Apache-2.0 */
/* What each address moved in an interval: exact while the table holds all of them, within a stated
 * error beyond. Pure.
 *
 * Source: Misra, Gries, "Finding repeated elements", 1982, with the median as what is taken off all
 * counters at once: Anderson et al., "A High-Performance Algorithm for Identifying Frequent Items
 * in Data Streams", IMC 2017. When the table of m counters is full, all counters up to their median
 * go, and the median becomes the floor: what an absent address may have moved at most, and hence
 * the error of a newcomer. The floor is at most 2 N/m for N bytes fed. It gives what Space-Saving
 * (common/topk.h) gives, to whose merges its items are fed, at the cost of a look-up. Merging as in
 * Agarwal et al., "Mergeable summaries", PODS 2012: floors add. */
#ifndef SENSOR_WINDOW_HOSTS_H
#define SENSOR_WINDOW_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"

#define WINDOW_HOSTS_MAX 32768

struct window_hosts;

/* capacity counters (1..WINDOW_HOSTS_MAX), of which up to `reported` are listed by the close;
 * memory taken here. NULL without. */
struct window_hosts *window_hosts_new(size_t capacity, size_t reported);
void window_hosts_free(struct window_hosts *hosts);

/* addr, whose hash_bytes is hash, sent tx and received rx; nothing of both changes nothing. */
void window_hosts_add(struct window_hosts *hosts, const struct addr *addr, uint64_t hash,
                      const struct counts *tx, const struct counts *rx);
/* Has the memory fetched that an addition needs: of the index, later of the counter. */
void window_hosts_fetch_index(const struct window_hosts *hosts, uint64_t hash);
void window_hosts_fetch_host(const struct window_hosts *hosts, uint64_t hash);
/* Takes in all counters of a table that was closed and not added to since. */
void window_hosts_merge(struct window_hosts *hosts, const struct window_hosts *closed);
/* Sets out->talkers (borrowed until the next close) and out->talkers_floor. The counters stay for
 * window_hosts_merge; the next add or close begins with none. */
void window_hosts_close(struct window_hosts *hosts, struct summary *out);

#endif
