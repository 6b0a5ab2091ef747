/* SPDX-License-Identifier: Apache-2.0 */
/* One interval's measures: collects packets and flows' deltas into struct summary. Pure. A window
 * object serves second after second; a second one of kind MINUTE serves the minutes.
 *
 * Packets are counted in the SECOND window alone; the MINUTE window takes what they say (traffic,
 * sizes, protocol events, DNS, segments, ledger) and what the flows' TCP did from its closed
 * seconds, so that it is their sum exactly, and merges their sketches and talkers. Conversations
 * and numbers of flows both windows gather by themselves, from the flows' deltas; who has to do
 * with many (spreaders, victims) the minute alone. */
#ifndef SENSOR_WINDOW_H
#define SENSOR_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"
#include "sensor/direction.h"
#include "sensor/flow_record.h"
#include "sensor/packet.h"

struct window;

struct window_limits {
  size_t talkers;       /* reported, at least 1 */
  size_t conversations; /* rows reported; an eighth as many rows of many (::) may stand beside */
  /* Conversations held while the interval is open: at least twice the reported, at most 8,192; 0:
   * the usual number (SECOND 4,096, MINUTE four times the reported). When all are taken: see
   * sensor/window_conversations.h. */
  size_t rows;
};

/* Limits are cut so that a record stays within those of proto/summary.h. Takes all memory here (at
 * most 3 MB): counting and closing allocate nothing. NULL without memory. */
struct window *window_new(enum summary_kind kind, const struct window_limits *limits);
void window_free(struct window *window);
/* Who knows which addresses are the host's own: asked for what is folded. Not called (or NULL):
 * nobody. The context is borrowed for the window's life. */
void window_set_local(struct window *window,
                      bool (*is_local)(void *context, const struct addr *addr), void *context);

/* SECOND, per packet: totals, sizes, protocol events, DNS, ledger. */
void window_packet(struct window *window, const struct packet *packet, struct direction_way way);
/* SECOND: a super-segment was observed that stood for wire_packets packets on the wire, and lacked
 * header_bytes of their headers. One call each. */
void window_segments(struct window *window, uint64_t wire_packets, uint64_t header_bytes);
/* MINUTE, per closed second: takes in `closed`, the summary that window_close of `second` filled
 * just now: all but its conversations, flow counts and ledger.rows_folded. */
void window_second(struct window *window, const struct window *second,
                   const struct summary *closed);
/* Of the active flows at the close of each second, before window_close: to both windows. Any number
 * at a time; many flows cost least in groups of 16 and more, whose memory is fetched at once. */
void window_flows(struct window *window, const struct flow_delta *delta, size_t count);
static inline void window_flow(struct window *window, const struct flow_delta *delta)
{
  window_flows(window, delta, 1);
}
/* The ledger of the open interval, for the meter's own entries. Borrowed. */
struct summary_ledger *window_ledger(struct window *window);
/* Fills *out (arrays and sketches borrowed from the window until the next call on it; no
 * interfaces, no first-seen, quality EXACT) for the interval that starts at start_ns, and empties
 * the window for the next one. What the conversations do not show is in folded_out and folded_in;
 * ledger.rows_folded counts each row that is not shown and each delta that found no row of its own
 * (one conversation may be several of those). */
void window_close(struct window *window, int64_t start_ns, struct summary *out);
/* Whether nothing at all was counted since the last close. */
bool window_is_empty(const struct window *window);

#endif
