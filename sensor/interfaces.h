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

#define INTERFACES_SYSFS "/sys/class/net"

/* One link as the kernel tells it now. */
struct interface_state {
  char name[SUMMARY_INTERFACE_NAME_MAX];
  char kind[16]; /* IFLA_INFO_KIND: "bridge", "veth", "vlan", ...; "" for a plain device */
  int index;
  int master;      /* index of the bridge, bond, team or VRF it is a port of; 0: none */
  int lower;       /* index of one device of this namespace that it stands upon; 0: none */
  unsigned type;   /* ARPHRD_* */
  uint32_t mtu;    /* bytes of a packet without its link header; 0: not known */
  uint64_t missed; /* packets that the device itself had no room for, since its start */
  bool is_up;      /* administratively up, and its carrier not known to be down */
  bool is_loopback;
  bool has_lower;    /* stands upon such devices (VLAN, macvlan, bond, ...) */
  bool has_peer;     /* is one end of a pair (veth, netkit) */
  bool is_peer_here; /* and the other end is in this namespace too */
  /* From sysfs alone; false where it is not there. */
  bool is_hardware;             /* a bus's device, a virtual machine's card among them */
  bool is_guest_card;           /* hardware to look at, but the host's end of a guest's card */
  struct summary_kernel kernel; /* absolute 64-bit counters (IFLA_STATS64) */
};

/* All links of this network namespace into out (room for max; more are an ERR_LIMIT). Returns how
 * many, or a negative error with its message. Knows nothing of sysfs. */
int interfaces_list(struct interface_state *out, size_t max, struct err_message *message);
/* All addresses of this namespace, loopback and link-local too. Returns how many, or an error. */
int interfaces_addresses(struct addr *out, size_t max, struct err_message *message);
/* Adds to a list what the tree at root (INTERFACES_SYSFS, or a made one) tells of its links: upon
 * what they stand, and what is hardware. A link that the tree lacks, or has with another index (the
 * tree is another namespace's), stays as it is. */
void interfaces_stack(const char *root, struct interface_state *list, size_t n);

/* What the tree says of the link's speed, in megabits a second each way; 0 when the driver does not
 * say, the link is down or the tree is another namespace's. */
uint32_t interfaces_speed_mbit(const char *root, const struct interface_state *link);

/* `interfaces: auto`: the devices by which traffic leaves the host, each byte on one of them only.
 *
 * Left out are loopback, what only carries other devices' packets (bridge, bond, team, VRF: their
 * ports tell them; VLAN, macvlan: their device), tunnels (vxlan, GRE, WireGuard, PPP, a VPN's tun:
 * their packets leave by another device), pairs with both ends here, and guests' ports (veth, tap).
 * Where nothing else is there, up or down, as in a container, the best of what was left out is
 * taken: veth without a bridge, then tap, then tunnels, then ports of a bridge. Pure. Puts indexes
 * of links that are up into chosen, ascending; returns how many. */
size_t interfaces_choose(const struct interface_state *list, size_t n, size_t *chosen, size_t max);
/* Whether there is a device to wait for: a way out, if only it were up. Pure. */
bool interfaces_has_way_out(const struct interface_state *list, size_t n);
/* `capture.ports`: ports of containers and guests that are up and that interfaces_choose does not
 * take. Pure; the same form of answer. */
size_t interfaces_ports(const struct interface_state *list, size_t n, size_t *ports, size_t max);
/* Whether one of the two carries packets of the other (a VLAN and its device, a bond and its port):
 * a capture on both counts those bytes twice. Pure. */
bool interfaces_share_bytes(const struct interface_state *list, size_t n,
                            const struct interface_state *a, const struct interface_state *b);
/* A number that changes, but for chance, when an answer of the above may: names, indexes, masters,
 * states. */
uint64_t interfaces_shape(const struct interface_state *list, size_t n);

/* A descriptor (the caller closes it) that becomes readable when a link comes, goes or changes; a
 * hint to list them again, no more. Negative: an error. */
int interfaces_watch(struct err_message *message);
/* Takes what waits on it; nothing is read out of it. */
void interfaces_watch_drain(int fd);

#endif
