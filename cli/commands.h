/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `seine` as one table, and the way from argv into one of them. A command is a row
 * of the table, a file of its own with one function NAME_run, and the bits of the options that it
 * takes: parser, help and refusals follow from these. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

struct command {
  const char *name;
  const char *operands; /* as the usage line shows them; "" none */
  const char *help;     /* one line */
  unsigned options;     /* enum options_bit: those it takes */
  /* Does it, and gives the exit code (enum options_exit). options->word[0] is the name. */
  int (*run)(const struct options *options);
};

extern const struct command commands_table[];
extern const size_t commands_count;

/* All of main(): parses, finds the command, runs it, flushes. Returns the exit code. */
int commands_main(int argc, char **argv);

#endif
