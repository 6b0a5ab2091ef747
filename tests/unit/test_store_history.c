/* SPDX-License-Identifier: Apache-2.0 */
/* Windows, records and applied sequences on disk, and a disk that is full. */
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

#include "collector/store/db.h"
#include "common/clock.h"
#include "tests/unit/collector_samples.h"

static char folder[64];

static int open_store(void **state)
{
  struct err_message message = {""};
  (void)snprintf(folder, sizeof(folder), "%s", sample_folder());
  return store_open(folder, (struct store **)state, &message);
}

static int close_store(void **state)
{
  store_close(*state);
  sample_folder_remove(folder);
  return 0;
}

static struct store_window window(int64_t second, uint32_t revision, uint64_t bytes)
{
  return (struct store_window){.start_ns = second * NS_PER_S,
                               .length_ns = NS_PER_S,
                               .revision = revision,
                               .sensors_expected = 2,
                               .sensors_present = 2,
                               .completeness_percent = 50,
                               .has_total = true,
                               .bytes = {bytes, bytes + 1},
                               .packets = {3, 3},
                               .frames = 4};
}

static void begin(struct store *store)
{
  struct err_message message = {""};
  assert_int_equal(store_begin(store, &message), 0);
}

static void commit(struct store *store)
{
  struct err_message message = {""};
  assert_int_equal(store_commit(store, &message), 0);
}

static void put_window(struct store *store, const struct store_window *w)
{
  begin(store);
  assert_int_equal(store_put_window(store, w), 0);
  commit(store);
}

static struct store_span span(struct store *store, int64_t from, int64_t until)
{
  struct store_span out = {0};
  assert_int_equal(store_span(store, from * NS_PER_S, until * NS_PER_S, &out), 0);
  return out;
}

static void a_window_counts_once_and_each_late_delta_adds_up(void **state)
{
  struct store_window close = window(100, 0, 1000);
  struct store_window delta = window(100, 1, 10);
  put_window(*state, &close);
  put_window(*state, &close); /* after a crash */
  assert_int_equal(span(*state, 100, 101).bytes_low, 1000);
  put_window(*state, &delta);
  put_window(*state, &delta); /* of another run of the collector, which counted from 1 again */
  struct store_span s = span(*state, 100, 101);
  assert_int_equal(s.windows, 1);
  assert_int_equal(s.seconds, 1);
  assert_int_equal(s.bytes_low, 1020);
  assert_int_equal(s.bytes_high, 1023);
  assert_int_equal(s.frames, 12);
  assert_true(s.completeness_percent == 50);
  assert_int_equal(span(*state, 101, 200).windows, 0);
}

static void an_absurd_counter_does_not_break_the_sum(void **state)
{
  struct store_window w = window(100, 0, UINT64_MAX - 1);
  put_window(*state, &w);
  w.start_ns += NS_PER_S;
  put_window(*state, &w);
  assert_true(span(*state, 100, 102).bytes_low >= INT64_MAX);
}

static void the_newest_window_is_known_after_a_restart(void **state)
{
  struct err_message message = {""};
  int64_t newest_ns = 0;
  assert_int_equal(store_newest_window(*state, &newest_ns), 0);
  assert_true(newest_ns == INT64_MIN);
  struct store_window w = window(100, 0, 1);
  put_window(*state, &w);
  store_close(*state);
  assert_int_equal(store_open(folder, (struct store **)state, &message), 0);
  assert_int_equal(store_newest_window(*state, &newest_ns), 0);
  assert_true(newest_ns == 100 * NS_PER_S);
}

static void put_record(struct store *store, const char *sensor, enum summary_kind kind,
                       int64_t second, int64_t shift_s, uint64_t sequence)
{
  struct summary *s = sample_summary(sensor, kind, second * NS_PER_S, sequence);
  size_t length = 0;
  uint8_t *bytes = sample_encode(s, &length);
  s->start_ns += shift_s * NS_PER_S;
  begin(store);
  assert_int_equal(store_put_record(store, s, bytes, length), 0);
  commit(store);
  free(bytes);
  summary_free(s);
}

static void visit(void *context, const struct summary *s)
{
  char *text = context;
  (void)sprintf(text + strlen(text), "%s/%lld/%llu/%zu ", s->sensor,
                (long long)(s->start_ns / NS_PER_S), (unsigned long long)s->sequence,
                s->conversation_count);
  assert_true(s->boot_id == UINT64_C(0xfedcba9876543210));
}

/* The first format of records was in no release, but in databases of its time. */
static void a_record_of_an_earlier_format_is_left_out_and_hides_no_other(void **state)
{
  put_record(*state, "a", SUMMARY_SECOND, 100, 0, 1);
  struct summary *s = sample_summary("b", SUMMARY_SECOND, 100 * NS_PER_S, 1);
  size_t length = 0;
  uint8_t *bytes = sample_encode(s, &length);
  assert_int_equal(bytes[1], 2);
  bytes[1] = 1;
  begin(*state);
  assert_int_equal(store_put_record(*state, s, bytes, length), 0);
  commit(*state);
  put_record(*state, "c", SUMMARY_SECOND, 100, 0, 1);
  char text[512] = "";
  assert_int_equal(store_records_each(*state, SUMMARY_SECOND, 0, INT64_MAX, visit, text), 0);
  assert_string_equal(text, "a/100/1/2 c/100/1/2 ");
  free(bytes);
  summary_free(s);
}

static void records_come_back_as_placed_in_order_and_once(void **state)
{
  char text[512] = "";
  put_record(*state, "web2", SUMMARY_SECOND, 100, 0, 7);
  put_record(*state, "web1", SUMMARY_SECOND, 101, 0, 9);
  put_record(*state, "web1", SUMMARY_SECOND, 101, -1, 8); /* its clock is ahead by one */
  put_record(*state, "web1", SUMMARY_SECOND, 101, -1, 8);
  put_record(*state, "web1", SUMMARY_MINUTE, 60, 0, 10);
  assert_int_equal(
      store_records_each(*state, SUMMARY_SECOND, 100 * NS_PER_S, 102 * NS_PER_S, visit, text), 0);
  assert_string_equal(text, "web1/100/8/2 web2/100/7/2 web1/101/9/2 ");
  text[0] = '\0';
  assert_int_equal(store_records_each(*state, SUMMARY_MINUTE, 0, 100 * NS_PER_S, visit, text), 0);
  assert_string_equal(text, "web1/60/10/2 ");
}

static int64_t ask(struct store *store, const char *sql)
{
  sqlite3_stmt *q = NULL;
  assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(q, 0);
  (void)sqlite3_finalize(q);
  return value;
}

static void a_minute_has_rows_once_and_a_second_has_none(void **state)
{
  put_record(*state, "web1", SUMMARY_SECOND, 60, 0, 1);
  assert_int_equal(ask(*state, "SELECT count(*) FROM conversation"), 0);
  put_record(*state, "web1", SUMMARY_MINUTE, 60, 0, 2);
  put_record(*state, "web1", SUMMARY_MINUTE, 60, 0, 2);
  assert_int_equal(ask(*state, "SELECT count(*) FROM conversation"), 2);
  assert_int_equal(ask(*state, "SELECT count(*) FROM talker"), 1);
  assert_int_equal(ask(*state, "SELECT sum(bytes_out) FROM conversation JOIN record ON"
                               " record.id = record WHERE server = x'0a000001'"),
                   5700);
}

static void what_is_too_old_goes_with_its_rows(void **state)
{
  struct store_window w = window(60, 0, 1);
  char text[256] = "";
  put_window(*state, &w);
  put_record(*state, "web1", SUMMARY_SECOND, 60, 0, 1);
  put_record(*state, "web1", SUMMARY_SECOND, 61, 0, 2);
  put_record(*state, "web1", SUMMARY_MINUTE, 60, 0, 3);
  put_record(*state, "web1", SUMMARY_MINUTE, 120, 0, 4);
  assert_int_equal(store_expire(*state, 61 * NS_PER_S, 120 * NS_PER_S, 61 * NS_PER_S), 0);
  assert_int_equal(span(*state, 0, 1000).windows, 0);
  assert_int_equal(store_records_each(*state, SUMMARY_SECOND, 0, INT64_MAX, visit, text), 0);
  assert_int_equal(store_records_each(*state, SUMMARY_MINUTE, 0, INT64_MAX, visit, text), 0);
  assert_string_equal(text, "web1/61/2/2 web1/120/4/2 ");
  assert_int_equal(ask(*state, "SELECT count(*) FROM conversation"), 2);
  assert_int_equal(ask(*state, "SELECT count(*) FROM talker"), 1);
}

static void a_body_that_cannot_be_read_is_left_out_and_counted(void **state)
{
  struct store *store = *state;
  char text[256] = "";
  struct summary *s = sample_summary("web1", SUMMARY_SECOND, 100 * NS_PER_S, 1);
  begin(store);
  assert_int_equal(store_put_record(store, s, (const uint8_t *)"rubbish", 7), 0);
  commit(store);
  summary_free(s);
  put_record(store, "web1", SUMMARY_SECOND, 101, 0, 2);
  assert_int_equal(store_records_each(store, SUMMARY_SECOND, 0, INT64_MAX, visit, text), 0);
  assert_string_equal(text, "web1/101/2/2 ");
  assert_int_equal(store->unreadable, 1);
}

static void visit_applied(void *context, const char *sensor, uint64_t boot_id, uint64_t sequence,
                          int64_t last_heard_ns)
{
  char *text = context;
  (void)sprintf(text + strlen(text), "%s:%llu:%llu:%lld ", sensor, (unsigned long long)boot_id,
                (unsigned long long)sequence, (long long)last_heard_ns);
}

static void applied_sequences_keep_the_newest_boots(void **state)
{
  char text[512] = "";
  begin(*state);
  for (uint64_t boot = 1; boot <= 10; boot++) {
    assert_int_equal(store_put_applied(*state, "web1", boot, 5, (int64_t)(100 - boot)), 0);
    assert_int_equal(store_put_applied(*state, "web1", boot, boot, (int64_t)(100 + boot)), 0);
  }
  assert_int_equal(store_put_applied(*state, "db1", UINT64_MAX, 3, 1), 0);
  commit(*state);
  assert_int_equal(store_applied_each(*state, visit_applied, text), 0);
  assert_string_equal(text, "db1:18446744073709551615:3:1 web1:3:3:103 web1:4:4:104 web1:5:5:105 "
                            "web1:6:6:106 web1:7:7:107 web1:8:8:108 web1:9:9:109 web1:10:10:110 ");
}

static void a_rollback_leaves_nothing(void **state)
{
  struct store_window w = window(100, 0, 1);
  begin(*state);
  assert_int_equal(store_put_window(*state, &w), 0);
  assert_int_equal(store_put_applied(*state, "web1", 1, 1, 1), 0);
  store_rollback(*state);
  char text[64] = "";
  assert_int_equal(store_applied_each(*state, visit_applied, text), 0);
  assert_string_equal(text, "");
  assert_int_equal(span(*state, 0, 1000).windows, 0);
  put_window(*state, &w); /* and the next one works */
  assert_int_equal(span(*state, 0, 1000).windows, 1);
}

/* No file may grow: what a full disk looks like to the database. */
static void allow_growth(bool is_allowed)
{
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = is_allowed ? limit.rlim_max : 64 << 10;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int write_many(struct store *store, struct err_message *message)
{
  int err = store_begin(store, message);
  for (int i = 0; i < 4000 && err == 0; i++) {
    struct store_window w = window(100 + i, 0, 1);
    err = store_put_window(store, &w);
  }
  if (err != 0) {
    store_explain(store, message);
  }
  return err != 0 ? err : store_commit(store, message);
}

static void a_full_disk_is_told_and_the_store_goes_on_when_there_is_room(void **state)
{
  struct err_message message = {""};
  (void)signal(SIGXFSZ, SIG_IGN);
  allow_growth(false);
  int err = write_many(*state, &message);
  store_rollback(*state);
  allow_growth(true);
  assert_int_equal(err, ERR_IO);
  assert_non_null(strstr(message.text, folder));
  assert_int_equal(span(*state, 0, 10000).windows, 0);
  assert_int_equal(write_many(*state, &message), 0);
  assert_int_equal(span(*state, 0, 10000).windows, 4000);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH_STORE(a_record_of_an_earlier_format_is_left_out_and_hides_no_other),
      WITH_STORE(a_window_counts_once_and_each_late_delta_adds_up),
      WITH_STORE(an_absurd_counter_does_not_break_the_sum),
      WITH_STORE(the_newest_window_is_known_after_a_restart),
      WITH_STORE(records_come_back_as_placed_in_order_and_once),
      WITH_STORE(a_minute_has_rows_once_and_a_second_has_none),
      WITH_STORE(what_is_too_old_goes_with_its_rows),
      WITH_STORE(a_body_that_cannot_be_read_is_left_out_and_counted),
      WITH_STORE(applied_sequences_keep_the_newest_boots),
      WITH_STORE(a_rollback_leaves_nothing),
      WITH_STORE(a_full_disk_is_told_and_the_store_goes_on_when_there_is_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
