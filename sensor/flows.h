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
 * sixteenth of the table) for the close; when the queue is full all of it is handed out at once,
 * within flows_count. So every packet is in exactly one delta, at any load; only a flow that comes
 * back after its eviction has two in one interval.
 *
 * Client and server: the sender of a SYN without ACK is the client (the receiver of a SYN+ACK too);
 * else the side with the lower "service" port is the server: a port below 1024 or in the table of
 * known ports beats one that is not, then the lower number; on equality (all that has no ports) the
 * first packet's sender is the client, or its receiver when it is an ICMP reply. All but SYN are
 * marked guessed. A SYN seen later on a guessed flow corrects it before the next close.
 *
 * What TCP did (struct flow_tcp) is told by the rules in sensor/flow_tcp.h. A flow's carrier is
 * that of its first packet.
 *
 * A packet is counted in three steps, so that a caller with many at hand can take each step for all
 * of them and memory has time to come: flows_place, flows_fetch, flows_count. */
#ifndef SENSOR_FLOWS_H
#define SENSOR_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/flow_key.h"
#include "sensor/flow_record.h"
#include "sensor/packet.h"

struct flows;

struct flows_stats {
  uint64_t used, capacity;
  uint64_t evicted; /* since the start: ended before their time for lack of room */
};

/* Where a packet's flow may be found; filled by flows_place and flows_fetch. */
struct flow_place {
  struct flow_key key;
  uint32_t bucket, slot;
  uint16_t tag;
  uint8_t in_bucket; /* the slot's number there */
  uint8_t side;      /* that sent the packet */
};

/* Takes all memory here, see flows_slot_bytes. NULL without memory, or for a capacity of 0 or above
 * 2^28. */
struct flows *flows_new(const struct flows_config *config);
void flows_free(struct flows *flows);
/* What a slot may cost at most, with all that belongs to it: 203 bytes, and 64 more with records.
 */
size_t flows_slot_bytes(bool has_records);

/* The first two steps, of many packets. They change nothing, and any packet may be shown to them.
 * Places stay good while other packets are counted, not beyond a close. */
void flows_place(const struct flows *flows, const struct packet *packets, size_t count,
                 struct flow_place *places);
void flows_fetch(const struct flows *flows, struct flow_place *places, size_t count);
/* The third: counts one packet (ip_version != 0) into its flow; returns whether the flow began with
 * it. Never fails: a full bucket evicts. *mark is a byte of the flow for the caller's own use, 0
 * when the flow begins; borrowed until the next call. */
bool flows_count(struct flows *flows, const struct packet *packet, const struct flow_place *place,
                 uint8_t **mark);
/* All three at once. */
void flows_add(struct flows *flows, const struct packet *packet, bool *is_new);
/* Every flow's mark is 0 again. */
void flows_clear_marks(struct flows *flows);

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
