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
  if (declared->count == 0) {
    return 0;
  }
  for (size_t i = 0; i < declared->count && count < FLEET_PEERS_NETWORKS_MAX; i++) {
    count += network_parse(declared->item[i], &networks[count]) == 0 ? 1 : 0;
  }
  struct fleet_peers *peers = fleet_peers_new(0);
  if (peers == NULL) {
    return err_set(message, ERR_NO_MEMORY, "fleet.networks: out of memory");
  }
  (void)fleet_peers_set_networks(peers, networks, count); /* no more than it has room for */
  meter_set_fleet(meter, peers, INT64_MIN);
  return 0;
}
