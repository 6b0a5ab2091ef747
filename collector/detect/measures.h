/* SPDX-License-Identifier: Apache-2.0 */
/* Metric x scope: what a threshold rule reads off a window. */
#ifndef COLLECTOR_DETECT_MEASURES_H
#define COLLECTOR_DETECT_MEASURES_H

#include <stdbool.h>

#include "collector/fleet.h"
#include "collector/settings.h"

/* What a rule looks at: the window, and within it a sensor's part, an interface or a host, as the
 * scope needs. */
struct measure_subject {
  const struct fleet_window *window;
  const struct summary *part;                /* sensor, interface */
  const struct summary_interface *interface; /* interface */
  const struct topk_item *talker;            /* host */
};

/* "bytes/s", "drops/s", "flows" ... */
const char *measure_unit(enum rule_metric metric);
/* Whether hosts and conversations have shares in it (bytes and packets). */
bool measure_is_traffic(enum rule_metric metric);
/* The value in its unit; false when the metric does not exist in the scope. */
bool measure_read(enum rule_metric metric, enum rule_scope scope,
                  const struct measure_subject *subject, double *value);
/* The metric's part of a host's or a conversation's counters: bytes or packets a second. */
double measure_counts(enum rule_metric metric, const struct fleet_window *window,
                      const struct counts *a, const struct counts *b);

#endif
