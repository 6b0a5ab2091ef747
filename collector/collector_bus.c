/* SPDX-License-Identifier: Apache-2.0 */
/* The server on the loop: when it is read, who is told how far he is on disk, whose key is in
 * force.
 *
 *   descriptor readable -> drain: messages -> collector_talk.c      at most DRAIN_BUDGET a turn
 *   ZAP descriptor readable -> judge: may this key connect?
 *   after each checkpoint -> collector_bus_acks                     SIGHUP -> collector_bus_reload
 *
 * ZeroMQ's descriptors are edge-triggered: they tell of a change once. So after every receive and
 * every send the sockets are looked at again, or messages would lie there until the next one comes
 * (FACTS). */
#include "collector/collector_bus.h"

#include <stdlib.h>

#include "collector/collector_keys.h"
#include "common/clock.h"
#include "common/log.h"

/* So many messages before timers get their turn; what is left comes in the next round of the
 * loop. */
#define DRAIN_BUDGET 256

/* Handshakes have a descriptor of their own: a storm of reconnections is judged while records
 * come. */
struct collector_bus {
  struct collector_bus_config config;
  struct bus *bus;
  struct bus_server *server;
  struct collector_keys *keys;
  struct loop_watch *watch;
  struct loop_watch *zap_watch;
  struct collector_talk talk;
};

/* The descriptor tells of changes only: read until nothing is left, or come back by ourselves.
 * Somebody may have knocked meanwhile: ZAP is looked at in each turn. */
static void drain(void *context, int fd, unsigned what)
{
  struct collector_bus *bus = context;
  struct bus_received received;
  (void)fd;
  (void)what;
  int budget = DRAIN_BUDGET;
  while (budget > 0 && bus_server_receive(bus->server, &received) == 0) {
    collector_talk_hear(&bus->talk, &received);
    budget--;
  }
  bus_server_judge(bus->server);
  if (budget < DRAIN_BUDGET) {
    loop_watch_again(bus->watch);
  }
}

/* Verdicts change what waits at the ROUTER too: a sensor that was let in may have sent its HELLO
 * already. */
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
    /* A held sensor gets none on purpose: it misses its ACKs, says HELLO again and resends. */
    if (!peer->has_route || peer->is_held) {
      continue;
    }
    bus->talk.answer.kind = MESSAGE_ACK;
    bus->talk.answer.ack = (struct message_ack){peer->boot_id, peer->stored};
    if (collector_talk_answer(&bus->talk, &peer->route) == ERR_AGAIN) {
      peer->has_route = false;
      pipeline_lost(bus->config.pipeline, peer->name, clock_now_ns());
      log_info("sensor %s: its connection is gone", peer->name);
    }
  }
  loop_watch_again(bus->watch);
}

/* Revoked is not silent: the operator did it, and no alert follows, connected or not. */
static void dismiss_revoked(struct collector_bus *bus)
{
  size_t cursor = 0;
  for (struct peer *peer = NULL; (peer = peers_next(bus->config.peers, &cursor)) != NULL;) {
    const struct host *host = hosts_find(pipeline_hosts(bus->config.pipeline), peer->name);
    bool is_gone = host == NULL || host->has_left;
    if (collector_keys_has(bus->keys, peer->name) || (is_gone && !peer->has_route)) {
      continue;
    }
    peer->has_route = false;
    pipeline_bye(bus->config.pipeline, peer->name, clock_now_ns());
    log_warning("sensor %s: its key is revoked, it counts as gone", peer->name);
  }
}

/* Frames of a revoked key that are on their way are dropped by the server, which asks the ring on
 * every message (FACTS). */
void collector_bus_reload(struct collector_bus *bus)
{
  if (collector_keys_reload(bus->keys, bus->server) == 0) {
    dismiss_revoked(bus);
  }
}

/* Keys, context, server, watches: a message can come from here on. */
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
  bus->talk.settings = config->settings;
  bus->talk.pipeline = config->pipeline;
  bus->talk.peers = config->peers;
  bus->talk.checkpoint = config->checkpoint;
  bus->talk.server = bus->server;
  bus->watch = loop_watch_new(config->loop, bus_server_fd(bus->server), LOOP_READ, drain, bus);
  bus->zap_watch =
      loop_watch_new(config->loop, bus_server_zap_fd(bus->server), LOOP_READ, judge, bus);
  if (bus->watch == NULL || bus->zap_watch == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: %s", config->settings->listen,
                   err_text(ERR_NO_MEMORY));
  }
  dismiss_revoked(bus);             /* while no collector ran */
  loop_watch_again(bus->zap_watch); /* what came before we looked */
  return 0;
}

/* The watches borrow the object, so it must not move: it is on the heap from the start. */
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

/* Watches first, so that the loop calls nothing that is gone; the ring last, since the server asks
 * it. */
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

/* With the port that was really bound. */
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
  return bus->talk.stats;
}
