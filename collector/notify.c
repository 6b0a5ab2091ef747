/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts -> outbox -> receivers.
 *
 *   alert -> alert and its deliveries in one transaction -> receivers look into the outbox
 *         |-> the disk refuses: the outbox is in memory (notify_held.h), and receivers look there
 *             at once; every 2 s the disk is tried again, until it has all of it
 *
 * From the moment of the commit the alert arrives, whatever happens to this process (P8). While the
 * disk refuses it arrives as long as this process lives, and says of itself that it is not saved.
 */
#include "collector/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_disk.h"
#include "collector/notify_receiver.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/log.h"

#define HELD_RETRY_NS (2 * NS_PER_S)
#define HELD_STEP     64 /* writes in one turn of the loop: each waits for the disk */
#define DISK_LOOK_NS  NS_PER_S
#define DISK_HOLD_NS  (10 * NS_PER_S)
/* A wait longer than any back-off can be: the mark of a clock that was ahead when it was
 * written. */
#define FAR_AHEAD_NS (INT64_C(2) * 86400 * NS_PER_S)

/* One object for all receivers; each has its own queue (notify_receiver.c). */
struct notify {
  struct notify_shared shared;
  const struct collector_settings *settings;
  size_t receiver_count;
  struct notify_receiver **receivers; /* in the order of the settings */
  struct loop_timer *timer;           /* writes what is held in memory */
  struct loop_timer *disk_timer;      /* looks whether the disk refuses */
  struct notify_disk disk;
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

/* Each delivery carries the alert as of now: what happens to it later is another delivery. A body
 * never changes, so "saved": false stays in it when the disk takes it at last. */
static int make_deliveries(const struct notify *notify, const struct alert *alert, bool is_saved,
                           struct store_delivery *deliveries, size_t *count)
{
  json_t *object = render_alert_saved(alert, is_saved);
  char *body = object == NULL ? NULL : json_dumps(object, JSON_FORM);
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

/* Frees the bodies; the array is the caller's. */
static void free_bodies(struct store_delivery *deliveries, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    free(deliveries[i].body);
  }
}

/* The alert and its deliveries on disk, at once. */
static int put_alert(struct notify *notify, const struct alert *alert,
                     struct store_delivery *deliveries, struct err_message *message)
{
  size_t count = 0;
  int err = 0;
  /* Pending is kept for the answers; it becomes a delivery when it fires. */
  if (alert->state != ALERT_PENDING) {
    err = make_deliveries(notify, alert, true, deliveries, &count);
  }
  if (err != 0) {
    (void)err_set(message, err, "alert %s: %s", alert->id, err_text(err));
  } else {
    err = store_put_alert_deliveries(notify->shared.store, alert, deliveries, count, message);
  }
  free_bodies(deliveries, count);
  notify->shared.stats.waiting += err == 0 ? count : 0;
  return err;
}

/* From here on receivers take from memory. What they are sending goes along. */
static void begin_holding(void *context)
{
  struct notify *notify = context;
  struct err_message why = {""};
  if (notify_held_is_active(notify->shared.held)) {
    return;
  }
  (void)store_refusals(notify->shared.store, &why);
  log_error("outbox: the disk refuses: alerts are sent from memory until it takes them: %s",
            why.text);
  notify_held_begin(notify->shared.held);
  for (size_t i = 0; i < notify->receiver_count; i++) {
    notify_receiver_hold(notify->receivers[i]);
  }
  loop_timer_set(notify->timer, HELD_RETRY_NS);
}

/* The pipeline cannot wait: what the disk refuses now is kept in order, sent, and written later. */
static int hold_alert(struct notify *notify, const struct alert *alert,
                      struct store_delivery *deliveries, struct err_message *message)
{
  size_t count = 0;
  begin_holding(notify);
  /* Nobody is told of it, and the places are for those who are. */
  if (alert->state == ALERT_PENDING) {
    return 0;
  }
  int err = make_deliveries(notify, alert, false, deliveries, &count);
  if (err != 0) {
    free_bodies(deliveries, count);
  } else {
    err = notify_held_add(notify->shared.held, alert, deliveries, count);
  }
  if (err != 0) {
    notify->shared.stats.unstored++;
    return err_set(
        message, err, "alert %s (%s) is lost: the disk refuses and %zu alerts wait already: %s",
        alert->id, alert->finding.subject, notify_held_unsaved(notify->shared.held), err_text(err));
  }
  notify->shared.stats.waiting += count;
  return 0;
}

/* The timer goes on until the disk has taken all of it; then the outbox is on disk again. */
static void held_due(void *context)
{
  struct notify *notify = context;
  int err = notify_held_write(notify->shared.held, HELD_STEP);
  if (err != 0) {
    loop_timer_set(notify->timer, err == ERR_AGAIN ? NS_PER_MS : HELD_RETRY_NS);
    return;
  }
  for (size_t i = 0; i < notify->receiver_count; i++) {
    notify_receiver_release(notify->receivers[i]);
  }
  notify_held_end(notify->shared.held);
  log_info("outbox: the alerts that were in memory are on disk");
  look_all(notify);
}

/* While others are held, this one stands behind them: what is told of one alert stays in order. */
int notify_alert(struct notify *notify, const struct alert *alert, struct err_message *message)
{
  struct store_delivery *deliveries = calloc(notify->receiver_count + 1, sizeof(*deliveries));
  if (deliveries == NULL) {
    notify->shared.stats.unstored++;
    return err_set(message, ERR_NO_MEMORY, "alert %s is lost: %s", alert->id,
                   err_text(ERR_NO_MEMORY));
  }
  int err = 0;
  if (notify_held_is_active(notify->shared.held) ||
      put_alert(notify, alert, deliveries, message) != 0) {
    err = hold_alert(notify, alert, deliveries, message);
  }
  free(deliveries);
  if (alert->state != ALERT_PENDING) {
    look_all(notify);
  }
  return err;
}

/* Every second: a checkpoint that the disk refuses makes no alert by itself. */
static void disk_due(void *context)
{
  struct notify *notify = context;
  struct notify_disk *disk = &notify->disk;
  struct err_message message = {""};
  uint64_t refusals = store_refusals(notify->shared.store, &message);
  if (notify_disk_look(disk, refusals, &message, clock_now_ns(), clock_monotonic_ns())) {
    const struct alert *alert = &disk->alert;
    log_info("alert %s %s: %s", alert->id, alert_state_name(alert->state), alert->finding.summary);
    if (notify_alert(notify, alert, &message) != 0) {
      log_error("%s", message.text);
    }
  }
  loop_timer_set(notify->disk_timer, DISK_LOOK_NS);
}

struct notify_stats notify_stats(const struct notify *notify)
{
  struct notify_stats stats = notify->shared.stats;
  stats.unsaved = notify_held_unsaved(notify->shared.held);
  return stats;
}

const struct alert *notify_own_alert(const struct notify *notify)
{
  return notify->disk.is_firing ? &notify->disk.alert : NULL;
}

int64_t notify_refused_since(const struct notify *notify, const char **why)
{
  *why = notify->disk.why.text;
  return notify->disk.since_ns;
}

void notify_unsaved_each(const struct notify *notify,
                         void (*each)(void *context, const struct alert *alert), void *context)
{
  notify_held_unsaved_each(notify->shared.held, each, context);
}

size_t notify_failing(const struct notify *notify, struct notify_failing *out, size_t n)
{
  size_t count = 0;
  for (size_t i = 0; i < notify->receiver_count && count < n; i++) {
    count += notify_receiver_failing(notify->receivers[i], &out[count]);
  }
  return count;
}

/* Receivers first, so that the outbox can be compared with them. */
static int start(struct notify *notify, struct err_message *message)
{
  notify->timer = loop_timer_new(notify->shared.loop, held_due, notify);
  notify->disk_timer = loop_timer_new(notify->shared.loop, disk_due, notify);
  notify->shared.held = notify_held_new(notify->shared.store);
  notify->receivers =
      calloc(notify->settings->receivers.count + 1, sizeof(struct notify_receiver *));
  if (notify->timer == NULL || notify->disk_timer == NULL || notify->shared.held == NULL ||
      notify->receivers == NULL) {
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
  notify->shared.refused = begin_holding;
  notify->shared.context = notify;
  notify->settings = settings;
  /* Two checkpoints that went well, at least. */
  int64_t hold_ns = 2 * settings->checkpoint_ns + 2 * NS_PER_S;
  notify_disk_init(&notify->disk, store_refusals(store, NULL),
                   hold_ns > DISK_HOLD_NS ? hold_ns : DISK_HOLD_NS);
  int err = start(notify, message);
  if (err != 0) {
    notify_free(notify);
    return err;
  }
  loop_timer_set(notify->disk_timer, DISK_LOOK_NS);
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
  struct notify_held *held = notify->shared.held;
  if (held != NULL && notify_held_write(held, SIZE_MAX) != 0) {
    log_error("outbox: the disk refuses: %zu alerts are missing from it, and some that were sent "
              "may be sent again after the next start",
              notify_held_unsaved(held));
  }
  for (size_t i = 0; i < notify->receiver_count; i++) {
    notify_receiver_free(notify->receivers[i]);
  }
  notify_http_free(notify->shared.http);
  notify_held_free(held);
  loop_timer_free(notify->timer);
  loop_timer_free(notify->disk_timer);
  free(notify->receivers);
  free(notify);
}
