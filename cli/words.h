/* SPDX-License-Identifier: Apache-2.0 */
/* Operands that nobody knows: how a command refuses one. Below the commands, which all use it, so
 * that none of them needs to know the table that they stand in. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stddef.h>

/* One line on standard error, naming the word and the nearest of n known ones (there may be none).
 * command stands in front of it: "top: ", or "". Returns OPTIONS_EXIT_USAGE. */
int words_refuse(const char *command, const char *word, const char *const *known, size_t n);

#endif
