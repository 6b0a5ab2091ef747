/* SPDX-License-Identifier: Apache-2.0 */
/* The refusal of an operand, with the nearest known word: a slip of the finger costs one look. */
#include "cli/words.h"

#include "cli/options.h"

int words_refuse(const char *command, const char *word, const char *const *known, size_t n)
{
  /* NULL also when there are no known words: n may be 0. */
  const char *nearest = options_nearest(word, known, n);
  if (nearest != NULL) {
    output_complain("%sunknown word '%s': did you mean '%s'?", command, word, nearest);
  } else {
    output_complain("%sunknown word '%s'; 'seine help' shows what there is", command, word);
  }
  return OPTIONS_EXIT_USAGE;
}
