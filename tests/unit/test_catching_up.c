/* SPDX-License-Identifier: Apache-2.0 */
/* The collector was away, stopped or dead: what the sensors measured meanwhile is judged like
 * everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "tests/unit/pipeline_bench.h"

/* Record n is that of second n - 1. */
static void send(struct bench *bench, const char *name, uint64_t n, bool is_backlog, double now)
{
  struct summary s = sample_second(name, 1, n, (int64_t)n - 1);
  assert_int_equal(pipeline_record(bench->pipeline, &s, is_backlog, sample_ns(now)), 0);
}

/* Two sensors, awake through their first ten seconds. */
static struct bench *bench_awake(void)
{
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 0);
  hello(bench, "web2", 1, 0);
  for (uint64_t n = 1; n <= 10; n++) {
    pipeline_tick(bench->pipeline, sample_ns((double)n));
    send(bench, "web1", n, false, (double)n + 0.1);
    send(bench, "web2", n, false, (double)n + 0.1);
  }
  assert_int_equal(bench->book.closes, 10);
  return bench;
}

/* Seconds from on, without a hole, and nothing was late. */
static void assert_closed(const struct bench *bench, unsigned first, unsigned count)
{
  assert_int_equal(bench->book.closes, first + count);
  for (unsigned i = first; i < first + count; i++) {
    assert_int_equal(bench->book.close_start[i], sample_ns(i));
  }
  assert_int_equal(bench->book.deltas, 0);
}

static void a_stall_is_closed_in_order_whoever_is_heard_first(void **state)
{
  (void)state;
  for (int is_tick_first = 0; is_tick_first < 2; is_tick_first++) {
    struct bench *bench = bench_awake();
    if (is_tick_first != 0) {
      pipeline_tick(bench->pipeline, sample_ns(30));
    }
    /* All of one sensor, then all of the other, as sockets are read. */
    for (uint64_t n = 11; n <= 30; n++) {
      send(bench, "web1", n, false, 30.1);
    }
    pipeline_tick(bench->pipeline, sample_ns(30.1));
    assert_true(pipeline_stats(bench->pipeline).is_catching_up);
    assert_closed(bench, 0, 10);
    for (uint64_t n = 11; n <= 30; n++) {
      send(bench, "web2", n, false, 30.2);
    }
    pipeline_tick(bench->pipeline, sample_ns(30.2));
    assert_closed(bench, 0, 30);
    assert_false(pipeline_stats(bench->pipeline).is_catching_up);
    assert_int_equal(bench->book.close_expected[20], 2);
    assert_int_equal(bench->book.firing, 0);
    bench_free(bench);
  }
}

static void who_does_not_come_is_missing_and_then_the_clock_rules(void **state)
{
  (void)state;
  struct bench *bench = bench_awake();
  uint64_t n = 11;
  for (int64_t now = 30; now < 45; now++) {
    pipeline_tick(bench->pipeline, sample_ns((double)now));
    for (; (int64_t)n <= now; n++) {
      send(bench, "web1", n, false, (double)now + 0.1);
    }
    assert_true(pipeline_stats(bench->pipeline).is_catching_up);
  }
  assert_closed(bench, 0, 10);
  assert_int_equal(bench->book.firing, 0);
  pipeline_tick(bench->pipeline, sample_ns(45));
  assert_false(pipeline_stats(bench->pipeline).is_catching_up);
  assert_closed(bench, 0, 44);
  for (unsigned i = 10; i < 44; i++) {
    assert_int_equal(bench->book.close_expected[i], 2);
    assert_int_equal(bench->book.close_present[i], 1);
  }
  /* Silent for 15 s in which somebody listened. */
  assert_int_equal(bench->book.firing, 1);
  assert_string_equal(bench->book.last.finding.subject, "web2");
  bench_free(bench);
}

static void a_sensor_that_left_is_not_waited_for(void **state)
{
  (void)state;
  struct bench *bench = bench_awake();
  pipeline_tick(bench->pipeline, sample_ns(15));
  send(bench, "web2", 11, false, 15.1);
  pipeline_bye(bench->pipeline, "web2", sample_ns(15.1));
  for (uint64_t n = 11; n <= 15; n++) {
    send(bench, "web1", n, false, 15.2);
  }
  assert_closed(bench, 0, 15);
  assert_int_equal(bench->book.close_expected[10], 2);
  assert_int_equal(bench->book.close_expected[11], 1);
  bench_free(bench);
}

static void open_windows_are_bounded_while_it_waits(void **state)
{
  (void)state;
  struct bench *bench = bench_awake();
  pipeline_tick(bench->pipeline, sample_ns(410));
  for (uint64_t n = 11; n <= 410; n++) {
    send(bench, "web1", n, true, 410.1);
  }
  assert_in_range(bench->book.closes, 410 - 125, 410);
  assert_int_equal(bench->book.close_expected[100], 2);
  assert_int_equal(bench->book.close_present[100], 1);
  bench_free(bench);
}

static void a_span_that_nobody_kept_is_skipped_in_one_step(void **state)
{
  (void)state;
  struct bench *bench = bench_awake();
  pipeline_tick(bench->pipeline, sample_ns(864000));
  static const char *const names[] = {"web1", "web2"};
  for (size_t i = 0; i < 2; i++) {
    struct message_hello h = sample_hello(names[i], 1, NULL);
    h.next_sequence = 864000;
    assert_int_equal(pipeline_hello(bench->pipeline, &h, sample_ns(864000)), 0);
    send(bench, names[i], 864000, false, 864000.1);
  }
  assert_int_equal(bench->book.closes, 11);
  assert_int_equal(bench->book.close_start[10], sample_ns(863999));
  bench_free(bench);
}

static void a_replay_is_never_away(void **state)
{
  (void)state;
  struct bench *bench = bench_new(false);
  hello(bench, "a.pcap", 1, 0);
  pipeline_tick(bench->pipeline, sample_ns(10));
  pipeline_tick(bench->pipeline, sample_ns(1000));
  assert_false(pipeline_stats(bench->pipeline).is_catching_up);
  bench_free(bench);
}

/* The store remembers two sensors, both as far as their tenth record; a new life begins. */
static struct bench *bench_restarted(void)
{
  struct bench *bench = bench_new(true);
  struct pipeline *pipeline = bench->pipeline;
  assert_int_equal(pipeline_restore_sensor(pipeline, "web1", 1, 10, sample_ns(10.1)), 0);
  assert_int_equal(pipeline_restore_sensor(pipeline, "web2", 1, 10, sample_ns(10.1)), 0);
  pipeline_restore_closed(pipeline, sample_ns(9));
  return bench;
}

static void after_a_restart_a_live_record_behind_a_hole_closes_nothing(void **state)
{
  (void)state;
  struct bench *bench = bench_restarted();
  pipeline_tick(bench->pipeline, sample_ns(20));
  hello(bench, "web2", 1, 20);
  for (uint64_t n = 11; n <= 20; n++) {
    send(bench, "web2", n, true, 20.1);
  }
  pipeline_tick(bench->pipeline, sample_ns(21));
  hello(bench, "web1", 1, 21);
  bench->book.closes = 10;              /* of the earlier life */
  send(bench, "web1", 21, false, 21.1); /* live, while ten older ones are on their way */
  pipeline_tick(bench->pipeline, sample_ns(21.2));
  assert_closed(bench, 10, 0);
  for (uint64_t n = 11; n <= 20; n++) {
    send(bench, "web1", n, true, 21.2);
  }
  assert_closed(bench, 10, 10);
  send(bench, "web2", 21, false, 21.3);
  assert_closed(bench, 10, 11);
  pipeline_tick(bench->pipeline, sample_ns(21.3));
  assert_false(pipeline_stats(bench->pipeline).is_catching_up);
  assert_int_equal(settled(bench, "web1"), 21);
  bench_free(bench);
}

static void what_a_sensor_has_no_more_is_not_waited_for(void **state)
{
  (void)state;
  struct bench *bench = bench_restarted();
  pipeline_tick(bench->pipeline, sample_ns(20));
  pipeline_bye(bench->pipeline, "web2", sample_ns(20));
  struct message_hello h = sample_hello("web1", 1, NULL);
  h.next_sequence = 16;
  assert_int_equal(pipeline_hello(bench->pipeline, &h, sample_ns(20)), 0);
  assert_int_equal(pipeline_stats(bench->pipeline).gaps, 5);
  for (uint64_t n = 18; n <= 20; n++) {
    send(bench, "web1", n, false, 20.1);
  }
  assert_int_equal(bench->book.closes, 0);
  h.next_sequence = 18; /* its queue had to evict two more */
  assert_int_equal(pipeline_hello(bench->pipeline, &h, sample_ns(20.2)), 0);
  assert_int_equal(pipeline_stats(bench->pipeline).gaps, 7);
  assert_int_equal(bench->book.closes, 3);
  assert_int_equal(settled(bench, "web1"), 20);
  bench_free(bench);
}

static struct host_identity identity_of(const char *name, bool has_left, bool is_silent)
{
  struct host_identity identity = {
      .has_left = has_left, .is_silent = is_silent, .last_heard_ns = sample_ns(50)};
  (void)snprintf(identity.name, sizeof(identity.name), "%s", name);
  return identity;
}

static void a_restart_knows_who_had_left_who_was_silent_and_waits_for_neither(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  struct pipeline *pipeline = bench->pipeline;
  const struct host_identity left = identity_of("left", true, false);
  const struct host_identity dead = identity_of("dead", false, true);
  assert_int_equal(pipeline_restore_sensor(pipeline, "web1", 1, 100, sample_ns(100)), 0);
  assert_int_equal(pipeline_restore_identity(pipeline, &left), 0);
  assert_int_equal(pipeline_restore_identity(pipeline, &dead), 0);
  pipeline_restore_closed(pipeline, sample_ns(99));
  pipeline_tick(pipeline, sample_ns(5000));
  assert_int_equal(bench->book.firing, 1); /* as it was: nobody came back */
  assert_string_equal(bench->book.last.finding.subject, "dead");
  hello(bench, "web1", 1, 5000.5);
  struct summary s = sample_second("web1", 1, 101, 5000);
  assert_int_equal(pipeline_record(pipeline, &s, false, sample_ns(5001.1)), 0);
  assert_int_equal(bench->book.closes, 1);
  assert_int_equal(bench->book.close_expected[0], 1);
  tick_through(bench, 5002, 5014);
  assert_int_equal(bench->book.firing, 1);
  struct host_identity now;
  assert_int_equal(pipeline_identity(pipeline, "left", &now), 0);
  assert_true(now.has_left);
  assert_int_equal(pipeline_identity(pipeline, "dead", &now), 0);
  assert_true(now.is_silent);
  assert_int_equal(pipeline_identity(pipeline, "web1", &now), 0);
  assert_false(now.has_left || now.is_silent);
  assert_int_equal(pipeline_identity(pipeline, "nobody", &now), ERR_NOT_FOUND);
  bench_free(bench);
}

static void after_a_restart_a_sensor_has_its_full_patience(void **state)
{
  (void)state;
  struct bench *bench = bench_restarted();
  tick_through(bench, 5000, 5014);
  assert_int_equal(bench->book.firing, 0);
  pipeline_tick(bench->pipeline, sample_ns(5015));
  assert_int_equal(bench->book.firing, 2);
  bench_free(bench);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stall_is_closed_in_order_whoever_is_heard_first),
      cmocka_unit_test(who_does_not_come_is_missing_and_then_the_clock_rules),
      cmocka_unit_test(a_sensor_that_left_is_not_waited_for),
      cmocka_unit_test(open_windows_are_bounded_while_it_waits),
      cmocka_unit_test(a_span_that_nobody_kept_is_skipped_in_one_step),
      cmocka_unit_test(a_replay_is_never_away),
      cmocka_unit_test(after_a_restart_a_live_record_behind_a_hole_closes_nothing),
      cmocka_unit_test(what_a_sensor_has_no_more_is_not_waited_for),
      cmocka_unit_test(a_restart_knows_who_had_left_who_was_silent_and_waits_for_neither),
      cmocka_unit_test(after_a_restart_a_sensor_has_its_full_patience),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
