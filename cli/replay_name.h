/* SPDX-License-Identifier: Apache-2.0 */
/* From a capture file's path to a sensor's name. */
#ifndef CLI_REPLAY_NAME_H
#define CLI_REPLAY_NAME_H

#include "common/keys.h"

/* The last part of the path with what a name may not hold made '_', cut to its room; "stdin" for
 * "-", "capture" for nothing. */
void replay_name_make(const char *path, char name[KEYS_NAME_MAX]);

#endif
