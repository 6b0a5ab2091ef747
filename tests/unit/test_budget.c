/* SPDX-License-Identifier: Apache-2.0 */
/* The budget's steps, second by second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "sensor/budget.h"

/* So many seconds at a cost in percent of a core; returns the step behind them. */
static unsigned live(struct budget *budget, double percent, unsigned seconds)
{
  unsigned shift = budget->shift;
  for (unsigned i = 0; i < seconds; i++) {
    shift = budget_second(budget, (int64_t)(percent / 100.0 * (double)NS_PER_S), NS_PER_S);
  }
  return shift;
}

static void without_a_limit_all_flows_are_kept(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 0);
  assert_int_equal(live(&budget, 400.0, 1000), 0);
}

static void a_short_peak_changes_nothing(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 50);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(live(&budget, 90.0, BUDGET_OVER_SECONDS - 1), 0);
    assert_int_equal(live(&budget, 10.0, 1), 0);
  }
}

static void above_the_limit_it_steps_up_until_it_fits(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 50);
  assert_int_equal(live(&budget, 90.0, BUDGET_OVER_SECONDS), 1);
  assert_int_equal(live(&budget, 60.0, BUDGET_OVER_SECONDS), 2);
  assert_int_equal(live(&budget, 45.0, 1000), 2);
  assert_int_equal(live(&budget, 99.0, 1000), BUDGET_SHIFT_MAX);
}

static void it_steps_down_only_when_twice_the_cost_would_fit(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 50);
  (void)live(&budget, 90.0, BUDGET_OVER_SECONDS);
  assert_int_equal(live(&budget, 25.0, 1000), 1);
  assert_int_equal(live(&budget, 19.0, 29), 1);
  assert_int_equal(live(&budget, 19.0, 1), 0);
}

/* The load costs 90 % whole and 15 % at one in two: each step down is taken back. */
static void a_load_between_two_steps_swings_ever_more_slowly(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 50);
  unsigned changes = 0;
  unsigned before = 0;
  for (unsigned second = 0; second < 3600; second++) {
    unsigned shift = live(&budget, before == 0 ? 90.0 : 15.0, 1);
    changes += shift != before ? 1 : 0;
    before = shift;
  }
  /* At most two changes each for waits of 30, 60, 120, 240, 480 and then every 960 s. */
  assert_in_range(changes, 3, 2 * 8 + 1);
}

static void two_calls_within_a_moment_are_no_second(void **state)
{
  (void)state;
  struct budget budget;
  budget_init(&budget, 50);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(budget_second(&budget, NS_PER_S, NS_PER_MS), 0);
    assert_int_equal(budget_second(&budget, -1, NS_PER_S), 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_limit_all_flows_are_kept),
      cmocka_unit_test(a_short_peak_changes_nothing),
      cmocka_unit_test(above_the_limit_it_steps_up_until_it_fits),
      cmocka_unit_test(it_steps_down_only_when_twice_the_cost_would_fit),
      cmocka_unit_test(a_load_between_two_steps_swings_ever_more_slowly),
      cmocka_unit_test(two_calls_within_a_moment_are_no_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
