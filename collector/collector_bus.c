/* SPDX-License-Identifier: Apache-2.0 */
/* One function a kind of message. Whoever speaks is known by his key (bus.h); what he says of
 * himself must agree with it. */
#include "collector/collector_bus.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/collector_keys.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/message_codec.h"
#include "proto/summary_codec.h"

#define DRAIN_BUDGET 256

struct collector_bus {
  struct collector_bus_config config;
  struct bus *bus;
  struct bus_server *server;
  struct collector_keys *keys;
  struct loop_watch *watch;
  struct loop_watch *zap_watch;
  struct collector_bus_stats stats;
  struct message message; /* the one being read: too large for the stack of a daemon */
  struct message answer;
};

/* Never waits: a sensor that does not read its answers misses them. */
static int send_answer(struct collector_bus *bus, const struct bus_route *to)
{
  uint8_t *bytes = NULL;
  size_t length = 0;
  int err = message_encode(&bus->answer, &bytes, &length);
  if (err == 0) {
    err = bus_server_send(bus->server, to, bytes, length);
    free(bytes);
  }
  return err;
}

static void refuse(struct collector_bus *bus, const struct bus_received *received,
                   const char *format, ...) __attribute__((format(printf, 3, 4)));
static void refuse(struct collector_bus *bus, const struct bus_received *received,
                   const char *format, ...)
{
  va_list arguments;
  bus->stats.refused++;
  bus->answer.kind = MESSAGE_REFUSED;
  va_start(arguments, format);
  (void)vsnprintf(bus->answer.refused, sizeof(bus->answer.refused), format, arguments);
  va_end(arguments);
  (void)send_answer(bus, &received->route);
}

/* Whether the message speaks for another sensor than the key's: answered, counted, logged once. */
static bool is_foreign(struct collector_bus *bus, const struct bus_received *received,
                       struct peer *peer, const char *name)
{
  if (strcmp(name, received->name) == 0) {
    return false;
  }
  if (peer == NULL || peer->wrong_names++ == 0) {
    log_warning("sensor %s at %s speaks as '%s': refused; its name must be that of its key",
                received->name, received->address, name);
  }
  refuse(bus, received, "your key is that of '%s', your name is '%s': they must agree",
         received->name, name);
  return true;
}

static void on_hello(struct collector_bus *bus, const struct bus_received *received, int64_t now_ns)
{
  const struct message_hello *hello = &bus->message.hello;
  struct peer *peer = peers_add(bus->config.peers, received->name);
  if (is_foreign(bus, received, peer, hello->name)) {
    return;
  }
  if (hello->version != MESSAGE_VERSION) {
    refuse(bus, received, "protocol version %u is not spoken here, expected %d", hello->version,
           MESSAGE_VERSION);
    return;
  }
  if (!peers_has_room(bus->config.peers, BUS_MESSAGE_MAX_BYTES)) {
    refuse(bus, received, "the collector cannot store records now; try again later");
    return;
  }
  if (peer == NULL || pipeline_hello(bus->config.pipeline, hello, now_ns) != 0) {
    log_warning("sensor %s is refused: sensors_max %lld is reached", received->name,
                (long long)bus->config.settings->sensors_max);
    refuse(bus, received, "sensors_max %lld is reached",
           (long long)bus->config.settings->sensors_max);
    return;
  }
  bool is_new = peer->boot_id != hello->boot_id;
  log_write(is_new ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "sensor %s says hello from %s (%s)",
            peer->name, received->address, hello->software);
  if (is_new) {
    peer->boot_id = hello->boot_id;
    peer->stored = 0;
    peer->beyond_count = 0;
  }
  peer->route = received->route;
  peer->has_route = true;
  peer->is_held = false;
  bus->answer.kind = MESSAGE_WELCOME;
  /* What is on disk, not what is in memory: a crash would take that back. */
  bus->answer.welcome = (struct message_welcome){
      .version = MESSAGE_VERSION,
      .boot_id = peer->boot_id,
      .last_applied = peers_acknowledged(peer),
      .checkpoint_ms = (uint32_t)(bus->config.settings->checkpoint_ns / NS_PER_MS)};
  (void)send_answer(bus, &peer->route);
}

/* A record that cannot be read will not get better: its number is left out, not waited for. */
static void refuse_record(struct collector_bus *bus, const struct bus_received *received,
                          struct peer *peer, const char *why)
{
  uint64_t sequence = bus->message.summary.sequence;
  if (peer->refused++ == 0) {
    log_warning("sensor %s: record %llu is refused: %s; further ones are only counted", peer->name,
                (unsigned long long)sequence, why);
  }
  refuse(bus, received, "record %llu: %s", (unsigned long long)sequence, why);
}

/* No gap may open before a record that is not taken: all later ones wait with it, until the sensor
 * misses its ACKs, says HELLO again and resends. */
static void hold(struct collector_bus *bus, struct peer *peer)
{
  bus->stats.held++;
  if (!peer->is_held) {
    log_debug("sensor %s: its records wait until the disk takes what is in memory", peer->name);
  }
  peer->is_held = true;
}

/* The record sink takes the bytes from where checkpoint_incoming put them. */
static void apply(struct collector_bus *bus, const struct bus_received *received, struct peer *peer,
                  const struct summary *s, int64_t now_ns)
{
  const struct message_summary *record = &bus->message.summary;
  checkpoint_incoming(bus->config.checkpoint, record->bytes, record->length);
  int err = pipeline_record(bus->config.pipeline, s, record->is_backlog, now_ns);
  checkpoint_incoming(bus->config.checkpoint, NULL, 0);
  if (err == ERR_NOT_FOUND) {
    bus->stats.unasked++;
  } else if (err == ERR_NO_MEMORY) {
    hold(bus, peer);
  } else if (err != 0 && err != ERR_CONFLICT) { /* applied already: the next ACK says so */
    refuse_record(bus, received, peer, err_text(err));
  }
}

static void on_summary(struct collector_bus *bus, const struct bus_received *received,
                       int64_t now_ns)
{
  const struct message_summary *record = &bus->message.summary;
  struct peer *peer = peers_find(bus->config.peers, received->name);
  if (peer == NULL || peer->boot_id != record->boot_id) {
    bus->stats.unasked++;
    return;
  }
  if (peers_is_beyond(peer, record->sequence)) {
    bus->stats.known++;
    return;
  }
  if (peer->is_held || !peers_has_room(bus->config.peers, record->length)) {
    hold(bus, peer);
    return;
  }
  struct err_message why = {""};
  struct summary *s = NULL;
  int err = summary_decode(record->bytes, record->length, &s, &why);
  if (err == ERR_NO_MEMORY) {
    hold(bus, peer);
    return;
  }
  if (err != 0) {
    refuse_record(bus, received, peer, why.text[0] != '\0' ? why.text : err_text(err));
    return;
  }
  if (!is_foreign(bus, received, peer, s->sensor)) {
    s->boot_id = record->boot_id;
    s->sequence = record->sequence;
    apply(bus, received, peer, s, now_ns);
  }
  summary_free(s);
}

/* t2 and t3 of RFC 5905 section 8; the time between them is our own and does not count. */
static void on_ping(struct collector_bus *bus, const struct bus_received *received, int64_t now_ns)
{
  bus->answer.kind = MESSAGE_PONG;
  bus->answer.clock = (struct message_clock){bus->message.clock.t1_ns, now_ns, clock_now_ns()};
  (void)send_answer(bus, &received->route);
}

/* Its route stays: an ACK of its last records may still reach it. */
static void on_bye(struct collector_bus *bus, const struct bus_received *received, int64_t now_ns)
{
  const struct peer *peer = peers_find(bus->config.peers, received->name);
  if (peer != NULL && peer->boot_id == bus->message.bye.boot_id) {
    log_info("sensor %s says goodbye", peer->name);
    pipeline_bye(bus->config.pipeline, peer->name, now_ns);
  }
}

static void on_malformed(struct collector_bus *bus, const struct bus_received *received,
                         const char *why)
{
  if (bus->stats.malformed++ == 0) {
    log_warning("sensor %s at %s sent a message that is none: %s; further ones are only counted",
                received->name, received->address, why);
  }
  refuse(bus, received, "not a message: %s", why);
}

static void on_message(struct collector_bus *bus, const struct bus_received *received)
{
  struct err_message why = {""};
  int64_t now_ns = clock_now_ns();
  int err = message_decode(received->bytes, received->length, &bus->message, &why);
  if (err != 0) {
    on_malformed(bus, received, why.text[0] != '\0' ? why.text : err_text(err));
    return;
  }
  switch (bus->message.kind) {
  case MESSAGE_HELLO:
    on_hello(bus, received, now_ns);
    break;
  case MESSAGE_SUMMARY:
    on_summary(bus, received, now_ns);
    break;
  case MESSAGE_PING:
    on_ping(bus, received, now_ns);
    break;
  case MESSAGE_BYE:
    on_bye(bus, received, now_ns);
    break;
  case MESSAGE_WELCOME:
  case MESSAGE_ACK:
  case MESSAGE_PONG:
  case MESSAGE_REFUSED:
    on_malformed(bus, received, "a collector's message from a sensor");
    break;
  }
}

/* The descriptor tells of changes only: read until nothing is left, or come back by ourselves. */
static void drain(void *context, int fd, unsigned what)
{
  struct collector_bus *bus = context;
  struct bus_received received;
  (void)fd;
  (void)what;
  int budget = DRAIN_BUDGET;
  while (budget > 0 && bus_server_receive(bus->server, &received) == 0) {
    on_message(bus, &received);
    budget--;
  }
  bus_server_judge(bus->server);
  if (budget < DRAIN_BUDGET) {
    loop_watch_again(bus->watch);
  }
}

static void judge(void *context, int fd, unsigned what)
{
  struct collector_bus *bus = context;
  (void)fd;
  (void)what;
  bus_server_judge(bus->server);
  loop_watch_again(bus->watch);
}

/* libzmq does not tell who has gone; an answer that finds nobody does. */
void collector_bus_acks(struct collector_bus *bus)
{
  size_t cursor = 0;
  for (struct peer *peer = NULL; (peer = peers_next(bus->config.peers, &cursor)) != NULL;) {
    if (!peer->has_route || peer->is_held) {
      continue;
    }
    bus->answer.kind = MESSAGE_ACK;
    bus->answer.ack = (struct message_ack){peer->boot_id, peers_acknowledged(peer)};
    if (send_answer(bus, &peer->route) == ERR_AGAIN) {
      peer->has_route = false;
      pipeline_lost(bus->config.pipeline, peer->name, clock_now_ns());
      log_info("sensor %s: its connection is gone", peer->name);
    }
  }
  loop_watch_again(bus->watch);
}

/* Revoked is not silent: the operator did it, and no alert follows. */
void collector_bus_reload(struct collector_bus *bus)
{
  if (collector_keys_reload(bus->keys, bus->server) != 0) {
    return;
  }
  size_t cursor = 0;
  for (struct peer *peer = NULL; (peer = peers_next(bus->config.peers, &cursor)) != NULL;) {
    if (peer->has_route && !collector_keys_has(bus->keys, peer->name)) {
      peer->has_route = false;
      pipeline_bye(bus->config.pipeline, peer->name, clock_now_ns());
      log_warning("sensor %s: its key is revoked, it is cut off", peer->name);
    }
  }
}

static int start(struct collector_bus *bus, struct err_message *message)
{
  const struct collector_bus_config *config = &bus->config;
  int err = collector_keys_new(config->settings->authorized_dir, &bus->keys, message);
  if (err == 0) {
    err = bus_new(&bus->bus, message);
  }
  if (err == 0) {
    err = collector_keys_serve(bus->keys, bus->bus, config->settings->listen, config->key,
                               &bus->server, message);
  }
  if (err != 0) {
    return err;
  }
  bus->watch = loop_watch_new(config->loop, bus_server_fd(bus->server), LOOP_READ, drain, bus);
  bus->zap_watch =
      loop_watch_new(config->loop, bus_server_zap_fd(bus->server), LOOP_READ, judge, bus);
  if (bus->watch == NULL || bus->zap_watch == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: %s", config->settings->listen,
                   err_text(ERR_NO_MEMORY));
  }
  loop_watch_again(bus->zap_watch); /* what came before we looked */
  return 0;
}

int collector_bus_new(const struct collector_bus_config *config, struct collector_bus **out,
                      struct err_message *message)
{
  struct collector_bus *bus = calloc(1, sizeof(*bus));
  if (bus == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: %s", config->settings->listen,
                   err_text(ERR_NO_MEMORY));
  }
  bus->config = *config;
  int err = start(bus, message);
  if (err != 0) {
    collector_bus_free(bus);
    return err;
  }
  *out = bus;
  return 0;
}

void collector_bus_free(struct collector_bus *bus)
{
  if (bus == NULL) {
    return;
  }
  loop_watch_free(bus->watch);
  loop_watch_free(bus->zap_watch);
  if (bus->server != NULL) {
    bus_server_free(bus->server);
  }
  if (bus->bus != NULL) {
    bus_free(bus->bus);
  }
  collector_keys_free(bus->keys);
  free(bus);
}

const char *collector_bus_endpoint(const struct collector_bus *bus)
{
  return bus_server_endpoint(bus->server);
}

unsigned collector_bus_authorized(const struct collector_bus *bus)
{
  return collector_keys_count(bus->keys);
}

struct collector_bus_stats collector_bus_stats(const struct collector_bus *bus)
{
  return bus->stats;
}
