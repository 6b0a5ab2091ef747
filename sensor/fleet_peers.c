/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in a hash set; networks disjoint and in order, so that one search finds the only one
 * that can hold an address. */
#include "sensor/fleet_peers.h"

#include <stdlib.h>
#include <string.h>

#include "common/addr_set.h"
#include "common/err.h"

/* No less is taken: a handful of addresses should not make it grow. */
#define CAPACITY_MIN 16

struct fleet_peers {
  struct addr_set *addrs;
  size_t capacity; /* of addrs */
  uint64_t version;
  size_t network_count;
  size_t v4_count; /* of them, which come first */
  struct network networks[FLEET_PEERS_NETWORKS_MAX];
};

static size_t bounded_capacity(size_t capacity)
{
  if (capacity < CAPACITY_MIN) {
    return CAPACITY_MIN;
  }
  return capacity < FLEET_PEERS_MAX ? capacity : FLEET_PEERS_MAX;
}

struct fleet_peers *fleet_peers_new(size_t capacity)
{
  struct fleet_peers *peers = calloc(1, sizeof *peers);
  if (peers == NULL) {
    return NULL;
  }
  peers->capacity = bounded_capacity(capacity);
  peers->addrs = addr_set_new(peers->capacity);
  if (peers->addrs == NULL) {
    free(peers);
    return NULL;
  }
  return peers;
}

void fleet_peers_free(struct fleet_peers *peers)
{
  if (peers != NULL) {
    addr_set_free(peers->addrs);
    free(peers);
  }
}

/* Has room for all of them. */
static void copy_addrs(struct addr_set *into, const struct addr_set *from)
{
  size_t cursor = 0;
  struct addr addr;
  while (addr_set_next(from, &cursor, &addr, NULL)) {
    (void)addr_set_add(into, &addr, 0, NULL);
  }
}

struct fleet_peers *fleet_peers_clone(const struct fleet_peers *peers)
{
  struct fleet_peers *copy = fleet_peers_new(peers->capacity);
  if (copy != NULL) {
    copy_addrs(copy->addrs, peers->addrs);
    copy->version = peers->version;
    copy->network_count = peers->network_count;
    copy->v4_count = peers->v4_count;
    memcpy(copy->networks, peers->networks, sizeof copy->networks);
  }
  return copy;
}

/* IPv4 first: held as mapped, it would else stand in the midst of ::/0, which does not hold it. */
static int order_of(const struct addr *a, const struct addr *b)
{
  bool is_v4 = addr_is_v4(a);
  if (is_v4 != addr_is_v4(b)) {
    return is_v4 ? -1 : 1;
  }
  return addr_compare(a, b);
}

/* Of two with one base the wider one comes first. */
static int compare_networks(const void *left, const void *right)
{
  const struct network *a = left;
  const struct network *b = right;
  int order = order_of(&a->base, &b->base);
  return order != 0 ? order : (int)a->prefix_bits - (int)b->prefix_bits;
}

/* Sorted, a network stands behind the one that holds it: those are dropped. */
int fleet_peers_set_networks(struct fleet_peers *peers, const struct network *networks,
                             size_t count)
{
  if (count > FLEET_PEERS_NETWORKS_MAX) {
    return ERR_LIMIT;
  }
  if (count > 0) {
    memcpy(peers->networks, networks, count * sizeof *networks);
    qsort(peers->networks, count, sizeof *networks, compare_networks);
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (kept == 0 || !network_contains(&peers->networks[kept - 1], &peers->networks[i].base)) {
      peers->networks[kept++] = peers->networks[i];
    }
  }
  peers->network_count = kept;
  peers->v4_count = 0;
  while (peers->v4_count < kept && addr_is_v4(&peers->networks[peers->v4_count].base)) {
    peers->v4_count++;
  }
  return 0;
}

static bool is_never_a_peer(const struct addr *addr)
{
  return addr_is_multicast(addr) || addr_is_loopback(addr) || addr_is_link_local(addr) ||
         addr_is_unspecified(addr);
}

/* Off the packets' way: a map is being set. */
static int grow(struct fleet_peers *peers)
{
  size_t capacity = bounded_capacity(2 * peers->capacity);
  if (capacity == peers->capacity) {
    return ERR_LIMIT;
  }
  struct addr_set *larger = addr_set_new(capacity);
  if (larger == NULL) {
    return ERR_NO_MEMORY;
  }
  copy_addrs(larger, peers->addrs);
  addr_set_free(peers->addrs);
  peers->addrs = larger;
  peers->capacity = capacity;
  return 0;
}

int fleet_peers_add(struct fleet_peers *peers, const struct addr *addr)
{
  if (is_never_a_peer(addr)) {
    return ERR_MALFORMED;
  }
  int err = addr_set_add(peers->addrs, addr, 0, NULL);
  if (err == ERR_LIMIT) {
    err = grow(peers);
    err = err != 0 ? err : addr_set_add(peers->addrs, addr, 0, NULL);
  }
  return err;
}

int fleet_peers_remove(struct fleet_peers *peers, const struct addr *addr)
{
  return addr_set_remove(peers->addrs, addr);
}

void fleet_peers_clear(struct fleet_peers *peers)
{
  addr_set_clear(peers->addrs);
}

void fleet_peers_set_version(struct fleet_peers *peers, uint64_t version)
{
  peers->version = version;
}

uint64_t fleet_peers_version(const struct fleet_peers *peers)
{
  return peers->version;
}

size_t fleet_peers_count(const struct fleet_peers *peers)
{
  return addr_set_count(peers->addrs);
}

bool fleet_peers_is_known(const struct fleet_peers *peers)
{
  return peers->version > 0 || peers->network_count > 0 || addr_set_count(peers->addrs) > 0;
}

/* Disjoint networks: of those that begin at or before the address only the last can reach it.
 *
 *   [ 10/24 ]   [ 10.1/16        ]      [ 2001:db8::/32 ]
 *                       ^ addr: the second begins last before it */
static bool is_in_network(const struct fleet_peers *peers, const struct addr *addr)
{
  bool is_v4 = addr_is_v4(addr);
  size_t first = is_v4 ? 0 : peers->v4_count;
  size_t low = first;
  size_t high = is_v4 ? peers->v4_count : peers->network_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (addr_compare(&peers->networks[middle].base, addr) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low > first && network_contains(&peers->networks[low - 1], addr);
}

/* What never is one is asked of few: only a network can hold it. An empty set costs no hash. */
bool fleet_peers_contains(const struct fleet_peers *peers, const struct addr *addr)
{
  if (peers->network_count > 0 && is_in_network(peers, addr)) {
    return !is_never_a_peer(addr);
  }
  return addr_set_count(peers->addrs) > 0 && addr_set_contains(peers->addrs, addr);
}
