/* SPDX-License-Identifier: Apache-2.0 */
/* Packets from the batch into what they count in, in the order they came. Three passes over the
 * batch: the first two only ask for memory, so that the third finds it there (group prefetching,
 * Chen et al., ICDE 2004); counting is the third pass's alone, and no pass before decides anything.
 */
#include <assert.h>

#include "sensor/meter_inside.h"

/* What a flow's mark holds: for each side that sends, in four bits, the direction of its packets
 * and 1, and whether their peer is of the fleet; 0 is not yet asked. */
#define MARK_BITS      4
#define MARK_MASK      0x0f
#define MARK_DIRECTION 0x07
#define MARK_FLEET     0x08

static_assert(SUMMARY_DIRECTIONS <= MARK_DIRECTION, "a direction fits");

/* Of a flow's packets by its mark. Those of a tunnel may go by other outermost addresses than the
 * packet before: each is asked for. */
static struct direction_way way_by_mark(struct meter *meter, const struct packet *packet,
                                        unsigned side, uint8_t *mark)
{
  if (packet->tunnel != PACKET_PLAIN) {
    return direction_of(meter->direction, packet);
  }
  unsigned shift = MARK_BITS * side;
  unsigned known = (unsigned)*mark >> shift & MARK_MASK;
  if (known == 0) {
    struct direction_way way = direction_of(meter->direction, packet);
    known = (way.direction + 1) | (way.is_fleet ? MARK_FLEET : 0);
    *mark |= (uint8_t)(known << shift);
  }
  return (struct direction_way){(enum summary_direction)((known & MARK_DIRECTION) - 1),
                                (known & MARK_FLEET) != 0};
}

/* A segment larger than a wire packet can be: the device or the kernel put several together.
 *
 *   wire      [h|p][h|p][h|p]     headers: what stands before the payload, the same for each
 *   observed  [h|ppp]             lacks two of them */
static void count_segments(struct meter *meter, const struct packet *packet, uint32_t mtu_bytes)
{
  enum summary_protocol protocol = summary_protocol_of(packet->protocol);
  uint32_t header_bytes = packet->ip_bytes - packet->payload_bytes;
  if ((protocol != SUMMARY_TCP && protocol != SUMMARY_UDP) || packet->payload_bytes == 0 ||
      packet->payload_bytes >= packet->ip_bytes || header_bytes >= mtu_bytes) {
    return;
  }
  uint64_t room = mtu_bytes - header_bytes;
  uint64_t wire_packets = (packet->payload_bytes + room - 1) / room;
  window_segments(meter->second, wire_packets, (wire_packets - 1) * header_bytes);
}

/* Own frames stand in the ledger and in the interface's row, and nowhere else. */
static void count_own(struct meter *meter, const struct packet *packet)
{
  struct summary_ledger *ledger = window_ledger(meter->second);
  ledger->frames++;
  ledger->wire_bytes += packet->wire_bytes;
  ledger->own_frames++;
}

/* One packet into everything. */
static void count(struct meter *meter, const struct packet *packet, const struct flow_place *place)
{
  bool is_own = direction_is_own(meter->direction, packet);
  interface_rows_frame(meter->interfaces, packet->interface, packet->wire_bytes, is_own);
  if (is_own) {
    count_own(meter, packet);
    return;
  }
  if (packet->ip_version == 0) {
    window_packet(meter->second, packet, (struct direction_way){SUMMARY_UNKNOWN, false});
    return;
  }
  uint8_t *mark = NULL;
  (void)flows_count(meter->flows, packet, place, &mark);
  window_packet(meter->second, packet, way_by_mark(meter, packet, place->side, mark));
  uint32_t mtu_bytes = meter->mtu_bytes[packet->interface];
  if (packet->ip_bytes > mtu_bytes) {
    count_segments(meter, packet, mtu_bytes);
  }
}

/* On its own, all steps at once. */
static void count_alone(struct meter *meter, const struct packet *packet)
{
  struct flow_place place;
  flows_place(meter->flows, packet, 1, &place);
  flows_fetch(meter->flows, &place, 1);
  count(meter, packet, &place);
}

void meter_count_released(void *context, const struct packet *packet)
{
  count_alone(context, packet);
}

void meter_flush(struct meter *meter)
{
  size_t n = meter->batch_count;
  flows_place(meter->flows, meter->batch, n, meter->place);
  flows_fetch(meter->flows, meter->place, n);
  for (size_t i = 0; i < n; i++) {
    struct packet *packet = &meter->batch[i];
    if (!fragments_concern(packet)) {
      count(meter, packet, &meter->place[i]);
    } else if (fragments_take(meter->fragments, packet)) {
      count_alone(meter, packet);
    }
  }
  meter->batch_count = 0;
}
