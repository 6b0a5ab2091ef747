/* SPDX-License-Identifier: Apache-2.0 */
/* Adds up the parts of a window, and counts each byte once (P1).
 *
 * The counted-once total is what fleet hosts sent, by their own sensors, plus what they received
 * from outside. A received row counts by who sent it:
 *
 *   sent by ...                                       low   high
 *   nobody of the fleet                                +     +
 *   a host whose sensor is in this window              -     -    (counted there as sent)
 *   a host whose sensor is not, or may be, a member    -     +
 *   unknown: received bytes that no row shows,         -     +
 *   or one that stands for many clients
 *
 * So low counts only what is certain, high all that is possible; they are equal when every sender
 * is known and no row was folded. Bytes that an outsider sent to an outsider through a bridge are
 * in neither. */
#include "collector/fleet_merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

/* Counters of the merge: sixteen times what is handed out keeps its error small. */
#define MERGE_COUNTERS 1024

/* All memory of a merge is taken once: a close allocates nothing, however many parts there are
 * (P5). */
struct fleet_merge {
  const struct hosts *hosts;
  struct topk *talkers;
  struct topk_item items[SUMMARY_TALKERS_MAX];
  struct hll folded;
  uint64_t refused;
  bool is_delta;
  struct fleet_window window;
};

struct fleet_merge *fleet_merge_new(const struct hosts *hosts)
{
  struct fleet_merge *merge = calloc(1, sizeof(*merge));
  if (merge == NULL) {
    return NULL;
  }
  merge->hosts = hosts;
  merge->talkers = topk_new(MERGE_COUNTERS);
  if (merge->talkers == NULL) {
    free(merge);
    return NULL;
  }
  return merge;
}

void fleet_merge_free(struct fleet_merge *merge)
{
  if (merge != NULL) {
    topk_free(merge->talkers);
    free(merge);
  }
}

uint64_t fleet_merge_refused(const struct fleet_merge *merge)
{
  return merge->refused;
}

/* Counters of the kernel where there are any: they do not miss what a capture drops. */
static uint64_t interfaces_bytes(const struct summary *s)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < s->interface_count; i++) {
    const struct summary_interface *at = &s->interfaces[i];
    bytes += at->has_kernel ? at->kernel.rx_bytes + at->kernel.tx_bytes : at->captured_bytes;
  }
  return bytes;
}

/* Frames that a sensor above its CPU limit did not look at (P2). The kernel counted them; without
 * its counters they are as many as the sampled part stands for. */
static uint64_t sampled_out(const struct summary *s)
{
  uint64_t out = 0;
  for (size_t i = 0; s->sample_shift > 0 && i < s->interface_count; i++) {
    const struct summary_interface *at = &s->interfaces[i];
    uint64_t seen = at->captured_packets + at->own_packets + at->capture_dropped;
    if (at->has_kernel && !at->is_filtered) {
      uint64_t counted = at->kernel.rx_packets + at->kernel.tx_packets;
      out += counted > seen ? counted - seen : 0;
    } else {
      double estimate = ldexp((double)at->captured_packets, s->sample_shift);
      out += estimate < (double)SUMMARY_COUNTER_MAX ? (uint64_t)estimate - at->captured_packets
                                                    : SUMMARY_COUNTER_MAX;
    }
  }
  return out;
}

/* A part without a split is in none of both sums: how much of it went to whom is not known. */
static void split_add(struct fleet_window *window, const struct summary *s)
{
  if (!s->has_fleet) {
    return;
  }
  uint64_t version = s->fleet_map_version;
  if (window->split_parts == 0 || version < window->fleet_map_low) {
    window->fleet_map_low = version;
  }
  if (version > window->fleet_map_high) {
    window->fleet_map_high = version;
  }
  window->split_parts++;
  window->is_fleet_mixed |= s->is_fleet_mixed;
  summary_traffic_add(&window->split_traffic[0][0], &s->traffic[0][0]);
  summary_traffic_add(&window->fleet_traffic[0][0], &s->fleet_traffic[0][0]);
}

/* Plain sums: the order of parts does not matter to them. */
static void counters_add(struct fleet_window *window, const struct summary *s)
{
  summary_traffic_add(&window->traffic[0][0], &s->traffic[0][0]);
  split_add(window, s);
  for (size_t i = 0; i < SUMMARY_TCP_EVENTS; i++) {
    window->tcp_events[i] += s->tcp_events[i];
  }
  window->ipv4_packets += s->ipv4_packets;
  window->ipv6_packets += s->ipv6_packets;
  window->fragments += s->fragments;
  window->non_ip_frames += s->non_ip_frames;
  window->flows_active += s->flows_active;
  window->flows_new += s->flows_new;
  window->interface_bytes += interfaces_bytes(s);
  window->sampled_out_frames += sampled_out(s);
  window->tunnelled_packets += s->tunnelled_packets;
  hist_merge(&window->packet_sizes, &s->packet_sizes);
  summary_tcp_add(&window->tcp, &s->tcp);
  summary_dns_add(&window->dns, &s->dns);
  summary_segments_add(&window->segments, &s->segments);
  summary_ledger_add(&window->ledger, &s->ledger);
  summary_quality_add(window->quality, s->quality);
  if (s->sample_shift > window->sample_shift) {
    window->sample_shift = s->sample_shift;
  }
}

/* Registers merge by maximum. A larger sketch is folded; one of another seed cannot be merged. */
static void addresses_add(struct fleet_merge *merge, const struct hll *addresses)
{
  const struct hll *from = addresses;
  if (from->precision > HLL_PRECISION_SECOND) {
    if (hll_fold(from, HLL_PRECISION_SECOND, &merge->folded) != 0) {
      merge->refused++;
      return;
    }
    from = &merge->folded;
  }
  merge->refused += hll_merge(&merge->window.addresses, from) != 0 ? 1 : 0;
}

/* Each alone: one that does not fit keeps out no other. */
void fleet_merge_sketches(struct fleet_merge *merge, struct summary_sketches *into,
                          const struct summary_sketches *from)
{
  merge->refused += hll_merge(&into->clients, &from->clients) != 0 ? 1 : 0;
  merge->refused += hll_merge(&into->servers, &from->servers) != 0 ? 1 : 0;
  merge->refused += hll_merge(&into->services, &from->services) != 0 ? 1 : 0;
  for (size_t i = 0; i < SUMMARY_ENTROPIES; i++) {
    merge->refused += entropy_merge(&into->entropy[i], &from->entropy[i]) != 0 ? 1 : 0;
  }
}

/* Parts are sorted by name. */
static bool is_present(const struct fleet_window *window, const char *sensor)
{
  /* A binary search: this is asked once for each row of each part. */
  size_t low = 0;
  size_t high = window->part_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(window->parts[middle]->sensor, sensor) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < window->part_count && strcmp(window->parts[low]->sensor, sensor) == 0;
}

/* A host that has a sensor is listed by that sensor alone; when it is missing from this window, by
 * the others, which is better than nothing. A delta leaves it to its sensor in any case. */
static bool is_listed_elsewhere(const struct fleet_merge *merge, const struct summary *s,
                                const struct addr *a)
{
  const struct host *owner = hosts_owner(merge->hosts, a);
  if (owner == NULL || strcmp(owner->name, s->sensor) == 0) {
    return false;
  }
  return merge->is_delta || is_present(&merge->window, owner->name);
}

/* A host's count must not be added up over its observers: each of them saw the same bytes (P1). */
static void talkers_add(struct fleet_merge *merge, const struct summary *s)
{
  size_t n = 0;
  /* The sensor's list is already cut to its largest; its floor bounds what the cut left out. */
  for (size_t i = 0; i < s->talker_count && n < SUMMARY_TALKERS_MAX; i++) {
    const struct summary_talker *at = &s->talkers[i];
    if (!is_listed_elsewhere(merge, s, &at->addr)) {
      uint64_t count = at->error_bytes + at->tx.bytes + at->rx.bytes;
      merge->items[n++] = (struct topk_item){at->addr, count, at->error_bytes, at->tx, at->rx};
    }
  }
  topk_merge(merge->talkers, merge->items, n, s->talkers_floor);
}

enum sender { SENDER_OUTSIDE, SENDER_COUNTED, SENDER_UNSURE };

/* A sensor that is absent from the window has counted nothing as sent in it; a delta cannot know
 * who was there. In both cases the byte may or may not be in the sum. */
static enum sender sender_of(const struct fleet_merge *merge, const struct addr *a)
{
  const struct host *owner = hosts_owner(merge->hosts, a);
  if (owner != NULL) {
    return !merge->is_delta && is_present(&merge->window, owner->name) ? SENDER_COUNTED
                                                                       : SENDER_UNSURE;
  }
  return hosts_is_outside(merge->hosts, a) ? SENDER_OUTSIDE : SENDER_UNSURE;
}

/* What a sensor's host received, by its rows. */
struct received {
  struct counts outside, unsure, shown;
};

/* One conversation of the sensor, of which one end must be its own host. */
static void row_add(const struct fleet_merge *merge, const struct host *host,
                    const struct summary_conversation *row, struct received *received)
{
  /* Many clients in one row: who of them has a sensor is not known, and they are nobody's peer.
   * What came from them stays among what no row shows. */
  if (summary_conversation_is_folded(row)) {
    return;
  }
  bool is_client = hosts_is_own(host, &row->client);
  if (is_client == hosts_is_own(host, &row->server)) {
    return; /* local or transit: in no sum of the fleet */
  }
  /* Seen from the host: what a client receives is the row's `in`, what a server receives its
   * `out`. */
  const struct counts *in = is_client ? &row->in : &row->out;
  counts_add(&received->shown, in);
  switch (sender_of(merge, is_client ? &row->server : &row->client)) {
  case SENDER_OUTSIDE:
    counts_add(&received->outside, in);
    break;
  case SENDER_UNSURE:
    counts_add(&received->unsure, in);
    break;
  case SENDER_COUNTED:
    break;
  }
}

/* certain is in both ends, possible in the upper one. */
static void bound_add(struct fleet_bound *bound, uint64_t certain, uint64_t possible)
{
  bound->low += certain;
  bound->high += certain + possible;
}

/* all - part, when rows do not claim more than there is. */
static uint64_t above(uint64_t all, uint64_t part)
{
  return all > part ? all - part : 0;
}

/* A sensor that does not know its own addresses can tell nothing of directions. */
static void total_add(struct fleet_merge *merge, const struct summary *s)
{
  struct counts tx = summary_direction_total(s, SUMMARY_TX);
  struct counts rx = summary_direction_total(s, SUMMARY_RX);
  const struct host *host = hosts_find(merge->hosts, s->sensor);
  bool knows_itself = (host != NULL && host->address_count > 0) || tx.packets + rx.packets > 0;
  if (!knows_itself) {
    return;
  }
  /* What was received and stands in no row may have come from anybody: possible, not certain. */
  struct received received = {0};
  for (size_t i = 0; host != NULL && i < s->conversation_count; i++) {
    row_add(merge, host, &s->conversations[i], &received);
  }
  struct fleet_window *window = &merge->window;
  window->has_total = true;
  bound_add(&window->total_bytes, tx.bytes + received.outside.bytes,
            received.unsure.bytes + above(rx.bytes, received.shown.bytes));
  bound_add(&window->total_packets, tx.packets + received.outside.packets,
            received.unsure.packets + above(rx.packets, received.shown.packets));
}

/* Parts come in order of sensor names, and the merges that are not commutative (Space-Saving) go in
 * that order: the same parts give the same window, bit by bit (P4). */
struct fleet_window *fleet_merge_parts(struct fleet_merge *merge, uint32_t revision,
                                       const struct summary *const *parts, size_t n,
                                       const struct summary_sketches *sketches)
{
  struct fleet_window *window = &merge->window;
  memset(window, 0, sizeof(*window));
  /* The fleet's published seed: sketches of sensors merge only when all use one. */
  hll_init(&window->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  topk_clear(merge->talkers);
  merge->is_delta = revision > 0;
  window->start_ns = parts[0]->start_ns;
  window->length_ns = parts[0]->length_ns;
  window->revision = revision;
  window->parts = parts;
  window->part_count = n;
  window->sketches = sketches;
  for (size_t i = 0; i < n; i++) {
    /* A clock that was set back brings the same second twice, in two epochs: two parts, one
     * sensor. */
    bool is_again = i > 0 && strcmp(parts[i - 1]->sensor, parts[i]->sensor) == 0;
    window->sensors_present += is_again ? 0 : 1;
    counters_add(window, parts[i]);
    addresses_add(merge, &parts[i]->addresses);
    talkers_add(merge, parts[i]);
    total_add(merge, parts[i]);
  }
  window->is_fleet_mixed |= window->fleet_map_low != window->fleet_map_high ||
                            (window->split_parts > 0 && window->split_parts < n);
  /* The largest of all parts; the floor bounds every host that is not listed. */
  window->talker_count = topk_list(merge->talkers, window->talkers, FLEET_TALKERS);
  window->talkers_floor = topk_floor(merge->talkers);
  return window;
}
