/* SPDX-License-Identifier: Apache-2.0 */
/* Where a sensor's interval lies on the collector's clock (DESIGN section 3). Pure.
 *
 * Only whole intervals are shifted. A measured clock offset moves the shift when it lies more than
 * 0.75 interval away from it; without a measurement a record that ends in the future is set back so
 * that it ends now, and that shift is kept for the sensor's next records, so that one wrong clock
 * does not place two records in one second and none in the next. */
#ifndef COLLECTOR_PLACEMENT_H
#define COLLECTOR_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "proto/summary.h"

#define PLACEMENT_FUTURE_NS                                                                        \
  (2 * NS_PER_S) /* a record that ends later than that is not believed                             \
                  */
#define PLACEMENT_BAD_CLOCK_NS  (2 * NS_PER_S)
#define PLACEMENT_GOOD_CLOCK_NS NS_PER_S

/* One sensor's; all zero at the start of each boot. */
struct placement {
  int64_t second_shift; /* intervals, added to the starts of second records */
  int64_t minute_shift;
  bool is_clamped; /* the second shift was made by a clamp, not by a measurement */
};

/* The nanoseconds to add to s->start_ns for a live pipeline whose clock shows now_ns. Backlog is
 * placed by the same rules, but teaches nothing. *is_clamped tells whether the record was set back
 * from the future. */
int64_t placement_shift_ns(struct placement *placement, const struct summary *s, bool is_backlog,
                           int64_t now_ns, bool *is_clamped);

#endif
