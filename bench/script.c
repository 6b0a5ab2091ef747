/* SPDX-License-Identifier: Apache-2.0 */
/* One function a kind of flow. What varies from packet to packet comes from a hash of flow and
 * number, not from a stream: the order in which flows are asked does not matter. */
#include "bench/script.h"

#include <string.h>

#include "bench/chance.h"
#include "bench/payload.h"

/* The hash of this packet, and the number that it makes in [0, 1). */
struct drawn {
  uint64_t hash;
  double unit;
};

/* Opening and end of a connection; true when packet i belongs to one of them. */
static bool tcp_frame(const struct traffic_flow *flow, uint32_t i, const struct drawn *drawn,
                      struct script_step *step)
{
  static const uint8_t opening[] = {SCRIPT_SYN, SCRIPT_SYN | SCRIPT_ACK, SCRIPT_ACK};
  uint32_t last = flow->packets - 1;
  bool is_reset = (flow->traits & TRAFFIC_ENDS_RST) != 0;
  bool is_cut = (flow->traits & TRAFFIC_NO_FIN) != 0;
  if (i < 3) {
    step->flags = opening[i];
    step->is_answer = i == 1;
  } else if (i == last && is_reset) {
    step->flags = SCRIPT_RST | SCRIPT_ACK;
    step->is_answer = drawn->hash % 2 != 0;
  } else if (i == last && !is_cut) {
    step->flags = SCRIPT_FIN | SCRIPT_ACK;
  } else if (i + 1 == last && !is_cut && !is_reset && flow->packets > 5) {
    step->flags = SCRIPT_FIN | SCRIPT_ACK;
    step->is_answer = true;
  } else {
    return false;
  }
  return true;
}

/* The client speaks first. */
static void tcp_request(const struct traffic_flow *flow, uint32_t i, const struct drawn *drawn,
                        struct script_step *step)
{
  if (flow->server_port == 80 || flow->server_port == 8080) {
    payload_http(flow, i, step);
  } else if (flow->server_port == 443) {
    payload_tls(flow, drawn->hash, step);
  } else {
    step->length = (uint16_t)(120 + drawn->hash % 300);
  }
}

/* Mostly full segments from one side, bare acknowledgements from the other. */
static void tcp_bulk(bool is_down, const struct drawn *drawn, struct script_step *step)
{
  if (drawn->unit < 0.62) {
    step->is_answer = is_down;
    step->length = (uint16_t)(drawn->unit < 0.58 ? 1448 : 200 + drawn->hash % 1200);
  } else {
    step->is_answer = !is_down;
    step->flags = SCRIPT_ACK;
  }
}

static void tcp_interactive(const struct drawn *drawn, struct script_step *step)
{
  step->is_answer = drawn->hash % 2 != 0;
  if (drawn->unit < 0.35) {
    step->flags = SCRIPT_ACK;
  } else {
    step->length = (uint16_t)(1 + (drawn->hash >> 20) % (drawn->unit < 0.8 ? 90 : 700));
  }
}

static void tcp_step(const struct traffic_flow *flow, uint32_t i, const struct drawn *drawn,
                     struct script_step *step)
{
  if (tcp_frame(flow, i, drawn, step)) {
    return;
  }
  step->flags = SCRIPT_PSH | SCRIPT_ACK;
  if (i == 3) {
    tcp_request(flow, i, drawn, step);
  } else if (flow->kind == TRAFFIC_TCP_INTERACTIVE) {
    tcp_interactive(drawn, step);
  } else {
    tcp_bulk(flow->kind == TRAFFIC_TCP_DOWN, drawn, step);
  }
  step->is_repeated = drawn->unit > 0.997;
}

static void quic_step(uint32_t i, const struct drawn *drawn, struct script_step *step)
{
  step->is_answer = i < 2 ? i == 1 : drawn->unit < 0.7;
  if (i < 2) {
    step->length = 1252;
    payload_quic(step);
  } else if (step->is_answer) {
    step->length = (uint16_t)(drawn->unit < 0.55 ? 1252 : 100 + drawn->hash % 1000);
  } else {
    step->length = (uint16_t)(30 + drawn->hash % 60);
  }
}

/* A question that nobody answers, or NTP. */
static void udp_alone_step(const struct traffic_flow *flow, struct script_step *step)
{
  if (flow->server_port == 53) {
    payload_dns(flow, 0, step);
  } else {
    step->length = 48;
  }
}

static void udp_step(const struct traffic_flow *flow, uint32_t i, const struct drawn *drawn,
                     struct script_step *step)
{
  step->protocol = 17;
  step->is_answer = i % 2 != 0;
  if (flow->kind == TRAFFIC_DNS) {
    payload_dns(flow, i, step);
  } else if (flow->kind == TRAFFIC_QUIC) {
    quic_step(i, drawn, step);
  } else if (flow->kind == TRAFFIC_VOICE) {
    step->length = 172;
    payload_rtp(flow, i, step);
  } else {
    udp_alone_step(flow, step);
  }
}

/* One datagram in two pieces, all from the client: the later one has no ports. */
static void fragment_step(uint32_t i, struct script_step *step)
{
  step->protocol = 17;
  step->length = i % 2 == 0 ? 1472 : 400;
}

static void syn_step(const struct traffic_flow *flow, uint32_t i, struct script_step *step)
{
  step->is_answer = flow->kind == TRAFFIC_SYN_REFUSED && i % 2 != 0;
  step->flags = step->is_answer ? SCRIPT_RST | SCRIPT_ACK : SCRIPT_SYN;
}

static void icmp_step(uint32_t i, struct script_step *step)
{
  step->protocol = 1;
  step->is_answer = i % 2 != 0;
  step->length = 56;
}

void script_step(const struct traffic_flow *flow, uint32_t number, uint32_t i,
                 struct script_step *step)
{
  struct drawn drawn;
  drawn.hash = chance_mix((uint64_t)number * 1315423911U + i);
  drawn.unit = chance_unit_of(drawn.hash);
  memset(step, 0, sizeof *step);
  step->protocol = 6;
  switch ((enum traffic_kind)flow->kind) {
  case TRAFFIC_TCP_DOWN:
  case TRAFFIC_TCP_UP:
  case TRAFFIC_TCP_INTERACTIVE:
    tcp_step(flow, i, &drawn, step);
    return;
  case TRAFFIC_SYN_ALONE:
  case TRAFFIC_SYN_REFUSED:
  case TRAFFIC_STORM:
    syn_step(flow, i, step);
    return;
  case TRAFFIC_DNS:
  case TRAFFIC_UDP_ALONE:
  case TRAFFIC_QUIC:
  case TRAFFIC_VOICE:
    udp_step(flow, i, &drawn, step);
    return;
  case TRAFFIC_FRAGMENTS:
    fragment_step(i, step);
    return;
  case TRAFFIC_ICMP:
    icmp_step(i, step);
    return;
  case TRAFFIC_ARP:
    step->is_answer = i % 2 != 0;
    return;
  case TRAFFIC_KINDS:
    return;
  }
}
