/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `seine` as one table, and the way from argv into one of them. */
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
/* Refuses an operand that a command does not know: one line on standard error, naming it and the
 * nearest of n known words (may be none). Returns OPTIONS_EXIT_USAGE. */
int commands_refuse_word(const char *command, const char *word, const char *const *known, size_t n);

#endif
