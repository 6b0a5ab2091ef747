/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that refuses: alerts are sent all the same, once, and end on disk. A file size limit of 0
 * makes every write of the store fail, as a full disk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/notify_disk.h"
#include "collector/notify_held.h"
#include "common/clock.h"
#include "tests/unit/collector_samples.h"
#include "tests/unit/notify_rig.h"

#define A1 "00000000000000a1"
#define A2 "00000000000000a2"

static void disk_refuse(bool is_refused)
{
  struct rlimit limit;
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = is_refused ? 0 : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int teardown(void **state)
{
  disk_refuse(false);
  return notify_rig_teardown(state);
}

static bool is_all_saved(const struct notify_stats *stats)
{
  return stats->unsaved == 0 && stats->waiting == 0;
}

static bool has_failed(const struct notify_stats *stats)
{
  return stats->failed_attempts > 0;
}

static bool is_one_dead(const struct notify_stats *stats)
{
  return stats->dead == 1;
}

static void keep_state(void *context, const struct alert *alert)
{
  *(enum alert_state *)context = alert->state;
}

static void while_the_disk_refuses_alerts_are_sent_and_say_so(void **state)
{
  struct fixture *f = *state;
  notify_rig_start(f, 1);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING);
  assert_int_equal(notify_stats(f->notify).waiting, 1);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(notify_stats(f->notify).unsaved, 1);
  assert_string_equal(f->server[0].request[0].key, A1 "-firing");
  assert_non_null(strstr(f->server[0].request[0].body, "\"saved\":false"));
  enum alert_state kept = ALERT_PENDING;
  notify_unsaved_each(f->notify, keep_state, &kept);
  assert_int_equal(kept, ALERT_FIRING);
}

static void what_was_sent_is_written_later_and_not_sent_again(void **state)
{
  struct fixture *f = *state;
  struct alert found;
  notify_rig_start(f, 1);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(store_alert_find(f->store, A1, &found), ERR_NOT_FOUND);
  disk_refuse(false);
  notify_rig_run_until(f, is_all_saved);
  assert_int_equal(store_alert_find(f->store, A1, &found), 0);
  assert_int_equal(notify_rig_outbox_count(f), 0);
  notify_rig_alert(f, A1, ALERT_RESOLVED);
  notify_rig_run_until(f, notify_rig_is_two_sent);
  assert_int_equal(f->server[0].count, 2);
  assert_string_equal(f->server[0].request[1].key, A1 "-resolved");
  assert_null(strstr(f->server[0].request[1].body, "\"saved\""));
}

static void what_waited_on_disk_is_sent_as_well_and_once(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0].status = 500;
  notify_rig_start(f, 1);
  notify_rig_alert(f, A1, ALERT_FIRING);
  notify_rig_alert(f, A2, ALERT_FIRING);
  disk_refuse(true); /* before the first outcome */
  notify_rig_run_until(f, notify_rig_is_two_sent);
  assert_int_equal(f->server[0].count, 3);
  assert_int_equal(notify_rig_outbox_count(f), 2);
  disk_refuse(false);
  notify_rig_run_until(f, is_all_saved);
  notify_free(f->notify);
  assert_int_equal(notify_rig_outbox_count(f), 0);
  notify_rig_start(f, 1);
  assert_int_equal(notify_stats(f->notify).waiting, 0);
}

static void what_fails_is_tried_again_by_the_same_bytes_and_key(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0].status = 500;
  notify_rig_start(f, 1);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING);
  notify_rig_run_until(f, has_failed);
  disk_refuse(false); /* the second attempt may be from memory or from disk */
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_int_equal(f->server[0].count, 2);
  assert_string_equal(f->server[0].request[0].key, f->server[0].request[1].key);
  assert_string_equal(f->server[0].request[0].body, f->server[0].request[1].body);
}

static void a_dead_letter_is_written_too(void **state)
{
  struct fixture *f = *state;
  f->server[0].planned = 1;
  f->server[0].plan[0].status = 400;
  notify_rig_start(f, 1);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING);
  notify_rig_run_until(f, is_one_dead);
  disk_refuse(false);
  notify_free(f->notify); /* the last attempt at the disk */
  notify_rig_start(f, 1);
  assert_int_equal(notify_stats(f->notify).dead, 1);
  assert_int_equal(notify_stats(f->notify).waiting, 0);
}

static void the_store_of_a_stopped_collector_holds_what_was_not_sent(void **state)
{
  struct fixture *f = *state;
  f->setting[0].url = strdup("http://127.0.0.1:1/hook");
  notify_rig_start(f, 1);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING);
  notify_rig_run_until(f, has_failed);
  disk_refuse(false);
  notify_free(f->notify);
  free(f->setting[0].url);
  f->setting[0].url = f->url[0];
  notify_rig_start(f, 1);
  notify_rig_run_until(f, notify_rig_is_one_sent);
  assert_string_equal(f->server[0].request[0].key, A1 "-firing");
}

static void too_many_alerts_for_the_memory_are_counted_as_lost(void **state)
{
  struct fixture *f = *state;
  struct err_message message = {""};
  notify_rig_start(f, 0);
  disk_refuse(true);
  struct alert a = sample_alert(A1, "web1/eth0");
  for (int i = 0; i < NOTIFY_HELD_MAX; i++) {
    assert_int_equal(notify_alert(f->notify, &a, &message), 0);
  }
  assert_int_equal(notify_alert(f->notify, &a, &message), ERR_LIMIT);
  assert_non_null(strstr(message.text, A1));
  assert_int_equal(notify_stats(f->notify).unsaved, NOTIFY_HELD_MAX);
  assert_int_equal(notify_stats(f->notify).unstored, 1);
}

static bool has_own_alert(const struct notify_stats *stats)
{
  return stats->sent == 2;
}

static void the_refusing_store_is_an_alert_of_its_own(void **state)
{
  struct fixture *f = *state;
  const char *why = "";
  notify_rig_start(f, 1);
  assert_null(notify_own_alert(f->notify));
  assert_int_equal(notify_refused_since(f->notify, &why), 0);
  disk_refuse(true);
  notify_rig_alert(f, A1, ALERT_FIRING); /* and tried again every two seconds */
  notify_rig_run_until(f, has_own_alert);
  const struct alert *own = notify_own_alert(f->notify);
  assert_non_null(own);
  assert_int_equal(own->finding.severity, SEVERITY_CRITICAL);
  assert_non_null(strstr(own->finding.summary, "refuses writes"));
  assert_non_null(strstr(f->server[0].request[1].body, "\"rule\":\"store\""));
  assert_true(notify_refused_since(f->notify, &why) > 0);
  assert_non_null(strstr(why, f->folder));
}

/* In virtual time. */
static void one_refusal_is_no_alert_and_the_all_clear_waits_for_the_hold(void **state)
{
  (void)state;
  const struct err_message why = {"disk full"};
  struct notify_disk disk;
  notify_disk_init(&disk, 7, 10 * NS_PER_S);
  assert_false(notify_disk_look(&disk, 7, &why, 100 * NS_PER_S, 0));
  assert_false(notify_disk_look(&disk, 8, &why, 101 * NS_PER_S, NS_PER_S));
  assert_int_equal(disk.since_ns, 101 * NS_PER_S);
  assert_false(notify_disk_look(&disk, 8, &why, 111 * NS_PER_S, 11 * NS_PER_S));
  assert_int_equal(disk.since_ns, 0);
  assert_false(notify_disk_look(&disk, 9, &why, 200 * NS_PER_S, 100 * NS_PER_S));
  assert_true(notify_disk_look(&disk, 11, &why, 202 * NS_PER_S, 102 * NS_PER_S));
  assert_int_equal(disk.alert.state, ALERT_FIRING);
  assert_int_equal(disk.alert.started_ns, 200 * NS_PER_S);
  assert_true(disk.alert.peak == 3);
  char id[ALERT_ID_MAX];
  memcpy(id, disk.alert.id, sizeof(id));
  assert_false(notify_disk_look(&disk, 12, &why, 203 * NS_PER_S, 103 * NS_PER_S));
  assert_false(notify_disk_look(&disk, 12, &why, 212 * NS_PER_S, 112 * NS_PER_S));
  assert_true(notify_disk_look(&disk, 12, &why, 213 * NS_PER_S, 113 * NS_PER_S));
  assert_int_equal(disk.alert.state, ALERT_RESOLVED);
  assert_string_equal(disk.alert.id, id);
  assert_false(disk.is_firing);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, notify_rig_setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH(while_the_disk_refuses_alerts_are_sent_and_say_so),
      WITH(what_was_sent_is_written_later_and_not_sent_again),
      WITH(what_waited_on_disk_is_sent_as_well_and_once),
      WITH(what_fails_is_tried_again_by_the_same_bytes_and_key),
      WITH(a_dead_letter_is_written_too),
      WITH(the_store_of_a_stopped_collector_holds_what_was_not_sent),
      WITH(too_many_alerts_for_the_memory_are_counted_as_lost),
      WITH(the_refusing_store_is_an_alert_of_its_own),
      cmocka_unit_test(one_refusal_is_no_alert_and_the_all_clear_waits_for_the_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
