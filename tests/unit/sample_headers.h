/* SPDX-License-Identifier: Apache-2.0 */
/* Headers as hexadecimal pieces, one macro each, lengths as the frames carry them; and the
 * expectations that samples have in common. */
#ifndef TESTS_UNIT_SAMPLE_HEADERS_H
#define TESTS_UNIT_SAMPLE_HEADERS_H

#define ETHER                                                                                      \
  "020000000002"                                                                                   \
  "020000000001"
#define SNAP                                                                                       \
  "aaaa03"                                                                                         \
  "000000"
#define V4_PAIR                                                                                    \
  "c0000201"                                                                                       \
  "c6336402"
#define V4(total, cut, protocol) "4500" total "0001" cut "40" protocol "0000" V4_PAIR
#define V4_OPTIONS(total, protocol)                                                                \
  "4600" total "00010000"                                                                          \
  "40" protocol "0000" V4_PAIR "01010100"
#define V4_INNER(total, protocol)                                                                  \
  "4500" total "00010000"                                                                          \
  "40" protocol "0000"                                                                             \
  "0a000001"                                                                                       \
  "0a000002"
#define V6(payload, next)                                                                          \
  "60000000" payload next "40"                                                                     \
  "20010db8000000000000000000000001"                                                               \
  "20010db8000000000000000000000002"
#define V6_INNER(payload, next)                                                                    \
  "60000000" payload next "40"                                                                     \
  "fd000000000000000000000000000001"                                                               \
  "fd000000000000000000000000000002"
#define HOP_BY_HOP(next)                                                                           \
  next "00"                                                                                        \
       "050200000100"
#define OPTIONS(next)                                                                              \
  next "00"                                                                                        \
       "010400000000"
#define ROUTING(next)                                                                              \
  next "00"                                                                                        \
       "000000000000"
#define AH(next)                                                                                   \
  next "04"                                                                                        \
       "0000"                                                                                      \
       "00000001"                                                                                  \
       "00000001"                                                                                  \
       "000000000000000000000000"
#define TCP                                                                                        \
  "c350"                                                                                           \
  "01bb"                                                                                           \
  "00000001"                                                                                       \
  "00000002"                                                                                       \
  "50"                                                                                             \
  "18"                                                                                             \
  "2000"                                                                                           \
  "00000000"
#define TCP_SYN                                                                                    \
  "c350"                                                                                           \
  "01bb"                                                                                           \
  "00000001"                                                                                       \
  "00000000"                                                                                       \
  "60"                                                                                             \
  "02"                                                                                             \
  "2000"                                                                                           \
  "00000000"                                                                                       \
  "020405b4"
#define UDP                                                                                        \
  "c351"                                                                                           \
  "0035"                                                                                           \
  "000a"                                                                                           \
  "0000"
#define UDP_JUMBO                                                                                  \
  "c351"                                                                                           \
  "0035"                                                                                           \
  "0000"                                                                                           \
  "0000"
#define SCTP                                                                                       \
  "0b59"                                                                                           \
  "0b5a"                                                                                           \
  "00000001"                                                                                       \
  "00000000"
#define DCCP                                                                                       \
  "1389"                                                                                           \
  "138a"                                                                                           \
  "04"                                                                                             \
  "000000"                                                                                         \
  "00000000"                                                                                       \
  "00000000"
#define ICMP_ECHO                                                                                  \
  "08"                                                                                             \
  "00"                                                                                             \
  "0000"                                                                                           \
  "00010001"
#define ICMP6_ECHO                                                                                 \
  "80"                                                                                             \
  "00"                                                                                             \
  "0000"                                                                                           \
  "00010001"
#define DATA "6869"

/* What is expected: an IP packet, or one within another, and the ports. */
#define IS4(of, bytes)                                                                             \
  .ip_version = 4, .ip_protocol = (of), .protocol = (of), .ip_bytes = (bytes), .pair = PAIR_V4
#define IS6(of, bytes)                                                                             \
  .ip_version = 6, .ip_protocol = (of), .protocol = (of), .ip_bytes = (bytes), .pair = PAIR_V6
#define NUMBERS(sequence_, acknowledgement_)                                                       \
  .sequence = (sequence_), .acknowledgement = (acknowledgement_)
/* 1: first, 2: later. */
#define FRAGMENT(kind, id) .fragment = (kind), .flow_fragment = (kind), .fragment_id = (id)
#define TUNNEL(version, outer, bytes, inner, inner_pair)                                           \
  .ip_version = (version), .ip_protocol = (outer), .protocol = (inner), .ip_bytes = (bytes),       \
  .pair = (inner_pair)
#define PORTS(from, to) .source_port = (from), .destination_port = (to)

#endif
