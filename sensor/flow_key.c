/* SPDX-License-Identifier: Apache-2.0 */
/* One key for both directions of a flow. */
#include "sensor/flow_key.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct flow_key) == 40, "a key has no padding");

/* 10.0.0.9:4711 -> 10.0.0.1:443   }   one key: addr 10.0.0.1, 10.0.0.9
 * 10.0.0.1:443 -> 10.0.0.9:4711   }            port 443, 4711;  sides 1 and 0 */
unsigned flow_key_make(const struct packet *packet, struct flow_key *out)
{
  int order = addr_compare(&packet->source, &packet->destination);
  if (order == 0) {
    order = (int)packet->source_port - (int)packet->destination_port;
  }
  unsigned side = order > 0 ? 1 : 0;
  out->addr[side] = packet->source;
  out->addr[1 - side] = packet->destination;
  out->port[side] = packet->source_port;
  out->port[1 - side] = packet->destination_port;
  out->protocol = packet->protocol;
  memset(out->zero, 0, sizeof out->zero);
  return side;
}
