/* SPDX-License-Identifier: Apache-2.0 */
/* One interval's measures: rows merged and chosen exactly, the rest folded, totals always whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/hash.h"
#include "sensor/window.h"
#include "tests/unit/sample_deltas.h"
#include "tests/unit/sample_packets.h"

#define SEED     UINT64_C(8)
#define SERVICES 300

static struct window *new_window(enum summary_kind kind, size_t talkers, size_t conversations,
                                 size_t rows)
{
  struct window_limits limits = {talkers, conversations, rows};
  struct window *window = window_new(kind, &limits);
  assert_non_null(window);
  return window;
}

/* Rows that are not of many: they stand in for no other. */
static size_t own_rows(const struct summary *s, const struct summary_conversation **rows)
{
  size_t n = 0;
  for (size_t i = 0; i < s->conversation_count; i++) {
    const struct summary_conversation *row = &s->conversations[i];
    if (!summary_conversation_is_folded(row)) {
      rows[n++] = row;
    }
  }
  return n;
}

/* Shown and folded together. */
static struct counts conversation_sum(const struct summary *s)
{
  struct counts sum = s->folded_out;
  counts_add(&sum, &s->folded_in);
  for (size_t i = 0; i < s->conversation_count; i++) {
    counts_add(&sum, &s->conversations[i].out);
    counts_add(&sum, &s->conversations[i].in);
  }
  return sum;
}

static void packets_count_by_direction_and_protocol(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 4, 4, 16);
  assert_true(window_is_empty(window));
  struct sample_end a = {1, 1000};
  struct sample_end b = {2, 53};
  struct packet packet = sample_packet(0, a, b, SAMPLE_UDP, 100);
  window_packet(window, &packet, (struct direction_way){SUMMARY_TX, false});
  packet.is_fragment = true;
  window_packet(window, &packet, (struct direction_way){SUMMARY_RX, false});
  packet = sample_packet(0, a, b, SAMPLE_TCP, 60);
  packet.tcp_flags = PACKET_TCP_SYN;
  window_packet(window, &packet, (struct direction_way){SUMMARY_TX, false});
  packet.tcp_flags = PACKET_TCP_SYN | PACKET_TCP_ACK;
  packet.ip_version = 6;
  window_packet(window, &packet, (struct direction_way){SUMMARY_TX, false});
  packet.tcp_flags = PACKET_TCP_FIN | PACKET_TCP_RST;
  packet.undecoded = SUMMARY_TOO_DEEP;
  window_packet(window, &packet, (struct direction_way){SUMMARY_TX, false});
  struct packet arp = {.wire_bytes = 42, .undecoded = SUMMARY_NOT_IP};
  window_packet(window, &arp, (struct direction_way){SUMMARY_UNKNOWN, false});
  assert_false(window_is_empty(window));

  struct summary s;
  window_close(window, 7 * NS_PER_S, &s);
  assert_int_equal(s.kind, SUMMARY_SECOND);
  assert_int_equal(s.start_ns, 7 * NS_PER_S);
  assert_int_equal(s.length_ns, NS_PER_S);
  assert_int_equal(s.traffic[SUMMARY_TX][SUMMARY_UDP].bytes, 100);
  assert_int_equal(s.traffic[SUMMARY_RX][SUMMARY_UDP].payload_bytes, 60);
  assert_int_equal(s.traffic[SUMMARY_TX][SUMMARY_TCP].packets, 3);
  assert_int_equal(s.traffic[SUMMARY_UNKNOWN][SUMMARY_OTHER_IP].packets, 0);
  assert_int_equal(s.ipv4_packets, 3);
  assert_int_equal(s.ipv6_packets, 2);
  assert_int_equal(s.fragments, 1);
  assert_int_equal(s.non_ip_frames, 1);
  assert_int_equal(s.tcp_events[SUMMARY_TCP_SYN], 1);
  assert_int_equal(s.tcp_events[SUMMARY_TCP_SYN_ACK], 1);
  assert_int_equal(s.tcp_events[SUMMARY_TCP_FIN], 1);
  assert_int_equal(s.tcp_events[SUMMARY_TCP_RST], 1);
  assert_int_equal(hist_total(&s.packet_sizes), 5);
  assert_int_equal(s.packet_sizes.bucket[hist_bucket(100)], 2);
  assert_int_equal(s.ledger.frames, 6);
  assert_int_equal(s.ledger.wire_bytes, 2 * 114 + 3 * 74 + 42);
  assert_int_equal(s.ledger.undecoded[SUMMARY_NOT_IP], 1);
  assert_int_equal(s.ledger.undecoded[SUMMARY_TOO_DEEP], 1);
  assert_int_equal(s.ledger.undecoded[SUMMARY_DECODED], 0);
  assert_true(window_is_empty(window));
  window_free(window);
}

static void flows_of_a_client_to_a_service_are_one_row(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 4, 4, 16);
  struct flow_delta delta = sample_delta(1, 2, 443, 100, 1000);
  delta.flow.tcp_flags_out = PACKET_TCP_ACK;
  window_flow(window, &delta);
  delta.flow.client_port = 30001;
  delta.flow.is_guessed = false;
  delta.flow.tcp_flags_out = PACKET_TCP_SYN;
  delta.flow.first_ns = 1;
  delta.flow.last_ns = 9;
  delta.is_new = false;
  window_flow(window, &delta);
  struct flow_delta other = sample_delta(1, 2, 80, 1, 1);
  window_flow(window, &other);
  struct summary s;
  window_close(window, 0, &s);
  assert_int_equal(s.conversation_count, 2);
  const struct summary_conversation *row = &s.conversations[0];
  assert_int_equal(row->server_port, 443);
  assert_int_equal(row->flows, 2);
  assert_int_equal(row->out.bytes, 200);
  assert_int_equal(row->in.bytes, 2000);
  assert_int_equal(row->tcp_flags_out, PACKET_TCP_ACK | PACKET_TCP_SYN);
  assert_false(row->is_guessed);
  assert_int_equal(row->first_ns, 1);
  assert_int_equal(row->last_ns, 9);
  assert_true(s.conversations[1].is_guessed);
  assert_int_equal(s.flows_active, 3);
  assert_int_equal(s.flows_new, 2);
  window_free(window);
}

static int larger_first(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return (x < y) - (x > y);
}

/* Feeds 20 random deltas a service on average; bytes[] gets the sum of each service. */
static struct counts feed_services(struct window *window, uint64_t *random, uint64_t *bytes)
{
  struct counts sum = {0};
  memset(bytes, 0, SERVICES * sizeof *bytes);
  for (unsigned i = 0; i < 20 * SERVICES; i++) {
    uint32_t n = sample_below(random, SERVICES);
    struct flow_delta delta =
        sample_delta(n, 1000 + n % 9, 80, sample_below(random, 9000), sample_below(random, 500));
    bytes[n] += delta.flow.out.bytes + delta.flow.in.bytes;
    counts_add(&sum, &delta.flow.out);
    counts_add(&sum, &delta.flow.in);
    window_flow(window, &delta);
  }
  return sum;
}

static void the_largest_rows_are_shown_exactly_and_the_rest_is_folded(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 8, 50, 1024);
  uint64_t random = SEED;
  for (unsigned round = 0; round < 5; round++) {
    uint64_t bytes[SERVICES];
    struct counts sum = feed_services(window, &random, bytes);
    struct summary s;
    window_close(window, 0, &s);
    const struct summary_conversation *rows[SUMMARY_SECOND_ROWS_MAX];
    assert_int_equal(own_rows(&s, rows), 50);
    qsort(bytes, SERVICES, sizeof bytes[0], larger_first);
    for (size_t i = 0; i < 50; i++) {
      assert_int_equal(rows[i]->out.bytes + rows[i]->in.bytes, bytes[i]);
    }
    assert_int_equal(s.ledger.rows_folded, SERVICES - 50);
    struct counts got = conversation_sum(&s);
    assert_memory_equal(&got, &sum, sizeof sum);
  }
  window_free(window);
}

static void equal_rows_stand_in_order_of_their_keys(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 8, 3, 64);
  for (uint32_t n = 10; n > 0; n--) {
    struct flow_delta delta = sample_delta(n, 100, 80, 7, 7);
    window_flow(window, &delta);
  }
  struct summary s;
  window_close(window, 0, &s);
  const struct summary_conversation *rows[SUMMARY_SECOND_ROWS_MAX];
  assert_int_equal(own_rows(&s, rows), 3);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(sample_host(&rows[i]->client), i + 1);
  }
  window_free(window);
}

static void a_full_row_table_folds_and_keeps_the_totals(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 8, 5, 20);
  uint64_t random = SEED;
  uint64_t bytes[SERVICES];
  struct counts sum = feed_services(window, &random, bytes);
  struct summary s;
  window_close(window, 0, &s);
  const struct summary_conversation *rows[SUMMARY_SECOND_ROWS_MAX];
  assert_in_range(own_rows(&s, rows), 1, 5);
  assert_true(s.ledger.rows_folded > SERVICES - 20);
  struct counts got = conversation_sum(&s);
  assert_memory_equal(&got, &sum, sizeof sum);
  window_free(window);
}

static void a_minute_is_sorted_by_key_and_folds_the_smallest(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_MINUTE, 8, 100, 0);
  uint64_t random = SEED;
  uint64_t bytes[SERVICES];
  struct counts sum = feed_services(window, &random, bytes);
  struct summary s;
  window_close(window, NS_PER_MINUTE, &s);
  assert_int_equal(s.length_ns, NS_PER_MINUTE);
  const struct summary_conversation *rows[SERVICES];
  assert_int_equal(own_rows(&s, rows), 100);
  qsort(bytes, SERVICES, sizeof bytes[0], larger_first);
  for (size_t i = 0; i < 100; i++) {
    assert_true(rows[i]->out.bytes + rows[i]->in.bytes >= bytes[99]);
  }
  for (size_t i = 1; i < s.conversation_count; i++) {
    assert_true(summary_conversation_compare(&s.conversations[i - 1], &s.conversations[i]) < 0);
  }
  struct counts got = conversation_sum(&s);
  assert_memory_equal(&got, &sum, sizeof sum);
  assert_true(s.ledger.rows_folded > 0);
  /* The next one begins empty. */
  window_close(window, 2 * NS_PER_MINUTE, &s);
  assert_int_equal(s.conversation_count, 0);
  assert_int_equal(s.talker_count, 0);
  assert_int_equal(s.folded_out.packets + s.folded_in.packets, 0);
  window_free(window);
}

static void a_minute_counts_a_flow_once(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_MINUTE, 8, 100, 0);
  struct flow_delta delta = sample_delta(1, 2, 80, 1, 1);
  window_flow(window, &delta);
  delta.is_new = false;
  delta.is_first_in_span = false;
  window_flow(window, &delta);
  struct summary s;
  window_close(window, 0, &s);
  assert_int_equal(s.flows_active, 1);
  assert_int_equal(s.flows_new, 1);
  assert_int_equal(s.conversations[0].flows, 1);
  assert_int_equal(s.conversations[0].out.packets, 2);
  window_free(window);
}

static void talkers_are_the_hosts_that_moved_the_most(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 2, 4, 64);
  struct flow_delta delta = sample_delta(1, 2, 80, 1000, 10);
  window_flow(window, &delta);
  delta = sample_delta(3, 2, 80, 500, 20);
  window_flow(window, &delta);
  struct summary s;
  window_close(window, 0, &s);
  assert_int_equal(s.talker_count, 2);
  assert_int_equal(sample_host(&s.talkers[0].addr), 2);
  assert_int_equal(s.talkers[0].tx.bytes, 30);
  assert_int_equal(s.talkers[0].rx.bytes, 1500);
  assert_int_equal(s.talkers[0].error_bytes, 0);
  assert_int_equal(sample_host(&s.talkers[1].addr), 1);
  /* Host 3 is not listed. */
  assert_int_equal(s.talkers_floor, 520);
  window_free(window);
}

static void assert_within_error(const struct summary *s, const uint64_t *bytes)
{
  assert_int_equal(s->talker_count, 4);
  assert_true(s->talkers_floor > 0);
  for (uint32_t n = 0; n < SERVICES; n++) {
    struct addr addr = sample_addr(n);
    bool is_listed = false;
    for (size_t i = 0; i < s->talker_count; i++) {
      const struct summary_talker *talker = &s->talkers[i];
      if (addr_equal(&talker->addr, &addr)) {
        uint64_t shown = talker->tx.bytes + talker->rx.bytes;
        is_listed = true;
        assert_true(shown <= bytes[n] && bytes[n] <= shown + talker->error_bytes);
      }
    }
    assert_true(is_listed || bytes[n] <= s->talkers_floor);
  }
}

static void talkers_stay_within_their_stated_error_in_second_and_minute(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 4, 4, 1024);
  struct window *minute = new_window(SUMMARY_MINUTE, 4, 4, 0);
  uint64_t random = SEED;
  uint64_t all[SERVICES] = {0};
  struct summary s;
  for (unsigned second = 0; second < 10; second++) {
    uint64_t bytes[SERVICES];
    feed_services(window, &random, bytes);
    window_close(window, 0, &s);
    assert_within_error(&s, bytes);
    window_second(minute, window, &s);
    for (uint32_t n = 0; n < SERVICES; n++) {
      all[n] += bytes[n];
    }
  }
  window_close(minute, 0, &s);
  assert_within_error(&s, all);
  window_free(window);
  window_free(minute);
}

static void distinct_addresses_are_the_fleet_sketch_of_all_ends(void **state)
{
  (void)state;
  struct window *second = new_window(SUMMARY_SECOND, 4, 4, 16);
  struct window *minute = new_window(SUMMARY_MINUTE, 4, 4, 0);
  struct hll expected;
  hll_init(&expected, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  for (uint32_t n = 0; n < 2000; n++) {
    struct flow_delta delta = sample_delta(n, 5000 + n % 3, 80, 1, 1);
    window_flow(second, &delta);
    hll_add(&expected, hash_addr(HASH_FLEET_SEED, &delta.flow.client));
    hll_add(&expected, hash_addr(HASH_FLEET_SEED, &delta.flow.server));
  }
  struct summary s;
  struct hll folded;
  assert_int_equal(hll_fold(&expected, HLL_PRECISION_SECOND, &folded), 0);
  window_close(second, 0, &s);
  assert_int_equal(s.addresses.precision, HLL_PRECISION_SECOND);
  assert_memory_equal(s.addresses.rank, folded.rank, 1 << HLL_PRECISION_SECOND);
  window_second(minute, second, &s);
  window_close(second, NS_PER_S, &s);
  assert_int_equal(hll_estimate(&s.addresses), 0);
  window_second(minute, second, &s);
  window_close(minute, 0, &s);
  assert_int_equal(s.addresses.precision, HLL_PRECISION_MINUTE);
  assert_memory_equal(s.addresses.rank, expected.rank, 1 << HLL_PRECISION_MINUTE);
  window_free(second);
  window_free(minute);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packets_count_by_direction_and_protocol),
      cmocka_unit_test(flows_of_a_client_to_a_service_are_one_row),
      cmocka_unit_test(the_largest_rows_are_shown_exactly_and_the_rest_is_folded),
      cmocka_unit_test(equal_rows_stand_in_order_of_their_keys),
      cmocka_unit_test(a_full_row_table_folds_and_keeps_the_totals),
      cmocka_unit_test(a_minute_is_sorted_by_key_and_folds_the_smallest),
      cmocka_unit_test(a_minute_counts_a_flow_once),
      cmocka_unit_test(talkers_are_the_hosts_that_moved_the_most),
      cmocka_unit_test(talkers_stay_within_their_stated_error_in_second_and_minute),
      cmocka_unit_test(distinct_addresses_are_the_fleet_sketch_of_all_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
