/* SPDX-License-Identifier: Apache-2.0 */
/* The clock filter: offsets from four timestamps, the least disturbed of eight. */
#include "sensor/publish_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START INT64_C(1700000000000000000)
#define MS    INT64_C(1000000)

/* A sample taken at `at` with this offset and these delays each way. */
static void add(struct publish_clock *clock, int64_t at, int64_t offset, int64_t there,
                int64_t back)
{
  int64_t t2 = at + there + offset;
  publish_clock_add(clock, at, t2, t2 + 5 * MS, at + there + 5 * MS + back);
}

static int64_t offset_of(const struct publish_clock *clock, int64_t now, int64_t *uncertainty)
{
  int64_t offset = -1;
  publish_clock_read(clock, now, &offset, uncertainty);
  return offset;
}

static void without_a_sample_nothing_is_measured(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = -1;
  publish_clock_clear(&clock);
  assert_int_equal(offset_of(&clock, START, &uncertainty), 0);
  assert_int_equal(uncertainty, 0);
}

static void an_even_path_gives_the_exact_offset(void **state)
{
  (void)state;
  const int64_t offsets[] = {0, 1, -1, 3 * MS, -3600000 * MS};
  for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
    struct publish_clock clock;
    int64_t uncertainty = 0;
    publish_clock_clear(&clock);
    add(&clock, START, offsets[i], 2 * MS, 2 * MS);
    assert_int_equal(offset_of(&clock, START, &uncertainty), offsets[i]);
    assert_int_equal(uncertainty, 2 * MS + 1);
  }
}

static void an_uneven_path_errs_by_no_more_than_the_uncertainty(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = 0;
  publish_clock_clear(&clock);
  add(&clock, START, 7 * MS, 0, 20 * MS);
  int64_t error = offset_of(&clock, START, &uncertainty) - 7 * MS;
  assert_int_equal(error, -10 * MS);
  assert_true(-error <= uncertainty);
}

static void the_sample_of_least_delay_counts_until_eight_have_come(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = 0;
  publish_clock_clear(&clock);
  add(&clock, START, MS, MS, MS);
  for (int i = 1; i < PUBLISH_CLOCK_SAMPLES; i++) {
    add(&clock, START, 9 * MS, (2 + i) * MS, (2 + i) * MS);
    assert_int_equal(offset_of(&clock, START, &uncertainty), MS);
  }
  add(&clock, START, 9 * MS, 5 * MS, 5 * MS);
  assert_int_equal(offset_of(&clock, START, &uncertainty), 9 * MS);
  assert_int_equal(uncertainty, 3 * MS + 1);
}

static void a_sample_grows_less_certain_with_age(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = 0;
  publish_clock_clear(&clock);
  add(&clock, START, 0, MS, MS);
  (void)offset_of(&clock, START + 1007 * MS, &uncertainty); /* t4 is START + 7 ms */
  assert_int_equal(uncertainty, MS + 15000 + 1);
}

static void what_cannot_be_is_left_out(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = -1;
  publish_clock_clear(&clock);
  publish_clock_add(&clock, START, START, START + 10,
                    START + 5); /* answered for longer than it took */
  publish_clock_add(&clock, START, START + 10, START, START + 20); /* sent before it came */
  publish_clock_add(&clock, START, START, START, START - 1);       /* came before it was asked */
  (void)offset_of(&clock, START, &uncertainty);
  assert_int_equal(uncertainty, 0);
}

static void the_farthest_times_do_not_overflow(void **state)
{
  (void)state;
  struct publish_clock clock;
  int64_t uncertainty = 0;
  publish_clock_clear(&clock);
  publish_clock_add(&clock, 1, INT64_MAX / 2, INT64_MAX / 2, 3);
  assert_int_equal(offset_of(&clock, 3, &uncertainty), INT64_MAX / 2 - 2);
  publish_clock_clear(&clock);
  publish_clock_add(&clock, INT64_MAX / 2, 0, 0, INT64_MAX / 2);
  assert_int_equal(offset_of(&clock, INT64_MAX / 2, &uncertainty), -(INT64_MAX / 2));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_sample_nothing_is_measured),
      cmocka_unit_test(an_even_path_gives_the_exact_offset),
      cmocka_unit_test(an_uneven_path_errs_by_no_more_than_the_uncertainty),
      cmocka_unit_test(the_sample_of_least_delay_counts_until_eight_have_come),
      cmocka_unit_test(a_sample_grows_less_certain_with_age),
      cmocka_unit_test(what_cannot_be_is_left_out),
      cmocka_unit_test(the_farthest_times_do_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
