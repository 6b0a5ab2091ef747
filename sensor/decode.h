/* SPDX-License-Identifier: Apache-2.0 */
/* Headers -> struct packet. Pure; every read is bounded (common/rd.h). */
#ifndef SENSOR_DECODE_H
#define SENSOR_DECODE_H

#include "sensor/frame.h"
#include "sensor/packet.h"

/* Decodes a frame into *out (wholly written). Never fails: what is not understood is said in
 * out->undecoded, and what was understood before stands.
 *
 * Link types: Ethernet (with 802.1Q/ad stacks up to 8 tags, LLC and SNAP, MPLS, PPPoE, VN-tag,
 * NSH), Linux cooked v1 and v2, raw IP, null and loop, PPP, Cisco HDLC, 802.11 with and without
 * radiotap, IP over InfiniBand, PKTAP, IPNET, NFLOG. Within: IPv4, IPv6 with up to 16 extension
 * headers, TCP, UDP, UDP-Lite, SCTP, DCCP, ICMP.
 *
 * IP in IP, GRE, ERSPAN, VXLAN (RFC 7348) and VXLAN-GPE, Geneve (RFC 8926), GTP-U (3GPP TS 29.281)
 * and Teredo (RFC 4380) are followed to the fourth IP header: the totals are the outermost
 * header's, the flow is the innermost one's. What goes over UDP is known by its port, and believed
 * only if each fixed bit of its header is right and an IP packet that fits into it follows: else it
 * is a plain UDP packet, which is no fault.
 *
 * What an ICMP error quotes is payload; of a fragmented tunnel only the first fragment is followed,
 * and over UDP not even that. Ports count as soon as both were captured, even where undecoded says
 * that the rest of their header was not. A DNS header or a quoted fragment that was cut is missed
 * without a word. */
void decode_frame(const struct frame *frame, struct packet *out);
/* Whether the link type has a decoder. */
bool decode_knows_link(int link_type);

#endif
