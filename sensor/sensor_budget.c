/* SPDX-License-Identifier: Apache-2.0 */
/* Between the pure budget (sensor/budget.h) and the captures that it rules. */
#include "sensor/sensor_budget.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/memory_plan.h"
#include "sensor/self.h"

/* Program, libraries, windows and sketches of a sensor whose table is empty, measured: docs/
 * DECISIONS.md. */
#define FIXED_BYTES (UINT64_C(10) << 20)

/* The wishes are the settings' own; what the plan leaves of them is written back. */
int sensor_budget_fit(struct sensor_settings *settings, struct err_message *message)
{
  struct memory_plan plan = {
      .limit_bytes = (uint64_t)settings->memory_max_bytes,
      .fixed_bytes = FIXED_BYTES,
      .flow_slot_bytes = meter_slot_bytes(),
      .flow_slots = (uint64_t)settings->flow_slots,
      .queue_bytes = (uint64_t)settings->queue_bytes,
  };
  int result = memory_plan_fit(&plan, message);
  if (result > 0) {
    log_warning("limits.memory: flows.slots %lld and queue %lld bytes do not fit: %llu and %llu",
                (long long)settings->flow_slots, (long long)settings->queue_bytes,
                (unsigned long long)plan.flow_slots, (unsigned long long)plan.queue_bytes);
  }
  if (result >= 0) {
    settings->flow_slots = (int64_t)plan.flow_slots;
    settings->queue_bytes = (int64_t)plan.queue_bytes;
  }
  return result < 0 ? result : 0;
}

void sensor_budget_init(struct sensor_budget *budget, const struct sensor_settings *settings)
{
  budget_init(&budget->budget, (uint32_t)settings->cpu_percent_max);
  budget->cpu_ns = self_cpu_ns();
  budget->monotonic_ns = clock_monotonic_ns();
}

/* Up is a warning, since answers are coarser from here on; down is news only. */
static void say_step(const struct budget *budget, unsigned before, double percent)
{
  enum log_level level = budget->shift > before ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
  if (budget->shift == 0) {
    log_write(level, "CPU %.1f %% of a core, limit %u %%: all flows are measured again", percent,
              budget->limit_percent);
  } else {
    log_write(level,
              "CPU %.1f %% of a core, limit %u %%: flows of one address pair in %u are "
              "measured",
              percent, budget->limit_percent, 1U << budget->shift);
  }
}

/* Time is read here and not handed in: CPU and real time must be of the same moment. */
void sensor_budget_second(struct sensor_budget *budget, struct taps *taps, struct meter *meter)
{
  int64_t cpu_ns = self_cpu_ns();
  int64_t monotonic_ns = clock_monotonic_ns();
  int64_t used_ns = cpu_ns - budget->cpu_ns;
  int64_t elapsed_ns = monotonic_ns - budget->monotonic_ns;
  budget->cpu_ns = cpu_ns;
  budget->monotonic_ns = monotonic_ns;
  unsigned before = budget->budget.shift;
  unsigned shift = budget_second(&budget->budget, used_ns, elapsed_ns);
  if (shift != before) {
    /* Where nothing can be sampled records must not say that they were. */
    if (taps_set_sampling(taps, shift)) {
      say_step(&budget->budget, before, 100.0 * (double)used_ns / (double)elapsed_ns);
      meter_set_sampling(meter, shift);
    }
  }
}
