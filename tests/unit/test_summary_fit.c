/* SPDX-License-Identifier: Apache-2.0 */
/* How long a record is: a quiet second, a busy one, a minute; and what is cut when it is too long,
 * of which nothing may be lost from the sums. */
#include "proto/summary_fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/summary_codec.h"
#include "tests/unit/random_summary.h"

#define TCP        6
#define LIVE_FLOWS 20000

static uint64_t seed;
static struct summary_fitter *fitter;

static size_t encoded_length(const struct summary *s)
{
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(s, &bytes, &length), 0);
  free(bytes);
  return length;
}

static uint64_t below(uint64_t limit)
{
  return random_below(&seed, limit);
}

/* Many small, few large: what traffic is like. */
static uint64_t skewed(uint64_t most)
{
  return (most >> below(12)) + below(100);
}

static struct counts packets_of(uint64_t packets, unsigned header)
{
  uint64_t payload = packets * below(1400);
  return (struct counts){packets, payload + packets * header, payload};
}

/* Of the whole family, as forged ones are. */
static struct addr any_addr(bool is_v4)
{
  struct addr a;
  for (size_t i = 0; i < sizeof(a.byte); i++) {
    a.byte[i] = (uint8_t)random_draw(&seed);
  }
  a.byte[0] = (uint8_t)(0x20 | (a.byte[0] & 0x1f));
  return is_v4 ? addr_from_v4(a.byte + 12) : a;
}

static void fill_interfaces(struct summary *s, uint64_t packets)
{
  for (size_t i = 0; i < s->interface_count; i++) {
    struct summary_interface *row = &s->interfaces[i];
    (void)snprintf(row->name, sizeof(row->name), "enp%zus0f0", i);
    row->has_kernel = row->is_up = true;
    row->kernel.rx_packets = packets + below(100);
    row->kernel.tx_packets = packets + below(100);
    row->kernel.rx_bytes = packets * 900;
    row->kernel.tx_bytes = packets * 800;
    row->captured_packets = 2 * packets;
    row->captured_bytes = packets * 1700;
    row->own_packets = 4;
    row->own_bytes = 1234;
  }
}

static void fill_conversation(struct summary *s, struct summary_conversation *row, uint64_t most)
{
  row->protocol = TCP;
  row->tcp_flags_out = row->tcp_flags_in = 0x1b;
  row->flows = (uint32_t)(1 + below(40));
  row->out = packets_of(1 + skewed(most), 52);
  row->in = packets_of(1 + skewed(most), 52);
  row->first_ns = s->start_ns + (int64_t)below((uint64_t)s->length_ns);
  row->last_ns =
      row->first_ns + (int64_t)below((uint64_t)(s->start_ns + s->length_ns - row->first_ns));
  row->attempts = (uint32_t)below(10);
  row->failed = (uint32_t)below(2);
  row->retransmitted = (uint32_t)below(3);
  row->handshake_us = (uint32_t)below(40000);
  row->is_guessed = below(8) == 0;
  if (s->kind == SUMMARY_MINUTE) {
    uint64_t all = row->out.bytes + row->in.bytes;
    row->second_max_bytes = all / 3;
    row->second_min_bytes = all / 90;
    row->second_p95_bytes = all / 5;
  }
}

static int by_bytes(const void *left, const void *right)
{
  const struct summary_conversation *a = left;
  const struct summary_conversation *b = right;
  uint64_t x = a->out.bytes + a->in.bytes;
  uint64_t y = b->out.bytes + b->in.bytes;
  return x == y ? summary_conversation_compare(a, b) : (x < y ? 1 : -1);
}

static int by_key(const void *left, const void *right)
{
  return summary_conversation_compare(left, right);
}

/* v6_percent of the addresses are IPv6; servers are the host's own or anybody's. */
static void fill_rows(struct summary *s, unsigned v6_percent, bool is_forged)
{
  struct addr own[2] = {any_addr(true), any_addr(false)};
  for (size_t i = 0; i < s->conversation_count; i++) {
    struct summary_conversation *row = &s->conversations[i];
    bool is_v4 = below(100) >= v6_percent;
    row->client = any_addr(is_v4);
    row->server = is_forged ? any_addr(is_v4) : own[is_v4 ? 0 : 1];
    row->server_port = (uint16_t)(below(2) == 0 ? 443 : below(65536));
    fill_conversation(s, row, s->kind == SUMMARY_SECOND ? 2000 : 40000);
  }
  qsort(s->conversations, s->conversation_count, sizeof(*s->conversations),
        s->kind == SUMMARY_SECOND ? by_bytes : by_key);
  for (size_t i = 0; i < s->talker_count; i++) {
    bool is_shared = !is_forged && i < s->conversation_count;
    s->talkers[i].addr =
        is_shared ? s->conversations[i].client : any_addr(below(100) >= v6_percent);
    s->talkers[i].error_bytes = skewed(10000);
    s->talkers[i].tx = packets_of(1 + (s->talker_count - i) * 1000, 52);
    s->talkers[i].rx = packets_of(1 + (s->talker_count - i) * 1000, 52);
  }
  for (size_t i = 0; i < s->first_seen_count; i++) {
    s->first_seen[i] = any_addr(below(100) >= v6_percent);
  }
  for (size_t i = 0; i < s->edge_count; i++) {
    s->edges[i] = (struct summary_edge){s->first_seen[i % s->first_seen_count], own[0],
                                        (uint16_t)below(65536), TCP};
  }
}

static void fill_sketches(struct summary *s, size_t items)
{
  hll_init(&s->addresses, s->kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE,
           HASH_FLEET_SEED);
  summary_sketches_init(s->sketches, s->kind);
  for (size_t i = 0; i < items; i++) {
    hll_add(&s->addresses, random_draw(&seed));
    hll_add(&s->sketches->clients, random_draw(&seed));
    hll_add(&s->sketches->servers, random_draw(&seed));
    hll_add(&s->sketches->services, random_draw(&seed));
    for (size_t e = 0; e < SUMMARY_ENTROPIES; e++) {
      entropy_add(&s->sketches->entropy[e], random_draw(&seed), 1 + below(40));
    }
  }
}

/* Every counter, bucket and cell of a host with so many packets. */
static void fill_counters(struct summary *s, uint64_t packets, unsigned cells)
{
  for (unsigned i = 0; i < cells; i++) {
    s->traffic[i / SUMMARY_PROTOCOLS][i % SUMMARY_PROTOCOLS] = packets_of(skewed(packets), 52);
  }
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    s->packet_sizes.bucket[i] = 1 + skewed(packets);
    s->tcp.handshake_10us.bucket[i] = 1 + below(200);
  }
  for (unsigned i = 0; i < SUMMARY_TCP_EVENTS; i++) {
    s->tcp_events[i] = 1 + below(packets);
  }
  uint64_t *more[] = {&s->ipv4_packets,
                      &s->ipv6_packets,
                      &s->fragments,
                      &s->non_ip_frames,
                      &s->tunnelled_packets,
                      &s->flows_active,
                      &s->flows_new,
                      &s->tcp.attempts,
                      &s->tcp.answered,
                      &s->tcp.refused,
                      &s->tcp.half_open,
                      &s->tcp.withdrawn,
                      &s->tcp.resets,
                      &s->tcp.retransmitted,
                      &s->dns.questions,
                      &s->dns.answers,
                      &s->dns.failures,
                      &s->segments.super_segments,
                      &s->segments.wire_packets,
                      &s->segments.header_bytes,
                      &s->ledger.late_frames,
                      &s->ledger.flows_folded,
                      &s->ledger.rows_folded,
                      &s->ledger.first_seen_folded,
                      &s->ledger.fragments_unmatched,
                      &s->ledger.undecoded[SUMMARY_NOT_IP]};
  for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
    *more[i] = 1 + below(packets);
  }
  s->ledger.frames = 4 * packets;
  s->ledger.wire_bytes = 4 * packets * 900;
  s->folded_out = packets_of(packets, 52);
  s->folded_in = packets_of(packets, 52);
  s->talkers_floor = packets * 10;
}

static void fill_head(struct summary *s, enum summary_kind kind)
{
  (void)snprintf(s->sensor, sizeof(s->sensor), "web-17.rack-4.example");
  s->kind = kind;
  s->length_ns = kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  s->start_ns = INT64_C(1790000000) / 60 * NS_PER_MINUTE;
  s->clock_offset_ns = -1234567;
  s->clock_uncertainty_ns = 250000;
  s->cpu_ns = 20 * NS_PER_MS;
  s->resident_bytes = 21 << 20;
  s->flow_table_used = LIVE_FLOWS;
  s->flow_table_slots = 65536;
}

static struct summary *make_record(enum summary_kind kind, const struct summary_sizes *sizes,
                                   unsigned v6_percent, bool is_forged)
{
  struct summary *s = summary_new(sizes);
  assert_non_null(s);
  fill_head(s, kind);
  fill_interfaces(s, 100000);
  fill_rows(s, v6_percent, is_forged);
  fill_sketches(s, LIVE_FLOWS);
  fill_counters(s, 200000, SUMMARY_DIRECTIONS * SUMMARY_PROTOCOLS);
  for (size_t i = 0; i < s->spreaders_length; i++) {
    s->spreaders[i] = (uint8_t)random_draw(&seed);
    s->victims[i] = (uint8_t)random_draw(&seed);
  }
  return s;
}

static void a_quiet_second_is_shorter_than_600_bytes(void **state)
{
  (void)state;
  struct summary_sizes sizes = {
      .interfaces = 2, .talkers = 6, .conversations = 3, .has_sketches = true};
  struct summary *s = summary_new(&sizes);
  assert_non_null(s);
  fill_head(s, SUMMARY_SECOND);
  fill_interfaces(s, 12);
  fill_rows(s, 33, false);
  fill_sketches(s, 5);
  for (unsigned i = 0; i < 3; i++) {
    s->conversations[i].out = packets_of(1 + below(20), 52);
    s->conversations[i].in = packets_of(1 + below(20), 52);
    s->conversations[i].attempts = s->conversations[i].retransmitted = 0;
  }
  for (unsigned i = 0; i < 6; i++) {
    s->packet_sizes.bucket[20 + 3 * i] = 1 + below(9);
    s->talkers[i] =
        (struct summary_talker){i < 3 ? s->conversations[i].client : s->conversations[i - 3].server,
                                0, packets_of(1 + below(20), 52), packets_of(1 + below(20), 52)};
  }
  s->traffic[SUMMARY_TX][SUMMARY_TCP] = packets_of(12, 52);
  s->traffic[SUMMARY_RX][SUMMARY_TCP] = packets_of(12, 52);
  s->traffic[SUMMARY_MULTICAST][SUMMARY_UDP] = packets_of(2, 28);
  s->ipv4_packets = 26;
  s->flows_active = 3;
  s->non_ip_frames = s->ledger.undecoded[SUMMARY_NOT_IP] = 2;
  s->ledger.frames = 30;
  s->ledger.wire_bytes = 4000;
  s->ledger.own_frames = 4;
  size_t length = encoded_length(s);
  print_message("quiet second: %zu bytes\n", length);
  assert_in_range(length, 100, 599);
  summary_free(s);
}

static void a_busy_second_shows_all_its_rows_within_4096_bytes(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.interfaces = 4,
                                .talkers = 32,
                                .conversations = 32,
                                .first_seen = 4,
                                .edges = 4,
                                .has_sketches = true};
  struct summary *s = make_record(SUMMARY_SECOND, &sizes, 0, false);
  print_message("busy second, IPv4: %zu bytes\n", encoded_length(s));
  assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_SECOND_BYTES_MAX), 0);
  assert_int_equal(s->conversation_count, 32);
  assert_int_equal(s->talker_count, 32);
  assert_in_range(encoded_length(s), 1000, SUMMARY_SECOND_BYTES_MAX - 1);
  summary_free(s);
}

static struct counts shown_and_folded(const struct summary *s)
{
  struct counts sum = s->folded_out;
  counts_add(&sum, &s->folded_in);
  for (size_t i = 0; i < s->conversation_count; i++) {
    counts_add(&sum, &s->conversations[i].out);
    counts_add(&sum, &s->conversations[i].in);
  }
  return sum;
}

/* All that a cut may not change, and what it has to count. */
static void assert_cut_is_told(const struct summary *before, const struct summary *after)
{
  struct counts all = shown_and_folded(before);
  struct counts still = shown_and_folded(after);
  assert_memory_equal(&all, &still, sizeof(all));
  assert_int_equal(after->ledger.rows_folded + after->conversation_count,
                   before->ledger.rows_folded + before->conversation_count);
  assert_int_equal(after->ledger.first_seen_folded + after->first_seen_count + after->edge_count,
                   before->ledger.first_seen_folded + before->first_seen_count +
                       before->edge_count);
  for (size_t i = after->talker_count; i < before->talker_count; i++) {
    const struct summary_talker *gone = &before->talkers[i];
    assert_true(gone->error_bytes + gone->tx.bytes + gone->rx.bytes <= after->talkers_floor);
  }
  /* Who stays has more bytes than who went, and order is kept. */
  uint64_t least = UINT64_MAX;
  size_t at = 0;
  for (size_t i = 0; i < before->conversation_count; i++) {
    const struct summary_conversation *row = &before->conversations[i];
    if (at < after->conversation_count &&
        memcmp(row, &after->conversations[at], sizeof(*row)) == 0) {
      at++;
      uint64_t bytes = row->out.bytes + row->in.bytes;
      least = bytes < least ? bytes : least;
    }
  }
  assert_int_equal(at, after->conversation_count);
  size_t larger = 0;
  for (size_t i = 0; i < before->conversation_count; i++) {
    const struct summary_conversation *row = &before->conversations[i];
    larger += row->out.bytes + row->in.bytes > least ? 1 : 0;
  }
  assert_true(larger <= after->conversation_count);
}

static void a_flood_of_forged_addresses_is_cut_to_size(void **state)
{
  (void)state;
  for (unsigned v6_percent = 0; v6_percent <= 100; v6_percent += 50) {
    struct summary_sizes sizes = {.interfaces = 4,
                                  .talkers = SUMMARY_TALKERS_MAX,
                                  .conversations = SUMMARY_SECOND_ROWS_MAX,
                                  .first_seen = SUMMARY_FIRST_SEEN_MAX,
                                  .edges = SUMMARY_EDGES_MAX,
                                  .has_sketches = true};
    struct summary *s = make_record(SUMMARY_SECOND, &sizes, v6_percent, true);
    struct summary *before = summary_clone(s);
    assert_non_null(before);
    size_t long_length = encoded_length(s);
    assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_SECOND_BYTES_MAX), 0);
    print_message("flood, %u %% IPv6: %zu -> %zu bytes, %zu conversations, %zu talkers, %zu first "
                  "seen, %zu edges\n",
                  v6_percent, long_length, encoded_length(s), s->conversation_count,
                  s->talker_count, s->first_seen_count, s->edge_count);
    assert_in_range(encoded_length(s), 2000, SUMMARY_SECOND_BYTES_MAX);
    assert_true(s->conversation_count >= 8 && s->talker_count >= 8);
    assert_true(s->first_seen_count >= 8 && s->edge_count >= 8);
    assert_cut_is_told(before, s);
    summary_free(s);
    summary_free(before);
  }
}

static void a_minute_is_cut_to_64_kib_and_keeps_its_order(void **state)
{
  (void)state;
  for (unsigned v6_percent = 0; v6_percent <= 100; v6_percent += 50) {
    for (unsigned is_spread = 0; is_spread < 2; is_spread++) {
      struct summary_sizes sizes = {.interfaces = 4,
                                    .talkers = 64,
                                    .conversations = 1024,
                                    .spreaders = is_spread * FANOUT_ENCODED_MAX,
                                    .victims = is_spread * FANOUT_ENCODED_MAX,
                                    .has_sketches = true};
      struct summary *s = make_record(SUMMARY_MINUTE, &sizes, v6_percent, v6_percent > 0);
      struct summary *before = summary_clone(s);
      assert_non_null(before);
      size_t long_length = encoded_length(s);
      assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_MINUTE_BYTES_MAX), 0);
      print_message("minute, %u %% IPv6, fan-out %s: %zu -> %zu bytes, %zu conversations\n",
                    v6_percent, is_spread ? "full" : "empty", long_length, encoded_length(s),
                    s->conversation_count);
      assert_in_range(encoded_length(s), 20000, SUMMARY_MINUTE_BYTES_MAX);
      assert_true(s->conversation_count >= 200);
      assert_cut_is_told(before, s);
      summary_free(s);
      summary_free(before);
    }
  }
}

static void rows_of_equal_bytes_are_cut_from_the_end(void **state)
{
  (void)state;
  struct summary *s = summary_new(&(struct summary_sizes){.conversations = 40});
  assert_non_null(s);
  fill_head(s, SUMMARY_SECOND);
  for (uint16_t i = 0; i < 40; i++) {
    s->conversations[i].client = any_addr(false);
    s->conversations[i].out.bytes = 100;
    s->conversations[i].server_port = i;
  }
  assert_int_equal(summary_fit(s, 600), 0);
  assert_in_range(s->conversation_count, 10, 39);
  for (uint16_t i = 0; i < s->conversation_count; i++) {
    assert_int_equal(s->conversations[i].server_port, i);
  }
  summary_free(s);
}

static void a_record_that_fits_is_left_alone(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.talkers = 5, .conversations = 5, .has_sketches = true};
  struct summary *s = random_summary(&seed, SUMMARY_SECOND, &sizes);
  assert_non_null(s);
  struct summary *before = summary_clone(s);
  size_t length = encoded_length(s);
  assert_int_equal(summary_fitter_fit(fitter, s, length), 0);
  assert_int_equal(s->conversation_count + s->talker_count, 10);
  assert_int_equal(summary_fitter_fit(fitter, s, length - 1), 0);
  assert_int_equal(s->conversation_count + s->talker_count, 9);
  /* Without any row it is still longer than that. */
  assert_int_equal(summary_fitter_fit(fitter, s, 10), ERR_LIMIT);
  assert_int_equal(s->conversation_count + s->talker_count, 0);
  assert_cut_is_told(before, s);
  summary_free(s);
  summary_free(before);
}

static void more_rows_than_the_fitter_has_room_for_are_refused(void **state)
{
  (void)state;
  struct summary_fitter *small = summary_fitter_new(&(struct summary_sizes){.conversations = 4});
  assert_non_null(small);
  for (size_t rows = 4; rows <= 5; rows++) {
    struct summary *s =
        random_summary(&seed, SUMMARY_SECOND, &(struct summary_sizes){.conversations = rows});
    assert_non_null(s);
    int expected = rows == 4 ? 0 : ERR_LIMIT;
    assert_int_equal(summary_fitter_fit(small, s, SUMMARY_SECOND_BYTES_MAX), expected);
    assert_int_equal(s->conversation_count, rows);
    summary_free(s);
  }
  summary_fitter_free(small);
}

/* The measure without bytes must be the length of the bytes. */
static void what_is_measured_is_what_is_packed(void **state)
{
  (void)state;
  for (int i = 0; i < 40; i++) {
    enum summary_kind kind = i % 2 == 0 ? SUMMARY_SECOND : SUMMARY_MINUTE;
    struct summary_sizes sizes = {.interfaces = below(4),
                                  .talkers = below(30),
                                  .conversations = below(60),
                                  .first_seen = below(30),
                                  .edges = below(30),
                                  .has_sketches = below(2) == 1};
    struct summary *s = random_summary(&seed, kind, &sizes);
    assert_non_null(s);
    size_t length = encoded_length(s);
    size_t rows = s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count;
    assert_int_equal(summary_fitter_fit(fitter, s, length), 0);
    assert_int_equal(s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count,
                     rows);
    (void)summary_fitter_fit(fitter, s, length - 1);
    assert_true(rows == 0 ||
                s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count <
                    rows);
    summary_free(s);
  }
}

static void many_interfaces_do_not_take_the_room_of_rows(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.interfaces = SUMMARY_INTERFACES_MAX,
                                .talkers = 32,
                                .conversations = 32,
                                .has_sketches = true};
  struct summary *s = make_record(SUMMARY_SECOND, &sizes, 0, false);
  assert_int_equal(summary_bytes_max(s), SUMMARY_SECOND_BYTES_MAX + (sizes.interfaces - 4) * 96);
  assert_int_equal(summary_fitter_fit(fitter, s, summary_bytes_max(s)), 0);
  assert_int_equal(s->conversation_count, 32);
  s->interface_count = 4;
  assert_int_equal(summary_bytes_max(s), SUMMARY_SECOND_BYTES_MAX);
  summary_free(s);
}

int main(void)
{
  seed = random_seed();
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_quiet_second_is_shorter_than_600_bytes),
      cmocka_unit_test(a_busy_second_shows_all_its_rows_within_4096_bytes),
      cmocka_unit_test(a_flood_of_forged_addresses_is_cut_to_size),
      cmocka_unit_test(a_minute_is_cut_to_64_kib_and_keeps_its_order),
      cmocka_unit_test(rows_of_equal_bytes_are_cut_from_the_end),
      cmocka_unit_test(a_record_that_fits_is_left_alone),
      cmocka_unit_test(more_rows_than_the_fitter_has_room_for_are_refused),
      cmocka_unit_test(what_is_measured_is_what_is_packed),
      cmocka_unit_test(many_interfaces_do_not_take_the_room_of_rows),
  };
  const struct summary_sizes most = {.talkers = SUMMARY_TALKERS_MAX,
                                     .conversations = 1024,
                                     .first_seen = SUMMARY_FIRST_SEEN_MAX,
                                     .edges = SUMMARY_EDGES_MAX};
  fitter = summary_fitter_new(&most);
  int failed = fitter == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
  summary_fitter_free(fitter);
  return failed;
}
