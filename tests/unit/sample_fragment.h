/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of UDP datagrams, as decode tells of them. */
#ifndef TESTS_UNIT_SAMPLE_FRAGMENT_H
#define TESTS_UNIT_SAMPLE_FRAGMENT_H

#include "sample_packets.h"

enum { FIRST, LATER };

/* UDP from that host; a later fragment has no ports. */
static inline struct packet sample_fragment(uint32_t host, uint32_t id, int kind, int64_t time_ns)
{
  struct sample_end from = {host, kind == FIRST ? (uint16_t)(1000 + host) : 0};
  struct sample_end to = {99, kind == FIRST ? 2000 : 0};
  struct packet packet = sample_packet(time_ns, from, to, SAMPLE_UDP, 100);
  packet.is_flow_fragment = true;
  packet.is_flow_later_fragment = kind == LATER;
  packet.fragment_id = id;
  return packet;
}

#endif
