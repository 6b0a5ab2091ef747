/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table under more flows than it holds: every packet in exactly one delta and record. And
 * how keys spread over it, and marks stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/hash.h"
#include "sensor/flows.h"
#include "tests/unit/sample_packets.h"

#define FLOWS   100000
#define PACKETS 300000
#define SLOTS   UINT64_C(64)
#define SEED    UINT64_C(20261124)

/* By the number of the flow, which is its client's address. */
struct sums {
  struct counts out, in;
};

struct load {
  struct sums *sent, *delta, *record;
  uint64_t order; /* a checksum over everything in its order */
  size_t deltas, deltas_before_close;
  bool is_closing;
};

static void note(struct load *load, const struct flow_record *flow, struct sums *sums)
{
  uint32_t n = sample_host(&flow->client);
  assert_true(n < FLOWS);
  counts_add(&sums[n].out, &flow->out);
  counts_add(&sums[n].in, &flow->in);
  const uint64_t seen[] = {load->order, n, flow->out.bytes, flow->in.bytes,
                           (uint64_t)flow->last_ns};
  load->order = hash_seeded(1, seen, sizeof seen);
}

static void hear_deltas(void *context, const struct flow_delta *deltas, size_t count)
{
  struct load *load = context;
  load->deltas += count;
  load->deltas_before_close += load->is_closing ? 0 : count;
  for (size_t i = 0; i < count; i++) {
    note(load, &deltas[i].flow, load->delta);
  }
}

static void hear_record(void *context, const struct flow_record *record)
{
  struct load *load = context;
  note(load, record, load->record);
}

static struct flows *new_flows(struct load *load, size_t capacity)
{
  struct flows_config config = {.capacity = capacity,
                                .idle_ns = 60 * NS_PER_S,
                                .active_ns = 1800 * NS_PER_S,
                                .linger_ns = 5 * NS_PER_S,
                                .ended = hear_record,
                                .delta = hear_deltas,
                                .context = load};
  struct flows *flows = flows_new(&config);
  assert_non_null(flows);
  return flows;
}

/* A packet of one of the flows, either way. Port 80 tells the server, so that an evicted flow keeps
 * its client. */
static void send_one(struct flows *flows, struct load *load, uint64_t *random, uint32_t i)
{
  uint32_t n = i < FLOWS ? i : sample_below(random, FLOWS);
  struct sample_end client = {n, 30000};
  struct sample_end server = {0xf00000 + n % 7, 80};
  uint32_t bytes = 40 + sample_below(random, 1460);
  bool is_out = sample_below(random, 3) != 0;
  struct packet packet = sample_packet((int64_t)i * 20000, is_out ? client : server,
                                       is_out ? server : client, SAMPLE_TCP, bytes);
  bool is_new = false;
  flows_add(flows, &packet, &is_new);
  struct counts one = {1, bytes, bytes - 40};
  counts_add(is_out ? &load->sent[n].out : &load->sent[n].in, &one);
}

static void run(struct load *load, uint64_t seed)
{
  uint64_t random = seed;
  struct flows *flows = new_flows(load, SLOTS);
  for (uint32_t i = 0; i < PACKETS; i++) {
    send_one(flows, load, &random, i);
    if (i % 50000 == 49999) {
      load->is_closing = true;
      flows_close(flows, (int64_t)(i + 1) * 20000);
      load->is_closing = false;
    }
  }
  load->is_closing = true;
  flows_finish(flows);
  struct flows_stats stats = flows_stats(flows);
  assert_int_equal(stats.used, 0);
  assert_true(stats.evicted > PACKETS / 2);
  assert_true(stats.capacity >= SLOTS && stats.capacity < 2 * SLOTS);
  flows_free(flows);
}

static void load_init(struct load *load)
{
  memset(load, 0, sizeof *load);
  load->sent = calloc(FLOWS, sizeof *load->sent);
  load->delta = calloc(FLOWS, sizeof *load->delta);
  load->record = calloc(FLOWS, sizeof *load->record);
  assert_true(load->sent != NULL && load->delta != NULL && load->record != NULL);
}

static void load_fini(struct load *load)
{
  free(load->sent);
  free(load->delta);
  free(load->record);
}

static void a_table_of_64_slots_counts_100000_flows_exactly(void **state)
{
  (void)state;
  print_message("seed %llu\n", (unsigned long long)SEED);
  struct load load;
  load_init(&load);
  run(&load, SEED);
  assert_memory_equal(load.delta, load.sent, FLOWS * sizeof *load.sent);
  assert_memory_equal(load.record, load.sent, FLOWS * sizeof *load.sent);
  /* The queue was too small for the interval, and was handed out before the close. */
  assert_true(load.deltas_before_close > 0);
  load_fini(&load);
}

static void the_same_packets_come_out_in_the_same_order(void **state)
{
  (void)state;
  struct load first;
  struct load again;
  struct load other;
  load_init(&first);
  load_init(&again);
  load_init(&other);
  run(&first, SEED);
  run(&again, SEED);
  run(&other, SEED + 1);
  assert_true(first.order == again.order);
  assert_true(first.order != other.order);
  load_fini(&first);
  load_fini(&again);
  load_fini(&other);
}

static void a_storm_does_not_push_out_flows_that_live(void **state)
{
  (void)state;
  struct load load;
  load_init(&load);
  struct flows *flows = new_flows(&load, 1); /* one bucket */
  uint64_t random = SEED;
  unsigned begun = 0;
  for (uint32_t i = 0; i < 20000; i++) {
    struct sample_end heavy = {i % 8, 30000};
    struct sample_end stray = {100 + sample_below(&random, FLOWS - 100), 30000};
    struct sample_end server = {0xf00000, 80};
    bool is_new = false;
    struct packet packet = sample_packet(i, heavy, server, SAMPLE_TCP, 100);
    flows_add(flows, &packet, &is_new);
    begun += is_new;
    packet = sample_packet(i, stray, server, SAMPLE_TCP, 100);
    flows_add(flows, &packet, &is_new);
  }
  /* Eight began; the table is full of strays all the time, and none of the eight was evicted. */
  assert_int_equal(begun, 8);
  flows_free(flows);
  load_fini(&load);
}

/* Addresses and ports that differ in their last bits only, as an address plan or a scan makes them:
 * a table twice as large as the flows are many has hardly a full bucket. */
static void keys_that_differ_little_spread_over_the_table(void **state)
{
  (void)state;
  struct load load;
  load_init(&load);
  for (unsigned kind = 0; kind < 4; kind++) {
    struct flows *flows = new_flows(&load, 2 * (size_t)FLOWS);
    for (uint32_t i = 0; i < FLOWS; i++) {
      struct sample_end from = {kind == 0 ? i : 1, 30000};
      struct sample_end to = {kind == 1 ? i << 7 : 2, 80};
      if (kind >= 2) {
        from.port = (uint16_t)(kind == 2 ? i : i << 6);
        to.host = 2 + (i >> (kind == 2 ? 16 : 10));
      }
      struct packet packet = sample_packet(i, from, to, SAMPLE_TCP, 100);
      bool is_new = false;
      flows_add(flows, &packet, &is_new);
    }
    assert_true(flows_stats(flows).evicted < FLOWS / 1000);
    assert_true(flows_stats(flows).used > FLOWS - FLOWS / 1000);
    flows_free(flows);
  }
  load_fini(&load);
}

/* A flow's end is found at the first close behind it, however few flows are looked at. */
static void every_flow_ends_at_the_first_close_behind_its_time_out(void **state)
{
  (void)state;
  struct load load;
  load_init(&load);
  struct flows *flows = new_flows(&load, 4096);
  enum { HOSTS = 500 };
  int64_t last_ns[HOSTS] = {0};
  uint64_t random = SEED;
  for (int64_t second = 1; second < 400; second++) {
    for (unsigned i = 0; i < 20; i++) {
      uint32_t n = sample_below(&random, HOSTS);
      last_ns[n] = (second - 1) * NS_PER_S + sample_below(&random, NS_PER_S);
      bool is_new = false;
      struct packet packet = sample_packet(last_ns[n], (struct sample_end){n, 30000},
                                           (struct sample_end){0xf00000, 80}, SAMPLE_UDP, 100);
      flows_add(flows, &packet, &is_new);
    }
    flows_close(flows, second * NS_PER_S);
    unsigned alive = 0;
    for (uint32_t n = 0; n < HOSTS; n++) {
      alive += last_ns[n] != 0 && last_ns[n] + 60 * NS_PER_S > second * NS_PER_S;
    }
    assert_int_equal(flows_stats(flows).used, alive);
  }
  assert_int_equal(flows_stats(flows).evicted, 0);
  flows_free(flows);
  load_fini(&load);
}

static void the_mark_stays_with_the_flow_until_it_is_cleared(void **state)
{
  (void)state;
  struct load load;
  load_init(&load);
  struct flows *flows = new_flows(&load, 64);
  struct packet packet =
      sample_packet(0, (struct sample_end){1, 40000}, (struct sample_end){2, 443}, SAMPLE_UDP, 100);
  struct flow_place place;
  uint8_t *mark = NULL;
  for (unsigned i = 0; i < 4; i++) {
    flows_place(flows, &packet, 1, &place);
    flows_fetch(flows, &place, 1);
    assert_int_equal(flows_count(flows, &packet, &place, &mark), i == 0);
    assert_int_equal(*mark, i == 1 || i == 2 ? 7 : 0);
    *mark = 7;
    if (i == 2) {
      flows_clear_marks(flows);
    }
  }
  packet.time_ns = 100 * NS_PER_S; /* its successor */
  assert_true(flows_count(flows, &packet, &place, &mark));
  assert_int_equal(*mark, 0);
  flows_free(flows);
  load_fini(&load);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_of_64_slots_counts_100000_flows_exactly),
      cmocka_unit_test(the_same_packets_come_out_in_the_same_order),
      cmocka_unit_test(keys_that_differ_little_spread_over_the_table),
      cmocka_unit_test(every_flow_ends_at_the_first_close_behind_its_time_out),
      cmocka_unit_test(the_mark_stays_with_the_flow_until_it_is_cleared),
      cmocka_unit_test(a_storm_does_not_push_out_flows_that_live),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
