/* SPDX-License-Identifier: Apache-2.0 */
/* The page about one sensor, over a real pipeline and a real store, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answers_fixture.h"
#include "common/clock.h"
#include "common/hash.h"

#define QUIET                                                                                      \
  "newcomer: {enabled: false}\npacket_size: {enabled: false}\nsilence: {enabled: false}\n"         \
  "rules: []\n"
#define WEB  "10.0.0.1"
#define DB   "10.0.0.2"
#define BASE FIXTURE_BASE_NS

/* What a record may say, with a number of its own in each member that must not be mixed up. */
static void tell_all(struct summary *s)
{
  s->fragments = 20;
  s->tunnelled_packets = 3;
  s->ledger.fragments_unmatched = 2;
  s->ledger.fragments_folded = 1;
  s->ledger.undecoded[SUMMARY_NOT_IP] = 5;
  s->ledger.undecoded[SUMMARY_TOO_DEEP] = 7;
  s->segments = (struct summary_segments){11, 80, 3500};
  s->dns = (struct summary_dns){30, 29, 4};
  s->tcp.attempts = 40;
  s->tcp.answered = 36;
  s->tcp.refused = 1;
  s->tcp.half_open = 10;
  s->tcp.withdrawn = 7;
  s->tcp.resets = 6;
  s->tcp.retransmitted = 9;
  /* 90 handshakes of 1 ms, 10 of 80 ms: both are lower ends of their buckets. */
  s->tcp.handshake_10us.bucket[hist_bucket(96)] = 90;
  s->tcp.handshake_10us.bucket[hist_bucket(8192)] = 10;
  for (uint64_t i = 0; i < 12; i++) {
    hll_add(&s->addresses, i * 0x9e3779b97f4a7c15U);
  }
  s->interfaces[0].has_kernel = true;
  s->interfaces[0].kernel = (struct summary_kernel){.rx_packets = 60, .tx_packets = 40};
  s->interfaces[0].captured_packets = 90;
  s->interfaces[0].own_packets = 6;
  s->interfaces[0].capture_dropped = 4;
}

static struct fixture *one_sensor(void)
{
  struct fixture *fixture = fixture_new(QUIET);
  fixture_hello(fixture, "web1", 1, WEB);
  fixture_hello(fixture, "web2", 2, DB);
  fixture->more = tell_all;
  return fixture;
}

static void second_of(struct fixture *fixture, const char *sensor, int second)
{
  struct summary_conversation row = fixture_row(WEB, DB, 80, 1000, 3000);
  fixture_record(fixture, sensor, sensor[3] == '1' ? 1 : 2, SUMMARY_SECOND,
                 BASE + second * NS_PER_S, &row);
}

/* A number of a group of the minute. */
static int64_t number(const json_t *answer, const char *group, const char *key)
{
  const json_t *minute = json_object_get(answer, "minute");
  return json_get_int(json_object_get(minute, group), key, -1);
}

static void every_measure_of_a_record_is_in_the_answer(void **state)
{
  (void)state;
  static const struct {
    const char *group, *key;
    int64_t value; /* of two records */
  } expected[] = {
      {"fragments", "fragments", 40},
      {"fragments", "unmatched", 4},
      {"fragments", "folded", 2},
      {"super_segments", "segments", 22},
      {"super_segments", "wire_packets", 160},
      {"super_segments", "header_bytes", 7000},
      {"dns", "questions", 60},
      {"dns", "answers", 58},
      {"dns", "failures", 8},
      {"tcp_flows", "attempts", 80},
      {"tcp_flows", "answered", 72},
      {"tcp_flows", "refused", 2},
      {"tcp_flows", "half_open", 20},
      {"tcp_flows", "half_open_still", 6},
      {"tcp_flows", "resets", 12},
      {"tcp_flows", "retransmitted", 18},
      {"tcp_flows", "handshakes", 200},
      {"tcp_flows", "handshake_p50_us", 960},
      {"tcp_flows", "handshake_p95_us", 81920},
      {"distinct", "addresses_estimate", 12},
  };
  struct fixture *fixture = one_sensor();
  second_of(fixture, "web1", 0);
  second_of(fixture, "web1", 1);
  json_t *answer = fixture_ask(fixture, "/v1/sensors/web1", "", 200);
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    int64_t value = number(answer, expected[i].group, expected[i].key);
    if (value != expected[i].value) {
      print_error("%s.%s\n", expected[i].group, expected[i].key);
    }
    assert_int_equal(value, expected[i].value);
  }
  const json_t *minute = json_object_get(answer, "minute");
  const json_t *undecoded = json_object_get(json_object_get(minute, "ledger"), "undecoded");
  assert_int_equal(json_get_int(undecoded, "not_ip", 0), 10);
  assert_int_equal(json_get_int(undecoded, "too_deep", 0), 14);
  assert_int_equal(json_get_int(minute, "tunnelled_packets", 0), 6);
  assert_string_equal(json_get_text(json_object_get(minute, "quality"), "flows", ""), "exact");
  assert_int_equal(
      json_get_int(json_object_get(json_object_get(minute, "directions"), "tx"), "bytes", 0), 2000);
  const json_t *sensor = json_object_get(answer, "sensor");
  assert_string_equal(json_get_text(sensor, "name", ""), "web1");
  /* Nobody told who its clients were: that is no zero. */
  assert_true(
      json_is_null(json_object_get(json_object_get(minute, "distinct"), "clients_estimate")));
  json_decref(answer);
  fixture_free(fixture);
}

static void the_account_of_a_capture_is_held_against_the_kernels(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  second_of(fixture, "web1", 0);
  second_of(fixture, "web1", 1);
  json_t *answer = fixture_ask(fixture, "/v1/sensors/web1", "", 200);
  const json_t *minute = json_object_get(answer, "minute");
  const json_t *row = json_array_get(json_object_get(minute, "interfaces"), 0);
  assert_string_equal(json_get_text(row, "name", ""), "eth0");
  assert_int_equal(json_get_int(json_object_get(row, "kernel"), "rx_packets", 0), 120);
  assert_int_equal(json_get_int(row, "captured_packets", 0), 180);
  assert_int_equal(json_get_int(row, "own_packets", 0), 12);
  assert_int_equal(json_get_int(row, "capture_dropped", 0), 8);
  assert_int_equal(json_get_int(row, "seen_percent", 0), 100);
  json_decref(answer);
  fixture_free(fixture);
}

static void the_minute_is_of_one_sensor_stored_or_not(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  /* 61 seconds: the first one is out; another sensor's are in none of it. */
  for (int i = 0; i <= 60; i++) {
    second_of(fixture, "web1", i);
    second_of(fixture, "web2", i);
    if (i == 40) {
      fixture_store(fixture);
    }
  }
  json_t *answer = fixture_ask(fixture, "/v1/sensors/web1", "", 200);
  const json_t *minute = json_object_get(answer, "minute");
  assert_int_equal(json_get_int(minute, "records", 0), 60);
  assert_int_equal(number(answer, "dns", "questions"), 60 * 30);
  const json_t *window = json_object_get(minute, "window");
  assert_string_equal(json_get_text(window, "from", ""), "2025-11-24T21:54:01Z");
  assert_string_equal(json_get_text(window, "until", ""), "2025-11-24T21:55:01Z");
  json_decref(answer);
  fixture_free(fixture);
}

static void a_minute_without_records_claims_nothing(void **state)
{
  (void)state;
  struct fixture *fixture = one_sensor();
  json_t *answer = fixture_ask(fixture, "/v1/sensors/web1", "", 200);
  const json_t *minute = json_object_get(answer, "minute");
  assert_int_equal(json_get_int(minute, "records", -1), 0);
  assert_true(json_is_null(json_object_get(minute, "quality")));
  assert_true(json_is_null(json_object_get(minute, "newest")));
  const json_t *tcp = json_object_get(minute, "tcp_flows");
  assert_true(json_is_null(json_object_get(tcp, "handshake_p50_us")));
  json_decref(answer);
  fixture_free(fixture);
}

static void an_unknown_name_is_told_the_nearest_one(void **state)
{
  (void)state;
  static const struct {
    const char *path, *part;
  } bad[] = {
      {"/v1/sensors/wbe1", "'wbe1': did you mean 'web1'?"},
      {"/v1/sensors/web22", "'web22': did you mean 'web2'?"},
      {"/v1/sensors/mail", "'mail'; `seine sensors` lists them"},
      {"/v1/sensors/", "no such path"},
      {"/v1/sensors/web1/more", "no such path"},
  };
  struct fixture *fixture = one_sensor();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    json_t *answer = fixture_ask(fixture, bad[i].path, "", 404);
    assert_non_null(strstr(json_get_text(answer, "error", ""), bad[i].part));
    json_decref(answer);
  }
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_measure_of_a_record_is_in_the_answer),
      cmocka_unit_test(the_account_of_a_capture_is_held_against_the_kernels),
      cmocka_unit_test(the_minute_is_of_one_sensor_stored_or_not),
      cmocka_unit_test(a_minute_without_records_claims_nothing),
      cmocka_unit_test(an_unknown_name_is_told_the_nearest_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
