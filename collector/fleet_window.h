/* SPDX-License-Identifier: Apache-2.0 */
/* One second of the whole fleet: what fleet_merge.c makes, fleet.h hands out, and detectors, the
 * store and the answers read.
 *
 *   revision 0      the close: every record that came in time         -> detectors and history
 *   revision 1...   deltas: one late record each, of its own second   -> history alone
 *
 * A window and its deltas add up: sums of counters, sums of lows and of highs. */
#ifndef COLLECTOR_FLEET_WINDOW_H
#define COLLECTOR_FLEET_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"

#define FLEET_TALKERS 64

/* How a counted-once total stands: low == high means exact. The sums of lows and highs over windows
 * and their deltas bound the truth as well. */
struct fleet_bound {
  uint64_t low;
  uint64_t high;
};

struct fleet_window {
  int64_t start_ns, length_ns;
  uint32_t revision;         /* 0: the close; else a delta */
  uint32_t sensors_expected; /* punctual, or present */
  uint32_t sensors_present;
  double completeness_percent; /* present / expected, less what captures dropped and sampling left
                                  out */

  struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS]; /* sums of observations */
  /* Of the parts that split theirs by fleet and outside peers (has_fleet), so that both add up to
   * what those parts saw; how many they are, and of which maps. */
  struct counts fleet_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  struct counts split_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  uint32_t split_parts;
  uint64_t fleet_map_low, fleet_map_high; /* least and newest version */
  bool is_fleet_mixed;                    /* unlike versions, or parts without a split */
  /* Each byte once: what fleet hosts sent, plus what they received from outside. Bounds, as folded
   * rows cannot be told apart. Absent (has_total false) when no sensor knows its own addresses. */
  bool has_total;
  struct fleet_bound total_bytes;
  struct fleet_bound total_packets;

  uint64_t ipv4_packets, ipv6_packets, fragments, non_ip_frames;
  uint64_t tcp_events[SUMMARY_TCP_EVENTS];
  uint64_t flows_active, flows_new;
  struct summary_tcp tcp;
  struct summary_dns dns;
  struct summary_segments segments;
  uint64_t tunnelled_packets;
  struct hist packet_sizes;
  struct hll addresses; /* at HLL_PRECISION_SECOND */
  /* Distinct clients, servers, services, and entropies of all parts; NULL when none told them.
   * Borrowed until the callback returns. */
  const struct summary_sketches *sketches;
  uint8_t quality[SUMMARY_MEASURES]; /* the worst of the parts */
  uint8_t sample_shift;              /* the largest of the parts: no common factor */
  uint64_t sampled_out_frames; /* left out by sampling: by the kernel's counters, or estimated */
  struct summary_ledger ledger;
  uint64_t interface_bytes; /* kernel counters (or captured) of all interfaces, rx + tx */

  size_t talker_count; /* merged by Space-Saving; a fleet host by its own sensor's row alone */
  struct topk_item talkers[FLEET_TALKERS];
  uint64_t talkers_floor;

  /* The parts, in order of sensor names, without sketches. Borrowed until the callback returns. */
  size_t part_count;
  const struct summary *const *parts;
};

#endif
