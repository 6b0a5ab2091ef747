/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the flows the sensor may look at, by its CPU share (P10). Pure: the seconds' costs
 * come in, a step comes out.
 *
 *   shift   0: all flows   1: one in 2   2: one in 4 ...   BUDGET_SHIFT_MAX: one in 64
 *
 * Up one step after BUDGET_OVER_SECONDS seconds in a row above the limit. Down one step after a
 * while of seconds in a row that would fit in twice over: costs may double with the step, and
 * should not be above the limit again. A step down that had to be taken back doubles the while
 * (from 30 s to 16 min), so that a load just between two steps does not swing; a long peace halves
 * it again. */
#ifndef SENSOR_BUDGET_H
#define SENSOR_BUDGET_H

#include <stdint.h>

#define BUDGET_SHIFT_MAX    6
#define BUDGET_OVER_SECONDS 3

struct budget {
  uint32_t limit_percent; /* of one core; 0: no limit */
  unsigned shift;
  unsigned over, under; /* seconds in a row */
  unsigned wait;        /* seconds under the limit before a step down */
  unsigned since_down;  /* seconds since the last step down; UINT_MAX: none yet */
};

void budget_init(struct budget *budget, uint32_t limit_percent);
/* A second has passed: cpu_ns were used within elapsed_ns (of real time). Returns the step from now
 * on. Seconds without sense (elapsed_ns below 100 ms: two calls in one) change nothing. */
unsigned budget_second(struct budget *budget, int64_t cpu_ns, int64_t elapsed_ns);

#endif
