/* SPDX-License-Identifier: Apache-2.0 */
/* Who of a flow's two ends is the client: the rules that sensor/flows.h states. Pure. */
#ifndef SENSOR_FLOW_CLIENT_H
#define SENSOR_FLOW_CLIENT_H

#include <stdbool.h>

#include "sensor/packet.h"

struct flow_client {
  bool is_sender; /* the packet's sender is the client */
  bool is_guessed;
};

/* The verdict on a flow whose first packet this is. */
struct flow_client flow_client_decide(const struct packet *packet);
/* Whether this packet alone proves who is the client (TCP SYN with or without ACK). */
bool flow_client_is_proof(const struct packet *packet);

#endif
