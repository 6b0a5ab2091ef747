/* SPDX-License-Identifier: Apache-2.0 */
/* First-seen addresses and edges: once, in order, and what the lists do not show is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensor/first_seen.h"
#include "tests/unit/sample_deltas.h"

static void look(struct first_seen *seen, uint32_t client, uint32_t server, uint16_t port)
{
  struct flow_delta delta = sample_delta(client, server, port, 1, 1);
  first_seen_flow(seen, &delta.flow);
}

static struct summary close_second(struct first_seen *seen)
{
  static struct summary s;
  s = (struct summary){.ledger.first_seen_folded = 3};
  first_seen_close(seen, &s);
  s.ledger.first_seen_folded -= 3;
  return s;
}

static void addresses_and_edges_are_told_once_in_order_of_first_sight(void **state)
{
  (void)state;
  struct first_seen *seen = first_seen_new(1000);
  assert_non_null(seen);
  look(seen, 1, 2, 443);
  look(seen, 1, 2, 443);
  look(seen, 1, 2, 80);
  look(seen, 2, 1, 443);
  struct summary s = close_second(seen);
  assert_int_equal(s.first_seen_count, 2);
  assert_int_equal(sample_host(&s.first_seen[0]), 1);
  assert_int_equal(sample_host(&s.first_seen[1]), 2);
  assert_int_equal(s.edge_count, 3);
  assert_int_equal(sample_host(&s.edges[0].client), 1);
  assert_int_equal(sample_host(&s.edges[0].server), 2);
  assert_int_equal(s.edges[0].server_port, 443);
  assert_int_equal(s.edges[0].protocol, SAMPLE_TCP);
  assert_int_equal(s.edges[1].server_port, 80);
  assert_int_equal(sample_host(&s.edges[2].client), 2);
  assert_int_equal(s.ledger.first_seen_folded, 0);
  look(seen, 1, 2, 443);
  look(seen, 1, 3, 443);
  s = close_second(seen);
  assert_int_equal(s.first_seen_count, 1);
  assert_int_equal(sample_host(&s.first_seen[0]), 3);
  assert_int_equal(s.edge_count, 1);
  first_seen_free(seen);
}

static void the_protocol_is_part_of_an_edge(void **state)
{
  (void)state;
  struct first_seen *seen = first_seen_new(1000);
  struct flow_delta delta = sample_delta(1, 2, 53, 1, 1);
  first_seen_flow(seen, &delta.flow);
  delta.flow.protocol = SAMPLE_UDP;
  first_seen_flow(seen, &delta.flow);
  struct summary s = close_second(seen);
  assert_int_equal(s.edge_count, 2);
  assert_int_equal(s.edges[1].protocol, SAMPLE_UDP);
  first_seen_free(seen);
}

static void what_the_lists_do_not_show_is_counted_and_known_from_then_on(void **state)
{
  (void)state;
  struct first_seen *seen = first_seen_new(10000);
  for (uint32_t round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < 1000; i++) {
      look(seen, 100 + i, 1, 443);
    }
    struct summary s = close_second(seen);
    assert_int_equal(s.first_seen_count, round == 0 ? SUMMARY_FIRST_SEEN_MAX : 0);
    assert_int_equal(s.edge_count, round == 0 ? SUMMARY_EDGES_MAX : 0);
    assert_int_equal(s.ledger.first_seen_folded,
                     round == 0 ? 2001 - SUMMARY_FIRST_SEEN_MAX - SUMMARY_EDGES_MAX : 0);
  }
  first_seen_free(seen);
}

/* 200 hosts are active every second, while as many strangers as the memory has room for pass by ten
 * times: the strangers go, the hosts stay. */
static void what_is_active_outlives_a_storm_of_strangers(void **state)
{
  (void)state;
  struct first_seen *seen = first_seen_new(6000);
  uint32_t stranger = 100000;
  uint64_t told = 0;
  for (uint32_t second = 0; second < 60; second++) {
    for (uint32_t i = 0; i < 200; i++) {
      look(seen, i, i, 80);
    }
    for (uint32_t i = 0; second > 1 && i < 1000; i++) {
      look(seen, stranger++, 5, 80);
    }
    struct summary s = close_second(seen);
    for (size_t i = 0; second > 0 && i < s.first_seen_count; i++) {
      told += sample_host(&s.first_seen[i]) < 200;
    }
  }
  assert_int_equal(told, 0);
  /* A stranger of the beginning was forgotten. */
  look(seen, 100000, 5, 80);
  struct summary s = close_second(seen);
  assert_int_equal(s.first_seen_count, 1);
  assert_int_equal(s.edge_count, 1);
  first_seen_free(seen);
}

static void groups_of_any_size_say_the_same_as_one_after_another(void **state)
{
  (void)state;
  struct first_seen *one = first_seen_new(50);
  struct first_seen *many = first_seen_new(50);
  uint64_t random = 5;
  for (size_t n = 0; n < 60; n++) {
    struct flow_delta deltas[60];
    for (size_t i = 0; i < n; i++) {
      deltas[i] = sample_delta(sample_below(&random, 90), sample_below(&random, 90), 80, 1, 1);
      first_seen_flow(one, &deltas[i].flow);
    }
    first_seen_flows(many, deltas, n);
    struct summary a = {0};
    struct summary b = {0};
    first_seen_close(one, &a);
    first_seen_close(many, &b);
    assert_int_equal(a.first_seen_count, b.first_seen_count);
    assert_int_equal(a.edge_count, b.edge_count);
    for (size_t i = 0; i < a.first_seen_count; i++) {
      assert_true(addr_equal(&a.first_seen[i], &b.first_seen[i]));
    }
  }
  first_seen_free(one);
  first_seen_free(many);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_and_edges_are_told_once_in_order_of_first_sight),
      cmocka_unit_test(the_protocol_is_part_of_an_edge),
      cmocka_unit_test(what_the_lists_do_not_show_is_counted_and_known_from_then_on),
      cmocka_unit_test(what_is_active_outlives_a_storm_of_strangers),
      cmocka_unit_test(groups_of_any_size_say_the_same_as_one_after_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
