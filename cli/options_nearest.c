/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that is nearest to a mistyped one. */
#include <stdint.h>
#include <string.h>

#include "cli/options.h"

#define OPTIONS_WORD_MAX 64

/* Levenshtein's distance by one row (Wagner-Fischer 1974); words longer than the room are far. */
static size_t options_distance(const char *a, const char *b)
{
  size_t n = strlen(b), row[OPTIONS_WORD_MAX + 1];
  if (n > OPTIONS_WORD_MAX || strlen(a) > OPTIONS_WORD_MAX) {
    return OPTIONS_WORD_MAX;
  }
  for (size_t j = 0; j <= n; j++) {
    row[j] = j;
  }
  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    /* corner is the distance of both words without their last letters, before row[j] is
     * overwritten. */
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      size_t best = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      best = row[j] + 1 < best ? row[j] + 1 : best;
      row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
    }
  }
  return row[n];
}

/* The nearest of all, if it is near enough; the first of equals. */
const char *options_nearest(const char *typed, const char *const *known, size_t n)
{
  const char *nearest = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    size_t distance = options_distance(typed, known[i]);
    /* A third of the word, at least two letters: "tpo" means top, "elephants" means nothing
     * here. */
    size_t bound = strlen(known[i]) / 3 > 2 ? strlen(known[i]) / 3 : 2;
    if (distance <= bound && distance < strlen(known[i]) && distance < least) {
      least = distance;
      nearest = known[i];
    }
  }
  return nearest;
}
