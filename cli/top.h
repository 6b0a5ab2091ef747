/* SPDX-License-Identifier: Apache-2.0 */
/* `seine top hosts|conversations|ports`: who moved the most, each byte counted once. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "cli/options.h"

/* Does it, and gives the exit code (enum options_exit). */
int top_run(const struct options *options);

/* Arrays of rows as the API and replay give them, as tables. */
void top_print_hosts(const json_t *rows, const struct output *out);
void top_print_conversations(const json_t *rows, const struct output *out);
void top_print_ports(const json_t *rows, const struct output *out);
/* The totals of a ranking: {"counted","folded","unconfirmed","error_bytes",...}. */
void top_print_totals(const json_t *totals, const struct output *out);

#endif
