/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a window -> one window. Pure; only fleet.c calls it.
 *
 * It knows nothing of open windows or of time: parts go in, in order of sensor names, and what
 * comes out depends on them and on whose addresses are whose (hosts.h), on nothing else. */
#ifndef COLLECTOR_FLEET_MERGE_H
#define COLLECTOR_FLEET_MERGE_H

#include "collector/fleet_window.h"
#include "collector/hosts.h"

struct fleet_merge;

/* Borrows hosts for its life. NULL without memory. */
struct fleet_merge *fleet_merge_new(const struct hosts *hosts);
void fleet_merge_free(struct fleet_merge *merge);
/* Merges n >= 1 parts, which are in order of sensor names; the window is borrowed until the next
 * call and borrows the parts and their merged sketches (may be NULL). revision > 0: a delta, which
 * does not know who else was there. */
struct fleet_window *fleet_merge_parts(struct fleet_merge *merge, uint32_t revision,
                                       const struct summary *const *parts, size_t n,
                                       const struct summary_sketches *sketches);
/* into += from: maxima and sums, in any order. Sketches of another seed or size are left out and
 * counted as refused. */
void fleet_merge_sketches(struct fleet_merge *merge, struct summary_sketches *into,
                          const struct summary_sketches *from);
uint64_t fleet_merge_refused(const struct fleet_merge *merge);

#endif
