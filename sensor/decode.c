/* SPDX-License-Identifier: Apache-2.0 */
/* The walk from the link header to the transport header: two tables and a loop. */
#include "sensor/decode.h"

#include "sensor/decode_layers.h"

/* LINKTYPE_ and DLT_ numbers of www.tcpdump.org/linktypes.html; libpcap tells either. */
enum layer decode_link_layer(int link_type)
{
  switch (link_type) {
  case 1:
    return LAYER_ETHERNET;
  case 113:
    return LAYER_COOKED_V1;
  case 276:
    return LAYER_COOKED_V2;
  case 0:   /* null: the family in the byte order of the capturing host */
  case 108: /* loop: in network order */
    return LAYER_NULL;
  case 9:  /* PPP, with or without HDLC framing */
  case 50: /* PPP with HDLC framing */
    return LAYER_PPP;
  case 51:
    return LAYER_PPPOE;
  case 104: /* Cisco HDLC */
    return LAYER_HDLC;
  case 105: /* IEEE 802.11 */
    return LAYER_WIFI;
  case 127: /* the same behind a radiotap header */
    return LAYER_RADIOTAP;
  case 149: /* DLT_USER2, under which Darwin writes its PKTAP headers */
  case 258: /* PKTAP's own number */
    return LAYER_PKTAP;
  case 226:
    return LAYER_IPNET;
  case 239:
    return LAYER_NFLOG;
  case 242:
    return LAYER_IPOIB;
  case 12: /* raw, as Linux numbers it */
  case 14: /* raw, as OpenBSD numbers it */
  case 101:
    return LAYER_IP;
  case 228:
    return LAYER_IPV4;
  case 229:
    return LAYER_IPV6;
  default:
    return LAYER_END;
  }
}

/* A step for each layer; LAYER_END has none and ends the loop. */
static decode_step *const steps[LAYERS] = {
    [LAYER_ETHERNET] = decode_ethernet,
    [LAYER_COOKED_V1] = decode_cooked_v1,
    [LAYER_COOKED_V2] = decode_cooked_v2,
    [LAYER_NULL] = decode_null,
    [LAYER_PPP] = decode_ppp,
    [LAYER_HDLC] = decode_hdlc,
    [LAYER_PKTAP] = decode_pktap,
    [LAYER_IPNET] = decode_ipnet,
    [LAYER_NFLOG] = decode_nflog,
    [LAYER_IPOIB] = decode_ipoib,
    [LAYER_WIFI] = decode_wifi,
    [LAYER_RADIOTAP] = decode_radiotap,
    [LAYER_LLC] = decode_llc,
    [LAYER_VLAN] = decode_vlan,
    [LAYER_VNTAG] = decode_vntag,
    [LAYER_NSH] = decode_nsh,
    [LAYER_MPLS] = decode_mpls,
    [LAYER_PPPOE] = decode_pppoe,
    [LAYER_IP] = decode_ip,
    [LAYER_IPV4] = decode_ipv4,
    [LAYER_IPV6] = decode_ipv6,
    [LAYER_GRE] = decode_gre,
    [LAYER_TCP] = decode_tcp,
    [LAYER_UDP] = decode_udp,
    [LAYER_SCTP] = decode_sctp,
    [LAYER_DCCP] = decode_dccp,
    [LAYER_ICMP] = decode_icmp,
    [LAYER_VXLAN] = decode_vxlan,
    [LAYER_VXLAN_GPE] = decode_vxlan_gpe,
    [LAYER_GENEVE] = decode_geneve,
    [LAYER_GTPU] = decode_gtpu,
    [LAYER_TEREDO] = decode_teredo,
};

/* Asked before a file is read: it is better to refuse it than to count every frame as unknown. */
bool decode_knows_link(int link_type)
{
  return decode_link_layer(link_type) != LAYER_END;
}

/* frame: | Ethernet | VLAN | IPv4 | GRE | IPv4 | TCP | payload |
 *         ^ cursor r                       each step takes its header off and names the next one
 *         wire_end: shrinks to what the innermost length field allows */
void decode_walk(const struct frame *frame, struct packet *out)
{
  static const struct packet empty;
  *out = empty; /* a copy: gcc 12 makes a slow "rep stos" of an initialiser or a memset */
  out->time_ns = frame->time_ns;
  out->wire_bytes = frame->wire_bytes;
  out->interface = frame->interface;
  struct decode d = {
      .r = rd_init(frame->data, frame->captured_bytes),
      .start = frame->data,
      .wire_end = frame->wire_bytes,
      .out = out,
  };
  enum layer layer = decode_link_layer(frame->link_type);
  if (layer == LAYER_END) {
    (void)decode_stop(&d, SUMMARY_UNKNOWN_LINK);
    return;
  }
  /* Ends: every step but those without bytes of their own (decode_ip) moves the cursor on, and
   * tags, extension headers and IP headers are limited besides. */
  while (layer != LAYER_END) {
    layer = steps[layer](&d);
  }
}

/* Most frames are of one of few kinds, and a straight line reads those at half the cost. */
void decode_frame(const struct frame *frame, struct packet *out)
{
  if (!decode_fast(frame, out)) {
    decode_walk(frame, out);
  }
}
