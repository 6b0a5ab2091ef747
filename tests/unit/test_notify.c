/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery to real HTTP servers on the loop: retry, order, dead letters, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_receiver.h"
#include "common/clock.h"
#include "tests/unit/collector_samples.h"
#include "tests/unit/notify_rig.h"

static bool has_failed(const struct notify_stats *stats)
{
  return stats->failed_attempts > 0;
}

static bool is_one_dead(const struct notify_stats *stats)
{
  return stats->dead == 1;
}

static void look_at_outbox(void *context)
{
  ((struct fixture *)context)->waiting_at_request = notify_rig_outbox_count(context);
}

static void an_alert_is_on_disk_while_it_is_sent_and_gone_afterwards(void **state)
{
  struct fixture *f = *state;
  f->server[0].on_request = look_at_outbox;
  f->server[0].context = f;
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  assert_int_equal(notify_stats(f->notify).waiting, 1);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->waiting_at_request, 1);
  assert_int_equal(notify_rig_outbox_count(f), 0);
  assert_int_equal(notify_stats(f->notify).waiting, 0);
  assert_string_equal(f->server[0].request[0].key, "00000000000000a1-firing");
  assert_memory_equal(f->server[0].request[0].agent, "seine/", 6);
  assert_non_null(strstr(f->server[0].request[0].body, "\"version\":1"));
}

static void after_two_failures_it_arrives_once_and_can_be_recognised(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 2;
  f->server[0].plan[0].status = 500;
  f->server[0].plan[1].status = 500;
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->server[0].count, 3);
  assert_int_equal(notify_stats(f->notify).failed_attempts, 2);
  assert_string_equal(f->server[0].request[0].key, f->server[0].request[2].key);
  assert_string_equal(f->server[0].request[0].body, f->server[0].request[2].body);
}

static void a_refusal_is_kept_as_a_dead_letter_and_does_not_stop_the_next(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0].status = 400;
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, is_one_dead);
  notify_rig_alert(f, "00000000000000a2", ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->server[0].count, 2);
  assert_string_equal(f->server[0].request[1].key, "00000000000000a2-firing");
  notify_free(f->notify);
  notify_rig_start(f, 1); /* it is on disk */
  assert_int_equal(notify_stats(f->notify).dead, 1);
}

static void newest_due(void *context, const struct store_delivery *d)
{
  *(int64_t *)context = d->next_attempt_ns;
}

static void retry_after_is_obeyed(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0] = (struct http_receiver_plan){429, "Retry-After", "3600"};
  notify_rig_start(f, 1);
  int64_t before_ns = clock_now_ns();
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, has_failed);
  int64_t due_ns = 0;
  assert_int_equal(store_deliveries_each(f->store, newest_due, &due_ns), 0);
  assert_true(due_ns >= before_ns + 3600 * NS_PER_S);
}

static void the_all_clear_follows_and_what_is_pending_or_too_small_is_not_sent(void **state)
{
  struct fixture *f = *state;
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_PENDING);
  struct err_message message = {""};
  struct alert info = sample_alert("00000000000000a0", "web2/eth0");
  info.finding.severity = SEVERITY_INFO;
  assert_int_equal(notify_alert(f->notify, &info, &message), 0);
  assert_int_equal(notify_stats(f->notify).waiting, 0);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_alert(f, "00000000000000a1", ALERT_RESOLVED);
  notify_rig_run_until(f, notify_rig_is_two_sent);
  assert_string_equal(f->server[0].request[0].key, "00000000000000a1-firing");
  assert_string_equal(f->server[0].request[1].key, "00000000000000a1-resolved");
  struct alert found;
  assert_int_equal(store_alert_find(f->store, "00000000000000a0", &found), 0);
}

static void a_receiver_that_hangs_delays_no_other(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0].status = 0;
  notify_rig_start(f, 2);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_alert(f, "00000000000000a2", ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_two_sent);
  assert_int_equal(f->server[1].count, 2);
  assert_true(f->server[0].count <= 1); /* one attempt in flight */
  assert_int_equal(notify_stats(f->notify).waiting, 2);
}

static void an_outage_over_a_restart_loses_nothing(void **state)
{
  struct fixture *f = *state;
  f->setting[0].url = strdup("http://127.0.0.1:1/hook"); /* nobody listens there */
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, has_failed);
  notify_free(f->notify);
  free(f->setting[0].url);
  f->setting[0].url = f->url[0];
  notify_rig_start(f, 1);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->server[0].count, 1);
  assert_string_equal(f->server[0].request[0].key, "00000000000000a1-firing");
}

static void what_waits_for_a_receiver_that_is_gone_is_kept_and_counted(void **state)
{
  struct fixture *f = *state;
  f->setting[0].url = strdup("http://127.0.0.1:1/hook");
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_free(f->notify);
  notify_rig_start(f, 0);
  assert_int_equal(notify_stats(f->notify).orphaned, 1);
  assert_int_equal(notify_rig_outbox_count(f), 1);
  free(f->setting[0].url);
}

static void a_redirect_is_not_followed(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0] = (struct http_receiver_plan){302, "Location", "/elsewhere"};
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->server[0].count, 2);
  assert_string_equal(f->server[0].request[1].path, "/hook");
}

static void a_plain_url_needs_permission(void **state)
{
  struct fixture *f = *state;
  struct err_message message = {""};
  f->setting[0].allow_http = false;
  assert_int_equal(notify_new(f->loop, f->store, &f->settings, &f->notify, &message),
                   ERR_MALFORMED);
  assert_non_null(strstr(message.text, "receiver ops"));
  assert_null(strstr(message.text, "127.0.0.1")); /* it may be a secret */
}

static void the_signature_is_that_of_the_body(void **state)
{
  struct fixture *f = *state;
  char path[128];
  char expected[NOTIFY_SIGNATURE_MAX];
  (void)snprintf(path, sizeof(path), "%s", sample_path(f->folder, "secret"));
  sample_write(path, "a good secret\n", 0600);
  f->setting[0].secret_file = path;
  notify_rig_start(f, 1);
  notify_rig_alert(f, "00000000000000a1", ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  notify_sign("a good secret", f->server[0].request[0].body, expected);
  assert_string_equal(f->server[0].request[0].signature, expected);
}

/* RFC 4231, test case 2. */
static void the_signature_is_hmac_sha256(void **state)
{
  char out[NOTIFY_SIGNATURE_MAX];
  (void)state;
  notify_sign("Jefe", "what do ya want for nothing?", out);
  assert_string_equal(out,
                      "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
  struct fixture *f = *state;
  struct err_message message = {""};
  char path[128];
  (void)snprintf(path, sizeof(path), "%s", sample_path(f->folder, "secret"));
  sample_write(path, "known to all\n", 0644);
  f->setting[0].secret_file = path;
  assert_int_equal(notify_new(f->loop, f->store, &f->settings, &f->notify, &message), ERR_DENIED);
  assert_non_null(strstr(message.text, path));
  assert_non_null(strstr(message.text, "0644"));
  assert_null(strstr(message.text, "known to all"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, notify_rig_setup, notify_rig_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH(an_alert_is_on_disk_while_it_is_sent_and_gone_afterwards),
      WITH(after_two_failures_it_arrives_once_and_can_be_recognised),
      WITH(a_refusal_is_kept_as_a_dead_letter_and_does_not_stop_the_next),
      WITH(retry_after_is_obeyed),
      WITH(the_all_clear_follows_and_what_is_pending_or_too_small_is_not_sent),
      WITH(a_receiver_that_hangs_delays_no_other),
      WITH(an_outage_over_a_restart_loses_nothing),
      WITH(what_waits_for_a_receiver_that_is_gone_is_kept_and_counted),
      WITH(a_redirect_is_not_followed),
      WITH(a_plain_url_needs_permission),
      WITH(the_signature_is_that_of_the_body),
      cmocka_unit_test(the_signature_is_hmac_sha256),
      WITH(a_secret_that_others_can_read_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
