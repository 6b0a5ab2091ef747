/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the fan-out sketch over random pairs, and how well it finds superspreaders. A
 * failure prints its seed; the measurement has seeds of its own, so that its figures repeat. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/fanout.h"
#include "common/hash.h"
#include "tests/unit/sample_random.h"

#define STANDARD_ERROR 0.13 /* of 64 registers: 1.04/sqrt(64) */

enum { PARTS = 4, LISTED = 400 };

static struct fanout *fanout(void)
{
  struct fanout *f = fanout_new(HASH_FLEET_SEED);
  assert_non_null(f);
  return f;
}

static struct addr host(unsigned number)
{
  uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  return addr_from_v4(bytes);
}

static struct addr v6_host(uint64_t number)
{
  uint8_t bytes[16] = {0x20, 0x01};
  memcpy(bytes + 8, &number, sizeof(number));
  return addr_from_v6(bytes);
}

/* Both families, few hosts with much and many with little. */
static struct addr random_host(unsigned hosts)
{
  unsigned number = (unsigned)(next_random() % (1 + next_random() % hosts));
  return (number & 3) == 3 ? v6_host(number) : host(number);
}

static void add_items(struct fanout *f, const struct addr *addr, uint64_t items)
{
  uint64_t base = next_random();
  for (uint64_t i = 0; i < items; i++) {
    uint64_t item = base + i;
    fanout_add(f, addr, hash_seeded(HASH_FLEET_SEED, &item, sizeof(item)));
  }
}

static void assert_same_bytes(const struct fanout *a, const struct fanout *b)
{
  static uint8_t x[FANOUT_ENCODED_MAX];
  static uint8_t y[FANOUT_ENCODED_MAX];
  size_t length = fanout_encode(a, x);
  assert_int_equal(length, fanout_encode(b, y));
  assert_memory_equal(x, y, length);
  assert_true(fanout_equal(a, b));
}

static void merging_a_split_stream_in_any_order_gives_the_whole_streams_sketch(void **state)
{
  (void)state;
  struct fanout *whole = fanout();
  struct fanout *merged = fanout();
  struct fanout *part[PARTS];
  for (int i = 0; i < PARTS; i++) {
    part[i] = fanout();
  }
  static const unsigned pairs[] = {0, 1, 20, 300, 4000, 60000};
  for (size_t size = 0; size < sizeof(pairs) / sizeof(pairs[0]); size++) {
    fanout_clear(whole);
    fanout_clear(merged);
    for (int i = 0; i < PARTS; i++) {
      fanout_clear(part[i]);
    }
    for (unsigned n = 0; n < pairs[size]; n++) {
      struct addr addr = random_host(3000);
      uint64_t item = next_random();
      fanout_add(whole, &addr, item);
      fanout_add(part[next_random() % PARTS], &addr, item);
      /* Another sensor that saw the same changes nothing. */
      fanout_add(part[next_random() % PARTS], &addr, item);
    }
    /* Groups first: (2 + 0) and (3 + 1), then both; and the first once more. */
    assert_int_equal(fanout_merge(part[2], part[0]), 0);
    assert_int_equal(fanout_merge(part[3], part[1]), 0);
    assert_int_equal(fanout_merge(merged, part[3]), 0);
    assert_int_equal(fanout_merge(merged, part[2]), 0);
    assert_int_equal(fanout_merge(merged, part[3]), 0);
    assert_same_bytes(merged, whole);
    assert_int_equal(fanout_merge(part[2], part[3]), 0);
    assert_same_bytes(part[2], whole);
  }
  for (int i = 0; i < PARTS; i++) {
    fanout_free(part[i]);
  }
  fanout_free(whole);
  fanout_free(merged);
}

static void unlike_sketches_are_refused_and_unchanged(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  struct fanout *before = fanout();
  struct fanout *other = fanout_new(7);
  static uint8_t bytes[FANOUT_ENCODED_MAX];
  struct addr a = host(1);
  fanout_add(f, &a, 1);
  fanout_add(before, &a, 1);
  fanout_add(other, &a, 2);
  assert_int_equal(fanout_merge(f, other), ERR_CONFLICT);
  assert_int_equal(fanout_decode(bytes, fanout_encode(other, bytes), f), ERR_CONFLICT);
  assert_true(fanout_equal(f, before));
  assert_false(fanout_equal(f, other));
  fanout_free(f);
  fanout_free(before);
  fanout_free(other);
  fanout_free(NULL);
}

static void what_others_add_never_lowers_an_estimate(void **state)
{
  (void)state;
  struct fanout *all = fanout();
  struct fanout *alone = fanout();
  for (int round = 0; round < 30; round++) {
    fanout_clear(all);
    fanout_clear(alone);
    struct addr a = host(1u << 20);
    uint64_t items = next_random() % 3000;
    for (uint64_t i = 0; i < items; i++) {
      uint64_t item = next_random();
      fanout_add(alone, &a, item);
      fanout_add(all, &a, item);
      struct addr b = random_host(2000);
      fanout_add(all, &b, next_random());
    }
    assert_true(fanout_estimate(all, &a) >= fanout_estimate(alone, &a));
  }
  fanout_free(all);
  fanout_free(alone);
}

static void estimates_of_one_alone_lie_within_five_standard_errors(void **state)
{
  (void)state;
  static const unsigned sizes[] = {0, 1, 2, 10, 100, 1000, 20000, 300000};
  struct fanout *f = fanout();
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    struct addr a = host((unsigned)i);
    fanout_clear(f);
    add_items(f, &a, sizes[i]);
    double error = fabs(fanout_estimate(f, &a) - sizes[i]);
    /* The constant covers the collisions of a few items, which are no Gaussian matter. */
    assert_true(error <= 5 * STANDARD_ERROR * sizes[i] + (sizes[i] > 0 ? 3 : 0));
  }
  fanout_free(f);
}

static void the_list_is_of_those_fed_sorted_and_bounded(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  static struct fanout_item all[LISTED], some[LISTED];
  assert_int_equal(fanout_list(f, 0.0, all, LISTED), 0);
  for (unsigned n = 0; n < 200; n++) {
    struct addr a = n % 2 == 0 ? host(n) : v6_host(n);
    add_items(f, &a, 1 + next_random() % 50);
  }
  size_t n = fanout_list(f, 0.0, all, LISTED);
  assert_true(n > 100 && n <= 200);
  for (size_t i = 0; i < n; i++) {
    bool is_fed = false;
    for (unsigned number = 0; number < 200; number++) {
      struct addr a = number % 2 == 0 ? host(number) : v6_host(number);
      is_fed = is_fed || addr_equal(&all[i].addr, &a);
    }
    assert_true(is_fed);
    assert_true(fabs(all[i].estimate - fanout_estimate(f, &all[i].addr)) < 1e-9);
    for (size_t k = 0; k < i; k++) {
      assert_false(addr_equal(&all[i].addr, &all[k].addr));
      assert_true(all[k].estimate >= all[i].estimate);
    }
  }
  static const size_t limits[] = {0, 1, 2, 7, 50};
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    assert_int_equal(fanout_list(f, 0.0, some, limits[i]), limits[i]);
    assert_memory_equal(some, all, limits[i] * sizeof(all[0]));
  }
  double least = all[n / 2].estimate;
  size_t above = fanout_list(f, least, some, LISTED);
  assert_true(above > n / 2 && above <= n);
  assert_true(some[above - 1].estimate >= least);
  assert_true(above == n || all[above].estimate < least);
  fanout_free(f);
}

static void whoever_comes_first_is_a_candidate(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  struct fanout_item item;
  for (unsigned i = 0; i < 20000; i++) {
    fanout_clear(f);
    struct addr a = host(i);
    fanout_add(f, &a, next_random());
    assert_int_equal(fanout_list(f, 0.5, &item, 1), 1);
    assert_true(addr_equal(&item.addr, &a));
  }
  fanout_free(f);
}

/* f := a host with one item, encoded into bytes (see common/fanout.h: priority at 15). A priority
 * other than 0 takes the place of the item's own. Returns the priority. */
static unsigned load_host(struct fanout *f, const struct addr *addr, uint64_t item,
                          unsigned priority)
{
  static uint8_t bytes[FANOUT_ENCODED_MAX];
  fanout_clear(f);
  fanout_add(f, addr, item);
  size_t length = fanout_encode(f, bytes);
  assert_int_equal(length, 24);
  if (priority != 0) {
    bytes[15] = (uint8_t)(priority & 0xff);
    bytes[16] = (uint8_t)(priority >> 8);
    assert_int_equal(fanout_decode(bytes, length, f), 0);
  }
  return bytes[15] | (unsigned)bytes[16] << 8;
}

/* Whether x and y share a cell in f; if so, x must hold both of its own. */
static bool has_met(const struct fanout *f, const struct addr *x)
{
  static uint8_t bytes[FANOUT_ENCODED_MAX];
  if (fanout_encode(f, bytes) == 14 + 2 * 10) {
    return false;
  }
  bool is_first = memcmp(bytes + 17, x->byte + 12, 4) == 0;
  assert_int_equal(bytes[is_first ? 14 : 24] & 3, 3);
  return true;
}

/* Ties are rare in life: here each meeting in a cell is one. Adding and merging must agree. */
static void ties_go_to_the_smaller_address_whoever_comes_first(void **state)
{
  (void)state;
  struct fanout *a = fanout();
  struct fanout *b = fanout();
  struct fanout *added = fanout();
  unsigned met = 0;
  for (unsigned i = 0; i < 1500; i++) {
    struct addr x = host(2 * i);
    struct addr y = host(2 * i + 1);
    uint64_t item = next_random();
    unsigned tie = load_host(b, &y, item, 0);
    (void)load_host(a, &x, next_random(), tie);
    fanout_clear(added);
    assert_int_equal(fanout_merge(added, a), 0);
    fanout_add(added, &y, item);
    assert_int_equal(fanout_merge(a, b), 0);
    assert_true(fanout_equal(a, added));
    assert_int_equal(fanout_merge(b, a), 0);
    assert_true(fanout_equal(a, b));
    met += has_met(a, &x) ? 1 : 0;
  }
  assert_in_range(met, 2, 80); /* 2 in 157 of 1500 are 19 */
  fanout_free(a);
  fanout_free(b);
  fanout_free(added);
}

/* Sums over the runs of the measurement, for one size of spreader. */
struct found {
  unsigned listed;
  double error, square;
};

/* 50,000 hosts whose number of partners falls as 1/rank from 201 down to 1 or 2, and five spreaders
 * among them. Counts who is listed from `least` on, and hosts that do not belong there. */
static unsigned run_spreaders(const unsigned sizes[5], double least, struct found found[5])
{
  static struct fanout_item list[LISTED];
  struct fanout *f = fanout();
  struct addr spreader[5];
  for (unsigned rank = 0; rank < 50000; rank++) {
    struct addr a = host(rank);
    add_items(f, &a, 1 + 200 / (rank + 1));
  }
  for (unsigned i = 0; i < 5; i++) {
    spreader[i] = v6_host(next_random());
    add_items(f, &spreader[i], sizes[i]);
    found[i].error -= 1.0;
  }
  size_t n = fanout_list(f, least, list, LISTED);
  unsigned wrong = 0;
  for (size_t k = 0; k < n; k++) {
    wrong += addr_is_v4(&list[k].addr) ? 1 : 0;
    for (unsigned i = 0; i < 5; i++) {
      found[i].listed += addr_equal(&list[k].addr, &spreader[i]) ? 1 : 0;
    }
  }
  for (unsigned i = 0; i < 5; i++) {
    double error = fanout_estimate(f, &spreader[i]) / sizes[i];
    found[i].error += error;
    found[i].square += (error - 1.0) * (error - 1.0);
  }
  fanout_free(f);
  return wrong;
}

/* The figures that common/fanout.h states. Fixed seeds: a change of them is a change of the sketch.
 */
static void superspreaders_are_found_and_measured(void **state)
{
  (void)state;
  enum { RUNS = 40 };
  static const unsigned sizes[5] = {500, 1000, 2000, 5000, 20000};
  static const struct {
    unsigned listed; /* of 40 at least */
    double rms;      /* at most */
  } promised[5] = {{30, 0.45}, {32, 0.25}, {36, 0.20}, {39, 0.20}, {40, 0.20}};
  struct found found[5] = {{0, 0.0, 0.0}};
  unsigned wrong = 0;
  for (unsigned run = 0; run < RUNS; run++) {
    random_state = run;
    wrong += run_spreaders(sizes, 400.0, found);
  }
  for (unsigned i = 0; i < 5; i++) {
    double rms = sqrt(found[i].square / RUNS);
    printf("%5u partners: listed %3u %%, mean error %+3.0f %%, rms %2.0f %%\n", sizes[i],
           found[i].listed * 100 / RUNS, found[i].error * 100 / RUNS, rms * 100);
    assert_true(found[i].listed >= promised[i].listed);
    assert_true(rms <= promised[i].rms);
  }
  printf("listed wrongly: %.1f of 50000\n", (double)wrong / RUNS);
  assert_true(wrong <= 5 * RUNS);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(merging_a_split_stream_in_any_order_gives_the_whole_streams_sketch),
      FROM_SEED(unlike_sketches_are_refused_and_unchanged),
      FROM_SEED(what_others_add_never_lowers_an_estimate),
      FROM_SEED(estimates_of_one_alone_lie_within_five_standard_errors),
      FROM_SEED(the_list_is_of_those_fed_sorted_and_bounded),
      FROM_SEED(whoever_comes_first_is_a_candidate),
      FROM_SEED(ties_go_to_the_smaller_address_whoever_comes_first),
      FROM_SEED(superspreaders_are_found_and_measured),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
