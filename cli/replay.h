/* SPDX-License-Identifier: Apache-2.0 */
/* `seine replay`: capture files through the sensor's meter and the collector's pipeline on packet
 * time, without a daemon. This is the one place that stands on both wings.
 *
 *   replay_files   captures -> meters -> records, merged by packet time
 *   replay.c       records and ticks -> the daemon's own pipeline -> windows, alerts
 *   replay_sum     records, windows, alerts -> totals, ranking
 *   replay_json    all of it -> one answer
 *   replay_print   that answer for people
 *
 * So what a replay says of a file is what the daemons would have said of the same packets (P4). */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/replay_files.h"
#include "cli/replay_sum.h"

/* One run: its steps, and what they have in common. */
struct replay {
  struct pipeline *pipeline;
  struct replay_files *files;
  struct replay_sum sum;
  struct replay_flows *flows; /* NULL without --flows-csv */
  int64_t ticked_ns;          /* the pipeline's time */
  size_t limit;               /* rows of each ranking */
  bool is_interrupted;
};

/* Does it, and gives the exit code (enum options_exit). */
int replay_run(const struct options *options);
/* The answer, seine(1) has its shape. NULL without memory. */
json_t *replay_json(const struct replay *replay);
/* The same answer for people. */
void replay_print(const json_t *answer, const struct output *out);

#endif
