/* SPDX-License-Identifier: Apache-2.0 */
/* Ports for the fragments that lack them. Only the first fragment of a datagram holds the transport
 * header; later ones take its ports, whichever order they come in:
 *
 *   first comes first:  it goes on, its ports are remembered; later ones get them and go on
 *   later comes first:  a copy is held until the first one comes; then it goes on with the ports
 *   no first comes:     what is held goes on without ports when the second closes
 *
 * So each packet is counted in its own second, and waits no longer than that. The ports are
 * remembered for the time-out (30 s; RFC 8200 allows 60 s to a receiver).
 *
 * Pure; all memory is taken at start. A datagram is known by source, destination, identification
 * and, in IPv4, protocol (RFC 791, RFC 8200 section 4.5), of the innermost IP header. An
 * identification that comes again within the time-out (RFC 4963) takes the older datagram's ports
 * if its first fragment comes late.
 *
 * Nothing is lost silently: every later fragment that the table was asked for goes on with ports,
 * or is counted as unmatched or as folded, once. Those of protocols without ports are not asked
 * for. */
#ifndef SENSOR_FRAGMENTS_H
#define SENSOR_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/fragments_config.h"

struct fragments;

/* NULL: no memory. */
struct fragments *fragments_new(const struct fragments_config *config);
/* What is held is dropped uncounted: call fragments_finish before. */
void fragments_free(struct fragments *fragments);

/* Whether the packet is one to show here. Of tunnels the carrier's fragments are not followed
 * inwards, and an inner datagram in fragments stays as it is: its later ones are a flow without
 * ports. */
static inline bool fragments_concern(const struct packet *packet)
{
  return packet->is_flow_fragment && packet->tunnel == PACKET_PLAIN;
}

/* For packets that fragments_concern; others need not be shown. true: the packet goes on now,
 * its ports (and, in IPv6, protocol) filled in if they are known; what waited for it was released
 * before. false: the packet was copied and comes by config.release later. */
bool fragments_take(struct fragments *fragments, struct packet *packet);

/* At the close of every second, before its counters are read: releases what is held, and forgets
 * the datagrams whose time is out. */
void fragments_expire(struct fragments *fragments, int64_t now_ns);
/* At the end of the input, or of a clock: releases what is held and forgets all datagrams. */
void fragments_finish(struct fragments *fragments);

/* What was counted since the last call. */
struct fragments_counts fragments_counts_take(struct fragments *fragments);

#endif
