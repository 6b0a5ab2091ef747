/* SPDX-License-Identifier: Apache-2.0 */
/* Answers over a real pipeline and a real store, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answers_fixture.h"
#include "common/clock.h"

#define QUIET                                                                                      \
  "newcomer: {enabled: false}\npacket_size: {enabled: false}\nsilence: {enabled: false}\n"
#define WEB  "10.0.0.1"
#define DB   "10.0.0.2"
#define BASE FIXTURE_BASE_NS

static struct fixture *two_sensors(void)
{
  struct fixture *fixture = fixture_new(QUIET "rules: []\n");
  fixture_hello(fixture, "db1", 2, DB);
  fixture_hello(fixture, "web1", 1, WEB);
  return fixture;
}

/* One second of web1 -> db1:80 as each of the two sees it. */
static void both_see(struct fixture *fixture, int64_t start_ns, uint64_t out, uint64_t in)
{
  struct summary_conversation row = fixture_row(WEB, DB, 80, out, in);
  fixture_record(fixture, "db1", 2, SUMMARY_SECOND, start_ns, &row);
  fixture_record(fixture, "web1", 1, SUMMARY_SECOND, start_ns, &row);
}

static int64_t member_bytes(const json_t *object, const char *key)
{
  return json_get_int(json_object_get(object, key), "bytes", -1);
}

/* The out bytes of the one conversation that is expected; 0 when there is none. */
static int64_t conversation_bytes(struct fixture *fixture, const char *parameters)
{
  json_t *answer = fixture_ask(fixture, "/v1/top/conversations", parameters, 200);
  const json_t *rows = json_object_get(answer, "conversations");
  assert_true(json_array_size(rows) <= 1);
  int64_t bytes = 0;
  if (json_array_size(rows) == 1) {
    bytes = member_bytes(json_array_get(rows, 0), "out");
  }
  json_decref(answer);
  return bytes;
}

static void the_status_says_that_it_is_starting(void **state)
{
  (void)state;
  struct fixture *fixture = fixture_new(QUIET);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_string_equal(json_get_text(answer, "state", ""), "starting");
  assert_non_null(strstr(json_get_text(answer, "message", ""), "no sensor has said HELLO"));
  assert_string_equal(json_get_text(answer, "version", ""), SEINE_VERSION);
  assert_int_equal(json_get_int(answer, "uptime_seconds", 0), 7);
  assert_true(json_is_null(json_object_get(answer, "rates")));
  assert_true(json_is_null(json_object_get(answer, "completeness_percent")));
  json_decref(answer);
  fixture_hello(fixture, "web1", 1, WEB);
  answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_non_null(strstr(json_get_text(answer, "message", ""), "no window has closed"));
  assert_int_equal(json_get_int(json_object_get(answer, "sensors"), "known", 0), 1);
  json_decref(answer);
  fixture_free(fixture);
}

static void the_status_tells_true_rates_and_totals(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  for (int i = 0; i < 4; i++) {
    both_see(fixture, BASE + i * NS_PER_S, 1000, 3000);
  }
  fixture_tick(fixture, BASE + 10 * NS_PER_S);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_string_equal(json_get_text(answer, "state", ""), "ok");
  assert_null(json_object_get(answer, "message"));
  const json_t *windows = json_object_get(answer, "windows");
  assert_int_equal(json_get_int(windows, "closed", 0), 4);
  assert_string_equal(json_get_text(windows, "newest", ""), "2025-11-24T21:54:03Z");
  assert_int_equal(json_get_int(windows, "lag_ms", 0), 6000);
  const json_t *totals = json_object_get(answer, "totals_5m");
  const json_t *bytes = json_object_get(totals, "bytes");
  assert_int_equal(json_get_int(totals, "seconds", 0), 4);
  /* What each of the two sent, once. */
  assert_int_equal(json_get_int(bytes, "low", -1), 4 * 4000);
  assert_int_equal(json_get_int(bytes, "high", -1), 4 * 4000);
  const json_t *rates = json_object_get(answer, "rates");
  assert_int_equal(json_get_int(json_object_get(rates, "bytes_per_s"), "high", -1), 4000);
  assert_int_equal(json_get_int(json_object_get(answer, "ledger"), "frames", 0), 320);
  assert_int_equal(json_get_int(json_object_get(answer, "records"), "applied", 0), 8);
  json_decref(answer);
  fixture_free(fixture);
}

static void what_two_sensors_see_counts_once_stored_or_not(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  both_see(fixture, BASE, 1000, 3000);
  both_see(fixture, BASE + NS_PER_S, 500, 100);
  assert_int_equal(conversation_bytes(fixture, ""), 1500);
  fixture_store(fixture);
  assert_int_equal(conversation_bytes(fixture, ""), 1500);
  both_see(fixture, BASE + 2 * NS_PER_S, 70, 100);
  assert_int_equal(conversation_bytes(fixture, ""), 1570);
  assert_int_equal(conversation_bytes(fixture, "last=1s"), 70);
  assert_int_equal(conversation_bytes(fixture, "last=7d"), 1570);
  fixture_free(fixture);
}

static void a_minute_record_stands_for_its_seconds(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  for (int i = 0; i < 60; i++) {
    both_see(fixture, BASE + i * NS_PER_S, 100, 0);
  }
  struct summary_conversation minute = fixture_row(WEB, DB, 80, 6000, 0);
  fixture_record(fixture, "web1", 1, SUMMARY_MINUTE, BASE, &minute);
  both_see(fixture, BASE + NS_PER_MINUTE, 100, 0);
  fixture_tick(fixture, BASE + NS_PER_MINUTE + NS_PER_S);
  /* web1's minute, db1's seconds; then the minute of both. */
  for (int i = 0; i < 2; i++) {
    json_t *answer = fixture_ask(fixture, "/v1/top/hosts", "last=2m", 200);
    const json_t *rows = json_object_get(answer, "hosts");
    assert_int_equal(json_array_size(rows), 2);
    assert_int_equal(member_bytes(json_array_get(rows, 0), "tx"), 6100);
    assert_int_equal(member_bytes(json_array_get(rows, 1), "rx"), 6100);
    assert_string_equal(json_get_text(json_array_get(rows, 0), "sensor", ""), "web1");
    assert_int_equal(json_get_int(answer, "minute_records", 0), i + 1);
    assert_int_equal(json_get_int(answer, "second_records", 0), i == 0 ? 62 : 2);
    json_decref(answer);
    fixture_record(fixture, "db1", 2, SUMMARY_MINUTE, BASE, &minute);
    fixture_store(fixture);
  }
  /* A range that cuts the minute: its seconds. */
  assert_int_equal(conversation_bytes(fixture, "last=31s"), 3100);
  fixture_free(fixture);
}

static void a_sensor_that_starts_again_loses_no_second(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  struct summary_conversation second = fixture_row(WEB, DB, 80, 100, 0);
  struct summary_conversation minute = fixture_row(WEB, DB, 80, 2000, 0);
  for (int i = 0; i < 30; i++) {
    fixture_record(fixture, "web1", 1, SUMMARY_SECOND, BASE + i * NS_PER_S, &second);
  }
  /* Killed: boot 1 never sends its minute; boot 9 sends that of its part. */
  fixture_hello(fixture, "web1", 9, WEB);
  for (int i = 40; i < 60; i++) {
    fixture_record(fixture, "web1", 9, SUMMARY_SECOND, BASE + i * NS_PER_S, &second);
  }
  fixture_record(fixture, "web1", 9, SUMMARY_MINUTE, BASE, &minute);
  assert_int_equal(conversation_bytes(fixture, "last=2m"), 5000);
  fixture_free(fixture);
}

static void an_answer_says_what_it_stands_on(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  json_t *answer = fixture_ask(fixture, "/v1/top/ports", "", 200);
  assert_true(json_is_null(json_object_get(answer, "window")));
  assert_non_null(json_object_get(answer, "message"));
  assert_int_equal(json_array_size(json_object_get(answer, "ports")), 0);
  json_decref(answer);
  both_see(fixture, BASE + 5 * NS_PER_S, 1000, 3000);
  both_see(fixture, BASE + 7 * NS_PER_S, 1000, 3000);
  fixture_tick(fixture, BASE + 20 * NS_PER_S);
  answer = fixture_ask(fixture, "/v1/top/ports", "last=1m", 200);
  const json_t *window = json_object_get(answer, "window");
  assert_string_equal(json_get_text(window, "from", ""), "2025-11-24T21:54:05Z");
  assert_string_equal(json_get_text(window, "until", ""), "2025-11-24T21:54:08Z");
  const json_t *asked = json_object_get(answer, "asked");
  assert_string_equal(json_get_text(asked, "from", ""), "2025-11-24T21:53:20Z");
  assert_string_equal(json_get_text(answer, "rule", ""), ranking_rule);
  assert_true(json_is_number(json_object_get(answer, "completeness_percent")));
  const json_t *totals = json_object_get(answer, "totals");
  assert_int_equal(member_bytes(totals, "counted"), 8000);
  assert_int_equal(json_get_int(totals, "error_bytes", -1), 0);
  const json_t *port = json_array_get(json_object_get(answer, "ports"), 0);
  assert_int_equal(json_get_int(port, "port", 0), 80);
  assert_int_equal(member_bytes(port, "out"), 2000);
  json_decref(answer);
  fixture_free(fixture);
}

static void bad_questions_are_told_what_was_expected(void **state)
{
  (void)state;
  static const struct {
    const char *path, *parameters;
    int status;
    const char *part;
  } bad[] = {
      {"/v1/tops", "", 404, "'/v1/tops'"},
      {"/v1/top/", "", 404, "/v1/top/"},
      {"/v1/top/users", "", 404, "/v1/top/users"},
      {"/v1/alerts/", "", 404, "no such path"},
      {"/v1/alerts/1/2", "", 404, "no such path"},
      {"/v1/alerts/abc", "", 404, "'abc'"},
      {"/v1/top/hosts", "last=soon", 400, "'soon'"},
      {"/v1/top/hosts", "last=8d", 400, "7d"},
      {"/v1/top/hosts", "last=1ms", 400, "1s"},
      {"/v1/top/hosts", "limit=0", 400, "1000"},
      {"/v1/top/hosts", "limit=1001", 400, "1000"},
      {"/v1/top/hosts", "limit=5x", 400, "'5x'"},
      {"/v1/top/hosts", "limit=99999999999999999999", 400, "1000"},
      {"/v1/sensors", "limit=-1", 400, "'-1'"},
      {"/v1/alerts", "state=loud", 400, "'loud'"},
      {"/v1/alerts", "limit=", 400, "limit"},
  };
  struct fixture *fixture = two_sensors();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    json_t *answer = fixture_ask(fixture, bad[i].path, bad[i].parameters, bad[i].status);
    assert_non_null(strstr(json_get_text(answer, "error", ""), bad[i].part));
    json_decref(answer);
  }
  fixture_free(fixture);
}

static void each_path_knows_its_parameters(void **state)
{
  (void)state;
  assert_true(queries_takes("/v1/top/hosts", "last"));
  assert_true(queries_takes("/v1/alerts", "state"));
  assert_false(queries_takes("/v1/alerts/1", "state"));
  assert_false(queries_takes("/v1/status", "last"));
  assert_false(queries_takes("/nowhere", "last"));
}

static void sensors_are_listed_in_order_and_cut_at_the_limit(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors();
  both_see(fixture, BASE, 1000, 3000);
  json_t *answer = fixture_ask(fixture, "/v1/sensors", "", 200);
  const json_t *rows = json_object_get(answer, "sensors");
  assert_int_equal(json_array_size(rows), 2);
  assert_string_equal(json_get_text(json_array_get(rows, 0), "name", ""), "db1");
  assert_int_equal(json_get_int(json_array_get(rows, 1), "records", 0), 1);
  assert_false(json_is_true(json_object_get(answer, "limited")));
  json_decref(answer);
  answer = fixture_ask(fixture, "/v1/sensors", "limit=1", 200);
  assert_int_equal(json_array_size(json_object_get(answer, "sensors")), 1);
  assert_int_equal(json_get_int(answer, "known", 0), 2);
  assert_true(json_is_true(json_object_get(answer, "limited")));
  json_decref(answer);
  fixture_free(fixture);
}

static size_t alert_count(struct fixture *fixture, const char *parameters)
{
  json_t *answer = fixture_ask(fixture, "/v1/alerts", parameters, 200);
  size_t count = json_array_size(json_object_get(answer, "alerts"));
  json_decref(answer);
  return count;
}

static void an_alert_is_found_while_it_lives_and_after(void **state)
{
  (void)state;
  struct fixture *fixture = fixture_new(QUIET); /* the seed rule: 1 MB/s on an interface */
  fixture_hello(fixture, "web1", 1, WEB);
  struct summary_conversation load = fixture_row(WEB, "192.0.2.1", 443, 2000000, 0);
  struct summary_conversation calm = fixture_row(WEB, "192.0.2.1", 443, 100, 0);
  fixture_record(fixture, "web1", 1, SUMMARY_SECOND, BASE, &load);
  fixture_tick(fixture, BASE + 3 * NS_PER_S);
  assert_int_equal(alert_count(fixture, "state=resolved"), 0);
  json_t *answer = fixture_ask(fixture, "/v1/alerts", "state=firing", 200);
  const json_t *alert = json_array_get(json_object_get(answer, "alerts"), 0);
  char path[64];
  (void)snprintf(path, sizeof path, "/v1/alerts/%s", json_get_text(alert, "id", ""));
  assert_string_equal(json_get_text(alert, "subject", ""), "web1/eth0");
  assert_int_equal(json_get_int(alert, "observed", 0), 2000000);
  json_decref(answer);
  for (int i = 3; i < 30; i++) {
    fixture_record(fixture, "web1", 1, SUMMARY_SECOND, BASE + i * NS_PER_S, &calm);
    fixture_tick(fixture, BASE + (i + 1) * NS_PER_S);
  }
  assert_int_equal(alert_count(fixture, "state=firing"), 0);
  assert_int_equal(alert_count(fixture, "state=resolved"), 1);
  assert_int_equal(alert_count(fixture, ""), 1);
  answer = fixture_ask(fixture, path, "", 200);
  alert = json_object_get(answer, "alert");
  assert_string_equal(json_get_text(alert, "state", ""), "resolved");
  assert_string_equal(json_get_text(alert, "resolution", ""), "cleared");
  json_decref(answer);
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_status_says_that_it_is_starting),
      cmocka_unit_test(the_status_tells_true_rates_and_totals),
      cmocka_unit_test(what_two_sensors_see_counts_once_stored_or_not),
      cmocka_unit_test(a_minute_record_stands_for_its_seconds),
      cmocka_unit_test(a_sensor_that_starts_again_loses_no_second),
      cmocka_unit_test(an_answer_says_what_it_stands_on),
      cmocka_unit_test(bad_questions_are_told_what_was_expected),
      cmocka_unit_test(each_path_knows_its_parameters),
      cmocka_unit_test(sensors_are_listed_in_order_and_cut_at_the_limit),
      cmocka_unit_test(an_alert_is_found_while_it_lives_and_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
