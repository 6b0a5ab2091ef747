/* SPDX-License-Identifier: Apache-2.0 */
/* The context: one for a process, with the I/O thread that does all network work behind the
 * sockets of bus_link.c and bus_server.c. */
#include "common/bus.h"

#include <errno.h>
#include <stdlib.h>

#include "common/bus_socket.h"

/* Asked once at the start: without CURVE every socket would fail later, and less plainly. */
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

/* zmq_ctx_term waits until every socket is closed and its linger is over: hence the rule that links
 * and servers go first. */
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
