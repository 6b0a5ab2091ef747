/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly once over crashes: pipeline, checkpoint and a real database, without bus and clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/checkpoint.h"
#include "collector/restore.h"
#include "common/clock.h"
#include "tests/unit/collector_samples.h"

#define START_S INT64_C(1700000000)

struct fixture {
  char folder[64];
  struct collector_settings settings;
  struct store *store;
  struct peers *peers;
  struct checkpoint *checkpoint;
  struct pipeline *pipeline;
};

static void on_window(void *context, const struct fleet_window *window)
{
  checkpoint_window(((struct fixture *)context)->checkpoint, window);
}

static void on_record(void *context, const struct summary *placed)
{
  checkpoint_record(((struct fixture *)context)->checkpoint, placed);
}

static void on_alert(void *context, const struct alert *alert)
{
  (void)context;
  (void)alert;
}

static void start(struct fixture *f)
{
  struct err_message message = {""};
  const struct pipeline_sinks sinks = {f, on_window, on_record, on_alert};
  assert_int_equal(store_open(f->folder, &f->store, &message), 0);
  f->peers = peers_new(16);
  f->pipeline = pipeline_new(&f->settings, true, &sinks);
  f->checkpoint = checkpoint_new(f->store, f->peers, &f->settings);
  assert_int_equal(restore_all(f->store, f->peers, f->pipeline, &message), 0);
}

/* What a SIGKILL leaves is what is in the database. */
static void crash(struct fixture *f)
{
  pipeline_free(f->pipeline);
  checkpoint_free(f->checkpoint);
  peers_free(f->peers);
  store_close(f->store);
}

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof(*f));
  struct conf_errors errors = {NULL, 0};
  (void)snprintf(f->folder, sizeof(f->folder), "%s", sample_folder());
  if (collector_settings_load_text("test", "rules: []\nsilence: {enabled: false}\n", &f->settings,
                                   &errors) != 0) {
    return -1;
  }
  start(f);
  *state = f;
  return 0;
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  crash(f);
  sample_folder_remove(f->folder);
  collector_settings_free(&f->settings);
  free(f);
  return 0;
}

static int64_t second_ns(int64_t k)
{
  return (START_S + k) * NS_PER_S;
}

static struct peer *hello(struct fixture *f, const char *name, uint64_t boot_id, int64_t at_s)
{
  struct message_hello hello = {.version = MESSAGE_VERSION, .boot_id = boot_id};
  struct peer *peer = peers_add(f->peers, name);
  (void)snprintf(hello.name, sizeof(hello.name), "%s", name);
  assert_int_equal(pipeline_hello(f->pipeline, &hello, second_ns(at_s)), 0);
  if (peer->boot_id != boot_id) {
    peer->boot_id = boot_id;
    peer->stored = 0;
  }
  return peer;
}

/* Record n of a boot is that of second n; sent at the time at_s. */
static void record_of(struct fixture *f, const char *name, uint64_t boot_id, uint64_t n,
                      int64_t at_s)
{
  struct summary *s = sample_summary(name, SUMMARY_SECOND, second_ns((int64_t)n), n);
  size_t length = 0;
  uint8_t *bytes = sample_encode(s, &length);
  s->boot_id = boot_id;
  checkpoint_incoming(f->checkpoint, bytes, length);
  int err = pipeline_record(f->pipeline, s, false, second_ns(at_s));
  checkpoint_incoming(f->checkpoint, NULL, 0);
  assert_true(err == 0 || err == ERR_CONFLICT);
  free(bytes);
  summary_free(s);
}

static void record(struct fixture *f, uint64_t boot_id, uint64_t n, int64_t at_s)
{
  record_of(f, "web1", boot_id, n, at_s);
}

static int write_at(struct fixture *f, int64_t at_s)
{
  pipeline_tick(f->pipeline, second_ns(at_s));
  return checkpoint_write(f->checkpoint, f->pipeline, second_ns(at_s));
}

static void count_record(void *context, const struct summary *s)
{
  uint64_t *sum = context;
  *sum += s->sequence;
}

/* The sum of the sequences of all records on disk. */
static uint64_t records_on_disk(struct fixture *f)
{
  uint64_t sum = 0;
  assert_int_equal(store_records_each(f->store, SUMMARY_SECOND, 0, INT64_MAX, count_record, &sum),
                   0);
  return sum;
}

/* How many records' frames the windows on disk hold. */
static uint64_t records_in_windows(struct fixture *f)
{
  struct store_span span = {0};
  assert_int_equal(store_span(f->store, 0, INT64_MAX, &span), 0);
  return span.frames / 20;
}

static void nothing_is_acknowledged_before_it_is_on_disk(void **state)
{
  struct fixture *f = *state;
  struct peer *peer = hello(f, "web1", 7, 0);
  for (uint64_t n = 1; n <= 3; n++) {
    record(f, 7, n, (int64_t)n + 1);
  }
  assert_int_equal(peer->stored, 0);
  assert_int_equal(write_at(f, 20), 0);
  assert_int_equal(peer->stored, 3);
  assert_int_equal(peer->record_count, 0);
  assert_int_equal(peers_unstored_bytes(f->peers), 0);
  assert_int_equal(records_on_disk(f), 1 + 2 + 3);
  assert_int_equal(records_in_windows(f), 3);
}

static void a_record_whose_window_is_open_waits(void **state)
{
  struct fixture *f = *state;
  struct peer *peer = hello(f, "web1", 7, 0);
  (void)hello(f, "web2", 9, 0);
  record_of(f, "web1", 7, 1, 2);
  record_of(f, "web2", 9, 1, 2);
  record_of(f, "web1", 7, 2, 3); /* the window waits for web2 until second 4 */
  assert_int_equal(write_at(f, 3), 0);
  uint64_t unstored = 0;
  checkpoint_unstored_each(f->checkpoint, count_record, &unstored);
  assert_int_equal(unstored, 2);
  assert_int_equal(records_on_disk(f), 1 + 1);
  assert_int_equal(peer->stored, 1);
  assert_int_equal(write_at(f, 4), 0);
  assert_int_equal(peer->stored, 2);
}

static void after_a_crash_each_record_counts_once(void **state)
{
  struct fixture *f = *state;
  (void)hello(f, "web1", 7, 0);
  for (uint64_t n = 1; n <= 10; n++) {
    record(f, 7, n, (int64_t)n + 1);
    if (n == 4) {
      assert_int_equal(write_at(f, 6), 0);
    }
  }
  crash(f);
  start(f);
  struct peer *peer = hello(f, "web1", 7, 12);
  assert_true(peer->stored >= 3);
  for (uint64_t n = 1; n <= 11; n++) { /* some that are on disk too */
    record(f, 7, n, 12);
  }
  assert_int_equal(write_at(f, 30), 0);
  assert_int_equal(peer->stored, 11);
  assert_int_equal(records_on_disk(f), 66);
  assert_int_equal(records_in_windows(f), 11);
}

static void a_crash_while_there_is_a_hole_doubles_nothing(void **state)
{
  struct fixture *f = *state;
  struct peer *peer = hello(f, "web1", 7, 0);
  record(f, 7, 1, 2);
  record(f, 7, 3, 4);
  record(f, 7, 4, 5);
  assert_int_equal(write_at(f, 10), 0);
  assert_int_equal(peer->stored, 1);
  crash(f);
  start(f);
  peer = hello(f, "web1", 7, 11);
  assert_int_equal(peer->stored, 1);
  record(f, 7, 5, 12); /* a live one before the resend: the hole has its grace */
  for (uint64_t n = 2; n <= 4; n++) {
    record(f, 7, n, 12);
  }
  assert_int_equal(pipeline_stats(f->pipeline).gaps, 0);
  assert_int_equal(pipeline_stats(f->pipeline).repeated, 2); /* 3 and 4 are known */
  assert_int_equal(write_at(f, 13), 0);
  assert_int_equal(peer->stored, 5);
  assert_int_equal(records_on_disk(f), 1 + 2 + 3 + 4 + 5);
  assert_int_equal(records_in_windows(f), 5);
}

static void what_sensors_measured_while_it_was_dead_is_closed_like_the_rest(void **state)
{
  struct fixture *f = *state;
  (void)hello(f, "web1", 7, 1);
  (void)hello(f, "web2", 9, 1);
  for (uint64_t n = 1; n <= 3; n++) {
    record_of(f, "web1", 7, n, (int64_t)n + 1);
    record_of(f, "web2", 9, n, (int64_t)n + 1);
  }
  assert_int_equal(write_at(f, 4), 0);
  crash(f);
  start(f);
  pipeline_tick(f->pipeline, second_ns(20));
  (void)hello(f, "web1", 7, 20);
  for (uint64_t n = 1; n <= 19; n++) {
    record_of(f, "web1", 7, n, 20);
  }
  assert_int_equal(write_at(f, 22), 0); /* in the midst of it */
  (void)hello(f, "web2", 9, 22);
  for (uint64_t n = 1; n <= 19; n++) {
    record_of(f, "web2", 9, n, 22);
  }
  assert_int_equal(write_at(f, 22), 0);
  struct store_span span = {0};
  assert_int_equal(store_span(f->store, 0, INT64_MAX, &span), 0);
  assert_int_equal(span.windows, 19); /* one for each second: none of them a delta alone */
  assert_int_equal(span.frames, 2 * 19 * 20);
  assert_float_equal(span.completeness_percent, 100, 1e-9);
  assert_int_equal(pipeline_stats(f->pipeline).windows_revised, 0);
}

static void hello_from(struct fixture *f, const char *name, uint64_t boot_id, uint8_t last,
                       int64_t at_s)
{
  const uint8_t address[4] = {10, 0, 0, last};
  struct message_hello hello = {.boot_id = boot_id, .software = "0.9", .address_count = 1};
  hello.address[0] = addr_from_v4(address);
  (void)snprintf(hello.name, sizeof(hello.name), "%s", name);
  assert_non_null(peers_add(f->peers, name));
  assert_int_equal(pipeline_hello(f->pipeline, &hello, second_ns(at_s)), 0);
}

static void whose_address_is_whose_and_who_had_left_survives_a_crash(void **state)
{
  struct fixture *f = *state;
  hello_from(f, "web1", 7, 1, 1);
  hello_from(f, "web2", 9, 2, 1);
  pipeline_bye(f->pipeline, "web2", second_ns(2));
  assert_int_equal(write_at(f, 3), 0);
  crash(f);
  start(f);
  const uint8_t bytes[4] = {10, 0, 0, 1};
  const struct addr address = addr_from_v4(bytes);
  const struct hosts *hosts = pipeline_hosts(f->pipeline);
  const struct host *owner = hosts_owner(hosts, &address);
  assert_non_null(owner);
  assert_string_equal(owner->name, "web1");
  assert_string_equal(owner->software, "0.9");
  assert_false(owner->has_left || owner->is_connected);
  assert_false(hosts_is_outside(hosts, &address));
  assert_true(hosts_find(hosts, "web2")->has_left);
  /* And it is undone as well. */
  hello_from(f, "web2", 10, 2, 4);
  assert_int_equal(write_at(f, 5), 0);
  crash(f);
  start(f);
  assert_false(hosts_find(pipeline_hosts(f->pipeline), "web2")->has_left);
}

static void the_last_records_of_an_earlier_boot_are_kept(void **state)
{
  struct fixture *f = *state;
  (void)hello(f, "web1", 7, 0);
  record(f, 7, 1, 2);
  record(f, 7, 2, 3);
  struct peer *peer = hello(f, "web1", 8, 4);
  record(f, 8, 5, 6);
  assert_int_equal(write_at(f, 60), 0);
  assert_int_equal(peer->record_count, 0);
  assert_int_equal(records_on_disk(f), 1 + 2 + 5);
  crash(f);
  start(f);
  peer = peers_find(f->peers, "web1");
  assert_int_equal(peer->boot_id, 8); /* the newest one */
}

static void while_the_disk_refuses_nothing_is_acknowledged_and_nothing_lost(void **state)
{
  struct fixture *f = *state;
  struct rlimit limit;
  struct peer *peer = hello(f, "web1", 7, 0);
  record(f, 7, 1, 2);
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  struct rlimit none = {0, limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
  int err = write_at(f, 10);
  record(f, 7, 2, 11);
  int again = write_at(f, 20);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_int_equal(err, ERR_IO);
  assert_int_equal(again, ERR_IO);
  assert_int_equal(peer->stored, 0);
  assert_int_equal(checkpoint_stats(f->checkpoint).failed, 2);
  assert_int_equal(write_at(f, 21), 0);
  assert_false(checkpoint_stats(f->checkpoint).is_failing);
  assert_int_equal(peer->stored, 2);
  assert_int_equal(records_on_disk(f), 3);
  assert_int_equal(records_in_windows(f), 2);
}

static void peers_are_bounded_in_number(void **state)
{
  (void)state;
  struct peers *peers = peers_new(2);
  assert_non_null(peers_add(peers, "a"));
  assert_non_null(peers_add(peers, "b"));
  assert_null(peers_add(peers, "c"));
  assert_ptr_equal(peers_add(peers, "a"), peers_find(peers, "a"));
  assert_null(peers_find(peers, "c"));
  peers_free(peers);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH(nothing_is_acknowledged_before_it_is_on_disk),
      WITH(a_record_whose_window_is_open_waits),
      WITH(after_a_crash_each_record_counts_once),
      WITH(a_crash_while_there_is_a_hole_doubles_nothing),
      WITH(what_sensors_measured_while_it_was_dead_is_closed_like_the_rest),
      WITH(whose_address_is_whose_and_who_had_left_survives_a_crash),
      WITH(the_last_records_of_an_earlier_boot_are_kept),
      WITH(while_the_disk_refuses_nothing_is_acknowledged_and_nothing_lost),
      cmocka_unit_test(peers_are_bounded_in_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
