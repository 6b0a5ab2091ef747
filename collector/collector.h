/* SPDX-License-Identifier: Apache-2.0 */
/* The collector daemon: composes bus, pipeline, store, notify and api on the loop. It knows all the
 * others; main.c alone knows it. */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

#include "collector/settings.h"

/* Runs until SIGTERM or SIGINT. Returns the exit code: 0 good, 1 trouble (said in the log). */
int collector_run(const struct collector_settings *settings);

#endif
