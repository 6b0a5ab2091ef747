/* SPDX-License-Identifier: Apache-2.0 */
/* Whose addresses are a replayed sensor's own: --local for all, `sensors: NAME: addresses:` for
 * one. With them a packet has a direction, and a total can be counted once (P1); without any every
 * packet is of unknown direction, and replay says so. Whose addresses are fleet peers: --fleet. */
#ifndef CLI_REPLAY_LOCAL_H
#define CLI_REPLAY_LOCAL_H

#include "cli/options.h"
#include "common/addr.h"
#include "common/err.h"
#include "proto/message.h"

#define REPLAY_NETWORKS_MAX 256

struct collector_settings;
struct meter;

/* What is the capturing host's own, and whose addresses are fleet peers. */
struct replay_local {
  size_t addr_count, network_count, fleet_count;
  struct addr addr[MESSAGE_ADDRESSES_MAX];
  struct network network[REPLAY_NETWORKS_MAX];
  struct network fleet[REPLAY_NETWORKS_MAX];
};

/* Adds both kinds for the sensor to *out (emptied first). ERR_LIMIT: more than fit; ERR_MALFORMED;
 * message names the entry. */
int replay_local_read(const struct options *options, const struct collector_settings *settings,
                      const char *sensor, struct replay_local *out, struct err_message *message);

/* Tells the file's meter, before its first frame. ERR_NO_MEMORY. */
int replay_local_apply(const struct replay_local *local, struct meter *meter);

#endif
