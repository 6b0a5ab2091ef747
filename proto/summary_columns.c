/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: a line for each member, in the order of summary.proto. */
#include "proto/summary_columns.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* one column    name | kind | where the member is | where the members are that it is told by */
/* Types and designators take no parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define MEMBER(kind, row, member)                                                                  \
  {                                                                                                \
#member, COLUMN_##kind, offsetof(row, member), 0, 0                                            \
  }
#define TOLD_BY(kind, row, member, base)                                                           \
  {                                                                                                \
#member, COLUMN_##kind, offsetof(row, member), offsetof(row, base), 0                          \
  }
#define COUNTS(row, member)                                                                        \
  MEMBER(U64, row, member.packets), MEMBER(U64, row, member.bytes),                                \
      TOLD_BY(BELOW, row, member.payload_bytes, member.bytes)
#define SET(columns, row)                                                                          \
  {                                                                                                \
    sizeof(row), COUNT_OF(columns), columns                                                        \
  }

#define INTERFACE(kind, member) MEMBER(kind, struct summary_interface, member)
static const struct column interfaces[] = {
    INTERFACE(BOOL, has_kernel),       INTERFACE(BOOL, is_up),
    INTERFACE(U64, kernel.rx_packets), INTERFACE(U64, kernel.tx_packets),
    INTERFACE(U64, kernel.rx_bytes),   INTERFACE(U64, kernel.tx_bytes),
    INTERFACE(U64, kernel.rx_errors),  INTERFACE(U64, kernel.tx_errors),
    INTERFACE(U64, kernel.rx_dropped), INTERFACE(U64, kernel.tx_dropped),
    INTERFACE(U64, captured_packets),  INTERFACE(U64, captured_bytes),
    INTERFACE(U64, own_packets),       INTERFACE(U64, own_bytes),
    INTERFACE(U64, capture_dropped),   INTERFACE(U64, interface_dropped),
    INTERFACE(SPAN, uncounted_ns),     INTERFACE(BOOL, is_filtered),
    INTERFACE(U32, speed_mbit),
};
const struct column_set columns_interfaces = SET(interfaces, struct summary_interface);

static const struct column talkers[] = {
    MEMBER(ADDR, struct summary_talker, addr),
    MEMBER(U64, struct summary_talker, error_bytes),
    COUNTS(struct summary_talker, tx),
    COUNTS(struct summary_talker, rx),
};

#define CONVERSATION            struct summary_conversation
#define CONVERSES(kind, member) MEMBER(kind, CONVERSATION, member)
static const struct column conversations[] = {
    CONVERSES(ADDR_STEP, client),
    CONVERSES(ADDR, server),
    CONVERSES(U16, server_port),
    CONVERSES(U8, protocol),
    CONVERSES(BOOL, is_guessed),
    CONVERSES(U8, tcp_flags_out),
    CONVERSES(U8, tcp_flags_in),
    CONVERSES(U32, flows),
    COUNTS(CONVERSATION, out),
    COUNTS(CONVERSATION, in),
    CONVERSES(TIME, first_ns),
    TOLD_BY(AFTER, CONVERSATION, last_ns, first_ns),
    CONVERSES(U32, attempts),
    CONVERSES(U32, failed),
    CONVERSES(U32, retransmitted),
    CONVERSES(U32, handshake_us),
    {"second_max_bytes", COLUMN_BUSIEST, offsetof(CONVERSATION, second_max_bytes),
     offsetof(CONVERSATION, out.bytes), offsetof(CONVERSATION, in.bytes)},
    TOLD_BY(BELOW, CONVERSATION, second_min_bytes, second_max_bytes),
    CONVERSES(U64, second_p95_bytes),
};

static const struct column first_seen[] = {{"address", COLUMN_ADDR, 0, 0, 0}};

static const struct column edges[] = {
    MEMBER(ADDR, struct summary_edge, client),
    MEMBER(ADDR, struct summary_edge, server),
    MEMBER(U16, struct summary_edge, server_port),
    MEMBER(U8, struct summary_edge, protocol),
};

#define GROUP(columns, row)                                                                        \
  {                                                                                                \
#columns, offsetof(Seine__Summary, columns), SET(columns, row)                                 \
  }
const struct column_group summary_groups[SUMMARY_GROUPS] = {
    [GROUP_TALKERS] = GROUP(talkers, struct summary_talker),
    [GROUP_CONVERSATIONS] = GROUP(conversations, CONVERSATION),
    [GROUP_FIRST_SEEN] = GROUP(first_seen, struct addr),
    [GROUP_EDGES] = GROUP(edges, struct summary_edge),
};

static const struct column buckets[] = {{"bucket", COLUMN_U64, 0, 0, 0}};
const struct column_set columns_buckets = SET(buckets, uint64_t);
static const struct column cells[] = {
    MEMBER(U64, struct counts, packets),
    MEMBER(U64, struct counts, bytes),
    TOLD_BY(BELOW, struct counts, payload_bytes, bytes),
};

/* Cell behind cell, not column behind column: a quiet host has few, and what lies between is one
 * run of zeros. */
#define FLEET_CELL(way, protocol) COUNTS(struct summary, fleet_traffic[way][protocol])
#define FLEET_CELLS(way)                                                                           \
  FLEET_CELL(way, SUMMARY_TCP), FLEET_CELL(way, SUMMARY_UDP), FLEET_CELL(way, SUMMARY_ICMP),       \
      FLEET_CELL(way, SUMMARY_SCTP), FLEET_CELL(way, SUMMARY_OTHER_IP)
static const struct column fleet_cells[] = {FLEET_CELLS(SUMMARY_TX), FLEET_CELLS(SUMMARY_RX)};

/* All scalars are counters of 64 bits: one bound (SUMMARY_COUNTER_MAX) holds for each. */
#define MESSAGE(part) Seine__Summary__##part
#define SCALAR(part, field, member)                                                                \
  {                                                                                                \
#field, offsetof(MESSAGE(part), field), offsetof(struct summary, member)                       \
  }
#define SCALAR_COUNTS(part, prefix)                                                                \
  SCALAR(part, prefix##_packets, prefix.packets), SCALAR(part, prefix##_bytes, prefix.bytes),      \
      SCALAR(part, prefix##_payload_bytes, prefix.payload_bytes)
#define ARRAY(part, field, member, columns, row)                                                   \
  {                                                                                                \
#field, offsetof(MESSAGE(part), field), offsetof(struct summary, member),                      \
        sizeof(((struct summary *)0)->member) / sizeof(row), SET(columns, row)                     \
  }

static const struct scalar traffic_scalars[] = {
    SCALAR(Traffic, ipv4_packets, ipv4_packets),
    SCALAR(Traffic, ipv6_packets, ipv6_packets),
    SCALAR(Traffic, fragments, fragments),
    SCALAR(Traffic, non_ip_frames, non_ip_frames),
    SCALAR(Traffic, tunnelled_packets, tunnelled_packets),
    SCALAR(Traffic, flows_active, flows_active),
    SCALAR(Traffic, flows_new, flows_new),
    SCALAR_COUNTS(Traffic, folded_out),
    SCALAR_COUNTS(Traffic, folded_in),
    SCALAR(Traffic, talkers_floor, talkers_floor),
};
static const struct array traffic_arrays[] = {
    ARRAY(Traffic, cells, traffic, cells, struct counts),
    ARRAY(Traffic, sizes, packet_sizes.bucket, buckets, uint64_t),
    {"fleet_cells", offsetof(MESSAGE(Traffic), fleet_cells), 0, 1,
     SET(fleet_cells, struct summary)},
};

#define LEDGER(member) SCALAR(Ledger, member, ledger.member)
static const struct scalar ledger_scalars[] = {
    LEDGER(frames),
    LEDGER(wire_bytes),
    LEDGER(own_frames),
    LEDGER(capture_dropped),
    LEDGER(interface_dropped),
    LEDGER(late_frames),
    LEDGER(clamped_frames),
    LEDGER(flows_folded),
    LEDGER(rows_folded),
    LEDGER(first_seen_folded),
    LEDGER(queue_evicted),
    LEDGER(fragments_unmatched),
    LEDGER(fragments_folded),
};
static const struct array ledger_arrays[] = {
    ARRAY(Ledger, undecoded, ledger.undecoded, buckets, uint64_t),
};

#define TCP(member) SCALAR(Tcp, member, tcp.member)
static const struct scalar tcp_scalars[] = {
    TCP(attempts),  TCP(answered), TCP(refused),       TCP(half_open),
    TCP(withdrawn), TCP(resets),   TCP(retransmitted),
};
static const struct array tcp_arrays[] = {
    ARRAY(Tcp, events, tcp_events, buckets, uint64_t),
    ARRAY(Tcp, handshakes, tcp.handshake_10us.bucket, buckets, uint64_t),
};

static const struct scalar dns_scalars[] = {
    SCALAR(Dns, questions, dns.questions),
    SCALAR(Dns, answers, dns.answers),
    SCALAR(Dns, failures, dns.failures),
};
static const struct scalar segments_scalars[] = {
    SCALAR(Segments, super_segments, segments.super_segments),
    SCALAR(Segments, wire_packets, segments.wire_packets),
    SCALAR(Segments, header_bytes, segments.header_bytes),
};
static const struct scalar self_scalars[] = {
    SCALAR(Self, cpu_ns, cpu_ns),
    SCALAR(Self, resident_bytes, resident_bytes),
    SCALAR(Self, flow_table_used, flow_table_used),
    SCALAR(Self, flow_table_slots, flow_table_slots),
};

#define PART(field, scalars, array_count, arrays)                                                  \
  {                                                                                                \
#field, &seine__summary__##field##__descriptor, offsetof(Seine__Summary, field),               \
        COUNT_OF(scalars), array_count, scalars, arrays                                            \
  }
const struct part summary_parts[] = {
    PART(traffic, traffic_scalars, COUNT_OF(traffic_arrays), traffic_arrays),
    PART(ledger, ledger_scalars, COUNT_OF(ledger_arrays), ledger_arrays),
    PART(tcp, tcp_scalars, COUNT_OF(tcp_arrays), tcp_arrays),
    PART(dns, dns_scalars, 0, NULL),
    PART(segments, segments_scalars, 0, NULL),
    PART(self, self_scalars, 0, NULL),
};
const size_t summary_part_count = COUNT_OF(summary_parts);
/* NOLINTEND(bugprone-macro-parentheses) */

size_t summary_group_rows(const struct summary *s, enum summary_group group, const void **rows)
{
  switch (group) {
  case GROUP_TALKERS:
    *rows = s->talkers;
    return s->talker_count;
  case GROUP_CONVERSATIONS:
    *rows = s->conversations;
    return s->conversation_count;
  case GROUP_FIRST_SEEN:
    *rows = s->first_seen;
    return s->first_seen_count;
  case GROUP_EDGES:
    *rows = s->edges;
    return s->edge_count;
  case SUMMARY_GROUPS:
  default:
    *rows = NULL;
    return 0;
  }
}

size_t summary_group_max(enum summary_kind kind, enum summary_group group)
{
  static const size_t most[SUMMARY_GROUPS] = {
      [GROUP_TALKERS] = SUMMARY_TALKERS_MAX,
      [GROUP_CONVERSATIONS] = SUMMARY_CONVERSATIONS_MAX,
      [GROUP_FIRST_SEEN] = SUMMARY_FIRST_SEEN_MAX,
      [GROUP_EDGES] = SUMMARY_EDGES_MAX,
  };
  return group == GROUP_CONVERSATIONS && kind == SUMMARY_SECOND ? SUMMARY_SECOND_ROWS_MAX
                                                                : most[group];
}

size_t summary_group_addresses(enum summary_group group)
{
  return group == GROUP_CONVERSATIONS || group == GROUP_EDGES ? 2 : 1;
}

/* Either way an interval is at most a million units long: three bytes of varint. */
int64_t summary_time_unit(enum summary_kind kind)
{
  return kind == SUMMARY_SECOND ? 1000 : 100000;
}

unsigned summary_entropy_buckets(enum summary_kind kind)
{
  return kind == SUMMARY_SECOND ? ENTROPY_BUCKETS_SECOND : ENTROPY_BUCKETS_MINUTE;
}

unsigned summary_precision(enum summary_kind kind)
{
  return kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE;
}
