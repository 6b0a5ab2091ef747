/* SPDX-License-Identifier: Apache-2.0 */
/* Closed windows and alert changes for other programs: the PUB socket on the loop, under the keys
 * of the readers' folder (docs/PROTOCOL.md, "Feed").
 *
 *   pipeline's sinks -> feed_window, feed_alert -> numbered, encoded -> common/bus_feed.h */
#ifndef COLLECTOR_FEED_H
#define COLLECTOR_FEED_H

#include "collector/alerts.h"
#include "collector/fleet_window.h"
#include "collector/settings.h"
#include "common/bus_feed.h"
#include "common/run/loop.h"

struct feed;

/* Opens the socket at settings->feed_listen; *out is NULL when that is "": no feed. Borrows all for
 * its life. message names the folder or the endpoint. ERR_IO, ERR_NO_MEMORY. */
int feed_new(struct loop *loop, const struct collector_settings *settings,
             const struct key_pair *own, struct feed **out, struct err_message *message);
void feed_free(struct feed *feed);
/* The folder is read again; a withdrawn reader is cut off at once, and with it all others for a
 * moment. The old keys stay when it cannot be read (logged). feed may be NULL here and below. */
void feed_reload(struct feed *feed);
/* A close goes out under "window", a later revision under "delta". */
void feed_window(struct feed *feed, const struct fleet_window *window);
/* Under "alert"; a pending one is no news yet. */
void feed_alert(struct feed *feed, const struct alert *alert);
/* "" without a feed. */
const char *feed_endpoint(const struct feed *feed);
/* How many messages there were, and who read them; all 0 without a feed. */
struct bus_feed_counters feed_counters(const struct feed *feed);

#endif
