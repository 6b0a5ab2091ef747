/* SPDX-License-Identifier: Apache-2.0 */
/* Own addresses in a set, declared networks in a list, and the answers for address pairs seen of
 * late, as packets come in trains. Addresses of the outermost header decide: they are what the
 * host's own network stack saw. */
#include "sensor/direction.h"

#include <stdlib.h>
#include <string.h>

#include "common/addr_set.h"
#include "common/err.h"

struct endpoint {
  struct addr addr;
  uint16_t port;
};

/* 1,024 pairs at a time, 40 KB. */
#define MEMO_BITS 10

/* A cache without order: the last pair that fell into the place. */
struct memo {
  struct addr source, destination; /* as long as is_used */
  struct direction_way answer;
  bool is_used;
};

struct direction {
  struct addr_set *addrs;
  struct network *networks;
  size_t network_count;
  bool is_known; /* anything of the above */
  const struct fleet_peers *fleet;
  struct endpoint endpoints[DIRECTION_ENDPOINTS_MAX];
  size_t endpoint_count;
  uint64_t port_bits; /* of the endpoints' ports, by their last six bits */
  struct memo memo[1 << MEMO_BITS];
};

struct direction *direction_new(void)
{
  struct direction *direction = calloc(1, sizeof *direction);
  if (direction == NULL) {
    return NULL;
  }
  direction->addrs = addr_set_new(1);
  if (direction->addrs == NULL) {
    free(direction);
    return NULL;
  }
  return direction;
}

void direction_free(struct direction *direction)
{
  if (direction == NULL) {
    return;
  }
  addr_set_free(direction->addrs);
  free(direction->networks);
  free(direction);
}

/* At least one place, so that an empty list needs no case of its own. */
static struct addr_set *set_of(const struct addr *addrs, size_t count)
{
  struct addr_set *set = addr_set_new(count > 0 ? count : 1);
  for (size_t i = 0; set != NULL && i < count; i++) {
    if (addr_set_add(set, &addrs[i], 0, NULL) != 0) {
      addr_set_free(set);
      return NULL;
    }
  }
  return set;
}

/* Both are made before either is replaced: on failure what was known stays. The memo's answers are
 * void then. */
int direction_set_local(struct direction *direction, const struct addr *addrs, size_t addr_count,
                        const struct network *networks, size_t network_count)
{
  struct addr_set *set = set_of(addrs, addr_count);
  struct network *list = calloc(network_count + 1, sizeof *list);
  if (set == NULL || list == NULL) {
    addr_set_free(set);
    free(list);
    return ERR_NO_MEMORY;
  }
  if (network_count > 0) {
    memcpy(list, networks, network_count * sizeof *list);
  }
  addr_set_free(direction->addrs);
  free(direction->networks);
  direction->addrs = set;
  direction->networks = list;
  direction->network_count = network_count;
  direction->is_known = addr_count + network_count > 0;
  memset(direction->memo, 0, sizeof direction->memo);
  return 0;
}

void direction_set_fleet(struct direction *direction, const struct fleet_peers *peers)
{
  direction->fleet = peers;
  memset(direction->memo, 0, sizeof direction->memo);
}

static uint64_t port_bit(uint16_t port)
{
  return UINT64_C(1) << (port & 63);
}

/* A handful at most: a list is searched in a few compares, and only for TCP. */
int direction_add_own(struct direction *direction, const struct addr *addr, uint16_t port)
{
  if (direction->endpoint_count == DIRECTION_ENDPOINTS_MAX) {
    return ERR_LIMIT;
  }
  direction->endpoints[direction->endpoint_count++] = (struct endpoint){*addr, port};
  direction->port_bits |= port_bit(port);
  return 0;
}

void direction_clear_own(struct direction *direction)
{
  direction->endpoint_count = 0;
  direction->port_bits = 0;
}

/* The set first: most packets are the host's own. */
bool direction_is_local(const struct direction *direction, const struct addr *addr)
{
  if (addr_set_contains(direction->addrs, addr)) {
    return true;
  }
  for (size_t i = 0; i < direction->network_count; i++) {
    if (network_contains(&direction->networks[i], addr)) {
      return true;
    }
  }
  return false;
}

/* Multicast first: its sender may be this host. */
static enum summary_direction classify(const struct direction *direction,
                                       const struct packet *packet)
{
  if (addr_is_multicast(&packet->ip_destination)) {
    return SUMMARY_MULTICAST;
  }
  bool is_from_here = direction_is_local(direction, &packet->ip_source);
  bool is_to_here = direction_is_local(direction, &packet->ip_destination);
  if (is_from_here) {
    return is_to_here ? SUMMARY_LOCAL : SUMMARY_TX;
  }
  return is_to_here ? SUMMARY_RX : SUMMARY_TRANSIT;
}

/* Both questions for a pair. */
static struct direction_way way_of(const struct direction *direction, const struct packet *packet)
{
  struct direction_way way = {classify(direction, packet), false};
  if (direction->fleet != NULL && way.direction == SUMMARY_TX) {
    way.is_fleet = fleet_peers_contains(direction->fleet, &packet->ip_destination);
  } else if (direction->fleet != NULL && way.direction == SUMMARY_RX) {
    way.is_fleet = fleet_peers_contains(direction->fleet, &packet->ip_source);
  }
  return way;
}

/* Any spread will do: a wrong place costs a look into the set, no more. */
static size_t memo_place(const struct packet *packet)
{
  uint32_t source;
  uint32_t destination;
  memcpy(&source, packet->ip_source.byte + 12, sizeof source);
  memcpy(&destination, packet->ip_destination.byte + 12, sizeof destination);
  const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t mixed = ((uint64_t)source << 32 | destination) * odd;
  return (mixed ^ mixed >> 32) * odd >> (64 - MEMO_BITS);
}

/* The pair before is mostly the pair now: two look-ups in the set are saved. */
struct direction_way direction_of(struct direction *direction, const struct packet *packet)
{
  if (!direction->is_known) {
    return (struct direction_way){SUMMARY_UNKNOWN, false};
  }
  struct memo *memo = &direction->memo[memo_place(packet)];
  if (!memo->is_used || !addr_equal(&memo->source, &packet->ip_source) ||
      !addr_equal(&memo->destination, &packet->ip_destination)) {
    *memo =
        (struct memo){packet->ip_source, packet->ip_destination, way_of(direction, packet), true};
  }
  return memo->answer;
}

/* Ports first: they differ nearly always. */
static bool is_endpoint(const struct direction *direction, const struct addr *addr, uint16_t port)
{
  for (size_t i = 0; i < direction->endpoint_count; i++) {
    const struct endpoint *endpoint = &direction->endpoints[i];
    if (endpoint->port == port && addr_equal(&endpoint->addr, addr)) {
      return true;
    }
  }
  return false;
}

/* Own bus traffic is left out of what is measured, or the sensor would report its reports. The
 * ports' bits alone tell most packets apart. */
bool direction_is_own(const struct direction *direction, const struct packet *packet)
{
  if (direction->port_bits == 0) {
    return false;
  }
  uint64_t ports = port_bit(packet->source_port) | port_bit(packet->destination_port);
  if ((direction->port_bits & ports) == 0 || packet->ip_version == 0 ||
      summary_protocol_of(packet->protocol) != SUMMARY_TCP) {
    return false;
  }
  /* Both ways: to the collector, and from it. */
  if (is_endpoint(direction, &packet->destination, packet->destination_port)) {
    return addr_set_contains(direction->addrs, &packet->source);
  }
  return is_endpoint(direction, &packet->source, packet->source_port) &&
         addr_set_contains(direction->addrs, &packet->destination);
}
