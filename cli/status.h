/* SPDX-License-Identifier: Apache-2.0 */
/* `seine status`: how the fleet and the collector are. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/options.h"

/* Does it, and gives the exit code (enum options_exit). */
int status_run(const struct options *options);

#endif
