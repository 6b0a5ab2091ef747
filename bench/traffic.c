/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes first (they must add up), then each flow's kind, ends and times, then all packets in the
 * order of time. Everything is drawn from one stream of numbers: the order of the draws is part of
 * what a seed means. */
#include "bench/traffic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bench/chance.h"

/* Of all flows, as in networks of people: look-ups, lost probes, refused connections. */
#define SHORT_SHARE 0.4
#define SHORT_MAX   5
/* Long flows' least size. */
#define LONG_MIN 6
/* Packets come in trains of so many. */
#define TRAIN 4

/* A flow's size picks the column of kinds: what shares of its size are what. */
struct kind_share {
  uint32_t packets_max;
  double until[7]; /* cumulated; the last one is 1 */
  uint8_t kind[7];
};

static const struct kind_share kind_shares[] = {
    {1, {0.38, 0.87, 0.97, 1}, {TRAFFIC_SYN_ALONE, TRAFFIC_UDP_ALONE, TRAFFIC_ICMP, TRAFFIC_ARP}},
    {2, {0.70, 0.88, 0.98, 1}, {TRAFFIC_DNS, TRAFFIC_SYN_REFUSED, TRAFFIC_ICMP, TRAFFIC_ARP}},
    {SHORT_MAX,
     {0.45, 0.70, 0.90, 1},
     {TRAFFIC_DNS, TRAFFIC_QUIC, TRAFFIC_TCP_INTERACTIVE, TRAFFIC_ICMP}},
    {UINT32_MAX,
     {0.46, 0.58, 0.75, 0.94, 0.985, 0.99, 1},
     {TRAFFIC_TCP_DOWN, TRAFFIC_TCP_UP, TRAFFIC_TCP_INTERACTIVE, TRAFFIC_QUIC, TRAFFIC_VOICE,
      TRAFFIC_FRAGMENTS, TRAFFIC_ICMP}},
};

/* Servers' ports of TCP flows, the usual ones more often. */
static const uint16_t tcp_ports[16] = {443,  443, 443,  443,  443,  443,  80,    80,
                                       8080, 22,  2525, 7777, 5555, 7001, 10443, 993};

/* How many hosts there are on each side. */
struct hosts {
  uint32_t clients, servers;
};

static uint8_t pick_kind(uint32_t packets, double drawn)
{
  const struct kind_share *share = kind_shares;
  while (packets > share->packets_max) {
    share++;
  }
  size_t i = 0;
  while (drawn >= share->until[i]) {
    i++;
  }
  return share->kind[i];
}

static uint32_t short_count(const struct traffic_options *options)
{
  return (uint32_t)(SHORT_SHARE * options->flows);
}

uint64_t traffic_packets_min(const struct traffic_options *options)
{
  uint64_t few = short_count(options);
  return few * SHORT_MAX + (options->flows - few) * (uint64_t)LONG_MIN;
}

/* Half of the short flows are a question and its answer. */
static uint32_t short_size(struct chance *chance)
{
  double drawn = chance_unit(chance);
  if (drawn < 0.75) {
    return drawn < 0.25 ? 1 : 2;
  }
  return 3 + chance_below(chance, SHORT_MAX - 2);
}

/* Short ones as drawn; the others share the rest by rank^-zipf; what rounding leaves over is dealt
 * out one by one, so that the sum is exact. */
static void draw_sizes(struct traffic *traffic, const struct traffic_options *options,
                       struct chance *chance)
{
  struct traffic_flow *flow = traffic->flow;
  uint32_t few = short_count(options), many = options->flows - few; /* many is at least 1 */
  uint64_t left = options->packets;
  for (uint32_t i = 0; i < few; i++) {
    flow[many + i].packets = short_size(chance);
    left -= flow[many + i].packets;
  }
  double weight = 0;
  for (uint32_t i = 1; i <= many; i++) {
    weight += pow(i, -options->zipf);
  }
  double extra = (double)(left - (uint64_t)many * LONG_MIN);
  for (uint32_t i = 0; i < many; i++) {
    flow[i].packets = LONG_MIN + (uint32_t)(extra * pow(i + 1.0, -options->zipf) / weight);
    left -= flow[i].packets;
  }
  for (uint64_t k = 0; k < left && many > 0; k++) {
    flow[k * 7919 % many].packets++;
  }
}

/* Fisher and Yates: size and time of a flow are not to depend on each other. */
static void shuffle_sizes(struct traffic_flow *flow, uint32_t count, struct chance *chance)
{
  for (uint32_t i = count - 1; i > 0; i--) {
    uint32_t j = chance_below(chance, i + 1);
    uint32_t packets = flow[i].packets;
    flow[i].packets = flow[j].packets;
    flow[j].packets = packets;
  }
}

static void draw_traits(struct traffic_flow *flow, struct chance *chance)
{
  if (chance_unit(chance) < 0.18 && flow->kind != TRAFFIC_ARP) {
    flow->traits |= TRAFFIC_IPV6;
  }
  double tag = chance_unit(chance);
  if (tag < 0.09) {
    flow->traits |= tag < 0.08 ? TRAFFIC_VLAN : TRAFFIC_VLAN | TRAFFIC_QINQ;
  }
  flow->vlan = (uint16_t)(100 + chance_below(chance, 16));
  if (chance_unit(chance) < 0.1) {
    flow->traits |= TRAFFIC_NO_FIN;
  }
  if (chance_unit(chance) < 0.05) {
    flow->traits |= TRAFFIC_ENDS_RST;
  }
}

static uint16_t draw_server_port(uint8_t kind, struct chance *chance)
{
  if (kind == TRAFFIC_DNS) {
    return 53;
  }
  if (kind == TRAFFIC_QUIC) {
    return 443;
  }
  if (kind == TRAFFIC_VOICE) {
    return (uint16_t)(16384 + 2 * chance_below(chance, 8000));
  }
  if (kind == TRAFFIC_UDP_ALONE) {
    return chance_unit(chance) < 0.5 ? 53 : 123;
  }
  if (kind == TRAFFIC_SYN_ALONE) {
    return (uint16_t)(1 + chance_below(chance, 65535));
  }
  return tcp_ports[chance_below(chance, 16)];
}

static void draw_ends(struct traffic_flow *flow, const struct hosts *hosts, struct chance *chance)
{
  flow->client = chance_skewed(chance, hosts->clients);
  if (chance_unit(chance) < 0.5) {
    flow->client = chance_below(chance, hosts->clients);
  }
  flow->server = chance_skewed(chance, hosts->servers);
  flow->client_port = (uint16_t)(1024 + chance_below(chance, 64511));
  flow->server_port = draw_server_port(flow->kind, chance);
  flow->sequence[0] = (uint32_t)chance_next(chance);
  flow->sequence[1] = (uint32_t)chance_next(chance);
}

static void add_event(struct traffic *traffic, double seconds, double last, uint32_t flow)
{
  double at = seconds < last ? seconds : last;
  traffic->event[traffic->event_count++] = (uint64_t)(at * 1e6) << 32 | flow;
}

/* Larger flows last longer (log-normal around size^0.8); trains are spread evenly over the time. */
static void draw_times(struct traffic *traffic, uint32_t number, double total,
                       struct chance *chance)
{
  uint32_t packets = traffic->flow[number].packets, trains = (packets + TRAIN - 1) / TRAIN;
  double lasts = 0.01 * pow(packets, 0.8) * exp(chance_normal(chance));
  if (lasts > total * 0.9) {
    lasts = total * 0.9;
  }
  double start = chance_unit(chance) * (total - lasts - 0.01);
  for (uint32_t train = 0, k = 0; train < trains; train++) {
    double at = start + lasts * (train + chance_unit(chance)) / trains;
    for (unsigned i = 0; i < TRAIN && k < packets; i++, k++) {
      add_event(traffic, at, total, number);
      at += 2e-5 + chance_unit(chance) * 2e-4;
    }
  }
}

/* One half is a flood (anybody's address, one service), the other a scan (few sources, any address
 * and port): each packet is a flow that no table has seen. */
static void draw_storm(struct traffic *traffic, uint32_t number,
                       const struct traffic_options *options, struct chance *chance)
{
  struct traffic_flow *flow = traffic->flow + number;
  bool is_flood = chance_unit(chance) < 0.5;
  flow->kind = TRAFFIC_STORM;
  flow->packets = 1;
  flow->client = is_flood ? chance_below(chance, 1U << 24) : chance_below(chance, 4);
  flow->server = is_flood ? 0 : chance_below(chance, 1U << 24);
  flow->client_port = (uint16_t)(1024 + chance_below(chance, 64511));
  flow->server_port = (uint16_t)(is_flood ? 443 : 1 + chance_below(chance, 65535));
  flow->sequence[0] = (uint32_t)chance_next(chance);
  double first = (options->seconds - options->storm_seconds) / 2;
  add_event(traffic, first + chance_unit(chance) * options->storm_seconds, options->seconds,
            number);
}

static int compare_events(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void draw_flows(struct traffic *traffic, const struct traffic_options *options,
                       struct chance *chance)
{
  struct hosts hosts = {options->flows / 50, options->flows / 200};
  hosts.clients = hosts.clients < 256 ? 256 : hosts.clients;
  hosts.servers = hosts.servers < 64 ? 64 : hosts.servers;
  for (uint32_t i = 0; i < options->flows; i++) {
    struct traffic_flow *flow = traffic->flow + i;
    flow->kind = pick_kind(flow->packets, chance_unit(chance));
    draw_traits(flow, chance);
    draw_ends(flow, &hosts, chance);
    draw_times(traffic, i, options->seconds, chance);
  }
  for (uint32_t i = options->flows; i < traffic->flow_count; i++) {
    draw_storm(traffic, i, options, chance);
  }
}

int traffic_init(struct traffic *traffic, const struct traffic_options *options)
{
  uint64_t flows = (uint64_t)options->flows + options->storm_flows;
  uint64_t events = options->packets + options->storm_flows;
  if (options->flows < 2 || flows > UINT32_MAX || events > SIZE_MAX / 16 ||
      options->packets < traffic_packets_min(options) || options->seconds < 1 ||
      options->seconds > TRAFFIC_SECONDS_MAX ||
      (options->storm_flows > 0 && options->storm_seconds > options->seconds)) {
    return ERR_LIMIT;
  }
  struct traffic plan = {calloc(flows, sizeof(struct traffic_flow)), (uint32_t)flows,
                         calloc(events, sizeof(uint64_t)), 0};
  if (plan.flow == NULL || plan.event == NULL) {
    traffic_fini(&plan);
    return ERR_NO_MEMORY;
  }
  struct chance chance;
  chance_init(&chance, options->seed);
  draw_sizes(&plan, options, &chance);
  shuffle_sizes(plan.flow, options->flows, &chance);
  draw_flows(&plan, options, &chance);
  qsort(plan.event, plan.event_count, sizeof(uint64_t), compare_events);
  *traffic = plan;
  return 0;
}

void traffic_fini(struct traffic *traffic)
{
  free(traffic->flow);
  free(traffic->event);
  *traffic = (struct traffic){NULL, 0, NULL, 0};
}
