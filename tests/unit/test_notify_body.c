/* SPDX-License-Identifier: Apache-2.0 */
/* What each type of receiver is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_body.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/collector_samples.h"

/* A body of an alert that the disk refused says so. */
static void an_alert_that_is_not_saved_says_so(void **state)
{
  (void)state;
  struct alert alert = sample_alert("00000000000000a1", "web1/eth0");
  static const char *const words[] = {[RECEIVER_GENERIC] = "\"saved\":false",
                                      [RECEIVER_SLACK] = "Not saved",
                                      [RECEIVER_PAGERDUTY] = "\"saved\":false"};
  for (int type = RECEIVER_GENERIC; type <= RECEIVER_PAGERDUTY; type++) {
    char *unsaved = notify_body(type, "K", &alert, false);
    char *saved = notify_body(type, "K", &alert, true);
    assert_non_null(strstr(unsaved, words[type]));
    assert_null(strstr(saved, "saved"));
    free(unsaved);
    free(saved);
  }
}

static json_t *body(int type, const struct alert *alert)
{
  char *text = notify_body(type, "R0UT1NGKEY", alert, true);
  assert_non_null(text);
  json_error_t error;
  json_t *object = json_loads(text, 0, &error);
  assert_non_null(object);
  free(text);
  return object;
}

static struct alert resolved(void)
{
  struct alert alert = sample_alert("00000000000000a1", "web1/eth0");
  alert.state = ALERT_RESOLVED;
  alert.resolved_ns = 1060 * NS_PER_S;
  return alert;
}

static void generic_holds_the_alert_as_the_api_shows_it(void **state)
{
  (void)state;
  struct alert alert = sample_alert("00000000000000a1", "web1/eth0");
  json_t *object = body(RECEIVER_GENERIC, &alert);
  json_t *expected = render_alert(&alert);
  assert_int_equal(json_get_int(object, "version", 0), 1);
  assert_true(json_equal(json_object_get(object, "alert"), expected));
  assert_null(json_object_get(object, "routing_key"));
  json_decref(expected);
  json_decref(object);
}

static void pagerduty_triggers_and_resolves_one_incident(void **state)
{
  (void)state;
  struct alert fires = sample_alert("00000000000000a1", "web1/eth0");
  struct alert ends = resolved();
  json_t *trigger = body(RECEIVER_PAGERDUTY, &fires);
  json_t *resolve = body(RECEIVER_PAGERDUTY, &ends);
  const json_t *payload = json_object_get(trigger, "payload");
  assert_string_equal(json_get_text(trigger, "routing_key", ""), "R0UT1NGKEY");
  assert_string_equal(json_get_text(trigger, "event_action", ""), "trigger");
  assert_string_equal(json_get_text(resolve, "event_action", ""), "resolve");
  assert_string_equal(json_get_text(trigger, "dedup_key", ""),
                      json_get_text(resolve, "dedup_key", "?"));
  assert_string_equal(json_get_text(payload, "severity", ""), "warning");
  assert_string_equal(json_get_text(payload, "source", ""), "web1/eth0");
  assert_string_equal(json_get_text(payload, "class", ""), "threshold");
  assert_string_equal(json_get_text(payload, "group", ""), "interface-load");
  assert_string_equal(json_get_text(payload, "timestamp", ""), "1970-01-01T00:16:41Z");
  assert_true(json_is_object(json_object_get(payload, "custom_details")));
  json_decref(trigger);
  json_decref(resolve);
}

static const json_t *attachment(const json_t *object)
{
  return json_array_get(json_object_get(object, "attachments"), 0);
}

static void slack_says_what_was_seen_and_the_all_clear_has_value_unit_and_rule(void **state)
{
  (void)state;
  struct alert ends = resolved();
  json_t *object = body(RECEIVER_SLACK, &ends);
  char *text = json_dumps(object, JSON_COMPACT);
  assert_memory_equal(json_get_text(object, "text", ""), "[resolved] warning: ", 20);
  assert_non_null(strstr(text, "2500000 bytes/s, expected 0 to 1000000"));
  assert_non_null(strstr(text, "interface-load"));
  assert_non_null(strstr(text, "host 10.0.0.9: 1500000 bytes/s (75.0 %)"));
  assert_int_equal(json_get_int(attachment(object), "ts", 0), 1060);
  free(text);
  json_decref(object);
}

static void slack_colours_differ_by_severity_and_state(void **state)
{
  (void)state;
  struct alert alert = sample_alert("00000000000000a1", "web1/eth0");
  struct alert ends = resolved();
  char colour[3][16];
  for (int severity = SEVERITY_WARNING; severity <= SEVERITY_CRITICAL; severity++) {
    alert.finding.severity = (enum severity)severity;
    json_t *object = body(RECEIVER_SLACK, &alert);
    (void)snprintf(colour[severity], 16, "%s", json_get_text(attachment(object), "color", ""));
    json_decref(object);
  }
  json_t *object = body(RECEIVER_SLACK, &ends);
  (void)snprintf(colour[0], 16, "%s", json_get_text(attachment(object), "color", ""));
  json_decref(object);
  assert_string_not_equal(colour[1], colour[2]);
  assert_string_not_equal(colour[0], colour[1]);
}

static void slack_gets_no_mention_from_the_network(void **state)
{
  (void)state;
  struct alert alert = sample_alert("00000000000000a1", "<!channel> & \xff");
  (void)snprintf(alert.finding.summary, sizeof(alert.finding.summary), "<!channel> is loud");
  json_t *object = body(RECEIVER_SLACK, &alert);
  char *text = json_dumps(object, JSON_COMPACT);
  assert_null(strchr(text, '<'));
  assert_non_null(strstr(text, "&lt;!channel&gt; &amp; ?"));
  free(text);
  json_decref(object);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_alert_that_is_not_saved_says_so),
      cmocka_unit_test(generic_holds_the_alert_as_the_api_shows_it),
      cmocka_unit_test(pagerduty_triggers_and_resolves_one_incident),
      cmocka_unit_test(slack_says_what_was_seen_and_the_all_clear_has_value_unit_and_rule),
      cmocka_unit_test(slack_colours_differ_by_severity_and_state),
      cmocka_unit_test(slack_gets_no_mention_from_the_network),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
