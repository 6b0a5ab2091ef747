/* SPDX-License-Identifier: Apache-2.0 */
/* bus_link and publish, joined on the loop.
 *
 *   summary -> link_summary -> publish -> send_bytes -> bus_link -> collector
 *   collector -> bus_link -> receive_all -> publish       monitor -> handle_event -> publish */
#include "sensor/sensor_link.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/log.h"

/* Messages a turn, then the loop goes on: ZMQ_FD is edge-triggered, so the rest is asked for by
 * loop_watch_again. */
#define DRAIN_BUDGET 256

/*   publish   numbers, queue, protocol        outlives connections
 *   link      one socket, replaced when dead  bus_link
 *   bus       ZeroMQ's context                outlives sockets */
struct link {
  struct loop *loop;
  const struct sensor_settings *settings;
  struct key_pair own;
  uint8_t server_key[KEYS_BYTES];
  char endpoint[BUS_ENDPOINT_MAX];
  struct bus *bus;
  struct bus_link *link;
  struct loop_watch *messages;
  struct loop_watch *events;
  struct publish *publish;
  bool is_connected;
  unsigned connections; /* so far */
  int64_t retry_at_ns;  /* monotonic: when a new socket is due; 0: not */
  unsigned failures;    /* in a row, for the back-off */
  int64_t never_at_ns;  /* monotonic: when to say that nobody was reached; 0: not started */
};

/* Whoever watches the log alone must see that nothing arrives anywhere. */
static void link_say_never(struct link *link, const char *end)
{
  log_warning("collector %s: never connected; %llu records wait in memory%s", link->endpoint,
              (unsigned long long)publish_stats(link->publish).queued_records, end);
  link->never_at_ns = INT64_MAX;
}

/* Watches before their descriptors. */
static void link_close(struct link *link)
{
  loop_watch_free(link->messages);
  loop_watch_free(link->events);
  bus_link_free(link->link);
  link->messages = NULL;
  link->events = NULL;
  link->link = NULL;
}

/* Told to publish once for each connection. */
static void link_lost(struct link *link)
{
  if (link->is_connected) {
    publish_disconnected(link->publish);
    link->is_connected = false;
  }
}

/* Jitter over the whole span, so that a fleet does not come back at one moment: half a second and
 * anything up to min(2^failures, 32) s, failures counted before this one. */
static void link_retry_later(struct link *link)
{
  unsigned shift = link->failures < 5 ? link->failures : 5;
  int64_t span_ns = NS_PER_S << shift;
  link->failures++;
  link->retry_at_ns = clock_monotonic_ns() + NS_PER_S / 2 + (int64_t)(drand48() * (double)span_ns);
}

/* A DEALER that was refused once, or met a foreign service, never tries again: only a new socket
 * does. */
static void link_replace(struct link *link, const char *why)
{
  log_warning("collector %s: %s; a new connection follows", link->endpoint, why);
  link_lost(link);
  link_close(link);
  link_retry_later(link);
}

/* Anything that makes sense or not shows that somebody answers: the back-off starts anew. */
static void receive_all(struct link *link)
{
  for (int i = 0; i < DRAIN_BUDGET; i++) {
    const uint8_t *bytes = NULL;
    size_t length = 0;
    int err = bus_link_receive(link->link, &bytes, &length);
    if (err == ERR_AGAIN) {
      return;
    }
    struct err_message message = {""};
    if (err == 0) {
      err = publish_receive(link->publish, bytes, length, clock_now_ns(), &message);
    }
    if (err != 0) {
      log_warning("collector %s: message dropped: %s", link->endpoint,
                  message.text[0] != '\0' ? message.text : err_text(err));
    }
    link->failures = 0;
  }
  loop_watch_again(link->messages);
}

static void on_message(void *context, int fd, unsigned what)
{
  (void)fd;
  (void)what;
  struct link *link = context;
  receive_all(link);
}

/* What each event of the monitor means here, in words that say where to look. */
static void handle_event(struct link *link, enum bus_link_event event)
{
  switch (event) {
  case BUS_LINK_READY:
    log_info("collector %s: connected", link->endpoint);
    link->is_connected = true;
    link->connections++;
    publish_connected(link->publish, clock_now_ns());
    receive_all(link);
    break;
  case BUS_LINK_LOST:
    if (link->is_connected) {
      log_warning("collector %s: connection lost; records wait in memory", link->endpoint);
    }
    link_lost(link);
    break;
  case BUS_LINK_REFUSED:
    link_replace(link,
                 "refused this sensor's key: is its NAME.pub in the collector's authorized/?");
    break;
  case BUS_LINK_FAILED:
    link_replace(link, "the handshake failed: is collector.key right, and is a collector there?");
    break;
  case BUS_LINK_NONE:
    break;
  }
}

/* Until none is left, or the socket was replaced by one of them. */
static void on_event(void *context, int fd, unsigned what)
{
  (void)fd;
  (void)what;
  struct link *link = context;
  while (link->link != NULL) {
    enum bus_link_event event = bus_link_event(link->link);
    if (event == BUS_LINK_NONE) {
      return;
    }
    handle_event(link, event);
  }
}

/* A new socket with both of its watches. */
static int link_open(struct link *link, struct err_message *message)
{
  int err =
      bus_link_new(link->bus, link->endpoint, &link->own, link->server_key, &link->link, message);
  if (err != 0) {
    return err;
  }
  link->messages = loop_watch_new(link->loop, bus_link_fd(link->link), LOOP_READ, on_message, link);
  link->events =
      loop_watch_new(link->loop, bus_link_event_fd(link->link), LOOP_READ, on_event, link);
  if (link->messages == NULL || link->events == NULL) {
    link_close(link);
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  /* The descriptors are edge-triggered: what came before the watch would be missed. */
  loop_watch_again(link->messages);
  loop_watch_again(link->events);
  return 0;
}

/* publish's way out. */
static int send_bytes(void *context, const void *bytes, size_t length)
{
  struct link *link = context;
  if (link->link == NULL) {
    return ERR_AGAIN;
  }
  int err = bus_link_send(link->link, bytes, length);
  /* A send eats the edge of a message that came meanwhile. */
  loop_watch_again(link->messages);
  return err;
}

/* Bounds of the protocol: 4 MiB in flight, 30 s without an ACK. */
static int make_publish(struct link *link, uint64_t boot_id)
{
  struct publish_config config = {
      .boot_id = boot_id,
      .queue_max_bytes = (size_t)link->settings->queue_bytes,
      .window_max_bytes = 4U << 20,
      .ack_timeout_ns = 30 * NS_PER_S,
      .send = send_bytes,
      .context = link,
  };
  (void)strncpy(config.name, link->settings->name, sizeof(config.name) - 1);
  link->publish = publish_new(&config);
  return link->publish != NULL ? 0 : ERR_NO_MEMORY;
}

/* Keys and settings before the network: mistakes of the configuration are told at the start. */
static int link_start(struct link *link, uint64_t boot_id, struct err_message *message)
{
  int err = keys_load(link->settings->key_file, &link->own, message);
  if (err != 0) {
    return err;
  }
  if (keys_parse(link->settings->collector_key, link->server_key) != 0) {
    return err_set(message, ERR_MALFORMED, "collector.key: expected 40 characters of Z85 text");
  }
  (void)snprintf(link->endpoint, sizeof(link->endpoint), "tcp://%s", link->settings->collector);
  err = make_publish(link, boot_id);
  if (err != 0) {
    return err_set(message, err, "queue of %lld bytes: out of memory",
                   (long long)link->settings->queue_bytes);
  }
  err = bus_new(&link->bus, message);
  return err != 0 ? err : link_open(link, message);
}

/* srand48 serves the jitter alone; nothing secret hangs on it. */
int link_new(struct loop *loop, const struct sensor_settings *settings, uint64_t boot_id,
             struct link **out, struct err_message *message)
{
  struct link *link = calloc(1, sizeof(*link));
  if (link == NULL) {
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  link->loop = loop;
  link->settings = settings;
  srand48((long)boot_id);
  int err = link_start(link, boot_id, message);
  if (err != 0) {
    link_free(link);
    return err;
  }
  link->never_at_ns = clock_monotonic_ns() + NS_PER_MINUTE;
  *out = link;
  return 0;
}

/* BYE is queued first; the link's own close gives it time to leave. */
void link_free(struct link *link)
{
  if (link == NULL) {
    return;
  }
  if (link->is_connected) {
    publish_bye(link->publish, clock_now_ns());
  } else if (link->never_at_ns != 0 && link->connections == 0) {
    link_say_never(link, ", and are lost with it");
  }
  link_close(link);
  if (link->bus != NULL) {
    bus_free(link->bus);
  }
  publish_free(link->publish);
  explicit_bzero(&link->own, sizeof(link->own));
  free(link);
}

void link_describe(struct link *link, const struct message_hello *hello)
{
  publish_describe(link->publish, hello, clock_now_ns());
}

/* A record that cannot be published is lost, and counted there. */
void link_summary(struct link *link, struct summary *s)
{
  int err = publish_summary(link->publish, s, clock_now_ns());
  if (err != 0) {
    log_error("record of %lld: not published: %s", (long long)s->start_ns, err_text(err));
  }
}

/* Two watches: a link that is silent, and a link that is due to be opened. */
void link_tick(struct link *link)
{
  if (link->connections == 0 && clock_monotonic_ns() >= link->never_at_ns) {
    link_say_never(link, "");
  }
  if (link->link != NULL && !publish_tick(link->publish, clock_now_ns())) {
    link_replace(link, "no answer in time");
  }
  if (link->link == NULL && clock_monotonic_ns() >= link->retry_at_ns) {
    struct err_message message;
    if (link_open(link, &message) != 0) {
      log_warning("collector %s: %s", link->endpoint, message.text);
      link_retry_later(link);
    }
  }
}

bool link_is_drained(const struct link *link)
{
  return publish_is_drained(link->publish);
}

struct publish_stats link_stats(const struct link *link)
{
  return publish_stats(link->publish);
}

/* Copied out of the address structures, whose alignment getaddrinfo alone knows. */
unsigned link_connections(const struct link *link)
{
  return link->connections;
}

static bool endpoint_from(const struct addrinfo *info, struct meter_endpoint *out)
{
  if (info->ai_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, info->ai_addr, sizeof(v4));
    uint8_t bytes[4];
    memcpy(bytes, &v4.sin_addr, sizeof(bytes));
    *out = (struct meter_endpoint){addr_from_v4(bytes), ntohs(v4.sin_port)};
    return true;
  }
  if (info->ai_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, info->ai_addr, sizeof(v6));
    *out = (struct meter_endpoint){addr_from_v6(v6.sin6_addr.s6_addr), ntohs(v6.sin6_port)};
    return true;
  }
  return false;
}

/* "[2001:db8::1]:7461" -> 2001:db8::1 and 7461; a name may give several addresses
 *
 * Blocks while the name is looked up: called once, before the loop runs. */
size_t link_endpoints(const struct link *link, struct meter_endpoint *out, size_t max)
{
  char host[BUS_ENDPOINT_MAX];
  (void)snprintf(host, sizeof(host), "%s", link->settings->collector);
  char *colon = strrchr(host, ':');
  if (colon == NULL) {
    return 0;
  }
  *colon = '\0';
  char *name = host;
  size_t length = strlen(name);
  if (length > 1 && name[0] == '[' && name[length - 1] == ']') {
    name[length - 1] = '\0';
    name++;
  }
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  if (getaddrinfo(name, colon + 1, &hints, &found) != 0) {
    log_warning("collector %s: the name cannot be resolved yet", link->settings->collector);
    return 0;
  }
  size_t n = 0;
  for (struct addrinfo *info = found; info != NULL && n < max; info = info->ai_next) {
    if (endpoint_from(info, &out[n])) {
      n++;
    }
  }
  freeaddrinfo(found);
  return n;
}
