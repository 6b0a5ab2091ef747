/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of seine-collector, and the small jobs that are done instead of collecting
 * (--check-config, --make-key, --print-config): one job, then the end. */
#ifndef COLLECTOR_OPTIONS_H
#define COLLECTOR_OPTIONS_H

#include "collector/settings.h"

enum collector_job {
  COLLECTOR_RUN,
  COLLECTOR_CHECK_CONFIG,
  COLLECTOR_MAKE_KEY,
  COLLECTOR_PRINT_CONFIG,
  COLLECTOR_PRINT_MAN_KEYS,
};

/* Texts are borrowed from argv; NULL where not given. */
struct collector_options {
  enum collector_job job;
  const char *config;
  const char *key_file; /* of --make-key */
  const char *listen, *state_dir, *socket;
};

/* Ends the process with code 2 on a wrong word, 0 after --help and --version. */
void collector_options_parse(int argc, char **argv, struct collector_options *out);
/* Loads the file, then the options above it. Every mistake goes to standard error. settings must be
 * given to collector_settings_free in either case. */
int collector_options_settings(const struct collector_options *options,
                               struct collector_settings *settings);
/* Does a job other than COLLECTOR_RUN; returns the exit code. */
int collector_options_job(const struct collector_options *options);

#endif
