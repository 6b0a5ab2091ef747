/* SPDX-License-Identifier: Apache-2.0 */
/* The straight line for what nearly every frame is: Ethernet, at most one 802.1Q tag, IPv4 without
 * options or IPv6 without extension headers, not fragmented, TCP or UDP with its header captured,
 * and sound. Everything else is left to the walk, which gives the same packet for these too. */
#include <endian.h>

#include "sensor/decode_layers.h"

#define LINK_ETHERNET   1
#define TYPE_IPV4       0x0800
#define TYPE_IPV6       0x86dd
#define TYPE_VLAN       0x8100
#define ETHERNET_HEADER 14
#define VLAN_TAG        4
#define IPV4_HEADER     20
#define IPV6_HEADER     40
#define TCP_HEADER      20
#define UDP_HEADER      8
#define PROTOCOL_TCP    6
#define PROTOCOL_UDP    17
#define PORT_BIT(port)  (UINT64_C(1) << ((port)&63))

/* The ports that the walk looks above, by their lower six bits: seldom set by chance, and one look
 * instead of seven comparisons. */
static const uint64_t special_ports =
    PORT_BIT(DECODE_PORT_DNS) | PORT_BIT(DECODE_PORT_GTPU) | PORT_BIT(DECODE_PORT_TEREDO) |
    PORT_BIT(DECODE_PORT_VXLAN) | PORT_BIT(DECODE_PORT_VXLAN_GPE) | PORT_BIT(DECODE_PORT_GENEVE) |
    PORT_BIT(DECODE_PORT_VXLAN_LINUX);

/* Halves of eight bytes: the key of the flow is read in such, and a read that spans two writes
 * waits for both. */
static void write_v4(struct addr *out, uint32_t address)
{
  const uint64_t halves[2] = {0, htobe64(UINT64_C(0xffff) << 32 | address)};
  memcpy(out, halves, sizeof(*out));
}

/* What rd_limit left is the segment: neither padding nor a trailer is taken for a header. Options
 * need not be captured. */
static bool read_tcp(struct rd *r, uint32_t segment_bytes, struct packet *out)
{
  const uint8_t *header = rd_take(r, TCP_HEADER);
  if (header == NULL) {
    return false;
  }
  struct rd h = rd_init(header, TCP_HEADER);
  out->source_port = rd_u16(&h);
  out->destination_port = rd_u16(&h);
  out->tcp_sequence = rd_u32(&h);
  out->tcp_acknowledgement = rd_u32(&h);
  uint32_t header_bytes = (uint32_t)(rd_u8(&h) >> 4) * 4;
  out->tcp_flags = rd_u8(&h);
  out->has_tcp_numbers = true;
  /* Wraps if the header cannot be, which the next line refuses. */
  out->payload_bytes = segment_bytes - header_bytes;
  return header_bytes >= TCP_HEADER && header_bytes <= segment_bytes;
}

/* Above such a port: DNS is read here, a tunnel is not. */
static bool read_special(struct rd *r, struct packet *out)
{
  if (out->source_port == DECODE_PORT_DNS || out->destination_port == DECODE_PORT_DNS) {
    rd_limit(r, out->payload_bytes);
    out->dns = (uint8_t)decode_dns(*r, out);
    return true;
  }
  return decode_tunnel_layer(out) == LAYER_END;
}

/* The length of 0 (a super-segment) is left to the walk. */
static bool read_udp(struct rd *r, uint32_t segment_bytes, struct packet *out)
{
  const uint8_t *header = rd_take(r, UDP_HEADER);
  if (header == NULL) {
    return false;
  }
  struct rd h = rd_init(header, UDP_HEADER);
  uint16_t source = rd_u16(&h);
  uint16_t destination = rd_u16(&h);
  uint32_t length = rd_u16(&h);
  out->source_port = source;
  out->destination_port = destination;
  out->tcp_sequence = 0;
  out->tcp_acknowledgement = 0;
  out->tcp_flags = 0;
  out->has_tcp_numbers = false;
  out->payload_bytes = (length < segment_bytes ? length : segment_bytes) - UDP_HEADER;
  if (length < UDP_HEADER) {
    return false;
  }
  bool is_special = ((PORT_BIT(source) | PORT_BIT(destination)) & special_ports) != 0;
  return !is_special || read_special(r, out);
}

/* What both versions end in; the cursor stands behind the IP header. */
static bool read_transport(struct rd *r, uint8_t protocol, uint32_t segment_bytes,
                           struct packet *out)
{
  rd_limit(r, segment_bytes);
  out->protocol = protocol;
  out->ip_protocol = protocol;
  if (protocol == PROTOCOL_TCP) {
    return read_tcp(r, segment_bytes, out);
  }
  return protocol == PROTOCOL_UDP && read_udp(r, segment_bytes, out);
}

/* Written before it is known whether the transport header is one of ours: what is left to the walk
 * is written anew there. */
static bool read_ipv4(struct rd *r, struct packet *out)
{
  const uint8_t *header = rd_take(r, IPV4_HEADER);
  if (header == NULL) {
    return false;
  }
  struct rd h = rd_init(header, IPV4_HEADER);
  uint8_t first = rd_u8(&h);
  (void)rd_skip(&h, 1);
  uint32_t ip_bytes = rd_u16(&h);
  (void)rd_skip(&h, 2);
  uint16_t fragment = rd_u16(&h);
  (void)rd_skip(&h, 1);
  uint8_t protocol = rd_u8(&h);
  (void)rd_skip(&h, 2);
  /* Version 4, five words; neither offset nor more-fragments; a length of 0 has no end here. */
  if (first != 0x45 || (fragment & 0x3fff) != 0 || ip_bytes < IPV4_HEADER) {
    return false;
  }
  uint32_t source = rd_u32(&h);
  uint32_t destination = rd_u32(&h);
  write_v4(&out->source, source);
  write_v4(&out->destination, destination);
  write_v4(&out->ip_source, source);
  write_v4(&out->ip_destination, destination);
  out->ip_version = 4;
  out->ip_bytes = ip_bytes;
  return read_transport(r, protocol, ip_bytes - IPV4_HEADER, out);
}

/* An extension header stands in the place of the protocol and ends the line in read_transport. */
static bool read_ipv6(struct rd *r, struct packet *out)
{
  const uint8_t *header = rd_take(r, IPV6_HEADER);
  if (header == NULL) {
    return false;
  }
  struct rd h = rd_init(header, IPV6_HEADER);
  uint8_t first = rd_u8(&h);
  (void)rd_skip(&h, 3);
  uint32_t payload_bytes = rd_u16(&h);
  uint8_t protocol = rd_u8(&h);
  if (first >> 4 != 6 || payload_bytes == 0) {
    return false;
  }
  memcpy(&out->source, header + 8, sizeof(out->source));
  memcpy(&out->destination, header + 24, sizeof(out->destination));
  memcpy(&out->ip_source, header + 8, sizeof(out->ip_source));
  memcpy(&out->ip_destination, header + 24, sizeof(out->ip_destination));
  out->ip_version = 6;
  out->ip_bytes = IPV6_HEADER + payload_bytes;
  return read_transport(r, protocol, payload_bytes, out);
}

/* What no frame of this kind has. */
static void write_rest(const struct frame *frame, struct packet *out)
{
  out->time_ns = frame->time_ns;
  out->wire_bytes = frame->wire_bytes;
  out->interface = frame->interface;
  out->fragment_id = 0;
  out->is_flow_fragment = false;
  out->is_flow_later_fragment = false;
  out->is_fragment = false;
  out->is_later_fragment = false;
  out->icmp_type = 0;
  out->tunnel = PACKET_PLAIN;
  out->dns = PACKET_NO_DNS;
  out->undecoded = SUMMARY_DECODED;
}

bool decode_fast(const struct frame *frame, struct packet *out)
{
  struct rd r = rd_init(frame->data, frame->captured_bytes);
  const uint8_t *header = rd_take(&r, ETHERNET_HEADER);
  if (header == NULL || frame->link_type != LINK_ETHERNET) {
    return false;
  }
  uint16_t type = (uint16_t)((unsigned)header[12] << 8 | header[13]);
  out->vlan = 0;
  if (type == TYPE_VLAN) {
    const uint8_t *tag = rd_take(&r, VLAN_TAG);
    if (tag == NULL) {
      return false;
    }
    out->vlan = (uint16_t)((tag[0] & 0x0fu) << 8 | tag[1]);
    type = (uint16_t)((unsigned)tag[2] << 8 | tag[3]);
  }
  write_rest(frame, out);
  if (type == TYPE_IPV4) {
    return read_ipv4(&r, out);
  }
  return type == TYPE_IPV6 && read_ipv6(&r, out);
}
