/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's PUB socket and its judge. */
#include "common/bus_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/bus_socket.h"
#include "common/bus_zap.h"

/* Keys that have come in since the socket was opened. More readers than that: any withdrawal opens
 * it anew. */
#define ADMITTED_MAX 64

struct bus_feed {
  struct bus_feed_config config;
  const struct key_ring *ring;
  struct bus *bus; /* its own: NULL while it could not be opened */
  void *publisher;
  void *zap;
  size_t admitted_count; /* may pass ADMITTED_MAX: then the list is not whole */
  uint8_t admitted[ADMITTED_MAX][KEYS_BYTES];
  struct bus_feed_counters counters;
  char endpoint[BUS_ENDPOINT_MAX];
};

/* A reader sends nothing but its subscriptions: small messages. Five seconds of a busy fleet wait
 * for a slow one; beyond that it misses some, and sees it by the numbers. */
static const struct bus_option feed_options[] = {
    {ZMQ_SNDHWM, 1000},
};
#define SUBSCRIPTION_BYTES_MAX 1024

static int bus_feed_open_publisher(struct bus_feed *feed, struct err_message *message)
{
  const struct bus_feed_config *config = &feed->config;
  /* A port 0 is chosen once: who comes back after a reopening must find it again. */
  const char *endpoint = feed->endpoint[0] != '\0' ? feed->endpoint : config->endpoint;
  feed->publisher = zmq_socket(feed->bus->context, ZMQ_PUB);
  size_t size = sizeof(feed->endpoint);
  if (feed->publisher == NULL ||
      bus_socket_set(feed->publisher, feed_options,
                     sizeof(feed_options) / sizeof(feed_options[0])) != 0 ||
      bus_socket_secure(feed->publisher, config->own, true, SUBSCRIPTION_BYTES_MAX) != 0 ||
      zmq_setsockopt(feed->publisher, ZMQ_ZAP_DOMAIN, BUS_ZAP_DOMAIN, strlen(BUS_ZAP_DOMAIN)) !=
          0 ||
      zmq_bind(feed->publisher, endpoint) != 0 ||
      zmq_getsockopt(feed->publisher, ZMQ_LAST_ENDPOINT, feed->endpoint, &size) != 0) {
    return err_set(message, ERR_IO, "feed: cannot listen on %s: %s", endpoint, bus_socket_error());
  }
  return 0;
}

/* Waits until all is gone: the port can be bound again. */
static void bus_feed_close(struct bus_feed *feed)
{
  if (feed->publisher != NULL) {
    (void)zmq_close(feed->publisher);
  }
  if (feed->zap != NULL) {
    (void)zmq_close(feed->zap);
  }
  if (feed->bus != NULL) {
    bus_free(feed->bus);
  }
  feed->publisher = NULL;
  feed->zap = NULL;
  feed->bus = NULL;
  feed->admitted_count = 0;
}

/* The judge before the socket: without one libzmq lets everybody in (FACTS). */
static int bus_feed_open(struct bus_feed *feed, struct err_message *message)
{
  int err = bus_new(&feed->bus, message);
  if (err == 0) {
    err = bus_zap_open(feed->bus, &feed->zap, message);
  }
  if (err == 0) {
    err = bus_feed_open_publisher(feed, message);
  }
  if (err != 0) {
    bus_feed_close(feed);
  }
  return err;
}

int bus_feed_new(const struct bus_feed_config *config, struct bus_feed **out,
                 struct err_message *message)
{
  struct bus_feed *feed = calloc(1, sizeof(*feed));
  if (feed == NULL) {
    return err_set(message, ERR_NO_MEMORY, "feed: no memory");
  }
  feed->config = *config;
  feed->ring = config->ring;
  int err = bus_feed_open(feed, message);
  if (err != 0) {
    free(feed);
    return err;
  }
  *out = feed;
  return 0;
}

void bus_feed_free(struct bus_feed *feed)
{
  if (feed != NULL) {
    bus_feed_close(feed);
    free(feed);
  }
}

/* Whether everybody who came in may stay. */
static bool bus_feed_may_stay(const struct bus_feed *feed, const struct key_ring *ring)
{
  if (feed->admitted_count > ADMITTED_MAX) {
    return false;
  }
  for (size_t i = 0; i < feed->admitted_count; i++) {
    if (key_ring_name(ring, feed->admitted[i]) == NULL) {
      return false;
    }
  }
  return feed->bus != NULL;
}

int bus_feed_set_ring(struct bus_feed *feed, const struct key_ring *ring, bool *is_reopened,
                      struct err_message *message)
{
  bool may_stay = bus_feed_may_stay(feed, ring);
  feed->ring = ring;
  if (is_reopened != NULL) {
    *is_reopened = !may_stay;
  }
  if (may_stay) {
    return 0;
  }
  feed->counters.reopened++;
  bus_feed_close(feed);
  return bus_feed_open(feed, message);
}

int bus_feed_zap_fd(const struct bus_feed *feed)
{
  return feed->zap != NULL ? bus_socket_fd(feed->zap) : -1;
}

/* Each key once. */
static void bus_feed_admit(struct bus_feed *feed, const char *key_text)
{
  uint8_t key[KEYS_BYTES];
  if (keys_parse(key_text, key) != 0) {
    return;
  }
  for (size_t i = 0; i < feed->admitted_count && i < ADMITTED_MAX; i++) {
    if (memcmp(feed->admitted[i], key, KEYS_BYTES) == 0) {
      return;
    }
  }
  if (feed->admitted_count < ADMITTED_MAX) {
    memcpy(feed->admitted[feed->admitted_count], key, KEYS_BYTES);
  }
  feed->admitted_count += feed->admitted_count <= ADMITTED_MAX ? 1 : 0;
}

void bus_feed_judge(struct bus_feed *feed)
{
  struct bus_zap_verdict verdict;
  while (feed->zap != NULL && bus_zap_judge(feed->zap, feed->ring, &verdict) == 0) {
    if (verdict.is_accepted) {
      feed->counters.handshakes_accepted++;
      bus_feed_admit(feed, verdict.key_text);
      continue;
    }
    feed->counters.handshakes_refused++;
    if (feed->config.on_refused != NULL) {
      feed->config.on_refused(feed->config.context, verdict.address, verdict.key_text);
    }
  }
}

int bus_feed_send(struct bus_feed *feed, const char *topic, const void *bytes, size_t length)
{
  if (feed->publisher == NULL ||
      !bus_socket_send(feed->publisher, topic, strlen(topic), ZMQ_SNDMORE) ||
      !bus_socket_send(feed->publisher, bytes, length, 0)) {
    feed->counters.send_failed++;
    return ERR_IO;
  }
  feed->counters.sent++;
  return 0;
}

const struct bus_feed_counters *bus_feed_counters(const struct bus_feed *feed)
{
  return &feed->counters;
}

const char *bus_feed_endpoint(const struct bus_feed *feed)
{
  return feed->endpoint;
}
