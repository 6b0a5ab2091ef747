/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a flow: the direction, flags, length and first bytes of its packet number i. It
 * depends on the flow and i alone, so no conversation has to be kept. */
#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/traffic.h"

#define SCRIPT_START_MAX 200

/* TCP's flags, as they stand in the header. */
enum script_flag {
  SCRIPT_FIN = 0x01,
  SCRIPT_SYN = 0x02,
  SCRIPT_RST = 0x04,
  SCRIPT_PSH = 0x08,
  SCRIPT_ACK = 0x10,
};

struct script_step {
  bool is_answer;   /* from the server */
  bool is_repeated; /* a TCP retransmission of what came before */
  uint8_t protocol; /* 6, 17; 1 stands for ICMPv6 as well */
  uint8_t flags;    /* enum script_flag */
  uint16_t length;  /* bytes above the transport header */
  uint8_t start_length;
  uint8_t start[SCRIPT_START_MAX]; /* the first bytes; those behind are zero */
};

/* Packet i (from 0) of flow, whose number is given. */
void script_step(const struct traffic_flow *flow, uint32_t number, uint32_t i,
                 struct script_step *step);

#endif
