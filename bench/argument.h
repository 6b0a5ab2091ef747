/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the programs' options. */
#ifndef BENCH_ARGUMENT_H
#define BENCH_ARGUMENT_H

#include <argp.h>
#include <stdlib.h>

/* A number from min to max; argp_error ends the program on anything else. */
static inline double argument_number(const char *text, double min, double max,
                                     struct argp_state *state)
{
  char *end = NULL;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= min && value <= max)) {
    argp_error(state, "'%s' is not a number from %g to %g", text, min, max);
  }
  return value;
}

#endif
