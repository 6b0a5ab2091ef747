/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that is nearest to a mistyped one. */
#include <stdint.h>
#include <string.h>

#include "cli/options.h"
#include "common/edit_distance.h"

/* The nearest of all, if it is near enough; the first of equals. */
const char *options_nearest(const char *typed, const char *const *known, size_t n)
{
  const char *nearest = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(known[i]);
    size_t distance = edit_distance(typed, strlen(typed), known[i], length);
    /* A third of the word, at least two slips: "tpo" means top, "elephants" means nothing here. */
    size_t bound = length / 3 > 2 ? length / 3 : 2;
    if (distance <= bound && distance < length && distance < least) {
      least = distance;
      nearest = known[i];
    }
  }
  return nearest;
}
