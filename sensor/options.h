/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of seine-sensor (argp). */
#ifndef SENSOR_OPTIONS_H
#define SENSOR_OPTIONS_H

#include "sensor/settings.h"

enum options_action { OPTIONS_RUN, OPTIONS_DONE };

/* Parses argv and fills settings (the file, then the options over it). OPTIONS_DONE: an action such
 * as
 * --check-config was carried out, or a mistake was said; *exit_code tells (0 good, 1 trouble, 2
 * usage). settings must be given to sensor_settings_free in either case. */
enum options_action options_parse(int argc, char **argv, struct sensor_settings *settings,
                                  int *exit_code);

#endif
