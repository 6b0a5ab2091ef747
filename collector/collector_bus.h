/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's end of the bus on the loop: sensors' messages -> pipeline, and the answers. What
 * a sensor says is untrusted (DESIGN section 9): it is decoded within bounds, must carry the name
 * of its key, and every refusal is counted and answered (P2, P6). */
#ifndef COLLECTOR_COLLECTOR_BUS_H
#define COLLECTOR_COLLECTOR_BUS_H

#include "collector/checkpoint.h"
#include "collector/collector_talk.h"
#include "collector/peers.h"
#include "collector/pipeline.h"
#include "collector/settings.h"
#include "common/run/loop.h"

struct collector_bus;

struct collector_bus_config {
  struct loop *loop;
  const struct collector_settings *settings;
  const struct key_pair *key; /* the collector's own */
  struct pipeline *pipeline;
  struct peers *peers;
  struct checkpoint *checkpoint;
};

/* Loads the authorised keys, checks the descriptor limit against them, binds. message names what
 * is wrong: the folder, the endpoint. */
int collector_bus_new(const struct collector_bus_config *config, struct collector_bus **out,
                      struct err_message *message);
void collector_bus_free(struct collector_bus *bus);
/* Tells each connected sensor how far it is on disk, changed or not: a sign of life too. */
void collector_bus_acks(struct collector_bus *bus);
/* Reads the authorised keys again; sensors whose key is gone are cut at once. On failure the old
 * ones stay in force (logged). */
void collector_bus_reload(struct collector_bus *bus);
const char *collector_bus_endpoint(const struct collector_bus *bus);
unsigned collector_bus_authorized(const struct collector_bus *bus);
struct collector_bus_stats collector_bus_stats(const struct collector_bus *bus);

#endif
