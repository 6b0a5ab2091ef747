/* SPDX-License-Identifier: Apache-2.0 */
/* Client and server of a flow: by SYN, by ICMP request and reply, else by the rank of the
 * two ports. */
#include "sensor/flow_client.h"

#include <stddef.h>
#include <string.h>

/* Below it only a privileged process may listen. */
#define FIRST_FREE_PORT 1024
#define ICMP            1
#define ICMP6           58

/* Services that listen at 1024 and above, ascending (it is searched by halving). Only such are
 * listed as seldom serve as a client's own port. */
static const uint16_t known_ports[] = {
    1080,  1194,  1433,  1434,  1521,  1701,  1723,  1812,  1813,  1883,  1900, 2049, 2181,
    2375,  2376,  2379,  2380,  2404,  3128,  3260,  3268,  3269,  3306,  3389, 3478, 3671,
    4369,  4500,  4789,  5044,  5060,  5061,  5222,  5269,  5353,  5355,  5432, 5601, 5671,
    5672,  5683,  5900,  5938,  5984,  5985,  5986,  6081,  6379,  6443,  6514, 6667, 7946,
    8000,  8008,  8080,  8081,  8086,  8125,  8200,  8300,  8301,  8302,  8333, 8443, 8500,
    8805,  8883,  8888,  9000,  9042,  9090,  9092,  9093,  9100,  9200,  9300, 9418, 9443,
    10050, 10051, 10250, 11211, 13400, 15672, 25565, 26257, 27017, 51820,
};

/* By halving: the table is ascending. */
static bool is_known(uint16_t port)
{
  size_t low = 0;
  size_t high = sizeof known_ports / sizeof known_ports[0];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (known_ports[middle] < port) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < sizeof known_ports / sizeof known_ports[0] && known_ports[low] == port;
}

/* Smaller is more of a server: services first, then by number. Port 0 is never a service. */
static uint32_t port_rank(uint16_t port)
{
  bool is_service = (port != 0 && port < FIRST_FREE_PORT) || is_known(port);
  uint32_t class = is_service ? 0 : UINT32_C(1) << 16;
  return port != 0 ? class + port : UINT32_MAX;
}

/* SYN of either kind: without ACK its sender is the client, with ACK its receiver. */
bool flow_client_is_proof(const struct packet *packet)
{
  return summary_protocol_of(packet->protocol) == SUMMARY_TCP &&
         (packet->tcp_flags & PACKET_TCP_SYN) != 0;
}

/* What answers a request. ICMP: echo, timestamp, information, mask; ICMPv6: echo, router and
 * neighbour advertisement, node information, home agent discovery. */
static bool is_icmp_reply(const struct packet *packet)
{
  static const uint8_t replies4[] = {0, 14, 16, 18};
  static const uint8_t replies6[] = {129, 134, 136, 140, 145};
  if (packet->is_later_fragment || packet->undecoded != SUMMARY_DECODED) {
    return false; /* its type is not known */
  }
  if (packet->protocol == ICMP) {
    return memchr(replies4, packet->icmp_type, sizeof replies4) != NULL;
  }
  return packet->protocol == ICMP6 && memchr(replies6, packet->icmp_type, sizeof replies6) != NULL;
}

/* From certain to guessed: a SYN, an ICMP reply, then the ports. */
struct flow_client flow_client_decide(const struct packet *packet)
{
  if (flow_client_is_proof(packet)) {
    return (struct flow_client){(packet->tcp_flags & PACKET_TCP_ACK) == 0, false};
  }
  if (is_icmp_reply(packet)) {
    return (struct flow_client){false, true};
  }
  uint32_t sender = port_rank(packet->source_port);
  uint32_t receiver = port_rank(packet->destination_port);
  return (struct flow_client){sender >= receiver, true};
}
