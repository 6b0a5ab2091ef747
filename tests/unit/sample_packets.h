/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded packets, frames and random numbers for the tests of flows, window and meter. */
#ifndef TESTS_UNIT_SAMPLE_PACKETS_H
#define TESTS_UNIT_SAMPLE_PACKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/clock.h"
#include "sensor/frame.h"
#include "sensor/packet.h"

#define SAMPLE_TCP       6
#define SAMPLE_UDP       17
#define SAMPLE_FRAME_MAX 64
#define SAMPLE_ETHERNET  1 /* DLT_EN10MB */

/* One end: 10.a.b.c and a port. */
struct sample_end {
  uint32_t host; /* the lower 24 bits of 10.0.0.0/8 */
  uint16_t port;
};

static inline struct addr sample_addr(uint32_t host)
{
  const uint8_t bytes[4] = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host};
  return addr_from_v4(bytes);
}

static inline uint32_t sample_host(const struct addr *addr)
{
  return (uint32_t)addr->byte[13] << 16 | (uint32_t)addr->byte[14] << 8 | addr->byte[15];
}

/* An IPv4 packet of ip_bytes, 40 of them headers. */
static inline struct packet sample_packet(int64_t time_ns, struct sample_end from,
                                          struct sample_end to, uint8_t protocol, uint32_t ip_bytes)
{
  struct packet packet = {.time_ns = time_ns,
                          .wire_bytes = ip_bytes + 14,
                          .ip_version = 4,
                          .ip_protocol = protocol,
                          .ip_bytes = ip_bytes,
                          .protocol = protocol,
                          .source_port = from.port,
                          .destination_port = to.port,
                          .payload_bytes = ip_bytes - 40};
  packet.source = sample_addr(from.host);
  packet.destination = sample_addr(to.host);
  packet.ip_source = packet.source;
  packet.ip_destination = packet.destination;
  return packet;
}

static inline void sample_put16(uint8_t *at, uint32_t value)
{
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

/* An Ethernet frame of an IPv4 TCP packet, its headers in bytes; the payload is on the wire alone.
 */
static inline struct frame sample_tcp_frame(int64_t time_ns, struct sample_end from,
                                            struct sample_end to, uint8_t tcp_flags,
                                            uint32_t ip_bytes, uint8_t bytes[SAMPLE_FRAME_MAX])
{
  struct addr source = sample_addr(from.host);
  struct addr destination = sample_addr(to.host);
  memset(bytes, 0, SAMPLE_FRAME_MAX);
  sample_put16(bytes + 12, 0x0800);
  bytes[14] = 0x45;
  sample_put16(bytes + 16, ip_bytes);
  bytes[22] = 64;
  bytes[23] = SAMPLE_TCP;
  memcpy(bytes + 26, source.byte + 12, 4);
  memcpy(bytes + 30, destination.byte + 12, 4);
  sample_put16(bytes + 34, from.port);
  sample_put16(bytes + 36, to.port);
  bytes[46] = 0x50;
  bytes[47] = tcp_flags;
  return (struct frame){.time_ns = time_ns,
                        .wire_bytes = ip_bytes + 14,
                        .captured_bytes = 54,
                        .data = bytes,
                        .link_type = SAMPLE_ETHERNET};
}

/* xorshift64*: the same numbers for the same seed (not 0) on every machine. */
static inline uint64_t sample_random(uint64_t *state)
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(2685821657736338717);
}

static inline uint32_t sample_below(uint64_t *state, uint32_t limit)
{
  return (uint32_t)(sample_random(state) >> 32) % limit;
}

#endif
