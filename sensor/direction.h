/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a packet went, by the host's own addresses; whether its peer is of the fleet; and
 * whether it is the sensor's own bus traffic. Pure. The classes are those of proto/summary.h; a
 * broadcast other than 255.255.255.255 is known as one only where the link tells (not yet: it
 * counts by its addresses). */
#ifndef SENSOR_DIRECTION_H
#define SENSOR_DIRECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "sensor/fleet_peers.h"
#include "sensor/packet.h"

#define DIRECTION_ENDPOINTS_MAX 16

struct direction;

/* is_fleet: the other end (of TX the destination, of RX the source) is a fleet peer; false for all
 * other directions. */
struct direction_way {
  enum summary_direction direction;
  bool is_fleet;
};

/* Knows nothing yet: every packet is UNKNOWN. NULL without memory. */
struct direction *direction_new(void);
void direction_free(struct direction *direction);

/* The host's own addresses, and networks declared as behind it. Copied; replaces what was known.
 * ERR_NO_MEMORY: what was known stays. */
int direction_set_local(struct direction *direction, const struct addr *addrs, size_t addr_count,
                        const struct network *networks, size_t network_count);
/* The bus's endpoints, one by one. ERR_LIMIT above DIRECTION_ENDPOINTS_MAX. */
int direction_add_own(struct direction *direction, const struct addr *addr, uint16_t port);
void direction_clear_own(struct direction *direction);

/* Who is a fleet peer; NULL: nobody. Borrowed, and must not change while it is set. */
void direction_set_fleet(struct direction *direction, const struct fleet_peers *peers);

/* Of an IP packet, by its outermost addresses. */
struct direction_way direction_of(struct direction *direction, const struct packet *packet);
/* An own address, or one behind the host. */
bool direction_is_local(const struct direction *direction, const struct addr *addr);
/* TCP between an own address (not: a declared network) and an endpoint. */
bool direction_is_own(const struct direction *direction, const struct packet *packet);

#endif
