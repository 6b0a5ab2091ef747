/* SPDX-License-Identifier: Apache-2.0 */
/* `interfaces: auto`, as a rule over a list of links. The aim is that each byte that enters or
 * leaves the host is captured on one device, never on two.
 *
 *   br0 -- bond0 -- eth0, eth1           each stands upon the next; what stands on nothing is a
 * leaf
 *      \__ tap1 (a guest)                vx0 .. eth0: a tunnel's packets leave by another device */
#include <linux/if_arp.h>
#include <string.h>

#include "common/hash.h"
#include "sensor/interfaces.h"

/* Devices upon each other; four is a lot. */
#define STACK_MAX 6

/* How good a device is as the way out. Only those of the best rank that is there are taken. */
enum rank {
  RANK_NEVER,  /* others tell its bytes, or they never leave */
  RANK_PORT,   /* a guest's end, in a bridge */
  RANK_TUNNEL, /* its packets leave inside others */
  RANK_TAP,    /* a guest's or a user-space network's */
  RANK_VETH,   /* a container's end, or a container's way out */
  RANK_LEAF,
};

/* By the driver's kind, not by the name: names are anybody's choice. */
static bool kind_is_one_of(const struct interface_state *link, const char *const *kinds)
{
  for (; *kinds != NULL; kinds++) {
    if (strcmp(link->kind, *kinds) == 0) {
      return true;
    }
  }
  return false;
}

/* Devices that carry what others tell already, or nothing that leaves. */
static bool is_never(const struct interface_state *link)
{
  static const char *const kinds[] = {"bridge", "bond",  "team",  "vrf",      "openvswitch",
                                      "ifb",    "dummy", "nlmon", "vsockmon", "vcan",
                                      "vxcan",  "can",   NULL};
  switch (link->type) {
  case ARPHRD_LOOPBACK:
  case ARPHRD_CAN:
  case ARPHRD_NETLINK:
  case ARPHRD_VSOCKMON:
  case ARPHRD_PIMREG:
  case ARPHRD_VOID:
  case ARPHRD_IEEE80211: /* a monitor of another device's radio */
  case ARPHRD_IEEE80211_PRISM:
  case ARPHRD_IEEE80211_RADIOTAP:
    return true;
  default:
    return link->is_loopback || kind_is_one_of(link, kinds);
  }
}

/* Layer 3 types tell most of them, and new kinds of such tunnels too. */
static bool is_tunnel(const struct interface_state *link)
{
  static const char *const kinds[] = {"vxlan",     "geneve",    "gretap", "ip6gretap", "erspan",
                                      "ip6erspan", "bareudp",   "gtp",    "l2tp",      "l2tpeth",
                                      "amt",       "wireguard", "xfrm",   "vti",       "vti6",
                                      "ppp",       "batadv",    "ovpn",   NULL};
  switch (link->type) {
  case ARPHRD_TUNNEL:
  case ARPHRD_TUNNEL6:
  case ARPHRD_SIT:
  case ARPHRD_IPGRE:
  case ARPHRD_IP6GRE:
  case ARPHRD_PPP:
  case ARPHRD_NONE: /* tun, WireGuard */
    return true;
  default:
    return kind_is_one_of(link, kinds);
  }
}

/* The device that link is a port of; NULL: none, or one of another namespace. */
static const struct interface_state *master_of(const struct interface_state *list, size_t n,
                                               const struct interface_state *link)
{
  for (size_t i = 0; i < n && link->master != 0; i++) {
    if (list[i].index == link->master) {
      return &list[i];
    }
  }
  return NULL;
}

/* A bridge, bond or team carries what its ports carry: counting both would count each byte twice.
 */
static bool has_ports(const struct interface_state *list, size_t n,
                      const struct interface_state *link)
{
  for (size_t i = 0; i < n; i++) {
    if (list[i].master == link->index && link->index != 0) {
      return true;
    }
  }
  return false;
}

/* A tap is an Ethernet device of the tun driver; a tun of it is a tunnel. */
static bool is_tap(const struct interface_state *link)
{
  return strcmp(link->kind, "tun") == 0 && link->type != ARPHRD_NONE;
}

/* The host's end of a container or virtual machine, or the only way out of one. */
static enum rank rank_of_guest(const struct interface_state *link)
{
  if (link->master != 0) {
    return RANK_PORT;
  }
  return is_tap(link) ? RANK_TAP : RANK_VETH;
}

/* Hardware that has ports or stands on something is its own leaf: the card that a virtual machine
 * keeps beside a faster one (netvsc, net_failover) sees all of both, the faster one only its own; a
 * partition of an InfiniBand card is not seen on that card. */
static enum rank rank_of(const struct interface_state *list, size_t n,
                         const struct interface_state *link)
{
  const struct interface_state *master = master_of(list, n, link);
  if (is_never(link) || (master != NULL && master->is_hardware)) {
    return RANK_NEVER;
  }
  if (link->is_hardware) {
    return link->is_guest_card ? RANK_PORT : RANK_LEAF;
  }
  if (link->has_lower || has_ports(list, n, link)) {
    return RANK_NEVER;
  }
  if (link->has_peer) {
    return link->is_peer_here ? RANK_NEVER : rank_of_guest(link);
  }
  if (is_tunnel(link)) {
    return RANK_TUNNEL;
  }
  return is_tap(link) ? rank_of_guest(link) : RANK_LEAF;
}

/* Whether up or not: a card without carrier is no reason to take the guests' ports instead. */
static enum rank best_rank(const struct interface_state *list, size_t n)
{
  enum rank best = RANK_NEVER;
  for (size_t i = 0; i < n; i++) {
    enum rank rank = rank_of(list, n, &list[i]);
    if (rank > best) {
      best = rank;
    }
  }
  return best;
}

size_t interfaces_choose(const struct interface_state *list, size_t n, size_t *chosen, size_t max)
{
  enum rank best = best_rank(list, n);
  size_t count = 0;
  for (size_t i = 0; i < n && count < max && best != RANK_NEVER; i++) {
    if (list[i].is_up && rank_of(list, n, &list[i]) == best) {
      chosen[count++] = i;
    }
  }
  return count;
}

bool interfaces_has_way_out(const struct interface_state *list, size_t n)
{
  return best_rank(list, n) >= RANK_VETH;
}

/* A guest's end whatever it hangs on: a macvtap stands upon the card that is captured as well. */
static bool is_guest_port(const struct interface_state *link)
{
  return (link->has_peer && !link->is_peer_here) || is_tap(link) || link->is_guest_card ||
         strcmp(link->kind, "macvtap") == 0 || strcmp(link->kind, "ipvtap") == 0;
}

size_t interfaces_ports(const struct interface_state *list, size_t n, size_t *ports, size_t max)
{
  enum rank best = best_rank(list, n);
  size_t count = 0;
  for (size_t i = 0; i < n && count < max; i++) {
    bool is_way_out = best != RANK_NEVER && rank_of(list, n, &list[i]) == best;
    if (list[i].is_up && is_guest_port(&list[i]) && !is_way_out) {
      ports[count++] = i;
    }
  }
  return count;
}

/* Down over lower devices and ports. Stacks are shallow, and a depth bounds a list that lies. */
static bool stands_upon(const struct interface_state *list, size_t n,
                        const struct interface_state *upper, const struct interface_state *lower,
                        int depth)
{
  for (size_t i = 0; i < n && depth > 0; i++) {
    bool is_below = list[i].master == upper->index || upper->lower == list[i].index;
    if (is_below && (&list[i] == lower || stands_upon(list, n, &list[i], lower, depth - 1))) {
      return true;
    }
  }
  return false;
}

bool interfaces_share_bytes(const struct interface_state *list, size_t n,
                            const struct interface_state *a, const struct interface_state *b)
{
  return stands_upon(list, n, a, b, STACK_MAX) || stands_upon(list, n, b, a, STACK_MAX);
}

uint64_t interfaces_shape(const struct interface_state *list, size_t n)
{
  uint64_t shape = n;
  for (size_t i = 0; i < n; i++) {
    const struct interface_state *link = &list[i];
    struct {
      char name[SUMMARY_INTERFACE_NAME_MAX];
      uint64_t facts[4];
    } row;
    memset(&row, 0, sizeof(row));
    memcpy(row.name, link->name, sizeof(row.name));
    row.facts[0] = (uint64_t)link->index;
    row.facts[1] = (uint64_t)link->master << 32 | (uint64_t)link->lower;
    row.facts[2] = (uint64_t)link->is_up | (uint64_t)link->is_peer_here << 1;
    row.facts[3] = shape;
    shape = hash_bytes(&row, sizeof(row));
  }
  return shape;
}
