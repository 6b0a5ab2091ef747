/* SPDX-License-Identifier: Apache-2.0 */
/* Which interfaces there are, their addresses, counters and states: rtnetlink (libmnl) and sysfs.
 */
#ifndef SENSOR_INTERFACES_H
#define SENSOR_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "common/err.h"
#include "proto/summary.h"

#define INTERFACES_MAX 4096

/* One link as the kernel tells it now. */
struct interface_state {
  char name[SUMMARY_INTERFACE_NAME_MAX];
  char kind[16]; /* IFLA_INFO_KIND: "bridge", "veth", "vlan", ...; "" for a plain device */
  int index;
  int master; /* index of the bridge, bond, team or VRF it is a port of; 0: none */
  bool is_up; /* administratively up, and its carrier not known to be down */
  bool is_loopback;
  bool has_lower;               /* stands upon another device of this namespace (VLAN, macvlan) */
  struct summary_kernel kernel; /* absolute 64-bit counters (IFLA_STATS64) */
};

/* All links of this network namespace into out (room for max; more are an ERR_LIMIT). Returns how
 * many, or a negative error with its message. */
int interfaces_list(struct interface_state *out, size_t max, struct err_message *message);
/* All addresses of this namespace, loopback and link-local too. Returns how many, or an error. */
int interfaces_addresses(struct addr *out, size_t max, struct err_message *message);
/* `interfaces: auto`: the devices by which traffic leaves the host, each byte on one of them only:
 * up, not loopback, no device that others of this list carry (VLAN, macvlan: has_lower; bridge,
 * bond, team, VRF: they have ports), and no port of a container or guest (veth, tun), unless there
 * is nothing else: inside a container the veth is the way out. ifb and dummy never are. Pure. Puts
 * indexes into list to chosen, ascending; returns how many. */
size_t interfaces_choose(const struct interface_state *list, size_t n, size_t *chosen, size_t max);

#endif
