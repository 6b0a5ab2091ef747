/* SPDX-License-Identifier: Apache-2.0 */
/* Each bound of a summary on the wire, broken one at a time through the generated structure. */
#include "proto/summary_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/le.h"
#include "proto/arena.h"
#include "summary.pb-c.h"

static struct summary *make_summary(void)
{
  struct summary *s = summary_new(&(struct summary_sizes){.interfaces = 1,
                                                          .talkers = 2,
                                                          .conversations = 2,
                                                          .first_seen = 1,
                                                          .edges = 1,
                                                          .has_sketches = true});
  assert_non_null(s);
  memcpy(s->sensor, "web1", sizeof("web1"));
  s->kind = SUMMARY_SECOND;
  s->length_ns = NS_PER_S;
  s->start_ns = 1700000000 * NS_PER_S;
  memcpy(s->interfaces[0].name, "eth0", sizeof("eth0"));
  s->interfaces[0].uncounted_ns = 1;
  s->traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){1, 40, 0};
  s->traffic[SUMMARY_RX][SUMMARY_TCP] = (struct counts){1, 40, 0};
  s->fleet_traffic[SUMMARY_RX][SUMMARY_TCP] = (struct counts){1, 40, 0};
  s->has_fleet = true;
  s->fleet_map_version = 3;
  s->packet_sizes.bucket[5] = 1;
  s->packet_sizes.bucket[6] = 1;
  s->conversations[0].server_port = 80;
  for (size_t i = 0; i < 2; i++) {
    struct summary_conversation *row = &s->conversations[i];
    (void)addr_parse(i == 0 ? "192.0.2.1" : "2001:db8::1", &row->client);
    (void)addr_parse(i == 0 ? "192.0.2.9" : "2001:db8::9", &row->server);
    row->is_guessed = true;
    row->protocol = 6;
    row->flows = row->attempts = 1;
    row->out = (struct counts){2, 100, 20};
    row->first_ns = row->last_ns = s->start_ns + NS_PER_MS;
    row->second_max_bytes = 100;
    s->talkers[i].addr = row->client;
    s->talkers[i].rx = row->out;
  }
  s->first_seen[0] = s->conversations[1].client;
  s->edges[0] = (struct summary_edge){s->conversations[0].client, s->conversations[1].client, 9, 6};
  hll_add(&s->addresses, 1);
  hll_add(&s->sketches->clients, 1);
  entropy_add(&s->sketches->entropy[0], 1, 1);
  s->ledger.frames = 2;
  s->talkers_floor = 5;
  s->tcp.attempts = 2;
  s->tcp.handshake_10us.bucket[3] = 1;
  return s;
}

static uint8_t wide[SUMMARY_ENCODED_MAX];
static uint8_t sketch[8];
static char *names[SUMMARY_INTERFACES_MAX + 1];
static char long_name[] = "an-interface-of-thirty-two-chars";
static char bad_name[] = "eth\x01";

static void set_bytes(ProtobufCBinaryData *field, size_t length)
{
  field->len = length;
  field->data = wide;
}

static void repeat_interface(Seine__Summary__Interfaces *w)
{
  for (size_t i = 0; i <= SUMMARY_INTERFACES_MAX; i++) {
    names[i] = w->names[0];
  }
  w->n_names = SUMMARY_INTERFACES_MAX + 1;
  w->names = names;
}

/* A field of these numbers. */
static void set_numbers(ProtobufCBinaryData *field, const uint64_t *values, size_t n)
{
  field->len = 0;
  field->data = wide;
  for (size_t i = 0; i < n; i++) {
    field->len += le_put_varint(wide + field->len, values[i]);
  }
}

static void set_values(ProtobufCBinaryData *field, size_t n, uint64_t first, uint64_t second)
{
  const uint64_t values[2] = {first, second};
  set_numbers(field, values, n);
}

/* n numbers that are not 0. */
static void set_many(ProtobufCBinaryData *field, size_t n)
{
  memset(wide, 1, n);
  field->len = n;
  field->data = wide;
}

static void set_sketch(ProtobufCBinaryData *field, const char *bytes, size_t length)
{
  memcpy(sketch, bytes, length);
  field->len = length;
  field->data = sketch;
}

/* ::ffff:9.9.9.9 where IPv6 belongs. */
static void map_v4(ProtobufCBinaryData *v6)
{
  memset(v6->data, 0, 11);
  memset(v6->data + 11, 0xff, 2);
  memset(v6->data + 13, 9, 4);
  v6->len = 17;
}

/* One number, behind `before` zeros. */
static void set_column(ProtobufCBinaryData *field, size_t before, uint64_t number)
{
  const uint64_t values[3] = {0, before - 1, number};
  set_numbers(field, before > 0 ? values : values + 2, before > 0 ? 3 : 1);
}

/* The first row's number of a conversation's column, in place: others are told by it. */
static void set_cell(Seine__Summary__Rows *rows, size_t column, uint64_t number)
{
  uint64_t plain[128] = {0};
  struct rd r = rd_init(rows->numbers.data, rows->numbers.len);
  for (size_t at = 0; rd_left(&r) > 0; at++) {
    uint64_t zeros = 0;
    (void)le_varint(&r, &plain[at]);
    if (plain[at] == 0) {
      (void)le_varint(&r, &zeros);
      at += zeros;
    }
  }
  plain[rows->count * column] = number;
  uint64_t values[128];
  size_t n = 0;
  for (size_t i = 0; i < 64; i++) {
    values[n++] = plain[i];
    if (plain[i] == 0) {
      values[n++] = 0;
    }
  }
  set_numbers(&rows->numbers, values, n);
}

/* A number of eleven bytes, and one that is longer than need be. */
static void set_bent(ProtobufCBinaryData *field, const char *bytes, size_t length)
{
  memcpy(wide, bytes, length);
  field->len = length;
  field->data = wide;
}

#define VALUES(part, field, n, first, second) set_values(&w->part->field, n, first, second)
#define COLUMN(part, field, before, number)   set_column(&w->part->field, before, number)
#define CELL(column, number)                  set_cell(w->conversations, column, number)
#define MANY(part, field, n)                  set_many(&w->part->field, n)

/* What is done to a good summary (w), the field that the refusal has to name, and its number. */
/* clang-format off */
#define BENDS(BEND) \
  BEND(no_version, "version", ERR_MALFORMED, w->version = 0) \
  BEND(older_version, "version: 1, expected 2", ERR_UNSUPPORTED, w->version = 1) \
  BEND(newer_version, "version: 3, expected 2", ERR_UNSUPPORTED, w->version = 3) \
  BEND(far_version, "version: 300", ERR_UNSUPPORTED, w->version = 300) \
  BEND(no_sensor, "sensor", ERR_MALFORMED, w->sensor[0] = '\0') \
  BEND(dotted_sensor, "sensor", ERR_MALFORMED, w->sensor[0] = '.') \
  BEND(slashed_sensor, "sensor", ERR_MALFORMED, w->sensor[1] = '/') \
  BEND(kind_zero, "kind", ERR_MALFORMED, w->kind = 0) \
  BEND(kind_three, "kind", ERR_MALFORMED, w->kind = 3) \
  BEND(crooked_start, "start_ns", ERR_MALFORMED, w->start_ns++) \
  BEND(negative_start, "start_ns", ERR_MALFORMED, w->start_ns = -NS_PER_S) \
  BEND(far_start, "start_ns", ERR_MALFORMED, w->start_ns = INT64_MAX / NS_PER_S * NS_PER_S) \
  BEND(far_offset, "clock_offset_ns", ERR_LIMIT, w->clock_offset_ns = INT64_MIN) \
  BEND(negative_uncertainty, "clock_uncertainty_ns", ERR_LIMIT, w->clock_uncertainty_ns = -1) \
  BEND(no_quality, "quality: measure 1", ERR_MALFORMED, w->quality = 3U << 2) \
  BEND(fifth_measure, "quality: 256", ERR_MALFORMED, w->quality = 1U << 8) \
  BEND(far_shift, "sample_shift: 32", ERR_LIMIT, w->sample_shift = 32) \
  BEND(spread_second, "spreaders", ERR_LIMIT, set_bytes(&w->spreaders, 1)) \
  BEND(victim_second, "victims", ERR_LIMIT, set_bytes(&w->victims, 1)) \
  BEND(huge_fleet, "fleet: 7", ERR_LIMIT, w->fleet = SUMMARY_COUNTER_MAX + 2) \
  BEND(mixed_second, "fleet_mixed: 1, expected at most 0", ERR_MALFORMED, w->fleet_mixed = 1) \
  BEND(cells_without_fleet, "traffic.fleet_cells: rx tcp is more than 0", ERR_MALFORMED,\
       w->fleet = 0) \
  BEND(fleet_beyond_all, "traffic.fleet_cells: tx tcp is more than its cell", ERR_MALFORMED,\
       VALUES(traffic, fleet_cells, 1, 2, 0)) \
  BEND(fleet_bytes_beyond_all, "traffic.fleet_cells: rx tcp", ERR_MALFORMED,\
       COLUMN(traffic, fleet_cells, 16, 41)) \
  BEND(many_fleet_cells, "traffic.fleet_cells", ERR_MALFORMED, MANY(traffic, fleet_cells, 31)) \
  BEND(huge_speed, "interfaces.speed_mbit", ERR_LIMIT,\
       COLUMN(interfaces, numbers, 18, UINT64_C(1) << 32)) \
  BEND(huge_scalar, "ledger.frames", ERR_LIMIT, w->ledger->frames = SUMMARY_COUNTER_MAX + 1) \
  BEND(huge_cell, "traffic.cells.packets", ERR_LIMIT,\
       VALUES(traffic, cells, 1, SUMMARY_COUNTER_MAX + 1, 0)) \
  BEND(payload_beyond_bytes, "traffic.cells.payload_bytes", ERR_LIMIT,\
       COLUMN(traffic, cells, 60, SUMMARY_COUNTER_MAX * 2 + 1)) \
  BEND(negative_payload, "traffic.cells.payload_bytes", ERR_LIMIT,\
       COLUMN(traffic, cells, 60, 2)) \
  BEND(many_cells, "traffic.cells", ERR_MALFORMED, MANY(traffic, cells, 91)) \
  BEND(many_zeros, "traffic.cells", ERR_MALFORMED, VALUES(traffic, cells, 2, 0, 90)) \
  BEND(endless_zeros, "traffic.cells", ERR_MALFORMED,\
       VALUES(traffic, cells, 2, 0, UINT64_MAX)) \
  BEND(lone_zero, "traffic.cells", ERR_MALFORMED, VALUES(traffic, cells, 1, 0, 0)) \
  BEND(cut_number, "traffic.cells", ERR_MALFORMED, set_bent(&w->traffic->cells, "\x80", 1)) \
  BEND(long_number, "traffic.cells", ERR_MALFORMED, set_bent(&w->traffic->cells, "\x81\0", 2)) \
  BEND(huge_number, "traffic.cells", ERR_MALFORMED,\
       set_bent(&w->traffic->cells, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10)) \
  BEND(many_buckets, "traffic.sizes", ERR_MALFORMED, MANY(traffic, sizes, HIST_BUCKETS + 1)) \
  BEND(many_handshakes, "tcp.handshakes", ERR_MALFORMED,\
       MANY(tcp, handshakes, HIST_BUCKETS + 1)) \
  BEND(huge_tcp, "tcp.attempts", ERR_LIMIT, w->tcp->attempts = UINT64_MAX) \
  BEND(no_sketches, "sketches: missing", ERR_MALFORMED, w->sketches = NULL) \
  BEND(half_sketches, "sketches.all", ERR_MALFORMED, w->sketches->all = 2) \
  BEND(unknown_form, "sketches.addresses", ERR_MALFORMED,\
       set_sketch(&w->sketches->addresses, "\2", 1)) \
  BEND(cut_entry, "sketches.clients", ERR_MALFORMED,\
       set_sketch(&w->sketches->clients, "\0\1", 2)) \
  BEND(empty_entry, "sketches.clients", ERR_MALFORMED,\
       set_sketch(&w->sketches->clients, "\0\x10\0", 3)) \
  BEND(doubled_entry, "sketches.clients", ERR_MALFORMED,\
       set_sketch(&w->sketches->clients, "\0\x11\0\x11\0", 5)) \
  BEND(high_register, "sketches.servers", ERR_MALFORMED,\
       set_sketch(&w->sketches->servers, "\0\1\x10", 3)) \
  BEND(needless_rank, "sketches.servers", ERR_MALFORMED,\
       set_sketch(&w->sketches->servers, "\0\x0f\0\x0e", 4)) \
  BEND(high_rank, "sketches.services", ERR_MALFORMED,\
       set_sketch(&w->sketches->services, "\0\x0f\0\x3a", 4)) \
  BEND(short_nibbles, "sketches.services", ERR_MALFORMED,\
       set_sketch(&w->sketches->services, "\1\0\1", 3)) \
  BEND(many_entropy, "sketches.entropy", ERR_MALFORMED,\
       MANY(sketches, entropy, 4 * ENTROPY_BUCKETS_SECOND + 1)) \
  BEND(decoded_reason, "ledger.undecoded", ERR_MALFORMED, VALUES(ledger, undecoded, 1, 1, 0)) \
  BEND(many_events, "tcp.events", ERR_MALFORMED, MANY(tcp, events, SUMMARY_TCP_EVENTS + 1)) \
  BEND(many_reasons, "ledger.undecoded", ERR_MALFORMED,\
       MANY(ledger, undecoded, SUMMARY_UNDECODED_REASONS + 1)) \
  BEND(many_interfaces, "interfaces", ERR_LIMIT, repeat_interface(w->interfaces)) \
  BEND(long_interface, "interfaces.names", ERR_MALFORMED, w->interfaces->names[0] = long_name) \
  BEND(bad_interface, "interfaces.names", ERR_MALFORMED, w->interfaces->names[0] = bad_name) \
  BEND(no_interface_name, "interfaces.names", ERR_MALFORMED, w->interfaces->names[0][0] = '\0') \
  BEND(no_such_flag, "interfaces.has_kernel", ERR_MALFORMED, COLUMN(interfaces, numbers, 0, 2)) \
  BEND(long_uncounted, "interfaces.uncounted_ns", ERR_LIMIT,\
       COLUMN(interfaces, numbers, 16, NS_PER_S + 1)) \
  BEND(negative_uncounted, "interfaces.uncounted_ns", ERR_LIMIT,\
       COLUMN(interfaces, numbers, 16, UINT64_MAX)) \
  BEND(many_addresses, "addresses.v4", ERR_LIMIT, MANY(addresses, v4, 10)) \
  BEND(doubled_address, "addresses.v4", ERR_MALFORMED, VALUES(addresses, v4, 2, 7, 0)) \
  BEND(far_address, "addresses.v4", ERR_MALFORMED, VALUES(addresses, v4, 2, UINT32_MAX, 1)) \
  BEND(cut_address, "addresses.v6", ERR_MALFORMED, w->addresses->v6.len--) \
  BEND(shared_sixteen, "addresses.v6", ERR_MALFORMED, w->addresses->v6.data[0] = 16) \
  BEND(descending_address, "addresses.v6", ERR_MALFORMED, w->addresses->v6.data[18] = 1) \
  BEND(mapped_address, "addresses.v6", ERR_MALFORMED, map_v4(&w->addresses->v6)) \
  BEND(many_v6, "addresses.v6", ERR_LIMIT, MANY(addresses, v4, 8)) \
  BEND(many_talkers, "talkers: 257", ERR_LIMIT, w->talkers->count = 257) \
  BEND(lone_talker_zero, "talkers.error_bytes", ERR_MALFORMED,\
       COLUMN(talkers, numbers, 2, 0)) \
  BEND(huge_floor, "traffic.talkers_floor", ERR_LIMIT, w->traffic->talkers_floor = UINT64_MAX) \
  BEND(unknown_talker, "talkers.addr", ERR_MALFORMED, COLUMN(talkers, numbers, 0, 99)) \
  BEND(many_conversations, "conversations: 65", ERR_LIMIT, w->conversations->count = 65) \
  BEND(unknown_client, "conversations.client", ERR_MALFORMED, CELL(0, UINT64_MAX)) \
  BEND(unknown_server, "conversations.server", ERR_MALFORMED, CELL(1, 5)) \
  BEND(high_port, "conversations.server_port", ERR_LIMIT, CELL(2, 65536)) \
  BEND(high_protocol, "conversations.protocol", ERR_LIMIT, CELL(3, 256)) \
  BEND(guessed_two, "conversations.is_guessed", ERR_MALFORMED, CELL(4, 2)) \
  BEND(many_flags, "conversations.tcp_flags_in", ERR_LIMIT, CELL(6, 256)) \
  BEND(many_flows, "conversations.flows", ERR_LIMIT, CELL(7, UINT64_C(1) << 32)) \
  BEND(negative_out, "conversations.out.payload_bytes", ERR_LIMIT, CELL(10, 202)) \
  BEND(far_first, "conversations.first_ns", ERR_LIMIT, CELL(14, UINT64_MAX)) \
  BEND(far_last, "conversations.last_ns", ERR_LIMIT, CELL(15, UINT64_MAX - 1)) \
  BEND(many_attempts, "conversations.attempts", ERR_LIMIT, CELL(16, UINT64_C(1) << 32)) \
  BEND(negative_busiest, "conversations.second_max_bytes", ERR_LIMIT, CELL(20, 203)) \
  BEND(negative_idlest, "conversations.second_min_bytes", ERR_LIMIT, CELL(21, 202)) \
  BEND(many_first_seen, "first_seen: 257", ERR_LIMIT, w->first_seen->count = 257) \
  BEND(many_edges, "edges: 257", ERR_LIMIT, w->edges->count = 257) \
  BEND(edge_port, "edges.server_port", ERR_LIMIT, COLUMN(edges, numbers, 2, 65536))
/* clang-format on */

#define BEND_FUNCTION(name, field, err, action)                                                    \
  static void name(Seine__Summary *w)                                                              \
  {                                                                                                \
    action;                                                                                        \
  }
BENDS(BEND_FUNCTION)

#define BEND_ROW(name, field, err, action) {field, err, name},
static const struct bend {
  const char *field;
  int err;
  void (*apply)(Seine__Summary *wire);
} bends[] = {BENDS(BEND_ROW)};

/* The good bytes, unpacked, bent and packed again. An arena holds the bent one, since protobuf-c
 * could not free what points into the tables above. */
static void check_bend(const struct bend *bend, const uint8_t *good, size_t good_length)
{
  struct arena *arena = malloc(sizeof(*arena));
  assert_non_null(arena);
  arena_init(arena, 1 << 20);
  ProtobufCAllocator allocator = arena_allocator(arena);
  Seine__Summary *wire = seine__summary__unpack(&allocator, good_length, good);
  assert_non_null(wire);
  bend->apply(wire);
  size_t length = seine__summary__get_packed_size(wire);
  uint8_t *bytes = malloc(length);
  assert_non_null(bytes);
  (void)seine__summary__pack(wire, bytes);
  struct summary *out = NULL;
  struct err_message message = {""};
  int err = summary_decode(bytes, length, &out, &message);
  if (err != bend->err || strstr(message.text, bend->field) == NULL) {
    fail_msg("%s: expected %d, got %d: %s", bend->field, bend->err, err, message.text);
  }
  assert_null(out);
  free(bytes);
  arena_fini(arena);
  free(arena);
}

static void every_broken_bound_is_refused_by_name(void **state)
{
  (void)state;
  struct summary *s = make_summary();
  uint8_t *good = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(s, &good, &length), 0);
  struct summary *back = NULL;
  assert_int_equal(summary_decode(good, length, &back, NULL), 0);
  for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
    check_bend(&bends[i], good, length);
  }
  summary_free(back);
  summary_free(s);
  free(good);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_broken_bound_is_refused_by_name)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
