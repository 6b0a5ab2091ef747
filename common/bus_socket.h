/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends of the bus share: the context and a socket's options. Internal to common/bus*.c.
 */
#ifndef COMMON_BUS_SOCKET_H
#define COMMON_BUS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zmq.h>

#include "common/keys.h"

struct bus {
  void *context;
  unsigned links_made; /* names each link's monitor: a closed one's name is free only later */
};

/* One row of a table of options. */
struct bus_option {
  int option;
  int value;
};
/* ERR_IO at the first that ZeroMQ refuses. */
int bus_socket_set(void *socket, const struct bus_option *options, size_t count);
/* What every socket on TCP has: no linger, both families, keep-alive, time for a handshake;
 * ZMQ_MAXMSGSIZE (for messages of at most message_max_bytes) and CURVE's own key. is_server: as the
 * accepting side. Before bind or connect. ERR_IO. */
int bus_socket_secure(void *socket, const struct key_pair *own, bool is_server,
                      int64_t message_max_bytes);
int bus_socket_fd(void *socket);
/* Takes the frames of one message: the first `count` of them into frames (initialised by the
 * caller), the rest is read and dropped. *taken: how many there were. ERR_AGAIN. */
int bus_socket_receive(void *socket, zmq_msg_t *frames, size_t count, size_t *taken);
/* Sends one frame, without waiting; flags: ZMQ_SNDMORE or 0. A signal that comes within is no
 * reason: SIGHUP must not cost a sensor its connection. */
bool bus_socket_send(void *socket, const void *bytes, size_t length, int flags);
/* errno of a failed ZeroMQ call as text. */
const char *bus_socket_error(void);

#endif
