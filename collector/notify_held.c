/* SPDX-License-Identifier: Apache-2.0 */
/* A list of entries in the order of the outbox: first what was on disk, then what came since. Each
 * entry is written in one transaction and remembers that it was, so that a disk that takes some and
 * refuses the rest leaves nothing twice. */
#include "collector/notify_held.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the outbox that are copied; further ones wait for the disk. */
#define LOADED_MAX 4096

/* An alert with its deliveries, or (has_alert false) one delivery that is on disk already. */
struct entry {
  bool has_alert, is_saved;
  struct alert alert;
  size_t count;
  struct notify_held_delivery *delivery;
};

struct notify_held {
  struct store *store;
  bool is_active;
  size_t count, room, unsaved;
  struct entry **entry;
};

struct notify_held *notify_held_new(struct store *store)
{
  struct notify_held *held = calloc(1, sizeof(*held));
  if (held != NULL) {
    held->store = store;
  }
  return held;
}

static void entry_free(struct entry *entry)
{
  for (size_t i = 0; i < entry->count; i++) {
    free(entry->delivery[i].delivery.body);
  }
  free(entry->delivery);
  free(entry);
}

void notify_held_end(struct notify_held *held)
{
  for (size_t i = 0; i < held->count; i++) {
    entry_free(held->entry[i]);
  }
  free(held->entry);
  *held = (struct notify_held){.store = held->store};
}

void notify_held_free(struct notify_held *held)
{
  if (held != NULL) {
    notify_held_end(held);
    free(held);
  }
}

bool notify_held_is_active(const struct notify_held *held)
{
  return held->is_active;
}

/* A new entry at the end, with room for count deliveries and none in it yet. */
static struct entry *entry_new(struct notify_held *held, size_t count)
{
  if (held->count == held->room) {
    size_t room = held->room > 0 ? 2 * held->room : 16;
    struct entry **grown = realloc(held->entry, room * sizeof(struct entry *));
    if (grown == NULL) {
      return NULL;
    }
    held->entry = grown;
    held->room = room;
  }
  struct entry *entry = calloc(1, sizeof(*entry));
  if (entry == NULL) {
    return NULL;
  }
  entry->delivery = calloc(count + 1, sizeof(*entry->delivery));
  if (entry->delivery == NULL) {
    free(entry);
    return NULL;
  }
  held->entry[held->count++] = entry;
  return entry;
}

/* A copy of a row of the outbox; it is saved by nature. */
static struct notify_held_delivery *copy_row(struct notify_held *held,
                                             const struct store_delivery *delivery)
{
  char *body = strdup(delivery->body);
  struct entry *entry = body != NULL ? entry_new(held, 1) : NULL;
  if (entry == NULL) {
    free(body);
    return NULL;
  }
  entry->is_saved = true;
  entry->count = 1;
  entry->delivery[0].delivery = *delivery;
  entry->delivery[0].delivery.body = body;
  return &entry->delivery[0];
}

/* Dead letters stay where they are. */
static void load_row(void *context, const struct store_delivery *delivery)
{
  struct notify_held *held = context;
  if (!delivery->is_dead && held->count < LOADED_MAX) {
    (void)copy_row(held, delivery);
  }
}

/* A full disk can be read: what waits on it is sent as well. */
void notify_held_begin(struct notify_held *held)
{
  if (!held->is_active) {
    held->is_active = true;
    (void)store_deliveries_each(held->store, load_row, held);
  }
}

int notify_held_add(struct notify_held *held, const struct alert *alert,
                    const struct store_delivery *deliveries, size_t count)
{
  int err = held->unsaved >= NOTIFY_HELD_MAX ? ERR_LIMIT : 0;
  struct entry *entry = err == 0 ? entry_new(held, count) : NULL;
  if (entry == NULL) {
    for (size_t i = 0; i < count; i++) {
      free(deliveries[i].body);
    }
    return err != 0 ? err : ERR_NO_MEMORY;
  }
  entry->has_alert = true;
  entry->alert = *alert;
  entry->count = count;
  for (size_t i = 0; i < count; i++) {
    entry->delivery[i].delivery = deliveries[i];
  }
  held->unsaved++;
  return 0;
}

struct notify_held_delivery *notify_held_adopt(struct notify_held *held,
                                               const struct store_delivery *delivery)
{
  struct notify_held_delivery *found = NULL;
  for (size_t i = 0; i < held->count && found == NULL; i++) {
    struct entry *entry = held->entry[i];
    for (size_t k = 0; k < entry->count && found == NULL; k++) {
      found = entry->delivery[k].delivery.id == delivery->id ? &entry->delivery[k] : NULL;
    }
  }
  found = found != NULL ? found : copy_row(held, delivery);
  if (found != NULL) {
    found->state = NOTIFY_HELD_SENDING;
  }
  return found;
}

/* Whether a delivery to this receiver about the same alert stands before entry `end`: what is told
 * of one alert stays in order. */
static bool is_behind(const struct notify_held *held, const struct store_delivery *delivery,
                      size_t end)
{
  for (size_t i = 0; i < end; i++) {
    const struct entry *entry = held->entry[i];
    for (size_t k = 0; k < entry->count; k++) {
      const struct notify_held_delivery *other = &entry->delivery[k];
      if (other->state != NOTIFY_HELD_OVER &&
          strcmp(other->delivery.alert_id, delivery->alert_id) == 0 &&
          strcmp(other->delivery.receiver, delivery->receiver) == 0) {
        return true;
      }
    }
  }
  return false;
}

/* Due first, then fewest attempts; equals stay in their order. */
static bool is_before(const struct store_delivery *a, const struct store_delivery *b,
                      int64_t now_ns)
{
  int64_t a_ns = a->next_attempt_ns > now_ns ? a->next_attempt_ns : now_ns;
  int64_t b_ns = b->next_attempt_ns > now_ns ? b->next_attempt_ns : now_ns;
  return a_ns != b_ns ? a_ns < b_ns : a->attempts < b->attempts;
}

struct notify_held_delivery *notify_held_next(const struct notify_held *held, const char *receiver,
                                              int64_t now_ns)
{
  struct notify_held_delivery *best = NULL;
  for (size_t i = 0; i < held->count; i++) {
    const struct entry *entry = held->entry[i];
    for (size_t k = 0; k < entry->count; k++) {
      struct notify_held_delivery *item = &entry->delivery[k];
      bool is_candidate = item->state == NOTIFY_HELD_WAITING &&
                          strcmp(item->delivery.receiver, receiver) == 0 &&
                          (best == NULL || is_before(&item->delivery, &best->delivery, now_ns));
      if (is_candidate && !is_behind(held, &item->delivery, i)) {
        best = item;
      }
    }
  }
  return best;
}

void notify_held_outcome(struct notify_held_delivery *item, const struct store_delivery *delivery,
                         bool is_delivered)
{
  struct store_delivery *own = &item->delivery;
  own->next_attempt_ns = delivery->next_attempt_ns;
  own->attempts = delivery->attempts;
  own->is_dead = delivery->is_dead;
  memcpy(own->last_error, delivery->last_error, sizeof(own->last_error));
  item->is_delivered = is_delivered;
  item->state = is_delivered || own->is_dead ? NOTIFY_HELD_OVER : NOTIFY_HELD_WAITING;
  item->is_owed = own->id != 0;
}

/* The alert, and a row for each delivery that has not arrived: those get their ids. */
static int save_alert(struct notify_held *held, struct entry *entry)
{
  struct err_message message;
  struct store_delivery *rows = calloc(entry->count + 1, sizeof(*rows));
  if (rows == NULL) {
    return ERR_NO_MEMORY;
  }
  size_t count = 0;
  for (size_t i = 0; i < entry->count; i++) {
    if (!entry->delivery[i].is_delivered) {
      rows[count++] = entry->delivery[i].delivery;
    }
  }
  int err = store_put_alert_deliveries(held->store, &entry->alert, rows, count, &message);
  for (size_t i = 0, row = 0; i < entry->count && err == 0; i++) {
    if (!entry->delivery[i].is_delivered) {
      entry->delivery[i].delivery.id = rows[row++].id;
    }
  }
  free(rows);
  if (err == 0) {
    entry->is_saved = true;
    held->unsaved--;
  }
  return err;
}

/* The outcomes that rows on disk do not know of yet. */
static int save_outcomes(struct notify_held *held, struct entry *entry, size_t *writes)
{
  for (size_t i = 0; i < entry->count; i++) {
    struct notify_held_delivery *item = &entry->delivery[i];
    if (!item->is_owed) {
      continue;
    }
    *writes += 1;
    int err = item->is_delivered ? store_delivery_done(held->store, item->delivery.id)
                                 : store_delivery_update(held->store, &item->delivery);
    if (err != 0) {
      return err;
    }
    item->is_owed = false;
  }
  return 0;
}

int notify_held_write(struct notify_held *held, size_t most)
{
  size_t writes = 0;
  for (size_t i = 0; i < held->count; i++) {
    struct entry *entry = held->entry[i];
    int err = 0;
    if (writes >= most) {
      return ERR_AGAIN;
    }
    if (!entry->is_saved) {
      writes++;
      err = save_alert(held, entry);
    } else {
      err = save_outcomes(held, entry, &writes);
    }
    if (err != 0) {
      return err;
    }
  }
  return 0;
}

size_t notify_held_unsaved(const struct notify_held *held)
{
  return held->unsaved;
}

void notify_held_unsaved_each(const struct notify_held *held,
                              void (*each)(void *context, const struct alert *alert), void *context)
{
  for (size_t i = 0; i < held->count; i++) {
    if (!held->entry[i]->is_saved) {
      each(context, &held->entry[i]->alert);
    }
  }
}
