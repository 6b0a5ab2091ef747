/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries with random content, from a seed that the test prints. */
#ifndef TESTS_UNIT_RANDOM_SUMMARY_H
#define TESTS_UNIT_RANDOM_SUMMARY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/hash.h"
#include "proto/summary.h"

/* Splitmix64: the same numbers from the same seed everywhere. */
static inline uint64_t random_draw(uint64_t *seed)
{
  *seed += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = *seed;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline uint64_t random_below(uint64_t *seed, uint64_t limit)
{
  return random_draw(seed) % limit;
}

/* SEINE_TEST_SEED, or the time; the test prints it. */
static inline uint64_t random_seed(void)
{
  const char *given = getenv("SEINE_TEST_SEED");
  return given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
}

/* Counters of every size, zero and the limit among them. */
static inline uint64_t random_counter(uint64_t *seed)
{
  switch (random_below(seed, 8)) {
  case 0:
  case 1:
    return 0;
  case 2:
    return SUMMARY_COUNTER_MAX;
  default:
    return random_draw(seed) >> (8 + random_below(seed, 56));
  }
}

static inline struct counts random_counts(uint64_t *seed)
{
  struct counts counts = {random_counter(seed), random_counter(seed), random_counter(seed)};
  return counts;
}

/* IPv4, IPv6, some of them again and again, and `::`. */
static inline struct addr random_addr(uint64_t *seed)
{
  struct addr a = {{0}};
  uint64_t kind = random_below(seed, 8);
  uint64_t bits = kind < 3 ? random_below(seed, 40) : random_draw(seed);
  if (kind == 7) {
    return a;
  }
  for (size_t i = 0; i < 8; i++) {
    a.byte[15 - i] = (uint8_t)(bits >> (8 * i));
  }
  if (kind % 2 == 0) {
    return addr_from_v4(a.byte + 12);
  }
  memcpy(a.byte, "\x20\x01\x0d\xb8", 4);
  return a;
}

static inline void random_hll(uint64_t *seed, struct hll *h)
{
  for (uint64_t i = random_below(seed, 3) * random_below(seed, 20000); i > 0; i--) {
    hll_add(h, random_draw(seed));
  }
}

static inline void random_interface(uint64_t *seed, struct summary_interface *row, size_t i,
                                    int64_t length_ns)
{
  (void)snprintf(row->name, sizeof(row->name), "eth%zu.%llu", i,
                 (unsigned long long)random_draw(seed));
  row->has_kernel = random_below(seed, 2) == 1;
  row->is_up = random_below(seed, 2) == 1;
  uint64_t *counters[] = {&row->kernel.rx_packets, &row->kernel.tx_packets, &row->kernel.rx_bytes,
                          &row->kernel.tx_bytes,   &row->kernel.rx_errors,  &row->kernel.tx_errors,
                          &row->kernel.rx_dropped, &row->kernel.tx_dropped, &row->captured_packets,
                          &row->captured_bytes,    &row->own_packets,       &row->own_bytes,
                          &row->capture_dropped,   &row->interface_dropped};
  for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
    *counters[c] = random_counter(seed);
  }
  row->speed_mbit = (uint32_t)random_draw(seed) >> random_below(seed, 32);
  row->uncounted_ns = (int64_t)random_below(seed, (uint64_t)length_ns + 1);
}

/* Times as they travel: whole units. */
static inline void random_conversation(uint64_t *seed, struct summary_conversation *row,
                                       const struct summary *s)
{
  int64_t unit = s->kind == SUMMARY_SECOND ? NS_PER_S / 1000000 : NS_PER_S / 10000;
  row->client = random_addr(seed);
  row->server = random_addr(seed);
  row->server_port = (uint16_t)random_draw(seed);
  row->protocol = (uint8_t)random_draw(seed);
  row->is_guessed = random_below(seed, 2) == 1;
  row->tcp_flags_out = (uint8_t)random_draw(seed);
  row->tcp_flags_in = (uint8_t)random_draw(seed);
  row->flows = (uint32_t)random_draw(seed);
  row->out = random_counts(seed);
  row->in = random_counts(seed);
  row->first_ns = s->start_ns + unit * ((int64_t)random_below(seed, 1000000) - 5);
  row->last_ns = row->first_ns + unit * (int64_t)random_below(seed, 1000);
  row->attempts = (uint32_t)random_counter(seed);
  row->failed = (uint32_t)random_counter(seed);
  row->retransmitted = (uint32_t)random_counter(seed);
  row->handshake_us = (uint32_t)random_counter(seed);
  row->second_max_bytes = random_counter(seed);
  row->second_min_bytes = random_counter(seed);
  row->second_p95_bytes = random_counter(seed);
}

static inline void random_head(uint64_t *seed, struct summary *s, enum summary_kind kind)
{
  (void)snprintf(s->sensor, sizeof(s->sensor), "web-%llu", (unsigned long long)random_draw(seed));
  s->kind = kind;
  s->length_ns = kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  s->start_ns = (int64_t)random_below(seed, UINT64_C(4000000000)) / 60 * NS_PER_MINUTE;
  s->clock_epoch = (uint32_t)random_draw(seed);
  s->clock_offset_ns = (int64_t)random_draw(seed) / 4;
  s->clock_uncertainty_ns = (int64_t)(random_draw(seed) >> 3);
  s->sample_shift = (uint8_t)random_below(seed, SUMMARY_SHIFT_MAX + 1);
  for (size_t i = 0; i < SUMMARY_MEASURES; i++) {
    s->quality[i] = (uint8_t)random_below(seed, 3);
  }
  hll_init(&s->addresses, kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE,
           HASH_FLEET_SEED);
  random_hll(seed, &s->addresses);
}

/* All that is a run of counters. */
static inline void random_counters(uint64_t *seed, uint64_t *counters, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    counters[i] = random_counter(seed);
  }
}
#define RANDOM_COUNTERS(seed, object)                                                              \
  random_counters(seed, (uint64_t *)(void *)&(object), sizeof(object) / sizeof(uint64_t))

static inline void random_scalars(uint64_t *seed, struct summary *s)
{
  RANDOM_COUNTERS(seed, s->traffic);
  RANDOM_COUNTERS(seed, s->tcp_events);
  RANDOM_COUNTERS(seed, s->packet_sizes);
  RANDOM_COUNTERS(seed, s->tcp);
  RANDOM_COUNTERS(seed, s->dns);
  RANDOM_COUNTERS(seed, s->segments);
  RANDOM_COUNTERS(seed, s->ledger);
  s->ledger.undecoded[SUMMARY_DECODED] = 0;
  uint64_t *counters[] = {&s->ipv4_packets,  &s->ipv6_packets,    &s->fragments,
                          &s->non_ip_frames, &s->flows_active,    &s->flows_new,
                          &s->cpu_ns,        &s->resident_bytes,  &s->tunnelled_packets,
                          &s->talkers_floor, &s->flow_table_used, &s->flow_table_slots};
  for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
    *counters[i] = random_counter(seed);
  }
  s->folded_out = random_counts(seed);
  s->folded_in = random_counts(seed);
}

/* Parts of what was sent and received; now and then none was told. */
static inline void random_fleet(uint64_t *seed, struct summary *s)
{
  s->has_fleet = random_below(seed, 4) != 0;
  if (!s->has_fleet) {
    return;
  }
  s->is_fleet_mixed = s->kind == SUMMARY_MINUTE && random_below(seed, 2) == 1;
  s->fleet_map_version = random_counter(seed);
  for (size_t way = SUMMARY_TX; way <= SUMMARY_RX; way++) {
    for (size_t p = 0; p < SUMMARY_PROTOCOLS; p++) {
      const struct counts *all = &s->traffic[way][p];
      s->fleet_traffic[way][p] =
          (struct counts){random_below(seed, all->packets + 1), random_below(seed, all->bytes + 1),
                          random_below(seed, all->payload_bytes + 1)};
    }
  }
}

static inline void random_sketches(uint64_t *seed, struct summary_sketches *sketches,
                                   enum summary_kind kind)
{
  summary_sketches_init(sketches, kind);
  random_hll(seed, &sketches->clients);
  random_hll(seed, &sketches->servers);
  random_hll(seed, &sketches->services);
  for (size_t i = 0; i < SUMMARY_ENTROPIES; i++) {
    random_counters(seed, sketches->entropy[i].bucket, sketches->entropy[i].buckets);
  }
}

static inline void random_rows(uint64_t *seed, struct summary *s)
{
  for (size_t i = 0; i < s->interface_count; i++) {
    random_interface(seed, &s->interfaces[i], i, s->length_ns);
  }
  for (size_t i = 0; i < s->talker_count; i++) {
    s->talkers[i] = (struct summary_talker){random_addr(seed), random_counter(seed),
                                            random_counts(seed), random_counts(seed)};
  }
  for (size_t i = 0; i < s->conversation_count; i++) {
    random_conversation(seed, &s->conversations[i], s);
  }
  for (size_t i = 0; i < s->first_seen_count; i++) {
    s->first_seen[i] = random_addr(seed);
  }
  for (size_t i = 0; i < s->edge_count; i++) {
    s->edges[i].client = random_addr(seed);
    s->edges[i].server = random_addr(seed);
    s->edges[i].server_port = (uint16_t)random_draw(seed);
    s->edges[i].protocol = (uint8_t)random_draw(seed);
  }
}

/* NULL without memory. */
static inline struct summary *random_summary(uint64_t *seed, enum summary_kind kind,
                                             const struct summary_sizes *sizes)
{
  struct summary *s = summary_new(sizes);
  if (s == NULL) {
    return NULL;
  }
  random_head(seed, s, kind);
  random_scalars(seed, s);
  random_fleet(seed, s);
  random_rows(seed, s);
  if (s->sketches != NULL) {
    random_sketches(seed, s->sketches, kind);
  }
  for (size_t i = 0; i < s->spreaders_length; i++) {
    s->spreaders[i] = (uint8_t)random_draw(seed);
  }
  for (size_t i = 0; i < s->victims_length; i++) {
    s->victims[i] = (uint8_t)random_draw(seed);
  }
  return s;
}

#endif
