/* SPDX-License-Identifier: Apache-2.0 */
/* Records of hosts with much to tell, from one random seed: what a summary's length depends on. */
#ifndef TESTS_UNIT_SAMPLE_BUSY_H
#define TESTS_UNIT_SAMPLE_BUSY_H

#include "tests/unit/random_summary.h"

#define TCP        6
#define LIVE_FLOWS 20000

static uint64_t seed;

static uint64_t below(uint64_t limit)
{
  return random_below(&seed, limit);
}

/* Many small, few large: what traffic is like. */
static uint64_t skewed(uint64_t most)
{
  return (most >> below(12)) + below(100);
}

static struct counts packets_of(uint64_t packets, unsigned header)
{
  uint64_t payload = packets * below(1400);
  return (struct counts){packets, payload + packets * header, payload};
}

/* Of the whole family, as forged ones are. */
static struct addr any_addr(bool is_v4)
{
  struct addr a;
  for (size_t i = 0; i < sizeof(a.byte); i++) {
    a.byte[i] = (uint8_t)random_draw(&seed);
  }
  a.byte[0] = (uint8_t)(0x20 | (a.byte[0] & 0x1f));
  return is_v4 ? addr_from_v4(a.byte + 12) : a;
}

static void fill_interfaces(struct summary *s, uint64_t packets)
{
  for (size_t i = 0; i < s->interface_count; i++) {
    struct summary_interface *row = &s->interfaces[i];
    (void)snprintf(row->name, sizeof(row->name), "enp%zus0f0", i);
    row->has_kernel = row->is_up = true;
    row->kernel.rx_packets = packets + below(100);
    row->kernel.tx_packets = packets + below(100);
    row->kernel.rx_bytes = packets * 900;
    row->kernel.tx_bytes = packets * 800;
    row->captured_packets = 2 * packets;
    row->captured_bytes = packets * 1700;
    row->speed_mbit = 10000;
    row->own_packets = 4;
    row->own_bytes = 1234;
  }
}

static void fill_conversation(struct summary *s, struct summary_conversation *row, uint64_t most)
{
  row->protocol = TCP;
  row->tcp_flags_out = row->tcp_flags_in = 0x1b;
  row->flows = (uint32_t)(1 + below(40));
  row->out = packets_of(1 + skewed(most), 52);
  row->in = packets_of(1 + skewed(most), 52);
  row->first_ns = s->start_ns + (int64_t)below((uint64_t)s->length_ns);
  row->last_ns =
      row->first_ns + (int64_t)below((uint64_t)(s->start_ns + s->length_ns - row->first_ns));
  row->attempts = (uint32_t)below(10);
  row->failed = (uint32_t)below(2);
  row->retransmitted = (uint32_t)below(3);
  row->handshake_us = (uint32_t)below(40000);
  row->is_guessed = below(8) == 0;
  if (s->kind == SUMMARY_MINUTE) {
    uint64_t all = row->out.bytes + row->in.bytes;
    row->second_max_bytes = all / 3;
    row->second_min_bytes = all / 90;
    row->second_p95_bytes = all / 5;
  }
}

static int by_bytes(const void *left, const void *right)
{
  const struct summary_conversation *a = left;
  const struct summary_conversation *b = right;
  uint64_t x = a->out.bytes + a->in.bytes;
  uint64_t y = b->out.bytes + b->in.bytes;
  return x == y ? summary_conversation_compare(a, b) : (x < y ? 1 : -1);
}

static int by_key(const void *left, const void *right)
{
  return summary_conversation_compare(left, right);
}

/* v6_percent of the addresses are IPv6; servers are the host's own or anybody's. */
static void fill_rows(struct summary *s, unsigned v6_percent, bool is_forged)
{
  struct addr own[2] = {any_addr(true), any_addr(false)};
  for (size_t i = 0; i < s->conversation_count; i++) {
    struct summary_conversation *row = &s->conversations[i];
    bool is_v4 = below(100) >= v6_percent;
    row->client = any_addr(is_v4);
    row->server = is_forged ? any_addr(is_v4) : own[is_v4 ? 0 : 1];
    row->server_port = (uint16_t)(below(2) == 0 ? 443 : below(65536));
    fill_conversation(s, row, s->kind == SUMMARY_SECOND ? 2000 : 40000);
  }
  qsort(s->conversations, s->conversation_count, sizeof(*s->conversations),
        s->kind == SUMMARY_SECOND ? by_bytes : by_key);
  for (size_t i = 0; i < s->talker_count; i++) {
    bool is_shared = !is_forged && i < s->conversation_count;
    s->talkers[i].addr =
        is_shared ? s->conversations[i].client : any_addr(below(100) >= v6_percent);
    s->talkers[i].error_bytes = skewed(10000);
    s->talkers[i].tx = packets_of(1 + (s->talker_count - i) * 1000, 52);
    s->talkers[i].rx = packets_of(1 + (s->talker_count - i) * 1000, 52);
  }
  for (size_t i = 0; i < s->first_seen_count; i++) {
    s->first_seen[i] = any_addr(below(100) >= v6_percent);
  }
  for (size_t i = 0; i < s->edge_count; i++) {
    s->edges[i] = (struct summary_edge){s->first_seen[i % s->first_seen_count], own[0],
                                        (uint16_t)below(65536), TCP};
  }
}

static void fill_sketches(struct summary *s, size_t items)
{
  hll_init(&s->addresses, s->kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE,
           HASH_FLEET_SEED);
  summary_sketches_init(s->sketches, s->kind);
  for (size_t i = 0; i < items; i++) {
    hll_add(&s->addresses, random_draw(&seed));
    hll_add(&s->sketches->clients, random_draw(&seed));
    hll_add(&s->sketches->servers, random_draw(&seed));
    hll_add(&s->sketches->services, random_draw(&seed));
    for (size_t e = 0; e < SUMMARY_ENTROPIES; e++) {
      entropy_add(&s->sketches->entropy[e], random_draw(&seed), 1 + below(40));
    }
  }
}

/* Every counter, bucket and cell of a host with so many packets. */
static void fill_counters(struct summary *s, uint64_t packets, unsigned cells)
{
  for (unsigned i = 0; i < cells; i++) {
    s->traffic[i / SUMMARY_PROTOCOLS][i % SUMMARY_PROTOCOLS] = packets_of(skewed(packets), 52);
  }
  for (unsigned i = 0; i < SUMMARY_PROTOCOLS; i++) {
    for (unsigned way = SUMMARY_TX; way <= SUMMARY_RX; way++) {
      const struct counts *all = &s->traffic[way][i];
      s->fleet_traffic[way][i] =
          (struct counts){all->packets / 3, all->bytes / 3, all->payload_bytes / 3};
    }
  }
  s->has_fleet = true;
  s->fleet_map_version = 1234567;
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    s->packet_sizes.bucket[i] = 1 + skewed(packets);
    s->tcp.handshake_10us.bucket[i] = 1 + below(200);
  }
  for (unsigned i = 0; i < SUMMARY_TCP_EVENTS; i++) {
    s->tcp_events[i] = 1 + below(packets);
  }
  uint64_t *more[] = {&s->ipv4_packets,
                      &s->ipv6_packets,
                      &s->fragments,
                      &s->non_ip_frames,
                      &s->tunnelled_packets,
                      &s->flows_active,
                      &s->flows_new,
                      &s->tcp.attempts,
                      &s->tcp.answered,
                      &s->tcp.refused,
                      &s->tcp.half_open,
                      &s->tcp.withdrawn,
                      &s->tcp.resets,
                      &s->tcp.retransmitted,
                      &s->dns.questions,
                      &s->dns.answers,
                      &s->dns.failures,
                      &s->segments.super_segments,
                      &s->segments.wire_packets,
                      &s->segments.header_bytes,
                      &s->ledger.late_frames,
                      &s->ledger.flows_folded,
                      &s->ledger.rows_folded,
                      &s->ledger.first_seen_folded,
                      &s->ledger.fragments_unmatched,
                      &s->ledger.undecoded[SUMMARY_NOT_IP]};
  for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
    *more[i] = 1 + below(packets);
  }
  s->ledger.frames = 4 * packets;
  s->ledger.wire_bytes = 4 * packets * 900;
  s->folded_out = packets_of(packets, 52);
  s->folded_in = packets_of(packets, 52);
  s->talkers_floor = packets * 10;
}

static void fill_head(struct summary *s, enum summary_kind kind)
{
  (void)snprintf(s->sensor, sizeof(s->sensor), "web-17.rack-4.example");
  s->kind = kind;
  s->length_ns = kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  s->start_ns = INT64_C(1790000000) / 60 * NS_PER_MINUTE;
  s->clock_offset_ns = -1234567;
  s->clock_uncertainty_ns = 250000;
  s->cpu_ns = 20 * NS_PER_MS;
  s->resident_bytes = 21 << 20;
  s->flow_table_used = LIVE_FLOWS;
  s->flow_table_slots = 65536;
}

static struct summary *make_record(enum summary_kind kind, const struct summary_sizes *sizes,
                                   unsigned v6_percent, bool is_forged)
{
  struct summary *s = summary_new(sizes);
  assert_non_null(s);
  fill_head(s, kind);
  fill_interfaces(s, 100000);
  fill_rows(s, v6_percent, is_forged);
  fill_sketches(s, LIVE_FLOWS);
  fill_counters(s, 200000, SUMMARY_DIRECTIONS * SUMMARY_PROTOCOLS);
  for (size_t i = 0; i < s->spreaders_length; i++) {
    s->spreaders[i] = (uint8_t)random_draw(&seed);
    s->victims[i] = (uint8_t)random_draw(&seed);
  }
  return s;
}

#endif
