/* SPDX-License-Identifier: Apache-2.0 */
/* The steps behind decode_frame, for decode*.c alone: each reads one header off the cursor, writes
 * what it understood into the packet and names the header that follows. decode.c walks them. */
#ifndef SENSOR_DECODE_LAYERS_H
#define SENSOR_DECODE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rd.h"
#include "sensor/frame.h"
#include "sensor/packet.h"

#define DECODE_TAGS_MAX       8    /* VLAN tags and other shims before an IP header; MPLS labels */
#define DECODE_EXTENSIONS_MAX 16   /* IPv6 extension headers and AH, all IP headers together */
#define DECODE_IP_DEPTH_MAX   4    /* IP headers within each other */
#define DECODE_LENGTH_MAX     1500 /* an EtherType up to here is the length of an LLC frame */

/* What is known by its UDP port. */
#define DECODE_PORT_DNS         53
#define DECODE_PORT_GTPU        2152
#define DECODE_PORT_TEREDO      3544
#define DECODE_PORT_VXLAN       4789
#define DECODE_PORT_VXLAN_GPE   4790
#define DECODE_PORT_GENEVE      6081
#define DECODE_PORT_VXLAN_LINUX 8472 /* what Linux took before there was a number */

enum layer {
  LAYER_END, /* nothing follows that we read */
  LAYER_ETHERNET,
  LAYER_COOKED_V1,
  LAYER_COOKED_V2,
  LAYER_NULL,
  LAYER_PPP,
  LAYER_HDLC,
  LAYER_PKTAP,
  LAYER_IPNET,
  LAYER_NFLOG,
  LAYER_IPOIB,
  LAYER_WIFI,
  LAYER_RADIOTAP,
  LAYER_LLC,
  LAYER_VLAN,
  LAYER_VNTAG,
  LAYER_NSH,
  LAYER_MPLS,
  LAYER_PPPOE,
  LAYER_IP, /* either version, by its first four bits */
  LAYER_IPV4,
  LAYER_IPV6,
  LAYER_GRE,
  LAYER_TCP,
  LAYER_UDP,
  LAYER_SCTP,
  LAYER_DCCP,
  LAYER_ICMP,
  LAYER_VXLAN, /* these within UDP */
  LAYER_VXLAN_GPE,
  LAYER_GENEVE,
  LAYER_GTPU,
  LAYER_TEREDO,
  LAYERS,
};

struct decode {
  struct rd r;          /* what is left of the captured bytes */
  const uint8_t *start; /* of the frame */
  uint64_t wire_end;    /* where the unit being read ends on the wire, counted from start */
  struct packet *out;
  uint8_t tags;
  uint8_t extensions;
  uint8_t ip_depth;
  uint8_t carrier; /* enum packet_tunnel: of the next IP header, if it is not the outermost */
  /* What is read is a UDP payload, taken for a tunnel by its port: until an IP header in it proves
   * sound, the packet is a plain UDP packet and its decoder's complaints are none. */
  bool is_guarded;
};

typedef enum layer decode_step(struct decode *d);

/* Where the cursor stands, counted from the start of the frame. */
static inline uint64_t decode_offset(const struct decode *d)
{
  return (uint64_t)(d->r.next - d->start);
}

/* Bytes of the unit being read that lie ahead by the headers' word, captured or not. */
static inline uint64_t decode_left(const struct decode *d)
{
  uint64_t offset = decode_offset(d);
  return d->wire_end > offset ? d->wire_end - offset : 0;
}

/* Whether the bytes ran out by the capture's doing (else by the word of the headers around). */
static inline bool decode_is_cut(const struct decode *d)
{
  return (uint64_t)(d->r.end - d->start) < d->wire_end;
}

/* Whether the reason is that something lies where we cannot read it. */
static inline bool decode_is_out_of_reach(const struct decode *d, enum summary_undecoded reason)
{
  bool is_truncated = reason == SUMMARY_TRUNCATED_LINK || reason == SUMMARY_TRUNCATED_NETWORK ||
                      reason == SUMMARY_TRUNCATED_TRANSPORT;
  return reason == SUMMARY_TOO_DEEP || (is_truncated && decode_is_cut(d));
}

/* Ends the walk for a reason; the first reason stands. Within a guarded tunnel only what is out of
 * reach counts: there an inner flow may be missed. */
static inline enum layer decode_stop(struct decode *d, enum summary_undecoded reason)
{
  bool counts = !d->is_guarded || decode_is_out_of_reach(d, reason);
  if (counts && d->out->undecoded == SUMMARY_DECODED) {
    d->out->undecoded = reason;
  }
  return LAYER_END;
}

/* Ends the walk at something that is not IP: no fault within a tunnel, whose outer packet stands.
 */
static inline enum layer decode_not_ip(struct decode *d)
{
  return d->out->ip_version == 0 ? decode_stop(d, SUMMARY_NOT_IP) : LAYER_END;
}

/* The walk alone, which decode_frame takes when decode_fast (decode_fast.c) does not know the
 * frame: false, and *out unfinished. Both give the same packet. */
void decode_walk(const struct frame *frame, struct packet *out);
bool decode_fast(const struct frame *frame, struct packet *out);

/* decode.c: the decoder of a link type; LAYER_END: none. */
enum layer decode_link_layer(int link_type);

/* decode_link.c: what an EtherType (or the length in its place) announces. */
enum layer decode_ether_type(struct decode *d, uint16_t type);
decode_step decode_ethernet, decode_cooked_v1, decode_cooked_v2, decode_null, decode_ppp;
decode_step decode_hdlc, decode_llc;

/* decode_pseudo.c: headers that a capturing host makes up. decode_wifi.c */
decode_step decode_pktap, decode_ipnet, decode_nflog, decode_ipoib;
decode_step decode_wifi, decode_radiotap;

/* decode_shim.c: what may stand between link and IP header. */
enum layer decode_carried(struct decode *d, uint8_t next);
decode_step decode_vlan, decode_vntag, decode_nsh, decode_mpls, decode_pppoe, decode_gre;

/* decode_ip.c */
decode_step decode_ip, decode_ipv4, decode_ipv6;

/* decode_transport.c */
decode_step decode_tcp, decode_udp, decode_sctp, decode_dccp, decode_icmp;

/* decode_udp.c: what a UDP packet carries, by its ports: the tunnel (LAYER_END: none), or what the
 * header of the DNS message says, whose bytes the cursor ends with. */
enum layer decode_tunnel_layer(const struct packet *packet);
enum packet_dns decode_dns(struct rd message, const struct packet *packet);
decode_step decode_above_udp;
decode_step decode_vxlan, decode_vxlan_gpe, decode_geneve, decode_gtpu, decode_teredo;
/* decode_quote.c: whether the IP packet that an ICMP error quotes was a fragment. */
bool decode_quotes_fragment(struct rd quote);

#endif
