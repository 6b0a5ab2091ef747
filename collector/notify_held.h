/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox in memory, for as long as the disk refuses to be one: an operator must be paged all
 * the same, most of all about the disk.
 *
 *   begin: what waits on disk is copied here   -> receivers take from here alone
 *   add:   a new alert with its deliveries     -> sent at once, marked "saved": false
 *   write: what the disk lacks, in order       -> refused: again later; all of it: end
 *
 * Each delivery is one object in here whether it came from the disk or not, so nothing is sent
 * twice, and what was sent meanwhile leaves no row behind. Bounded; without a loop or a clock. */
#ifndef COLLECTOR_NOTIFY_HELD_H
#define COLLECTOR_NOTIFY_HELD_H

#include "collector/alerts.h"
#include "collector/store/store.h"

#define NOTIFY_HELD_MAX 1024 /* alerts that are not on disk */

enum notify_held_state { NOTIFY_HELD_WAITING, NOTIFY_HELD_SENDING, NOTIFY_HELD_OVER };

/* One delivery; the receiver that sends it holds a pointer to it until its outcome is known. */
struct notify_held_delivery {
  struct store_delivery delivery; /* body owned; id 0: not on disk */
  enum notify_held_state state;
  bool is_delivered; /* OVER, and not as a dead letter */
  bool is_owed;      /* it is on disk, and its outcome is not */
};

struct notify_held;

/* Borrows the store. NULL without memory. */
struct notify_held *notify_held_new(struct store *store);
void notify_held_free(struct notify_held *held);

/* From here on, until notify_held_end, this is the outbox. What cannot be read from disk stays
 * there and waits. */
void notify_held_begin(struct notify_held *held);
bool notify_held_is_active(const struct notify_held *held);
/* Takes the deliveries' bodies in any case, not their array. ERR_LIMIT, ERR_NO_MEMORY. */
int notify_held_add(struct notify_held *held, const struct alert *alert,
                    const struct store_delivery *deliveries, size_t count);
/* The delivery with this id, which was under way when it began: added when it is not there. NULL
 * without memory. */
struct notify_held_delivery *notify_held_adopt(struct notify_held *held,
                                               const struct store_delivery *delivery);
/* By the rule of store_delivery_next: due at now_ns, or else due first. NULL when none waits. */
struct notify_held_delivery *notify_held_next(const struct notify_held *held, const char *receiver,
                                              int64_t now_ns);
/* What an attempt changed: the counters of delivery, and whether it arrived. */
void notify_held_outcome(struct notify_held_delivery *item, const struct store_delivery *delivery,
                         bool is_delivered);
/* Writes what the disk lacks, at most `most` writes. 0: it has all; ERR_AGAIN: more is left;
 * ERR_IO: it refuses (what was written need not be again). */
int notify_held_write(struct notify_held *held, size_t most);
/* All is on disk: forgets it. Pointers to deliveries end here. */
void notify_held_end(struct notify_held *held);

/* Alerts that are not on disk, in the order in which they came. */
size_t notify_held_unsaved(const struct notify_held *held);
void notify_held_unsaved_each(const struct notify_held *held,
                              void (*each)(void *context, const struct alert *alert),
                              void *context);

#endif
