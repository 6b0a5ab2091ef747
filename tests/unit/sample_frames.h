/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-made frames of every kind that decode knows, with what it must find in them: sample_frames
 * of links, IP and transport, sample_tunnels of tunnels over UDP, DNS, fragments and rare links. */
#ifndef TESTS_UNIT_SAMPLE_FRAMES_H
#define TESTS_UNIT_SAMPLE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"
#include "sensor/packet.h"

#define SAMPLE_BYTES_MAX 256

enum sample_pair { PAIR_NONE, PAIR_V4, PAIR_V6, PAIR_INNER_V4, PAIR_INNER_V6, PAIR_TEREDO };

struct sample_frame {
  const char *name;
  int link_type;
  const char *hex;
  uint32_t wire_bytes; /* 0: as many as captured */
  /* Expected. */
  uint8_t ip_version, ip_protocol, protocol;
  uint8_t fragment; /* outermost; 1: first, 2: later, 3: quoted by an ICMP error */
  uint32_t ip_bytes;
  enum sample_pair pair; /* the flow's addresses */
  uint16_t source_port, destination_port;
  uint8_t tcp_flags, icmp_type;
  uint32_t sequence, acknowledgement; /* sequence 0: none */
  uint8_t flow_fragment;              /* innermost; 1: first, 2: later */
  uint32_t fragment_id;
  enum packet_tunnel tunnel;
  enum packet_dns dns;
  uint32_t payload_bytes;
  uint16_t vlan;
  enum summary_undecoded undecoded;
};

extern const struct sample_frame sample_frames[];
extern const size_t sample_frames_count;
extern const struct sample_frame sample_tunnels[];
extern const size_t sample_tunnels_count;

/* Over both: the sample at a place, NULL behind the last one. */
const struct sample_frame *sample_frame_at(size_t i);

/* Writes the frame's bytes into out and returns how many. */
size_t sample_frame_bytes(const struct sample_frame *sample, uint8_t out[SAMPLE_BYTES_MAX]);
/* The text of the pair's addresses. */
const char *sample_pair_source(enum sample_pair pair);
const char *sample_pair_destination(enum sample_pair pair);

#endif
