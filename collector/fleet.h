/* SPDX-License-Identifier: Apache-2.0 */
/* Event-time windows over all sensors. Pure.
 *
 * The life of a window: it opens with the first record of its second; records are kept apart by
 * sensor; it closes when all punctual sensors have passed it, or lateness_ns after its end by the
 * time that ticks bring, whichever comes first (pipeline_close.c); at the close its parts are
 * merged in the order of sensor names (so that P4 holds) and handed out with revision 0. A record
 * that comes later revises history: a delta window of its own interval with a revision above 0,
 * handed out but not shown to detectors. Deltas are numbered in the order of their arrival.
 *
 * Who is punctual, hosts.h tells; when it is time to close, pipeline.c decides. */
#ifndef COLLECTOR_FLEET_H
#define COLLECTOR_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet_window.h"
#include "collector/hosts.h"
#include "proto/summary.h"

struct fleet;

/* hosts is borrowed for the fleet's life: it tells whose an address is. At most windows_max windows
 * are open. NULL without memory. */
struct fleet *fleet_new(const struct hosts *hosts, size_t windows_max);
void fleet_free(struct fleet *fleet);

/* All windows that end at or before are closed; INT64_MIN at first. */
int64_t fleet_closed_ns(const struct fleet *fleet);
/* Where the oldest open window ends; INT64_MAX when none is open. */
int64_t fleet_oldest_end_ns(const struct fleet *fleet);
/* When it is one more than windows_max, the oldest must be closed now. */
size_t fleet_open_count(const struct fleet *fleet);
/* Takes a placed second record that starts at or after fleet_closed_ns; its sketches (borrowed, may
 * be NULL) are merged into the window's at once, since each takes more than the record's rows.
 * ERR_NO_MEMORY: not taken. */
int fleet_add(struct fleet *fleet, struct summary *placed, const struct summary_sketches *sketches);
/* Merges the oldest window that ends at or before until_ns and closes it; the window is borrowed
 * until the next call. NULL when there is none left: all up to until_ns is closed now. */
struct fleet_window *fleet_close(struct fleet *fleet, int64_t until_ns);
/* The delta of a record that came after the close; borrowed until the next call. */
struct fleet_window *fleet_revise(struct fleet *fleet, const struct summary *placed,
                                  const struct summary_sketches *sketches);
/* Sets how many sensors were expected, and with it the completeness. */
void fleet_expect(struct fleet_window *window, uint32_t sensors_expected);
/* Sketches of another seed or size, left out of the merge. */
uint64_t fleet_sketches_refused(const struct fleet *fleet);

#endif
