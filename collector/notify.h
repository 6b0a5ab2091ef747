/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery of alerts to receivers: libcurl's home. The outbox on disk decides what is sent; each
 * receiver has its own queue, one attempt at a time; back-off doubles with jitter; Retry-After is
 * obeyed; 2xx is done; 4xx other than 408 and 429 is given up after it was said in the log and kept
 * as a dead letter; all else is tried again. */
#ifndef COLLECTOR_NOTIFY_H
#define COLLECTOR_NOTIFY_H

#include "collector/alerts.h"
#include "collector/notify_stats.h"
#include "collector/settings.h"
#include "collector/store/store.h"
#include "common/run/loop.h"

struct notify;

/* Loads the outbox and goes on where it stopped. message names the receiver and what is wrong
 * (a secret file that cannot be read). Borrows all. */
int notify_new(struct loop *loop, struct store *store, const struct collector_settings *settings,
               struct notify **out, struct err_message *message);
void notify_free(struct notify *notify);
/* Puts the alert and a delivery for each receiver that wants it on disk, then starts the attempts.
 * PENDING is only stored. While the disk refuses, up to 1,024 alerts are kept and sent from memory
 * ("saved": false in what is sent) and written when the disk takes them; ERR_LIMIT beyond: that
 * alert is lost (counted, message names it). */
int notify_alert(struct notify *notify, const struct alert *alert, struct err_message *message);
struct notify_stats notify_stats(const struct notify *notify);

/* The alert about the collector's own store while it fires, else NULL: notify raises, sends and
 * resolves it by itself. Borrowed until the loop goes on, as is all below. */
const struct alert *notify_own_alert(const struct notify *notify);
/* Since when the store refuses writes (0: it takes them), and its newest words. */
int64_t notify_refused_since(const struct notify *notify, const char **why);
/* The alerts that the disk does not have, as they came: an alert may be there fired and resolved.
 */
void notify_unsaved_each(const struct notify *notify,
                         void (*each)(void *context, const struct alert *alert), void *context);
/* Receivers whose newest attempt failed; at most n are written. Returns how many were. */
size_t notify_failing(const struct notify *notify, struct notify_failing *out, size_t n);

#endif
