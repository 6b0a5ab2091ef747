/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of the pipeline: by callback, and as counters. */
#ifndef COLLECTOR_PIPELINE_SINKS_H
#define COLLECTOR_PIPELINE_SINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/alerts.h"
#include "collector/fleet_window.h"
#include "proto/summary.h"

struct pipeline_sinks {
  void *context;
  /* A closed window, or a late delta (revision > 0). */
  void (*window)(void *context, const struct fleet_window *window);
  /* A record that was applied, as placed (start_ns shifted to the collector's clock). Each exactly
   * once, second and minute records alike; a second without its sketches. */
  void (*record)(void *context, const struct summary *summary);
  /* An alert changed its state (or was born pending). */
  void (*alert)(void *context, const struct alert *alert);
};

struct pipeline_stats {
  uint64_t records, repeated, refused, late, gaps; /* gaps: sequence numbers that never came */
  uint64_t clamped; /* records from the future, set back to the collector's clock */
  uint64_t windows_closed, windows_revised;
  int64_t newest_closed_ns;    /* start of the newest closed window; INT64_MIN before */
  double completeness_percent; /* of that window */
  uint64_t alerts_refused;     /* findings that found no room among the live alerts */
  uint64_t sketches_refused;   /* of another seed or size, left out of windows */
  bool is_catching_up;         /* the collector was away: windows wait for all sensors */
};

#endif
