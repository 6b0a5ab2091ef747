/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: what is summed over all sensors, and their sketches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/sample_fleet.h"

/* Three sensors' sketches, and those of all that they were fed. */
static struct summary_sketches of[3], expected;

static void fill_sketches(void)
{
  summary_sketches_init(&expected, SUMMARY_SECOND);
  for (uint64_t i = 0; i < 3; i++) {
    summary_sketches_init(&of[i], SUMMARY_SECOND);
    for (uint64_t n = 0; n < 40; n++) {
      uint64_t item = i * 20 + n;
      uint64_t hash = hash_seeded(HASH_FLEET_SEED, &item, sizeof(item));
      hll_add(&of[i].clients, hash);
      hll_add(&expected.clients, hash);
      entropy_add(&of[i].entropy[SUMMARY_ENTROPY_CLIENTS], hash, n);
      entropy_add(&expected.entropy[SUMMARY_ENTROPY_CLIENTS], hash, n);
    }
  }
}

static void sketches_are_merged_as_they_come_in_any_order(void **state)
{
  (void)state;
  static const char *const names[] = {"web1", "web2", "db1"};
  static const size_t orders[2][3] = {{0, 1, 2}, {2, 0, 1}};
  for (size_t o = 0; o < 2; o++) {
    struct house house = house_new();
    for (size_t i = 0; i < 3; i++) {
      struct summary s = sample_second(names[orders[o][i]], 1, 1, 10);
      s.sketches = &of[orders[o][i]];
      add(&house, &s);
    }
    const struct fleet_window *window = close_one(&house);
    assert_non_null(window->sketches);
    assert_memory_equal(window->sketches, &expected, sizeof(expected));
    assert_null(window->parts[0]->sketches);
    house_free(&house);
  }
}

static void a_late_an_odd_and_a_missing_sketch_harm_no_other(void **state)
{
  (void)state;
  struct house house = house_new();
  /* What comes late is told by its own record. */
  (void)fleet_close(house.fleet, sample_ns(11));
  struct summary late = sample_second("web1", 1, 2, 10);
  late.sketches = &of[1];
  assert_ptr_equal(fleet_revise(house.fleet, &late, late.sketches)->sketches, &of[1]);
  /* One of another seed is left out and counted; the others are merged. */
  struct summary_sketches other = of[0];
  hll_init(&other.servers, HLL_PRECISION_SECOND, HASH_FLEET_SEED + 1);
  struct summary odd = sample_second("web1", 1, 3, 11);
  odd.sketches = &other;
  add(&house, &odd);
  const struct fleet_window *window = fleet_close(house.fleet, sample_ns(12));
  assert_memory_equal(&window->sketches->clients, &of[0].clients, sizeof(of[0].clients));
  assert_int_equal(fleet_sketches_refused(house.fleet), 1);
  /* Without any there are none. */
  struct summary plain = sample_second("web1", 1, 4, 12);
  add(&house, &plain);
  assert_null(fleet_close(house.fleet, sample_ns(13))->sketches);
  house_free(&house);
}

static void counters_add_up_and_the_worst_quality_stands(void **state)
{
  (void)state;
  struct house house = house_new();
  struct summary web1 = sample_second("web1", 1, 1, 10);
  struct summary db1 = sample_second("db1", 1, 1, 10);
  web1.tcp.attempts = 3;
  web1.tcp.handshake_10us.bucket[4] = 1;
  web1.dns.failures = 2;
  web1.tunnelled_packets = 5;
  web1.quality[SUMMARY_MEASURE_FLOWS] = SUMMARY_SCALED;
  web1.sample_shift = 2;
  db1.tcp.attempts = 4;
  db1.tcp.handshake_10us.bucket[4] = 6;
  db1.dns.failures = 1;
  db1.segments.wire_packets = 9;
  db1.quality[SUMMARY_MEASURE_DISTINCT] = SUMMARY_ABSENT;
  db1.ledger.fragments_unmatched = 7;
  add(&house, &web1);
  add(&house, &db1);
  const struct fleet_window *window = close_one(&house);
  assert_int_equal(window->tcp.attempts, 7);
  assert_int_equal(window->tcp.handshake_10us.bucket[4], 7);
  assert_int_equal(window->dns.failures, 3);
  assert_int_equal(window->tunnelled_packets, 5);
  assert_int_equal(window->segments.wire_packets, 9);
  assert_int_equal(window->ledger.fragments_unmatched, 7);
  assert_int_equal(window->quality[SUMMARY_MEASURE_TRAFFIC], SUMMARY_EXACT);
  assert_int_equal(window->quality[SUMMARY_MEASURE_FLOWS], SUMMARY_SCALED);
  assert_int_equal(window->quality[SUMMARY_MEASURE_DISTINCT], SUMMARY_ABSENT);
  assert_int_equal(window->sample_shift, 2);
  house_free(&house);
}

static void fill_split(struct summary *s, uint64_t all, uint64_t fleet, uint64_t version)
{
  s->traffic[SUMMARY_TX][SUMMARY_UDP] = (struct counts){all, 100 * all, 60 * all};
  s->fleet_traffic[SUMMARY_TX][SUMMARY_UDP] = (struct counts){fleet, 100 * fleet, 60 * fleet};
  s->has_fleet = true;
  s->fleet_map_version = version;
}

/* Parts: web1 of map 4 and db1 of another; web2 has no split, so that its bytes are in neither
 * side. */
static void the_split_adds_up_over_those_that_have_one(void **state)
{
  (void)state;
  static const struct {
    uint64_t db1_map;
    bool has_web2, is_mixed;
    uint64_t low, high;
  } cases[] = {{4, false, false, 4, 4}, {4, true, true, 4, 4}, {9, false, true, 4, 9}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct house house = house_new();
    struct summary web1 = sample_second("web1", 1, 1, 10);
    struct summary web2 = sample_second("web2", 1, 1, 10);
    struct summary db1 = sample_second("db1", 1, 1, 10);
    fill_split(&web1, 10, 3, 4);
    fill_split(&db1, 5, 5, cases[i].db1_map);
    web2.traffic[SUMMARY_TX][SUMMARY_UDP].packets = 1000;
    add(&house, &web1);
    add(&house, &db1);
    if (cases[i].has_web2) {
      add(&house, &web2);
    }
    const struct fleet_window *window = close_one(&house);
    const struct counts *fleet = &window->fleet_traffic[SUMMARY_TX][SUMMARY_UDP];
    const struct counts *split = &window->split_traffic[SUMMARY_TX][SUMMARY_UDP];
    assert_int_equal(fleet->packets, 8);
    assert_int_equal(fleet->bytes, 800);
    assert_int_equal(split->packets, 15);
    assert_int_equal(window->split_parts, 2);
    assert_int_equal(window->fleet_map_low, cases[i].low);
    assert_int_equal(window->fleet_map_high, cases[i].high);
    assert_int_equal(window->is_fleet_mixed, cases[i].is_mixed);
    house_free(&house);
  }
}

int main(void)
{
  fill_sketches();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sketches_are_merged_as_they_come_in_any_order),
      cmocka_unit_test(a_late_an_odd_and_a_missing_sketch_harm_no_other),
      cmocka_unit_test(counters_add_up_and_the_worst_quality_stands),
      cmocka_unit_test(the_split_adds_up_over_those_that_have_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
