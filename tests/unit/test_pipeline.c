/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way, where scenarios do not reach: ACKs, minutes, restarts, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "tests/unit/pipeline_bench.h"

static void strangers_and_repetitions_are_refused_and_counted(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  uint64_t boot = 0;
  uint64_t sequence = 0;
  assert_int_equal(record(bench, "web1", 1, 10, 11.1), ERR_NOT_FOUND);
  assert_int_equal(pipeline_settled(bench->pipeline, "web1", &boot, &sequence), ERR_NOT_FOUND);
  hello(bench, "web1", 2, 10);
  assert_int_equal(record(bench, "web1", 1, 10, 11.1), ERR_NOT_FOUND); /* boot 1 said nothing */
  hello(bench, "web1", 1, 10);
  assert_int_equal(record(bench, "web1", 1, 10, 11.1), 0);
  assert_int_equal(record(bench, "web1", 1, 10, 11.2), ERR_CONFLICT);
  struct pipeline_stats stats = pipeline_stats(bench->pipeline);
  assert_int_equal(stats.records, 1);
  assert_int_equal(stats.refused, 2);
  assert_int_equal(stats.repeated, 1);
  assert_int_equal(bench->book.records, 1);
  bench_free(bench);
}

static void more_sensors_than_the_limit_are_refused(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "a", 1, 0);
  hello(bench, "b", 1, 0);
  hello(bench, "c", 1, 0);
  hello(bench, "d", 1, 0);
  hello(bench, "a", 2, 0);
  struct message_hello h = sample_hello("e", 1, NULL);
  assert_int_equal(pipeline_hello(bench->pipeline, &h, sample_ns(0)), ERR_LIMIT);
  bench_free(bench);
}

static void an_ack_waits_for_the_close(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 10);
  hello(bench, "web2", 1, 10);
  assert_int_equal(record(bench, "web1", 1, 10, 11.1), 0);
  assert_int_equal(settled(bench, "web1"), 0);
  assert_int_equal(record(bench, "web2", 1, 10, 11.2), 0);
  assert_int_equal(bench->book.closes, 1); /* at once: both have passed */
  assert_int_equal(settled(bench, "web1"), 1);
  assert_int_equal(record(bench, "web1", 2, 11, 12.1), 0);
  pipeline_tick(bench->pipeline, sample_ns(12.9));
  assert_int_equal(settled(bench, "web1"), 1);
  pipeline_tick(bench->pipeline, sample_ns(13));
  assert_int_equal(bench->book.closes, 2); /* one second after its end */
  assert_int_equal(settled(bench, "web1"), 2);
  bench_free(bench);
}

static void a_minute_is_applied_at_once_and_opens_no_window(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 119);
  hello(bench, "web2", 1, 119);
  assert_int_equal(record(bench, "web1", 1, 119, 120.1), 0);
  struct summary s = sample_second("web1", 1, 2, 60);
  s.kind = SUMMARY_MINUTE;
  s.length_ns = NS_PER_MINUTE;
  assert_int_equal(pipeline_record(bench->pipeline, &s, false, sample_ns(120.2)), 0);
  assert_int_equal(bench->book.minutes, 1);
  assert_int_equal(bench->book.closes, 0);
  assert_int_equal(settled(bench, "web1"), 0); /* not before the second that came before it */
  assert_int_equal(record(bench, "web2", 1, 119, 120.3), 0);
  assert_int_equal(bench->book.closes, 1);
  assert_int_equal(settled(bench, "web1"), 2);
  assert_int_equal(pipeline_stats(bench->pipeline).late, 0);
  bench_free(bench);
}

static void a_restart_goes_on_without_loss_or_doubles(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  assert_int_equal(pipeline_restore_sensor(bench->pipeline, "web1", 1, 100, sample_ns(50)), 0);
  pipeline_restore_closed(bench->pipeline, sample_ns(50));
  pipeline_tick(bench->pipeline, sample_ns(51));
  hello(bench, "web1", 1, 51.2);
  assert_int_equal(record(bench, "web1", 100, 50, 51.3), ERR_CONFLICT);
  assert_int_equal(record(bench, "web1", 101, 50, 51.3), 0);
  assert_int_equal(bench->book.closes, 0);
  assert_int_equal(bench->book.deltas, 1); /* second 50 was closed by the earlier life */
  assert_int_equal(record(bench, "web1", 102, 51, 52.1), 0);
  assert_int_equal(bench->book.closes, 1);
  assert_int_equal(settled(bench, "web1"), 102);
  bench_free(bench);
}

static void a_jump_costs_one_step_and_resolves_at_the_due_time(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 10);
  tick_through(bench, 10, 26);
  assert_int_equal(bench->book.firing, 1);
  assert_int_equal(bench->book.last.fired_ns, sample_ns(25));
  /* Ten days in one step, still silent: the same alert. */
  pipeline_tick(bench->pipeline, sample_ns(864000));
  assert_int_equal(bench->book.firing, 1);
  assert_int_equal(bench->book.resolved, 0);
  assert_int_equal(record(bench, "web1", 1, 864000, 864001.1), 0);
  pipeline_tick(bench->pipeline, sample_ns(864001.2));
  /* Heard, then another jump: it was due ten seconds after it was last silent. */
  assert_int_equal(record(bench, "web1", 2, 900000, 900001.1), 0);
  pipeline_tick(bench->pipeline, sample_ns(900001.2));
  assert_int_equal(bench->book.resolved, 1);
  assert_int_equal(bench->book.last.resolved_ns, sample_ns(864010));
  bench_free(bench);
}

static void bye_and_a_lost_link_are_not_silence(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 10);
  hello(bench, "web2", 1, 10);
  pipeline_tick(bench->pipeline, sample_ns(10));
  pipeline_bye(bench->pipeline, "web1", sample_ns(11));
  pipeline_lost(bench->pipeline, "web2", sample_ns(11));
  pipeline_lost(bench->pipeline, "nobody", sample_ns(11));
  assert_false(hosts_find(pipeline_hosts(bench->pipeline), "web2")->is_connected);
  assert_true(hosts_find(pipeline_hosts(bench->pipeline), "web2")->is_punctual);
  tick_through(bench, 11, 20);
  assert_int_equal(bench->book.firing, 0);
  tick_through(bench, 21, 60);
  assert_int_equal(bench->book.firing, 1);
  assert_string_equal(bench->book.last.finding.subject, "web2");
  bench_free(bench);
}

static void open_windows_are_bounded_without_ticks(void **state)
{
  (void)state;
  struct bench *bench = bench_new(true);
  hello(bench, "web1", 1, 0);
  hello(bench, "web2", 1, 0); /* never comes: no close by being passed */
  for (uint64_t i = 0; i < 200; i++) {
    double now = (double)i + 1.1;
    assert_int_equal(record(bench, "web1", i + 1, (int64_t)i, now), 0);
  }
  assert_in_range(bench->book.closes, 180, 200);
  for (unsigned i = 1; i < bench->book.closes; i++) {
    assert_int_equal(bench->book.close_start[i], bench->book.close_start[i - 1] + NS_PER_S);
  }
  bench_free(bench);
}

static void a_replay_ends_with_every_window_closed(void **state)
{
  (void)state;
  struct bench *bench = bench_new(false);
  hello(bench, "a.pcap", 1, 0);
  hello(bench, "b.pcap", 1, 0);
  assert_int_equal(record(bench, "a.pcap", 1, 10, 11), 0);
  assert_int_equal(record(bench, "b.pcap", 1, 10, 11), 0);
  assert_int_equal(bench->book.closes, 1);
  /* a.pcap says nothing for an hour: its progress lets b.pcap go on. */
  pipeline_progress(bench->pipeline, "a.pcap", sample_ns(3600));
  assert_int_equal(record(bench, "b.pcap", 2, 11, 12), 0);
  assert_int_equal(bench->book.closes, 2);
  assert_int_equal(record(bench, "b.pcap", 3, 3600, 3601), 0);
  pipeline_bye(bench->pipeline, "a.pcap", sample_ns(3601));
  pipeline_bye(bench->pipeline, "b.pcap", sample_ns(3601));
  pipeline_finish(bench->pipeline);
  assert_int_equal(bench->book.closes, 3);
  assert_int_equal(bench->book.deltas, 0);
  assert_int_equal(bench->book.firing, 0);
  bench_free(bench);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strangers_and_repetitions_are_refused_and_counted),
      cmocka_unit_test(more_sensors_than_the_limit_are_refused),
      cmocka_unit_test(an_ack_waits_for_the_close),
      cmocka_unit_test(a_minute_is_applied_at_once_and_opens_no_window),
      cmocka_unit_test(a_restart_goes_on_without_loss_or_doubles),
      cmocka_unit_test(a_jump_costs_one_step_and_resolves_at_the_due_time),
      cmocka_unit_test(bye_and_a_lost_link_are_not_silence),
      cmocka_unit_test(open_windows_are_bounded_without_ticks),
      cmocka_unit_test(a_replay_ends_with_every_window_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
