/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor daemon: composes capture, meter, interfaces and publish on the loop. */
#ifndef SENSOR_SENSOR_H
#define SENSOR_SENSOR_H

#include "common/err.h"
#include "sensor/settings.h"

/* Runs until SIGTERM, SIGINT or (reading a file) its end and the last ACK. Returns the exit code: 0
 * good, 1 trouble (said in the log). */
int sensor_run(const struct sensor_settings *settings);

#endif
