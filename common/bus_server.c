/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's ROUTER. Its ZAP handler sits in the same thread (common/bus_zap.c): ZeroMQ lets
 * every key in when no handler is bound, so the handler comes first and a message without User-Id
 * is dropped. */
#include "common/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_socket.h"
#include "common/bus_zap.h"

/* router and zap are polled by one thread, in turns; frames keeps the last message alive for its
 * borrower. */
struct bus_server {
  void *router;
  void *zap;
  struct bus_server_config config;
  const struct key_ring *ring;
  struct bus_server_counters counters;
  char endpoint[BUS_ENDPOINT_MAX];
  zmq_msg_t frames[2]; /* routing id, message */
};

/* The kernel cuts the backlog to net.core.somaxconn. Memory of the receive side is connections x
 * RCVHWM x message. No heartbeat here: its timers cost the square of the connections; peers that
 * vanish are found by TCP keep-alive. MANDATORY: a send to a peer that is gone says so. */
static const struct bus_option server_options[] = {
    {ZMQ_ROUTER_MANDATORY, 1},
    {ZMQ_RCVHWM, 16},
    {ZMQ_SNDHWM, 64},
    {ZMQ_BACKLOG, 65535},
};

/* Options before the bind: what is set later holds for later connections only. */
static int bus_server_open_router(struct bus *bus, struct bus_server *server,
                                  struct err_message *message)
{
  const struct bus_server_config *config = &server->config;
  server->router = zmq_socket(bus->context, ZMQ_ROUTER);
  if (server->router == NULL ||
      bus_socket_set(server->router, server_options,
                     sizeof(server_options) / sizeof(server_options[0])) != 0 ||
      bus_socket_secure(server->router, config->own, true, BUS_MESSAGE_MAX_BYTES) != 0 ||
      zmq_setsockopt(server->router, ZMQ_ZAP_DOMAIN, BUS_ZAP_DOMAIN, strlen(BUS_ZAP_DOMAIN)) != 0) {
    return err_set(message, ERR_IO, "cannot open the bus: %s", bus_socket_error());
  }
  if (zmq_bind(server->router, config->endpoint) != 0) {
    return err_set(message, ERR_IO, "cannot listen on %s: %s", config->endpoint,
                   bus_socket_error());
  }
  /* Port 0 asks for any: only now is it known which. */
  size_t size = sizeof(server->endpoint);
  if (zmq_getsockopt(server->router, ZMQ_LAST_ENDPOINT, server->endpoint, &size) != 0) {
    return err_set(message, ERR_IO, "cannot name the endpoint of %s: %s", config->endpoint,
                   bus_socket_error());
  }
  return 0;
}

/* The judge before the ROUTER: between the two nobody may come in unasked. */
int bus_server_new(struct bus *bus, const struct bus_server_config *config, struct bus_server **out,
                   struct err_message *message)
{
  struct bus_server *server = calloc(1, sizeof(*server));
  if (server == NULL) {
    return err_set(message, ERR_NO_MEMORY, "no memory for the bus");
  }
  server->config = *config;
  server->ring = config->ring;
  (void)zmq_msg_init(&server->frames[0]);
  (void)zmq_msg_init(&server->frames[1]);
  int err = bus_zap_open(bus, &server->zap, message);
  if (err == 0) {
    err = bus_server_open_router(bus, server, message);
  }
  if (err != 0) {
    bus_server_free(server);
    return err;
  }
  *out = server;
  return 0;
}

/* In the opposite order: the ROUTER goes while its judge is still bound. */
void bus_server_free(struct bus_server *server)
{
  if (server == NULL) {
    return;
  }
  if (server->router != NULL) {
    (void)zmq_close(server->router);
  }
  if (server->zap != NULL) {
    (void)zmq_close(server->zap);
  }
  (void)zmq_msg_close(&server->frames[0]);
  (void)zmq_msg_close(&server->frames[1]);
  free(server);
}

void bus_server_set_ring(struct bus_server *server, const struct key_ring *ring)
{
  server->ring = ring;
}

int bus_server_fd(const struct bus_server *server)
{
  return bus_socket_fd(server->router);
}

int bus_server_zap_fd(const struct bus_server *server)
{
  return bus_socket_fd(server->zap);
}

/* The loop ends when no handshake waits: each takes a look-up and six small frames. */
void bus_server_judge(struct bus_server *server)
{
  struct bus_zap_verdict verdict;
  while (bus_zap_judge(server->zap, server->ring, &verdict) == 0) {
    if (verdict.is_accepted) {
      server->counters.handshakes_accepted++;
      continue;
    }
    server->counters.handshakes_refused++;
    if (server->config.on_refused != NULL) {
      server->config.on_refused(server->config.context, verdict.address, verdict.key_text);
    }
  }
}

/* Whether the peer was authenticated, and its key may still speak for its name. The key is asked as
 * well as the name: a name that was given a new key must not be served to the old one. */
static bool bus_server_admits(struct bus_server *server, zmq_msg_t *frame, const char **name)
{
  const char *user = zmq_msg_gets(frame, "User-Id");
  const char *key_text = zmq_msg_gets(frame, BUS_ZAP_KEY_PROPERTY);
  uint8_t key[KEYS_BYTES];
  if (user == NULL || key_text == NULL || keys_parse(key_text, key) != 0) {
    server->counters.dropped_no_identity++;
    return false;
  }
  const char *bound = key_ring_name(server->ring, key);
  if (bound == NULL || strcmp(bound, user) != 0) {
    server->counters.dropped_revoked++;
    return false;
  }
  *name = bound;
  return true;
}

/* Frames: the routing id that ZeroMQ puts in front, and the message. */
int bus_server_receive(struct bus_server *server, struct bus_received *out)
{
  size_t taken = 0;
  while (bus_socket_receive(server->router, server->frames, 2, &taken) == 0) {
    zmq_msg_t *id = &server->frames[0];
    zmq_msg_t *body = &server->frames[1];
    const char *name = NULL;
    /* Before anything is believed: shape first, then identity, then content. */
    if (taken != 2 || zmq_msg_size(id) > BUS_ROUTE_MAX) {
      server->counters.dropped_malformed++;
      continue;
    }
    if (!bus_server_admits(server, body, &name)) {
      continue;
    }
    out->route.length = (uint8_t)zmq_msg_size(id);
    memcpy(out->route.id, zmq_msg_data(id), out->route.length);
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    bus_zap_address(zmq_msg_gets(body, "Peer-Address"), out->address);
    out->bytes = zmq_msg_data(body);
    out->length = zmq_msg_size(body);
    return 0;
  }
  return ERR_AGAIN;
}

/* The first frame names the peer: with ROUTER_MANDATORY it fails when that one is gone or full, and
 * nothing of the message is sent. Once it is accepted ZeroMQ takes or drops the rest whole. */
int bus_server_send(struct bus_server *server, const struct bus_route *to, const void *bytes,
                    size_t length)
{
  if (!bus_socket_send(server->router, to->id, to->length, ZMQ_SNDMORE) ||
      !bus_socket_send(server->router, bytes, length, 0)) {
    server->counters.send_failed++;
    return ERR_AGAIN;
  }
  return 0;
}

const struct bus_server_counters *bus_server_counters(const struct bus_server *server)
{
  return &server->counters;
}

const char *bus_server_endpoint(const struct bus_server *server)
{
  return server->endpoint;
}
