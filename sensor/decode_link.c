/* SPDX-License-Identifier: Apache-2.0 */
/* Link headers: Ethernet, Linux cooked, null and loop, PPP, Cisco HDLC, and LLC with SNAP. Each
 * step ends in the name of what follows; all that carry EtherTypes meet in decode_ether_type. */
#include "sensor/decode_layers.h"

/* IEEE EtherTypes. A value up to 1500 is no type but the length of an 802.3 frame. */
enum layer decode_ether_type(struct decode *d, uint16_t type)
{
  switch (type) {
  case 0x0800:
    return LAYER_IPV4;
  case 0x86dd:
    return LAYER_IPV6;
  case 0x8100: /* 802.1Q */
  case 0x88a8: /* 802.1ad */
  case 0x9100: /* its forerunner */
    return LAYER_VLAN;
  case 0x8847:
  case 0x8848:
    return LAYER_MPLS;
  case 0x8864:
    return LAYER_PPPOE;
  case 0x8926: /* 802.1Qbh */
    return LAYER_VNTAG;
  case 0x894f: /* RFC 8300 */
    return LAYER_NSH;
  case 0x6558: /* transparent Ethernet bridging, within GRE */
    return LAYER_ETHERNET;
  case 0x880b: /* within GRE */
    return LAYER_PPP;
  default:
    break;
  }
  if (type <= DECODE_LENGTH_MAX) {
    return LAYER_LLC;
  }
  return decode_not_ip(d);
}

/* Addresses of the link are not kept: Seine measures IP. */
enum layer decode_ethernet(struct decode *d)
{
  (void)rd_skip(&d->r, 12);
  uint16_t type = rd_u16(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  return decode_ether_type(d, type);
}

/* In the place of an EtherType the kernel writes ETH_P_ numbers: those below 0x600 are its own. */
static enum layer cooked_protocol(struct decode *d, uint16_t protocol)
{
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if (protocol == 0x0004) { /* ETH_P_802_2 */
    return LAYER_LLC;
  }
  if (protocol <= DECODE_LENGTH_MAX) {
    return decode_not_ip(d);
  }
  return decode_ether_type(d, protocol);
}

enum layer decode_cooked_v1(struct decode *d)
{
  (void)rd_skip(&d->r, 14); /* packet type, ARPHRD_, address length, address */
  return cooked_protocol(d, rd_u16(&d->r));
}

/* The protocol comes first here; behind it stand a reserved word, interface, ARPHRD_, packet type,
 * address length and address. */
enum layer decode_cooked_v2(struct decode *d)
{
  uint16_t protocol = rd_u16(&d->r);
  (void)rd_skip(&d->r, 18);
  return cooked_protocol(d, protocol);
}

/* The address family of the capturing host, in its byte order or in the network's: both are
 * recognised, as the numbers are small. */
enum layer decode_null(struct decode *d)
{
  uint32_t family = rd_u32(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  /* Small numbers: read in the wrong order their upper bytes are set. */
  if ((family & 0xffff) == 0) {
    family = (family >> 24) | ((family >> 8) & 0xff00);
  }
  switch (family) {
  case 2:
    return LAYER_IPV4;
  case 10: /* AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin */
  case 24:
  case 28:
  case 30:
    return LAYER_IPV6;
  default:
    return decode_not_ip(d);
  }
}

/* RFC 1661 and 1662: address and control bytes may lead, and an odd first byte is the whole
 * protocol number (compressed). */
enum layer decode_ppp(struct decode *d)
{
  uint16_t protocol = rd_u8(&d->r);
  if (protocol == 0xff) {
    (void)rd_skip(&d->r, 1);
    protocol = rd_u8(&d->r);
  }
  if ((protocol & 1) == 0) {
    protocol = (uint16_t)(protocol << 8 | rd_u8(&d->r));
  }
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  switch (protocol) {
  case 0x0021:
    return LAYER_IPV4;
  case 0x0057:
    return LAYER_IPV6;
  case 0x0281:
  case 0x0283:
    return LAYER_MPLS;
  default:
    return decode_not_ip(d);
  }
}

/* Cisco HDLC: address (unicast or broadcast), control, EtherType. SLARP and CDP are no EtherTypes
 * of ours and stay not IP. */
enum layer decode_hdlc(struct decode *d)
{
  uint8_t address = rd_u8(&d->r);
  (void)rd_skip(&d->r, 1);
  uint16_t type = rd_u16(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if ((address != 0x0f && address != 0x8f) || type <= DECODE_LENGTH_MAX) {
    return decode_not_ip(d);
  }
  return decode_ether_type(d, type);
}

/* 802.2: IP comes by a SNAP header, or by the service access point of its own (0x06). */
enum layer decode_llc(struct decode *d)
{
  uint16_t points = rd_u16(&d->r);
  uint8_t control = rd_u8(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if (points == 0x0606 && control == 0x03) {
    return LAYER_IPV4;
  }
  if (points != 0xaaaa || control != 0x03) {
    return decode_not_ip(d);
  }
  uint32_t organisation = (uint32_t)rd_u8(&d->r) << 16 | rd_u16(&d->r);
  uint16_t type = rd_u16(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  /* 0: EtherType; 0x0000f8: 802.1H bridge tunnel. Others have numbers of their own. */
  if ((organisation != 0 && organisation != 0x0000f8) || type <= DECODE_LENGTH_MAX) {
    return decode_not_ip(d);
  }
  return decode_ether_type(d, type);
}
