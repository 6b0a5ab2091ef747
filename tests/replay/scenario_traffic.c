/* SPDX-License-Identifier: Apache-2.0 */
/* What a sensor says of one second, made from the actions of a scenario. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr_set.h"
#include "common/clock.h"
#include "common/hash.h"
#include "tests/replay/scenario.h"

#define SEEN_MAX 65536
/* The ordinary mixture: two small packets in five, the rest nearly full. */
#define SMALL_BYTES 60
#define LARGE_BYTES 1400
#define MEAN_BYTES  864

struct traffic {
  const struct scenario *scenario;
  struct addr_set *seen[SCENARIO_SENSORS_MAX];
  uint32_t strangers;
  struct summary record;
  struct summary_interface interface[SUMMARY_INTERFACES_MAX];
  struct summary_talker talker[SUMMARY_TALKERS_MAX];
  struct summary_conversation conversation[SUMMARY_SECOND_ROWS_MAX];
  struct addr first_seen[SUMMARY_FIRST_SEEN_MAX];
};

struct traffic *traffic_new(const struct scenario *scenario)
{
  struct traffic *traffic = calloc(1, sizeof(*traffic));
  if (traffic == NULL) {
    return NULL;
  }
  traffic->scenario = scenario;
  for (size_t i = 0; i < scenario->sensor_count; i++) {
    traffic->seen[i] = addr_set_new(SEEN_MAX);
  }
  return traffic;
}

void traffic_free(struct traffic *traffic)
{
  for (size_t i = 0; i < SCENARIO_SENSORS_MAX; i++) {
    addr_set_free(traffic->seen[i]);
  }
  free(traffic);
}

struct addr traffic_address(size_t sensor)
{
  const uint8_t bytes[4] = {10, 0, 0, (uint8_t)(sensor + 1)};
  return addr_from_v4(bytes);
}

bool action_is_on(const struct action *action, int64_t second)
{
  return second >= action->from && second < action->to &&
         (second - action->from) % action->every == 0;
}

/* A host's part of the second; whom the sensor never met goes into first_seen. */
static void talker_add(struct traffic *traffic, size_t sensor, const struct addr *a,
                       const struct counts *tx, const struct counts *rx)
{
  struct summary *s = &traffic->record;
  bool is_new = false;
  size_t i = 0;
  while (i < s->talker_count && !addr_equal(&s->talkers[i].addr, a)) {
    i++;
  }
  if (i == s->talker_count && s->talker_count < SUMMARY_TALKERS_MAX) {
    s->talkers[s->talker_count++] = (struct summary_talker){.addr = *a};
  }
  if (i < s->talker_count) {
    counts_add(&s->talkers[i].tx, tx);
    counts_add(&s->talkers[i].rx, rx);
  }
  hll_add(&s->addresses, hash_addr(HASH_FLEET_SEED, a));
  if (addr_set_add(traffic->seen[sensor], a, 0, &is_new) == 0 && is_new &&
      s->first_seen_count < SUMMARY_FIRST_SEEN_MAX) {
    s->first_seen[s->first_seen_count++] = *a;
  }
}

/* One service's traffic of the second: out from the client, in from the server. */
static void exchange(struct traffic *traffic, size_t sensor, const struct addr *client,
                     const struct addr *server, const struct counts *out, const struct counts *in)
{
  struct summary *s = &traffic->record;
  struct addr own = traffic_address(sensor);
  bool is_server = addr_equal(&own, server);
  const struct counts *tx = is_server ? in : out;
  const struct counts *rx = is_server ? out : in;
  counts_add(&s->traffic[SUMMARY_TX][SUMMARY_TCP], tx);
  counts_add(&s->traffic[SUMMARY_RX][SUMMARY_TCP], rx);
  s->ipv4_packets += tx->packets + rx->packets;
  s->ledger.frames += tx->packets + rx->packets;
  s->ledger.wire_bytes += tx->bytes + rx->bytes;
  talker_add(traffic, sensor, client, out, in);
  talker_add(traffic, sensor, server, in, out);
  for (size_t i = 0; i < s->conversation_count; i++) {
    struct summary_conversation *row = &s->conversations[i];
    if (addr_equal(&row->client, client) && addr_equal(&row->server, server)) {
      counts_add(&row->out, out);
      counts_add(&row->in, in);
      row->flows++;
      return;
    }
  }
  if (s->conversation_count == SUMMARY_SECOND_ROWS_MAX) {
    s->ledger.rows_folded++;
    counts_add(&s->folded_out, out);
    counts_add(&s->folded_in, in);
    return;
  }
  s->conversations[s->conversation_count++] =
      (struct summary_conversation){.client = *client,
                                    .server = *server,
                                    .server_port = 443,
                                    .protocol = 6,
                                    .flows = 1,
                                    .out = *out,
                                    .in = *in,
                                    .first_ns = s->start_ns,
                                    .last_ns = s->start_ns + s->length_ns - 1};
}

/* Packets of the mixture, or spread evenly over the action's sizes. */
static void sizes_add(struct summary *s, const struct action *action, uint64_t packets)
{
  if (action->size_high == 0) {
    s->packet_sizes.bucket[hist_bucket(SMALL_BYTES)] += packets * 2 / 5;
    s->packet_sizes.bucket[hist_bucket(LARGE_BYTES)] += packets - packets * 2 / 5;
    return;
  }
  uint64_t spread = action->size_high - action->size_low + 1;
  for (uint64_t i = 0; i < packets; i++) {
    hist_add(&s->packet_sizes, (uint32_t)(action->size_low + i * 7919 % spread));
  }
}

/* The action's bytes in this second, shaken by its `vary` percent. */
static uint64_t bytes_of(const struct action *action, size_t sensor, int64_t second)
{
  int64_t key[3] = {second, (int64_t)sensor, action->line};
  uint64_t mean = action->size_high == 0 ? MEAN_BYTES : (action->size_low + action->size_high) / 2;
  uint64_t bytes = action->bytes != 0 ? action->bytes : action->packets * mean;
  double part = (double)(hash_seeded(7, key, sizeof(key)) % 2001) / 1000.0 - 1.0;
  return (uint64_t)((double)bytes * (1.0 + part * (double)action->vary / 100.0));
}

static uint64_t packets_of(const struct action *action, uint64_t bytes)
{
  uint64_t mean = action->size_high == 0 ? MEAN_BYTES : (action->size_low + action->size_high) / 2;
  if (action->packets != 0) {
    return action->packets;
  }
  return bytes / mean > 0 ? bytes / mean : 1;
}

/* `peers` clients from outside share the bytes: a tenth comes in, the rest goes out. */
static void flows_add(struct traffic *traffic, const struct action *action, int64_t second)
{
  struct summary *s = &traffic->record;
  uint64_t bytes = bytes_of(action, action->sensor, second);
  uint64_t packets = packets_of(action, bytes);
  uint64_t peers = action->peers > 0 ? action->peers : 1;
  struct addr own = traffic_address(action->sensor);
  for (uint64_t i = 0; i < peers; i++) {
    const uint8_t text[4] = {203, 0, (uint8_t)(113 + i / 250), (uint8_t)(i % 250 + 1)};
    struct addr peer = addr_from_v4(text);
    /* The first peer takes what does not divide. */
    uint64_t b = bytes / peers + (i == 0 ? bytes % peers : 0);
    uint64_t p = packets / peers + (i == 0 ? packets % peers : 0);
    struct counts out = {p / 3, b / 10, 0};
    struct counts in = {p - p / 3, b - b / 10, 0};
    exchange(traffic, action->sensor, &peer, &own, &out, &in);
  }
  sizes_add(s, action, packets);
  s->flows_active += action->flows;
  s->tcp_events[SUMMARY_TCP_SYN] += action->syn;
}

/* The same bytes, seen by the sender's sensor and by the receiver's. */
static void sends_add(struct traffic *traffic, const struct action *action, size_t sensor,
                      int64_t second)
{
  uint64_t bytes = bytes_of(action, action->sensor, second);
  struct addr from = traffic_address(action->sensor);
  struct addr to = traffic_address(action->other);
  struct counts out = {packets_of(action, bytes), bytes, 0};
  exchange(traffic, sensor, &from, &to, &out, &(struct counts){0});
  sizes_add(&traffic->record, action, out.packets);
  traffic->record.flows_active++;
}

/* One small packet from each. Strangers have numbers of their own, so that none comes twice. */
static void meets_add(struct traffic *traffic, const struct action *action)
{
  struct addr own = traffic_address(action->sensor);
  uint64_t bytes = action->bytes > 0 ? action->bytes : 100;
  struct counts out = {1, bytes, 0};
  for (uint64_t i = 0; i < (action->has_addr ? 1 : action->count); i++) {
    uint32_t n = traffic->strangers;
    const uint8_t text[4] = {100, (uint8_t)(64 + n / 62500), (uint8_t)(n / 250 % 250),
                             (uint8_t)(n % 250 + 1)};
    struct addr stranger = action->has_addr ? action->addr : addr_from_v4(text);
    traffic->strangers += action->has_addr ? 0 : 1;
    exchange(traffic, action->sensor, &stranger, &own, &out, &(struct counts){0});
    sizes_add(&traffic->record, action, 1);
  }
}

static struct summary_interface *interface_at(struct summary *s, const char *name)
{
  for (size_t i = 0; i < s->interface_count; i++) {
    if (strcmp(s->interfaces[i].name, name) == 0) {
      return &s->interfaces[i];
    }
  }
  struct summary_interface *made = &s->interfaces[s->interface_count++];
  *made = (struct summary_interface){.has_kernel = true, .is_up = true};
  (void)snprintf(made->name, sizeof(made->name), "%s", name);
  return made;
}

/* eth0 carries what the sensor saw; the kernel's counters agree with it unless told otherwise. */
static void interfaces_set(struct traffic *traffic, size_t sensor, int64_t second)
{
  struct summary *s = &traffic->record;
  struct summary_interface *main = interface_at(s, "eth0");
  main->captured_packets = s->ledger.frames;
  main->captured_bytes = s->ledger.wire_bytes;
  main->capture_dropped = s->ledger.capture_dropped;
  main->kernel.rx_packets = s->ledger.frames + s->ledger.capture_dropped;
  main->kernel.rx_bytes = s->ledger.wire_bytes;
  for (size_t i = 0; i < traffic->scenario->action_count; i++) {
    const struct action *action = &traffic->scenario->action[i];
    if (action->verb != VERB_INTERFACE || action->sensor != sensor ||
        !action_is_on(action, second)) {
      continue;
    }
    struct summary_interface *at = interface_at(s, action->interface);
    at->is_up = !action->is_down;
    at->kernel.rx_bytes += bytes_of(action, sensor, second);
    at->kernel.rx_packets += action->packets;
    at->kernel.rx_dropped += action->drops;
    at->kernel.rx_errors += action->errors;
    at->captured_packets = action->is_blind ? 0 : at->captured_packets + action->packets;
    at->captured_bytes = action->is_blind ? 0 : at->captured_bytes + action->bytes;
    s->sample_shift = action->is_sampled ? 1 : s->sample_shift;
  }
}

static void record_begin(struct traffic *traffic, size_t sensor, int64_t second)
{
  struct summary *s = &traffic->record;
  summary_init(s);
  (void)snprintf(s->sensor, sizeof(s->sensor), "%s", traffic->scenario->sensor[sensor]);
  s->kind = SUMMARY_SECOND;
  s->start_ns = SCENARIO_BASE_NS + second * NS_PER_S;
  s->length_ns = NS_PER_S;
  hll_init(&s->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  s->interfaces = traffic->interface;
  s->talkers = traffic->talker;
  s->conversations = traffic->conversation;
  s->first_seen = traffic->first_seen;
}

const struct summary *traffic_record(struct traffic *traffic, size_t sensor, int64_t second)
{
  record_begin(traffic, sensor, second);
  for (size_t i = 0; i < traffic->scenario->action_count; i++) {
    const struct action *action = &traffic->scenario->action[i];
    bool is_other = action->verb == VERB_SENDS && action->other == sensor;
    if ((action->sensor != sensor && !is_other) || !action_is_on(action, second)) {
      continue;
    }
    if (action->verb == VERB_FLOWS) {
      flows_add(traffic, action, second);
    } else if (action->verb == VERB_SENDS) {
      sends_add(traffic, action, sensor, second);
    } else if (action->verb == VERB_MEETS) {
      meets_add(traffic, action);
    } else if (action->verb == VERB_DROPS) {
      traffic->record.ledger.capture_dropped += action->drops;
    }
  }
  interfaces_set(traffic, sensor, second);
  return &traffic->record;
}
