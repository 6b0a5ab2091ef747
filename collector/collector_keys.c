/* SPDX-License-Identifier: Apache-2.0 */
/* The ring in force and the server that asks it. The ring is the list of authorised public keys
 * with their sensors' names; ZAP asks it at the handshake and the server on every message, since a
 * connected peer would go on sending after its key is withdrawn (FACTS, P6). */
#include "collector/collector_keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/refusal_line.h"
#include "common/log.h"
#include "common/run/daemon.h"

#define RESERVED_FILES 64 /* database, sockets, receivers, libraries */

/* The folder's path is the settings'. */
struct collector_keys {
  const char *folder;
  struct key_ring *ring;
  struct refusal_line refusals;
};

/* Without descriptors the I/O thread spins and nobody can connect, sensors included. */
static int check_descriptors(unsigned sensors, struct err_message *message)
{
  /* 1.2 times: everybody just fits. Four times: reconnections and strangers that knock fit beside
   * them. */
  uint64_t limit = daemon_raise_descriptors();
  uint64_t least = (uint64_t)sensors * 6 / 5 + RESERVED_FILES;
  uint64_t good = (uint64_t)sensors * 4 + RESERVED_FILES;
  if (limit < least) {
    return err_set(message, ERR_LIMIT,
                   "%u authorised sensors need at least %llu file descriptors, the limit is %llu: "
                   "raise LimitNOFILE",
                   sensors, (unsigned long long)least, (unsigned long long)limit);
  }
  if (limit < good) {
    log_warning("the limit of %llu file descriptors is low for %u authorised sensors: %llu let "
                "connections that only knock not shut them out (LimitNOFILE)",
                (unsigned long long)limit, sensors, (unsigned long long)good);
  }
  return 0;
}

/* The keys first: their number decides how many descriptors are needed. */
int collector_keys_new(const char *folder, struct collector_keys **out, struct err_message *message)
{
  struct collector_keys *keys = calloc(1, sizeof(*keys));
  if (keys == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: %s", folder, err_text(ERR_NO_MEMORY));
  }
  keys->folder = folder;
  int err = key_ring_load(folder, &keys->ring, message);
  if (err == 0) {
    err = check_descriptors(key_ring_count(keys->ring), message);
  }
  if (err != 0) {
    collector_keys_free(keys);
    return err;
  }
  *out = keys;
  return 0;
}

void collector_keys_free(struct collector_keys *keys)
{
  if (keys != NULL) {
    key_ring_free(keys->ring);
    free(keys);
  }
}

static void on_refused(void *context, const char *address, const char *key_text)
{
  struct collector_keys *keys = context;
  refusal_line_say(&keys->refusals, "", address, key_text, keys->folder);
}

/* The server binds ZAP before its socket (bus.h): without a handler libzmq would accept everybody
 * (FACTS). */
int collector_keys_serve(struct collector_keys *keys, struct bus *bus, const char *listen,
                         const struct key_pair *own, struct bus_server **out,
                         struct err_message *message)
{
  char endpoint[BUS_ENDPOINT_MAX];
  int length = snprintf(endpoint, sizeof(endpoint), "tcp://%s", listen);
  if (length < 0 || (size_t)length >= sizeof(endpoint)) {
    return err_set(message, ERR_LIMIT, "listen: '%s' is too long", listen);
  }
  struct bus_server_config config = {.endpoint = endpoint,
                                     .own = own,
                                     .ring = keys->ring,
                                     .on_refused = on_refused,
                                     .context = keys};
  return bus_server_new(bus, &config, out, message);
}

/* The new ring is in force before the old one is freed: the server asks it on every message. */
int collector_keys_reload(struct collector_keys *keys, struct bus_server *server)
{
  struct key_ring *ring = NULL;
  struct err_message message = {""};
  int err = key_ring_load(keys->folder, &ring, &message);
  if (err != 0) {
    log_error("authorised keys stay as they were: %s", message.text);
    return err;
  }
  bus_server_set_ring(server, ring);
  key_ring_free(keys->ring);
  keys->ring = ring;
  /* Too late to refuse: the sensors are authorised, and the operator is told. */
  if (check_descriptors(key_ring_count(ring), &message) != 0) {
    log_error("%s", message.text);
  }
  log_info("authorised keys: %u sensors", key_ring_count(ring));
  return 0;
}

bool collector_keys_has(const struct collector_keys *keys, const char *name)
{
  return key_ring_has(keys->ring, name) != 0;
}

unsigned collector_keys_count(const struct collector_keys *keys)
{
  return key_ring_count(keys->ring);
}
