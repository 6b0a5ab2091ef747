/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs to the fleet, from the settings to the meter. */
#ifndef SENSOR_SENSOR_FLEET_H
#define SENSOR_SENSOR_FLEET_H

#include "common/err.h"
#include "sensor/meter.h"
#include "sensor/settings.h"

/* Gives the meter the networks that the settings name, from the next second on; none: the meter
 * stays without, and traffic is not split. ERR_NO_MEMORY with a message. */
int sensor_fleet_start(struct meter *meter, const struct sensor_settings *settings,
                       struct err_message *message);

#endif
