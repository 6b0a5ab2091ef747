/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-interval shifts with hysteresis, and records from the future. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "collector/placement.h"
#include "tests/unit/sample_summary.h"

/* The shift in seconds of a live second record whose sensor measured this offset. */
static double measured(struct placement *p, double offset)
{
  struct summary s = sample_second("web1", 1, 1, 1000);
  bool is_clamped = true;
  s.start_ns = clock_floor_ns(sample_ns(1000 - offset), NS_PER_S);
  s.clock_offset_ns = (int64_t)(offset * 1e9);
  s.clock_uncertainty_ns = NS_PER_MS;
  int64_t shift = placement_shift_ns(p, &s, false, sample_ns(1001.1), &is_clamped);
  assert_false(is_clamped);
  return (double)shift / 1e9;
}

static void only_whole_intervals_are_shifted_with_hysteresis(void **state)
{
  (void)state;
  static const struct {
    double offset, shift;
  } steps[] = {
      {0, 0},    {0.5, 0},   {0.74, 0},  {0.76, 1},  {0.5, 1},       {0.3, 1},       {0.24, 0},
      {-0.7, 0}, {-0.8, -1}, {-1.5, -1}, {-1.8, -2}, {3600.2, 3600}, {3599.4, 3600}, {0, 0},
  };
  struct placement p = {0};
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
    assert_float_equal(measured(&p, steps[i].offset), steps[i].shift, 1e-9);
  }
}

/* A record that is not measured, whose interval ends so many seconds after now. */
static double unmeasured(struct placement *p, double ahead, bool is_backlog, bool *is_clamped)
{
  struct summary s = sample_second("web1", 1, 1, 5000);
  int64_t now = s.start_ns + NS_PER_S - (int64_t)(ahead * 1e9);
  return (double)placement_shift_ns(p, &s, is_backlog, now, is_clamped) / 1e9;
}

static void a_record_from_the_future_is_set_back_and_the_shift_is_kept(void **state)
{
  (void)state;
  struct placement p = {0};
  bool is_clamped = false;
  assert_float_equal(unmeasured(&p, 1.9, false, &is_clamped), 0, 1e-9);
  assert_false(is_clamped);
  assert_float_equal(unmeasured(&p, 3600.3, false, &is_clamped), -3601, 1e-9);
  assert_true(is_clamped);
  /* Jitter of the network does not move it: each record has a second of its own. */
  assert_float_equal(unmeasured(&p, 3599.5, false, &is_clamped), -3601, 1e-9);
  assert_float_equal(unmeasured(&p, 3601.7, false, &is_clamped), -3601, 1e-9);
  assert_true(is_clamped);
  /* Its backlog was made by the same clock. */
  assert_float_equal(unmeasured(&p, 3500, true, &is_clamped), -3601, 1e-9);
  /* The clock is set right. */
  assert_float_equal(unmeasured(&p, -0.1, false, &is_clamped), 0, 1e-9);
  assert_false(is_clamped);
  assert_float_equal(unmeasured(&p, 3, true, &is_clamped), -3, 1e-9);
  assert_true(is_clamped);
  assert_float_equal(unmeasured(&p, 1.5, false, &is_clamped), 0, 1e-9);
  assert_false(is_clamped);
}

static void a_measurement_replaces_a_clamp(void **state)
{
  (void)state;
  struct placement p = {0};
  bool is_clamped = false;
  assert_float_equal(unmeasured(&p, 3600.3, false, &is_clamped), -3601, 1e-9);
  assert_float_equal(measured(&p, -3600.1), -3600, 1e-9);
  assert_float_equal(measured(&p, 0), 0, 1e-9);
}

static void backlog_teaches_nothing(void **state)
{
  (void)state;
  struct placement p = {0};
  bool is_clamped = false;
  assert_float_equal(measured(&p, 5), 5, 1e-9);
  struct summary s = sample_second("web1", 1, 1, 10);
  s.clock_offset_ns = 90 * NS_PER_S;
  s.clock_uncertainty_ns = NS_PER_MS;
  assert_int_equal(placement_shift_ns(&p, &s, true, sample_ns(1000), &is_clamped), 90 * NS_PER_S);
  assert_int_equal(p.second_shift, 5);
}

static void minutes_shift_by_whole_minutes(void **state)
{
  (void)state;
  struct placement p = {0};
  bool is_clamped = false;
  struct summary s = sample_second("web1", 1, 1, 0);
  s.kind = SUMMARY_MINUTE;
  s.length_ns = NS_PER_MINUTE;
  s.clock_uncertainty_ns = NS_PER_MS;
  s.clock_offset_ns = -40 * NS_PER_S;
  assert_int_equal(placement_shift_ns(&p, &s, false, sample_ns(70), &is_clamped), 0);
  s.clock_offset_ns = -50 * NS_PER_S;
  assert_int_equal(placement_shift_ns(&p, &s, false, sample_ns(70), &is_clamped), -NS_PER_MINUTE);
  s.clock_offset_ns = 3600 * NS_PER_S;
  assert_int_equal(placement_shift_ns(&p, &s, false, sample_ns(3670), &is_clamped),
                   3600 * NS_PER_S);
}

static void offsets_that_no_clock_has_are_not_believed(void **state)
{
  (void)state;
  struct placement p = {0};
  bool is_clamped = false;
  struct summary s = sample_second("web1", 1, 1, 1000);
  s.clock_uncertainty_ns = NS_PER_MS;
  s.clock_offset_ns = INT64_MIN;
  assert_int_equal(placement_shift_ns(&p, &s, false, sample_ns(1001.1), &is_clamped), 0);
  s.clock_offset_ns = INT64_MAX;
  assert_int_equal(placement_shift_ns(&p, &s, false, sample_ns(1001.1), &is_clamped), 0);
  assert_false(is_clamped);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_whole_intervals_are_shifted_with_hysteresis),
      cmocka_unit_test(a_record_from_the_future_is_set_back_and_the_shift_is_kept),
      cmocka_unit_test(a_measurement_replaces_a_clamp),
      cmocka_unit_test(backlog_teaches_nothing),
      cmocka_unit_test(minutes_shift_by_whole_minutes),
      cmocka_unit_test(offsets_that_no_clock_has_are_not_believed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
