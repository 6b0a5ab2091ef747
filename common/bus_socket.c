/* SPDX-License-Identifier: Apache-2.0 */
/* What a DEALER, a ROUTER and the ZAP judge do alike with a ZeroMQ socket. */
#include "common/bus_socket.h"

#include <errno.h>
#include <stdint.h>

#include "common/err.h"

/* ZMQ_MAXMSGSIZE counts the frame as CURVE sends it: command name, nonce, flags and tag. */
#define BUS_CURVE_OVERHEAD 64

/* Options of type int only; those of other types are set where they are needed. */
int bus_socket_set(void *socket, const struct bus_option *options, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) != 0) {
      return ERR_IO;
    }
  }
  return 0;
}

/* What every socket on TCP has. Nothing lingers; a peer that vanished is found by the kernel after
 * 10 + 3 x 5 s; a short HANDSHAKE_IVL would livelock when a whole fleet reconnects (FACTS). */
static const struct bus_option tcp_options[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_IPV6, 1},
    {ZMQ_HANDSHAKE_IVL, 30000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 10},
    {ZMQ_TCP_KEEPALIVE_INTVL, 5},
    {ZMQ_TCP_KEEPALIVE_CNT, 3},
};

/* An accepting socket needs the secret half alone, a connecting one must be given both.
 * ZMQ_MAXMSGSIZE is an int64_t, unlike its neighbours. */
int bus_socket_secure(void *socket, const struct key_pair *own, bool is_server,
                      int64_t message_max_bytes)
{
  int64_t max_bytes = message_max_bytes + BUS_CURVE_OVERHEAD;
  int server = is_server ? 1 : 0;
  bool is_set =
      bus_socket_set(socket, tcp_options, sizeof(tcp_options) / sizeof(tcp_options[0])) == 0 &&
      zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof(max_bytes)) == 0 &&
      zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof(server)) == 0 &&
      zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret_key, KEYS_BYTES) == 0 &&
      (is_server || zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public_key, KEYS_BYTES) == 0);
  return is_set ? 0 : ERR_IO;
}

/* The descriptor tells only that something changed (it is edge-triggered): it says neither that a
 * message is there nor, once it was looked at, that more are. */
int bus_socket_fd(void *socket)
{
  int fd = -1;
  size_t size = sizeof(fd);
  return zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

/* frames: [ 0 ] [ 1 ] ... [ count - 1 ]   the rest -> dropped, and counted in *taken
 *
 * A message is always read to its last frame, or its tail would be taken for the next message. */
int bus_socket_receive(void *socket, zmq_msg_t *frames, size_t count, size_t *taken)
{
  size_t n = 0;
  bool has_more = true;
  zmq_msg_t dropped;
  (void)zmq_msg_init(&dropped);
  while (has_more) {
    zmq_msg_t *frame = n < count ? &frames[n] : &dropped;
    if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
      /* All frames of a message come at once: only the first can be missing, or a signal came. */
      if (n == 0 && errno != EINTR) {
        (void)zmq_msg_close(&dropped);
        return ERR_AGAIN;
      }
      if (errno != EINTR) {
        break;
      }
      continue;
    }
    n++;
    has_more = zmq_msg_more(frame) != 0;
  }
  (void)zmq_msg_close(&dropped);
  *taken = n;
  return 0;
}

bool bus_socket_send(void *socket, const void *bytes, size_t length, int flags)
{
  int sent = -1;
  do {
    sent = zmq_send(socket, bytes, length, flags | ZMQ_DONTWAIT);
  } while (sent < 0 && zmq_errno() == EINTR);
  return sent >= 0;
}

/* ZeroMQ has error numbers of its own beyond those of strerror. */
const char *bus_socket_error(void)
{
  return zmq_strerror(zmq_errno());
}
