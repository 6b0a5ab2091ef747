/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table: who is the client, when flows end, and that no packet is ever lost or doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "sensor/flows.h"
#include "tests/unit/sample_packets.h"

#define HELD_MAX 64
#define S        NS_PER_S

/* What came out: the first HELD_MAX whole, and the sums of all. */
struct heard {
  struct flow_delta delta[HELD_MAX];
  struct flow_record record[HELD_MAX];
  size_t deltas, records;
  struct counts delta_sum, record_sum;
};

static void hear_deltas(void *context, const struct flow_delta *deltas, size_t count)
{
  struct heard *heard = context;
  for (size_t i = 0; i < count; i++) {
    if (heard->deltas < HELD_MAX) {
      heard->delta[heard->deltas] = deltas[i];
    }
    heard->deltas++;
    counts_add(&heard->delta_sum, &deltas[i].flow.out);
    counts_add(&heard->delta_sum, &deltas[i].flow.in);
  }
}

static void hear_record(void *context, const struct flow_record *record)
{
  struct heard *heard = context;
  if (heard->records < HELD_MAX) {
    heard->record[heard->records] = *record;
  }
  heard->records++;
  counts_add(&heard->record_sum, &record->out);
  counts_add(&heard->record_sum, &record->in);
}

static struct flows *new_flows(size_t capacity, struct heard *heard)
{
  memset(heard, 0, sizeof *heard);
  struct flows_config config = {.capacity = capacity,
                                .idle_ns = 60 * S,
                                .active_ns = 1800 * S,
                                .linger_ns = 5 * S,
                                .ended = hear_record,
                                .delta = hear_deltas,
                                .context = heard};
  struct flows *flows = flows_new(&config);
  assert_non_null(flows);
  return flows;
}

static const struct sample_end host_a = {1, 40000};
static const struct sample_end host_b = {2, 443};

/* Adds a TCP packet of 100 bytes; whether a flow began. */
static bool add(struct flows *flows, int64_t time_ns, struct sample_end from, struct sample_end to,
                uint8_t tcp_flags)
{
  struct packet packet = sample_packet(time_ns, from, to, SAMPLE_TCP, 100);
  packet.tcp_flags = tcp_flags;
  bool is_new = false;
  flows_add(flows, &packet, &is_new);
  return is_new;
}

static void assert_client(const struct flow_record *flow, uint32_t host, bool is_guessed)
{
  assert_int_equal(sample_host(&flow->client), host);
  assert_int_equal(flow->is_guessed, is_guessed);
}

static void both_directions_are_one_flow(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  assert_true(add(flows, 1 * S, host_a, host_b, PACKET_TCP_SYN));
  assert_false(add(flows, 1 * S + 5, host_b, host_a, PACKET_TCP_SYN | PACKET_TCP_ACK));
  assert_false(add(flows, 1 * S + 9, host_a, host_b, PACKET_TCP_ACK));
  flows_close(flows, 2 * S);
  assert_int_equal(heard.deltas, 1);
  const struct flow_record *flow = &heard.delta[0].flow;
  assert_client(flow, host_a.host, false);
  assert_int_equal(flow->client_port, host_a.port);
  assert_int_equal(flow->server_port, host_b.port);
  assert_int_equal(flow->out.packets, 2);
  assert_int_equal(flow->out.bytes, 200);
  assert_int_equal(flow->out.payload_bytes, 120);
  assert_int_equal(flow->in.packets, 1);
  assert_int_equal(flow->tcp_flags_out, PACKET_TCP_SYN | PACKET_TCP_ACK);
  assert_int_equal(flow->tcp_flags_in, PACKET_TCP_SYN | PACKET_TCP_ACK);
  assert_int_equal(flow->first_ns, 1 * S);
  assert_int_equal(flow->last_ns, 1 * S + 9);
  assert_true(heard.delta[0].is_new);
  flows_free(flows);
}

static void a_flow_to_itself_is_counted(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_a, 0);
  add(flows, 0, host_a, host_a, 0);
  flows_close(flows, S);
  assert_int_equal(heard.deltas, 1);
  assert_int_equal(heard.delta_sum.packets, 2);
  flows_free(flows);
}

static void the_rules_tell_the_client(void **state)
{
  (void)state;
  static const struct {
    uint16_t from, to;
    uint8_t tcp_flags, protocol, icmp_type;
    bool is_sender, is_guessed;
  } cases[] = {
      {443, 40000, PACKET_TCP_SYN, 6, 0, true, false},
      {443, 40000, PACKET_TCP_SYN | PACKET_TCP_ACK, 6, 0, false, false},
      {443, 40000, PACKET_TCP_ACK, 6, 0, false, true},
      {40000, 443, PACKET_TCP_ACK, 6, 0, true, true},
      {1023, 1024, 0, 17, 0, false, true},  /* below 1024 wins */
      {5432, 2000, 0, 6, 0, false, true},   /* a known port wins against a lower number */
      {5432, 80, 0, 6, 0, true, true},      /* two services: the lower number */
      {30000, 20000, 0, 17, 0, true, true}, /* none: the lower number */
      {0, 50000, 0, 17, 0, true, true},     /* port 0 is no service */
      {5000, 5000, 0, 17, 0, true, true},   /* equal: the sender */
      {0, 0, 0, 1, 8, true, true},          /* echo request */
      {0, 0, 0, 1, 0, false, true},         /* echo reply */
      {0, 0, 0, 58, 128, true, true},
      {0, 0, 0, 58, 129, false, true},
      {0, 0, 0, 47, 0, true, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct heard heard;
    struct flows *flows = new_flows(64, &heard);
    struct packet packet =
        sample_packet(0, (struct sample_end){1, cases[i].from}, (struct sample_end){2, cases[i].to},
                      cases[i].protocol, 100);
    packet.tcp_flags = cases[i].tcp_flags;
    packet.icmp_type = cases[i].icmp_type;
    bool is_new = false;
    flows_add(flows, &packet, &is_new);
    flows_close(flows, S);
    assert_client(&heard.delta[0].flow, cases[i].is_sender ? 1 : 2, cases[i].is_guessed);
    flows_free(flows);
  }
}

static void a_syn_corrects_a_guess_before_the_close(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_b, PACKET_TCP_ACK);
  add(flows, 1, host_b, host_a, PACKET_TCP_SYN);
  /* A proof stands against a later one. */
  add(flows, 2, host_a, host_b, PACKET_TCP_SYN);
  flows_close(flows, S);
  assert_client(&heard.delta[0].flow, host_b.host, false);
  assert_int_equal(heard.delta[0].flow.in.packets, 2);
  flows_free(flows);
}

static void an_idle_flow_ends_with_a_whole_record(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_b, PACKET_TCP_SYN);
  flows_close(flows, S);
  add(flows, 30 * S, host_b, host_a, PACKET_TCP_ACK);
  flows_close(flows, 31 * S);
  flows_close(flows, 90 * S - 1);
  assert_int_equal(heard.records, 0);
  flows_close(flows, 90 * S);
  assert_int_equal(heard.records, 1);
  assert_int_equal(heard.deltas, 2);
  assert_false(heard.delta[1].is_new);
  assert_int_equal(heard.record[0].first_ns, 0);
  assert_int_equal(heard.record[0].last_ns, 30 * S);
  assert_int_equal(heard.record[0].out.packets, 1);
  assert_int_equal(heard.record[0].in.packets, 1);
  assert_int_equal(heard.record[0].tcp_flags_in, PACKET_TCP_ACK);
  assert_int_equal(flows_stats(flows).used, 0);
  flows_free(flows);
}

static void a_packet_after_the_idle_time_begins_a_new_flow_without_a_close(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_b, 0);
  assert_true(add(flows, 61 * S, host_a, host_b, 0));
  assert_int_equal(heard.records, 1);
  flows_finish(flows);
  assert_int_equal(heard.records, 2);
  assert_int_equal(heard.deltas, 2);
  assert_int_equal(heard.delta_sum.packets, 2);
  flows_free(flows);
}

static void an_ended_flow_that_comes_again_is_a_new_one(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  for (int64_t i = 0; i < 3; i++) {
    assert_true(add(flows, i * 100 * S, host_a, host_b, 0));
    assert_int_equal(flows_stats(flows).used, 1);
    flows_close(flows, (i * 100 + 60) * S);
    assert_int_equal(flows_stats(flows).used, 0);
    assert_int_equal(heard.records, i + 1);
  }
  flows_free(flows);
}

static void fin_both_ways_lingers_and_ends(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_b, PACKET_TCP_FIN | PACKET_TCP_ACK);
  flows_close(flows, 10 * S);
  assert_int_equal(heard.records, 0);
  add(flows, 10 * S, host_b, host_a, PACKET_TCP_FIN | PACKET_TCP_ACK);
  assert_false(add(flows, 11 * S, host_a, host_b, PACKET_TCP_ACK));
  flows_close(flows, 12 * S);
  assert_int_equal(heard.records, 0);
  flows_close(flows, 16 * S);
  assert_int_equal(heard.records, 1);
  flows_free(flows);
}

static void a_syn_after_a_reset_is_a_new_flow(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 0, host_a, host_b, PACKET_TCP_SYN);
  add(flows, 1, host_b, host_a, PACKET_TCP_RST | PACKET_TCP_ACK);
  assert_true(add(flows, 2, host_a, host_b, PACKET_TCP_SYN));
  assert_int_equal(heard.records, 1);
  assert_int_equal(flows_stats(flows).used, 1);
  assert_int_equal(flows_stats(flows).evicted, 0);
  flows_free(flows);
}

static void the_active_time_out_cuts_the_record_only(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  unsigned begun = 0;
  for (int64_t second = 0; second < 4000; second++) {
    begun += add(flows, second * S, host_a, host_b, second == 0 ? PACKET_TCP_SYN : PACKET_TCP_ACK);
    flows_close(flows, (second + 1) * S);
  }
  flows_finish(flows);
  assert_int_equal(begun, 1);
  assert_int_equal(heard.records, 3);
  assert_int_equal(heard.record_sum.packets, 4000);
  for (size_t i = 0; i < heard.records; i++) {
    assert_true(heard.record[i].last_ns - heard.record[i].first_ns <= 1801 * S);
    assert_client(&heard.record[i], host_a.host, false);
  }
  assert_int_equal(heard.record[0].tcp_flags_out, PACKET_TCP_SYN | PACKET_TCP_ACK);
  assert_int_equal(heard.record[1].tcp_flags_out, PACKET_TCP_ACK);
  flows_free(flows);
}

static void a_flow_is_first_once_a_span(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  for (int64_t second = 0; second < 4; second++) {
    add(flows, second * S, host_a, host_b, 0);
    flows_close(flows, (second + 1) * S);
    if (second == 1) {
      flows_begin_span(flows);
    }
  }
  assert_true(heard.delta[0].is_first_in_span);
  assert_false(heard.delta[1].is_first_in_span);
  assert_false(heard.delta[0].has_begun_in_span);
  assert_true(heard.delta[1].has_begun_in_span);
  assert_false(heard.delta[2].has_begun_in_span || heard.delta[3].has_begun_in_span);
  assert_true(heard.delta[2].is_first_in_span);
  assert_false(heard.delta[3].is_first_in_span);
  flows_free(flows);
}

/* Longer than the span's number takes to come again. */
static void a_flow_that_slept_for_many_spans_is_first_again(void **state)
{
  (void)state;
  for (unsigned spans = 1; spans < 600; spans += 17) {
    struct heard heard;
    struct flows *flows = new_flows(64, &heard);
    add(flows, 0, host_a, host_b, 0);
    flows_close(flows, 1);
    for (unsigned i = 0; i < spans; i++) {
      flows_begin_span(flows);
    }
    add(flows, 2, host_a, host_b, 0);
    flows_close(flows, 3);
    assert_true(heard.delta[1].is_first_in_span);
    assert_false(heard.delta[1].is_new);
    flows_free(flows);
  }
}

static void a_tunnelled_flow_names_its_carrier_and_a_plain_one_itself(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  struct packet packet = sample_packet(0, host_b, host_a, SAMPLE_TCP, 100);
  packet.tunnel = PACKET_VXLAN;
  packet.ip_source = sample_addr(77);
  packet.ip_destination = sample_addr(78);
  bool is_new = false;
  flows_add(flows, &packet, &is_new);
  flows_add(flows, &(struct packet){0}, &is_new);
  packet = sample_packet(1, host_a, host_b, SAMPLE_TCP, 100); /* plain, of the same flow */
  flows_add(flows, &packet, &is_new);
  assert_false(is_new);
  flows_close(flows, S);
  assert_int_equal(heard.deltas, 2);
  assert_int_equal(heard.delta[0].tunnel, PACKET_VXLAN);
  assert_int_equal(sample_host(&heard.delta[0].outer_client), 78);
  assert_int_equal(sample_host(&heard.delta[0].outer_server), 77);
  assert_int_equal(heard.delta[1].tunnel, PACKET_PLAIN);
  assert_memory_equal(&heard.delta[1].outer_client, &heard.delta[1].flow.client,
                      2 * sizeof(struct addr));
  flows_free(flows);
}

static void a_clock_set_back_does_not_keep_flows_alive(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(64, &heard);
  add(flows, 100000 * S, host_a, host_b, 0);
  flows_close(flows, 1000 * S);
  flows_close(flows, 1060 * S);
  assert_int_equal(heard.records, 1);
  assert_true(heard.record[0].first_ns <= heard.record[0].last_ns);
  flows_free(flows);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
  (void)state;
  struct flows_config config = {.capacity = 0};
  assert_null(flows_new(&config));
  config.capacity = SIZE_MAX;
  assert_null(flows_new(&config));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_directions_are_one_flow),
      cmocka_unit_test(a_flow_to_itself_is_counted),
      cmocka_unit_test(the_rules_tell_the_client),
      cmocka_unit_test(a_syn_corrects_a_guess_before_the_close),
      cmocka_unit_test(an_idle_flow_ends_with_a_whole_record),
      cmocka_unit_test(a_packet_after_the_idle_time_begins_a_new_flow_without_a_close),
      cmocka_unit_test(an_ended_flow_that_comes_again_is_a_new_one),
      cmocka_unit_test(fin_both_ways_lingers_and_ends),
      cmocka_unit_test(a_syn_after_a_reset_is_a_new_flow),
      cmocka_unit_test(the_active_time_out_cuts_the_record_only),
      cmocka_unit_test(a_flow_is_first_once_a_span),
      cmocka_unit_test(a_flow_that_slept_for_many_spans_is_first_again),
      cmocka_unit_test(a_tunnelled_flow_names_its_carrier_and_a_plain_one_itself),
      cmocka_unit_test(a_clock_set_back_does_not_keep_flows_alive),
      cmocka_unit_test(a_size_that_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
