/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery to real HTTP servers on the loop: retry, order, dead letters, secrets. */
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

#include "collector/notify.h"
#include "collector/notify_receiver.h"
#include "common/clock.h"
#include "tests/unit/collector_samples.h"
#include "tests/unit/http_receiver.h"

#define GIVE_UP_NS (30 * NS_PER_S)

struct fixture {
  char folder[64];
  struct loop *loop;
  struct store *store;
  struct notify *notify;
  struct http_receiver server[2];
  struct receiver_setting setting[2];
  char url[2][64];
  struct collector_settings settings;
  bool has_given_up;
  size_t waiting_at_request;
};

static int setup(void **state)
{
  static char empty[] = "";
  static char names[2][8] = {"ops", "spare"};
  struct err_message message = {""};
  struct fixture *f = calloc(1, sizeof(*f));
  (void)snprintf(f->folder, sizeof(f->folder), "%s", sample_folder());
  f->loop = loop_new();
  for (size_t i = 0; i < 2; i++) {
    http_receiver_init(&f->server[i], f->loop);
    (void)snprintf(f->url[i], sizeof(f->url[i]), "http://127.0.0.1:%u/hook", f->server[i].port);
    f->setting[i] = (struct receiver_setting){.name = names[i],
                                              .url = f->url[i],
                                              .url_file = empty,
                                              .secret_file = empty,
                                              .routing_key_file = empty,
                                              .ca_file = empty,
                                              .allow_http = true,
                                              .min_severity = SEVERITY_WARNING,
                                              .timeout_ns = GIVE_UP_NS,
                                              .retry_first_ns = 20 * NS_PER_MS,
                                              .retry_max_ns = 80 * NS_PER_MS};
  }
  f->settings.receivers = (struct conf_array){f->setting, 1};
  *state = f;
  return store_open(f->folder, &f->store, &message);
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  notify_free(f->notify);
  http_receiver_fini(&f->server[0]);
  http_receiver_fini(&f->server[1]);
  store_close(f->store);
  loop_free(f->loop);
  sample_folder_remove(f->folder);
  free(f);
  return 0;
}

static void start(struct fixture *f, size_t receivers)
{
  struct err_message message = {""};
  f->settings.receivers.count = receivers;
  assert_int_equal(notify_new(f->loop, f->store, &f->settings, &f->notify, &message), 0);
}

static void alert(struct fixture *f, const char *id, enum alert_state state)
{
  struct err_message message = {""};
  struct alert a = sample_alert(id, "web1/eth0");
  a.state = state;
  a.resolved_ns = state == ALERT_RESOLVED ? a.last_seen_ns + NS_PER_S : 0;
  assert_int_equal(notify_alert(f->notify, &a, &message), 0);
}

static void give_up(void *context)
{
  struct fixture *f = context;
  f->has_given_up = true;
  loop_stop(f->loop);
}

struct look {
  struct fixture *f;
  struct loop_timer *timer;
  bool (*is_so)(const struct notify_stats *stats);
};

static void look(void *context)
{
  struct look *l = context;
  struct notify_stats stats = notify_stats(l->f->notify);
  if (l->is_so(&stats)) {
    loop_stop(l->f->loop);
  } else {
    loop_timer_set(l->timer, NS_PER_MS);
  }
}

/* Runs the loop until the counters say so. */
static void run_until(struct fixture *f, bool (*is_so)(const struct notify_stats *stats))
{
  struct look l = {f, NULL, is_so};
  l.timer = loop_timer_new(f->loop, look, &l);
  struct loop_timer *guard = loop_timer_new(f->loop, give_up, f);
  loop_timer_set(l.timer, 0);
  loop_timer_set(guard, GIVE_UP_NS);
  assert_int_equal(loop_run(f->loop), 0);
  loop_timer_free(l.timer);
  loop_timer_free(guard);
  assert_false(f->has_given_up);
}

static bool is_one_sent(const struct notify_stats *stats)
{
  return stats->sent == 1;
}

static bool is_two_sent(const struct notify_stats *stats)
{
  return stats->sent == 2;
}

static bool has_failed(const struct notify_stats *stats)
{
  return stats->failed_attempts > 0;
}

static bool is_one_dead(const struct notify_stats *stats)
{
  return stats->dead == 1;
}

static void count_delivery(void *context, const struct store_delivery *d)
{
  size_t *count = context;
  *count += !d->is_dead;
}

static size_t outbox_count(struct fixture *f)
{
  size_t count = 0;
  assert_int_equal(store_deliveries_each(f->store, count_delivery, &count), 0);
  return count;
}

static void look_at_outbox(void *context)
{
  ((struct fixture *)context)->waiting_at_request = outbox_count(context);
}

static void an_alert_is_on_disk_while_it_is_sent_and_gone_afterwards(void **state)
{
  struct fixture *f = *state;
  f->server[0].on_request = look_at_outbox;
  f->server[0].context = f;
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  assert_int_equal(notify_stats(f->notify).waiting, 1);
  run_until(f, is_one_sent);
  assert_int_equal(f->waiting_at_request, 1);
  assert_int_equal(outbox_count(f), 0);
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
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, is_one_sent);
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
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, is_one_dead);
  alert(f, "00000000000000a2", ALERT_FIRING);
  run_until(f, is_one_sent);
  assert_int_equal(f->server[0].count, 2);
  assert_string_equal(f->server[0].request[1].key, "00000000000000a2-firing");
  notify_free(f->notify);
  start(f, 1); /* it is on disk */
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
  start(f, 1);
  int64_t before_ns = clock_now_ns();
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, has_failed);
  int64_t due_ns = 0;
  assert_int_equal(store_deliveries_each(f->store, newest_due, &due_ns), 0);
  assert_true(due_ns >= before_ns + 3600 * NS_PER_S);
}

static void the_all_clear_follows_and_what_is_pending_or_too_small_is_not_sent(void **state)
{
  struct fixture *f = *state;
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_PENDING);
  struct err_message message = {""};
  struct alert info = sample_alert("00000000000000a0", "web2/eth0");
  info.finding.severity = SEVERITY_INFO;
  assert_int_equal(notify_alert(f->notify, &info, &message), 0);
  assert_int_equal(notify_stats(f->notify).waiting, 0);
  alert(f, "00000000000000a1", ALERT_FIRING);
  alert(f, "00000000000000a1", ALERT_RESOLVED);
  run_until(f, is_two_sent);
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
  start(f, 2);
  alert(f, "00000000000000a1", ALERT_FIRING);
  alert(f, "00000000000000a2", ALERT_FIRING);
  run_until(f, is_two_sent);
  assert_int_equal(f->server[1].count, 2);
  assert_true(f->server[0].count <= 1); /* one attempt in flight */
  assert_int_equal(notify_stats(f->notify).waiting, 2);
}

static void an_outage_over_a_restart_loses_nothing(void **state)
{
  struct fixture *f = *state;
  f->setting[0].url = strdup("http://127.0.0.1:1/hook"); /* nobody listens there */
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, has_failed);
  notify_free(f->notify);
  free(f->setting[0].url);
  f->setting[0].url = f->url[0];
  start(f, 1);
  run_until(f, is_one_sent);
  assert_int_equal(f->server[0].count, 1);
  assert_string_equal(f->server[0].request[0].key, "00000000000000a1-firing");
}

static void what_waits_for_a_receiver_that_is_gone_is_kept_and_counted(void **state)
{
  struct fixture *f = *state;
  f->setting[0].url = strdup("http://127.0.0.1:1/hook");
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  notify_free(f->notify);
  start(f, 0);
  assert_int_equal(notify_stats(f->notify).orphaned, 1);
  assert_int_equal(outbox_count(f), 1);
  free(f->setting[0].url);
}

static void a_redirect_is_not_followed(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0] = (struct http_receiver_plan){302, "Location", "/elsewhere"};
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, is_one_sent);
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
  start(f, 1);
  alert(f, "00000000000000a1", ALERT_FIRING);
  run_until(f, is_one_sent);
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

static void while_the_disk_refuses_alerts_wait_and_then_go_out(void **state)
{
  struct fixture *f = *state;
  struct rlimit limit;
  (void)signal(SIGXFSZ, SIG_IGN);
  start(f, 1);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  struct rlimit none = {0, limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
  alert(f, "00000000000000a1", ALERT_FIRING);
  alert(f, "00000000000000a1", ALERT_RESOLVED);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_int_equal(outbox_count(f), 0);
  run_until(f, is_two_sent);
  assert_string_equal(f->server[0].request[1].key, "00000000000000a1-resolved");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
      WITH(while_the_disk_refuses_alerts_wait_and_then_go_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
