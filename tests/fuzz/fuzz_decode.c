/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte that picks the link type, two bytes (big-endian) by which the frame is longer than
 * what was captured, then the captured bytes. Checks what must hold of any packet, and that the
 * straight line and the walk agree. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/decode.h"
#include "sensor/decode_layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* New ones at the end: the corpus names them by their place. */
static const int link_types[] = {1,   113, 276, 12,  101, 228, 229, 0,   108, 9,  50,
                                 149, 258, 226, 239, 242, 51,  104, 105, 127, 281};

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static bool is_zero(const void *bytes, size_t length)
{
  const uint8_t *byte = bytes;
  for (size_t i = 0; i < length; i++) {
    if (byte[i] != 0) {
      return false;
    }
  }
  return true;
}

static void check_not_ip(const struct packet *packet)
{
  require(packet->undecoded != SUMMARY_DECODED);
  require(packet->ip_bytes == 0 && packet->payload_bytes == 0);
  require(packet->protocol == 0 && packet->ip_protocol == 0);
  require(packet->source_port == 0 && packet->destination_port == 0);
  require(is_zero(&packet->ip_source, sizeof(packet->ip_source)));
  require(is_zero(&packet->source, sizeof(packet->source)));
  require(packet->tunnel == PACKET_PLAIN && packet->dns == PACKET_NO_DNS);
  require(!packet->is_fragment && !packet->is_flow_fragment && !packet->has_tcp_numbers);
}

static void check_flow(const struct packet *packet)
{
  require(packet->tcp_flags == 0 || packet->protocol == 6);
  require(!packet->has_tcp_numbers || packet->protocol == 6);
  require(packet->has_tcp_numbers || packet->tcp_sequence == 0);
  require(packet->icmp_type == 0 || packet->protocol == 1 || packet->protocol == 58);
  require(packet->dns == PACKET_NO_DNS || packet->protocol == 17);
  require(packet->is_flow_fragment || !packet->is_flow_later_fragment);
  require(packet->is_flow_fragment || packet->fragment_id == 0);
  require(!packet->is_flow_later_fragment || packet->source_port == 0);
  require(!packet->is_flow_later_fragment || packet->destination_port == 0);
}

static void check(const struct packet *packet)
{
  require(packet->undecoded < SUMMARY_UNDECODED_REASONS);
  require(packet->vlan < 4096);
  require(packet->tunnel < PACKET_TUNNELS && packet->dns <= PACKET_DNS_FAILURE);
  if (packet->ip_version == 0) {
    check_not_ip(packet);
    return;
  }
  require(packet->ip_version == 4 || packet->ip_version == 6);
  require(packet->ip_bytes >= (packet->ip_version == 4 ? 20 : 40));
  require(packet->is_fragment || !packet->is_later_fragment);
  require(packet->undecoded != SUMMARY_NOT_IP && packet->undecoded != SUMMARY_UNKNOWN_LINK);
  if (packet->tunnel == PACKET_PLAIN) {
    require(memcmp(&packet->ip_source, &packet->source, sizeof(packet->source)) == 0);
    require(packet->ip_protocol == packet->protocol);
  }
  check_flow(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 3) {
    return 0;
  }
  const struct frame frame = {
      .time_ns = 1,
      .wire_bytes = (uint32_t)(size - 3) + ((uint32_t)data[1] << 8 | data[2]),
      .captured_bytes = (uint32_t)(size - 3),
      .data = data + 3,
      .link_type = link_types[data[0] % (sizeof(link_types) / sizeof(link_types[0]))],
      .interface = 2,
  };
  struct packet packet;
  memset(&packet, 0xa5, sizeof(packet));
  decode_frame(&frame, &packet);
  require(packet.time_ns == 1 && packet.interface == 2);
  require(packet.wire_bytes == frame.wire_bytes);
  check(&packet);
  struct packet walked;
  memset(&walked, 0x5a, sizeof(walked));
  decode_walk(&frame, &walked);
  require(memcmp(&packet, &walked, sizeof(packet)) == 0);
  return 0;
}
