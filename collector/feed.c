/* SPDX-License-Identifier: Apache-2.0 */
/* Each message bears the number of its place in the feed, so that a reader that was too slow, or
 * away, sees what it missed (P2). */
#include "collector/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "collector/refusal_line.h"
#include "common/bus.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/feed_codec.h"

struct feed {
  struct loop *loop;
  const struct collector_settings *settings;
  struct key_ring *ring;
  struct bus_feed *bus;
  struct loop_watch *watch; /* on handshakes */
  uint64_t epoch, sequence;
  struct refusal_line refusals;
  struct feed_window window; /* kept here for its size */
};

static void on_refused(void *context, const char *address, const char *key_text)
{
  struct feed *feed = context;
  refusal_line_say(&feed->refusals, "feed: ", address, key_text, feed->settings->feed_readers_dir);
}

static void on_handshake(void *context, int fd, unsigned what)
{
  struct feed *feed = context;
  (void)fd;
  (void)what;
  bus_feed_judge(feed->bus);
}

/* After each opening: the descriptor is another one. What came before the watch would be missed. */
static int feed_watch(struct feed *feed)
{
  feed->watch =
      loop_watch_new(feed->loop, bus_feed_zap_fd(feed->bus), LOOP_READ, on_handshake, feed);
  if (feed->watch == NULL) {
    return ERR_NO_MEMORY;
  }
  loop_watch_again(feed->watch);
  return 0;
}

static int feed_open(struct feed *feed, const struct key_pair *own, struct err_message *message)
{
  char endpoint[BUS_ENDPOINT_MAX];
  (void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", feed->settings->feed_listen);
  /* Numbers begin anew with each start: the epoch says so. */
  if (getrandom(&feed->epoch, sizeof(feed->epoch), 0) != (ssize_t)sizeof(feed->epoch)) {
    feed->epoch = (uint64_t)clock_now_ns();
  }
  int err = key_ring_load(feed->settings->feed_readers_dir, &feed->ring, message);
  if (err != 0) {
    return err;
  }
  const struct bus_feed_config config = {endpoint, own, feed->ring, on_refused, feed};
  err = bus_feed_new(&config, &feed->bus, message);
  if (err == 0 && feed_watch(feed) != 0) {
    err = err_set(message, ERR_NO_MEMORY, "feed: %s", err_text(ERR_NO_MEMORY));
  }
  return err;
}

int feed_new(struct loop *loop, const struct collector_settings *settings,
             const struct key_pair *own, struct feed **out, struct err_message *message)
{
  if (settings->feed_listen[0] == '\0') {
    *out = NULL;
    return 0;
  }
  struct feed *feed = calloc(1, sizeof(*feed));
  if (feed == NULL) {
    return err_set(message, ERR_NO_MEMORY, "feed: %s", err_text(ERR_NO_MEMORY));
  }
  feed->loop = loop;
  feed->settings = settings;
  int err = feed_open(feed, own, message);
  if (err != 0) {
    feed_free(feed);
    return err;
  }
  *out = feed;
  return 0;
}

/* The watch before its descriptor, the ring after the judge that asks it. */
void feed_free(struct feed *feed)
{
  if (feed != NULL) {
    loop_watch_free(feed->watch);
    bus_feed_free(feed->bus);
    key_ring_free(feed->ring);
    free(feed);
  }
}

void feed_reload(struct feed *feed)
{
  struct err_message message = {""};
  struct key_ring *ring = NULL;
  if (feed == NULL) {
    return;
  }
  if (key_ring_load(feed->settings->feed_readers_dir, &ring, &message) != 0) {
    log_error("the feed's readers stay as they were: %s", message.text);
    return;
  }
  /* Before a reopening, which takes the descriptor away. */
  loop_watch_free(feed->watch);
  feed->watch = NULL;
  bool is_reopened = false;
  int err = bus_feed_set_ring(feed->bus, ring, &is_reopened, &message);
  key_ring_free(feed->ring);
  feed->ring = ring;
  if (err == 0 && feed_watch(feed) != 0) {
    err = err_set(&message, ERR_NO_MEMORY, "feed: %s", err_text(ERR_NO_MEMORY));
  }
  if (err != 0) {
    log_error("no feed until the next reload: %s", message.text);
  } else if (is_reopened) {
    log_info("feed: a reader's key was withdrawn: all readers connect anew");
  }
}

/* Whatever becomes of it, the number is spent: the hole is seen. */
static void feed_send(struct feed *feed, const char *topic, int err, uint8_t *bytes, size_t length)
{
  if (err == 0) {
    (void)bus_feed_send(feed->bus, topic, bytes, length);
    free(bytes);
  }
}

/* What the feed tells of a window: sums that mean the same without the rest. */
static void feed_take(struct feed_window *out, const struct fleet_window *window)
{
  const struct summary_tcp *tcp = &window->tcp;
  *out = (struct feed_window){
      .start_ns = window->start_ns,
      .length_ns = window->length_ns,
      .revision = window->revision,
      .sensors_expected = window->sensors_expected,
      .sensors_present = window->sensors_present,
      .completeness_percent = window->completeness_percent,
      .has_total = window->has_total,
      .bytes_low = window->total_bytes.low,
      .bytes_high = window->total_bytes.high,
      .packets_low = window->total_packets.low,
      .packets_high = window->total_packets.high,
      .interface_bytes = window->interface_bytes,
      .flows_active = window->flows_active,
      .flows_new = window->flows_new,
      .tcp_attempts = tcp->attempts,
      .tcp_failed = tcp->refused + summary_tcp_open(tcp),
      .retransmitted = tcp->retransmitted,
      .addresses = (uint64_t)(hll_estimate(&window->addresses) + 0.5),
      .dropped = window->ledger.capture_dropped + window->ledger.interface_dropped,
  };
  for (size_t i = 0; i < window->talker_count && i < FEED_TALKERS_MAX; i++) {
    const struct topk_item *item = &window->talkers[i];
    out->talker[out->talker_count++] =
        (struct feed_talker){item->addr, item->tx.bytes, item->rx.bytes, item->error};
  }
}

void feed_window(struct feed *feed, const struct fleet_window *window)
{
  if (feed == NULL) {
    return;
  }
  feed_take(&feed->window, window);
  uint8_t *bytes = NULL;
  size_t length = 0;
  int err = feed_encode_window(feed->epoch, ++feed->sequence, &feed->window, &bytes, &length);
  feed_send(feed, window->revision == 0 ? "window" : "delta", err, bytes, length);
}

void feed_alert(struct feed *feed, const struct alert *alert)
{
  if (feed == NULL || alert->state == ALERT_PENDING) {
    return;
  }
  const struct finding *finding = &alert->finding;
  bool is_resolved = alert->state == ALERT_RESOLVED;
  const struct feed_alert out = {
      .id = alert->id,
      .state = alert_state_name(alert->state),
      .severity = severity_names[finding->severity],
      .detector = finding->detector != NULL ? finding->detector : "",
      .rule = finding->rule,
      .subject = finding->subject,
      .summary = finding->summary,
      .unit = finding->unit,
      .resolution = alert->resolution,
      .command = finding->command,
      .started_ns = alert->started_ns,
      .changed_ns = is_resolved ? alert->resolved_ns : alert->fired_ns,
      .observed = finding->observed,
      .expected_low = finding->expected_low,
      .expected_high = finding->expected_high,
      .completeness_percent = finding->completeness_percent,
  };
  uint8_t *bytes = NULL;
  size_t length = 0;
  int err = feed_encode_alert(feed->epoch, ++feed->sequence, &out, &bytes, &length);
  feed_send(feed, "alert", err, bytes, length);
}

const char *feed_endpoint(const struct feed *feed)
{
  return feed != NULL ? bus_feed_endpoint(feed->bus) : "";
}

struct bus_feed_counters feed_counters(const struct feed *feed)
{
  return feed != NULL ? *bus_feed_counters(feed->bus) : (struct bus_feed_counters){0};
}
