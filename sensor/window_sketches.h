/* SPDX-License-Identifier: Apache-2.0 */
/* The sketches of an interval: distinct clients, servers and services, entropies, and on the minute
 * who has to do with many. A second is kept as finely as the minute that it is merged into, and
 * folded at its close. Pure.
 *
 * All items are hashed with HASH_FLEET_SEED: an address by its 16 bytes, a port by its two bytes in
 * network order, a service by server, port and protocol (19 bytes, likewise). Entropies weigh each
 * item with its packets; flows without ports count under port 0. */
#ifndef SENSOR_WINDOW_SKETCHES_H
#define SENSOR_WINDOW_SKETCHES_H

#include "proto/summary.h"
#include "sensor/flow_record.h"

struct window_sketches;

/* Memory is taken here; NULL without. */
struct window_sketches *window_sketches_new(enum summary_kind kind);
void window_sketches_free(struct window_sketches *sketches);

/* SECOND: an active flow. */
void window_sketches_add(struct window_sketches *sketches, const struct flow_record *flow);
/* MINUTE: a flow, once a minute: its client had to do with its service, its server with the client.
 */
void window_sketches_spread(struct window_sketches *sketches, const struct flow_record *flow);
/* MINUTE: takes in the second that was closed last. */
void window_sketches_merge(struct window_sketches *sketches, const struct window_sketches *second);
/* Sets out->addresses, out->sketches and, on a minute, out->spreaders and out->victims (borrowed
 * until the next close; NULL when there was no flow), and begins the next interval. */
void window_sketches_close(struct window_sketches *sketches, struct summary *out);

#endif
