/* SPDX-License-Identifier: Apache-2.0 */
/* `seine sensors NAME`: one sensor on a page: who it is, how it is, and what it saw and lost in the
 * last minute. */
#ifndef CLI_SENSOR_PAGE_H
#define CLI_SENSOR_PAGE_H

#include "cli/options.h"

/* word[1] is the name. Exit code: 1 when the sensor is silent or not known; 2 for what cannot be a
 * name. */
int sensor_page_run(const struct options *options);

#endif
