/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving against exact counting over random skewed streams. SEINE_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/hash.h"
#include "common/topk.h"
#include "tests/unit/sample_random.h"

enum { HOSTS = 2000, COUNTERS = 64, PACKETS = 40000 };

static struct addr host(unsigned number)
{
  uint8_t bytes[4] = {10, 0, (uint8_t)(number >> 8), (uint8_t)number};
  return addr_from_v4(bytes);
}

static unsigned number_of(const struct addr *a)
{
  return (unsigned)a->byte[14] << 8 | a->byte[15];
}

/* The true bytes of each host, beside the summary that was fed the same. */
struct truth {
  uint64_t tx[HOSTS];
  uint64_t rx[HOSTS];
  uint64_t total;
};

static uint64_t bytes_of(const struct truth *truth, unsigned number)
{
  return truth->tx[number] + truth->rx[number];
}

/* Small numbers come much more often than large ones. */
static void feed(struct topk *t, struct truth *truth, unsigned packets)
{
  static const struct counts none = {0};
  for (unsigned i = 0; i < packets; i++) {
    unsigned number = (unsigned)(next_random() % (1 + next_random() % HOSTS));
    number = (unsigned)(next_random() % (1 + number));
    struct counts c = {1, 40 + next_random() % 1460, 0};
    struct addr a = host(number);
    bool is_tx = (next_random() & 1) != 0;
    topk_add(t, &a, is_tx ? &c : &none, is_tx ? &none : &c);
    *(is_tx ? &truth->tx[number] : &truth->rx[number]) += c.bytes;
    truth->total += c.bytes;
  }
}

/* The promise of the header: nothing is off by more than N/m, merged or not (a merge that keeps the
 * m largest of the sums equals that of Agarwal et al. for Misra-Gries, whose bound this is). */
static void assert_promise(const struct topk *t, const struct truth *truth)
{
  uint64_t allowed = truth->total / COUNTERS;
  static struct topk_item list[COUNTERS];
  bool is_present[HOSTS] = {false};
  size_t n = topk_list(t, list, COUNTERS);
  assert_int_equal(n, topk_count(t));
  for (size_t i = 0; i < n; i++) {
    unsigned number = number_of(&list[i].addr);
    uint64_t bytes = bytes_of(truth, number);
    assert_true(list[i].count >= bytes);
    assert_true(list[i].count - list[i].error <= bytes);
    assert_true(list[i].error <= topk_floor(t));
    assert_true(list[i].count == list[i].error + list[i].tx.bytes + list[i].rx.bytes);
    assert_true(list[i].tx.bytes <= truth->tx[number] && list[i].rx.bytes <= truth->rx[number]);
    assert_true(i == 0 || list[i].count <= list[i - 1].count);
    assert_false(is_present[number]);
    is_present[number] = true;
  }
  assert_true(topk_floor(t) <= allowed);
  for (unsigned number = 0; number < HOSTS; number++) {
    assert_true(is_present[number] || bytes_of(truth, number) <= topk_floor(t));
  }
}

static void counts_bound_the_truth_and_the_heavy_are_present(void **state)
{
  (void)state;
  static struct truth truth;
  struct topk *t = topk_new(COUNTERS);
  for (int round = 0; round < 5; round++) {
    memset(&truth, 0, sizeof(truth));
    topk_clear(t);
    feed(t, &truth, PACKETS);
    assert_int_equal(topk_count(t), COUNTERS);
    assert_promise(t, &truth);
  }
  topk_free(t);
}

static void merged_summaries_keep_the_promise_within_their_summed_errors(void **state)
{
  (void)state;
  static struct truth truth;
  static struct topk_item list[COUNTERS];
  enum { PARTS = 5 };
  memset(&truth, 0, sizeof(truth));
  struct topk *merged = topk_new(COUNTERS);
  for (int part = 0; part < PARTS; part++) {
    struct topk *t = topk_new(COUNTERS);
    /* One part is small enough never to overflow. */
    feed(t, &truth, part == 2 ? COUNTERS / 2 : PACKETS / PARTS);
    size_t n = topk_list(t, list, COUNTERS);
    topk_merge(merged, list, n, topk_floor(t));
    topk_free(t);
    assert_promise(merged, &truth);
  }
  /* A merged summary takes further bytes as any other does. */
  feed(merged, &truth, PACKETS / PARTS);
  assert_promise(merged, &truth);
  topk_free(merged);
}

static void a_summary_that_never_overflowed_is_exact(void **state)
{
  (void)state;
  struct topk *t = topk_new(3);
  struct topk_item list[4];
  struct counts c = {1, 100, 60};
  struct counts none = {0};
  for (unsigned i = 0; i < 3; i++) {
    struct addr a = host(i);
    topk_add(t, &a, &c, &none);
  }
  struct addr second = host(1);
  topk_add(t, &second, &none, &c);
  assert_int_equal(topk_floor(t), 0);
  assert_int_equal(topk_list(t, list, 4), 3);
  assert_int_equal(number_of(&list[0].addr), 1);
  assert_int_equal(list[0].count, 200);
  assert_int_equal(list[0].tx.payload_bytes, 60);
  assert_int_equal(list[0].rx.packets, 1);
  assert_int_equal(number_of(&list[1].addr), 0);
  assert_int_equal(number_of(&list[2].addr), 2);
  assert_int_equal(list[1].error, 0);
  assert_int_equal(topk_list(t, list, 1), 1);
  assert_int_equal(number_of(&list[0].addr), 1);
  assert_int_equal(topk_list(t, list, 0), 0);
  topk_free(t);
}

static void no_bytes_push_nobody_out(void **state)
{
  (void)state;
  struct topk *t = topk_new(1);
  struct counts c = {1, 100, 60};
  struct counts none = {0};
  struct addr a = host(1);
  struct addr b = host(2);
  struct topk_item item;
  topk_add(t, &a, &c, &none);
  topk_add(t, &b, &none, &none);
  assert_int_equal(topk_list(t, &item, 1), 1);
  assert_int_equal(number_of(&item.addr), 1);
  assert_int_equal(item.error, 0);
  topk_free(t);
}

static void which_counters_stay_does_not_hang_on_the_hash_seed(void **state)
{
  (void)state;
  static struct topk_item lists[2][COUNTERS];
  for (int run = 0; run < 2; run++) {
    static struct truth truth;
    memset(&truth, 0, sizeof(truth));
    random_state = first_seed;
    hash_set_seed(1000 + (uint64_t)run);
    struct topk *t = topk_new(COUNTERS);
    feed(t, &truth, PACKETS / 4);
    memset(lists[run], 0, sizeof(lists[run]));
    assert_int_equal(topk_list(t, lists[run], COUNTERS), COUNTERS);
    topk_free(t);
  }
  assert_memory_equal(lists[0], lists[1], sizeof(lists[0]));
}

static void forged_summaries_saturate_instead_of_wrapping(void **state)
{
  (void)state;
  struct topk *t = topk_new(2);
  struct topk_item forged[3] = {
      {.addr = host(1), .error = UINT64_MAX, .tx = {1, UINT64_MAX, 0}},
      {.addr = host(1), .error = 5, .tx = {1, 7, 0}},
      {.addr = host(2), .count = 3, .rx = {1, 10, 0}},
  };
  struct topk_item list[2];
  topk_merge(t, forged, 3, UINT64_MAX);
  topk_merge(t, forged, 3, 1);
  size_t n = topk_list(t, list, 2);
  assert_int_equal(n, 2);
  assert_true(list[0].count == UINT64_MAX);
  assert_true(topk_floor(t) == UINT64_MAX);
  topk_free(t);
}

static void a_summary_of_no_counters_is_refused(void **state)
{
  (void)state;
  assert_null(topk_new(0));
  assert_null(topk_new(SIZE_MAX));
  topk_free(NULL);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(counts_bound_the_truth_and_the_heavy_are_present),
      FROM_SEED(merged_summaries_keep_the_promise_within_their_summed_errors),
      FROM_SEED(a_summary_that_never_overflowed_is_exact),
      FROM_SEED(no_bytes_push_nobody_out),
      FROM_SEED(which_counters_stay_does_not_hang_on_the_hash_seed),
      FROM_SEED(forged_summaries_saturate_instead_of_wrapping),
      FROM_SEED(a_summary_of_no_counters_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
