/* SPDX-License-Identifier: Apache-2.0 */
/* What the status calls trouble, and up to when its numbers are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "answers_fixture.h"
#include "collector_samples.h"
#include "common/clock.h"

#define QUIET                                                                                      \
  "newcomer: {enabled: false}\npacket_size: {enabled: false}\nsilence: {enabled: false}\n"
#define WEB  "10.0.0.1"
#define BASE FIXTURE_BASE_NS

/* web1 sends so many bytes to the outside in the second i. */
static void second(struct fixture *fixture, int i, uint64_t bytes)
{
  struct summary_conversation row = fixture_row(WEB, "192.0.2.1", 443, bytes, 0);
  fixture_record(fixture, "web1", 1, SUMMARY_SECOND, BASE + i * NS_PER_S, &row);
}

static struct fixture *one_sensor(void)
{
  struct fixture *fixture = fixture_new(QUIET);
  fixture_hello(fixture, "web1", 1, WEB);
  return fixture;
}

/* The trouble of that kind; NULL when there is none. */
static const json_t *trouble(const json_t *answer, const char *what)
{
  size_t i;
  json_t *at;
  assert_true(json_is_array(json_object_get(answer, "troubles")));
  json_array_foreach(json_object_get(answer, "troubles"), i, at)
  {
    if (strcmp(json_get_text(at, "what", ""), what) == 0) {
      return at;
    }
  }
  return NULL;
}

static void a_good_fleet_has_no_troubles(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  second(fixture, 0, 1000);
  fixture_tick(fixture, BASE + 3 * NS_PER_S);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_int_equal(json_array_size(json_object_get(answer, "troubles")), 0);
  assert_string_equal(json_get_text(answer, "state", ""), "ok");
  json_decref(answer);
  fixture_free(fixture);
}

static void a_silent_sensor_and_a_firing_alert_are_troubles_with_their_start(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor(); /* the seed rule: 1 MB/s on an interface */
  second(fixture, 0, 2000000);
  fixture_tick(fixture, BASE + 3 * NS_PER_S);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *alerts = trouble(answer, "alerts");
  assert_non_null(alerts);
  assert_string_equal(json_get_text(alerts, "text", ""), "1 alert fires: 1 warning");
  assert_string_equal(json_get_text(alerts, "since", ""), "2025-11-24T21:54:01Z");
  assert_null(trouble(answer, "sensors"));
  json_decref(answer);
  fixture_tick(fixture, BASE + 40 * NS_PER_S);
  answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *sensors = trouble(answer, "sensors");
  assert_non_null(sensors);
  assert_string_equal(json_get_text(sensors, "text", ""), "1 sensor is silent: web1");
  assert_string_equal(json_get_text(sensors, "since", ""), "2025-11-24T21:54:01Z");
  json_decref(answer);
  fixture_free(fixture);
}

static void totals_end_where_the_disk_ends(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  for (int i = 0; i < 4; i++) {
    second(fixture, i, 1000);
  }
  fixture_store(fixture);
  fixture_tick(fixture, BASE + 60 * NS_PER_S);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *window = json_object_get(json_object_get(answer, "totals_5m"), "window");
  assert_string_equal(json_get_text(window, "until", ""), "2025-11-24T21:54:04Z");
  assert_true(json_is_null(json_object_get(answer, "rates"))); /* too old to be a rate of now */
  json_decref(answer);
  answer = fixture_ask(fixture, "/v1/top/hosts", "last=2m", 200);
  const json_t *of = json_object_get(answer, "completeness_of");
  assert_int_equal(json_get_int(of, "seconds", 0), 4);
  assert_string_equal(json_get_text(of, "until", ""), "2025-11-24T21:54:04Z");
  json_decref(answer);
  fixture_tick(fixture, BASE + 10 * NS_PER_MINUTE);
  answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_true(json_is_null(json_object_get(answer, "totals_5m")));
  json_decref(answer);
  fixture_free(fixture);
}

static void what_the_total_leaves_out_stands_apart(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  fixture->local_bytes = 5000;
  for (int i = 0; i < 10; i++) {
    second(fixture, i, 0);
  }
  fixture_tick(fixture, BASE + 12 * NS_PER_S);
  fixture_store(fixture);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *apart = json_object_get(answer, "apart");
  assert_int_equal(json_get_int(apart, "local_bytes_per_s", -1), 5000);
  assert_int_equal(json_get_int(apart, "transit_bytes_per_s", -1), 0);
  const json_t *rates = json_object_get(answer, "rates");
  assert_int_equal(json_get_int(json_object_get(rates, "bytes_per_s"), "high", -1), 0);
  assert_non_null(strstr(json_get_text(answer, "rule", ""), "local and loopback"));
  json_decref(answer);
  fixture_free(fixture);
}

/* Half of the seconds know who is of the fleet: of those alone it is told who the peers were. */
static void with_whom_the_hosts_talk_is_told_where_sensors_know_the_fleet(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  for (int i = 0; i < 10; i++) {
    fixture->fleet_bytes = i < 5 ? 0 : 4000;
    second(fixture, i, 0);
  }
  fixture_tick(fixture, BASE + 12 * NS_PER_S);
  fixture_store(fixture);
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *peers = json_object_get(answer, "peers");
  const json_t *tx = json_object_get(peers, "tx");
  assert_int_equal(json_get_int(peers, "records", 0), 10);
  assert_int_equal(json_get_int(peers, "records_split", 0), 5);
  assert_int_equal(json_get_int(json_object_get(peers, "map_version"), "high", -1), 0);
  assert_int_equal(json_get_int(tx, "bytes_per_s", 0), 4000);
  assert_int_equal(json_get_int(tx, "fleet_bytes_per_s", 0), 2000);
  assert_int_equal(json_get_int(tx, "outside_bytes_per_s", 0), 2000);
  assert_int_equal(json_get_int(json_object_get(peers, "rx"), "fleet_bytes_per_s", -1), 0);
  json_decref(answer);
  fixture_free(fixture);
}

static void where_nobody_knows_the_fleet_there_is_no_split(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  json_t *answer = fixture_ask(fixture, "/v1/status", "", 200);
  assert_true(json_is_null(json_object_get(answer, "peers"))); /* no rates yet */
  json_decref(answer);
  second(fixture, 0, 0);
  fixture_tick(fixture, BASE + 3 * NS_PER_S);
  fixture_store(fixture);
  answer = fixture_ask(fixture, "/v1/status", "", 200);
  const json_t *peers = json_object_get(answer, "peers");
  assert_int_equal(json_get_int(peers, "records_split", -1), 0);
  assert_true(json_is_null(json_object_get(peers, "map_version")));
  assert_true(json_is_null(json_object_get(json_object_get(peers, "tx"), "fleet_bytes_per_s")));
  json_decref(answer);
  fixture_free(fixture);
}

/* As a full disk does. */
static void disk_refuse(bool is_refused)
{
  struct rlimit limit;
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = is_refused ? 0 : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void an_alert_that_only_memory_has_is_shown_as_not_saved(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  struct err_message message = {""};
  struct loop *loop = loop_new();
  struct notify *notify = NULL;
  assert_int_equal(notify_new(loop, fixture->store, &fixture->settings, &notify, &message), 0);
  fixture->queries.notify = notify;
  struct alert alert = sample_alert("00000000000000a1", "web1/eth0");
  alert.state = ALERT_RESOLVED;
  disk_refuse(true);
  int err = notify_alert(notify, &alert, &message);
  json_t *status = fixture_ask(fixture, "/v1/status", "", 200);
  json_t *list = fixture_ask(fixture, "/v1/alerts", "state=resolved", 200);
  json_t *one = fixture_ask(fixture, "/v1/alerts/00000000000000a1", "", 200);
  disk_refuse(false);
  assert_int_equal(err, 0);
  assert_non_null(trouble(status, "unsaved"));
  assert_int_equal(json_get_int(json_object_get(status, "deliveries"), "unsaved", 0), 1);
  const json_t *row = json_array_get(json_object_get(list, "alerts"), 0);
  assert_string_equal(json_get_text(row, "id", ""), "00000000000000a1");
  assert_true(json_is_false(json_object_get(row, "saved")));
  assert_true(json_is_false(json_object_get(json_object_get(one, "alert"), "saved")));
  json_decref(status);
  json_decref(list);
  json_decref(one);
  notify_free(notify); /* writes it */
  fixture->queries.notify = NULL;
  one = fixture_ask(fixture, "/v1/alerts/00000000000000a1", "", 200);
  assert_null(json_object_get(json_object_get(one, "alert"), "saved"));
  json_decref(one);
  loop_free(loop);
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_fleet_has_no_troubles),
      cmocka_unit_test(a_silent_sensor_and_a_firing_alert_are_troubles_with_their_start),
      cmocka_unit_test(totals_end_where_the_disk_ends),
      cmocka_unit_test(what_the_total_leaves_out_stands_apart),
      cmocka_unit_test(with_whom_the_hosts_talk_is_told_where_sensors_know_the_fleet),
      cmocka_unit_test(where_nobody_knows_the_fleet_there_is_no_split),
      cmocka_unit_test(an_alert_that_only_memory_has_is_shown_as_not_saved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
