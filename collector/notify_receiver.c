/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a delivery: waiting in the outbox -> one attempt -> gone (2xx), a dead letter (a
 * refusal that will not change), or waiting again until its next attempt. Two waits add up: a
 * delivery's own, by its attempts, and the receiver's, by its failures in a row, so that one body
 * that a receiver cannot digest does not hold up the others. */
#include "collector/notify_receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_body.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/log.h"

#define STORE_RETRY_NS (5 * NS_PER_S)
#define LOOK_AGAIN_NS  (3600 * NS_PER_S) /* a wall clock that was set back is noticed then */

enum receiver_state {
  RECEIVER_IDLE,
  RECEIVER_SENDING,
};

/* The delivery under way is a copy of its row, or of what is held in memory; that stays until the
 * outcome is noted there. */
struct notify_receiver {
  struct notify_shared *shared;
  const struct receiver_setting *setting;
  struct notify_http_client *client;
  struct loop_timer *timer;
  char *secret;
  char *routing_key;
  char *url;
  enum receiver_state state;
  bool is_delivered; /* the outcome of `current` */
  uint32_t failures; /* in a row */
  int64_t failing_since_ns;
  char failure[128]; /* the newest one's words */
  int64_t rests_until_ns;
  struct store_delivery current;
  struct notify_held_delivery *item; /* of current, while the outbox is in memory */
};

/* An option that is not set reads as an empty text. */
static int read_optional(const char *path, char **out, struct err_message *message)
{
  if (path == NULL || path[0] == '\0') {
    *out = strdup("");
    return *out != NULL ? 0 : err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  return notify_read_secret(path, out, message);
}

/* Secrets are read once at the start, when a mistake can still be told to a person. */
static int read_secrets(struct notify_receiver *receiver, struct err_message *message)
{
  const struct receiver_setting *setting = receiver->setting;
  int err = read_optional(setting->secret_file, &receiver->secret, message);
  if (err == 0) {
    err = read_optional(setting->routing_key_file, &receiver->routing_key, message);
  }
  if (err == 0) {
    err = read_optional(setting->url_file, &receiver->url, message);
  }
  if (err != 0) {
    return err;
  }
  if (receiver->url[0] == '\0') {
    free(receiver->url);
    receiver->url = strdup(setting->url);
  }
  const char *expected = receiver->url == NULL
                             ? "memory"
                             : collector_settings_check_url(receiver->url, setting->allow_http);
  /* The URL may be a secret: it is not quoted. */
  return expected == NULL
             ? 0
             : err_set(message, ERR_MALFORMED, "its URL is not usable: expected %s", expected);
}

/* How long after `attempts` failures: doubled each time, the upper half of it by chance. */
static int64_t back_off(const struct receiver_setting *setting, uint32_t attempts)
{
  int64_t wait = setting->retry_first_ns;
  for (uint32_t i = 1; i < attempts && wait < setting->retry_max_ns; i++) {
    wait *= 2;
  }
  if (wait > setting->retry_max_ns) {
    wait = setting->retry_max_ns;
  }
  /* By chance, so that many receivers of one service do not knock in step after an outage. */
  int64_t half = wait / 2;
  double chance = arc4random() / 4294967296.0;
  return half + (int64_t)((double)half * chance);
}

/* Whether the same request would be refused again whenever it is sent. */
static bool is_final(int status)
{
  return status >= 400 && status < 500 && status != 408 && status != 429;
}

/* On disk: the row goes, or gets its next attempt or its end as a dead letter. */
static int write_outcome(const struct notify_receiver *receiver)
{
  struct store *store = receiver->shared->store;
  const struct store_delivery *current = &receiver->current;
  return receiver->is_delivered ? store_delivery_done(store, current->id)
                                : store_delivery_update(store, current);
}

/* Notes the outcome where the delivery came from. A disk that refuses it makes the outbox move into
 * memory, where this outcome is the first one noted: or one alert would be sent again and again. */
static void store_outcome(struct notify_receiver *receiver)
{
  struct notify_shared *shared = receiver->shared;
  const struct store_delivery *current = &receiver->current;
  if (!notify_held_is_active(shared->held) && write_outcome(receiver) != 0) {
    shared->refused(shared->context);
  }
  /* Without memory there may be no item: then the row will be tried again. */
  if (receiver->item != NULL) {
    notify_held_outcome(receiver->item, current, receiver->is_delivered);
    receiver->item = NULL;
  }
  if (receiver->is_delivered || current->is_dead) {
    shared->stats.waiting--;
  }
  shared->stats.dead += current->is_dead;
  free(receiver->current.body);
  receiver->current.body = NULL;
  receiver->state = RECEIVER_IDLE;
  loop_timer_set(receiver->timer, 0); /* by the loop, not by recursion */
}

void notify_receiver_hold(struct notify_receiver *receiver)
{
  if (receiver->state == RECEIVER_SENDING) {
    receiver->item = notify_held_adopt(receiver->shared->held, &receiver->current);
  }
}

/* What is under way has its row by now. */
void notify_receiver_release(struct notify_receiver *receiver)
{
  if (receiver->item != NULL) {
    receiver->current.id = receiver->item->delivery.id;
    receiver->item = NULL;
  }
}

bool notify_receiver_failing(const struct notify_receiver *receiver, struct notify_failing *out)
{
  if (receiver->failures == 0) {
    return false;
  }
  *out = (struct notify_failing){receiver->setting->name, receiver->failure, receiver->failures,
                                 receiver->failing_since_ns};
  return true;
}

/* It will be refused whenever it is sent: kept to be looked at, out of the way of the others. */
static void bury(struct notify_receiver *receiver, const char *why)
{
  struct store_delivery *current = &receiver->current;
  current->is_dead = true;
  (void)snprintf(current->last_error, sizeof(current->last_error), "%s", why);
  log_error("receiver %s: alert %s (%s) is not delivered and kept as a dead letter: %s",
            receiver->setting->name, current->alert_id,
            alert_state_name((enum alert_state)current->state), why);
  store_outcome(receiver);
}

/* A streak of failures is told once; how it goes on stands in the outbox. */
static void fail(struct notify_receiver *receiver, const struct notify_http_answer *answer)
{
  struct store_delivery *current = &receiver->current;
  int64_t now = clock_now_ns();
  receiver->shared->stats.failed_attempts++;
  if (receiver->failures == 0) {
    receiver->failing_since_ns = now;
  }
  if (receiver->failures < UINT32_MAX) {
    receiver->failures++;
  }
  (void)snprintf(receiver->failure, sizeof(receiver->failure), "%s", answer->text);
  current->attempts++;
  (void)snprintf(current->last_error, sizeof(current->last_error), "%s", answer->text);
  if (is_final(answer->status)) {
    receiver->failures = 0; /* it is there and has answered */
    bury(receiver, answer->text);
    return;
  }
  /* Retry-After is a floor under both waits: the receiver knows best. */
  int64_t own = back_off(receiver->setting, current->attempts);
  int64_t rest = back_off(receiver->setting, receiver->failures);
  if (answer->retry_after_ns > rest) {
    rest = answer->retry_after_ns;
  }
  current->next_attempt_ns = now + (own > answer->retry_after_ns ? own : answer->retry_after_ns);
  receiver->rests_until_ns = now + rest;
  if (receiver->failures == 1) {
    log_warning("receiver %s: attempt %u at alert %s failed: %s; it is tried again",
                receiver->setting->name, current->attempts, current->alert_id, answer->text);
  }
  store_outcome(receiver);
}

/* The receiver has it; what is left is to forget it on disk. */
static void post_done(void *context, const struct notify_http_answer *answer)
{
  struct notify_receiver *receiver = context;
  if (answer->status < 200 || answer->status > 299) {
    fail(receiver, answer);
    return;
  }
  if (receiver->failures > 0) {
    log_info("receiver %s: takes alerts again", receiver->setting->name);
  }
  receiver->failures = 0;
  receiver->rests_until_ns = 0;
  receiver->is_delivered = true;
  receiver->shared->stats.sent++;
  store_outcome(receiver);
}

/* The body for this receiver from the alert as it stands in the outbox; NULL when it cannot be
 * read any more. */
static char *make_body(const struct notify_receiver *receiver)
{
  struct alert alert;
  json_error_t error;
  json_t *object = json_loads(receiver->current.body, 0, &error);
  int err = object == NULL ? ERR_MALFORMED : render_alert_read(object, &alert);
  bool is_saved = !json_is_false(json_object_get(object, "saved"));
  json_decref(object);
  return err != 0 ? NULL
                  : notify_body(receiver->setting->type, receiver->routing_key, &alert, is_saved);
}

/* The body is made anew for each attempt from the same stored alert: the same bytes, so that the
 * idempotency key does not lie, and no secret lies in the database. */
static void attempt(struct notify_receiver *receiver)
{
  const struct store_delivery *current = &receiver->current;
  receiver->state = RECEIVER_SENDING;
  receiver->is_delivered = false;
  if (receiver->item != NULL) {
    receiver->item->state = NOTIFY_HELD_SENDING;
  }
  char *body = make_body(receiver);
  if (body == NULL) {
    bury(receiver, "the alert in the outbox cannot be read");
    return;
  }
  char key[ALERT_ID_MAX + 16];
  char signature[NOTIFY_SIGNATURE_MAX] = "";
  /* The key names alert and state, not the attempt: a receiver that got it twice can tell (P8). */
  (void)snprintf(key, sizeof(key), "%s-%s", current->alert_id,
                 alert_state_name((enum alert_state)current->state));
  if (receiver->secret[0] != '\0') {
    notify_sign(receiver->secret, body, signature);
  }
  int err = notify_http_post(receiver->client, body, key, signature);
  free(body);
  if (err != 0) {
    struct notify_http_answer answer = {.status = 0};
    (void)snprintf(answer.text, sizeof(answer.text), "%s", err_text(err));
    fail(receiver, &answer);
  }
}

/* The delivery to try at `now`, or the one that is due first, from the outbox as it is now: on disk
 * or in memory. */
static int take_next(struct notify_receiver *receiver, int64_t now)
{
  const struct notify_shared *shared = receiver->shared;
  const char *name = receiver->setting->name;
  if (!notify_held_is_active(shared->held)) {
    return store_delivery_next(shared->store, name, now, &receiver->current);
  }
  struct notify_held_delivery *item = notify_held_next(shared->held, name, now);
  char *body = item != NULL ? strdup(item->delivery.body) : NULL;
  if (body == NULL) {
    return item != NULL ? ERR_NO_MEMORY : ERR_NOT_FOUND;
  }
  receiver->item = item;
  receiver->current = item->delivery;
  receiver->current.body = body;
  return 0;
}

/* Called on every change, and by the timer: it does nothing while something is under way. */
void notify_receiver_look(struct notify_receiver *receiver)
{
  int64_t now = clock_now_ns();
  /* One attempt at a time: order within an alert is kept by the query, and by this. */
  if (receiver->state != RECEIVER_IDLE) {
    return;
  }
  if (receiver->rests_until_ns - now > LOOK_AGAIN_NS * 24) {
    receiver->rests_until_ns = now; /* the wall clock was set back */
  }
  if (receiver->rests_until_ns > now) {
    loop_timer_set(receiver->timer, receiver->rests_until_ns - now);
    return;
  }
  int err = take_next(receiver, now);
  if (err == ERR_NOT_FOUND) {
    return;
  }
  if (err != 0) {
    loop_timer_set(receiver->timer, STORE_RETRY_NS);
    return;
  }
  /* Due, or the one that is due first: then its row is read again when its time has come. */
  int64_t wait = receiver->current.next_attempt_ns - now;
  if (wait <= 0) {
    attempt(receiver);
    return;
  }
  free(receiver->current.body);
  receiver->current.body = NULL;
  receiver->item = NULL;
  loop_timer_set(receiver->timer, wait < LOOK_AGAIN_NS ? wait : LOOK_AGAIN_NS);
}

/* The one timer of all waits. */
static void timer_due(void *context)
{
  notify_receiver_look(context);
}

/* Errors of all steps end here with the receiver's name in front. */
int notify_receiver_new(struct notify_shared *shared, const struct receiver_setting *setting,
                        struct notify_receiver **out, struct err_message *message)
{
  struct err_message why = {"out of memory"};
  struct notify_receiver *receiver = calloc(1, sizeof(*receiver));
  int err = receiver == NULL ? ERR_NO_MEMORY : 0;
  if (err == 0) {
    receiver->shared = shared;
    receiver->setting = setting;
    /* The timer before the secrets, as a failure of either ends below. */
    receiver->timer = loop_timer_new(shared->loop, timer_due, receiver);
    err = receiver->timer == NULL ? ERR_NO_MEMORY : read_secrets(receiver, &why);
  }
  if (err == 0) {
    struct notify_http_config config = {receiver->url,       setting->ca_file, setting->allow_http,
                                        setting->timeout_ns, post_done,        receiver};
    err = notify_http_client_new(shared->http, &config, &receiver->client, &why);
  }
  if (err != 0) {
    notify_receiver_free(receiver);
    return err_set(message, err, "receiver %s: %s", setting->name, why.text);
  }
  *out = receiver;
  return 0;
}

void notify_receiver_free(struct notify_receiver *receiver)
{
  if (receiver == NULL) {
    return;
  }
  notify_http_client_free(receiver->client);
  loop_timer_free(receiver->timer);
  free(receiver->current.body);
  free(receiver->secret);
  free(receiver->routing_key);
  free(receiver->url);
  free(receiver);
}
