/* SPDX-License-Identifier: Apache-2.0 */
/* Headers are written from the link inwards; a layer's checksum needs the length of what is above
 * it, which the step knows. */
#include "bench/craft.h"

#include <string.h>

#include "bench/bytes.h"
#include "bench/chance.h"

/* A second fragment's place, in units of 8 bytes: behind 8 + 1472. */
#define FRAGMENT_OFFSET 185
#define FRAGMENT_FIRST  (8 + 1472)
#define FRAGMENT_REST   400

/* What the layers of one frame have to know of each other. */
struct layers {
  const struct traffic_flow *flow;
  const struct script_step *step;
  uint32_t number; /* of the flow */
  uint32_t i;      /* of the packet in it */
  uint32_t client_ip, server_ip;
  uint32_t now_us;
  uint32_t sequence, acknowledged;
  uint32_t header;     /* bytes of the transport header; 0 in a later fragment */
  uint32_t total;      /* transport header and payload */
  uint32_t pseudo_sum; /* of the pseudo header */
};

static bool is_fragment(const struct layers *layers)
{
  return layers->flow->kind == TRAFFIC_FRAGMENTS;
}

static bool is_ipv6(const struct layers *layers)
{
  return (layers->flow->traits & TRAFFIC_IPV6) != 0;
}

static uint8_t hop_limit(const struct layers *layers)
{
  return layers->step->is_answer ? 52 : 64;
}

/* Locally administered addresses that tell the hosts' numbers. */
static void put_mac(uint8_t *at, uint32_t host, bool is_server)
{
  at[0] = 2;
  bytes_put32(at + 1, host);
  at[5] = is_server ? 1 : 0;
}

static uint32_t put_link(uint8_t *frame, const struct traffic_flow *flow, bool is_answer)
{
  uint32_t from = is_answer ? flow->server : flow->client;
  uint32_t to = is_answer ? flow->client : flow->server;
  put_mac(frame, to, !is_answer);
  put_mac(frame + 6, from, is_answer);
  uint32_t x = 12;
  if ((flow->traits & TRAFFIC_QINQ) != 0) {
    bytes_put32(frame + x, 0x88a8000aU);
    x += 4;
  }
  if ((flow->traits & TRAFFIC_VLAN) != 0) {
    bytes_put32(frame + x, 0x81000000U | flow->vlan);
    x += 4;
  }
  return x;
}

/* RFC 826; an Ethernet frame of the least size behind the tags. */
static uint32_t put_arp(uint8_t *frame, uint32_t x, const struct layers *layers)
{
  static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0};
  uint8_t *at = frame + x;
  memcpy(at, head, sizeof head);
  at[9] = layers->step->is_answer ? 2 : 1;
  memcpy(at + 10, frame + 6, 6);
  bytes_put32(at + 16, layers->step->is_answer ? layers->client_ip ^ 1 : layers->client_ip);
  bytes_put32(at + 26, layers->step->is_answer ? layers->client_ip : layers->client_ip ^ 1);
  return x + 48;
}

static uint32_t put_ipv4(struct craft *craft, uint32_t x, struct layers *layers)
{
  uint8_t *ip = craft->frame + x + 2;
  bool is_later = is_fragment(layers) && layers->i % 2 != 0;
  uint32_t fragment = is_fragment(layers) ? is_later ? FRAGMENT_OFFSET : 0x2000 : 0x4000;
  bool is_answer = layers->step->is_answer;
  bytes_put16(ip - 2, 0x0800);
  ip[0] = 0x45;
  bytes_put16(ip + 2, 20 + layers->total);
  bytes_put16(ip + 4,
              is_fragment(layers) ? layers->flow->sequence[0] + layers->i / 2 : craft->ip_id++);
  bytes_put16(ip + 6, fragment);
  ip[8] = hop_limit(layers);
  ip[9] = layers->step->protocol;
  bytes_put32(ip + 12, is_answer ? layers->server_ip : layers->client_ip);
  bytes_put32(ip + 16, is_answer ? layers->client_ip : layers->server_ip);
  bytes_put16(ip + 10, bytes_checksum(bytes_sum(ip, 20)));
  layers->pseudo_sum = bytes_sum(ip + 12, 8) + layers->total + layers->step->protocol;
  return x + 22;
}

/* RFC 8200, 4.5; the pieces are those of IPv4. */
static uint32_t put_fragment_header(uint8_t *at, const struct layers *layers, uint8_t protocol)
{
  bool is_later = layers->i % 2 != 0;
  at[0] = protocol;
  bytes_put16(at + 2, is_later ? FRAGMENT_OFFSET << 3 : 1);
  bytes_put32(at + 4, layers->flow->sequence[0] + layers->i / 2);
  return 8;
}

static uint32_t put_ipv6(struct craft *craft, uint32_t x, struct layers *layers)
{
  uint8_t *ip = craft->frame + x + 2;
  const struct traffic_flow *flow = layers->flow;
  uint8_t protocol = layers->step->protocol == 1 ? 58 : layers->step->protocol;
  uint8_t *client = ip + (layers->step->is_answer ? 24 : 8);
  uint8_t *server = ip + (layers->step->is_answer ? 8 : 24);
  uint32_t more = 0;
  bytes_put16(ip - 2, 0x86dd);
  bytes_put32(ip, 0x60000000U | ((uint32_t)chance_mix(layers->number) & 0xfffff));
  ip[6] = protocol;
  ip[7] = hop_limit(layers);
  bytes_put32(client, 0x20010db8U);
  bytes_put32(client + 4, flow->client >> 8);
  bytes_put32(client + 12, flow->client + 1);
  bytes_put32(server, 0x2a000000U + (layers->server_ip >> 16));
  bytes_put32(server + 8, layers->server_ip);
  bytes_put32(server + 12, 1);
  if (is_fragment(layers)) {
    ip[6] = 44;
    more = put_fragment_header(ip + 40, layers, protocol);
  }
  bytes_put16(ip + 4, layers->total + more);
  layers->pseudo_sum = bytes_sum(ip + 8, 32) + layers->total + protocol;
  return x + 42 + more;
}

static void put_icmp(uint8_t *at, const struct layers *layers)
{
  bool is_answer = layers->step->is_answer;
  if (is_ipv6(layers)) {
    at[0] = is_answer ? 129 : 128;
  } else {
    at[0] = is_answer ? 0 : 8;
  }
  bytes_put16(at + 4, layers->flow->client_port);
  bytes_put16(at + 6, layers->i / 2);
  uint32_t sum = is_ipv6(layers) ? layers->pseudo_sum : 0;
  bytes_put16(at + 2, bytes_checksum(sum + bytes_sum(at, layers->total)));
}

static void put_ports(uint8_t *at, const struct layers *layers)
{
  bool is_answer = layers->step->is_answer;
  bytes_put16(at, is_answer ? layers->flow->server_port : layers->flow->client_port);
  bytes_put16(at + 2, is_answer ? layers->flow->client_port : layers->flow->server_port);
}

/* A fragmented datagram goes without a checksum. */
static void put_udp(uint8_t *at, const struct layers *layers)
{
  put_ports(at, layers);
  bytes_put16(at + 4, is_fragment(layers) ? FRAGMENT_FIRST + FRAGMENT_REST : layers->total);
  memcpy(at + 8, layers->step->start, layers->step->start_length);
  if (!is_fragment(layers)) {
    uint16_t sum = bytes_checksum(layers->pseudo_sum + bytes_sum(at, layers->total));
    bytes_put16(at + 6, sum != 0 ? sum : 0xffff);
  }
}

/* SYN: MSS, SACK, time stamps, window scale; else time stamps alone. */
static void put_tcp_options(uint8_t *at, const struct layers *layers)
{
  static const uint8_t opening[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};
  static const uint8_t later[] = {1, 1, 8, 10};
  uint32_t now_ms = layers->now_us / 1000;
  if ((layers->step->flags & SCRIPT_SYN) != 0) {
    memcpy(at, opening, sizeof opening);
    bytes_put32(at + 8, now_ms);
  } else {
    memcpy(at, later, sizeof later);
    bytes_put32(at + 4, now_ms);
    bytes_put32(at + 8, now_ms - 3);
  }
}

static void put_tcp(uint8_t *at, const struct layers *layers)
{
  const struct script_step *step = layers->step;
  put_ports(at, layers);
  bytes_put32(at + 4, layers->sequence);
  bytes_put32(at + 8, (step->flags & SCRIPT_ACK) != 0 ? layers->acknowledged : 0);
  at[12] = (uint8_t)(layers->header / 4 << 4);
  at[13] = step->flags;
  bytes_put16(at + 14, (step->flags & SCRIPT_SYN) != 0 ? 64240 : 501);
  put_tcp_options(at + 20, layers);
  memcpy(at + layers->header, step->start, step->start_length);
  bytes_put16(at + 16, bytes_checksum(layers->pseudo_sum + bytes_sum(at, layers->total)));
}

/* A repeated segment stands where the last one stood and moves nothing. */
static void count_sequence(struct traffic_flow *flow, const struct script_step *step,
                           struct layers *layers)
{
  uint32_t *own = &flow->sequence[step->is_answer ? 1 : 0];
  layers->sequence = *own;
  layers->acknowledged = flow->sequence[step->is_answer ? 0 : 1];
  if (step->is_repeated) {
    layers->sequence -= step->length;
  } else {
    *own += step->length + ((step->flags & (SCRIPT_SYN | SCRIPT_FIN)) != 0 ? 1U : 0U);
  }
}

static void measure(struct layers *layers)
{
  const struct script_step *step = layers->step;
  if (is_fragment(layers) && layers->i % 2 != 0) {
    layers->header = 0;
  } else if (step->protocol == 6) {
    layers->header = (step->flags & SCRIPT_SYN) != 0 ? 40 : 32;
  } else {
    layers->header = 8;
  }
  layers->total = layers->header + step->length;
}

/* IP and what is on it; the frame's length. */
static uint32_t put_packet(struct craft *craft, uint32_t x, struct layers *layers)
{
  measure(layers);
  x = is_ipv6(layers) ? put_ipv6(craft, x, layers) : put_ipv4(craft, x, layers);
  uint8_t *at = craft->frame + x;
  if (layers->header == 0) {
    return x + layers->total;
  }
  if (layers->step->protocol == 1) {
    put_icmp(at, layers);
  } else if (layers->step->protocol == 17) {
    put_udp(at, layers);
  } else {
    put_tcp(at, layers);
  }
  return x + layers->total;
}

void craft_init(struct craft *craft)
{
  craft->ip_id = 1;
}

uint32_t craft_next(struct craft *craft, struct traffic_flow *flow, uint32_t number,
                    uint32_t now_us)
{
  struct script_step step;
  struct layers layers = {
      .flow = flow, .step = &step, .number = number, .i = flow->crafted++, .now_us = now_us};
  script_step(flow, number, layers.i, &step);
  layers.client_ip = 0x0a000000U + flow->client + 1;
  layers.server_ip = 0x2d000000U + (uint32_t)(chance_mix(flow->server) % 0x5fffffff);
  memset(craft->frame, 0, sizeof craft->frame);
  uint32_t x = put_link(craft->frame, flow, step.is_answer), length;
  if (flow->kind == TRAFFIC_ARP) {
    length = put_arp(craft->frame, x, &layers);
  } else {
    if (step.protocol == 6) {
      count_sequence(flow, &step, &layers);
    }
    length = put_packet(craft, x, &layers);
  }
  return length < 60 ? 60 : length;
}
