/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of the settings as a set of peers. */
#include "sensor/sensor_fleet.h"

#include "sensor/fleet_peers.h"

/* Texts were checked when the settings were read. */
int sensor_fleet_start(struct meter *meter, const struct sensor_settings *settings,
                       struct err_message *message)
{
  const struct conf_list *declared = &settings->fleet_networks;
  struct network networks[FLEET_PEERS_NETWORKS_MAX];
  size_t count = 0;
  for (size_t i = 0; i < declared->count && count < FLEET_PEERS_NETWORKS_MAX; i++) {
    count += network_parse(declared->item[i], &networks[count]) == 0 ? 1 : 0;
  }
  int err = meter_set_fleet_networks(meter, networks, count);
  return err == 0 ? 0 : err_set(message, err, "fleet.networks: %s", err_text(err));
}
