/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts -> outbox. While the disk refuses, alerts wait in memory, in order and within a bound.
 *
 *   alert -> alert and its deliveries in one transaction -> receivers look into the outbox
 *         |-> the disk refuses: held[] in memory, in order -> tried every 2 s -> the same
 *
 * From the moment of the commit the alert arrives, whatever happens to this process (P8). */
#include "collector/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_receiver.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/log.h"

#define HELD_MAX      1024
#define HELD_RETRY_NS (2 * NS_PER_S)
/* A wait longer than any back-off can be: the mark of a clock that was ahead when it was
 * written. */
#define FAR_AHEAD_NS (INT64_C(2) * 86400 * NS_PER_S)

/* One object for all receivers; each has its own queue (notify_receiver.c). */
struct notify {
  struct notify_shared shared;
  const struct collector_settings *settings;
  size_t receiver_count;
  struct notify_receiver **receivers; /* in the order of the settings */
  struct loop_timer *timer;
  size_t held_count;
  struct alert *held;
  char orphan[64]; /* a receiver that the settings lack */
};

/* The array of settings has no type of its own. */
static const struct receiver_setting *receiver_setting_at(const struct notify *notify, size_t i)
{
  return (const struct receiver_setting *)notify->settings->receivers.item + i;
}

/* Receivers that the settings no longer name keep their deliveries, but nobody sends them. */
static bool is_configured(const struct notify *notify, const char *name)
{
  for (size_t i = 0; i < notify->receiver_count; i++) {
    if (strcmp(receiver_setting_at(notify, i)->name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* At start: counts what lies in the outbox. */
static void load_delivery(void *context, const struct store_delivery *delivery)
{
  struct notify *notify = context;
  struct notify_stats *stats = &notify->shared.stats;
  int64_t now = clock_now_ns();
  if (delivery->is_dead) {
    stats->dead++;
    return;
  }
  if (!is_configured(notify, delivery->receiver)) {
    stats->orphaned++;
    (void)snprintf(notify->orphan, sizeof(notify->orphan), "%s", delivery->receiver);
    return;
  }
  stats->waiting++;
  if (delivery->next_attempt_ns > now + FAR_AHEAD_NS) {
    struct store_delivery now_due = *delivery; /* written under a clock that was ahead */
    now_due.next_attempt_ns = now;
    (void)store_delivery_update(notify->shared.store, &now_due);
  }
}

/* Told once, at the start: afterwards the counters say it. */
static int load_outbox(struct notify *notify, struct err_message *message)
{
  const struct notify_stats *stats = &notify->shared.stats;
  if (store_deliveries_each(notify->shared.store, load_delivery, notify) != 0) {
    store_explain(notify->shared.store, message);
    return ERR_IO;
  }
  if (stats->orphaned > 0) {
    log_warning(
        "outbox: %llu deliveries are kept for receivers that the configuration lacks ('%s')",
        (unsigned long long)stats->orphaned, notify->orphan);
  }
  if (stats->waiting > 0) {
    log_info("outbox: %llu deliveries wait from before", (unsigned long long)stats->waiting);
  }
  return 0;
}

/* There may be something new, or room again: each receiver finds out by itself. */
static void look_all(struct notify *notify)
{
  for (size_t i = 0; i < notify->receiver_count; i++) {
    notify_receiver_look(notify->receivers[i]);
  }
}

/* Each delivery carries the alert as of now: what happens to it later is another delivery. */
static int make_deliveries(const struct notify *notify, const struct alert *alert,
                           struct store_delivery *deliveries, size_t *count)
{
  json_t *object = render_alert(alert);
  char *body = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
  int64_t now = clock_now_ns();
  json_decref(object);
  *count = 0;
  for (size_t i = 0; i < notify->receiver_count && body != NULL; i++) {
    const struct receiver_setting *setting = receiver_setting_at(notify, i);
    /* The threshold is the receiver's: it decides what wakes its people. */
    if ((int)alert->finding.severity < setting->min_severity) {
      continue;
    }
    struct store_delivery *d = &deliveries[*count];
    *d = (struct store_delivery){.state = (int)alert->state,
                                 .body = strdup(body),
                                 .created_ns = now,
                                 .next_attempt_ns = now};
    (void)snprintf(d->receiver, sizeof(d->receiver), "%s", setting->name);
    (void)snprintf(d->alert_id, sizeof(d->alert_id), "%s", alert->id);
    *count += 1;
    if (d->body == NULL) {
      free(body);
      return ERR_NO_MEMORY;
    }
  }
  free(body);
  return body != NULL ? 0 : ERR_NO_MEMORY;
}

/* The alert and its deliveries on disk, at once. */
static int put_alert(struct notify *notify, const struct alert *alert, struct err_message *message)
{
  /* Pending is kept for the answers; it becomes a delivery when it fires. */
  if (alert->state == ALERT_PENDING) {
    return store_put_alert(notify->shared.store, alert, message);
  }
  size_t count = 0;
  struct store_delivery *deliveries = calloc(notify->receiver_count + 1, sizeof(*deliveries));
  int err = deliveries == NULL ? ERR_NO_MEMORY : make_deliveries(notify, alert, deliveries, &count);
  if (err != 0) {
    (void)err_set(message, err, "alert %s: %s", alert->id, err_text(err));
  } else {
    err = store_put_alert_deliveries(notify->shared.store, alert, deliveries, count, message);
  }
  for (size_t i = 0; i < count; i++) {
    free(deliveries[i].body);
  }
  free(deliveries);
  notify->shared.stats.waiting += err == 0 ? count : 0;
  return err;
}

/* The pipeline cannot wait: what the disk refuses now is kept in order and tried again. */
static int hold(struct notify *notify, const struct alert *alert, struct err_message *message)
{
  if (notify->held_count == HELD_MAX) {
    notify->shared.stats.unstored++;
    return err_set(message, ERR_LIMIT,
                   "alert %s (%s) is lost: the disk refuses and %d alerts wait already", alert->id,
                   alert->finding.subject, HELD_MAX);
  }
  notify->held[notify->held_count++] = *alert;
  loop_timer_set(notify->timer, HELD_RETRY_NS);
  return 0;
}

/* In order, and stopping at the first that is refused again. */
static void store_held(struct notify *notify)
{
  struct err_message message;
  size_t done = 0;
  while (done < notify->held_count && put_alert(notify, &notify->held[done], &message) == 0) {
    done++;
  }
  notify->held_count -= done;
  memmove(notify->held, notify->held + done, notify->held_count * sizeof(*notify->held));
}

/* The timer goes on until the disk has taken all of them. */
static void held_due(void *context)
{
  struct notify *notify = context;
  store_held(notify);
  if (notify->held_count > 0) {
    loop_timer_set(notify->timer, HELD_RETRY_NS);
  } else {
    log_info("outbox: the alerts that waited for the disk are stored");
  }
  look_all(notify);
}

/* While others wait, this one waits behind them: what is told of one alert must stay in order. */
int notify_alert(struct notify *notify, const struct alert *alert, struct err_message *message)
{
  if (notify->held_count > 0) {
    return hold(notify, alert, message);
  }
  struct err_message why;
  if (put_alert(notify, alert, &why) != 0) {
    log_error("outbox: alerts wait in memory until the disk takes them: %s", why.text);
    return hold(notify, alert, message);
  }
  if (alert->state != ALERT_PENDING) {
    look_all(notify);
  }
  return 0;
}

struct notify_stats notify_stats(const struct notify *notify)
{
  return notify->shared.stats;
}

/* Receivers first, so that the outbox can be compared with them. */
static int start(struct notify *notify, struct err_message *message)
{
  notify->timer = loop_timer_new(notify->shared.loop, held_due, notify);
  notify->held = calloc(HELD_MAX, sizeof(*notify->held));
  notify->receivers =
      calloc(notify->settings->receivers.count + 1, sizeof(struct notify_receiver *));
  if (notify->timer == NULL || notify->held == NULL || notify->receivers == NULL) {
    return err_set(message, ERR_NO_MEMORY, "receivers: %s", err_text(ERR_NO_MEMORY));
  }
  int err = notify_http_new(notify->shared.loop, &notify->shared.http, message);
  for (size_t i = 0; err == 0 && i < notify->settings->receivers.count; i++) {
    err = notify_receiver_new(&notify->shared, receiver_setting_at(notify, i),
                              &notify->receivers[i], message);
    notify->receiver_count += err == 0;
  }
  return err != 0 ? err : load_outbox(notify, message);
}

/* At the end every receiver looks once: the outbox goes on where the last run stopped. */
int notify_new(struct loop *loop, struct store *store, const struct collector_settings *settings,
               struct notify **out, struct err_message *message)
{
  struct notify *notify = calloc(1, sizeof(*notify));
  if (notify == NULL) {
    return err_set(message, ERR_NO_MEMORY, "receivers: %s", err_text(ERR_NO_MEMORY));
  }
  notify->shared.loop = loop;
  notify->shared.store = store;
  notify->settings = settings;
  int err = start(notify, message);
  if (err != 0) {
    notify_free(notify);
    return err;
  }
  look_all(notify);
  *out = notify;
  return 0;
}

/* A last attempt at the disk: what it takes now is sent after the next start. */
void notify_free(struct notify *notify)
{
  if (notify == NULL) {
    return;
  }
  if (notify->held_count > 0) {
    store_held(notify);
  }
  if (notify->held_count > 0) {
    log_error("outbox: %zu alerts are lost: the disk refuses them", notify->held_count);
  }
  for (size_t i = 0; i < notify->receiver_count; i++) {
    notify_receiver_free(notify->receivers[i]);
  }
  notify_http_free(notify->shared.http);
  loop_timer_free(notify->timer);
  free(notify->receivers);
  free(notify->held);
  free(notify);
}
