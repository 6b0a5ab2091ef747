/* SPDX-License-Identifier: Apache-2.0 */
/* The five-tuple as the flow table holds it: side 0 is the smaller (address, port), so that both
 * directions make one key. */
#ifndef SENSOR_FLOW_KEY_H
#define SENSOR_FLOW_KEY_H

#include "sensor/packet.h"

/* Hashed and compared as bytes: no padding. */
struct flow_key {
  struct addr addr[2];
  uint16_t port[2];
  uint8_t protocol;
  uint8_t zero[3];
};

/* Writes the key of a packet's flow; returns the side (0, 1) that sent the packet. */
unsigned flow_key_make(const struct packet *packet, struct flow_key *out);

#endif
