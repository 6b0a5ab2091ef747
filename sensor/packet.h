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

struct packet {
  int64_t time_ns;
  uint32_t wire_bytes;
  uint16_t interface;

  /* Outermost IP header; ip_version 0: not an IP packet, nothing below is set. */
  uint8_t ip_version;     /* 0, 4, 6 */
  uint8_t ip_protocol;    /* behind IPv6 extension headers */
  bool is_fragment;       /* offset or more-fragments set */
  bool is_later_fragment; /* offset > 0: no transport header */
  uint32_t ip_bytes;      /* IPv4 total length, 40 + IPv6 payload length; the wire's rest when that
                             field is 0 (super-segments) */
  struct addr ip_source, ip_destination;

  /* The flow: the innermost five-tuple that could be decoded. */
  struct addr source, destination;
  uint16_t source_port, destination_port; /* 0: none, or not captured */
  uint8_t protocol;
  uint8_t tcp_flags;
  uint8_t icmp_type;      /* ICMP and ICMPv6; 0 elsewhere */
  uint32_t payload_bytes; /* above the innermost transport header, by the headers' lengths */

  uint16_t vlan; /* outermost 802.1Q id, 0: none */
  enum summary_undecoded undecoded;
};

#endif
