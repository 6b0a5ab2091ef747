/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a generated capture: which flows there are, of what kind and size, and when each of
 * their packets comes. The plan is whole before the first frame is made (40 bytes a flow, 8 a
 * packet), so that the packets can be sorted by time. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <stdint.h>

#include "common/err.h"

/* What a flow is; the first three differ in who sends the bytes. */
enum traffic_kind {
  TRAFFIC_TCP_DOWN,
  TRAFFIC_TCP_UP,
  TRAFFIC_TCP_INTERACTIVE,
  TRAFFIC_SYN_ALONE,
  TRAFFIC_SYN_REFUSED,
  TRAFFIC_DNS,
  TRAFFIC_UDP_ALONE,
  TRAFFIC_QUIC,
  TRAFFIC_VOICE,
  TRAFFIC_FRAGMENTS,
  TRAFFIC_ICMP,
  TRAFFIC_ARP,
  TRAFFIC_STORM, /* one SYN of a flood or scan, see traffic_options.storm_flows */
  TRAFFIC_KINDS
};

enum traffic_trait {
  TRAFFIC_IPV6 = 1,
  TRAFFIC_VLAN = 2,
  TRAFFIC_QINQ = 4,      /* a second tag around the first */
  TRAFFIC_NO_FIN = 8,    /* the file ends before the flow does */
  TRAFFIC_ENDS_RST = 16, /* its last packet is a reset */
};

struct traffic_flow {
  uint32_t packets;     /* how many it has */
  uint32_t crafted;     /* how many of them were made into frames */
  uint32_t sequence[2]; /* TCP's next sequence number: client, server */
  uint32_t client, server;
  uint16_t client_port, server_port;
  uint16_t vlan;
  uint8_t kind;   /* enum traffic_kind */
  uint8_t traits; /* enum traffic_trait */
};

struct traffic_options {
  uint64_t packets;
  uint32_t flows;
  double seconds; /* packet time from first to last */
  double zipf;    /* exponent of the flows' sizes */
  uint64_t seed;
  uint32_t storm_flows; /* beside the others: new flows of one packet each */
  double storm_seconds; /* they come within so long, around the middle */
};

#define TRAFFIC_SECONDS_MAX 3600.0

struct traffic {
  struct traffic_flow *flow;
  uint32_t flow_count; /* storm flows included; they stand last */
  /* Microseconds since the start in the upper half, the flow's number in the lower, sorted. */
  uint64_t *event;
  uint64_t event_count;
};

/* Packets that options ask for at least; fewer is refused. */
uint64_t traffic_packets_min(const struct traffic_options *options);
/* Gives a plan that traffic_fini frees. ERR_LIMIT: too many packets or seconds for the event's
 * halves, or fewer packets than traffic_packets_min; ERR_NO_MEMORY. */
int traffic_init(struct traffic *traffic, const struct traffic_options *options);
void traffic_fini(struct traffic *traffic);

#endif
