/* SPDX-License-Identifier: Apache-2.0 */
/* Who may speak: the ring of authorised keys that the server asks, its reload, and what is said of
 * those who were refused. */
#ifndef COLLECTOR_COLLECTOR_KEYS_H
#define COLLECTOR_COLLECTOR_KEYS_H

#include <stdbool.h>

#include "common/bus.h"

struct collector_keys;

/* Reads the folder. Checks that the process may open descriptors enough for its sensors: below 1.2
 * times their number is ERR_LIMIT, below 4 times a warning. */
int collector_keys_new(const char *folder, struct collector_keys **out,
                       struct err_message *message);
/* The server must be gone before. */
void collector_keys_free(struct collector_keys *keys);
/* Opens the server at listen ("ADDRESS:PORT") under these keys. */
int collector_keys_serve(struct collector_keys *keys, struct bus *bus, const char *listen,
                         const struct key_pair *own, struct bus_server **out,
                         struct err_message *message);
/* Reads the folder again and puts the new ring in force; the old one stays on failure (logged). */
int collector_keys_reload(struct collector_keys *keys, struct bus_server *server);
bool collector_keys_has(const struct collector_keys *keys, const char *name);
unsigned collector_keys_count(const struct collector_keys *keys);

#endif
