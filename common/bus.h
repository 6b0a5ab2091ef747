/* SPDX-License-Identifier: Apache-2.0 */
/* ZeroMQ: a DEALER for a sensor, a ROUTER with its ZAP handler for a collector, CURVE always.
 *
 * Both ends hand out a descriptor that is edge-triggered: whoever waits on it must call receive
 * until ERR_AGAIN (with a budget, then look again by himself), and must do so after every send too.
 * A message is one frame (ROUTER: behind the routing id, which nobody sets by hand). */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/keys.h"

#define BUS_MESSAGE_MAX_BYTES (1 << 20) /* without CURVE's own; ZMQ_MAXMSGSIZE on both ends */
#define BUS_ENDPOINT_MAX      256

struct bus; /* one ZeroMQ context with its I/O thread */
int bus_new(struct bus **out, struct err_message *message);
/* Every link and server must be gone before. */
void bus_free(struct bus *bus);

/* The sensor's end. */
struct bus_link;

enum bus_link_event {
  BUS_LINK_NONE,
  BUS_LINK_READY,   /* handshake done */
  BUS_LINK_LOST,    /* disconnected; libzmq tries again by itself */
  BUS_LINK_REFUSED, /* ZAP refused the key: this socket is dead for good, open a new one */
  BUS_LINK_FAILED,  /* the handshake failed otherwise (no CURVE there, wrong server key) */
};

/* Connects to "tcp://HOST:PORT" whose public key is server_key. Settings, each measured: no linger
 * (but 500 ms for a BYE when a ready link is freed), no routing id, no ZeroMQ heartbeats (the
 * protocol has its own), TCP keep-alive, handshake 30 s, reconnect 500 ms .. 8 s. Nothing is queued
 * while there is no connection. */
int bus_link_new(struct bus *bus, const char *endpoint, const struct key_pair *own,
                 const uint8_t server_key[KEYS_BYTES], struct bus_link **out,
                 struct err_message *message);
void bus_link_free(struct bus_link *link);
int bus_link_fd(const struct bus_link *link);       /* messages */
int bus_link_event_fd(const struct bus_link *link); /* the monitor's events */
/* The next event, BUS_LINK_NONE when there is none now. */
enum bus_link_event bus_link_event(struct bus_link *link);
/* Between READY and LOST, as bus_link_event told them; the bytes are copied. ERR_AGAIN otherwise,
 * or when the high-water mark is reached; ERR_LIMIT over BUS_MESSAGE_MAX_BYTES. */
int bus_link_send(struct bus_link *link, const void *bytes, size_t length);
/* Takes one message: *bytes stays valid until the next receive or free. ERR_AGAIN, ERR_LIMIT (a
 * message of several frames: dropped). */
int bus_link_receive(struct bus_link *link, const uint8_t **bytes, size_t *length);

/* The collector's end. */
struct bus_server;

#define BUS_ROUTE_MAX 32
/* Where an answer goes. */
struct bus_route {
  uint8_t id[BUS_ROUTE_MAX];
  uint8_t length;
};

struct bus_received {
  struct bus_route route;
  char name[KEYS_NAME_MAX]; /* the authenticated sensor: its User-Id */
  char address[64];         /* the peer's address as text, "" when unknown */
  const uint8_t *bytes;     /* valid until the next receive or free */
  size_t length;
};

struct bus_server_counters {
  uint64_t handshakes_accepted;
  uint64_t handshakes_refused;
  uint64_t dropped_no_identity; /* no User-Id: never authenticated */
  uint64_t dropped_revoked;     /* the name is no longer in the ring */
  uint64_t dropped_malformed;   /* not exactly one frame */
  uint64_t send_failed;         /* the peer is gone or its queue is full */
};

/* Binds the ZAP handler, then the ROUTER at endpoint ("tcp://0.0.0.0:PORT"); RCVHWM 16, backlog
 * raised. ring is borrowed and may be changed by bus_server_set_ring. A refused peer is told by
 * on_refused (address, key text), rate-limited by the caller. */
struct bus_server_config {
  const char *endpoint;
  const struct key_pair *own;
  const struct key_ring *ring;
  void (*on_refused)(void *context, const char *address, const char *key_text);
  void *context;
};
int bus_server_new(struct bus *bus, const struct bus_server_config *config, struct bus_server **out,
                   struct err_message *message);
void bus_server_free(struct bus_server *server);
void bus_server_set_ring(struct bus_server *server, const struct key_ring *ring);
int bus_server_fd(const struct bus_server *server);     /* messages */
int bus_server_zap_fd(const struct bus_server *server); /* handshakes to judge */
/* Judges every waiting handshake; call when the ZAP descriptor is readable and after each receive
 * round. */
void bus_server_judge(struct bus_server *server);
/* One message of an authenticated, still authorised sensor; all others are dropped and counted.
 * ERR_AGAIN at the end. */
int bus_server_receive(struct bus_server *server, struct bus_received *out);
/* Never blocks. ERR_AGAIN: the peer's queue is full or it is gone (counted). */
int bus_server_send(struct bus_server *server, const struct bus_route *to, const void *bytes,
                    size_t length);
const struct bus_server_counters *bus_server_counters(const struct bus_server *server);
/* The endpoint really bound (a port 0 resolved). */
const char *bus_server_endpoint(const struct bus_server *server);

#endif
