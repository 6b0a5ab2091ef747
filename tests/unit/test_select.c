/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing and ordering: always what sorting everything would have given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "sensor/select.h"
#include "tests/unit/sample_packets.h"

#define SEED  UINT64_C(77)
#define ITEMS 600

static int compare_numbers(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void the_nth_number_is_that_of_the_sorted_list(void **state)
{
  (void)state;
  const uint64_t limits[] = {1, 2, 7, 2048, 5000, UINT64_C(1) << 22, UINT64_C(1) << 55, UINT64_MAX};
  uint64_t random = SEED;
  for (size_t round = 0; round < 200; round++) {
    uint64_t limit = limits[round % (sizeof limits / sizeof limits[0])];
    size_t n = 1 + sample_below(&random, ITEMS);
    uint64_t value[ITEMS];
    uint64_t sorted[ITEMS];
    for (size_t i = 0; i < n; i++) {
      value[i] = sample_random(&random) % limit;
      sorted[i] = value[i];
    }
    qsort(sorted, n, sizeof sorted[0], compare_numbers);
    const size_t wanted[] = {0, n / 2, n - 1, sample_below(&random, (uint32_t)n)};
    for (size_t i = 0; i < 4; i++) {
      assert_int_equal(select_nth(value, n, wanted[i]), sorted[wanted[i]]);
    }
  }
}

static void the_largest_number_that_there_is_is_found(void **state)
{
  (void)state;
  const uint64_t value[] = {UINT64_MAX, 0, UINT64_MAX - 1, UINT64_C(1) << 63};
  assert_int_equal(select_nth(value, 4, 0), 0);
  assert_int_equal(select_nth(value, 4, 1), UINT64_C(1) << 63);
  assert_int_equal(select_nth(value, 4, 2), UINT64_MAX - 1);
  assert_int_equal(select_nth(value, 4, 3), UINT64_MAX);
}

/* By value, then by place: a strict order also of equal values. */
static bool is_before(const void *context, uint32_t a, uint32_t b)
{
  const uint64_t *value = context;
  return value[a] != value[b] ? value[a] < value[b] : a < b;
}

static void assert_in_order(const uint64_t *value, const uint32_t *list, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    assert_true(is_before(value, list[i - 1], list[i]));
  }
}

static void the_first_items_are_those_of_the_sorted_list(void **state)
{
  (void)state;
  uint64_t random = SEED;
  for (size_t round = 0; round < 200; round++) {
    size_t n = sample_below(&random, ITEMS);
    size_t k = sample_below(&random, ITEMS);
    uint64_t value[ITEMS];
    uint32_t all[ITEMS];
    uint32_t first[ITEMS];
    for (size_t i = 0; i < n; i++) {
      value[i] = sample_below(&random, 50);
      all[i] = (uint32_t)i;
    }
    select_sort(all, n, is_before, value);
    assert_in_order(value, all, n);
    size_t got = select_first(first, k, n, is_before, value);
    assert_int_equal(got, k < n ? k : n);
    if (got > 0) {
      assert_memory_equal(first, all, got * sizeof first[0]);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_nth_number_is_that_of_the_sorted_list),
      cmocka_unit_test(the_largest_number_that_there_is_is_found),
      cmocka_unit_test(the_first_items_are_those_of_the_sorted_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
