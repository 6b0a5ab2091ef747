/* SPDX-License-Identifier: Apache-2.0 */
/* Packets -> summaries: walks the way decode -> flows -> window for the reader. Pure: time comes in
 * with the packets and by meter_advance; summaries and flow records go out by callback.
 *
 * The open second is the one that holds the newest time seen. A packet or an advance beyond it
 * closes every second before; seconds without anything are not made one by one: is_dense says
 * whether empty seconds give an (empty) summary each (live: the collector measures silence by it)
 * or are skipped in one step (replay). A dense jump of more than an hour (the clock was set
 * forward) is one step too. Minutes close with the second that ends them: first the second, then
 * the minute, which carries the totals of its seconds; a minute that no second was made for is not
 * made.
 *
 * A packet older than the open second counts in it (late_frames); older by more than a second than
 * the newest time: also clamped_frames, and its time is taken as the newest. When a dense meter is
 * advanced to more than two seconds before the open second, the clock was set back: the open second
 * and minute close, the next ones begin at the new time, and clock_epoch grows by one.
 *
 * Frames are decoded as they come and counted some dozens at a time, at the latest when their
 * second closes or one of the other calls below is made: nobody can tell but by the time that it
 * takes.
 *
 * Addresses are first seen by a memory of first_seen_slots; see sensor/first_seen.h for what a full
 * one forgets and what is folded. */
#ifndef SENSOR_METER_H
#define SENSOR_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/addr_set.h"
#include "proto/summary.h"
#include "sensor/fleet_peers.h"
#include "sensor/frame.h"
#include "sensor/meter_config.h"

struct meter;

/* A transport endpoint of the bus: TCP packets between one of our addresses and it are `own`. */
struct meter_endpoint {
  struct addr addr;
  uint16_t port;
};

/* The defaults of meter_config.h, is_dense true. */
void meter_config_init(struct meter_config *config);

/* The memory of one flow slot at most, with all that belongs to it, when nobody takes records. */
size_t meter_slot_bytes(void);

/* Takes all memory here. NULL without memory, or when a size of the configuration is 0. */
struct meter *meter_new(const struct meter_config *config, const struct meter_sinks *sinks);
void meter_free(struct meter *meter);

/* The host's own addresses and declared networks; none: direction is UNKNOWN. Copied.
 * ERR_NO_MEMORY: what was set before stays. */
int meter_set_local(struct meter *meter, const struct addr *addrs, size_t addr_count,
                    const struct network *networks, size_t network_count);
/* The bus's endpoints (at most METER_OWN_MAX; more are an ERR_LIMIT). */
int meter_set_own(struct meter *meter, const struct meter_endpoint *endpoints, size_t count);
/* Who is a fleet peer, from the first second on that begins at or after from_ns (INT64_MIN: from
 * the next one); until then the set before is used, so that each second is split by one set, whose
 * version its record names. Takes over peers, also for the case that its turn never comes: of sets
 * whose turn has not come, those go that would begin with it or later, and the last one when
 * METER_FLEETS_WAITING wait already. */
void meter_set_fleet(struct meter *meter, struct fleet_peers *peers, int64_t from_ns);
/* The same from the next second on, by networks alone; none: nothing changes. ERR_LIMIT (more than
 * FLEET_PEERS_NETWORKS_MAX), ERR_NO_MEMORY: nothing changes. */
int meter_set_fleet_networks(struct meter *meter, const struct network *networks, size_t count);
/* Makes an interface known; returns its index for frames. A name known already gives the same
 * index. ERR_LIMIT: more than SUMMARY_INTERFACES_MAX, or a name that is empty or too long. */
int meter_add_interface(struct meter *meter, const char *name);

/* The interface is gone for good, as far as is known: no row of it follows the counts that are
 * left, its MTU is not known, and its index is given away after the minute. meter_add_interface
 * takes that back, but for the MTU. */
void meter_retire_interface(struct meter *meter, unsigned index);

/* The largest IP packet that goes over the interface's wire; 0: not known (METER_MTU_DEFAULT). A
 * larger one with TCP or UDP payload stands for several: GRO and TSO put them together. How many,
 * and how many bytes of headers they had, goes into summary.segments, by the rule that each but the
 * last filled the MTU. A MTU that is not known makes super-segments of jumbo frames. */
void meter_set_mtu(struct meter *meter, unsigned index, uint32_t mtu_bytes);
/* From now on flows are kept with probability 2^-shift (0: all): the summaries of every interval
 * that had any sampling in it say so (sample_shift: of its worst moment; quality). */
void meter_set_sampling(struct meter *meter, unsigned shift);

/* Counts a frame. An interface that was never added is a bug of the caller. */
void meter_frame(struct meter *meter, const struct frame *frame);
/* A frame on a port of a container or guest: it counts in the row of its interface and nowhere
 * else, since the devices by which traffic leaves the host tell it as well. */
void meter_port_frame(struct meter *meter, const struct frame *frame);
/* What the caller sampled for an interface over the open second: kernel deltas, drops, state. Added
 * into the second that closes next; captured_* and own_* of the argument are ignored. */
void meter_interface(struct meter *meter, unsigned index, const struct summary_interface *sample);
/* Closes every second that ends at or before now_ns. An earlier time than the newest changes
 * nothing but for a clock that was set back, see above. */
void meter_advance(struct meter *meter, int64_t now_ns);
/* Closes the open second and the open minute (a part of one), ends all flows: the end of a file or
 * of the sensor. The meter then waits for its first packet again. */
void meter_finish(struct meter *meter);
/* The newest packet or advance time; INT64_MIN before the first. */
int64_t meter_time(const struct meter *meter);

#endif
