/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand between a link header and the IP header that matters: tags, labels, PPPoE, GRE. */
#include "sensor/decode_layers.h"

/* One budget for all shims of a frame, within tunnels too: a frame of nothing but tags ends. */
static bool is_tag_allowed(struct decode *d)
{
  if (d->tags >= DECODE_TAGS_MAX) {
    (void)decode_stop(d, SUMMARY_TOO_DEEP);
    return false;
  }
  d->tags++;
  return true;
}

/* The outermost tag before the first IP header is the packet's VLAN; those within a tunnel are not.
 */
enum layer decode_vlan(struct decode *d)
{
  if (!is_tag_allowed(d)) {
    return LAYER_END;
  }
  uint16_t control = rd_u16(&d->r);
  uint16_t type = rd_u16(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if (d->tags == 1 && d->out->ip_version == 0) {
    d->out->vlan = control & 0x0fff;
  }
  return decode_ether_type(d, type);
}

/* Its six bytes are a tag of its own type and the EtherType that follows. */
enum layer decode_vntag(struct decode *d)
{
  if (!is_tag_allowed(d)) {
    return LAYER_END;
  }
  (void)rd_skip(&d->r, 4);
  uint16_t type = rd_u16(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  return decode_ether_type(d, type);
}

/* The next protocol of NSH and of VXLAN-GPE. */
enum layer decode_carried(struct decode *d, uint8_t next)
{
  switch (next) {
  case 1:
    return LAYER_IPV4;
  case 2:
    return LAYER_IPV6;
  case 3:
    return LAYER_ETHERNET;
  case 4:
    return LAYER_NSH;
  case 5:
    return LAYER_MPLS;
  default:
    return decode_not_ip(d);
  }
}

/* Network service header, RFC 8300: | version 2, O 1, U 1, TTL 6, words of 4 6 | MD type 8 |
 * next protocol 8 | path 32 | context |. */
enum layer decode_nsh(struct decode *d)
{
  if (!is_tag_allowed(d)) {
    return LAYER_END;
  }
  uint16_t first = rd_u16(&d->r);
  size_t length = (size_t)(first & 0x3f) * 4;
  (void)rd_skip(&d->r, 1); /* metadata type */
  uint8_t next = rd_u8(&d->r);
  /* Another version, or shorter than its own fixed part: whatever it is, it is no NSH. */
  if (!d->r.has_failed && (first >> 14 != 0 || length < 8)) {
    return decode_not_ip(d);
  }
  if (d->r.has_failed || !rd_skip(&d->r, length - 4)) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  return decode_carried(d, next);
}

/* Labels do not say what they carry. As routers do (RFC 4928), the first four bits decide: an IP
 * version, or the 0 of a pseudowire's control word (RFC 4385), behind which Ethernet is tried. */
enum layer decode_mpls(struct decode *d)
{
  uint32_t label = 0;
  do {
    if (!is_tag_allowed(d)) {
      return LAYER_END;
    }
    label = rd_u32(&d->r);
    if (d->r.has_failed) {
      return decode_stop(d, SUMMARY_TRUNCATED_LINK);
    }
  } while ((label & 0x100) == 0); /* bottom of the stack */
  struct rd ahead = d->r;
  unsigned version = rd_u8(&ahead) >> 4;
  if (version == 4) {
    return LAYER_IPV4;
  }
  if (version == 6) {
    return LAYER_IPV6;
  }
  if (version != 0) {
    return decode_not_ip(d);
  }
  return rd_skip(&d->r, 4) ? LAYER_ETHERNET : decode_stop(d, SUMMARY_TRUNCATED_LINK);
}

/* Session packets only; discovery has another EtherType and stays not IP. */
enum layer decode_pppoe(struct decode *d)
{
  (void)rd_skip(&d->r, 6); /* version and type, code, session, length */
  return d->r.has_failed ? decode_stop(d, SUMMARY_TRUNCATED_LINK) : LAYER_PPP;
}

/* Bits of the first sixteen of a GRE header. Each of the first ones announces four more bytes. */
#define GRE_CHECKSUM    0x8000
#define GRE_ROUTING     0x4000
#define GRE_KEY         0x2000
#define GRE_SEQUENCE    0x1000
#define GRE_ACKNOWLEDGE 0x0080 /* version 1 only */
#define GRE_VERSION     0x0007
#define ERSPAN          0x88be /* type I without a sequence number, type II with one */
#define ERSPAN_III      0x22eb

/* Mirrored frames, draft-foschiano-erspan: type I has no header of its own, II | version 4, VLAN
 * 12,
 * ... | of eight bytes, III of twelve, whose last two hold the frame's kind and whether eight more
 * follow. */
static enum layer skip_erspan(struct decode *d, uint16_t type, bool has_sequence)
{
  d->carrier = PACKET_ERSPAN;
  if (type == ERSPAN && !has_sequence) {
    return LAYER_ETHERNET;
  }
  unsigned version = rd_u8(&d->r) >> 4;
  (void)rd_skip(&d->r, type == ERSPAN ? 7 : 9);
  uint16_t last = 0;
  if (type == ERSPAN_III) {
    last = rd_u16(&d->r);
    (void)rd_skip(&d->r, (last & 1) != 0 ? 8 : 0);
  }
  if (d->r.has_failed) {
    return decode_stop(d, decode_is_cut(d) ? SUMMARY_TRUNCATED_TRANSPORT : SUMMARY_BAD_TRANSPORT);
  }
  if (version != (type == ERSPAN ? 1 : 2)) {
    return LAYER_END;
  }
  unsigned kind = last >> 10 & 0x1f;
  if (kind == 2) {
    return LAYER_IP;
  }
  return kind == 0 ? LAYER_ETHERNET : LAYER_END;
}

/* RFC 2784 and 2890 (version 0), RFC 2637 (version 1, PPTP). A source route (RFC 1701) and other
 * versions are not followed: the packet stands as GRE between the outer addresses. */
enum layer decode_gre(struct decode *d)
{
  uint16_t flags = rd_u16(&d->r);
  uint16_t type = rd_u16(&d->r);
  unsigned version = flags & GRE_VERSION;
  bool has_sequence = (flags & GRE_SEQUENCE) != 0;
  size_t options = has_sequence ? 4 : 0;
  options += (flags & GRE_CHECKSUM) != 0 ? 4 : 0;
  options += (flags & GRE_KEY) != 0 ? 4 : 0;
  options += version == 1 && (flags & GRE_ACKNOWLEDGE) != 0 ? 4 : 0;
  if (!rd_skip(&d->r, options)) {
    return decode_stop(d, decode_is_cut(d) ? SUMMARY_TRUNCATED_TRANSPORT : SUMMARY_BAD_TRANSPORT);
  }
  /* PPTP acknowledges without payload: nothing follows such a header. */
  bool is_bare_acknowledgement = version == 1 && !has_sequence;
  if ((flags & GRE_ROUTING) != 0 || version > 1 || is_bare_acknowledgement) {
    return LAYER_END;
  }
  d->carrier = PACKET_GRE;
  if (type == ERSPAN || type == ERSPAN_III) {
    return skip_erspan(d, type, has_sequence);
  }
  return type <= DECODE_LENGTH_MAX ? LAYER_END : decode_ether_type(d, type);
}
