/* SPDX-License-Identifier: Apache-2.0 */
/* One receiver: its secrets, its queue in the outbox, one attempt at a time.
 *
 *   IDLE --due--> SENDING --outcome on disk, or in memory while the disk refuses--> IDLE
 *     '--wait: the delivery's own, or the receiver's rest
 *
 * A receiver that hangs holds up itself alone (P8). */
#ifndef COLLECTOR_NOTIFY_RECEIVER_H
#define COLLECTOR_NOTIFY_RECEIVER_H

#include "collector/notify_held.h"
#include "collector/notify_http.h"
#include "collector/notify_stats.h"
#include "collector/settings.h"
#include "collector/store/store.h"
#include "common/run/loop.h"

struct notify_receiver;

/* What all receivers share; borrowed for their life. stats is counted up and down by them; refused
 * is called when the disk does not take an outcome: held is active afterwards. */
struct notify_shared {
  struct loop *loop;
  struct store *store;
  struct notify_http *http;
  struct notify_held *held;
  struct notify_stats stats;
  void (*refused)(void *context);
  void *context;
};

/* Reads the secrets. message names receiver and file. */
int notify_receiver_new(struct notify_shared *shared, const struct receiver_setting *setting,
                        struct notify_receiver **out, struct err_message *message);
/* An attempt under way is given up and stays in the outbox. */
void notify_receiver_free(struct notify_receiver *receiver);
/* Looks into the outbox: starts the attempt that is due, or waits for it. */
void notify_receiver_look(struct notify_receiver *receiver);
/* held has become the outbox: the attempt under way goes on in it; and back. */
void notify_receiver_hold(struct notify_receiver *receiver);
void notify_receiver_release(struct notify_receiver *receiver);
/* Whether its newest attempt failed; then *out is set. */
bool notify_receiver_failing(const struct notify_receiver *receiver, struct notify_failing *out);

/* First line of a file of mode 0600 (or stricter) into heap text. ERR_IO, ERR_DENIED,
 * ERR_MALFORMED (empty, or longer than 4 KiB). */
int notify_read_secret(const char *path, char **out, struct err_message *message);
/* "sha256=" and the HMAC-SHA256 of body in hexadecimal digits. */
#define NOTIFY_SIGNATURE_MAX 72
void notify_sign(const char *secret, const char *body, char out[NOTIFY_SIGNATURE_MAX]);

#endif
