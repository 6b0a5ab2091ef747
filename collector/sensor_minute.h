/* SPDX-License-Identifier: Apache-2.0 */
/* What one sensor saw within a short span: its second records added up, for the page about that
 * sensor. Pure; one object an answer.
 *
 *   second records -> sensor_minute_add ... -> render_sensor_minute
 *
 * Counters are sums, distinct things are united, a measure is as good as its worst second. */
#ifndef COLLECTOR_SENSOR_MINUTE_H
#define COLLECTOR_SENSOR_MINUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/summary.h"

/* One interface. compared_* are of the records in which capture and kernel can be held against each
 * other: counted by the kernel, all of the interval captured, neither filtered nor sampled. */
struct sensor_minute_interface {
  char name[SUMMARY_INTERFACE_NAME_MAX];
  bool is_up; /* in the newest record that shows it */
  bool is_filtered;
  bool has_kernel; /* in some record */
  struct summary_kernel kernel;
  uint64_t captured_packets, captured_bytes;
  uint64_t own_packets, own_bytes;
  uint64_t capture_dropped, interface_dropped;
  int64_t uncounted_ns;
  uint64_t compared_kernel, compared_seen; /* packets */
};

struct sensor_minute {
  uint64_t records;
  int64_t newest_ns; /* start of the newest record; INT64_MIN: none */
  struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  /* Of the records that split theirs (struct summary.has_fleet). */
  bool has_fleet;
  struct counts split_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  struct counts fleet_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  uint64_t ipv4_packets, ipv6_packets, fragments, non_ip_frames, tunnelled_packets, flows_new;
  struct summary_tcp tcp;
  struct summary_dns dns;
  struct summary_segments segments;
  struct summary_ledger ledger;
  uint8_t quality[SUMMARY_MEASURES];
  uint8_t sample_shift; /* the largest */
  struct hll addresses;
  bool has_sketches;
  struct hll clients, servers, services;
  uint64_t sketches_refused; /* of another seed or precision */
  uint32_t interface_count;
  struct sensor_minute_interface interface[SUMMARY_INTERFACES_MAX];
  uint64_t interfaces_refused; /* rows beyond them */
};

/* Empties it. */
void sensor_minute_init(struct sensor_minute *minute);
/* Adds a second record; the order does not matter. */
void sensor_minute_add(struct sensor_minute *minute, const struct summary *s);

#endif
