/* SPDX-License-Identifier: Apache-2.0 */
/* The context, and what both kinds of socket have in common. */
#include "common/bus.h"

#include <errno.h>
#include <stdlib.h>

#include "common/bus_socket.h"

/* ZMQ_MAXMSGSIZE counts the frame as CURVE sends it: command name, nonce, flags and tag. */
#define BUS_CURVE_OVERHEAD 64

int bus_new(struct bus **out, struct err_message *message)
{
  struct bus *bus = calloc(1, sizeof(*bus));
  if (bus == NULL) {
    return err_set(message, ERR_NO_MEMORY, "no memory for the bus");
  }
  if (zmq_has("curve") == 0) {
    free(bus);
    return err_set(message, ERR_UNSUPPORTED, "this ZeroMQ library knows no CURVE");
  }
  bus->context = zmq_ctx_new();
  if (bus->context == NULL) {
    free(bus);
    return err_set(message, ERR_IO, "cannot start ZeroMQ: %s", bus_socket_error());
  }
  *out = bus;
  return 0;
}

void bus_free(struct bus *bus)
{
  if (bus == NULL) {
    return;
  }
  while (zmq_ctx_term(bus->context) != 0 && errno == EINTR) {
    /* a signal must not leave the I/O thread running */
  }
  free(bus);
}

int bus_socket_set(void *socket, const struct bus_option *options, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) != 0) {
      return ERR_IO;
    }
  }
  return 0;
}

int bus_socket_secure(void *socket, const struct key_pair *own, bool is_server)
{
  int64_t max_bytes = BUS_MESSAGE_MAX_BYTES + BUS_CURVE_OVERHEAD;
  int server = is_server ? 1 : 0;
  bool is_set =
      zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof(max_bytes)) == 0 &&
      zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof(server)) == 0 &&
      zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret_key, KEYS_BYTES) == 0 &&
      (is_server || zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public_key, KEYS_BYTES) == 0);
  return is_set ? 0 : ERR_IO;
}

int bus_socket_fd(void *socket)
{
  int fd = -1;
  size_t size = sizeof(fd);
  return zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

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

const char *bus_socket_error(void)
{
  return zmq_strerror(zmq_errno());
}
