/* SPDX-License-Identifier: Apache-2.0 */
/* The table of columns. The first column of a group says how many rows there are. */
#include "proto/summary_columns.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* one column    name | kind | where its count is | where its pointer is | where the member is
 *
 * VALUES is a repeated field (count in entries), BYTES a bytes field (count in bytes), COUNTS the
 * three columns of a struct counts. */
/* Types and designators take no parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define VALUES(kind, field, row, member)                                                           \
  {                                                                                                \
#field, COLUMN_##kind, offsetof(Seine__Summary, n_##field), offsetof(Seine__Summary, field),   \
        offsetof(row, member)                                                                      \
  }
#define BYTES(kind, field, row, member)                                                            \
  {                                                                                                \
#field, COLUMN_##kind, offsetof(Seine__Summary, field) + offsetof(ProtobufCBinaryData, len),   \
        offsetof(Seine__Summary, field) + offsetof(ProtobufCBinaryData, data),                     \
        offsetof(row, member)                                                                      \
  }
#define COUNTS(prefix, row, member)                                                                \
  VALUES(U64, prefix##_packets, row, member.packets),                                              \
      VALUES(U64, prefix##_bytes, row, member.bytes),                                              \
      VALUES(U64, prefix##_payload_bytes, row, member.payload_bytes)
#define GROUP(name, columns, row)                                                                  \
  {                                                                                                \
    name, columns, COUNT_OF(columns), sizeof(row)                                                  \
  }

/* Sparse: only cells with packets travel, each with its number. */
static const struct column traffic[] = {
    BYTES(U8, traffic_cells, struct traffic_row, cell),
    COUNTS(traffic, struct traffic_row, counts),
};
const struct column_group columns_traffic = GROUP("traffic", traffic, struct traffic_row);

/* Sparse too: empty buckets do not travel. */
static const struct column sizes[] = {
    BYTES(U8, size_buckets, struct size_row, bucket),
    VALUES(U64, size_counts, struct size_row, count),
};
const struct column_group columns_sizes = GROUP("sizes", sizes, struct size_row);

/* Names and flags are the codec's own: they are no plain columns. */
#define INTERFACE(field, member) VALUES(U64, field, struct summary_interface, member)
static const struct column interfaces[] = {
    INTERFACE(interface_kernel_rx_packets, kernel.rx_packets),
    INTERFACE(interface_kernel_tx_packets, kernel.tx_packets),
    INTERFACE(interface_kernel_rx_bytes, kernel.rx_bytes),
    INTERFACE(interface_kernel_tx_bytes, kernel.tx_bytes),
    INTERFACE(interface_kernel_rx_errors, kernel.rx_errors),
    INTERFACE(interface_kernel_tx_errors, kernel.tx_errors),
    INTERFACE(interface_kernel_rx_dropped, kernel.rx_dropped),
    INTERFACE(interface_kernel_tx_dropped, kernel.tx_dropped),
    INTERFACE(interface_captured_packets, captured_packets),
    INTERFACE(interface_captured_bytes, captured_bytes),
    INTERFACE(interface_own_packets, own_packets),
    INTERFACE(interface_own_bytes, own_bytes),
    INTERFACE(interface_capture_dropped, capture_dropped),
    INTERFACE(interface_dropped, interface_dropped),
    VALUES(SPAN, interface_uncounted_ns, struct summary_interface, uncounted_ns),
};
const struct column_group columns_interfaces =
    GROUP("interfaces", interfaces, struct summary_interface);

/* One address, what may be missing, and both directions. */
static const struct column talkers[] = {
    BYTES(ADDR, talker_addresses, struct summary_talker, addr),
    VALUES(U64, talker_error_bytes, struct summary_talker, error_bytes),
    COUNTS(talker_tx, struct summary_talker, tx),
    COUNTS(talker_rx, struct summary_talker, rx),
};
const struct column_group columns_talkers = GROUP("talkers", talkers, struct summary_talker);

#define CONVERSATION struct summary_conversation
/* Packed columns instead of nested messages: unpacking needs no structure a row. */
static const struct column conversations[] = {
    BYTES(ADDR, conversation_clients, CONVERSATION, client),
    BYTES(ADDR, conversation_servers, CONVERSATION, server),
    VALUES(U16, conversation_ports, CONVERSATION, server_port),
    BYTES(U8, conversation_protocols, CONVERSATION, protocol),
    BYTES(BOOL, conversation_guessed, CONVERSATION, is_guessed),
    BYTES(U8, conversation_tcp_flags_out, CONVERSATION, tcp_flags_out),
    BYTES(U8, conversation_tcp_flags_in, CONVERSATION, tcp_flags_in),
    VALUES(U32, conversation_flows, CONVERSATION, flows),
    COUNTS(conversation_out, CONVERSATION, out),
    COUNTS(conversation_in, CONVERSATION, in),
    VALUES(TIME, conversation_first_ns, CONVERSATION, first_ns),
    VALUES(TIME, conversation_last_ns, CONVERSATION, last_ns),
};
const struct column_group columns_conversations =
    GROUP("conversations", conversations, CONVERSATION);

static const struct column first_seen[] = {BYTES(ADDR, first_seen, struct addr, byte)};
const struct column_group columns_first_seen = GROUP("first_seen", first_seen, struct addr);

/* All scalars are counters of 64 bits: one bound (SUMMARY_COUNTER_MAX) holds for each. */
#define SCALAR(field, member)                                                                      \
  {                                                                                                \
#field, offsetof(Seine__Summary, field), offsetof(struct summary, member)                      \
  }
#define SCALAR_COUNTS(prefix)                                                                      \
  SCALAR(prefix##_packets, prefix.packets), SCALAR(prefix##_bytes, prefix.bytes),                  \
      SCALAR(prefix##_payload_bytes, prefix.payload_bytes)
#define LEDGER(member) SCALAR(ledger_##member, ledger.member)
const struct scalar summary_scalars[] = {
    SCALAR(ipv4_packets, ipv4_packets),
    SCALAR(ipv6_packets, ipv6_packets),
    SCALAR(fragments, fragments),
    SCALAR(non_ip_frames, non_ip_frames),
    SCALAR(flows_active, flows_active),
    SCALAR(flows_new, flows_new),
    SCALAR_COUNTS(folded_out),
    SCALAR_COUNTS(folded_in),
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
    SCALAR(talkers_floor, talkers_floor),
    SCALAR(cpu_ns, cpu_ns),
    SCALAR(resident_bytes, resident_bytes),
    SCALAR(flow_table_used, flow_table_used),
    SCALAR(flow_table_slots, flow_table_slots),
};
/* NOLINTEND(bugprone-macro-parentheses) */
const size_t summary_scalar_count = COUNT_OF(summary_scalars);

/* protobuf-c keeps a uint32 in four bytes and an element of a bytes field in as many as it has. */
size_t column_entry_bytes(enum column_kind kind)
{
  switch (kind) {
  case COLUMN_U64:
  case COLUMN_TIME:
  case COLUMN_SPAN:
    return 8;
  case COLUMN_U32:
  case COLUMN_U16:
    return 4;
  case COLUMN_ADDR:
    return sizeof(struct addr);
  case COLUMN_U8:
  case COLUMN_BOOL:
  default:
    return 1;
  }
}

/* A bytes field counts bytes, so an address counts sixteen times. */
size_t column_counted(enum column_kind kind)
{
  return kind == COLUMN_ADDR ? sizeof(struct addr) : 1;
}
