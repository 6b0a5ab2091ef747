/* SPDX-License-Identifier: Apache-2.0 */
/* The meter and time: which intervals are made, in which order, and clocks that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/sample_meter.h"

#define S NS_PER_S
#define M NS_PER_MINUTE

static const struct sample_end a = {1, 40000};
static const struct sample_end b = {2, 443};

struct interval {
  enum summary_kind kind;
  int64_t start_ns;
  uint64_t frames;
};

static void assert_intervals(const struct heard *heard, const struct interval *expected, size_t n)
{
  assert_int_equal(heard->count, n);
  for (size_t i = 0; i < n; i++) {
    const struct summary *s = heard->summary[i];
    assert_int_equal(s->kind, expected[i].kind);
    assert_int_equal(s->start_ns, expected[i].start_ns);
    assert_int_equal(s->length_ns, s->kind == SUMMARY_SECOND ? S : M);
    assert_int_equal(s->ledger.frames, expected[i].frames);
  }
}

#define ASSERT_INTERVALS(heard, expected)                                                          \
  assert_intervals(heard, expected, sizeof(expected) / sizeof((expected)[0]))

static void a_sparse_meter_skips_empty_time_in_one_step(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  assert_int_equal(meter_time(meter), INT64_MIN);
  meter_advance(meter, 5 * S); /* nothing there: nothing made */
  sample_send(meter, 58 * S, a, b);
  sample_send(meter, 58 * S + 1, a, b);
  sample_send(meter, 61 * S, a, b);
  sample_send(meter, INT64_C(100000000) * M + S, a, b);
  assert_int_equal(meter_time(meter), INT64_C(100000000) * M + S);
  meter_finish(meter);
  const struct interval expected[] = {
      {SUMMARY_SECOND, 58 * S, 2},
      {SUMMARY_MINUTE, 0, 2},
      {SUMMARY_SECOND, 61 * S, 1},
      {SUMMARY_MINUTE, M, 1},
      {SUMMARY_SECOND, INT64_C(100000000) * M + S, 1},
      {SUMMARY_MINUTE, INT64_C(100000000) * M, 1},
  };
  ASSERT_INTERVALS(heard, expected);
  assert_int_equal(heard->records, 2); /* idle between */
  meter_free(meter);
  heard_free(heard);
}

static void a_dense_meter_makes_every_second_and_the_minute_behind_its_last(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  meter_advance(meter, 57 * S);
  sample_send(meter, 58 * S, a, b);
  meter_advance(meter, 62 * S);
  const struct interval expected[] = {
      {SUMMARY_SECOND, 57 * S, 0}, {SUMMARY_SECOND, 58 * S, 1}, {SUMMARY_SECOND, 59 * S, 0},
      {SUMMARY_MINUTE, 0, 1},      {SUMMARY_SECOND, 60 * S, 0}, {SUMMARY_SECOND, 61 * S, 0},
  };
  ASSERT_INTERVALS(heard, expected);
  meter_advance(meter, 62 * S + S / 2);
  assert_int_equal(heard->count, 6);
  meter_finish(meter);
  assert_int_equal(heard->count, 8);
  assert_int_equal(heard->summary[7]->kind, SUMMARY_MINUTE);
  assert_int_equal(heard->summary[7]->start_ns, M);
  meter_free(meter);
  heard_free(heard);
}

static void a_dense_jump_of_more_than_an_hour_is_one_step(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  sample_send(meter, 0, a, b);
  meter_advance(meter, 3600 * S);
  assert_int_equal(heard->count, 3600 + 60);
  meter_advance(meter, 7201 * S);
  assert_int_equal(heard->count, 3600 + 60 + 2);
  meter_advance(meter, 7202 * S);
  assert_int_equal(heard->summary[heard->count - 1]->start_ns, 7201 * S);
  assert_int_equal(heard->summary[heard->count - 1]->clock_epoch, 0);
  meter_free(meter);
  heard_free(heard);
}

static void late_frames_count_in_the_open_second_and_far_ones_are_clamped(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  sample_send(meter, 10 * S, a, b);
  sample_send(meter, 11 * S + S / 2, a, b);
  sample_send(meter, 11 * S, a, b);             /* within the open second */
  sample_send(meter, 11 * S - 1, a, b);         /* late */
  sample_send(meter, 10 * S + S / 2, a, b);     /* late, a second behind at most */
  sample_send(meter, 10 * S + S / 2 - 1, a, b); /* clamped */
  sample_send(meter, INT64_MIN, a, b);          /* clamped */
  meter_finish(meter);
  const struct interval expected[] = {
      {SUMMARY_SECOND, 10 * S, 1},
      {SUMMARY_SECOND, 11 * S, 6},
      {SUMMARY_MINUTE, 0, 7},
  };
  ASSERT_INTERVALS(heard, expected);
  assert_int_equal(heard->summary[0]->ledger.late_frames, 0);
  assert_int_equal(heard->summary[1]->ledger.late_frames, 4);
  assert_int_equal(heard->summary[1]->ledger.clamped_frames, 2);
  assert_int_equal(heard->summary[1]->conversations[0].last_ns, 11 * S + S / 2);
  assert_int_equal(heard->summary[1]->conversations[0].first_ns, 10 * S + S / 2);
  assert_int_equal(heard->summary[2]->ledger.clamped_frames, 2);
  assert_int_equal(heard->records, 1);
  meter_free(meter);
  heard_free(heard);
}

static void a_replay_never_goes_back(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  sample_send(meter, 100 * S, a, b);
  meter_advance(meter, 10 * S);
  assert_int_equal(meter_time(meter), 100 * S);
  assert_int_equal(heard->count, 0);
  meter_free(meter);
  heard_free(heard);
}

static void negative_times_and_the_ends_of_time_work(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  sample_send(meter, INT64_MIN, a, b);
  sample_send(meter, -61 * S, a, b);
  sample_send(meter, -1, a, b);
  sample_send(meter, 1, a, b);
  sample_send(meter, INT64_MAX, a, b);
  meter_finish(meter);
  assert_int_equal(heard->count, 10);
  assert_int_equal(heard->summary[0]->ledger.clamped_frames, 1);
  assert_int_equal(heard->summary[2]->start_ns, -61 * S);
  assert_int_equal(heard->summary[3]->start_ns, -2 * M);
  assert_int_equal(heard->summary[4]->start_ns, -S);
  assert_int_equal(heard->summary[5]->start_ns, -M);
  assert_int_equal(heard->summary[6]->start_ns, 0);
  assert_int_equal(heard->summary[8]->ledger.clamped_frames, 1);
  meter_free(meter);
  heard_free(heard);
}

static void a_clock_set_back_begins_a_new_epoch(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  sample_send(meter, 110 * S, a, b);
  meter_advance(meter, 108 * S); /* two seconds back: jitter */
  assert_int_equal(heard->count, 0);
  meter_advance(meter, 107 * S); /* the same minute */
  sample_send(meter, 107 * S, a, b);
  meter_advance(meter, 108 * S);
  meter_advance(meter, 30 * S); /* the minute before */
  sample_send(meter, 30 * S + 1, a, b);
  meter_finish(meter);
  const struct interval expected[] = {
      {SUMMARY_SECOND, 110 * S, 1}, {SUMMARY_MINUTE, M, 1}, {SUMMARY_SECOND, 107 * S, 1},
      {SUMMARY_SECOND, 108 * S, 0}, {SUMMARY_MINUTE, M, 1}, {SUMMARY_SECOND, 30 * S, 1},
      {SUMMARY_MINUTE, 0, 1},
  };
  const uint32_t epochs[] = {0, 0, 1, 1, 1, 2, 2};
  ASSERT_INTERVALS(heard, expected);
  for (size_t i = 0; i < heard->count; i++) {
    assert_int_equal(heard->summary[i]->clock_epoch, epochs[i]);
    assert_int_equal(heard->summary[i]->ledger.clamped_frames, 0);
  }
  meter_free(meter);
  heard_free(heard);
}

static void a_finished_meter_begins_again(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  meter_finish(meter);
  assert_int_equal(heard->count, 0);
  sample_send(meter, 50 * S, a, b);
  meter_finish(meter);
  sample_send(meter, 20 * S, a, b);
  meter_finish(meter);
  const struct interval expected[] = {
      {SUMMARY_SECOND, 50 * S, 1},
      {SUMMARY_MINUTE, 0, 1},
      {SUMMARY_SECOND, 20 * S, 1},
      {SUMMARY_MINUTE, 0, 1},
  };
  ASSERT_INTERVALS(heard, expected);
  assert_int_equal(heard->records, 2);
  meter_free(meter);
  heard_free(heard);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sparse_meter_skips_empty_time_in_one_step),
      cmocka_unit_test(a_dense_meter_makes_every_second_and_the_minute_behind_its_last),
      cmocka_unit_test(a_dense_jump_of_more_than_an_hour_is_one_step),
      cmocka_unit_test(late_frames_count_in_the_open_second_and_far_ones_are_clamped),
      cmocka_unit_test(a_replay_never_goes_back),
      cmocka_unit_test(negative_times_and_the_ends_of_time_work),
      cmocka_unit_test(a_clock_set_back_begins_a_new_epoch),
      cmocka_unit_test(a_finished_meter_begins_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
