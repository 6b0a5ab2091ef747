/* SPDX-License-Identifier: Apache-2.0 */
/* One interval's measures: collects packets and flows' deltas into struct summary. Pure. A window
 * object serves second after second; a second one of kind MINUTE serves the minutes.
 *
 * Packets are counted in the SECOND window alone; the MINUTE window takes what they say (traffic,
 * sizes, protocol events, ledger) from its closed seconds, so that it is their sum exactly, and
 * merges their sketches (talkers, distinct addresses). Conversations both windows gather by
 * themselves, from the flows' deltas. */
#ifndef SENSOR_WINDOW_H
#define SENSOR_WINDOW_H

#include "proto/summary.h"
#include "sensor/flow_record.h"
#include "sensor/packet.h"

struct window;

struct window_limits {
  size_t talkers;       /* reported, of four times as many Space-Saving counters; at least 1 */
  size_t conversations; /* rows reported */
  size_t rows;          /* conversations held while the interval is open; what comes when all are
                           taken is folded. Raised to `conversations` */
};

/* Limits above those of proto/summary.h are cut to them. NULL without memory. */
struct window *window_new(enum summary_kind kind, const struct window_limits *limits);
void window_free(struct window *window);

/* SECOND, per packet: totals, sizes, protocol events, ledger. */
void window_packet(struct window *window, const struct packet *packet,
                   enum summary_direction direction);
/* MINUTE, per closed second: takes in `closed`, the summary that window_close of `second` filled
 * just now: all but its conversations, flow counts and ledger.rows_folded. */
void window_second(struct window *window, const struct window *second,
                   const struct summary *closed);
/* Per active flow at the close of each second: conversations; SECOND also talkers and distinct
 * addresses. */
void window_flow(struct window *window, const struct flow_delta *delta);
/* The ledger of the open interval, for the meter's own entries. Borrowed. */
struct summary_ledger *window_ledger(struct window *window);
/* Fills *out (arrays borrowed from the window until the next call on it; no interfaces, no
 * first-seen) for the interval that starts at start_ns, and empties the window for the next one.
 * A second shows its largest conversations exactly, a minute those that came while there was room;
 * the rest is in folded_out and folded_in, and in ledger.rows_folded: each row that is not shown,
 * and each delta that found no room (one conversation may be several of those). */
void window_close(struct window *window, int64_t start_ns, struct summary *out);
/* Whether nothing at all was counted since the last close. */
bool window_is_empty(const struct window *window);

#endif
