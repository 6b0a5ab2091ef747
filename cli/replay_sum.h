/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay has seen, added up for its answer: totals, minutes into a ranking, alerts. Two
 * sources: records as the meters made them (totals of the files, whatever the pipeline took), and
 * what the pipeline made of them (windows, alerts). */
#ifndef CLI_REPLAY_SUM_H
#define CLI_REPLAY_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"

struct alert;
struct fleet_window;
struct pipeline;
struct ranking;

#define REPLAY_ALERTS_MAX 10000

/* Bounds of a counted-once total over all windows; absent when no sensor knew its own addresses. */
struct replay_bounds {
  uint64_t low, high;
};

struct replay_sum {
  /* Sums over the minute records of all sensors. */
  struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  struct counts fleet_traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS];
  bool lacks_fleet; /* a record had no split: there is none of the whole */
  uint64_t ipv4_packets, ipv6_packets, fragments, non_ip_frames, tunnelled_packets;
  struct summary_tcp tcp;
  struct summary_dns dns;
  struct summary_segments segments;
  struct summary_ledger ledger;
  struct hll addresses;

  int64_t from_ns, until_ns; /* of the second records; from > until: none came */
  uint64_t flows;            /* that began */
  uint64_t refused;          /* records that the pipeline did not take */
  bool has_total;
  struct replay_bounds total_bytes, total_packets;

  const struct pipeline *pipeline;
  struct ranking *ranking;
  struct summary **minute; /* waiting until all sensors have passed them; owned */
  size_t minute_count, minute_capacity;

  struct alert *alert; /* all that fired, in that order, as they were last */
  size_t alert_count, alert_capacity;
  uint64_t alerts_omitted; /* beyond REPLAY_ALERTS_MAX */
  bool has_failed;         /* no memory for a part: the answer says it is incomplete */
};

/* pipeline (borrowed) tells whose an address is; must outlive the sum. ERR_NO_MEMORY. */
int replay_sum_init(struct replay_sum *sum, const struct pipeline *pipeline);
void replay_sum_fini(struct replay_sum *sum);
/* Every record, second and minute alike; borrowed. */
void replay_sum_record(struct replay_sum *sum, const struct summary *s);
/* Every minute that ends by now_ns is complete: into the ranking with it. INT64_MAX: all. */
void replay_sum_merged(struct replay_sum *sum, int64_t now_ns);
void replay_sum_window(struct replay_sum *sum, const struct fleet_window *window);
/* Remembers what fired; renews what it remembers already. */
void replay_sum_alert(struct replay_sum *sum, const struct alert *alert);
/* traffic[direction], fleet_traffic[direction] over all protocols; traffic[..][protocol] over all
 * directions. */
struct counts replay_sum_direction(const struct replay_sum *sum, enum summary_direction direction);
struct counts replay_sum_fleet(const struct replay_sum *sum, enum summary_direction direction);
struct counts replay_sum_protocol(const struct replay_sum *sum, enum summary_protocol protocol);

#endif
