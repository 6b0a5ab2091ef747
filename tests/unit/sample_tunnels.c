/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of tunnels over UDP, DNS, fragments of the flow, and links that few hosts have. */
#include "sample_frames.h"

#include "sample_headers.h"

#define UDP_TO(port, length)       "c351" port length "0000"
#define UDP_FROM(port, length)     port "c351" length "0000"
#define INNER                      V4_INNER("001e", "11") UDP DATA
#define INNER6                     V6_INNER("000a", "11") UDP DATA
#define OUTER(total, port, length) ETHER "0800" V4(total, "0000", "11") UDP_TO(port, length)
#define V6_TEREDO(payload, next)                                                                   \
  "60000000" payload next "40"                                                                     \
  "20010000c63364020000000000000001"                                                               \
  "20010db8000000000000000000000002"
#define V4_FRAGMENT(cut)                                                                           \
  "4500"                                                                                           \
  "001e"                                                                                           \
  "0009" cut "40"                                                                                  \
  "11"                                                                                             \
  "0000"                                                                                           \
  "0a0000010a000002"
#define ZERO8  "0000000000000000"
#define ZERO24 ZERO8 ZERO8 ZERO8
#define PKTAP                                                                                      \
  "6c000000"                                                                                       \
  "01000000"                                                                                       \
  "01000000" ZERO24 ZERO24 ZERO24 ZERO24
#define WIFI_ADDRESSES                                                                             \
  "020000000003"                                                                                   \
  "020000000001"                                                                                   \
  "020000000002"
#define INNER_IN(bytes, carrier)                                                                   \
  TUNNEL(4, 17, bytes, 17, PAIR_INNER_V4), .tunnel = (carrier), PORTS(50001, 53), .payload_bytes = 2
#define PLAIN_UDP IS4(17, 30), PORTS(50001, 53), .payload_bytes = 2

/* clang-format off */
const struct sample_frame sample_tunnels[] = {
    {"VXLAN", 1,
     OUTER("0050", "12b5", "003c") "0800000000000500" ETHER "0800" INNER,
     INNER_IN(80, PACKET_VXLAN)},
    {"VXLAN on the port of old Linux, around IPv6", 1,
     OUTER("0064", "2118", "0050") "0800000000000500" ETHER "86dd" INNER6,
     TUNNEL(4, 17, 100, 17, PAIR_INNER_V6), .tunnel = PACKET_VXLAN, PORTS(50001, 53),
     .payload_bytes = 2},
    {"VXLAN over IPv6", 1,
     ETHER "86dd" V6("003c", "11") UDP_TO("12b5", "003c") "0800000000000500" ETHER "0800" INNER,
     TUNNEL(6, 17, 100, 17, PAIR_INNER_V4), .tunnel = PACKET_VXLAN, PORTS(50001, 53),
     .payload_bytes = 2},
    {"VXLAN with a group policy", 1,
     OUTER("0050", "12b5", "003c") "8800012300000500" ETHER "0800" INNER,
     INNER_IN(80, PACKET_VXLAN)},
    {"VXLAN around 802.1Q", 1,
     OUTER("0054", "12b5", "0040") "0800000000000500" ETHER "8100" "0007" "0800" INNER,
     INNER_IN(84, PACKET_VXLAN)},
    {"VXLAN without its flag is plain UDP", 1,
     OUTER("0050", "12b5", "003c") "0000000000000500" ETHER "0800" INNER,
     IS4(17, 80), PORTS(50001, 4789), .payload_bytes = 52},
    {"VXLAN with reserved bits is plain UDP", 1,
     OUTER("0050", "12b5", "003c") "0800000100000500" ETHER "0800" INNER,
     IS4(17, 80), PORTS(50001, 4789), .payload_bytes = 52},
    {"VXLAN around ARP is plain UDP", 1,
     OUTER("003a", "12b5", "0026") "0800000000000500" ETHER "0806" "0001080006040001",
     IS4(17, 58), PORTS(50001, 4789), .payload_bytes = 30},
    {"VXLAN around a packet longer than itself is plain UDP", 1,
     OUTER("0050", "12b5", "003c") "0800000000000500" ETHER "0800" V4_INNER("001f", "11") UDP DATA,
     IS4(17, 80), PORTS(50001, 4789), .payload_bytes = 52},
    {"VXLAN too short for its header is plain UDP", 1,
     OUTER("0020", "12b5", "000c") "08000000",
     IS4(17, 32), PORTS(50001, 4789), .payload_bytes = 4},
    {"VXLAN around an extension header beyond it is plain UDP", 1,
     OUTER("0064", "12b5", "0050") "0800000000000500" ETHER "86dd" V6_INNER("000a", "00") UDP DATA,
     IS4(17, 100), PORTS(50001, 4789), .payload_bytes = 72},
    {"VXLAN cut within the inner header", 1,
     OUTER("0050", "12b5", "003c") "0800000000000500" ETHER "0800" "4500001e",
     .wire_bytes = 94, IS4(17, 80), PORTS(50001, 4789), .payload_bytes = 52,
     .undecoded = SUMMARY_TRUNCATED_NETWORK},
    {"VXLAN's port as the source port says nothing", 1,
     ETHER "0800" V4("0050", "0000", "11") UDP_FROM("12b5", "003c") "0800000000000500" ETHER "0800"
     INNER,
     IS4(17, 80), PORTS(4789, 50001), .payload_bytes = 52},
    {"VXLAN-GPE around IPv4", 1,
     OUTER("0042", "12b6", "002e") "0c00000100000500" INNER,
     INNER_IN(66, PACKET_VXLAN)},
    {"VXLAN-GPE around Ethernet", 1,
     OUTER("0050", "12b6", "003c") "0800000000000500" ETHER "0800" INNER,
     INNER_IN(80, PACKET_VXLAN)},
    {"VXLAN-GPE around a network service header", 1,
     OUTER("004a", "12b6", "0036") "0c00000400000500" "0fc2010100000001" INNER,
     INNER_IN(74, PACKET_VXLAN)},
    {"VXLAN-GPE between the tunnel's ends is plain UDP", 1,
     OUTER("0042", "12b6", "002e") "0d00000100000500" INNER,
     IS4(17, 66), PORTS(50001, 4790), .payload_bytes = 38},
    {"Geneve around Ethernet", 1,
     OUTER("0050", "17c1", "003c") "0000655800000500" ETHER "0800" INNER,
     INNER_IN(80, PACKET_GENEVE)},
    {"Geneve with a critical option, around IPv4", 1,
     OUTER("004a", "17c1", "0036") "0240080000000500" "0102800100000001" INNER,
     INNER_IN(74, PACKET_GENEVE)},
    {"Geneve of another version is plain UDP", 1,
     OUTER("0042", "17c1", "002e") "4000080000000500" INNER,
     IS4(17, 66), PORTS(50001, 6081), .payload_bytes = 38},
    {"Geneve's control packets are plain UDP", 1,
     OUTER("0042", "17c1", "002e") "0080080000000500" INNER,
     IS4(17, 66), PORTS(50001, 6081), .payload_bytes = 38},
    {"Geneve with options beyond its end is plain UDP", 1,
     OUTER("0042", "17c1", "002e") "3f00080000000500" INNER,
     IS4(17, 66), PORTS(50001, 6081), .payload_bytes = 38},
    {"GRE within Geneve: the innermost carrier is told", 1,
     OUTER("005a", "17c1", "0046") "0000080000000500" V4("0036", "0000", "2f") "00000800" INNER,
     INNER_IN(90, PACKET_GRE)},
    {"GTP-U", 1,
     OUTER("0042", "0868", "002e") "30ff001e00000001" INNER,
     INNER_IN(66, PACKET_GTPU)},
    {"GTP-U with a sequence number and an extension header", 1,
     OUTER("004a", "0868", "0036") "36ff002600000001" "00010085" "01100000" INNER,
     INNER_IN(74, PACKET_GTPU)},
    {"GTP-U echo request is plain UDP", 1,
     OUTER("0028", "0868", "0014") "3201000400000000" "00010000",
     IS4(17, 40), PORTS(50001, 2152), .payload_bytes = 12},
    {"GTP' is plain UDP", 1,
     OUTER("0042", "0868", "002e") "20ff001e00000001" INNER,
     IS4(17, 66), PORTS(50001, 2152), .payload_bytes = 38},
    {"GTP-U with an extension header of no length is plain UDP", 1,
     OUTER("004a", "0868", "0036") "34ff002600000001" "00000085" "00100000" INNER,
     IS4(17, 74), PORTS(50001, 2152), .payload_bytes = 46},
    {"GTP-U longer than its packet is plain UDP", 1,
     OUTER("0042", "0868", "002e") "30ff001f00000001" INNER,
     IS4(17, 66), PORTS(50001, 2152), .payload_bytes = 38},
    {"Teredo", 1,
     OUTER("004e", "0dd8", "003a") V6_TEREDO("000a", "11") UDP DATA,
     TUNNEL(4, 17, 78, 17, PAIR_TEREDO), .tunnel = PACKET_TEREDO, PORTS(50001, 53),
     .payload_bytes = 2},
    {"Teredo from the server, authenticated, with an origin", 1,
     ETHER "0800" V4("0063", "0000", "11") UDP_FROM("0dd8", "004f") "00010000" ZERO8 "00"
     "00001234c0000201" V6_TEREDO("000a", "11") UDP DATA,
     TUNNEL(4, 17, 99, 17, PAIR_TEREDO), .tunnel = PACKET_TEREDO, PORTS(50001, 53),
     .payload_bytes = 2},
    {"a bubble of Teredo", 1,
     OUTER("0044", "0dd8", "0030") V6_TEREDO("0000", "3b"),
     TUNNEL(4, 17, 68, 59, PAIR_TEREDO), .tunnel = PACKET_TEREDO},
    {"IPv6 of other addresses is no Teredo", 1,
     OUTER("004e", "0dd8", "003a") INNER6,
     IS4(17, 78), PORTS(50001, 3544), .payload_bytes = 50},
    {"the first fragment of a tunnel is plain UDP, as the others are", 1,
     ETHER "0800" V4("003c", "2000", "11") UDP_TO("12b5", "003c") "0800000000000500" ETHER "0800"
     "4500001e000100004011",
     IS4(17, 60), FRAGMENT(1, 1), PORTS(50001, 4789), .payload_bytes = 32},
    {"a first fragment within a tunnel", 1,
     OUTER("0042", "0868", "002e") "30ff001e00000001" V4_FRAGMENT("2000") UDP DATA,
     INNER_IN(66, PACKET_GTPU), .flow_fragment = 1, .fragment_id = 9},
    {"a later fragment within a tunnel has not the tunnel's ports", 1,
     OUTER("0042", "0868", "002e") "30ff001e00000001" V4_FRAGMENT("0001") UDP DATA,
     TUNNEL(4, 17, 66, 17, PAIR_INNER_V4), .tunnel = PACKET_GTPU, .payload_bytes = 10,
     .flow_fragment = 2, .fragment_id = 9},

    {"DNS question", 1,
     OUTER("0028", "0035", "0014") "123401000001000000000000",
     IS4(17, 40), PORTS(50001, 53), .payload_bytes = 12, .dns = PACKET_DNS_QUESTION},
    {"DNS answer", 1,
     ETHER "0800" V4("0028", "0000", "11") UDP_FROM("0035", "0014") "123481800001000100000000",
     IS4(17, 40), PORTS(53, 50001), .payload_bytes = 12, .dns = PACKET_DNS_ANSWER},
    {"DNS failure, within a tunnel", 1,
     OUTER("004c", "0868", "0038") "30ff002800000001" V4_INNER("0028", "11")
     UDP_FROM("0035", "0014") "123481830001000000000000",
     TUNNEL(4, 17, 76, 17, PAIR_INNER_V4), .tunnel = PACKET_GTPU, PORTS(53, 50001),
     .payload_bytes = 12, .dns = PACKET_DNS_FAILURE},
    {"no question comes from the port of DNS", 1,
     ETHER "0800" V4("0028", "0000", "11") UDP_FROM("0035", "0014") "123401000001000000000000",
     IS4(17, 40), PORTS(53, 50001), .payload_bytes = 12},
    {"an answer to the port of DNS is none", 1,
     OUTER("0028", "0035", "0014") "123481800001000100000000",
     IS4(17, 40), PORTS(50001, 53), .payload_bytes = 12},
    {"DNS update asks for nothing", 1,
     OUTER("0028", "0035", "0014") "123428000001000000000000",
     IS4(17, 40), PORTS(50001, 53), .payload_bytes = 12},
    {"a short payload is no DNS", 1,
     OUTER("0027", "0035", "0013") "1234010000010000000000",
     IS4(17, 39), PORTS(50001, 53), .payload_bytes = 11},

    {"an ICMP error about a fragment", 1,
     ETHER "0800" V4("003a", "0000", "01") "0b01000000000000" V4_FRAGMENT("2000") UDP DATA,
     IS4(1, 58), .fragment = 3, .icmp_type = 11, .payload_bytes = 30},
    {"an ICMPv6 error about a fragment behind another header", 1,
     ETHER "86dd" V6("0048", "3a") "0100000000000000" V6_INNER("0018", "00") HOP_BY_HOP("2c")
     "3a00000100000007" "8000000000000000",
     IS6(58, 112), .fragment = 3, .icmp_type = 1, .payload_bytes = 64},
    {"an ICMPv6 error about an atomic fragment", 1,
     ETHER "86dd" V6("0040", "3a") "0100000000000000" V6_INNER("0010", "2c") "3a00000000000007"
     "8000000000000000",
     IS6(58, 104), .icmp_type = 1, .payload_bytes = 56},
    {"an echo that looks like it quotes nothing", 1,
     ETHER "0800" V4("003a", "0000", "01") "0800000000000000" V4_FRAGMENT("2000") UDP DATA,
     IS4(1, 58), .icmp_type = 8, .payload_bytes = 30},

    {"link type PPPoE", 51,
     "1100" "0001" "0020" "0021" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"Cisco HDLC", 104,
     "0f00" "0800" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"Cisco HDLC with SLARP", 104,
     "8f00" "8035" ZERO8,
     .undecoded = SUMMARY_NOT_IP},
    {"802.11 data", 105,
     "0801" "0000" WIFI_ADDRESSES "1000" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"802.11 data with four addresses and a class of service", 105,
     "8803" "0000" WIFI_ADDRESSES "1000" "020000000004" "0000" SNAP "0800" V4("001e", "0000", "11")
     UDP DATA,
     PLAIN_UDP},
    {"802.11 data, encrypted", 105,
     "0841" "0000" WIFI_ADDRESSES "1000" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     .undecoded = SUMMARY_NOT_IP},
    {"802.11 data, a later fragment on the air", 105,
     "0801" "0000" WIFI_ADDRESSES "1100" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     .undecoded = SUMMARY_NOT_IP},
    {"802.11 beacon", 105,
     "8000" "0000" WIFI_ADDRESSES "1000" ZERO24,
     .undecoded = SUMMARY_NOT_IP},
    {"radiotap", 127,
     "00000800" "00000000" "0801" "0000" WIFI_ADDRESSES "1000" SNAP "0800" V4("001e", "0000", "11")
     UDP DATA,
     PLAIN_UDP},
    {"radiotap that tells of padding, behind its time", 127,
     "00001a00" "03000080" "00000000" "00000000" ZERO8 "20" "00" "8801" "0000" WIFI_ADDRESSES "1000"
     "0000" "0000" SNAP "0800" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"PKTAP", 149,
     PKTAP ETHER "0800" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"PKTAP by its own number", 258,
     PKTAP ETHER "0800" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"another user of the number of PKTAP", 149,
     "4500001e" ZERO24,
     .undecoded = SUMMARY_NOT_IP},
    {"IPNET", 226,
     "0102" "0000" "0000001e" ZERO8 ZERO8 V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"IPNET with IPv6", 226,
     "011a" "0000" "00000032" ZERO8 ZERO8 V6("000a", "11") UDP DATA,
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"NFLOG", 239,
     "02000014" "0800010000012705" "05000a0000000000" "22000900" V4("001e", "0000", "11") UDP DATA
     "0000",
     PLAIN_UDP},
    {"NFLOG of a big-endian host, with IPv6", 239,
     "0a000000" "0008000100000000" "00360009" V6("000a", "11") UDP DATA "0000",
     IS6(17, 50), PORTS(50001, 53), .payload_bytes = 2},
    {"NFLOG without a packet", 239,
     "02000014" "0800010000012705",
     .undecoded = SUMMARY_NOT_IP},
    {"NFLOG of a bridge", 239,
     "07000014" "0800010000012705" "22000900" V4("001e", "0000", "11") UDP DATA,
     .undecoded = SUMMARY_NOT_IP},
    {"IP over InfiniBand", 242,
     ZERO24 ZERO8 ZERO8 "08000000" V4("001e", "0000", "11") UDP DATA,
     PLAIN_UDP},
    {"ARP over InfiniBand", 242,
     ZERO24 ZERO8 ZERO8 "08060000" ZERO8,
     .undecoded = SUMMARY_NOT_IP},
};
/* clang-format on */
const size_t sample_tunnels_count = sizeof(sample_tunnels) / sizeof(sample_tunnels[0]);
