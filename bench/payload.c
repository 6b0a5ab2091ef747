/* SPDX-License-Identifier: Apache-2.0 */
/* Written field by field after RFC 1035, 8446, 9000 and 3550; only what stands in the first bytes
 * of a capture. */
#include "bench/payload.h"

#include <stdio.h>
#include <string.h>

#include "bench/bytes.h"
#include "bench/chance.h"

static void set_length(struct script_step *step, size_t length)
{
  step->start_length = (uint8_t)length;
  step->length = (uint16_t)length;
}

void payload_http(const struct traffic_flow *flow, uint32_t i, struct script_step *step)
{
  int length = snprintf((char *)step->start, SCRIPT_START_MAX,
                        "GET /i%u HTTP/1.1\r\nHost: h%u.example.org\r\nAccept: */*\r\n\r\n", i,
                        flow->server);
  set_length(step, (size_t)length);
}

/* One extension, the server's name; lengths of the layers around it are known at the end. */
void payload_tls(const struct traffic_flow *flow, uint64_t hash, struct script_step *step)
{
  static const uint8_t head[] = {22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
  static const uint8_t ciphers[] = {0, 0, 2, 0x13, 0x01, 1, 0}; /* no session, one suite */
  uint8_t *at = step->start;
  memcpy(at, head, sizeof head);
  for (uint64_t i = 0; i < 32; i++) {
    at[sizeof head + i] = (uint8_t)chance_mix(hash + i);
  }
  memcpy(at + 43, ciphers, sizeof ciphers);
  size_t x = 43 + sizeof ciphers;
  char name[32];
  uint32_t n = (uint32_t)snprintf(name, sizeof name, "h%u.example.org", flow->server);
  bytes_put16(at + x, n + 9);
  bytes_put16(at + x + 2, 0);
  bytes_put16(at + x + 4, n + 5);
  bytes_put16(at + x + 6, n + 3);
  at[x + 8] = 0;
  bytes_put16(at + x + 9, n);
  memcpy(at + x + 11, name, n);
  x += 11 + n;
  bytes_put16(at + 3, (uint32_t)x - 5);
  bytes_put16(at + 7, (uint32_t)x - 9);
  set_length(step, x);
}

/* Two addresses of the question's name, by a pointer to it. */
static size_t put_dns_records(uint8_t *at, bool is_ipv6)
{
  static const uint8_t network[16] = {0x20, 0x01, 0x0d, 0xb8};
  uint32_t size = is_ipv6 ? 16 : 4;
  for (uint32_t i = 0; i < 2; i++) {
    uint8_t *record = at + (size_t)i * (12 + size);
    bytes_put16(record, 0xc00c);
    bytes_put16(record + 2, is_ipv6 ? 28 : 1);
    bytes_put16(record + 4, 1);
    bytes_put32(record + 6, 300);
    bytes_put16(record + 10, size);
    memcpy(record + 12, network, size);
    bytes_put32(record + 12 + size - 4, 0xc6336400U + i);
  }
  return (size_t)2 * (12 + size);
}

void payload_dns(const struct traffic_flow *flow, uint32_t i, struct script_step *step)
{
  uint8_t *at = step->start;
  bool is_ipv6 = (flow->traits & TRAFFIC_IPV6) != 0;
  uint32_t name = flow->server % 100000 + i / 2;
  bool has_failed = step->is_answer && chance_mix(name) % 32 == 0;
  uint32_t answer_flags = has_failed ? 0x8183 : 0x8180;
  bytes_put16(at, (flow->sequence[0] + i / 2) & 0xffff);
  bytes_put16(at + 2, step->is_answer ? answer_flags : 0x0100);
  bytes_put16(at + 4, 1);
  bytes_put16(at + 6, step->is_answer && !has_failed ? 2 : 0);
  size_t n = (size_t)snprintf((char *)at + 13, 24, "h%u", name);
  at[12] = (uint8_t)n;
  size_t x = 13 + n;
  memcpy(at + x, "\7example\3org", 13); /* with its final zero, the root */
  bytes_put16(at + x + 13, is_ipv6 ? 28 : 1);
  bytes_put16(at + x + 15, 1);
  x += 17;
  if (step->is_answer && !has_failed) {
    x += put_dns_records(at + x, is_ipv6);
  }
  set_length(step, x);
}

void payload_quic(struct script_step *step)
{
  step->start[0] = 0xc0;
  bytes_put32(step->start + 1, 1);
  step->start_length = 5;
}

void payload_rtp(const struct traffic_flow *flow, uint32_t i, struct script_step *step)
{
  step->start[0] = 0x80;
  bytes_put16(step->start + 2, i / 2);
  bytes_put32(step->start + 4, 160 * (i / 2));
  bytes_put32(step->start + 8, flow->sequence[0]);
  step->start_length = 12;
}
