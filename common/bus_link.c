/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's DEALER and the monitor that tells how its connection fares. */
#include "common/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_socket.h"

/* Time that a BYE gets to leave. */
#define BUS_LINK_FLUSH_MS 500

/* What tells the states of enum bus_link_event apart; the other events (connect, retry, accept) say
 * nothing that the sensor acts on. */
#define BUS_LINK_EVENTS                                                                            \
  (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                               \
   ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                    \
   ZMQ_EVENT_DISCONNECTED)

/* is_ready follows the monitor: it is the sensor's own view of the connection, and may lag behind
 * the pipe by a moment. */
struct bus_link {
  void *socket;
  void *monitor;
  zmq_msg_t received;
  bool is_ready;
};

/* No ZeroMQ heartbeats: libzmq 4.3.4 aborts a ROUTER that wakes after a stall and answers the PING
 * of a peer that has hung up meanwhile (docs/DECISIONS.md); PING and PONG of our own tell a
 * half-open link. IMMEDIATE: nothing is queued for a connection that is not there, so that HELLO is
 * the first message of each. */
static const struct bus_option link_options[] = {
    {ZMQ_IMMEDIATE, 1},
    {ZMQ_RECONNECT_IVL, 500},
    {ZMQ_RECONNECT_IVL_MAX, 8000},
    {ZMQ_RCVHWM, 64},
};

/* The monitor's pair of sockets talks over an address of its own in the context. */
static int bus_link_watch(struct bus *bus, struct bus_link *link)
{
  char address[64];
  (void)snprintf(address, sizeof(address), "inproc://seine.link.%u", bus->links_made++);
  link->monitor = zmq_socket(bus->context, ZMQ_PAIR);
  const struct bus_option no_linger = {ZMQ_LINGER, 0};
  if (link->monitor == NULL || bus_socket_set(link->monitor, &no_linger, 1) != 0 ||
      zmq_socket_monitor(link->socket, address, BUS_LINK_EVENTS) != 0 ||
      zmq_connect(link->monitor, address) != 0) {
    return ERR_IO;
  }
  return 0;
}

/* Order matters: the monitor must listen before the first connection is tried. */
static int bus_link_open(struct bus *bus, struct bus_link *link, const struct key_pair *own,
                         const uint8_t server_key[KEYS_BYTES])
{
  link->socket = zmq_socket(bus->context, ZMQ_DEALER);
  if (link->socket == NULL ||
      bus_socket_set(link->socket, link_options, sizeof(link_options) / sizeof(link_options[0])) !=
          0 ||
      bus_socket_secure(link->socket, own, false, BUS_MESSAGE_MAX_BYTES) != 0 ||
      zmq_setsockopt(link->socket, ZMQ_CURVE_SERVERKEY, server_key, KEYS_BYTES) != 0) {
    return ERR_IO;
  }
  return bus_link_watch(bus, link);
}

/* zmq_connect only starts: whether anybody answers is told by the monitor later. So what fails here
 * is the endpoint's text. */
int bus_link_new(struct bus *bus, const char *endpoint, const struct key_pair *own,
                 const uint8_t server_key[KEYS_BYTES], struct bus_link **out,
                 struct err_message *message)
{
  struct bus_link *link = calloc(1, sizeof(*link));
  if (link == NULL) {
    return err_set(message, ERR_NO_MEMORY, "no memory for a link to %s", endpoint);
  }
  (void)zmq_msg_init(&link->received);
  int err = bus_link_open(bus, link, own, server_key);
  if (err != 0) {
    err = err_set(message, err, "cannot open a link to %s: %s", endpoint, bus_socket_error());
  } else if (zmq_connect(link->socket, endpoint) != 0) {
    err = err_set(message, ERR_MALFORMED, "cannot connect to %s: %s; expected tcp://HOST:PORT",
                  endpoint, bus_socket_error());
  }
  if (err != 0) {
    bus_link_free(link);
    return err;
  }
  *out = link;
  return 0;
}

/* Works on half-made links too: bus_link_new ends here on any failure. */
void bus_link_free(struct bus_link *link)
{
  if (link == NULL) {
    return;
  }
  while (link->monitor != NULL && bus_link_event(link) != BUS_LINK_NONE) {
    /* the last word on whether there is a connection that could still carry anything */
  }
  if (link->socket != NULL) {
    const struct bus_option linger = {ZMQ_LINGER, link->is_ready ? BUS_LINK_FLUSH_MS : 0};
    (void)bus_socket_set(link->socket, &linger, 1);
    (void)zmq_socket_monitor(link->socket, NULL, 0);
    (void)zmq_close(link->socket);
  }
  if (link->monitor != NULL) {
    (void)zmq_close(link->monitor);
  }
  (void)zmq_msg_close(&link->received);
  free(link);
}

int bus_link_fd(const struct bus_link *link)
{
  return bus_socket_fd(link->socket);
}

int bus_link_event_fd(const struct bus_link *link)
{
  return bus_socket_fd(link->monitor);
}

/* ZeroMQ looks at its commands only now and then while it sends; asking for the events makes it
 * look, so that a pipe that came or went, or a credit, is seen. */
static bool bus_link_has_room(struct bus_link *link)
{
  int events = 0;
  size_t size = sizeof(events);
  return zmq_getsockopt(link->socket, ZMQ_EVENTS, &events, &size) == 0 &&
         (events & ZMQ_POLLOUT) != 0;
}

/* From the monitor's number to what the sensor does about it, and the state that goes with it. */
static enum bus_link_event bus_link_judge(struct bus_link *link, unsigned event)
{
  bool was_ready = link->is_ready;
  switch (event) {
  case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
    link->is_ready = true;
    (void)bus_link_has_room(link); /* the pipe of the connection before must be gone by now */
    return BUS_LINK_READY;
  case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    return BUS_LINK_REFUSED;
  case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
  case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    return BUS_LINK_FAILED;
  case ZMQ_EVENT_DISCONNECTED:
    /* After a failed handshake too: there was nothing to lose then. */
    link->is_ready = false;
    return was_ready ? BUS_LINK_LOST : BUS_LINK_NONE;
  default:
    return BUS_LINK_NONE;
  }
}

/* Events that mean nothing here are passed over, so that NONE means an empty monitor and nothing
 * else. */
enum bus_link_event bus_link_event(struct bus_link *link)
{
  enum bus_link_event found = BUS_LINK_NONE;
  zmq_msg_t frames[2]; /* event (2 bytes) and value (4), then the endpoint */
  (void)zmq_msg_init(&frames[0]);
  (void)zmq_msg_init(&frames[1]);
  size_t taken = 0;
  while (found == BUS_LINK_NONE && bus_socket_receive(link->monitor, frames, 2, &taken) == 0) {
    if (zmq_msg_size(&frames[0]) >= sizeof(uint16_t)) {
      uint16_t event;
      memcpy(&event, zmq_msg_data(&frames[0]), sizeof(event));
      found = bus_link_judge(link, event);
    }
  }
  (void)zmq_msg_close(&frames[0]);
  (void)zmq_msg_close(&frames[1]);
  return found;
}

/* Tried twice: after the first EAGAIN the socket is made to look at its commands, since a credit
 * may have come that nobody noticed. */
int bus_link_send(struct bus_link *link, const void *bytes, size_t length)
{
  if (length > BUS_MESSAGE_MAX_BYTES) {
    return ERR_LIMIT;
  }
  /* A pipe outlives its connection by a moment: what it would take then would be lost. */
  if (!link->is_ready) {
    return ERR_AGAIN;
  }
  if (zmq_send(link->socket, bytes, length, ZMQ_DONTWAIT) >= 0 ||
      (bus_link_has_room(link) && zmq_send(link->socket, bytes, length, ZMQ_DONTWAIT) >= 0)) {
    return 0;
  }
  return ERR_AGAIN;
}

/* The collector sends single frames: a message of several is not from one of ours. */
int bus_link_receive(struct bus_link *link, const uint8_t **bytes, size_t *length)
{
  size_t taken = 0;
  int err = bus_socket_receive(link->socket, &link->received, 1, &taken);
  if (err != 0) {
    return err;
  }
  if (taken != 1) {
    return ERR_LIMIT;
  }
  *bytes = zmq_msg_data(&link->received);
  *length = zmq_msg_size(&link->received);
  return 0;
}
