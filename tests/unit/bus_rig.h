/* SPDX-License-Identifier: Apache-2.0 */
/* A bus server and its links on 127.0.0.1, driven by their descriptors alone. The server and the
 * links have contexts of their own, as they do in two programs. */
#ifndef TESTS_UNIT_BUS_RIG_H
#define TESTS_UNIT_BUS_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/bus.h"

#define RIG_LINKS 4

struct rig {
  char folder[64]; /* keys; authorised ones in folder/ring */
  struct key_pair server_key;
  struct key_ring *ring;
  struct bus *server_bus, *link_bus;
  struct bus_server *server;
  struct bus_link *link[RIG_LINKS];
  unsigned events[RIG_LINKS][BUS_LINK_FAILED + 1]; /* how often each came */
  size_t received;                                 /* by the server */
  struct bus_received last;                        /* of them; last.bytes points into body */
  unsigned char *body;
  size_t answers;  /* received by links */
  char answer[64]; /* the last of them */
  unsigned refusals;
  char refused_address[64], refused_key[KEYS_TEXT_MAX];
  void *watched; /* a raw monitor socket that may wake the rig too; may be NULL */
};

void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);
/* Makes NAME's key pair; is_authorised: its public half goes into the ring's folder too. */
void rig_make_key(struct rig *rig, const char *name, bool is_authorised, struct key_pair *out);
/* Removes NAME's key from the folder. */
void rig_withdraw(struct rig *rig, const char *name);
void rig_reload_ring(struct rig *rig);
/* Opens link i with this key. */
void rig_connect(struct rig *rig, unsigned i, const struct key_pair *key);
/* Works on what the descriptors announce until done(rig) is true; fails the test when nothing comes
 * for ten seconds. */
void rig_until(struct rig *rig, bool (*done)(const struct rig *rig));
/* Sends on link i, waiting for room when there is none. */
void rig_send(struct rig *rig, unsigned i, const void *bytes, size_t length);

/* A raw DEALER, in the links' context, with a monitor that the rig watches; key NULL: no CURVE. */
struct rig_raw {
  void *context, *socket, *monitor;
};
void rig_raw_open(struct rig *rig, struct rig_raw *raw, const struct key_pair *key, int events);
void rig_raw_close(struct rig *rig, struct rig_raw *raw);

#endif
