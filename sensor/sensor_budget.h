/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor inside its limits (P10): how its memory is shared out at the start, and how many flows
 * it looks at by its CPU time, second by second. */
#ifndef SENSOR_SENSOR_BUDGET_H
#define SENSOR_SENSOR_BUDGET_H

#include <stdint.h>

#include "sensor/budget.h"
#include "sensor/meter.h"
#include "sensor/sensor_capture.h"
#include "sensor/settings.h"

struct sensor_budget {
  struct budget budget;
  int64_t cpu_ns;       /* of the process, when it was last asked */
  int64_t monotonic_ns; /* then */
};

/* Makes flow_slots and queue_bytes of the settings fit into limits.memory; says what was made
 * smaller. ERR_LIMIT with a message: not even the least fits. */
int sensor_budget_fit(struct sensor_settings *settings, struct err_message *message);
void sensor_budget_init(struct sensor_budget *budget, const struct sensor_settings *settings);
/* A second has closed: steps up or down, on all captures and in the meter, and says so once a step.
 */
void sensor_budget_second(struct sensor_budget *budget, struct taps *taps, struct meter *meter);

#endif
