/* SPDX-License-Identifier: Apache-2.0 */
/* What decode understood of one frame. */
#ifndef SENSOR_PACKET_H
#define SENSOR_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "proto/summary.h"

/* Bits of the TCP header's flags byte, as they stand there. */
#define PACKET_TCP_FIN 0x01
#define PACKET_TCP_SYN 0x02
#define PACKET_TCP_RST 0x04
#define PACKET_TCP_ACK 0x10

/* What carried the flow, when its addresses are not those of the outermost IP header: the innermost
 * carrier that was followed. */
enum packet_tunnel {
  PACKET_PLAIN,
  PACKET_IPIP, /* IP in IP, 6in4, and MPLS in IP */
  PACKET_GRE,
  PACKET_ERSPAN,
  PACKET_VXLAN, /* and VXLAN-GPE */
  PACKET_GENEVE,
  PACKET_GTPU,
  PACKET_TEREDO,
  PACKET_TUNNELS,
};
/* "plain", "ipip", ...; static. */
const char *packet_tunnel_name(enum packet_tunnel tunnel);

/* What the header of a DNS message over UDP port 53 says. */
enum packet_dns { PACKET_NO_DNS, PACKET_DNS_QUESTION, PACKET_DNS_ANSWER, PACKET_DNS_FAILURE };

/* In the order of use: what every packet of the common kind touches stands in the first 64 bytes.
 * No padding, so that two packets can be compared byte by byte. */
struct packet {
  int64_t time_ns;
  uint32_t wire_bytes;

  /* Of the outermost IP header (with ip_source and the like below). ip_version 0: not an IP packet,
   * nothing but time, wire bytes, interface, vlan and undecoded is set. */
  uint32_t ip_bytes;      /* IPv4 total length, 40 + IPv6 payload length; the wire's rest when that
                             field is 0 (super-segments) */
  uint32_t payload_bytes; /* above the innermost transport header, by the headers' lengths */
  uint16_t interface;
  uint16_t vlan;       /* outermost 802.1Q id, 0: none */
  uint8_t ip_version;  /* 0, 4, 6 */
  uint8_t ip_protocol; /* behind IPv6 extension headers */

  /* The flow: the innermost five-tuple that could be decoded. */
  uint8_t protocol;
  uint8_t tcp_flags;
  uint16_t source_port, destination_port; /* 0: none, or not captured */
  struct addr source, destination;

  struct addr ip_source, ip_destination;
  uint32_t tcp_sequence, tcp_acknowledgement;
  /* The fragment of the innermost IP header (that of the flow's addresses): its identification
   * (0 when it is none), whether it is one, and whether it is a later one, behind the transport
   * header. An outermost header is a fragment when offset or more-fragments are set. */
  uint32_t fragment_id;
  bool is_flow_fragment, is_flow_later_fragment;
  /* The frame is about a fragment: its outermost IP header is one, or the ICMP error that this
   * header carries quotes one (a router that answers a flood of fragments is part of it). */
  bool is_fragment;
  bool is_later_fragment; /* the outermost header's offset > 0: no transport header */
  bool has_tcp_numbers;   /* sequence and acknowledgement are set: the TCP header is sound */
  uint8_t icmp_type;      /* ICMP and ICMPv6; 0 elsewhere */
  uint8_t tunnel;         /* enum packet_tunnel */
  uint8_t dns;            /* enum packet_dns */
  enum summary_undecoded undecoded;
};

#endif
