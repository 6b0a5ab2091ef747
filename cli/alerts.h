/* SPDX-License-Identifier: Apache-2.0 */
/* `seine alerts` and `seine alerts show ID`. Lists what the collector keeps, live alerts first;
 * `show` tells all that one alert carries (P7). */
#ifndef CLI_ALERTS_H
#define CLI_ALERTS_H

#include "cli/options.h"

/* Does it, and gives the exit code (enum options_exit). */
int alerts_run(const struct options *options);

/* An array of alerts as the API and replay give them, as a table. */
void alerts_print_rows(const json_t *rows, const struct output *out);

#endif
