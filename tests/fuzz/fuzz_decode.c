/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte that picks the link type, two bytes (big-endian) by which the frame is longer than
 * what was captured, then the captured bytes. Checks what must hold of any packet. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int link_types[] = {1, 113, 276, 12, 101, 228, 229, 0, 108, 9, 50, 149};

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

static void check(const struct packet *packet)
{
  require(packet->undecoded < SUMMARY_UNDECODED_REASONS);
  require(packet->vlan < 4096);
  if (packet->ip_version == 0) {
    require(packet->undecoded != SUMMARY_DECODED);
    require(packet->ip_bytes == 0 && packet->payload_bytes == 0);
    require(packet->protocol == 0 && packet->ip_protocol == 0);
    require(packet->source_port == 0 && packet->destination_port == 0);
    require(is_zero(&packet->ip_source, sizeof(packet->ip_source)));
    require(is_zero(&packet->source, sizeof(packet->source)));
    return;
  }
  require(packet->ip_version == 4 || packet->ip_version == 6);
  require(packet->ip_bytes >= (packet->ip_version == 4 ? 20 : 40));
  require(packet->is_fragment || !packet->is_later_fragment);
  require(!packet->is_later_fragment || packet->source_port == 0);
  require(packet->undecoded != SUMMARY_NOT_IP && packet->undecoded != SUMMARY_UNKNOWN_LINK);
  require(packet->tcp_flags == 0 || packet->protocol == 6);
  require(packet->icmp_type == 0 || packet->protocol == 1 || packet->protocol == 58);
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
  return 0;
}
