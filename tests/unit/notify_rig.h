/* SPDX-License-Identifier: Apache-2.0 */
/* Notify over a real store, on a loop, with HTTP receivers that the test runs itself. */
#ifndef TESTS_UNIT_NOTIFY_RIG_H
#define TESTS_UNIT_NOTIFY_RIG_H

#include "collector/notify.h"
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

/* For cmocka: *state is a fixture. */
int notify_rig_setup(void **state);
int notify_rig_teardown(void **state);
/* Makes f->notify with so many of the two receivers. */
void notify_rig_start(struct fixture *f, size_t receivers);
/* Hands notify an alert about web1/eth0. */
void notify_rig_alert(struct fixture *f, const char *id, enum alert_state state);
/* Runs the loop until the counters say so; fails when they never do. */
void notify_rig_run_until(struct fixture *f, bool (*is_so)(const struct notify_stats *stats));
bool notify_rig_is_one_sent(const struct notify_stats *stats);
bool notify_rig_is_two_sent(const struct notify_stats *stats);
/* Deliveries on disk that are not dead. */
size_t notify_rig_outbox_count(struct fixture *f);

#endif
