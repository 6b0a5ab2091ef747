/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded flow table: biflows with client and server. Pure.
 *
 * A flow lives from its first packet until it is idle (idle_ns), has ended (TCP FIN both ways or
 * RST, then linger_ns; a new SYN on its ports at once), or is evicted for room. Its counters since
 * the last close of the interval, its delta, are handed out at the close, each to config.delta. The
 * active time-out cuts a long flow's *record* for --flows-csv, never its place in the table; it is
 * looked at in each close, so that a record spans at most active_ns and one interval.
 *
 * A full bucket evicts by second chance (Corbato 1968): the next flow in turn that had no second
 * packet since its last chance goes. The delta of an evicted flow waits in a bounded queue (a
 * quarter of the table) for the close; when the queue is full all of it is handed out at once,
 * within flows_add. So every packet is in exactly one delta, at any load; only a flow that comes
 * back after its eviction has two in one interval.
 *
 * Client and server: the sender of a SYN without ACK is the client (the receiver of a SYN+ACK too);
 * else the side with the lower "service" port is the server: a port below 1024 or in the table of
 * known ports beats one that is not, then the lower number; on equality (all that has no ports) the
 * first packet's sender is the client, or its receiver when it is an ICMP reply. All but SYN are
 * marked guessed. A SYN seen later on a guessed flow corrects it before the next close. */
#ifndef SENSOR_FLOWS_H
#define SENSOR_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor/flow_record.h"
#include "sensor/packet.h"

struct flows;

struct flows_stats {
  uint64_t used, capacity;
  uint64_t evicted; /* since the start: ended before their time for lack of room */
};

/* Takes all memory here (64 + 56 bytes a slot and 90 for each that may be active in an interval).
 * NULL without memory, or for a capacity of 0 or above 2^30. */
struct flows *flows_new(const struct flows_config *config);
void flows_free(struct flows *flows);

/* Counts one packet (ip_version != 0) into its flow; *is_new tells whether the flow began with it.
 * Never fails: a full bucket evicts. */
void flows_add(struct flows *flows, const struct packet *packet, bool *is_new);

/* Hands out the delta of every flow with packets since the last close (evicted ones too) in the
 * order of their first packet, then ends flows that are idle at now_ns, in the order of the table.
 * Both orders depend on the packets and the hash seed alone. A flow's last packet later than now_ns
 * (the clock was stepped back) is taken as of now_ns. */
void flows_close(struct flows *flows, int64_t now_ns);
/* A new span of intervals (a minute) begins: see is_first_in_span. */
void flows_begin_span(struct flows *flows);
/* Hands out what is open and ends all flows, each with its record. */
void flows_finish(struct flows *flows);
struct flows_stats flows_stats(const struct flows *flows);

#endif
