/* SPDX-License-Identifier: Apache-2.0 */
/* The frames as hexadecimal pieces: one macro a header, lengths as the frames carry them. */
#include "sample_frames.h"

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
#define TUNNEL(version, outer, bytes, inner, inner_pair)                                           \
  .ip_version = (version), .ip_protocol = (outer), .protocol = (inner), .ip_bytes = (bytes),       \
  .pair = (inner_pair)
#define PORTS(from, to) .source_port = (from), .destination_port = (to)

/* clang-format off */
const struct sample_frame sample_frames[] = {
    {"TCP over Ethernet", 1,
     ETHER "0800" V4("002a", "0000", "06") TCP DATA,
     IS4(6, 42), PORTS(50000, 443), .tcp_flags = 0x18, .payload_bytes = 2},
    {"TCP with a padded short frame", 1,
     ETHER "0800" V4("0028", "0000", "06") TCP "000000000000",
     IS4(6, 40), PORTS(50000, 443), .tcp_flags = 0x18},
    {"TCP SYN with options", 1,
     ETHER "0800" V4("002c", "4000", "06") TCP_SYN,
     IS4(6, 44), PORTS(50000, 443), .tcp_flags = 0x02},
    {"UDP over Ethernet", 1,
     ETHER "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"UDP over IPv6", 1,
     ETHER "86dd" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"SCTP", 1,
     ETHER "0800" V4("0022", "0000", "84") SCTP DATA,
     IS4(132, 34), PORTS(2905, 2906), .payload_bytes = 2},
    {"DCCP", 1,
     ETHER "0800" V4("0026", "0000", "21") DCCP DATA,
     IS4(33, 38), PORTS(5001, 5002), .payload_bytes = 2},
    {"UDP-Lite, whose coverage is no length", 1,
     ETHER "0800" V4("001e", "0000", "88") "c351" "0035" "0008" "0000" DATA,
     IS4(136, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"ICMP echo request", 1,
     ETHER "0800" V4("001e", "0000", "01") ICMP_ECHO DATA,
     IS4(1, 30), .icmp_type = 8, .payload_bytes = 2},
    {"ICMPv6 echo request", 1,
     ETHER "86dd" V6("000a", "3a") ICMP6_ECHO DATA,
     IS6(58, 50), .icmp_type = 128, .payload_bytes = 2},
    {"an ICMP error, whose quoted packet is not a flow", 1,
     ETHER "0800" V4("003a", "0000", "01") "0301000000000000" V4_INNER("001e", "11") UDP DATA,
     IS4(1, 58), .icmp_type = 3, .payload_bytes = 30},
    {"another protocol over IPv4", 1,
     ETHER "0800" V4("0016", "0000", "59") DATA,
     IS4(89, 22), .payload_bytes = 2},
    {"IPv4 options", 1,
     ETHER "0800" V4_OPTIONS("0022", "11") UDP DATA,
     IS4(17, 34), PORTS(50001, 53), .payload_bytes = 2},
    {"a bare header", 1,
     ETHER "0800" V4("0014", "0000", "ff"),
     IS4(255, 20)},
    {"first fragment", 1,
     ETHER "0800" V4("001c", "2000", "11") "c351" "0035" "0400" "0000",
     IS4(17, 28), .fragment = 1, PORTS(50001, 53)},
    {"later fragment", 1,
     ETHER "0800" V4("001e", "2001", "11") UDP DATA,
     IS4(17, 30), .fragment = 2, .payload_bytes = 10},
    {"last fragment", 1,
     ETHER "0800" V4("0016", "0010", "06") DATA,
     IS4(6, 22), .fragment = 2, .payload_bytes = 2},
    {"first fragment shorter than its TCP header", 1,
     ETHER "0800" V4("001c", "2000", "06") "c350" "01bb" "00000001",
     IS4(6, 28), .fragment = 1, PORTS(50000, 443), .undecoded = SUMMARY_BAD_TRANSPORT},
    {"first fragment of IPv6", 1,
     ETHER "86dd" V6("0012", "2c") "1100" "0001" "00000007" UDP DATA,
     IS6(17, 58), .fragment = 1, PORTS(50001, 53), .payload_bytes = 2},
    {"later fragment of IPv6", 1,
     ETHER "86dd" V6("0012", "2c") "1100" "0008" "00000007" UDP DATA,
     IS6(17, 58), .fragment = 2, .payload_bytes = 10},
    {"an atomic fragment is none", 1,
     ETHER "86dd" V6("0012", "2c") "1100" "0000" "00000007" UDP DATA,
     IS6(17, 58), PORTS(50001, 53), .payload_bytes = 2},
    {"IPv6 extension headers", 1,
     ETHER "86dd" V6("003a", "00") HOP_BY_HOP("3c") OPTIONS("2b") ROUTING("33") AH("11") UDP DATA,
     IS6(17, 98), PORTS(50001, 53), .payload_bytes = 2},
    {"IPv6 without next header", 1,
     ETHER "86dd" V6("0000", "3b") "0000",
     IS6(59, 40)},
    {"IPv6 mobility header ends the walk", 1,
     ETHER "86dd" V6("0008", "87") "3b00000000000000",
     IS6(135, 48), .payload_bytes = 8},
    {"AH over IPv4", 1,
     ETHER "0800" V4("0036", "0000", "33") AH("11") UDP DATA,
     IS4(17, 54), PORTS(50001, 53), .payload_bytes = 2},
    {"ESP", 1,
     ETHER "0800" V4("0022", "0000", "32") "00000001" "00000001" DATA DATA DATA,
     IS4(50, 34), .payload_bytes = 14},
    {"a super-segment of IPv4", 1,
     ETHER "0800" V4("0000", "4000", "06") TCP DATA,
     .wire_bytes = 70014, IS4(6, 70000), PORTS(50000, 443), .tcp_flags = 0x18, .payload_bytes =
     69960},
    {"a super-segment of IPv6", 1,
     ETHER "86dd" V6("0000", "06") TCP DATA,
     .wire_bytes = 100014, IS6(6, 100000), PORTS(50000, 443), .tcp_flags = 0x18, .payload_bytes =
     99940},
    {"a jumbogram", 1,
     ETHER "86dd" V6("0000", "00") "1100" "c204" "0001116a" UDP_JUMBO DATA,
     .wire_bytes = 70054, IS6(17, 70040), PORTS(50001, 53), .payload_bytes = 69984},
    {"a capture that ends within the payload", 1,
     ETHER "0800" V4("05dc", "4000", "06") TCP DATA,
     .wire_bytes = 1514, IS4(6, 1500), PORTS(50000, 443), .tcp_flags = 0x18, .payload_bytes =
     1460},
    {"a capture that ends within the ports", 1,
     ETHER "0800" V4("05dc", "4000", "06") "c3",
     .wire_bytes = 1514, IS4(6, 1500), .undecoded = SUMMARY_TRUNCATED_TRANSPORT},
    {"a capture that ends behind the ports", 1,
     ETHER "0800" V4("05dc", "4000", "11") "c3510035",
     .wire_bytes = 1514, IS4(17, 1500), PORTS(50001, 53), .undecoded =
     SUMMARY_TRUNCATED_TRANSPORT},
    {"802.1Q", 1,
     ETHER "8100" "a064" "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2, .vlan = 100},
    {"802.1ad around 802.1Q", 1,
     ETHER "88a8" "00c8" "8100" "0064" "86dd" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2, .vlan = 200},
    {"the forerunner of 802.1ad", 1,
     ETHER "9100" "012c" "8100" "0064" "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2, .vlan = 300},
    {"802.1Q around LLC and SNAP", 1,
     ETHER "8100" "0064" "0026" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2, .vlan = 100},
    {"VN-tag", 1,
     ETHER "8926" "00000000" "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"LLC and SNAP", 1,
     ETHER "0026" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"LLC with the access point of IP", 1,
     ETHER "0021" "060603" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"spanning tree", 1,
     ETHER "0026" "424203" "00000000",
     .undecoded = SUMMARY_NOT_IP},
    {"ARP", 1,
     ETHER "0806" "0001080006040001" "020000000001" "c0000201" "000000000000" "c6336402",
     .undecoded = SUMMARY_NOT_IP},
    {"tagged ARP", 1,
     ETHER "8100" "0064" "0806" "0001080006040001",
     .vlan = 100, .undecoded = SUMMARY_NOT_IP},
    {"MPLS, two labels", 1,
     ETHER "8847" "00010040" "00011140" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"MPLS around IPv6", 1,
     ETHER "8848" "00011140" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"MPLS pseudowire of Ethernet", 1,
     ETHER "8847" "00011140" "00000000" ETHER "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"PPPoE", 1,
     ETHER "8864" "1100" "0001" "0020" "0021" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"PPPoE around IPv6", 1,
     ETHER "8864" "1100" "0001" "0034" "0057" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"PPPoE discovery", 1,
     ETHER "8863" "1109" "0000" "0000",
     .undecoded = SUMMARY_NOT_IP},
    {"PPPoE with LCP", 1,
     ETHER "8864" "1100" "0001" "0006" "c021" "01010004",
     .undecoded = SUMMARY_NOT_IP},
    {"network service header", 1,
     ETHER "894f" "0fc3" "01" "01" "00000001" "00000000" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"Linux cooked", 113,
     "0000" "0001" "0006" "0200000000010000" "0800" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"Linux cooked with LLC", 113,
     "0000" "0001" "0006" "0200000000010000" "0004" "424203",
     .undecoded = SUMMARY_NOT_IP},
    {"Linux cooked v2", 276,
     "86dd" "0000" "00000002" "0001" "00" "06" "0200000000010000" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"Linux cooked v2 with 802.1Q", 276,
     "8100" "0000" "00000002" "0001" "00" "06" "0200000000010000" "0064" "0800" V4("001e",
     "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2, .vlan = 100},
    {"raw IPv4", 12,
     V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"raw IPv6", 101,
     V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"raw, neither", 101,
     "50000000",
     .undecoded = SUMMARY_BAD_NETWORK},
    {"link type IPv4", 228,
     V4("002a", "0000", "06") TCP DATA,
     IS4(6, 42), PORTS(50000, 443), .tcp_flags = 0x18, .payload_bytes = 2},
    {"link type IPv6", 229,
     V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"null, little-endian", 0,
     "02000000" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"null, big-endian", 0,
     "0000001c" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"loop", 108,
     "00000018" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"null with another family", 0,
     "07000000" "00",
     .undecoded = SUMMARY_NOT_IP},
    {"PPP with HDLC framing", 50,
     "ff03" "0021" V4("001e", "0000", "11") UDP DATA,
     IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2},
    {"PPP, compressed protocol", 9,
     "57" V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"IPv4 in IPv4", 1,
     ETHER "0800" V4("0032", "0000", "04") V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 4, 50, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"IPv6 in IPv4", 1,
     ETHER "0800" V4("0046", "0000", "29") V6_INNER("000a", "11") UDP DATA,
     TUNNEL(4, 41, 70, 17, PAIR_INNER_V6), PORTS(50001, 53), .payload_bytes = 2},
    {"IPv4 in IPv6", 1,
     ETHER "86dd" V6("001e", "04") V4_INNER("001e", "11") UDP DATA,
     TUNNEL(6, 4, 70, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"GRE", 1,
     ETHER "0800" V4("0036", "0000", "2f") "0000" "0800" V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 47, 54, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"GRE with checksum, key and sequence", 1,
     ETHER "0800" V4("0056", "0000", "2f") "b000" "86dd" "00000000" "00000001" "00000002"
     V6_INNER("000a", "11") UDP DATA,
     TUNNEL(4, 47, 86, 17, PAIR_INNER_V6), PORTS(50001, 53), .payload_bytes = 2},
    {"GRE around Ethernet", 1,
     ETHER "0800" V4("0048", "0000", "2f") "0000" "6558" ETHER "8100" "0005" "0800"
     V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 47, 72, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"GRE of PPTP", 1,
     ETHER "0800" V4("0045", "0000", "2f") "3081" "880b" "001f" "0001" "00000001" "00000001"
     "ff03" "21" V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 47, 69, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"GRE of PPTP, acknowledgement alone", 1,
     ETHER "0800" V4("0020", "0000", "2f") "2081" "880b" "0000" "0001" "00000001",
     IS4(47, 32), .payload_bytes = 12},
    {"GRE with a source route is not followed", 1,
     ETHER "0800" V4("003a", "0000", "2f") "4000" "0800" "00000000" V4_INNER("001e", "11") UDP
     DATA,
     IS4(47, 58), .payload_bytes = 38},
    {"ERSPAN type I", 1,
     ETHER "0800" V4("0044", "0000", "2f") "0000" "88be" ETHER "0800" V4_INNER("001e", "11") UDP
     DATA,
     TUNNEL(4, 47, 68, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"ERSPAN type II", 1,
     ETHER "0800" V4("0050", "0000", "2f") "1000" "88be" "00000001" "1001000000000000" ETHER
     "0800" V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 47, 80, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"ERSPAN type III", 1,
     ETHER "0800" V4("005c", "0000", "2f") "1000" "22eb" "00000001" "2001000000000000" "00000001"
     "0000000000000000" ETHER "0800" V4_INNER("001e", "11") UDP DATA,
     TUNNEL(4, 47, 92, 17, PAIR_INNER_V4), PORTS(50001, 53), .payload_bytes = 2},
    {"a fragment of a tunnel is not followed", 1,
     ETHER "0800" V4("0032", "0001", "04") V4_INNER("001e", "11") UDP DATA,
     IS4(4, 50), .fragment = 2, .payload_bytes = 30},
    {"an inner header that cannot be leaves the outer one", 1,
     ETHER "0800" V4("0018", "0000", "04") "55555555",
     IS4(4, 24), .payload_bytes = 4, .undecoded = SUMMARY_BAD_NETWORK},
    {"IPv4 header length below 20", 1,
     ETHER "0800" "44000014" "00000000" "40110000" "c0000201" "c6336402",
     .undecoded = SUMMARY_BAD_NETWORK},
    {"IPv4 total length below its header", 1,
     ETHER "0800" V4("0013", "0000", "11") UDP DATA,
     .undecoded = SUMMARY_BAD_NETWORK},
    {"IPv6 behind the EtherType of IPv4", 1,
     ETHER "0800" V6("000a", "11") UDP DATA,
     .undecoded = SUMMARY_BAD_NETWORK},
    {"TCP data offset below 20", 1,
     ETHER "0800" V4("002a", "0000", "06") "c350" "01bb" "00000001" "00000002" "40" "18" "2000"
     "00000000" DATA,
     IS4(6, 42), PORTS(50000, 443), .undecoded = SUMMARY_BAD_TRANSPORT},
    {"TCP data offset beyond the packet", 1,
     ETHER "0800" V4("002a", "0000", "06") "c350" "01bb" "00000001" "00000002" "f0" "18" "2000"
     "00000000" DATA,
     IS4(6, 42), PORTS(50000, 443), .tcp_flags = 0x18, .undecoded = SUMMARY_BAD_TRANSPORT},
    {"UDP length below 8", 1,
     ETHER "0800" V4("001e", "0000", "11") "c351" "0035" "0007" "0000" DATA,
     IS4(17, 30), PORTS(50001, 53), .undecoded = SUMMARY_BAD_TRANSPORT},
    {"an extension header beyond the packet", 1,
     ETHER "86dd" V6("0008", "00") "1105" "0000" "00000000" DATA,
     IS6(17, 48), .payload_bytes = 4, .undecoded = SUMMARY_BAD_NETWORK},
    {"link type without a decoder", 105,
     "0800",
     .undecoded = SUMMARY_UNKNOWN_LINK},
};
/* clang-format on */
const size_t sample_frames_count = sizeof(sample_frames) / sizeof(sample_frames[0]);
