/* SPDX-License-Identifier: Apache-2.0 */
/* What a sensor says of one interval: the value that travels from sensor/window.c to the collector.
 *
 * Two kinds. A SECOND record holds counters, top rows and small sketches of [k s, (k+1) s); a
 * MINUTE record holds the conversations and full sketches of [m min, (m+1) min). All numbers are of
 * that interval alone (deltas), so that they add up over time. Arrays belong to the summary's
 * owner. */
#ifndef PROTO_SUMMARY_H
#define PROTO_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/counts.h"
#include "common/hist.h"
#include "common/hll.h"
#include "common/keys.h"
#include "common/topk.h"

/* Limits that the decoder enforces (ERR_LIMIT) and that a sensor never passes. */
#define SUMMARY_INTERFACES_MAX     64
#define SUMMARY_TALKERS_MAX        256
#define SUMMARY_CONVERSATIONS_MAX  4096 /* minute */
#define SUMMARY_SECOND_ROWS_MAX    64   /* conversations of a second record */
#define SUMMARY_FIRST_SEEN_MAX     256
#define SUMMARY_INTERFACE_NAME_MAX 32
/* Any counter, and times (ns) either way of zero: sums of many records stay within an int64_t. */
#define SUMMARY_COUNTER_MAX (UINT64_C(1) << 56)
#define SUMMARY_TIME_MAX_NS (INT64_MAX / 2)

/* Which way a packet went, by the host's own addresses: source own = TX, destination own = RX, both
 * = LOCAL, neither = TRANSIT; a multicast or broadcast destination = MULTICAST whoever sent it;
 * UNKNOWN where no own address is known (replay without --local). Only TX and RX enter fleet sums.
 */
enum summary_direction {
  SUMMARY_UNKNOWN,
  SUMMARY_TX,
  SUMMARY_RX,
  SUMMARY_LOCAL,
  SUMMARY_TRANSIT,
  SUMMARY_MULTICAST,
  SUMMARY_DIRECTIONS,
};

/* By the protocol field of the outermost IP header (IPv6: behind its extension headers). */
enum summary_protocol {
  SUMMARY_TCP,
  SUMMARY_UDP,
  SUMMARY_ICMP, /* ICMP and ICMPv6 */
  SUMMARY_SCTP,
  SUMMARY_OTHER_IP,
  SUMMARY_PROTOCOLS,
};

/* Why a frame, or what it carries, was not understood. Counted once a frame, at the first reason.
 */
enum summary_undecoded {
  SUMMARY_DECODED,           /* not a reason: understood */
  SUMMARY_NOT_IP,            /* ARP, LLDP, ...: an EtherType of no interest */
  SUMMARY_UNKNOWN_LINK,      /* a link type that no decoder knows */
  SUMMARY_TRUNCATED_LINK,    /* the capture ends within the link header */
  SUMMARY_TRUNCATED_NETWORK, /* within the IP header or its extension headers */
  SUMMARY_BAD_NETWORK,       /* header length or version that cannot be */
  /* Within or about the TCP, UDP, SCTP, DCCP, ICMP or GRE header. Counted as IP all the same, and
   * ports count when both were captured (else they are 0); no payload, and no flags of a header
   * that cannot be. */
  SUMMARY_TRUNCATED_TRANSPORT, /* the capture ends within the header */
  SUMMARY_BAD_TRANSPORT,       /* lengths that cannot be */
  SUMMARY_TOO_DEEP,            /* more tags, extension headers or tunnels than the limit */
  SUMMARY_UNDECODED_REASONS,
};
/* "not_ip", "unknown_link", ...; static. */
const char *summary_undecoded_name(enum summary_undecoded reason);
const char *summary_direction_name(enum summary_direction direction);
const char *summary_protocol_name(enum summary_protocol protocol);

/* Counted once a packet for each flag that its innermost TCP header bears. */
enum summary_tcp_event {
  SUMMARY_TCP_SYN, /* SYN without ACK */
  SUMMARY_TCP_SYN_ACK,
  SUMMARY_TCP_FIN,
  SUMMARY_TCP_RST,
  SUMMARY_TCP_EVENTS,
};

/* The kernel's counters of one interface over the interval; absent in replay. */
struct summary_kernel {
  uint64_t rx_packets, tx_packets;
  uint64_t rx_bytes, tx_bytes; /* frame bytes */
  uint64_t rx_errors, tx_errors;
  uint64_t rx_dropped, tx_dropped;
};

struct summary_interface {
  char name[SUMMARY_INTERFACE_NAME_MAX];
  bool has_kernel; /* kernel counters are there and were neither reset nor wrapped */
  bool is_up;
  struct summary_kernel kernel;
  uint64_t captured_packets; /* frames seen, own traffic left out */
  uint64_t captured_bytes;   /* their bytes on the wire, link header included */
  uint64_t own_packets;      /* the sensor's own bus traffic */
  uint64_t own_bytes;
  uint64_t capture_dropped;   /* by the kernel's ring (ps_drop) */
  uint64_t interface_dropped; /* by the device (ps_ifdrop) */
  int64_t uncounted_ns;       /* the part of the interval without capture on this interface */
};

/* One conversation: a service (client, server, server_port, protocol) within the interval. Folding
 * several flows of a client to a service into one row is exact; flows says how many. */
struct summary_conversation {
  struct addr client;
  struct addr server;
  uint16_t server_port;
  uint8_t protocol;                    /* IANA number */
  bool is_guessed;                     /* who is the client was guessed (no SYN seen) */
  uint8_t tcp_flags_out, tcp_flags_in; /* OR of all flags */
  uint32_t flows;                      /* flows with packets in this interval */
  struct counts out;                   /* client to server */
  struct counts in;                    /* server to client */
  int64_t first_ns, last_ns;           /* of the packets in this interval */
};

/* One address and what it moved, from Space-Saving's counters (common/topk.h). */
struct summary_talker {
  struct addr addr;
  uint64_t error_bytes; /* tx.bytes + rx.bytes lies at most this much below the truth */
  struct counts tx;     /* sent by addr, as seen here */
  struct counts rx;     /* received by addr */
};

/* What was lost, and where (P2). All of this interval. */
struct summary_ledger {
  uint64_t frames;                               /* all frames read, own included */
  uint64_t wire_bytes;                           /* their bytes on the wire */
  uint64_t undecoded[SUMMARY_UNDECODED_REASONS]; /* [SUMMARY_DECODED] stays 0 */
  uint64_t own_frames;                           /* the sensor's own bus traffic */
  uint64_t capture_dropped;
  uint64_t interface_dropped;
  uint64_t late_frames;       /* older than the open interval: counted in the open one */
  uint64_t clamped_frames;    /* time ran back by more than a second: set to the newest time */
  uint64_t flows_folded;      /* flows evicted from a full table before their time */
  uint64_t rows_folded;       /* conversations that found no row: their counts are in `folded` */
  uint64_t first_seen_folded; /* first-seen addresses beyond the limit or the memory */
  uint64_t queue_evicted;     /* records that fell out of the resend queue, unacknowledged */
};

enum summary_kind { SUMMARY_SECOND = 1, SUMMARY_MINUTE = 2 };

struct summary {
  /* Identity; sequence and sensor are set by publish (live) or the replay driver. */
  char sensor[KEYS_NAME_MAX];
  uint64_t boot_id;
  uint64_t sequence; /* 1, 2, 3 ... within a boot */

  enum summary_kind kind;
  int64_t start_ns;             /* aligned to length_ns, the host's UTC */
  int64_t length_ns;            /* 1 s or 60 s */
  uint32_t clock_epoch;         /* grows when the wall clock is stepped */
  int64_t clock_offset_ns;      /* collector's clock minus ours, as measured by PING/PONG */
  int64_t clock_uncertainty_ns; /* 0: not measured */

  /* Both kinds. */
  struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  uint64_t ipv4_packets, ipv6_packets;
  uint64_t fragments; /* IP packets with offset or more-fragments set */
  uint64_t non_ip_frames;
  uint64_t tcp_events[SUMMARY_TCP_EVENTS];
  uint64_t flows_active; /* with packets in the interval */
  uint64_t flows_new;
  struct hist packet_sizes; /* outermost IP bytes of each packet */
  struct hll addresses;     /* distinct addresses, source or destination; see HLL_PRECISION_* */
  struct summary_ledger ledger;
  struct counts folded_out, folded_in; /* what conversations do not show */

  size_t interface_count;
  struct summary_interface *interfaces;
  size_t talker_count;
  struct summary_talker *talkers; /* by bytes, largest first */
  uint64_t talkers_floor;         /* an address not listed moved at most so many bytes */
  size_t conversation_count;
  struct summary_conversation *conversations; /* second: by bytes, largest first; minute: by key */
  size_t first_seen_count;
  struct addr *first_seen; /* second records: addresses never seen before by this sensor's memory */

  /* The sensor itself. */
  uint64_t cpu_ns;         /* user and system, in this interval */
  uint64_t resident_bytes; /* at its end */
  uint64_t flow_table_used, flow_table_slots;
};

/* How many rows of each array. */
struct summary_sizes {
  size_t interfaces, talkers, conversations, first_seen;
};

/* An empty summary with no arrays; the sketch is ready at the second's precision. */
void summary_init(struct summary *s);
/* One heap block with an empty summary and zeroed arrays of those sizes; NULL without memory. Free
 * with summary_free. */
struct summary *summary_new(const struct summary_sizes *sizes);
/* One heap block with s and all its arrays copied; NULL without memory. Free with summary_free. */
struct summary *summary_clone(const struct summary *s);
void summary_free(struct summary *s);
/* into += from, every counter: a loss that is not added ends there (P2). */
void summary_ledger_add(struct summary_ledger *into, const struct summary_ledger *from);
/* traffic[direction] over all protocols. */
struct counts summary_direction_total(const struct summary *s, enum summary_direction direction);
/* By client, server, server_port, protocol. */
int summary_conversation_compare(const struct summary_conversation *a,
                                 const struct summary_conversation *b);
enum summary_protocol summary_protocol_of(uint8_t ip_protocol);
/* 1..31 printable ASCII characters: what an interface's name on the wire must be. */
bool summary_is_interface_name(const char *name);

#endif
