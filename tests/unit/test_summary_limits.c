/* SPDX-License-Identifier: Apache-2.0 */
/* Each bound of a summary on the wire, broken one at a time through the generated structure. */
#include "proto/summary_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "proto/arena.h"
#include "summary.pb-c.h"

static struct summary *make_summary(void)
{
  struct summary *s = summary_new(&(struct summary_sizes){1, 2, 2, 1});
  assert_non_null(s);
  memcpy(s->sensor, "web1", sizeof("web1"));
  s->kind = SUMMARY_SECOND;
  s->length_ns = NS_PER_S;
  s->start_ns = 1700000000 * NS_PER_S;
  memcpy(s->interfaces[0].name, "eth0", sizeof("eth0"));
  s->interfaces[0].uncounted_ns = 1;
  s->traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){1, 40, 0};
  s->traffic[SUMMARY_RX][SUMMARY_TCP] = (struct counts){1, 40, 0};
  s->packet_sizes.bucket[5] = 1;
  s->packet_sizes.bucket[6] = 1;
  s->conversations[0].server_port = 80;
  return s;
}

static uint8_t wide[SUMMARY_ENCODED_MAX];
static uint64_t many[SUMMARY_CONVERSATIONS_MAX + 1];
static char *names[SUMMARY_INTERFACES_MAX + 1];
static char long_name[] = "an-interface-of-thirty-two-chars";
static char bad_name[] = "eth\x01";

static void set_bytes(ProtobufCBinaryData *field, size_t length)
{
  field->len = length;
  field->data = wide;
}

static void repeat_interface(Seine__Summary *w)
{
  for (size_t i = 0; i <= SUMMARY_INTERFACES_MAX; i++) {
    names[i] = w->interface_names[0];
  }
  w->n_interface_names = SUMMARY_INTERFACES_MAX + 1;
  w->interface_names = names;
}

static void set_values(size_t *count, uint64_t **values, size_t n)
{
  *count = n;
  *values = many;
}

/* What is done to a good summary (w), the field that the refusal has to name, and its number. */
/* clang-format off */
#define BENDS(BEND) \
  BEND(no_version, "version", ERR_MALFORMED, w->version = 0) \
  BEND(newer_version, "version", ERR_UNSUPPORTED, w->version = 2) \
  BEND(no_sensor, "sensor", ERR_MALFORMED, w->sensor[0] = '\0') \
  BEND(dotted_sensor, "sensor", ERR_MALFORMED, w->sensor[0] = '.') \
  BEND(slashed_sensor, "sensor", ERR_MALFORMED, w->sensor[1] = '/') \
  BEND(kind_zero, "kind", ERR_MALFORMED, w->kind = 0) \
  BEND(kind_three, "kind", ERR_MALFORMED, w->kind = 3) \
  BEND(other_length, "length_ns", ERR_MALFORMED, w->length_ns = NS_PER_MINUTE) \
  BEND(crooked_start, "start_ns", ERR_MALFORMED, w->start_ns++) \
  BEND(negative_start, "start_ns", ERR_MALFORMED, w->start_ns = -NS_PER_S) \
  BEND(far_start, "start_ns", ERR_MALFORMED, w->start_ns = INT64_MAX / NS_PER_S * NS_PER_S) \
  BEND(far_offset, "clock_offset_ns", ERR_LIMIT, w->clock_offset_ns = INT64_MIN) \
  BEND(negative_uncertainty, "clock_uncertainty_ns", ERR_LIMIT, w->clock_uncertainty_ns = -1) \
  BEND(huge_scalar, "ledger_frames", ERR_LIMIT, w->ledger_frames = SUMMARY_COUNTER_MAX + 1) \
  BEND(huge_cell, "traffic_bytes", ERR_LIMIT, w->traffic_bytes[0] = SUMMARY_COUNTER_MAX + 1) \
  BEND(unknown_direction, "traffic_cells", ERR_MALFORMED, w->traffic_cells.data[1] = 0xf0) \
  BEND(unknown_protocol, "traffic_cells", ERR_MALFORMED, w->traffic_cells.data[0] = 0x0f) \
  BEND(doubled_cell, "traffic_cells", ERR_MALFORMED,\
       w->traffic_cells.data[1] = w->traffic_cells.data[0]) \
  BEND(short_cells, "traffic_packets", ERR_MALFORMED, w->n_traffic_packets = 1) \
  BEND(many_cells, "traffic", ERR_LIMIT, set_bytes(&w->traffic_cells, 31)) \
  BEND(unknown_bucket, "size_buckets", ERR_MALFORMED, w->size_buckets.data[1] = HIST_BUCKETS) \
  BEND(doubled_bucket, "size_buckets", ERR_MALFORMED, w->size_buckets.data[1] = 5) \
  BEND(no_sketch, "addresses_sketch", ERR_MALFORMED, w->addresses_sketch.len = 0) \
  BEND(other_precision, "addresses_sketch", ERR_MALFORMED, w->addresses_sketch.data[1] = 9) \
  BEND(bad_sketch, "addresses_sketch", ERR_UNSUPPORTED, w->addresses_sketch.data[0] = 9) \
  BEND(decoded_reason, "ledger_undecoded", ERR_MALFORMED, w->ledger_undecoded[0] = 1) \
  BEND(many_events, "tcp_events", ERR_LIMIT,\
       set_values(&w->n_tcp_events, &w->tcp_events, SUMMARY_TCP_EVENTS + 1)) \
  BEND(many_reasons, "ledger_undecoded", ERR_LIMIT,\
       set_values(&w->n_ledger_undecoded, &w->ledger_undecoded, SUMMARY_UNDECODED_REASONS + 1)) \
  BEND(many_interfaces, "interfaces", ERR_LIMIT, repeat_interface(w)) \
  BEND(long_interface, "interface_names", ERR_MALFORMED, w->interface_names[0] = long_name) \
  BEND(bad_interface, "interface_names", ERR_MALFORMED, w->interface_names[0] = bad_name) \
  BEND(no_interface_name, "interface_names", ERR_MALFORMED, w->interface_names[0][0] = '\0') \
  BEND(no_flags, "interface_flags", ERR_MALFORMED, w->interface_flags.len = 0) \
  BEND(short_interfaces, "interface_own_bytes", ERR_MALFORMED, w->n_interface_own_bytes = 0) \
  BEND(long_uncounted, "interface_uncounted_ns", ERR_LIMIT,\
       w->interface_uncounted_ns[0] = NS_PER_S + 1) \
  BEND(negative_uncounted, "interface_uncounted_ns", ERR_LIMIT,\
       w->interface_uncounted_ns[0] = UINT64_MAX) \
  BEND(odd_addresses, "talker_addresses", ERR_MALFORMED, w->talker_addresses.len--) \
  BEND(many_talkers, "talkers", ERR_LIMIT, set_bytes(&w->talker_addresses, (size_t)257 * 16)) \
  BEND(short_talkers, "talker_rx_bytes", ERR_MALFORMED, w->n_talker_rx_bytes = 1) \
  BEND(many_conversations, "conversations", ERR_LIMIT,\
       set_bytes(&w->conversation_clients, (size_t)65 * 16)) \
  BEND(short_servers, "conversation_servers", ERR_MALFORMED, w->conversation_servers.len = 16) \
  BEND(short_ports, "conversation_ports", ERR_MALFORMED, w->n_conversation_ports = 1) \
  BEND(high_port, "conversation_ports", ERR_LIMIT, w->conversation_ports[0] = 65536) \
  BEND(guessed_two, "conversation_guessed", ERR_MALFORMED, w->conversation_guessed.data[0] = 2) \
  BEND(far_first, "conversation_first_ns", ERR_LIMIT, w->conversation_first_ns[0] = INT64_MAX) \
  BEND(many_first_seen, "first_seen", ERR_LIMIT, set_bytes(&w->first_seen, (size_t)257 * 16))
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
