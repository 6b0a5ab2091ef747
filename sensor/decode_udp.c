/* SPDX-License-Identifier: Apache-2.0 */
/* What a UDP packet carries: tunnels, and the header of a DNS message. A port is a hint only: every
 * fixed bit of the tunnel's header must be right, and the IP header within must fit. Until then
 * the walk is guarded (decode_layers.h), and the packet stays the plain UDP packet that it is. */
#include "sensor/decode_layers.h"

/* Tunnels are known by the destination port: the source port is the sender's free choice, or a hash
 * of the inner flow. Teredo is answered from its port as well. */
enum layer decode_tunnel_layer(const struct packet *packet)
{
  switch (packet->destination_port) {
  case DECODE_PORT_VXLAN:
  case DECODE_PORT_VXLAN_LINUX:
    return LAYER_VXLAN;
  case DECODE_PORT_VXLAN_GPE:
    return LAYER_VXLAN_GPE;
  case DECODE_PORT_GENEVE:
    return LAYER_GENEVE;
  case DECODE_PORT_GTPU:
    return LAYER_GTPU;
  case DECODE_PORT_TEREDO:
    return LAYER_TEREDO;
  default:
    return packet->source_port == DECODE_PORT_TEREDO ? LAYER_TEREDO : LAYER_END;
  }
}

/* RFC 1035, 4.1.1: | id 16 | QR 1, opcode 4, flags 7, RCODE 4 | questions 16 | answers, ... |
 * A question goes to the port and holds one at least, an answer comes from it. Other opcodes
 * (NOTIFY, UPDATE) ask for nothing that a count of failures should know. */
enum packet_dns decode_dns(struct rd message, const struct packet *packet)
{
  (void)rd_skip(&message, 2);
  uint16_t flags = rd_u16(&message);
  uint16_t questions = rd_u16(&message);
  uint16_t answers = rd_u16(&message);
  (void)rd_skip(&message, 4);
  if (message.has_failed || (flags & 0x7800) != 0) {
    return PACKET_NO_DNS;
  }
  unsigned code = flags & 0x000f;
  if ((flags & 0x8000) != 0) {
    if (packet->source_port != DECODE_PORT_DNS) {
      return PACKET_NO_DNS;
    }
    return code == 0 ? PACKET_DNS_ANSWER : PACKET_DNS_FAILURE;
  }
  bool is_question =
      packet->destination_port == DECODE_PORT_DNS && code == 0 && questions > 0 && answers == 0;
  return is_question ? PACKET_DNS_QUESTION : PACKET_NO_DNS;
}

/* The cursor stands behind the UDP header; the payload is what that header allows. */
enum layer decode_above_udp(struct decode *d)
{
  struct packet *out = d->out;
  uint64_t end = decode_offset(d) + out->payload_bytes;
  if (d->wire_end > end) {
    d->wire_end = end;
  }
  rd_limit(&d->r, (size_t)decode_left(d));
  if (out->source_port == DECODE_PORT_DNS || out->destination_port == DECODE_PORT_DNS) {
    out->dns = (uint8_t)decode_dns(d->r, out);
    return LAYER_END;
  }
  enum layer tunnel = decode_tunnel_layer(out);
  d->is_guarded = tunnel != LAYER_END;
  return tunnel;
}

/* The header of a tunnel is not whole: if the capture cut it, an inner IP header may be missed. */
static enum layer tunnel_ends(struct decode *d)
{
  return decode_stop(d, SUMMARY_TRUNCATED_NETWORK);
}

/* RFC 7348: | flags 8 | reserved 24 | network 24 | reserved 8 |. The flag of a valid network must
 * be set; 0x80 says that the first reserved bytes hold a group policy
 * (draft-smith-vxlan-group-policy).
 */
enum layer decode_vxlan(struct decode *d)
{
  d->carrier = PACKET_VXLAN;
  uint8_t flags = rd_u8(&d->r);
  uint32_t policy = (uint32_t)rd_u8(&d->r) << 16 | rd_u16(&d->r);
  (void)rd_skip(&d->r, 3);
  uint8_t reserved = rd_u8(&d->r);
  if (d->r.has_failed) {
    return tunnel_ends(d);
  }
  bool has_policy = (flags & 0x80) != 0;
  if ((flags & 0x7f) != 0x08 || (policy != 0 && !has_policy) || reserved != 0) {
    return LAYER_END;
  }
  return LAYER_ETHERNET;
}

/* draft-ietf-nvo3-vxlan-gpe: flags R R version(2) I P B O; a next protocol (as in RFC 8300, NSH) in
 * the fourth byte if P is set, else Ethernet. O marks what the tunnel's ends tell each other. */
enum layer decode_vxlan_gpe(struct decode *d)
{
  d->carrier = PACKET_VXLAN;
  uint8_t flags = rd_u8(&d->r);
  uint16_t reserved = rd_u16(&d->r);
  uint8_t next = rd_u8(&d->r);
  (void)rd_skip(&d->r, 4); /* network, reserved */
  if (d->r.has_failed) {
    return tunnel_ends(d);
  }
  bool has_next = (flags & 0x04) != 0;
  if ((flags & 0xf1) != 0 || reserved != 0 || ((flags & 0x08) == 0 && !has_next)) {
    return LAYER_END;
  }
  if (!has_next) {
    return next == 0 ? LAYER_ETHERNET : LAYER_END;
  }
  return decode_carried(d, next);
}

/* RFC 8926: | version 2, option words 6 | O C reserved 6 | EtherType 16 | network 24 | reserved 8 |
 * options |. O marks control packets. */
enum layer decode_geneve(struct decode *d)
{
  d->carrier = PACKET_GENEVE;
  uint8_t first = rd_u8(&d->r);
  uint8_t flags = rd_u8(&d->r);
  uint16_t type = rd_u16(&d->r);
  (void)rd_skip(&d->r, 3);
  uint8_t reserved = rd_u8(&d->r);
  if (d->r.has_failed) {
    return tunnel_ends(d);
  }
  if (first >> 6 != 0 || (flags & 0xbf) != 0 || reserved != 0 || type <= DECODE_LENGTH_MAX) {
    return LAYER_END;
  }
  if (!rd_skip(&d->r, (size_t)(first & 0x3f) * 4)) {
    return tunnel_ends(d);
  }
  return decode_ether_type(d, type);
}

/* Extension headers of GTP-U: | length in words of 4 | content | type of the next one |; 0 ends.
 * false: they cannot be such. What was cut shows in the cursor. */
static bool skip_gtpu_extensions(struct decode *d, uint8_t next)
{
  while (next != 0) {
    size_t bytes = (size_t)rd_u8(&d->r) * 4;
    if (d->r.has_failed) {
      return true;
    }
    if (bytes == 0 || d->extensions >= DECODE_EXTENSIONS_MAX) {
      return false;
    }
    d->extensions++;
    (void)rd_skip(&d->r, bytes - 2);
    next = rd_u8(&d->r);
  }
  return true;
}

/* 3GPP TS 29.281: | version 3, PT 1, reserved 1, E S PN | type 8 | length 16 | tunnel 32 |, and
 * four bytes more if E, S or PN is set. Only a G-PDU (type 255) carries a user's packet. */
enum layer decode_gtpu(struct decode *d)
{
  d->carrier = PACKET_GTPU;
  uint8_t flags = rd_u8(&d->r);
  uint8_t type = rd_u8(&d->r);
  uint16_t length = rd_u16(&d->r);
  (void)rd_skip(&d->r, 4);
  if (d->r.has_failed) {
    return tunnel_ends(d);
  }
  if ((flags & 0xf8) != 0x30 || type != 255 || length > decode_left(d)) {
    return LAYER_END;
  }
  d->wire_end = decode_offset(d) + length;
  rd_limit(&d->r, length);
  if ((flags & 0x07) != 0) {
    (void)rd_skip(&d->r, 3); /* sequence number, N-PDU number */
    uint8_t next = rd_u8(&d->r);
    if ((flags & 0x04) != 0 && !skip_gtpu_extensions(d, next)) {
      return LAYER_END;
    }
  }
  return d->r.has_failed ? tunnel_ends(d) : LAYER_IP;
}

/* One end of a Teredo packet has a Teredo address (2001:0::/32), or it is a router solicitation or
 * its answer, between link-local addresses. */
static bool is_teredo_address(const uint8_t *address)
{
  static const uint8_t prefix[4] = {0x20, 0x01, 0, 0};
  return memcmp(address, prefix, sizeof(prefix)) == 0 ||
         (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

/* RFC 4380, 5.1.1: two headers may lead, whose first byte cannot be that of IPv6:
 * | 0 1 | lengths of id and of authentication value | both | nonce 8 | confirmation 1 |
 * | 0 0 | obscured port 2 | obscured address 4 | */
enum layer decode_teredo(struct decode *d)
{
  d->carrier = PACKET_TEREDO;
  struct rd ahead = d->r;
  if (rd_u16(&ahead) == 0x0001) {
    size_t bytes = rd_u8(&ahead);
    bytes += rd_u8(&ahead);
    (void)rd_skip(&d->r, 4 + bytes + 9);
  }
  ahead = d->r;
  if (rd_u16(&ahead) == 0x0000) {
    (void)rd_skip(&d->r, 8);
  }
  ahead = d->r;
  const uint8_t *header = rd_take(&ahead, 40);
  if (header == NULL) {
    d->r.has_failed = true;
    return tunnel_ends(d);
  }
  if (!is_teredo_address(header + 8) && !is_teredo_address(header + 24)) {
    return LAYER_END;
  }
  return LAYER_IPV6;
}
