/* SPDX-License-Identifier: Apache-2.0 */
/* `seine sensors`: every sensor: state, clock, losses, interfaces. */
#ifndef CLI_SENSORS_H
#define CLI_SENSORS_H

#include "cli/options.h"

/* Does it, and gives the exit code (enum options_exit). */
int sensors_run(const struct options *options);

#endif
