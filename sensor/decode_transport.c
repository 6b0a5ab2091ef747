/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, flags and payload of TCP, UDP, SCTP, DCCP and ICMP. Payload is what the headers' lengths
 * leave, captured or not. A header that is cut or cannot be gives no payload and no flags; its
 * ports count when they were captured. */
#include "sensor/decode_layers.h"

#define TCP_HEADER_MIN  20
#define UDP_HEADER      8
#define SCTP_HEADER     12
#define DCCP_HEADER_MIN 12
#define ICMP_HEADER     8
#define ICMP_HEADER_MIN 4
#define UDP_PROTOCOL    17

/* A jumbogram's length does not matter here, a wrong sum would. */
static uint32_t clamp_bytes(uint64_t bytes)
{
  return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* Reads the two ports that all of them begin with. */
static void read_ports(struct decode *d)
{
  uint16_t source = rd_u16(&d->r);
  uint16_t destination = rd_u16(&d->r);
  d->out->payload_bytes = 0;
  if (!d->r.has_failed) {
    d->out->source_port = source;
    d->out->destination_port = destination;
  }
}

/* Ends the walk: of segment_bytes behind the IP header, header_bytes are this header's. */
static enum layer finish(struct decode *d, uint64_t segment_bytes, uint64_t header_bytes)
{
  if (segment_bytes < header_bytes || (d->r.has_failed && !decode_is_cut(d))) {
    return decode_stop(d, SUMMARY_BAD_TRANSPORT);
  }
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_TRANSPORT);
  }
  d->out->payload_bytes = clamp_bytes(segment_bytes - header_bytes);
  return LAYER_END;
}

/* Flags count although the options behind them were cut; a snap length may leave that much only. */
enum layer decode_tcp(struct decode *d)
{
  uint64_t segment_bytes = decode_left(d);
  read_ports(d);
  uint32_t sequence = rd_u32(&d->r);
  uint32_t acknowledgement = rd_u32(&d->r);
  uint64_t header_bytes = (uint64_t)(rd_u8(&d->r) >> 4) * 4;
  uint8_t flags = rd_u8(&d->r);
  (void)rd_skip(&d->r, 6); /* window, checksum, urgent */
  if (d->r.has_failed) {
    return finish(d, segment_bytes, TCP_HEADER_MIN);
  }
  if (header_bytes < TCP_HEADER_MIN) {
    return decode_stop(d, SUMMARY_BAD_TRANSPORT);
  }
  d->out->tcp_flags = flags;
  (void)finish(d, segment_bytes, header_bytes);
  if (d->out->undecoded == SUMMARY_DECODED) {
    d->out->has_tcp_numbers = true;
    d->out->tcp_sequence = sequence;
    d->out->tcp_acknowledgement = acknowledgement;
  }
  return LAYER_END;
}

enum layer decode_udp(struct decode *d)
{
  uint64_t segment_bytes = decode_left(d);
  read_ports(d);
  uint16_t length = rd_u16(&d->r);
  (void)rd_skip(&d->r, 2); /* checksum */
  bool is_udp = d->out->protocol == UDP_PROTOCOL;
  /* Length 0: a super-segment of the card; the IP header's word counts then. */
  if (!d->r.has_failed && is_udp && length != 0) {
    if (length < UDP_HEADER) {
      return decode_stop(d, SUMMARY_BAD_TRANSPORT);
    }
    /* The first fragment holds a part of what the length counts. */
    segment_bytes = segment_bytes < length ? segment_bytes : length;
  }
  (void)finish(d, segment_bytes, UDP_HEADER);
  return is_udp && d->out->undecoded == SUMMARY_DECODED ? decode_above_udp(d) : LAYER_END;
}

/* Chunks are not looked into: the common header is enough for ports and payload. */
enum layer decode_sctp(struct decode *d)
{
  uint64_t segment_bytes = decode_left(d);
  read_ports(d);
  (void)rd_skip(&d->r, SCTP_HEADER - 4);
  return finish(d, segment_bytes, SCTP_HEADER);
}

/* The data offset is the fifth byte, in words of four. */
enum layer decode_dccp(struct decode *d)
{
  uint64_t segment_bytes = decode_left(d);
  read_ports(d);
  uint64_t header_bytes = (uint64_t)rd_u8(&d->r) * 4;
  (void)rd_skip(&d->r, DCCP_HEADER_MIN - 5);
  if (!d->r.has_failed && header_bytes < DCCP_HEADER_MIN) {
    return decode_stop(d, SUMMARY_BAD_TRANSPORT);
  }
  return finish(d, segment_bytes, d->r.has_failed ? DCCP_HEADER_MIN : header_bytes);
}

/* Whether the message quotes the packet that it is about. ICMP: unreachable, source quench,
 * redirect, time exceeded, parameter problem (RFC 792); ICMPv6: the errors, which are the lower
 * half (RFC 4443), though not those never assigned. */
static bool is_icmp_error(uint8_t protocol, uint8_t type)
{
  if (protocol == 58) {
    return type >= 1 && type <= 4;
  }
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* No ports: the type decides who asked (sensor/flow_client.c). */
enum layer decode_icmp(struct decode *d)
{
  uint64_t segment_bytes = decode_left(d);
  uint8_t type = rd_u8(&d->r);
  (void)rd_skip(&d->r, ICMP_HEADER_MIN - 1);
  d->out->payload_bytes = 0;
  if (d->r.has_failed || segment_bytes < ICMP_HEADER_MIN) {
    return finish(d, segment_bytes, ICMP_HEADER_MIN);
  }
  d->out->icmp_type = type;
  if (d->ip_depth == 1 && !d->out->is_fragment && is_icmp_error(d->out->protocol, type)) {
    struct rd quote = d->r;
    (void)rd_skip(&quote, ICMP_HEADER - ICMP_HEADER_MIN);
    d->out->is_fragment = decode_quotes_fragment(quote);
  }
  /* The second word belongs to the header in all but a few short messages. */
  return finish(d, segment_bytes, segment_bytes < ICMP_HEADER ? segment_bytes : ICMP_HEADER);
}
