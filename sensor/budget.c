/* SPDX-License-Identifier: Apache-2.0 */
/* Steps up quickly, steps down slowly: a busy host is left alone first, and measured whole when it
 * is certain that this costs nothing. */
#include "sensor/budget.h"

#include <limits.h>
#include <stdbool.h>

#include "common/clock.h"

#define WAIT_LEAST 30
#define WAIT_MOST  960
/* Above the limit again so soon after a step down: that step was the cause. */
#define RELAPSE_SECONDS 20
/* A doubled cost must lie below the limit with some air: 40 % of it. */
#define CALM_PERCENT 40
#define SENSE_NS     (100 * NS_PER_MS)

void budget_init(struct budget *budget, uint32_t limit_percent)
{
  *budget =
      (struct budget){.limit_percent = limit_percent, .wait = WAIT_LEAST, .since_down = UINT_MAX};
}

/* More flows are left out. After a relapse the next try waits twice as long. */
static void step_up(struct budget *budget)
{
  if (budget->since_down < RELAPSE_SECONDS) {
    budget->wait = budget->wait < WAIT_MOST / 2 ? budget->wait * 2 : WAIT_MOST;
  }
  budget->shift++;
  budget->over = 0;
  budget->under = 0;
}

static void step_down(struct budget *budget)
{
  budget->shift--;
  budget->under = 0;
  budget->since_down = 0;
}

/* All flows again and calm for twice the wait: what was learnt of this load is forgotten by half.
 */
static void rest(struct budget *budget)
{
  if (budget->under >= 2 * budget->wait) {
    budget->wait = budget->wait / 2 > WAIT_LEAST ? budget->wait / 2 : WAIT_LEAST;
    budget->under = 0;
  }
}

unsigned budget_second(struct budget *budget, int64_t cpu_ns, int64_t elapsed_ns)
{
  if (budget->limit_percent == 0 || elapsed_ns < SENSE_NS || cpu_ns < 0) {
    return budget->shift;
  }
  double percent = 100.0 * (double)cpu_ns / (double)elapsed_ns;
  bool is_over = percent > (double)budget->limit_percent;
  bool is_calm = percent * 100.0 < (double)budget->limit_percent * CALM_PERCENT;
  budget->over = is_over ? budget->over + 1 : 0;
  budget->under = is_calm ? budget->under + 1 : 0;
  budget->since_down += budget->since_down < UINT_MAX ? 1 : 0;
  if (budget->over >= BUDGET_OVER_SECONDS && budget->shift < BUDGET_SHIFT_MAX) {
    step_up(budget);
  } else if (budget->shift > 0 && budget->under >= budget->wait) {
    step_down(budget);
  } else if (budget->shift == 0) {
    rest(budget);
  }
  return budget->shift;
}
