/* SPDX-License-Identifier: Apache-2.0 */
/* See the header: notify between a store and receivers. */
#include "tests/unit/notify_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/collector_samples.h"

int notify_rig_setup(void **state)
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

int notify_rig_teardown(void **state)
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

void notify_rig_start(struct fixture *f, size_t receivers)
{
  struct err_message message = {""};
  f->settings.receivers.count = receivers;
  assert_int_equal(notify_new(f->loop, f->store, &f->settings, &f->notify, &message), 0);
}

void notify_rig_alert(struct fixture *f, const char *id, enum alert_state state)
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

void notify_rig_run_until(struct fixture *f, bool (*is_so)(const struct notify_stats *stats))
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

bool notify_rig_is_one_sent(const struct notify_stats *stats)
{
  return stats->sent == 1;
}

bool notify_rig_is_two_sent(const struct notify_stats *stats)
{
  return stats->sent == 2;
}

static void count_delivery(void *context, const struct store_delivery *d)
{
  size_t *count = context;
  *count += !d->is_dead;
}

size_t notify_rig_outbox_count(struct fixture *f)
{
  size_t count = 0;
  assert_int_equal(store_deliveries_each(f->store, count_delivery, &count), 0);
  return count;
}
