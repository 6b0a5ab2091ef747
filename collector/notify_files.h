/* SPDX-License-Identifier: Apache-2.0 */
/* The files that receivers name, for --check-config. */
#ifndef COLLECTOR_NOTIFY_FILES_H
#define COLLECTOR_NOTIFY_FILES_H

#include "collector/settings.h"

/* Whether they are there, can be read, are nobody else's to read (but ca_file), and hold what a
 * start would want of them. name stands for the configuration file, marks (may be NULL) for the
 * places in it. Adds every mistake to errors; 0 or ERR_MALFORMED. */
int notify_files_check(const struct collector_settings *settings, const char *name,
                       const struct conf_marks *marks, struct conf_errors *errors);

#endif
