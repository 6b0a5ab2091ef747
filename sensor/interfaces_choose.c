/* SPDX-License-Identifier: Apache-2.0 */
/* `interfaces: auto`, as a rule over a list of links. The aim is that each byte that enters or
 * leaves the host is captured on one device, never on two. */
#include <string.h>

#include "sensor/interfaces.h"

/* By the driver's kind, not by the name: names are anybody's choice. */
static bool kind_is(const struct interface_state *link, const char *kind)
{
  return strcmp(link->kind, kind) == 0;
}

/* A bridge, bond or team carries what its ports carry: counting both would count each byte twice.
 */
static bool has_ports(const struct interface_state *list, size_t n,
                      const struct interface_state *link)
{
  for (size_t i = 0; i < n; i++) {
    if (list[i].master == link->index) {
      return true;
    }
  }
  return false;
}

/* A device that could be a way out, guests' ports among them. */
static bool is_leaf(const struct interface_state *list, size_t n,
                    const struct interface_state *link)
{
  if (!link->is_up || link->is_loopback || link->has_lower) {
    return false;
  }
  if (kind_is(link, "ifb") || kind_is(link, "dummy") || kind_is(link, "nlmon")) {
    return false;
  }
  if (kind_is(link, "bridge") || kind_is(link, "vxlan") || kind_is(link, "geneve")) {
    return false;
  }
  return !has_ports(list, n, link);
}

/* The host's end of a container or virtual machine, or the only way out of one. */
static bool is_guest_port(const struct interface_state *link)
{
  return kind_is(link, "veth") || kind_is(link, "tun");
}

static size_t choose(const struct interface_state *list, size_t n, bool has_guests, size_t *chosen,
                     size_t max)
{
  size_t count = 0;
  for (size_t i = 0; i < n && count < max; i++) {
    if (is_leaf(list, n, &list[i]) && (has_guests || !is_guest_port(&list[i]))) {
      chosen[count++] = i;
    }
  }
  return count;
}

/* Guests' ports only when nothing else is left. */
size_t interfaces_choose(const struct interface_state *list, size_t n, size_t *chosen, size_t max)
{
  size_t count = choose(list, n, false, chosen, max);
  return count > 0 ? count : choose(list, n, true, chosen, max);
}
