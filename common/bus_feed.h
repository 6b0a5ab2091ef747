/* SPDX-License-Identifier: Apache-2.0 */
/* A PUB socket for programs that only read, CURVE always, with a judge and a context of its own: a
 * context has one judge (ZAP), and who may read is asked of another ring than who may speak.
 *
 * PUB drops what a slow reader does not take, without a word: what is sent must be numbered. A
 * reader whose key is withdrawn could not be parted from the others: the socket is then opened
 * anew, and those who still may read come back by themselves. */
#ifndef COMMON_BUS_FEED_H
#define COMMON_BUS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/keys.h"

struct bus_feed;

struct bus_feed_config {
  const char *endpoint; /* "tcp://127.0.0.1:7462" */
  const struct key_pair *own;
  const struct key_ring *ring; /* borrowed until bus_feed_set_ring gives another */
  /* A reader was refused; rate-limited by the caller. May be NULL. */
  void (*on_refused)(void *context, const char *address, const char *key_text);
  void *context;
};

struct bus_feed_counters {
  uint64_t sent, send_failed;
  uint64_t handshakes_accepted, handshakes_refused;
  uint64_t reopened; /* since a key was withdrawn */
};

/* Binds the judge, then the socket. message names the endpoint. ERR_IO, ERR_NO_MEMORY. */
int bus_feed_new(const struct bus_feed_config *config, struct bus_feed **out,
                 struct err_message *message);
void bus_feed_free(struct bus_feed *feed);
/* The ring in force from now on. *is_reopened (may be NULL): a reader that had come in may not any
 * more, so that the socket was opened anew, and with it both descriptors. ERR_IO: it could not be
 * opened; nobody is served until the next call. */
int bus_feed_set_ring(struct bus_feed *feed, const struct key_ring *ring, bool *is_reopened,
                      struct err_message *message);
/* Edge-triggered (common/bus.h): judge until nothing waits. -1 when the socket is not open. */
int bus_feed_zap_fd(const struct bus_feed *feed);
void bus_feed_judge(struct bus_feed *feed);
/* Two frames: topic, bytes (copied). Never blocks. ERR_IO: not sent to anybody (counted). */
int bus_feed_send(struct bus_feed *feed, const char *topic, const void *bytes, size_t length);
const struct bus_feed_counters *bus_feed_counters(const struct bus_feed *feed);
/* The endpoint really bound (a port 0 resolved). */
const char *bus_feed_endpoint(const struct bus_feed *feed);

#endif
