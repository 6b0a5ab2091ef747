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
#include "common/entropy.h"
#include "common/fanout.h"
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
#define SUMMARY_EDGES_MAX          256
#define SUMMARY_SHIFT_MAX          31 /* of sample_shift */
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

/* How much a measure says. SCALED: measured on a part of the flows, and to be multiplied by
 * 2^sample_shift (the sensor did not multiply it). ABSENT: not measured at all in this interval; it
 * is no zero. The worst of an interval stands, also in the minute of a second. */
enum summary_quality { SUMMARY_EXACT, SUMMARY_SCALED, SUMMARY_ABSENT };

/* The measures that have a quality of their own. */
enum summary_measure {
  SUMMARY_MEASURE_TRAFFIC,    /* traffic, packet counts, fragments, sizes, DNS, TCP events */
  SUMMARY_MEASURE_FLOWS,      /* flows, conversations, talkers, struct summary_tcp */
  SUMMARY_MEASURE_DISTINCT,   /* sketches of distinct things, entropy, spreaders: never SCALED */
  SUMMARY_MEASURE_FIRST_SEEN, /* never SCALED */
  SUMMARY_MEASURES,
};
/* "traffic", "flows", "distinct", "first_seen"; "exact", "scaled", "absent"; static. */
const char *summary_measure_name(enum summary_measure measure);
const char *summary_quality_name(enum summary_quality quality);

/* What the flows' TCP did, in this interval (struct flow_tcp of the sensor says when each counts).
 */
struct summary_tcp {
  uint64_t attempts;  /* SYNs that began a flow */
  uint64_t answered;  /* by SYN+ACK */
  uint64_t refused;   /* by RST */
  uint64_t half_open; /* attempts without any answer at the close of their second */
  uint64_t withdrawn; /* of those, answered or refused later: still open = half_open - withdrawn */
  uint64_t resets;    /* of answered flows */
  uint64_t retransmitted;     /* segments, reordered ones among them */
  struct hist handshake_10us; /* round trips of handshakes, in units of 10 microseconds */
};

/* DNS over UDP port 53, by message headers. */
struct summary_dns {
  uint64_t questions, answers, failures; /* failures: answers with an RCODE other than 0 */
};

/* Super-segments (GRO, TSO: larger than the interface's MTU) and the wire packets that they stand
 * for. An estimate beside the observation: no other number of the record holds it. */
struct summary_segments {
  uint64_t super_segments; /* observed */
  uint64_t wire_packets;   /* that they were on the wire: at least super_segments */
  uint64_t header_bytes;   /* of the headers that were left out of them */
};

/* A service that a client was never seen with before by this sensor's memory. */
struct summary_edge {
  struct addr client, server;
  uint16_t server_port;
  uint8_t protocol;
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
  bool is_filtered; /* capture.filter leaves packets out: captured_* is not to be held against
                       kernel */
  struct summary_kernel kernel;
  uint64_t captured_packets; /* frames seen, own traffic left out */
  uint64_t captured_bytes;   /* their bytes on the wire, link header included */
  uint64_t own_packets;      /* the sensor's own bus traffic */
  uint64_t own_bytes;
  uint64_t capture_dropped;   /* by the kernel's ring (ps_drop) */
  uint64_t interface_dropped; /* by the device (ps_ifdrop) */
  int64_t uncounted_ns;       /* the part of the interval without capture on this interface */
  uint32_t speed_mbit;        /* megabits a second each way, at its end; 0: not known */
};

/* One conversation: a service (client, server, server_port, protocol) within the interval. Folding
 * several flows of a client to a service into one row is exact; flows says how many. */
struct summary_conversation {
  struct addr client; /* `::`: many, folded into one row (summary_conversation_is_folded) */
  struct addr server;
  uint16_t server_port;
  uint8_t protocol;                    /* IANA number */
  bool is_guessed;                     /* who is the client was guessed (no SYN seen) */
  uint8_t tcp_flags_out, tcp_flags_in; /* OR of all flags */
  uint32_t flows;                      /* flows with packets in this interval */
  struct counts out;                   /* client to server */
  struct counts in;                    /* server to client */
  /* Of the packets in this interval. On the wire whole microseconds (minute: 100 us) since its
   * start, rounded down. */
  int64_t first_ns, last_ns;
  /* TCP: of its flows. */
  uint32_t attempts, failed; /* failed: refused, or half open still */
  uint32_t retransmitted;
  uint32_t handshake_us; /* the shortest seen; 0: none */
  /* Minute: IP bytes both ways of its busiest second, of its least busy one among those with
   * packets, and the 95th percentile of all 60 (within 12.5 %: from buckets as common/hist.h). */
  uint64_t second_max_bytes, second_min_bytes, second_p95_bytes;
};

/* One address and what it moved, from Space-Saving's counters (common/topk.h). */
struct summary_talker {
  struct addr addr;
  uint64_t error_bytes; /* tx.bytes + rx.bytes lies at most this much below the truth */
  struct counts tx;     /* sent by addr, as seen here */
  struct counts rx;     /* received by addr */
};

/* Of which feature the entropy is. */
enum summary_entropy {
  SUMMARY_ENTROPY_CLIENTS,
  SUMMARY_ENTROPY_SERVERS,
  SUMMARY_ENTROPY_CLIENT_PORTS,
  SUMMARY_ENTROPY_SERVER_PORTS,
  SUMMARY_ENTROPIES,
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
  uint64_t first_seen_folded; /* first-seen addresses and edges beyond the limit or the memory */
  uint64_t
      fragments_unmatched;   /* later fragments whose first one never came: flows without ports */
  uint64_t fragments_folded; /* fragments that found no room in the table of fragments */
  uint64_t queue_evicted;    /* records that fell out of the resend queue, unacknowledged */
};

/* Of the flows with packets in the interval. Apart, and a pointer, since they are large. */
struct summary_sketches {
  struct hll clients, servers, services; /* distinct; a service is (server, port, protocol) */
  /* Packets by bucket of the feature's hash; ENTROPY_BUCKETS_SECOND or _MINUTE of them. */
  struct entropy entropy[SUMMARY_ENTROPIES];
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
  /* The part of TX and RX whose peer (destination, source) is of the fleet; zero for the other
   * directions. has_fleet false: nobody told who is of the fleet, and the split is absent, no zero;
   * outside peers have traffic - fleet_traffic. A minute has it when all its seconds have. */
  struct counts fleet_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  bool has_fleet;
  bool is_fleet_mixed;        /* minute: its seconds used several maps; the last one is named */
  uint64_t fleet_map_version; /* 0: no map of the collector's, but the configured networks alone */
  uint64_t ipv4_packets, ipv6_packets;
  uint64_t fragments; /* outermost IP header a fragment, or an ICMP error that quotes one */
  uint64_t non_ip_frames;
  uint64_t tcp_events[SUMMARY_TCP_EVENTS];
  uint64_t flows_active; /* with packets in the interval */
  uint64_t flows_new;
  struct hist packet_sizes; /* outermost IP bytes of each packet */
  struct hll addresses;     /* distinct addresses, source or destination; see HLL_PRECISION_* */
  struct summary_tcp tcp;
  struct summary_dns dns;
  struct summary_segments segments;
  uint64_t tunnelled_packets;        /* whose flow is an inner one */
  uint8_t quality[SUMMARY_MEASURES]; /* enum summary_quality */
  uint8_t sample_shift;              /* flows were kept with probability 2^-sample_shift; 0: all */
  struct summary_sketches *sketches; /* NULL: absent (quality says so) or nothing to tell */
  /* Minute: encoded fan-out sketches (common/fanout.h), NULL and 0 on a second. spreaders: clients
   * by (server, port); victims: servers by client. */
  size_t spreaders_length, victims_length;
  uint8_t *spreaders, *victims;
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
  size_t edge_count;
  struct summary_edge *edges; /* second records: first-seen edges, likewise */

  /* The sensor itself. */
  uint64_t cpu_ns;         /* user and system, in this interval */
  uint64_t resident_bytes; /* at its end */
  uint64_t flow_table_used, flow_table_slots;
};

/* What an encoded record may be long: summary_fit (proto/summary_fit.h) cuts rows to keep to it. */
#define SUMMARY_SECOND_BYTES_MAX 4096
#define SUMMARY_MINUTE_BYTES_MAX 65536

/* How many rows of each array. */
struct summary_sizes {
  size_t interfaces, talkers, conversations, first_seen, edges;
  size_t spreaders, victims; /* bytes */
  bool has_sketches;
};

/* An empty summary with no arrays; the sketch is ready at the second's precision. */
void summary_init(struct summary *s);
/* One heap block with an empty summary and zeroed arrays of those sizes; NULL without memory. Free
 * with summary_free. */
struct summary *summary_new(const struct summary_sizes *sizes);
/* Empties sketches, at the precision and with the buckets of the kind, with the fleet's seed. */
void summary_sketches_init(struct summary_sketches *sketches, enum summary_kind kind);
/* One heap block with s and all its arrays copied, sketches, spreaders and victims too; NULL
 * without memory. Free with summary_free. */
struct summary *summary_clone(const struct summary *s);
/* The same without sketches, spreaders and victims: for whoever keeps many of them. */
struct summary *summary_clone_rows(const struct summary *s);
/* How large the block of summary_clone_rows is. */
size_t summary_rows_bytes(const struct summary *s);
void summary_free(struct summary *s);
/* into += from, every counter: a loss that is not added ends there (P2). */
void summary_ledger_add(struct summary_ledger *into, const struct summary_ledger *from);
void summary_kernel_add(struct summary_kernel *into, const struct summary_kernel *from);
void summary_tcp_add(struct summary_tcp *into, const struct summary_tcp *from);
void summary_dns_add(struct summary_dns *into, const struct summary_dns *from);
void summary_segments_add(struct summary_segments *into, const struct summary_segments *from);
/* Attempts that are half open still, as far as the records added to tcp know: an answer may come in
 * a later one than the silence. */
uint64_t summary_tcp_open(const struct summary_tcp *tcp);
/* The worse of the two, for each measure. */
void summary_quality_add(uint8_t into[SUMMARY_MEASURES], const uint8_t from[SUMMARY_MEASURES]);
/* Adds all cells of [direction][protocol]: into and from are the first of SUMMARY_DIRECTIONS x
 * SUMMARY_PROTOCOLS. */
void summary_traffic_add(struct counts *into, const struct counts *from);
/* One direction of such cells over all protocols. */
struct counts summary_protocols_total(const struct counts row[SUMMARY_PROTOCOLS]);
/* traffic[direction], fleet_traffic[direction] over all protocols. */
struct counts summary_direction_total(const struct summary *s, enum summary_direction direction);
struct counts summary_fleet_total(const struct summary *s, enum summary_direction direction);
/* By client, server, server_port, protocol. */
int summary_conversation_compare(const struct summary_conversation *a,
                                 const struct summary_conversation *b);
/* Whether it is `::`, which stands for many and is no host's address. (An IPv6 host that looks for
 * its address sends from `::` too: it is nobody's address then as well.) */
bool summary_addr_is_many(const struct addr *addr);
/* Whether the row stands for many clients of one service, or for many servers of one client: one of
 * its ends is `::`. A sensor makes such rows under pressure. */
bool summary_conversation_is_folded(const struct summary_conversation *row);
enum summary_protocol summary_protocol_of(uint8_t ip_protocol);
/* 1..31 printable ASCII characters: what an interface's name on the wire must be. */
bool summary_is_interface_name(const char *name);

#endif
