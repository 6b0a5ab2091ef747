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
 * PENDING is only stored. While the disk refuses, up to 1,024 alerts wait in memory and are tried
 * again; ERR_LIMIT beyond: that alert is lost (counted, message names it). */
int notify_alert(struct notify *notify, const struct alert *alert, struct err_message *message);
struct notify_stats notify_stats(const struct notify *notify);

#endif
