/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the alerts: counted by the receivers, shown by `seine status`. */
#ifndef COLLECTOR_NOTIFY_STATS_H
#define COLLECTOR_NOTIFY_STATS_H

#include <stdint.h>

struct notify_stats {
  uint64_t sent, failed_attempts; /* since the start */
  uint64_t dead, waiting;         /* in the outbox */
  uint64_t orphaned;              /* waiting for receivers that the configuration lacks now */
  uint64_t unstored;              /* lost: the disk refused, and the room for waiting was full */
  uint64_t unsaved;               /* alerts that are in memory alone: the disk refuses them */
};

/* A receiver that fails: what it said last, and since when. Borrowed until the next event. */
struct notify_failing {
  const char *receiver;
  const char *why;
  uint64_t attempts; /* in a row */
  int64_t since_ns;
};

#endif
