/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sensors, shared by hosts.c (who is who) and hosts_progress.c (how far they are). The
 * only state that the two share is here; host_move below keeps its counts true. */
#ifndef COLLECTOR_HOSTS_INTERNAL_H
#define COLLECTOR_HOSTS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/claims.h"
#include "collector/host.h"

struct hosts {
  bool is_live;
  bool is_catching_up;
  size_t max, count, capacity;
  struct host **by_name; /* ascending */
  struct host **by_id;
  struct claims *claims;
  uint64_t generation;
  /* So that a record need not look at all sensors: how many punctual ones there are, and how many
   * of them have not passed the watched end. */
  int64_t watched_ns;
  size_t punctual, behind;
};

/* The one place that changes what the two counts above are made of. */
void hosts_move(struct hosts *hosts, struct host *host, bool is_punctual, int64_t passed_ns);

#endif
