/* SPDX-License-Identifier: Apache-2.0 */
/* What the TCP of a flow did: attempts, answers, refusals, resets, the handshake's round trip, and
 * segments sent again. Pure; part of the flow table.
 *
 * - Attempt: a SYN without ACK that began the flow. Answered: its first SYN+ACK from the other
 * side. Refused: a RST from the other side before that. Only attempts are answered or refused, so
 * that the numbers can be set against one another.
 * - Reset: the first RST of a flow, of either side, when its attempt was answered, or when its
 *   beginning was not seen. A RST that begins a flow says nothing of it.
 * - Handshake: from the SYN to the first ACK of its sender behind the SYN+ACK, as it passes here:
 * at the client the whole round trip, at the server its part between SYN+ACK and ACK with the time
 *   that the server took, between them the sum. Not measured when SYN or SYN+ACK came twice: nobody
 *   knows which one was answered (Karn, Partridge, SIGCOMM 1987). 1 us at least.
 * - Sent again: a segment with payload, SYN or FIN that begins before the highest sequence number
 *   that its side has sent, in 32-bit serial arithmetic (RFC 1982). Reordering counts too. Probes
 *   are left out: a byte at most, one before the next number (keep-alive, RFC 9293 section 3.8.4;
 *   zero window, 3.8.6.1), and the segment that sends that byte once more with others behind it. So
 *   one lone byte that was lost is missed. A SYN with another number begins anew. */
#ifndef SENSOR_FLOW_TCP_H
#define SENSOR_FLOW_TCP_H

#include <stdbool.h>

#include "sensor/flow_record.h"
#include "sensor/flows_table.h"
#include "sensor/packet.h"

/* A TCP packet of that side; is_begin: the flow began with it. The slot is active, its client is
 * decided. Returns whether TCP ended the flow just now. */
bool flow_tcp_see(struct flow_slot *slot, struct flow_rare *rare, unsigned side,
                  const struct packet *packet, bool is_begin);
/* FIN from both sides, or RST from either. */
bool flow_tcp_has_closed(const struct flow_slot *slot);
/* What it did in the open interval. */
void flow_tcp_describe(const struct flow_slot *slot, const struct flow_rare *rare,
                       struct flow_tcp *out);
/* The interval is over, and the flow goes on. */
void flow_tcp_close(const struct flow_slot *slot, struct flow_rare *rare);

#endif
