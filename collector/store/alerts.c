/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts and the outbox: each change is on disk before anybody is told of it.
 *
 *   delivery   waiting -> done: the row is gone
 *                      -> dead: kept for a person to look at, until it expires
 *
 * The outbox holds the alert as it was when it changed, not a reference to it: what is sent later,
 * after a restart or an hour of outage, is still that (P8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/render.h"
#include "collector/store/db.h"

/* The state columns repeat what is in the JSON, for the questions that are asked of them. */
static int put_alert(struct store *store, const struct alert *alert)
{
  json_t *object = render_alert(alert);
  char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
  json_decref(object);
  int err = ERR_NO_MEMORY;
  if (text != NULL) {
    err = store_run(store, STORE_ALERT_PUT, "tiiit", alert->id, (int64_t)alert->state,
                    alert->started_ns, alert->last_seen_ns, text);
  }
  free(text);
  return err;
}

/* An alert that nobody is told of: pending. */
int store_put_alert(struct store *store, const struct alert *alert, struct err_message *message)
{
  return store_put_alert_deliveries(store, alert, NULL, 0, message);
}

/* A column of its own, so that a checkpoint need not write the whole alert again. */
int store_put_alert_seen(struct store *store, const char *id, int64_t last_seen_ns)
{
  return store_run(store, STORE_ALERT_SEEN, "ti", id, last_seen_ns);
}

/* The id orders the outbox: what was made first has the lower one. */
static int put_delivery(struct store *store, struct store_delivery *d)
{
  int err = store_run(store, STORE_DELIVERY_PUT, "ttitiiiti", d->receiver, d->alert_id,
                      (int64_t)d->state, d->body, d->created_ns, d->next_attempt_ns,
                      (int64_t)d->attempts, d->last_error, (int64_t)d->is_dead);
  if (err == 0) {
    d->id = sqlite3_last_insert_rowid(store->db);
  }
  return err;
}

/* Both or none: an alert on disk without its deliveries would never be told to anybody. */
int store_put_alert_deliveries(struct store *store, const struct alert *alert,
                               struct store_delivery *deliveries, size_t count,
                               struct err_message *message)
{
  int err = store_begin(store, message);
  if (err != 0) {
    return err;
  }
  err = put_alert(store, alert);
  for (size_t i = 0; i < count && err == 0; i++) {
    err = put_delivery(store, &deliveries[i]);
  }
  if (err != 0) {
    (void)store_failed(store, message, err, "cannot write an alert");
  } else {
    err = store_commit(store, message);
  }
  if (err != 0) {
    store_rollback(store);
  }
  return err;
}

/* What an attempt changes; the body and whom it is for never change. */
int store_delivery_update(struct store *store, const struct store_delivery *d)
{
  return store_run(store, STORE_DELIVERY_UPDATE, "iiiti", d->id, d->next_attempt_ns,
                   (int64_t)d->attempts, d->last_error, (int64_t)d->is_dead);
}

/* Delivered: nothing is left to remember but the alert itself. */
int store_delivery_done(struct store *store, int64_t id)
{
  return store_run(store, STORE_DELIVERY_DONE, "i", id);
}

/* Cut to its room: the columns were written from fields of the same size. */
static void copy_text(char *to, size_t size, const char *from)
{
  (void)snprintf(to, size, "%s", from);
}

/* The body stays the statement's until the next step. */
static const char *read_delivery(sqlite3_stmt *q, struct store_delivery *d)
{
  *d = (struct store_delivery){
      .id = sqlite3_column_int64(q, 0),
      .state = sqlite3_column_int(q, 3),
      .created_ns = sqlite3_column_int64(q, 5),
      .next_attempt_ns = sqlite3_column_int64(q, 6),
      .attempts = (uint32_t)sqlite3_column_int64(q, 7),
      .is_dead = sqlite3_column_int(q, 9) != 0,
  };
  copy_text(d->receiver, sizeof(d->receiver), store_column_text(q, 1));
  copy_text(d->alert_id, sizeof(d->alert_id), store_column_text(q, 2));
  copy_text(d->last_error, sizeof(d->last_error), store_column_text(q, 8));
  return store_column_text(q, 4);
}

/* The caller's copy of the body lives until the callback returns. */
int store_deliveries_each(struct store *store,
                          void (*each)(void *context, const struct store_delivery *delivery),
                          void *context)
{
  sqlite3_stmt *q = store_query(store, STORE_DELIVERY_EACH, "");
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    struct store_delivery delivery;
    const char *body = read_delivery(q, &delivery);
    delivery.body = strdup(body);
    /* The last step was a row and no end: store_query_end tells of it. */
    if (delivery.body == NULL) {
      break;
    }
    each(context, &delivery);
    free(delivery.body);
  }
  return store_query_end(q, step);
}

/* A copy of the body: the statement is done with when this returns. */
int store_delivery_next(struct store *store, const char *receiver, int64_t now_ns,
                        struct store_delivery *out)
{
  sqlite3_stmt *q = store_query(store, STORE_DELIVERY_NEXT, "ti", receiver, now_ns);
  if (q == NULL) {
    return ERR_IO;
  }
  int step = sqlite3_step(q);
  int err = step == SQLITE_DONE ? ERR_NOT_FOUND : ERR_IO;
  if (step == SQLITE_ROW) {
    struct store_delivery found;
    const char *body = read_delivery(q, &found);
    found.body = strdup(body);
    err = found.body == NULL ? ERR_NO_MEMORY : 0;
    if (err == 0) {
      *out = found;
    }
  }
  (void)sqlite3_reset(q);
  return err;
}

/* An alert that cannot be read is told of in the log and skipped: it must not hide the others. */
static int read_alert(struct store *store, sqlite3_stmt *q, struct alert *out)
{
  json_error_t error;
  json_t *object = json_loads(store_column_text(q, 1), 0, &error);
  int err = object == NULL ? ERR_MALFORMED : render_alert_read(object, out);
  json_decref(object);
  if (err != 0) {
    store_unreadable(store, "an alert", store_column_text(q, 0));
    return err;
  }
  /* Newer than in the JSON, which is of its last change. */
  int64_t seen_ns = sqlite3_column_int64(q, 2);
  out->last_seen_ns = seen_ns > out->last_seen_ns ? seen_ns : out->last_seen_ns;
  return 0;
}

/* state < 0 selects every row (see the statement). */
int store_alerts_each(struct store *store, int state, size_t limit,
                      void (*each)(void *context, const struct alert *alert), void *context)
{
  int64_t rows = limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
  sqlite3_stmt *q = store_query(store, STORE_ALERT_EACH, "ii", (int64_t)state, rows);
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    struct alert alert;
    if (read_alert(store, q, &alert) == 0) {
      each(context, &alert);
    }
  }
  return store_query_end(q, step);
}

/* The live ones are in the pipeline; this is for those that have resolved. */
int store_alert_find(struct store *store, const char *id, struct alert *out)
{
  sqlite3_stmt *q = store_query(store, STORE_ALERT_FIND, "t", id);
  if (q == NULL) {
    return ERR_IO;
  }
  int step = sqlite3_step(q);
  int err = step == SQLITE_DONE ? ERR_NOT_FOUND : ERR_IO;
  if (step == SQLITE_ROW) {
    err = read_alert(store, q, out);
  }
  (void)sqlite3_reset(q);
  return err;
}
