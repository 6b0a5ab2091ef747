/* SPDX-License-Identifier: Apache-2.0 */
/* Each measure of an interval by hand-made packets and deltas; and the minute as the sum of its
 * seconds, its sketches as those of the whole stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/hash.h"
#include "sensor/window.h"
#include "tests/unit/sample_deltas.h"

#define SEED UINT64_C(99)

static struct window *new_window(enum summary_kind kind)
{
  struct window_limits limits = {16, 8, 0};
  struct window *window = window_new(kind, &limits);
  assert_non_null(window);
  return window;
}

/* One delta each; what the second's and the row's counters become. */
static void tcp_of_flows_counts_as_it_happened(void **state)
{
  (void)state;
  const struct {
    struct flow_tcp tcp;
    struct summary_tcp total; /* histogram apart */
    uint32_t row_attempts, row_failed, row_retransmitted, row_handshake_us;
    uint32_t handshake_10us;
  } cases[] = {
      {{0}, {0}, 0, 0, 0, 0, 0},
      {{.is_attempt = true, .is_half_open = true}, {.attempts = 1, .half_open = 1}, 1, 1, 0, 0, 0},
      {{.is_attempt = true, .is_answered = true, .handshake_us = 1234},
       {.attempts = 1, .answered = 1},
       1,
       0,
       0,
       1234,
       123},
      {{.is_answered = true, .handshake_us = 9}, {.answered = 1}, 0, 0, 0, 9, 0},
      {{.is_attempt = true, .is_refused = true}, {.attempts = 1, .refused = 1}, 1, 1, 0, 0, 0},
      {{.is_answered = true, .is_withdrawn = true}, {.answered = 1, .withdrawn = 1}, 0, 0, 0, 0, 0},
      {{.is_refused = true, .is_withdrawn = true}, {.refused = 1, .withdrawn = 1}, 0, 1, 0, 0, 0},
      {{.is_reset = true}, {.resets = 1}, 0, 0, 0, 0, 0},
      {{.retransmitted_out = 3, .retransmitted_in = 4}, {.retransmitted = 7}, 0, 0, 7, 0, 0},
  };
  struct window *window = new_window(SUMMARY_SECOND);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct flow_delta delta = sample_delta(1, 2, 80, 60, 60);
    delta.tcp = cases[i].tcp;
    window_flow(window, &delta);
    struct summary s;
    window_close(window, 0, &s);
    assert_memory_equal(&s.tcp, &cases[i].total, offsetof(struct summary_tcp, handshake_10us));
    bool is_measured = cases[i].tcp.handshake_us != 0;
    assert_int_equal(hist_total(&s.tcp.handshake_10us), is_measured);
    assert_int_equal(s.tcp.handshake_10us.bucket[hist_bucket(cases[i].handshake_10us)],
                     is_measured);
    assert_int_equal(s.conversations[0].attempts, cases[i].row_attempts);
    assert_int_equal(s.conversations[0].failed, cases[i].row_failed);
    assert_int_equal(s.conversations[0].retransmitted, cases[i].row_retransmitted);
    assert_int_equal(s.conversations[0].handshake_us, cases[i].row_handshake_us);
  }
  window_free(window);
}

static void a_row_keeps_the_shortest_handshake(void **state)
{
  (void)state;
  const uint32_t handshakes[] = {0, 500, 300, 0, 400};
  struct window *window = new_window(SUMMARY_SECOND);
  for (size_t i = 0; i < sizeof handshakes / sizeof handshakes[0]; i++) {
    struct flow_delta delta = sample_delta(1, 2, 80, 60, 60);
    delta.tcp.handshake_us = handshakes[i];
    window_flow(window, &delta);
  }
  struct summary s;
  window_close(window, 0, &s);
  assert_int_equal(s.conversations[0].handshake_us, 300);
  window_free(window);
}

static void packets_of_dns_tunnels_and_segments_are_counted(void **state)
{
  (void)state;
  const uint8_t dns[] = {PACKET_NO_DNS, PACKET_DNS_QUESTION, PACKET_DNS_QUESTION, PACKET_DNS_ANSWER,
                         PACKET_DNS_FAILURE};
  struct window *second = new_window(SUMMARY_SECOND);
  struct window *minute = new_window(SUMMARY_MINUTE);
  struct summary s;
  for (unsigned round = 1; round <= 2; round++) {
    for (size_t i = 0; i < sizeof dns; i++) {
      struct packet packet =
          sample_packet(0, (struct sample_end){1, 1}, (struct sample_end){2, 53}, SAMPLE_UDP, 100);
      packet.dns = dns[i];
      packet.tunnel = i == 0 ? PACKET_VXLAN : PACKET_PLAIN;
      window_packet(second, &packet, (struct direction_way){SUMMARY_TX, false});
    }
    window_segments(second, 10, 9 * 66);
    window_segments(second, 3, 2 * 66);
    window_close(second, 0, &s);
    assert_int_equal(s.dns.questions, 2);
    assert_int_equal(s.dns.answers, 2);
    assert_int_equal(s.dns.failures, 1);
    assert_int_equal(s.tunnelled_packets, 1);
    assert_int_equal(s.segments.super_segments, 2);
    assert_int_equal(s.segments.wire_packets, 13);
    assert_int_equal(s.segments.header_bytes, 11 * 66);
    window_second(minute, second, &s);
  }
  window_close(minute, 0, &s);
  assert_int_equal(s.dns.questions, 4);
  assert_int_equal(s.dns.answers, 4);
  assert_int_equal(s.dns.failures, 2);
  assert_int_equal(s.tunnelled_packets, 2);
  assert_int_equal(s.segments.super_segments, 4);
  assert_int_equal(s.segments.wire_packets, 26);
  assert_int_equal(s.segments.header_bytes, 22 * 66);
  window_free(second);
  window_free(minute);
}

/* What the header of window_sketches says of the hashed bytes, written a second time. */
static void add_expected(struct summary_sketches *expected, const struct flow_record *flow)
{
  const uint8_t client_port[2] = {(uint8_t)(flow->client_port >> 8), (uint8_t)flow->client_port};
  const uint8_t server_port[2] = {(uint8_t)(flow->server_port >> 8), (uint8_t)flow->server_port};
  uint8_t service[19];
  memcpy(service, flow->server.byte, 16);
  memcpy(service + 16, server_port, 2);
  service[18] = flow->protocol;
  uint64_t packets = flow->out.packets + flow->in.packets;
  uint64_t client = hash_seeded(HASH_FLEET_SEED, flow->client.byte, 16);
  uint64_t server = hash_seeded(HASH_FLEET_SEED, flow->server.byte, 16);
  hll_add(&expected->clients, client);
  hll_add(&expected->servers, server);
  hll_add(&expected->services, hash_seeded(HASH_FLEET_SEED, service, sizeof service));
  entropy_add(&expected->entropy[SUMMARY_ENTROPY_CLIENTS], client, packets);
  entropy_add(&expected->entropy[SUMMARY_ENTROPY_SERVERS], server, packets);
  entropy_add(&expected->entropy[SUMMARY_ENTROPY_CLIENT_PORTS],
              hash_seeded(HASH_FLEET_SEED, client_port, 2), packets);
  entropy_add(&expected->entropy[SUMMARY_ENTROPY_SERVER_PORTS],
              hash_seeded(HASH_FLEET_SEED, server_port, 2), packets);
}

static void init_expected(struct summary_sketches *expected)
{
  hll_init(&expected->clients, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_init(&expected->servers, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_init(&expected->services, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    entropy_init(&expected->entropy[i], ENTROPY_BUCKETS_MINUTE, HASH_FLEET_SEED);
  }
}

static void fold_expected(const struct summary_sketches *fine, struct summary_sketches *out)
{
  assert_int_equal(hll_fold(&fine->clients, HLL_PRECISION_SECOND, &out->clients), 0);
  assert_int_equal(hll_fold(&fine->servers, HLL_PRECISION_SECOND, &out->servers), 0);
  assert_int_equal(hll_fold(&fine->services, HLL_PRECISION_SECOND, &out->services), 0);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    assert_int_equal(entropy_fold(&fine->entropy[i], ENTROPY_BUCKETS_SECOND, &out->entropy[i]), 0);
  }
}

static void assert_hll(const struct hll *a, const struct hll *b)
{
  assert_int_equal(a->precision, b->precision);
  assert_memory_equal(a->rank, b->rank, (size_t)1 << a->precision);
}

static void assert_sketches(const struct summary_sketches *a, const struct summary_sketches *b)
{
  assert_hll(&a->clients, &b->clients);
  assert_hll(&a->servers, &b->servers);
  assert_hll(&a->services, &b->services);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    assert_int_equal(a->entropy[i].buckets, b->entropy[i].buckets);
    assert_memory_equal(a->entropy[i].bucket, b->entropy[i].bucket,
                        a->entropy[i].buckets * sizeof a->entropy[i].bucket[0]);
  }
}

static void assert_fanout(const uint8_t *bytes, size_t length, const struct fanout *expected)
{
  static uint8_t encoded[FANOUT_ENCODED_MAX];
  assert_int_equal(length, fanout_encode(expected, encoded));
  assert_memory_equal(bytes, encoded, length);
}

static struct flow_delta random_delta(uint64_t *random)
{
  struct flow_delta delta =
      sample_delta(sample_zipf(random, 4000), 5000 + sample_zipf(random, 300),
                   (uint16_t)sample_zipf(random, 1000), sample_below(random, 900), 7);
  delta.flow.client_port = (uint16_t)sample_random(random);
  delta.flow.out.packets = 1 + sample_below(random, 9);
  delta.is_first_in_span = sample_below(random, 3) != 0;
  return delta;
}

static void sketches_of_a_minute_are_those_of_the_whole_stream(void **state)
{
  (void)state;
  uint64_t random = SEED;
  struct window *second = new_window(SUMMARY_SECOND);
  struct window *minute = new_window(SUMMARY_MINUTE);
  struct fanout *spreaders = fanout_new(HASH_FLEET_SEED);
  struct fanout *victims = fanout_new(HASH_FLEET_SEED);
  static struct summary_sketches whole, part, folded;
  init_expected(&whole);
  struct summary s;
  for (unsigned i = 0; i < 6; i++) {
    init_expected(&part);
    for (unsigned n = 0; i != 3 && n < 1500; n++) {
      struct flow_delta delta = random_delta(&random);
      window_flow(second, &delta);
      window_flow(minute, &delta);
      add_expected(&whole, &delta.flow);
      add_expected(&part, &delta.flow);
      if (delta.is_first_in_span) {
        uint8_t service[19];
        memcpy(service, delta.flow.server.byte, 16);
        sample_put16(service + 16, delta.flow.server_port);
        service[18] = delta.flow.protocol;
        fanout_add(spreaders, &delta.flow.client, hash_seeded(HASH_FLEET_SEED, service, 19));
        fanout_add(victims, &delta.flow.server, hash_addr(HASH_FLEET_SEED, &delta.flow.client));
      }
    }
    window_close(second, 0, &s);
    if (i == 3) {
      assert_null(s.sketches); /* no flow, nothing to tell */
    } else {
      fold_expected(&part, &folded);
      assert_sketches(s.sketches, &folded);
    }
    assert_null(s.spreaders);
    window_second(minute, second, &s);
  }
  window_close(minute, 0, &s);
  assert_sketches(s.sketches, &whole);
  assert_int_equal(hll_merge(&whole.clients, &whole.servers), 0);
  assert_hll(&s.addresses, &whole.clients);
  assert_fanout(s.spreaders, s.spreaders_length, spreaders);
  assert_fanout(s.victims, s.victims_length, victims);
  window_close(minute, 0, &s);
  assert_null(s.sketches);
  assert_null(s.spreaders);
  assert_int_equal(s.victims_length, 0);
  assert_int_equal(hll_estimate(&s.addresses), 0);
  fanout_free(spreaders);
  fanout_free(victims);
  window_free(second);
  window_free(minute);
}

static void a_flow_says_the_same_alone_and_in_a_group(void **state)
{
  (void)state;
  uint64_t random = SEED;
  struct window *one = new_window(SUMMARY_SECOND);
  struct window *many = new_window(SUMMARY_SECOND);
  for (size_t n = 0; n < 50; n++) {
    struct flow_delta deltas[50];
    for (size_t i = 0; i < n; i++) {
      deltas[i] = random_delta(&random);
      window_flow(one, &deltas[i]);
    }
    window_flows(many, deltas, n);
    struct summary a;
    struct summary b;
    window_close(one, 0, &a);
    window_close(many, 0, &b);
    assert_int_equal(a.flows_active, n);
    assert_int_equal(b.flows_active, n);
    assert_int_equal(a.talker_count, b.talker_count);
    assert_int_equal(a.conversation_count, b.conversation_count);
    for (size_t i = 0; i < a.conversation_count; i++) {
      assert_int_equal(summary_conversation_compare(&a.conversations[i], &b.conversations[i]), 0);
      assert_int_equal(a.conversations[i].out.bytes, b.conversations[i].out.bytes);
    }
  }
  window_free(one);
  window_free(many);
}

int main(void)
{
  print_message("seed %llu\n", (unsigned long long)SEED);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tcp_of_flows_counts_as_it_happened),
      cmocka_unit_test(a_row_keeps_the_shortest_handshake),
      cmocka_unit_test(packets_of_dns_tunnels_and_segments_are_counted),
      cmocka_unit_test(sketches_of_a_minute_are_those_of_the_whole_stream),
      cmocka_unit_test(a_flow_says_the_same_alone_and_in_a_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
