/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the carriers, for people and for JSON. */
#include "sensor/packet.h"

#include <assert.h>

static_assert(sizeof(struct packet) == 120, "a packet has no padding");

const char *packet_tunnel_name(enum packet_tunnel tunnel)
{
  static const char *const names[PACKET_TUNNELS] = {
      [PACKET_PLAIN] = "plain",   [PACKET_IPIP] = "ipip",     [PACKET_GRE] = "gre",
      [PACKET_ERSPAN] = "erspan", [PACKET_VXLAN] = "vxlan",   [PACKET_GENEVE] = "geneve",
      [PACKET_GTPU] = "gtpu",     [PACKET_TEREDO] = "teredo",
  };
  return tunnel < PACKET_TUNNELS ? names[tunnel] : "unknown";
}
