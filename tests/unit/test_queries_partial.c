/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that stand on sensors which look at a part of their traffic: none of them may call a
 * number exact. Real pipeline, real store, virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answers_fixture.h"
#include "collector/partial.h"
#include "common/clock.h"

#define QUIET                                                                                      \
  "newcomer: {enabled: false}\npacket_size: {enabled: false}\nsilence: {enabled: false}\n"         \
  "rules: []\n"
#define WEB     "10.0.0.1"
#define DB      "10.0.0.2"
#define OUTSIDE "192.0.2.1"
#define BASE    FIXTURE_BASE_NS

static void sample_web(struct summary *s)
{
  if (strcmp(s->sensor, "web1") == 0) {
    s->sample_shift = 2;
    s->quality[SUMMARY_MEASURE_FLOWS] = SUMMARY_SCALED;
  }
}

static void filter_web(struct summary *s)
{
  s->interfaces[0].is_filtered = strcmp(s->sensor, "web1") == 0;
}

/* web1 and db1 tell a second each: web1 of the outside, db1 too. */
static struct fixture *two_sensors(void (*more)(struct summary *s))
{
  struct fixture *fixture = fixture_new(QUIET);
  fixture_hello(fixture, "db1", 2, DB);
  fixture_hello(fixture, "web1", 1, WEB);
  fixture->more = more;
  struct summary_conversation web = fixture_row(WEB, OUTSIDE, 443, 5000, 1000);
  struct summary_conversation db = fixture_row(DB, "192.0.2.9", 25, 3000, 1000);
  fixture_record(fixture, "web1", 1, SUMMARY_SECOND, BASE, &web);
  fixture_record(fixture, "db1", 2, SUMMARY_SECOND, BASE, &db);
  fixture_tick(fixture, BASE + 3 * NS_PER_S);
  return fixture;
}

/* The one sensor that an answer names as partial. */
static const json_t *the_partial(const json_t *answer)
{
  const json_t *rows = json_object_get(answer, "partial");
  assert_int_equal(json_array_size(rows), 1);
  return json_array_get(rows, 0);
}

/* Whether the row whose member has that text is marked as a part. */
static bool is_marked(const json_t *rows, const char *key, const char *text)
{
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    if (strcmp(json_get_text(row, key, ""), text) == 0) {
      return json_is_true(json_object_get(row, "partial"));
    }
  }
  fail_msg("no row of %s", text);
  return false;
}

static void a_fleet_that_sees_all_has_no_partial_sensor(void **state)
{
  (void)state;
  static const char *const paths[] = {"/v1/top/hosts", "/v1/top/conversations", "/v1/top/ports",
                                      "/v1/status"};
  struct fixture *fixture = two_sensors(NULL);
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    json_t *answer = fixture_ask(fixture, paths[i], "", 200);
    assert_int_equal(json_array_size(json_object_get(answer, "partial")), 0);
    assert_true(json_is_array(json_object_get(answer, "partial")));
    assert_null(strstr(json_get_text(answer, "rule", ""), "partial"));
    json_decref(answer);
  }
  json_t *answer = fixture_ask(fixture, "/v1/top/hosts", "", 200);
  assert_false(is_marked(json_object_get(answer, "hosts"), "address", WEB));
  assert_false(json_is_true(json_object_get(json_object_get(answer, "totals"), "partial")));
  json_decref(answer);
  fixture_free(fixture);
}

static void a_sampled_sensor_is_named_with_its_factor_in_every_answer(void **state)
{
  (void)state;
  static const char *const paths[] = {"/v1/top/hosts", "/v1/top/conversations", "/v1/top/ports",
                                      "/v1/status"};
  struct fixture *fixture = two_sensors(sample_web);
  /* In memory, and from the disk. */
  for (int i = 0; i < 2; i++) {
    for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) {
      json_t *answer = fixture_ask(fixture, paths[k], "", 200);
      const json_t *row = the_partial(answer);
      assert_string_equal(json_get_text(row, "sensor", ""), "web1");
      assert_int_equal(json_get_int(row, "factor", 0), 4);
      assert_true(json_is_false(json_object_get(row, "filtered")));
      assert_non_null(strstr(json_get_text(answer, "rule", ""), "looked at a part"));
      json_decref(answer);
    }
    fixture_store(fixture);
  }
  fixture_free(fixture);
}

static void only_rows_that_may_be_a_part_are_marked(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors(sample_web);
  json_t *answer = fixture_ask(fixture, "/v1/top/hosts", "", 200);
  const json_t *rows = json_object_get(answer, "hosts");
  assert_true(is_marked(rows, "address", WEB));
  /* Its own sensor saw all of it. */
  assert_false(is_marked(rows, "address", DB));
  /* No sensor of its own: whoever saw it. */
  assert_true(is_marked(rows, "address", OUTSIDE));
  assert_true(json_is_true(json_object_get(json_object_get(answer, "totals"), "partial")));
  json_decref(answer);
  answer = fixture_ask(fixture, "/v1/top/conversations", "", 200);
  rows = json_object_get(answer, "conversations");
  assert_true(is_marked(rows, "client", WEB));
  assert_false(is_marked(rows, "client", DB));
  json_decref(answer);
  answer = fixture_ask(fixture, "/v1/top/ports", "", 200);
  assert_true(is_marked(json_object_get(answer, "ports"), "protocol", "tcp"));
  json_decref(answer);
  fixture_free(fixture);
}

static void a_filtered_sensor_is_named_as_well(void **state)
{
  (void)state;
  struct fixture *fixture = two_sensors(filter_web);
  json_t *answer = fixture_ask(fixture, "/v1/top/hosts", "", 200);
  const json_t *row = the_partial(answer);
  assert_string_equal(json_get_text(row, "sensor", ""), "web1");
  assert_int_equal(json_get_int(row, "factor", 0), 1);
  assert_true(json_is_true(json_object_get(row, "filtered")));
  assert_true(is_marked(json_object_get(answer, "hosts"), "address", WEB));
  json_decref(answer);
  fixture_free(fixture);
}

static void beyond_the_bound_no_sensor_is_held_for_whole(void **state)
{
  (void)state;
  struct partial *partial = calloc(1, sizeof *partial);
  assert_non_null(partial);
  char name[KEYS_NAME_MAX];
  for (int i = 0; i < PARTIAL_MAX; i++) {
    (void)snprintf(name, sizeof name, "web%d", i);
    partial_note(partial, name, 1, NULL, 0);
    partial_note(partial, name, (uint8_t)(i % 5), NULL, 0);
  }
  assert_int_equal(partial->count, PARTIAL_MAX);
  assert_int_equal(partial->sensor[4].sample_shift, 4);
  assert_int_equal(partial->sensor[5].sample_shift, 1);
  assert_false(partial_is_of(partial, "db1"));
  partial_note(partial, "db2", 1, NULL, 0);
  assert_true(partial->is_cut);
  assert_true(partial_is_of(partial, "db1"));
  free(partial);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fleet_that_sees_all_has_no_partial_sensor),
      cmocka_unit_test(a_sampled_sensor_is_named_with_its_factor_in_every_answer),
      cmocka_unit_test(only_rows_that_may_be_a_part_are_marked),
      cmocka_unit_test(a_filtered_sensor_is_named_as_well),
      cmocka_unit_test(beyond_the_bound_no_sensor_is_held_for_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
