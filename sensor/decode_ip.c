/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 with the headers that extend them. The outermost header gives the packet's totals,
 * each one further in takes over the flow's addresses. */
#include "sensor/decode_layers.h"

#define IPV4_HEADER_MIN 20
#define IPV6_HEADER     40
#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING    43
#define NEXT_FRAGMENT   44
#define NEXT_AH         51
#define NEXT_NONE       59
#define NEXT_OPTIONS    60

/* What one IP header said, of either version. */
struct ip_header {
  uint8_t version;
  uint8_t protocol;
  bool is_fragment;
  bool is_later_fragment;
  uint32_t fragment_id; /* of a fragment */
  uint64_t bytes;       /* header and all it carries */
  struct addr source, destination;
};

/* IANA protocol numbers. What is not here (ESP, OSPF, ...) is a flow without ports. */
static enum layer protocol_layer(uint8_t protocol)
{
  switch (protocol) {
  case 1:
  case 58:
    return LAYER_ICMP;
  case 4:
    return LAYER_IPV4;
  case 6:
    return LAYER_TCP;
  case 17:
  case 136: /* UDP-Lite: the same ports; its coverage stands in the place of the length */
    return LAYER_UDP;
  case 33:
    return LAYER_DCCP;
  case 41:
    return LAYER_IPV6;
  case 47:
    return LAYER_GRE;
  case 132:
    return LAYER_SCTP;
  case 137:
    return LAYER_MPLS;
  default:
    return LAYER_END;
  }
}

/* A header ends early: cut by the capture, or longer than the headers around it allow. */
static enum layer network_ends(struct decode *d)
{
  return decode_stop(d, decode_is_cut(d) ? SUMMARY_TRUNCATED_NETWORK : SUMMARY_BAD_NETWORK);
}

/* Headers that are stepped over to find the protocol: AH in both versions, the others in IPv6. ESP
 * is not among them: what follows it is not readable. */
static bool is_extension(const struct ip_header *ip)
{
  switch (ip->protocol) {
  case NEXT_AH:
    return true;
  case NEXT_HOP_BY_HOP:
  case NEXT_ROUTING:
  case NEXT_FRAGMENT:
  case NEXT_OPTIONS:
    return ip->version == 6;
  default:
    return false;
  }
}

/* Reads one extension header and moves ip->protocol on to what follows it. */
static bool read_extension(struct decode *d, struct ip_header *ip)
{
  uint8_t kind = ip->protocol;
  uint8_t next = rd_u8(&d->r);
  uint8_t length = rd_u8(&d->r);
  uint16_t fragment = rd_u16(&d->r);
  if (d->r.has_failed) {
    return false;
  }
  ip->protocol = next;
  /* Eight bytes always; its second byte is reserved, no length. */
  if (kind == NEXT_FRAGMENT) {
    /* The reserved bits are neither offset nor flag; a second such header takes nothing back. */
    ip->is_fragment = ip->is_fragment || (fragment & 0xfff9) != 0;
    ip->is_later_fragment = (fragment & 0xfff8) != 0;
    ip->fragment_id = rd_u32(&d->r);
    return !d->r.has_failed;
  }
  /* AH counts words of four, less two; the others eights of bytes, less one. */
  size_t bytes = kind == NEXT_AH ? ((size_t)length + 2) * 4 : ((size_t)length + 1) * 8;
  return rd_skip(&d->r, bytes - 4);
}

/* Walks the extension headers; false when they cannot be walked to their end (reason given). */
static bool read_extensions(struct decode *d, struct ip_header *ip)
{
  while (!ip->is_later_fragment && is_extension(ip)) {
    if (d->extensions >= DECODE_EXTENSIONS_MAX) {
      (void)decode_stop(d, SUMMARY_TOO_DEEP);
      return false;
    }
    d->extensions++;
    if (!read_extension(d, ip)) {
      (void)network_ends(d);
      return false;
    }
  }
  return true;
}

/* Totals once, from the outermost header. */
static void write_outermost(struct packet *out, const struct ip_header *ip)
{
  out->ip_version = ip->version;
  out->ip_protocol = ip->protocol;
  out->is_fragment = ip->is_fragment;
  out->is_later_fragment = ip->is_later_fragment;
  out->ip_bytes = ip->bytes < UINT32_MAX ? (uint32_t)ip->bytes : UINT32_MAX;
  out->ip_source = ip->source;
  out->ip_destination = ip->destination;
}

/* The flow again at each level, so that the innermost one stands at the end. The payload is what is
 * left here until a transport header says better. What the UDP header of a tunnel left goes. */
static void write_packet(struct decode *d, const struct ip_header *ip)
{
  struct packet *out = d->out;
  if (d->ip_depth == 0) {
    write_outermost(out, ip);
  } else {
    out->tunnel = d->carrier;
    out->source_port = 0;
    out->destination_port = 0;
    out->dns = PACKET_NO_DNS;
  }
  d->carrier = PACKET_IPIP; /* unless a step before the next IP header says otherwise */
  d->is_guarded = false;
  d->ip_depth++;
  out->source = ip->source;
  out->destination = ip->destination;
  out->protocol = ip->protocol;
  out->is_flow_fragment = ip->is_fragment;
  out->is_flow_later_fragment = ip->is_later_fragment;
  out->fragment_id = ip->is_fragment ? ip->fragment_id : 0;
  uint64_t payload = decode_left(d);
  out->payload_bytes = payload < UINT32_MAX ? (uint32_t)payload : UINT32_MAX;
}

/* A tunnel that was guessed by a UDP port must hold an IP packet that fits into it. */
static bool is_unsound(const struct decode *d, const struct ip_header *ip, uint64_t wire_left)
{
  return d->is_guarded && ip->bytes > wire_left;
}

/* The part that both versions share, after the fixed header: options_bytes are IPv4's. */
static enum layer read_rest(struct decode *d, struct ip_header *ip, uint64_t at,
                            size_t options_bytes)
{
  /* What the header counts is what is read: the padding of short frames is out of reach. */
  d->wire_end = at + ip->bytes;
  rd_limit(&d->r, (size_t)decode_left(d));
  bool is_whole = true;
  if (!rd_skip(&d->r, options_bytes)) {
    (void)network_ends(d);
    is_whole = false;
  } else {
    is_whole = read_extensions(d, ip);
  }
  if (!is_whole && d->is_guarded && !decode_is_cut(d)) {
    return LAYER_END;
  }
  write_packet(d, ip);
  return is_whole && !ip->is_later_fragment ? protocol_layer(ip->protocol) : LAYER_END;
}

/* The fixed header is taken whole and read by a cursor of its own: of known size, its checks cost
 * nothing. */
enum layer decode_ipv4(struct decode *d)
{
  if (d->ip_depth >= DECODE_IP_DEPTH_MAX) {
    return decode_stop(d, SUMMARY_TOO_DEEP);
  }
  uint64_t at = decode_offset(d);
  uint64_t wire_left = decode_left(d);
  const uint8_t *header = rd_take(&d->r, IPV4_HEADER_MIN);
  if (header == NULL) {
    return network_ends(d);
  }
  struct rd h = rd_init(header, IPV4_HEADER_MIN);
  uint8_t first = rd_u8(&h);
  size_t header_bytes = (size_t)(first & 0x0f) * 4;
  struct ip_header ip = {.version = 4};
  (void)rd_skip(&h, 1); /* class of service */
  ip.bytes = rd_u16(&h);
  ip.fragment_id = rd_u16(&h);
  uint16_t fragment = rd_u16(&h);
  (void)rd_skip(&h, 1); /* time to live */
  ip.protocol = rd_u8(&h);
  (void)rd_skip(&h, 2); /* checksum */
  if (ip.bytes == 0) {
    ip.bytes = wire_left; /* a super-segment on its way to or from the card */
  }
  /* The version is asked again: an EtherType or a protocol number may lie about it. */
  if (first >> 4 != 4 || header_bytes < IPV4_HEADER_MIN || ip.bytes < header_bytes ||
      is_unsound(d, &ip, wire_left)) {
    return decode_stop(d, SUMMARY_BAD_NETWORK);
  }
  ip.is_fragment = (fragment & 0x3fff) != 0;
  ip.is_later_fragment = (fragment & 0x1fff) != 0;
  ip.source = addr_from_v4(header + 12);
  ip.destination = addr_from_v4(header + 16);
  return read_rest(d, &ip, at, header_bytes - IPV4_HEADER_MIN);
}

/* 0   4        12        16              32       40       48
 * |ver| class  | flow label | payload length | next  | hops | source 16 | destination 16 */
enum layer decode_ipv6(struct decode *d)
{
  if (d->ip_depth >= DECODE_IP_DEPTH_MAX) {
    return decode_stop(d, SUMMARY_TOO_DEEP);
  }
  uint64_t at = decode_offset(d);
  uint64_t wire_left = decode_left(d);
  const uint8_t *header = rd_take(&d->r, IPV6_HEADER);
  if (header == NULL) {
    return network_ends(d);
  }
  struct rd h = rd_init(header, IPV6_HEADER);
  uint8_t first = rd_u8(&h);
  if (first >> 4 != 6) {
    return decode_stop(d, SUMMARY_BAD_NETWORK);
  }
  struct ip_header ip = {.version = 6};
  (void)rd_skip(&h, 3); /* class, flow label */
  uint16_t payload_bytes = rd_u16(&h);
  ip.protocol = rd_u8(&h);
  ip.bytes = (uint64_t)IPV6_HEADER + payload_bytes;
  /* Length 0: a jumbogram or a super-segment, unless nothing is said to follow. */
  if (payload_bytes == 0 && ip.protocol != NEXT_NONE && wire_left > IPV6_HEADER) {
    ip.bytes = wire_left;
  }
  if (is_unsound(d, &ip, wire_left)) {
    return decode_stop(d, SUMMARY_BAD_NETWORK);
  }
  ip.source = addr_from_v6(header + 8);
  ip.destination = addr_from_v6(header + 24);
  return read_rest(d, &ip, at, 0);
}

/* Raw IP: the first four bits tell the version, and are read ahead of the cursor. */
enum layer decode_ip(struct decode *d)
{
  struct rd ahead = d->r;
  unsigned version = rd_u8(&ahead) >> 4;
  if (ahead.has_failed) {
    return network_ends(d);
  }
  if (version == 4) {
    return LAYER_IPV4;
  }
  return version == 6 ? LAYER_IPV6 : decode_stop(d, SUMMARY_BAD_NETWORK);
}
