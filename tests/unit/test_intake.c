/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly once: ranges, holes, boots, and what an ACK may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "collector/intake.h"
#include "common/err.h"
#include "tests/unit/sample_summary.h"

#define AT_ONCE INT64_MIN

/* Applies at a time, settled at once; the change in gaps. */
static int64_t apply(struct intake *intake, uint64_t boot, uint64_t sequence, double now)
{
  struct summary s = sample_second("web1", boot, sequence, 10);
  assert_int_equal(intake_check(intake, 0, &s), 0);
  return intake_apply(intake, 0, &s, AT_ONCE, 0, sample_ns(now));
}

static int check(const struct intake *intake, uint64_t boot, uint64_t sequence)
{
  struct summary s = sample_second("web1", boot, sequence, 10);
  return intake_check(intake, 0, &s);
}

static uint64_t settled(const struct intake *intake, int64_t closed_ns)
{
  uint64_t boot = 0;
  uint64_t sequence = 0;
  assert_int_equal(intake_settled(intake, 0, closed_ns, &boot, &sequence), 0);
  return sequence;
}

/* HELLO at a time; how many numbers it gives up. */
static int64_t hello(struct intake *intake, uint64_t boot, uint64_t next, double now)
{
  int64_t gaps = -1;
  assert_int_equal(intake_hello(intake, 0, boot, next, sample_ns(now), &gaps), 0);
  return gaps;
}

static struct intake *fresh(uint64_t boot)
{
  struct intake *intake = intake_new();
  assert_non_null(intake);
  assert_int_equal(hello(intake, boot, 1, 0), 0);
  return intake;
}

static void each_sequence_is_applied_once(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  for (uint64_t i = 1; i <= 100; i++) {
    assert_int_equal(apply(intake, 7, i, (double)i), 0);
    assert_int_equal(check(intake, 7, i), ERR_CONFLICT);
  }
  assert_int_equal(check(intake, 7, 1), ERR_CONFLICT);
  assert_int_equal(settled(intake, 0), 100);
  intake_free(intake);
}

static void without_hello_nothing_is_taken(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  uint64_t boot = 0;
  uint64_t sequence = 0;
  struct summary s = sample_second("web1", 7, 1, 10);
  assert_int_equal(check(intake, 8, 1), ERR_NOT_FOUND);
  assert_int_equal(intake_check(intake, 3, &s), ERR_NOT_FOUND);
  assert_int_equal(intake_check(intake, 3000, &s), ERR_NOT_FOUND);
  assert_int_equal(intake_settled(intake, 3, 0, &boot, &sequence), ERR_NOT_FOUND);
  intake_free(intake);
}

static void a_hole_holds_the_ack_back_until_it_is_filled(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  (void)apply(intake, 7, 1, 1);
  (void)apply(intake, 7, 2, 2);
  assert_int_equal(apply(intake, 7, 5, 3), 0);
  assert_int_equal(settled(intake, 0), 2);
  assert_int_equal(apply(intake, 7, 4, 4), 0);
  assert_int_equal(settled(intake, 0), 2);
  assert_int_equal(apply(intake, 7, 3, 5), 0);
  assert_int_equal(settled(intake, 0), 5);
  intake_free(intake);
}

static void a_hole_that_stays_is_given_up_and_counted_and_may_still_come(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  (void)apply(intake, 7, 1, 0);
  assert_int_equal(apply(intake, 7, 4, 1), 0);
  for (uint64_t i = 5; i < 19; i++) {
    assert_int_equal(apply(intake, 7, i, (double)i - 3), 0);
  }
  assert_int_equal(settled(intake, 0), 1);
  assert_int_equal(apply(intake, 7, 19, 16), 2);
  assert_int_equal(settled(intake, 0), 19);
  /* A resend after all: applied, and no gap any more. */
  assert_int_equal(apply(intake, 7, 3, 17), -1);
  assert_int_equal(check(intake, 7, 3), ERR_CONFLICT);
  assert_int_equal(check(intake, 7, 2), 0);
  assert_int_equal(settled(intake, 0), 19);
  intake_free(intake);
}

static void a_hole_that_is_being_filled_stays_open(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  uint64_t live = 1000;
  /* Live records and a slow resend from below, for a minute. */
  for (uint64_t i = 1; i <= 60; i++) {
    assert_int_equal(apply(intake, 7, live++, (double)i), 0);
    assert_int_equal(apply(intake, 7, i, (double)i), 0);
    assert_int_equal(settled(intake, 0), i);
  }
  intake_free(intake);
}

static void many_holes_cost_the_lowest_one(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  int64_t gaps = 0;
  for (uint64_t i = 0; i < INTAKE_RANGES + 1; i++) {
    gaps += apply(intake, 7, 1 + 2 * i, 1);
  }
  assert_int_equal(gaps, 1);
  assert_int_equal(check(intake, 7, 2), ERR_CONFLICT); /* given up for good */
  assert_int_equal(check(intake, 7, 4), 0);
  assert_int_equal(settled(intake, 0), 3);
  intake_free(intake);
}

static void random_orders_apply_each_once(void **state)
{
  (void)state;
  unsigned seed = 20260101;
  print_message("seed %u\n", seed);
  srandom(seed);
  struct intake *intake = fresh(7);
  bool has[401] = {false};
  unsigned applied = 0;
  for (unsigned round = 0; round < 4000; round++) {
    /* Within a sliding stretch, so that there are never more holes than ranges. */
    uint64_t sequence = 1 + round / 10 + (uint64_t)random() % 12;
    if (sequence > 400) {
      continue;
    }
    int err = check(intake, 7, sequence);
    assert_int_equal(err, has[sequence] ? ERR_CONFLICT : 0);
    if (err == 0) {
      assert_int_equal(apply(intake, 7, sequence, 1), 0);
      has[sequence] = true;
      applied++;
    }
  }
  uint64_t contiguous = 0;
  while (contiguous < 400 && has[contiguous + 1]) {
    contiguous++;
  }
  assert_int_equal(settled(intake, 0), contiguous);
  assert_true(applied > 300);
  intake_free(intake);
}

static void boots_are_apart_and_the_last_hello_is_told_of(void **state)
{
  (void)state;
  struct intake *intake = fresh(1);
  (void)apply(intake, 1, 1, 1);
  (void)apply(intake, 1, 2, 2);
  assert_int_equal(hello(intake, 2, 1, 3), 0);
  assert_int_equal(settled(intake, 0), 0);
  (void)apply(intake, 2, 1, 3);
  (void)apply(intake, 1, 3, 4); /* what was still on its way */
  assert_int_equal(settled(intake, 0), 1);
  assert_int_equal(check(intake, 1, 2), ERR_CONFLICT);
  for (uint64_t boot = 3; boot < 3 + INTAKE_BOOTS; boot++) {
    assert_int_equal(hello(intake, boot, 1, 5), 0);
  }
  assert_int_equal(check(intake, 1, 2), ERR_NOT_FOUND);
  intake_free(intake);
}

static void a_restored_boot_goes_on_where_it_stood(void **state)
{
  (void)state;
  struct intake *intake = intake_new();
  assert_int_equal(intake_restore(intake, 0, 9, 500), 0);
  assert_int_equal(settled(intake, 0), 500);
  assert_int_equal(check(intake, 9, 500), ERR_CONFLICT);
  assert_int_equal(hello(intake, 9, 501, 0), 0);
  (void)apply(intake, 9, 501, 1);
  assert_int_equal(settled(intake, 0), 501);
  intake_free(intake);
}

static void what_a_sensor_has_no_more_is_given_up_at_once(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  (void)apply(intake, 7, 1, 1);
  (void)apply(intake, 7, 4, 2);
  assert_int_equal(hello(intake, 7, 3, 3), 1); /* 2 is gone, 3 may still come */
  assert_int_equal(settled(intake, 0), 2);
  assert_int_equal(hello(intake, 7, 3, 3), 0); /* told once */
  assert_int_equal(hello(intake, 7, 10, 4), 1 + 5);
  assert_int_equal(settled(intake, 0), 9);
  assert_int_equal(apply(intake, 7, 10, 5), 0);
  assert_int_equal(apply(intake, 7, 6, 6), -1); /* and yet it came */
  assert_int_equal(settled(intake, 0), 10);
  /* Absurd numbers neither overflow nor wrap. */
  assert_true(hello(intake, 7, UINT64_MAX, 7) > 0);
  assert_int_equal(hello(intake, 7, UINT64_MAX, 7), 0);
  intake_free(intake);
}

static void records_behind_a_hole_survive_a_restart(void **state)
{
  (void)state;
  struct intake *intake = intake_new();
  assert_int_equal(intake_restore_beyond(intake, 0, 9, 503), ERR_NOT_FOUND);
  assert_int_equal(intake_restore(intake, 0, 9, 500), 0);
  assert_int_equal(intake_restore_beyond(intake, 0, 8, 503), ERR_NOT_FOUND);
  assert_int_equal(intake_restore_beyond(intake, 0, 9, 503), 0);
  assert_int_equal(intake_restore_beyond(intake, 0, 9, 504), 0);
  assert_int_equal(hello(intake, 9, 495, 1000), 0);
  assert_int_equal(check(intake, 9, 503), ERR_CONFLICT);
  /* The resend of the hole has its full grace, and then all is one prefix. */
  assert_int_equal(apply(intake, 9, 505, 1001), 0);
  assert_int_equal(apply(intake, 9, 501, 1002), 0);
  assert_int_equal(settled(intake, 0), 501);
  assert_int_equal(apply(intake, 9, 502, 1003), 0);
  assert_int_equal(settled(intake, 0), 505);
  intake_free(intake);
}

/* Record n is that of second n. */
static void apply_second(struct intake *intake, uint64_t n)
{
  struct summary s = sample_second("web1", 7, n, (int64_t)n);
  (void)intake_apply(intake, 0, &s, AT_ONCE, 0, sample_ns(100));
}

static void progress_is_that_of_the_prefix_without_holes(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  assert_int_equal(intake_reached(intake, 0), INT64_MIN);
  assert_int_equal(intake_reached(intake, 3), INT64_MIN);
  apply_second(intake, 5);
  assert_int_equal(intake_reached(intake, 0), INT64_MIN);
  apply_second(intake, 1);
  apply_second(intake, 3);
  assert_int_equal(intake_reached(intake, 0), sample_ns(2));
  apply_second(intake, 2);
  assert_int_equal(intake_reached(intake, 0), sample_ns(4));
  assert_int_equal(hello(intake, 7, 5, 101), 1); /* 4 is gone: nothing to wait for */
  assert_int_equal(intake_reached(intake, 0), sample_ns(6));
  assert_int_equal(hello(intake, 8, 1, 102), 0); /* a new start has reached nothing */
  assert_int_equal(intake_reached(intake, 0), INT64_MIN);
  intake_free(intake);
}

static void a_record_is_settled_when_its_window_is_closed(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  struct summary s = sample_second("web1", 7, 1, 10);
  (void)intake_apply(intake, 0, &s, sample_ns(11), sample_ns(10), sample_ns(11.1));
  s = sample_second("web1", 7, 2, 11);
  (void)intake_apply(intake, 0, &s, sample_ns(12), sample_ns(10), sample_ns(12.1));
  assert_int_equal(settled(intake, sample_ns(10)), 0);
  assert_int_equal(settled(intake, sample_ns(11)), 1);
  assert_int_equal(settled(intake, sample_ns(12)), 2);
  intake_free(intake);
}

static void more_waiting_records_than_places_settle_late_never_early(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  for (uint64_t i = 1; i <= INTAKE_WAITING + 20; i++) {
    struct summary s = sample_second("web1", 7, i, (int64_t)i);
    (void)intake_apply(intake, 0, &s, sample_ns((double)i + 1), sample_ns(0), sample_ns(100));
  }
  for (uint64_t i = 0; i <= INTAKE_WAITING + 20; i++) {
    assert_true(settled(intake, sample_ns((double)i + 1)) <= i);
  }
  assert_int_equal(settled(intake, sample_ns(100)), INTAKE_WAITING + 20);
  intake_free(intake);
}

static void shapes_that_cannot_be_are_refused(void **state)
{
  (void)state;
  struct intake *intake = fresh(7);
  struct summary good = sample_second("web1", 7, 1, 10);
  struct summary s = good;
  s.start_ns += 1;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.kind = SUMMARY_MINUTE;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.start_ns = INT64_MAX - INT64_MAX % NS_PER_S;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.start_ns = -NS_PER_S;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.sequence = 0;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.sequence = UINT64_MAX;
  assert_int_equal(intake_check(intake, 0, &s), ERR_MALFORMED);
  s = good;
  s.interface_count = SUMMARY_INTERFACES_MAX + 1;
  assert_int_equal(intake_check(intake, 0, &s), ERR_LIMIT);
  assert_int_equal(intake_check(intake, 0, &good), 0);
  intake_free(intake);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_sequence_is_applied_once),
      cmocka_unit_test(without_hello_nothing_is_taken),
      cmocka_unit_test(a_hole_holds_the_ack_back_until_it_is_filled),
      cmocka_unit_test(a_hole_that_stays_is_given_up_and_counted_and_may_still_come),
      cmocka_unit_test(a_hole_that_is_being_filled_stays_open),
      cmocka_unit_test(many_holes_cost_the_lowest_one),
      cmocka_unit_test(random_orders_apply_each_once),
      cmocka_unit_test(boots_are_apart_and_the_last_hello_is_told_of),
      cmocka_unit_test(a_restored_boot_goes_on_where_it_stood),
      cmocka_unit_test(what_a_sensor_has_no_more_is_given_up_at_once),
      cmocka_unit_test(records_behind_a_hole_survive_a_restart),
      cmocka_unit_test(progress_is_that_of_the_prefix_without_holes),
      cmocka_unit_test(a_record_is_settled_when_its_window_is_closed),
      cmocka_unit_test(more_waiting_records_than_places_settle_late_never_early),
      cmocka_unit_test(shapes_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
