/* SPDX-License-Identifier: Apache-2.0 */
/* ZAP 1.0 (RFC 27/ZAP): ZeroMQ asks whether a key may come in, the key ring answers. Internal to
 * common/bus*.c. */
#ifndef COMMON_BUS_ZAP_H
#define COMMON_BUS_ZAP_H

#include <stdbool.h>

#include "common/bus_socket.h"
#include "common/err.h"
#include "common/keys.h"

#define BUS_ZAP_ENDPOINT     "inproc://zeromq.zap.01"
#define BUS_ZAP_DOMAIN       "seine"
#define BUS_ZAP_KEY_PROPERTY "Seine-Key" /* of every message: the key that came in, as text */
#define BUS_ZAP_ADDRESS_MAX  64

struct bus_zap_verdict {
  bool is_accepted;
  char address[BUS_ZAP_ADDRESS_MAX];
  char key_text[KEYS_TEXT_MAX]; /* "" when the request held no CURVE key */
};

/* Binds the judge in the context, before any socket that asks it: without one libzmq lets everybody
 * in (FACTS). One judge a context: a second socket would be judged by the first one's ring. *zap is
 * NULL or the caller's to close, also on failure. ERR_IO. */
int bus_zap_open(const struct bus *bus, void **zap, struct err_message *message);
/* Answers one waiting request on the REP socket. ERR_AGAIN when there is none. */
int bus_zap_judge(void *zap, const struct key_ring *ring, struct bus_zap_verdict *verdict);
/* A peer's address as people write it (IPv4 without the mapped prefix); NULL gives "". */
void bus_zap_address(const char *text, char out[BUS_ZAP_ADDRESS_MAX]);

#endif
