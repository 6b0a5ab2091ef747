/* SPDX-License-Identifier: Apache-2.0 */
/* What the flows' TCP is said to have done: attempts and their ends, the handshake, what was sent
 * again. Scenarios of packets, with a close between intervals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "sensor/flows.h"
#include "tests/unit/sample_packets.h"

#define US      INT64_C(1000)
#define SYN     PACKET_TCP_SYN
#define ACK     PACKET_TCP_ACK
#define SYN_ACK (PACKET_TCP_SYN | PACKET_TCP_ACK)
#define FIN_ACK (PACKET_TCP_FIN | PACKET_TCP_ACK)
#define RST     PACKET_TCP_RST

#define INTERVALS_MAX 8

struct heard {
  struct flow_tcp tcp[INTERVALS_MAX];
  uint8_t tunnel[INTERVALS_MAX];
  size_t count;
};

static void hear_deltas(void *context, const struct flow_delta *deltas, size_t count)
{
  struct heard *heard = context;
  for (size_t i = 0; i < count; i++) {
    /* The scenario's flow; others only push it out. */
    if (sample_host(&deltas[i].flow.client) == 1) {
      assert_true(heard->count < INTERVALS_MAX);
      heard->tcp[heard->count] = deltas[i].tcp;
      heard->tunnel[heard->count++] = deltas[i].tunnel;
    }
  }
}

static struct flows *new_flows(struct heard *heard)
{
  *heard = (struct heard){0};
  struct flows_config config = {.capacity = 64,
                                .idle_ns = 60 * NS_PER_S,
                                .active_ns = 1800 * NS_PER_S,
                                .linger_ns = 5 * NS_PER_S,
                                .delta = hear_deltas,
                                .context = heard};
  struct flows *flows = flows_new(&config);
  assert_non_null(flows);
  return flows;
}

/* One packet of a scenario. Way 0: a close of the interval. */
struct step {
  int64_t time_us;
  char way; /* '>' from the client, '<' from the server, 0: close */
  uint8_t tcp_flags;
  uint32_t sequence, payload_bytes;
};

static void play(struct flows *flows, const struct step *step)
{
  const struct sample_end client = {1, 40000};
  const struct sample_end server = {2, 443};
  if (step->way == 0) {
    flows_close(flows, step->time_us * US);
    return;
  }
  bool is_out = step->way == '>';
  struct packet packet =
      sample_packet(step->time_us * US, is_out ? client : server, is_out ? server : client,
                    SAMPLE_TCP, 40 + step->payload_bytes);
  packet.tcp_flags = step->tcp_flags;
  packet.has_tcp_numbers = true;
  packet.tcp_sequence = step->sequence;
  bool is_new = false;
  flows_add(flows, &packet, &is_new);
}

#define STEPS_MAX 12

/* The steps, then a close; what each interval with packets says. */
struct scenario {
  const char *name;
  struct step steps[STEPS_MAX];
  struct flow_tcp expected[3];
};

static void assert_tcp(const char *name, size_t i, const struct flow_tcp *got,
                       const struct flow_tcp *want)
{
  if (got->is_attempt != want->is_attempt || got->is_answered != want->is_answered ||
      got->is_refused != want->is_refused || got->is_half_open != want->is_half_open ||
      got->is_withdrawn != want->is_withdrawn || got->is_reset != want->is_reset ||
      got->handshake_us != want->handshake_us ||
      got->retransmitted_out != want->retransmitted_out ||
      got->retransmitted_in != want->retransmitted_in) {
    print_error("%s, interval %zu: attempt %d answered %d refused %d half open %d withdrawn %d "
                "reset %d handshake %u us, again %u out %u in\n",
                name, i, got->is_attempt, got->is_answered, got->is_refused, got->is_half_open,
                got->is_withdrawn, got->is_reset, got->handshake_us, got->retransmitted_out,
                got->retransmitted_in);
    fail();
  }
}

static void run(const struct scenario *scenario, size_t intervals)
{
  struct heard heard;
  struct flows *flows = new_flows(&heard);
  for (size_t i = 0; i < STEPS_MAX; i++) {
    const struct step *step = &scenario->steps[i];
    if (step->way != 0 || step->time_us != 0) {
      play(flows, step);
    }
  }
  flows_finish(flows);
  assert_int_equal(heard.count, intervals);
  for (size_t i = 0; i < intervals; i++) {
    assert_tcp(scenario->name, i, &heard.tcp[i], &scenario->expected[i]);
  }
  flows_free(flows);
}

#define RUN_ALL(scenarios, intervals)                                                              \
  for (size_t k = 0; k < sizeof(scenarios) / sizeof((scenarios)[0]); k++) {                        \
    run(&(scenarios)[k], intervals);                                                               \
  }

static void an_attempt_is_answered_refused_or_half_open(void **state)
{
  (void)state;
  static const struct scenario scenarios[] = {
      {"answered, with handshake",
       {{10, '>', SYN, 100, 0}, {310, '<', SYN_ACK, 500, 0}, {360, '>', ACK, 101, 0}},
       {{.is_attempt = true, .is_answered = true, .handshake_us = 350}}},
      {"answered, no ACK yet",
       {{10, '>', SYN, 100, 0}, {310, '<', SYN_ACK, 500, 0}},
       {{.is_attempt = true, .is_answered = true}}},
      {"the ACK comes with data",
       {{10, '>', SYN, 100, 0}, {310, '<', SYN_ACK, 500, 0}, {410, '>', ACK, 101, 30}},
       {{.is_attempt = true, .is_answered = true, .handshake_us = 400}}},
      {"a handshake within a microsecond is not none",
       {{10, '>', SYN, 100, 0}, {10, '<', SYN_ACK, 500, 0}, {10, '>', ACK, 101, 0}},
       {{.is_attempt = true, .is_answered = true, .handshake_us = 1}}},
      {"refused",
       {{10, '>', SYN, 100, 0}, {20, '<', RST | ACK, 0, 0}},
       {{.is_attempt = true, .is_refused = true}}},
      {"refused once, whatever comes behind",
       {{10, '>', SYN, 100, 0},
        {20, '<', RST | ACK, 0, 0},
        {30, '<', RST | ACK, 0, 0},
        {40, '<', SYN_ACK, 500, 0}},
       {{.is_attempt = true, .is_refused = true}}},
      {"half open", {{10, '>', SYN, 100, 0}}, {{.is_attempt = true, .is_half_open = true}}},
      {"taken back by its sender",
       {{10, '>', SYN, 100, 0}, {20, '>', RST, 101, 0}},
       {{.is_attempt = true, .is_half_open = true}}},
      {"answered and reset by either side",
       {{10, '>', SYN, 100, 0},
        {20, '<', SYN_ACK, 500, 0},
        {30, '>', RST, 101, 0},
        {40, '<', RST, 501, 0}},
       {{.is_attempt = true, .is_answered = true, .is_reset = true}}},
      {"the beginning was not seen",
       {{10, '>', ACK, 100, 10}, {20, '<', RST, 500, 0}},
       {{.is_reset = true}}},
      {"a lone RST says nothing", {{10, '<', RST, 500, 0}}, {{0}}},
      {"a lone SYN+ACK is no attempt", {{10, '<', SYN_ACK, 500, 0}, {20, '>', ACK, 101, 0}}, {{0}}},
  };
  RUN_ALL(scenarios, 1)
}

static void an_answer_in_a_later_interval_withdraws_the_half_open_one(void **state)
{
  (void)state;
  static const struct scenario scenarios[] = {
      {"answered late",
       {{10, '>', SYN, 100, 0}, {1000000, 0, 0, 0, 0}, {1000010, '<', SYN_ACK, 500, 0}},
       {{.is_attempt = true, .is_half_open = true}, {.is_answered = true, .is_withdrawn = true}}},
      {"refused late",
       {{10, '>', SYN, 100, 0}, {1000000, 0, 0, 0, 0}, {1000010, '<', RST, 0, 0}},
       {{.is_attempt = true, .is_half_open = true}, {.is_refused = true, .is_withdrawn = true}}},
      {"the handshake spans two closes",
       {{900010, '>', SYN, 100, 0},
        {1000000, 0, 0, 0, 0},
        {1000010, '<', SYN_ACK, 500, 0},
        {1000030, '>', ACK, 101, 0}},
       {{.is_attempt = true, .is_half_open = true},
        {.is_answered = true, .is_withdrawn = true, .handshake_us = 100020}}},
      {"answered at once, acknowledged later",
       {{900010, '>', SYN, 100, 0},
        {900020, '<', SYN_ACK, 500, 0},
        {1000000, 0, 0, 0, 0},
        {1000030, '>', ACK, 101, 0}},
       {{.is_attempt = true, .is_answered = true}, {.handshake_us = 100020}}},
      {"a SYN again is no attempt, and the handshake is not measured",
       {{10, '>', SYN, 100, 0},
        {1000000, 0, 0, 0, 0},
        {1000010, '>', SYN, 100, 0},
        {1000020, '<', SYN_ACK, 500, 0},
        {1000030, '>', ACK, 101, 0}},
       {{.is_attempt = true, .is_half_open = true},
        {.is_answered = true, .is_withdrawn = true, .retransmitted_out = 1}}},
      {"nothing is told twice",
       {{10, '>', SYN, 100, 0},
        {20, '<', SYN_ACK, 500, 0},
        {30, '>', ACK, 101, 0},
        {40, '>', ACK, 101, 10},
        {50, '>', ACK, 101, 10},
        {1000000, 0, 0, 0, 0},
        {1000010, '>', ACK, 111, 10}},
       {{.is_attempt = true, .is_answered = true, .handshake_us = 20, .retransmitted_out = 1},
        {0}}},
  };
  RUN_ALL(scenarios, 2)
}

static void what_is_sent_again_is_counted_for_its_side(void **state)
{
  (void)state;
  static const struct scenario scenarios[] = {
      {"in order", {{1, '>', ACK, 100, 10}, {2, '>', ACK, 110, 10}, {3, '<', ACK, 7, 5}}, {{0}}},
      {"pure ACKs are not counted",
       {{1, '>', ACK, 100, 10}, {2, '>', ACK, 100, 0}, {3, '>', ACK, 90, 0}},
       {{0}}},
      {"a gap is no retransmission, what fills it is",
       {{1, '>', ACK, 100, 10}, {2, '>', ACK, 120, 10}, {3, '>', ACK, 110, 10}},
       {{.retransmitted_out = 1}}},
      {"partly new is counted, and the rest remembered",
       {{1, '<', ACK, 100, 10}, {2, '<', ACK, 105, 10}, {3, '<', ACK, 115, 10}},
       {{.retransmitted_in = 1}}},
      {"SYN, SYN+ACK and FIN count without payload",
       {{1, '>', SYN, 100, 0},
        {2, '>', SYN, 100, 0},
        {3, '<', SYN_ACK, 500, 0},
        {4, '<', SYN_ACK, 500, 0},
        {5, '>', ACK, 101, 0},
        {6, '>', FIN_ACK, 101, 0},
        {7, '>', FIN_ACK, 101, 0}},
       {{.is_attempt = true, .is_answered = true, .retransmitted_out = 2, .retransmitted_in = 1}}},
      {"keep-alive packets of no byte and of one are not counted",
       {{1, '>', ACK, 100, 10},
        {2, '>', ACK, 109, 0},
        {3, '>', ACK, 109, 1},
        {4, '>', ACK, 109, 1}},
       {{0}}},
      {"a probed byte, probed again, and sent on with others",
       {{1, '>', ACK, 100, 10},
        {2, '>', ACK, 110, 1},
        {3, '>', ACK, 110, 1},
        {4, '>', ACK, 110, 50},
        {5, '>', ACK, 110, 50}},
       {{.retransmitted_out = 1}}},
      {"numbers wrap",
       {{1, '>', ACK, 0xfffffff0, 0x20}, {2, '>', ACK, 0x10, 10}, {3, '>', ACK, 0xfffffff0, 0x20}},
       {{.retransmitted_out = 1}}},
      {"a SYN with another number begins anew",
       {{1, '>', ACK, 100000, 10}, {2, '>', SYN, 5, 0}, {3, '>', ACK, 6, 10}, {4, '>', ACK, 6, 10}},
       {{.retransmitted_out = 1}}},
      {"what a RST carries is no data",
       {{1, '>', ACK, 100, 10}, {2, '>', RST, 100, 10}},
       {{.is_reset = true}}},
  };
  RUN_ALL(scenarios, 1)
}

/* A sender whose segments are each sent 1..4 times in random order of copies: as many are counted
 * as were sent again. */
static void every_copy_behind_the_first_is_counted(void **state)
{
  (void)state;
  const uint64_t seed = 20261125;
  print_message("seed %llu\n", (unsigned long long)seed);
  uint64_t random = seed;
  for (unsigned round = 0; round < 200; round++) {
    struct heard heard;
    struct flows *flows = new_flows(&heard);
    uint32_t sequence = (uint32_t)sample_random(&random);
    uint32_t again = 0;
    int64_t time_us = 1;
    for (unsigned i = 0; i < 50; i++) {
      uint32_t bytes = 2 + sample_below(&random, 1400);
      uint32_t copies = 1 + sample_below(&random, 4);
      for (uint32_t copy = 0; copy < copies; copy++) {
        play(flows, &(struct step){time_us++, '>', ACK, sequence, bytes});
      }
      again += copies - 1;
      sequence += bytes;
    }
    flows_finish(flows);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.tcp[0].retransmitted_out, again);
    assert_int_equal(heard.tcp[0].retransmitted_in, 0);
    flows_free(flows);
  }
}

/* So many others that every slot is taken by one of them. */
static void push_out(struct flows *flows)
{
  uint64_t evicted = flows_stats(flows).evicted;
  for (uint32_t i = 0; flows_stats(flows).evicted < evicted + 1000; i++) {
    struct packet packet = sample_packet(500 * US, (struct sample_end){100 + i, 30000},
                                         (struct sample_end){2, 443}, SAMPLE_UDP, 100);
    bool is_new = false;
    flows_add(flows, &packet, &is_new);
    flows_add(flows, &packet, &is_new); /* or it would be the first to go */
  }
}

static void what_an_evicted_flow_did_is_told_all_the_same(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(&heard);
  struct packet carried = sample_packet(9 * US, (struct sample_end){1, 40001},
                                        (struct sample_end){2, 443}, SAMPLE_TCP, 100);
  carried.tunnel = PACKET_GRE;
  bool is_new = false;
  flows_add(flows, &carried, &is_new);
  const struct step steps[] = {{10, '>', SYN, 100, 0},
                               {20, '<', SYN_ACK, 500, 0},
                               {30, '>', ACK, 101, 10},
                               {40, '>', ACK, 101, 10}};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    play(flows, &steps[i]);
  }
  push_out(flows);
  flows_finish(flows);
  assert_int_equal(heard.count, 2);
  assert_int_equal(heard.tunnel[0], PACKET_GRE);
  assert_int_equal(heard.tunnel[1], PACKET_PLAIN);
  const struct flow_tcp want = {
      .is_attempt = true, .is_answered = true, .handshake_us = 20, .retransmitted_out = 1};
  assert_tcp("evicted", 0, &heard.tcp[1], &want);
  flows_free(flows);
}

static void a_header_without_numbers_and_other_protocols_are_left_alone(void **state)
{
  (void)state;
  struct heard heard;
  struct flows *flows = new_flows(&heard);
  bool is_new = false;
  struct packet packet =
      sample_packet(0, (struct sample_end){1, 4000}, (struct sample_end){2, 53}, SAMPLE_UDP, 100);
  flows_add(flows, &packet, &is_new);
  flows_add(flows, &packet, &is_new);
  packet.protocol = SAMPLE_TCP;
  packet.tcp_flags = ACK;
  flows_add(flows, &packet, &is_new);
  flows_add(flows, &packet, &is_new);
  flows_finish(flows);
  assert_int_equal(heard.count, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_tcp("no numbers", i, &heard.tcp[i], &(struct flow_tcp){0});
  }
  flows_free(flows);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_attempt_is_answered_refused_or_half_open),
      cmocka_unit_test(an_answer_in_a_later_interval_withdraws_the_half_open_one),
      cmocka_unit_test(what_is_sent_again_is_counted_for_its_side),
      cmocka_unit_test(every_copy_behind_the_first_is_counted),
      cmocka_unit_test(what_an_evicted_flow_did_is_told_all_the_same),
      cmocka_unit_test(a_header_without_numbers_and_other_protocols_are_left_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
