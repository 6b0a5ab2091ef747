/* SPDX-License-Identifier: Apache-2.0 */
/* Merging Space-Saving summaries of many sensors (the bound is the sum of their errors), and their
 * encoded form. A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/topk.h"
#include "tests/unit/sample_random.h"

enum { HOSTS = 1000, COUNTERS = 64, REPORTED = 24, SENSORS = 7, PACKETS = 4000 };

static uint8_t bytes[TOPK_ENCODED_MAX(COUNTERS) + 1];

static struct addr host(unsigned number)
{
  uint8_t v4[4] = {10, 0, (uint8_t)(number >> 8), (uint8_t)number};
  uint8_t v6[16] = {0x20, 1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number};
  return number % 3 == 2 ? addr_from_v6(v6) : addr_from_v4(v4);
}

static unsigned number_of(const struct addr *a)
{
  return (unsigned)a->byte[14] << 8 | a->byte[15];
}

/* Numbers just above `busiest` come much more often than others. A packet is sent or received. */
static uint64_t feed(struct topk *t, unsigned packets, unsigned busiest, uint64_t truth[HOSTS])
{
  static const struct counts none = {0};
  uint64_t total = 0;
  for (unsigned i = 0; i < packets; i++) {
    unsigned number = (unsigned)(next_random() % (1 + next_random() % HOSTS));
    number = (unsigned)(next_random() % (1 + next_random() % (1 + number)));
    number = (number + busiest) % HOSTS;
    struct addr a = host(number);
    struct counts c = {1, 40 + next_random() % 1460, next_random() % 40};
    bool is_tx = (next_random() & 1) != 0;
    topk_add(t, &a, is_tx ? &c : &none, is_tx ? &none : &c);
    truth[number] += c.bytes;
    total += c.bytes;
  }
  return total;
}

/* What a sensor sends: its first rows, and the count of the first row left out. */
struct report {
  struct topk_item items[REPORTED + 1];
  size_t count;
  uint64_t floor;
  uint64_t total;
};

static void report_of(struct topk *t, struct report *out)
{
  out->count = topk_list(t, out->items, REPORTED + 1);
  out->floor = topk_floor(t);
  if (out->count > REPORTED) {
    out->count = REPORTED;
    out->floor = out->items[REPORTED].count;
  }
}

static void merge_report(struct topk *t, const struct report *report)
{
  topk_merge(t, report->items, report->count, report->floor);
}

static void make_reports(struct report report[SENSORS], uint64_t truth[HOSTS])
{
  struct topk *t = topk_new(COUNTERS);
  for (unsigned i = 0; i < SENSORS; i++) {
    topk_clear(t);
    /* One sensor is small enough never to overflow. Who is busy here has little traffic there. */
    report[i].total = feed(t, i == 3 ? REPORTED / 2 : PACKETS, 5 * i, truth);
    report_of(t, &report[i]);
  }
  topk_free(t);
}

/* Fisher and Yates. */
static void shuffle(unsigned *order, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    order[i] = i;
  }
  for (unsigned i = n; i > 1; i--) {
    unsigned k = (unsigned)(next_random() % i);
    unsigned kept = order[i - 1];
    order[i - 1] = order[k];
    order[k] = kept;
  }
}

/* A sensor of floor f moved (REPORTED + 1) f bytes at least; so does their sum. */
static void assert_bound(const struct topk *t, const uint64_t truth[HOSTS], uint64_t total)
{
  static struct topk_item list[COUNTERS];
  bool is_present[HOSTS] = {false};
  size_t n = topk_list(t, list, COUNTERS);
  for (size_t i = 0; i < n; i++) {
    unsigned number = number_of(&list[i].addr);
    assert_true(list[i].count >= truth[number]);
    assert_true(list[i].count - list[i].error <= truth[number]);
    assert_true(list[i].error <= topk_floor(t));
    is_present[number] = true;
  }
  for (unsigned number = 0; number < HOSTS; number++) {
    assert_true(is_present[number] || truth[number] <= topk_floor(t));
  }
  assert_true(topk_floor(t) * (REPORTED + 1) <= total);
}

static void errors_stay_within_their_sum_in_any_order_of_merging(void **state)
{
  (void)state;
  static struct report report[SENSORS];
  struct topk *merged = topk_new(COUNTERS);
  for (int round = 0; round < 20; round++) {
    uint64_t truth[HOSTS] = {0};
    make_reports(report, truth);
    unsigned order[SENSORS];
    shuffle(order, SENSORS);
    uint64_t total = 0;
    uint64_t floors = 0;
    topk_clear(merged);
    for (unsigned i = 0; i < SENSORS; i++) {
      merge_report(merged, &report[order[i]]);
      total += report[i].total;
      floors += report[i].floor;
    }
    assert_bound(merged, truth, total);
    assert_true(topk_floor(merged) >= floors);
  }
  topk_free(merged);
}

/* Merges in the order of names, each report's rows in an order of their own. */
static size_t merge_by_name(const struct report report[SENSORS], uint8_t *out)
{
  struct topk *merged = topk_new(COUNTERS);
  for (unsigned i = 0; i < SENSORS; i++) {
    struct report mixed = report[i];
    unsigned order[REPORTED];
    shuffle(order, (unsigned)mixed.count);
    for (size_t k = 0; k < mixed.count; k++) {
      mixed.items[k] = report[i].items[order[k]];
    }
    merge_report(merged, &mixed);
  }
  size_t length = 0;
  assert_int_equal(topk_encode(merged, out, sizeof(bytes), &length), 0);
  topk_free(merged);
  return length;
}

static void in_order_of_names_neither_hash_seed_nor_order_of_rows_changes_a_byte(void **state)
{
  (void)state;
  static struct report report[SENSORS];
  static uint8_t again[sizeof(bytes)];
  uint64_t truth[HOSTS] = {0};
  make_reports(report, truth);
  size_t length = merge_by_name(report, bytes);
  for (int round = 0; round < 10; round++) {
    hash_set_seed(next_random());
    assert_int_equal(merge_by_name(report, again), length);
    assert_memory_equal(again, bytes, length);
  }
}

static void encoded_summaries_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  static const unsigned packets[] = {0, 1, 5, 40, 3000};
  struct topk *t = topk_new(COUNTERS);
  struct topk *back = topk_new(COUNTERS);
  for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
    uint64_t truth[HOSTS] = {0};
    topk_clear(t);
    (void)feed(t, packets[i], 0, truth);
    size_t length = 0;
    assert_int_equal(topk_encode(t, bytes, sizeof(bytes), &length), 0);
    assert_true(length <= TOPK_ENCODED_MAX(topk_count(t)));
    assert_int_equal(topk_decode(bytes, length, back), 0);
    assert_true(topk_equal(t, back));
    for (size_t shorter = 0; shorter < length; shorter++) {
      assert_int_equal(topk_decode(bytes, shorter, back), ERR_TRUNCATED);
    }
    bytes[length] = 0;
    assert_int_equal(topk_decode(bytes, length + 1, back), ERR_MALFORMED);
    assert_true(topk_equal(t, back));
    /* The one that came back goes on as the other does. */
    uint64_t state_before = random_state;
    (void)feed(t, 500, 0, truth);
    random_state = state_before;
    (void)feed(back, 500, 0, truth);
    assert_true(topk_equal(t, back));
  }
  topk_free(t);
  topk_free(back);
}

static void unlike_summaries_are_not_equal(void **state)
{
  (void)state;
  static const struct counts one = {1, 100, 60}, none = {0};
  struct topk *a = topk_new(2);
  struct topk *b = topk_new(2);
  struct topk *larger = topk_new(3);
  struct addr x = host(1);
  struct addr y = host(2);
  topk_add(a, &x, &one, &none);
  assert_false(topk_equal(a, b));
  topk_add(b, &y, &one, &none);
  assert_false(topk_equal(a, b));
  topk_add(a, &y, &one, &none);
  topk_add(b, &x, &one, &none);
  assert_true(topk_equal(a, b));
  topk_merge(b, NULL, 0, 5);
  assert_false(topk_equal(a, b));
  topk_clear(b);
  topk_add(b, &x, &one, &none);
  topk_add(b, &y, &none, &one);
  assert_false(topk_equal(a, b));
  topk_add(larger, &x, &one, &none);
  topk_add(larger, &y, &one, &none);
  assert_false(topk_equal(a, larger));
  assert_int_equal(topk_capacity(larger), 3);
  topk_free(a);
  topk_free(b);
  topk_free(larger);
}

/* Two hosts in a summary of capacity 2:
 *   0 version  1 capacity  2 floor  3 n  4 family  5..8 address  9 error  10.. tx, rx (6)
 *   16 family  17..20 address  21 error  22.. tx, rx */
static void broken_encodings_are_refused_by_kind_and_change_nothing(void **state)
{
  (void)state;
  static const struct {
    size_t at;
    uint8_t value;
    int err;
  } rows[] = {
      {0, 2, ERR_UNSUPPORTED},   {1, 3, ERR_CONFLICT},    {3, 3, ERR_MALFORMED},
      {3, 1, ERR_MALFORMED},     {4, 5, ERR_MALFORMED},   {4, 6, ERR_TRUNCATED},
      {11, 10, ERR_MALFORMED},                            /* smaller than the next */
      {20, 1, ERR_MALFORMED},                             /* the first once more */
      {27, 0x80, ERR_TRUNCATED}, {21, 99, ERR_MALFORMED}, /* larger than the first */
  };
  static const struct counts more = {1, 90, 3}, less = {1, 70, 3}, none = {0};
  struct topk *t = topk_new(2);
  struct topk *before = topk_new(2);
  struct addr x = host(1);
  struct addr y = host(0);
  topk_add(t, &x, &more, &none);
  topk_add(t, &y, &less, &none);
  topk_add(before, &y, &more, &none);
  size_t length = 0;
  assert_int_equal(topk_encode(t, bytes, TOPK_ENCODED_MAX(1), &length), ERR_LIMIT);
  assert_int_equal(topk_encode(t, bytes, TOPK_ENCODED_MAX(2), &length), 0);
  assert_int_equal(length, 28);
  assert_int_equal(topk_decode(bytes, length, t), 0);
  struct topk *untouched = topk_new(2);
  topk_add(untouched, &y, &more, &none);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t bad[28];
    memcpy(bad, bytes, length);
    bad[rows[i].at] = rows[i].value;
    assert_int_equal(topk_decode(bad, length, before), rows[i].err);
    assert_true(topk_equal(before, untouched));
  }
  /* An IPv4 address in the long form: two ways to write one. */
  static const uint8_t mapped[28] = {1, 2, 0, 1, 6, [15] = 0xff, 0xff, 10, 0, 0, 1};
  assert_int_equal(topk_decode(mapped, sizeof(mapped), before), ERR_MALFORMED);
  assert_true(topk_equal(before, untouched));
  topk_free(t);
  topk_free(before);
  topk_free(untouched);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(errors_stay_within_their_sum_in_any_order_of_merging),
      FROM_SEED(in_order_of_names_neither_hash_seed_nor_order_of_rows_changes_a_byte),
      FROM_SEED(encoded_summaries_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(unlike_summaries_are_not_equal),
      FROM_SEED(broken_encodings_are_refused_by_kind_and_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
