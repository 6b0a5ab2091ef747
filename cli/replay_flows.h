/* SPDX-License-Identifier: Apache-2.0 */
/* --flows-csv: each flow record as a line, in the order in which they end. For programs: plain
 * integers, times in ns since 1970, no quoting (no field can hold a comma). */
#ifndef CLI_REPLAY_FLOWS_H
#define CLI_REPLAY_FLOWS_H

#include <stdbool.h>

#include "common/err.h"

struct flow_record;
struct replay_flows;

/* Whether path names a file that is read too: it would be emptied. */
bool replay_flows_is_same(const char *path, const char *capture);
/* Creates path anew with its header line. ERR_IO, ERR_NO_MEMORY; message names the path. */
int replay_flows_new(const char *path, struct replay_flows **out, struct err_message *message);
void replay_flows_add(struct replay_flows *flows, const struct flow_record *record);
/* Flushes and frees. ERR_IO: some of the lines were never written; message names the path. */
int replay_flows_close(struct replay_flows *flows, struct err_message *message);

#endif
