/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over blocks. Only a packet's block must be whole in the buffer; what nobody needs is
 * skipped, whatever its size. */
#include "sensor/capture_pcapng.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK_INTERFACE  1
#define BLOCK_OLD_PACKET 2 /* obsolete */
#define BLOCK_SIMPLE     3
#define BLOCK_PACKET     6  /* enhanced */
#define BLOCK_FRAME      12 /* type, length, and length again */
#define SECTION_BYTES    28
#define ORDER_MAGIC      0x1a2b3c4d
#define INTERFACE_ROOM   8

struct block {
  uint32_t type, length;
};

/* What a packet block says, before it is checked against its interface. */
struct packet_block {
  uint32_t interface, captured, wire;
  uint64_t units; /* of time */
  bool has_time;
};

/* At a section header: byte order and version; the interfaces before it are forgotten. */
static int begin_section(struct capture_pcapng *pcapng, struct capture_reading *reading)
{
  if (!capture_reading_has(reading, SECTION_BYTES)) {
    return ERR_TRUNCATED;
  }
  struct rd r = rd_init(reading->unread.next, SECTION_BYTES);
  (void)rd_skip(&r, 8);
  uint32_t order = rd_u32(&r);
  if (order != ORDER_MAGIC && order != __builtin_bswap32(ORDER_MAGIC)) {
    (void)snprintf(reading->why, sizeof(reading->why), "a section without a byte order");
    return ERR_MALFORMED;
  }
  pcapng->is_little = order != ORDER_MAGIC;
  uint16_t major = capture_u16(&r, pcapng->is_little);
  uint16_t minor = capture_u16(&r, pcapng->is_little);
  if (major != 1) {
    (void)snprintf(reading->why, sizeof(reading->why), "pcapng of version %u.%u", major, minor);
    return ERR_MALFORMED;
  }
  pcapng->interface_count = 0;
  return 0;
}

/* Type and length of the block that is next; false when the reading has ended instead. */
static bool peek_block(struct capture_pcapng *pcapng, struct capture_reading *reading,
                       struct block *block)
{
  uint64_t at = capture_reading_at(reading);
  if (!capture_reading_has(reading, BLOCK_FRAME)) {
    capture_reading_over(reading, at, "a block's header");
    return false;
  }
  struct rd r = rd_init(reading->unread.next, 8);
  block->type = capture_u32(&r, pcapng->is_little);
  if (block->type == CAPTURE_PCAPNG_MAGIC) {
    int result = begin_section(pcapng, reading);
    if (result == ERR_TRUNCATED) {
      capture_reading_over(reading, at, "a section's header");
      return false;
    }
    if (result != 0) {
      reading->end = ERR_TRUNCATED; /* why has been said */
      reading->end_offset = at;
      return false;
    }
  }
  block->length = capture_u32(&r, pcapng->is_little);
  uint32_t least = block->type == CAPTURE_PCAPNG_MAGIC ? SECTION_BYTES : BLOCK_FRAME;
  if (block->length < least || block->length % 4 != 0) {
    capture_reading_damaged(reading, at, "a block of %u bytes", block->length);
    return false;
  }
  return true;
}

/* The length behind a block must be the one before it. */
static bool check_trailer(const struct capture_pcapng *pcapng, struct capture_reading *reading,
                          uint64_t at, uint32_t length, struct rd *trailer)
{
  uint32_t again = capture_u32(trailer, pcapng->is_little);
  if (again != length) {
    capture_reading_damaged(reading, at, "a block of %u bytes that ends as one of %u", length,
                            again);
    return false;
  }
  return true;
}

static bool skip_block(const struct capture_pcapng *pcapng, struct capture_reading *reading,
                       uint32_t length)
{
  uint64_t at = capture_reading_at(reading);
  if (!capture_reading_skip(reading, length - 4U) || !capture_reading_has(reading, 4)) {
    capture_reading_over(reading, at, "a block");
    return false;
  }
  struct rd trailer = rd_init(rd_take(&reading->unread, 4), 4);
  return check_trailer(pcapng, reading, at, length, &trailer);
}

/* A block's body, when it is whole in the buffer and its trailer is right. Takes nothing. */
static bool peek_body(const struct capture_pcapng *pcapng, struct capture_reading *reading,
                      uint32_t length, struct rd *body)
{
  uint64_t at = capture_reading_at(reading);
  if (!capture_reading_has(reading, length)) {
    capture_reading_over(reading, at, "a block");
    return false;
  }
  struct rd trailer = rd_init(reading->unread.next + (length - 4), 4);
  *body = rd_init(reading->unread.next + 8, length - BLOCK_FRAME);
  return check_trailer(pcapng, reading, at, length, &trailer);
}

/* Room for one interface more: doubled, up to a bound. */
static int grow_interfaces(struct capture_pcapng *pcapng)
{
  uint32_t room = pcapng->interface_room > 0 ? pcapng->interface_room * 2 : INTERFACE_ROOM;
  if (room > CAPTURE_PCAPNG_INTERFACES_MAX) {
    return ERR_LIMIT;
  }
  void *larger = realloc(pcapng->interface, room * sizeof(pcapng->interface[0]));
  if (larger == NULL) {
    return ERR_NO_MEMORY;
  }
  pcapng->interface = larger;
  pcapng->interface_room = room;
  return 0;
}

static bool add_interface(struct capture_pcapng *pcapng, struct capture_reading *reading,
                          uint32_t length)
{
  struct rd body;
  uint64_t at = capture_reading_at(reading);
  if (!peek_body(pcapng, reading, length, &body)) {
    return false;
  }
  if (pcapng->interface_count == pcapng->interface_room && grow_interfaces(pcapng) != 0) {
    capture_reading_damaged(reading, at, "no room for more than %u interfaces",
                            pcapng->interface_count);
    return false;
  }
  struct capture_pcapng_interface *interface = &pcapng->interface[pcapng->interface_count];
  const char *why = NULL;
  if (capture_pcapng_parse_interface(&body, pcapng->is_little, interface, &why) != 0) {
    capture_reading_damaged(reading, at, "%s", why);
    return false;
  }
  pcapng->interface_count++;
  capture_reading_link(reading, interface->link_type);
  return rd_skip(&reading->unread, length);
}

static bool is_packet(uint32_t type)
{
  return type == BLOCK_PACKET || type == BLOCK_SIMPLE || type == BLOCK_OLD_PACKET;
}

/* Passes over all blocks up to a packet's; false when the reading has ended instead. */
static bool find_packet(struct capture_pcapng *pcapng, struct capture_reading *reading,
                        struct block *block)
{
  while (peek_block(pcapng, reading, block)) {
    if (is_packet(block->type)) {
      return true;
    }
    bool goes_on = block->type == BLOCK_INTERFACE ? add_interface(pcapng, reading, block->length)
                                                  : skip_block(pcapng, reading, block->length);
    if (!goes_on) {
      return false;
    }
  }
  return false;
}

/* The first block is a section header: its magic was how the file was told. */
int capture_pcapng_open(struct capture_pcapng *pcapng, struct capture_reading *reading)
{
  int result = begin_section(pcapng, reading);
  if (result != 0) {
    return result;
  }
  struct block block;
  (void)find_packet(pcapng, reading, &block);
  if (reading->has_link) {
    return 0; /* an end before the first packet is told by the first read */
  }
  if (reading->end == 0 || reading->end == ERR_END) {
    (void)snprintf(reading->why, sizeof(reading->why), "no interface is described in it");
    return ERR_MALFORMED;
  }
  return reading->end;
}

void capture_pcapng_fini(struct capture_pcapng *pcapng)
{
  free(pcapng->interface);
}

static uint64_t read_units(struct rd *body, bool is_little)
{
  uint64_t high = capture_u32(body, is_little);
  return high << 32 | capture_u32(body, is_little);
}

/* The numbers before the bytes. */
static void parse_packet(uint32_t type, struct rd *body, bool is_little, struct packet_block *out)
{
  if (type == BLOCK_SIMPLE) {
    *out = (struct packet_block){.wire = capture_u32(body, is_little)};
    out->captured = out->wire;
    return;
  }
  if (type == BLOCK_PACKET) {
    out->interface = capture_u32(body, is_little);
  } else {
    out->interface = capture_u16(body, is_little);
    (void)rd_skip(body, 2); /* dropped before it */
  }
  out->has_time = true;
  out->units = read_units(body, is_little);
  out->captured = capture_u32(body, is_little);
  out->wire = capture_u32(body, is_little);
}

/* Makes the frame; false when the reading has ended instead. */
static bool take_packet(struct capture_pcapng *pcapng, struct capture_reading *reading,
                        const struct block *block, struct frame *frame)
{
  struct rd body;
  struct packet_block packet;
  if (!peek_body(pcapng, reading, block->length, &body)) {
    return false;
  }
  parse_packet(block->type, &body, pcapng->is_little, &packet);
  if (packet.interface >= pcapng->interface_count) {
    capture_reading_damaged(reading, capture_reading_at(reading),
                            "a packet of interface %u, which is not described", packet.interface);
    return false;
  }
  const struct capture_pcapng_interface *interface = &pcapng->interface[packet.interface];
  if (block->type == BLOCK_SIMPLE && interface->snap_bytes > 0 &&
      packet.captured > interface->snap_bytes) {
    packet.captured = interface->snap_bytes;
  }
  frame->data = rd_take(&body, packet.captured);
  if (body.has_failed) {
    capture_reading_damaged(reading, capture_reading_at(reading),
                            "a packet of %u captured bytes in a block of %u", packet.captured,
                            block->length);
    return false;
  }
  if (packet.has_time) {
    pcapng->time_ns = capture_pcapng_time(interface, packet.units);
  }
  frame->time_ns = pcapng->time_ns;
  frame->captured_bytes = packet.captured;
  frame->wire_bytes = packet.wire < CAPTURE_WIRE_MAX ? packet.wire : CAPTURE_WIRE_MAX;
  frame->link_type = interface->link_type;
  return rd_skip(&reading->unread, block->length);
}

int capture_pcapng_read(struct capture_pcapng *pcapng, struct capture_reading *reading, int budget,
                        const struct capture_sink *sink)
{
  struct frame frame = {.interface = sink->index};
  int count = 0;
  while (count < budget && reading->end == 0) {
    struct block block;
    if (find_packet(pcapng, reading, &block) && take_packet(pcapng, reading, &block, &frame)) {
      count++;
      sink->fn(sink->context, &frame);
    }
  }
  reading->packets += (uint64_t)count;
  return count;
}
