/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and edges (client, server, server_port, protocol) that this sensor's memory did not
 * hold: two bounded memories, and the lists of the open second. Pure.
 *
 * A memory that is full forgets what was not seen again for long, as sensor/first_seen_memory.h
 * says: it does so silently, and what was forgotten and comes again is first seen again. What finds
 * no room in the second's list (SUMMARY_FIRST_SEEN_MAX, SUMMARY_EDGES_MAX) is counted as folded. */
#ifndef SENSOR_FIRST_SEEN_H
#define SENSOR_FIRST_SEEN_H

#include <stddef.h>

#include "proto/summary.h"
#include "sensor/flow_record.h"

struct first_seen;

/* Room for slots >= 1 addresses and four times as many edges; memory taken here (22 bytes a slot).
 * NULL without memory. */
struct first_seen *first_seen_new(size_t slots);
void first_seen_free(struct first_seen *seen);

/* These flows were active: looks at both addresses and at the edge of each. Any number at a time;
 * many cost least in groups of 16 and more, whose memory is fetched at once. */
void first_seen_flows(struct first_seen *seen, const struct flow_delta *delta, size_t count);
void first_seen_flow(struct first_seen *seen, const struct flow_record *flow);
/* The second that ends: out->first_seen and out->edges (borrowed until the next first_seen_flow, in
 * order of first sight), and what the lists do not show into out->ledger.first_seen_folded. Begins
 * the next second. */
void first_seen_close(struct first_seen *seen, struct summary *out);

#endif
