/* SPDX-License-Identifier: Apache-2.0 */
/* Own addresses of replayed sensors, and their peers. Addresses and networks are taken apart here:
 * an address can be looked up fleet-wide and says whose host it is; a network only tells the meter
 * which side of a packet is ours. */
#include "cli/replay_local.h"

#include <string.h>

#include "collector/pipeline.h"
#include "sensor/meter.h"

#define REPLAY_LOCAL_FULL_BITS 128 /* a network of one address, of either family */

/* A network of one address is an address: only those can own traffic fleet-wide. */
static int replay_local_add(struct replay_local *out, const char *text, struct err_message *message)
{
  struct network network;
  if (network_parse(text, &network) != 0) {
    return err_set(message, ERR_MALFORMED, "'%s': expected an address or a network", text);
  }
  if (network.prefix_bits == REPLAY_LOCAL_FULL_BITS) {
    if (out->addr_count == MESSAGE_ADDRESSES_MAX) {
      return err_set(message, ERR_LIMIT, "'%s': expected at most %d addresses", text,
                     MESSAGE_ADDRESSES_MAX);
    }
    out->addr[out->addr_count++] = network.base;
    return 0;
  }
  if (out->network_count == REPLAY_NETWORKS_MAX) {
    return err_set(message, ERR_LIMIT, "'%s': expected at most %d networks", text,
                   REPLAY_NETWORKS_MAX);
  }
  out->network[out->network_count++] = network;
  return 0;
}

/* --local first, so that its mistakes are told before those of a file. */
int replay_local_read(const struct options *options, const struct collector_settings *settings,
                      const char *sensor, struct replay_local *out, struct err_message *message)
{
  *out = (struct replay_local){0};
  for (size_t i = 0; i < options->local.count; i++) {
    int err = replay_local_add(out, options->local.text[i], message);
    if (err != 0) {
      return err;
    }
  }
  /* Checked by the options, which take no more than there is room for. */
  for (size_t i = 0; i < options->fleet.count && i < REPLAY_NETWORKS_MAX; i++) {
    out->fleet_count +=
        network_parse(options->fleet.text[i], &out->fleet[out->fleet_count]) == 0 ? 1 : 0;
  }
  /* By the name that replay_files gave the file; other entries are of other files, or of live
   * sensors. */
  const struct sensor_setting *settings_of = settings->sensors.item;
  for (size_t i = 0; i < settings->sensors.count; i++) {
    if (strcmp(settings_of[i].name, sensor) != 0) {
      continue;
    }
    for (size_t k = 0; k < settings_of[i].addresses.count; k++) {
      int err = replay_local_add(out, settings_of[i].addresses.item[k], message);
      if (err != 0) {
        return err;
      }
    }
  }
  return 0;
}

/* Without --fleet the meter stays without a set: the split is absent. */
int replay_local_apply(const struct replay_local *local, struct meter *meter)
{
  int err =
      meter_set_local(meter, local->addr, local->addr_count, local->network, local->network_count);
  return err != 0 ? err : meter_set_fleet_networks(meter, local->fleet, local->fleet_count);
}
