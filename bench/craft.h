/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a flow as an Ethernet frame: link, VLAN tags, IP, transport. Checksums are valid over
 * the whole frame, however short it is kept. */
#ifndef BENCH_CRAFT_H
#define BENCH_CRAFT_H

#include <stdint.h>

#include "bench/script.h"

#define CRAFT_FRAME_MAX 2048

struct craft {
  uint16_t ip_id;
  uint8_t frame[CRAFT_FRAME_MAX];
};

void craft_init(struct craft *craft);
/* The flow's next packet at now_us; its length on the wire, the bytes are in craft->frame. */
uint32_t craft_next(struct craft *craft, struct traffic_flow *flow, uint32_t number,
                    uint32_t now_us);

#endif
