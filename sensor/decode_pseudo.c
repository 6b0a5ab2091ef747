/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that were on no wire: the capturing host makes them up and puts the packet behind them.
 * Their layouts: www.tcpdump.org/linktypes.html. */
#include "sensor/decode_layers.h"

#define PKTAP_HEADER_MIN 108
#define NFLOG_TLVS_MAX   32 /* the kernel has some twenty types */
#define NFLOG_PAYLOAD    9

/* Little-endian numbers: Darwin's hosts, and netfilter's on nearly all. */
static uint16_t read_le16(struct rd *r)
{
  uint8_t low = rd_u8(r);
  return (uint16_t)(low | rd_u8(r) << 8);
}

static uint32_t read_le32(struct rd *r)
{
  uint32_t low = read_le16(r);
  return low | (uint32_t)read_le16(r) << 16;
}

/* Darwin: | header's length 32 | record type 32 | DLT_ of what follows 32 | ... |, little-endian.
 * The number 149 is free for anyone's use: what does not look like it is not understood. */
enum layer decode_pktap(struct decode *d)
{
  uint32_t length = read_le32(&d->r);
  uint32_t record = read_le32(&d->r);
  uint32_t link_type = read_le32(&d->r);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  enum layer layer = link_type < INT32_MAX ? decode_link_layer((int)link_type) : LAYER_END;
  if (length < PKTAP_HEADER_MIN || record != 1 || layer == LAYER_END || layer == LAYER_PKTAP) {
    return decode_not_ip(d);
  }
  return rd_skip(&d->r, length - 12) ? layer : decode_stop(d, SUMMARY_TRUNCATED_LINK);
}

/* Solaris: | version 8 | family 8 | hook type 16 | length 32 | interface 32 | group 32 | zones 64
 * |. The family is Solaris' own. */
enum layer decode_ipnet(struct decode *d)
{
  (void)rd_skip(&d->r, 1);
  uint8_t family = rd_u8(&d->r);
  (void)rd_skip(&d->r, 22);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if (family == 2) {
    return LAYER_IPV4;
  }
  return family == 26 ? LAYER_IPV6 : decode_not_ip(d);
}

/* IP over InfiniBand, RFC 4391, behind a routing header (40 bytes) that the host filled in:
 * | EtherType 16 | reserved 16 |. */
enum layer decode_ipoib(struct decode *d)
{
  (void)rd_skip(&d->r, 40);
  uint16_t type = rd_u16(&d->r);
  (void)rd_skip(&d->r, 2);
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  return type <= DECODE_LENGTH_MAX ? decode_not_ip(d) : decode_ether_type(d, type);
}

/* Steps over attributes to the packet and narrows the cursor to it; false: there is none.
 * | length 16 | type 16 | value | padding to four |, numbers in the capturing host's order: the
 * first length (small, never 0) tells which. */
static bool find_payload(struct decode *d)
{
  struct rd ahead = d->r;
  bool is_little = read_le16(&ahead) < 0x100;
  for (unsigned i = 0; i < NFLOG_TLVS_MAX; i++) {
    uint16_t length = is_little ? read_le16(&d->r) : rd_u16(&d->r);
    uint16_t type = is_little ? read_le16(&d->r) : rd_u16(&d->r);
    if (d->r.has_failed || length < 4) {
      return false;
    }
    uint64_t value = (uint64_t)length - 4;
    if ((type & 0x7fff) == NFLOG_PAYLOAD) {
      d->wire_end = decode_offset(d) + value;
      rd_limit(&d->r, value);
      return true;
    }
    (void)rd_skip(&d->r, (value + 3) & ~UINT64_C(3));
  }
  return false;
}

/* netfilter: | family 8 | version 8 | resource 16 | attributes |. The family is Linux' own. */
enum layer decode_nflog(struct decode *d)
{
  uint8_t family = rd_u8(&d->r);
  uint8_t version = rd_u8(&d->r);
  (void)rd_skip(&d->r, 2);
  bool is_ip = (family == 2 || family == 10) && version == 0;
  if (!d->r.has_failed && !is_ip) {
    return decode_not_ip(d);
  }
  bool has_payload = find_payload(d);
  if (!has_payload) {
    return decode_is_cut(d) ? decode_stop(d, SUMMARY_TRUNCATED_LINK) : decode_not_ip(d);
  }
  return family == 2 ? LAYER_IPV4 : LAYER_IPV6;
}
