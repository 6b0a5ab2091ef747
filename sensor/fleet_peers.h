/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs to the fleet: networks that the settings declare, and single addresses that have a
 * sensor, as the collector's map tells them. Pure.
 *
 * Loopback, link-local, multicast and unspecified addresses are never fleet peers, whatever
 * networks hold them: they are not the same host everywhere.
 *
 * A set that is in use is not changed: whoever has a newer map changes a copy and hands that on
 * (meter_set_fleet), so that every packet of a second is judged by one map. */
#ifndef SENSOR_FLEET_PEERS_H
#define SENSOR_FLEET_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#define FLEET_PEERS_NETWORKS_MAX 256
#define FLEET_PEERS_MAX          65536 /* single addresses: 2 MB */

struct fleet_peers;

/* Knows nothing yet; has room for so many addresses (at most FLEET_PEERS_MAX) before it grows. NULL
 * without memory. The caller owns it. */
struct fleet_peers *fleet_peers_new(size_t capacity);
void fleet_peers_free(struct fleet_peers *peers);
/* The same content, owned by the caller. NULL without memory. */
struct fleet_peers *fleet_peers_clone(const struct fleet_peers *peers);

/* Replaces the networks. ERR_LIMIT above FLEET_PEERS_NETWORKS_MAX: what was known stays. */
int fleet_peers_set_networks(struct fleet_peers *peers, const struct network *networks,
                             size_t count);
/* One address more; one that is there already stays. ERR_LIMIT above FLEET_PEERS_MAX, ERR_NO_MEMORY
 * (it grows by doubling), ERR_MALFORMED for an address that is never a peer: nothing changes. */
int fleet_peers_add(struct fleet_peers *peers, const struct addr *addr);
/* ERR_NOT_FOUND. */
int fleet_peers_remove(struct fleet_peers *peers, const struct addr *addr);
/* Takes all addresses out; networks and version stay. */
void fleet_peers_clear(struct fleet_peers *peers);
/* Of the collector's map that the addresses are from; 0: none. */
void fleet_peers_set_version(struct fleet_peers *peers, uint64_t version);

uint64_t fleet_peers_version(const struct fleet_peers *peers);
size_t fleet_peers_count(const struct fleet_peers *peers); /* of addresses */
/* Whether anything tells who belongs to the fleet: a network, an address, or a map, even an empty
 * one. Without that nobody is a peer, and nobody is known to be outside. */
bool fleet_peers_is_known(const struct fleet_peers *peers);
/* A look into a hash table, and eight comparisons at most. */
bool fleet_peers_contains(const struct fleet_peers *peers, const struct addr *addr);

#endif
