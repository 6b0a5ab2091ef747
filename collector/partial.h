/* SPDX-License-Identifier: Apache-2.0 */
/* Which sensors told an answer only a part: those that looked at a part of the flows (above their
 * CPU budget), and those whose capture.filter leaves packets out. Nobody multiplied what they saw,
 * and nobody knows what they did not see: no bound holds for it, so no answer may call it exact.
 * Pure. */
#ifndef COLLECTOR_PARTIAL_H
#define COLLECTOR_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"

/* Sensors that an answer names. */
#define PARTIAL_MAX 256

struct partial_sensor {
  char name[KEYS_NAME_MAX];
  uint8_t sample_shift; /* the largest; 0: all flows */
  bool is_filtered;
};

/* All zero: empty. */
struct partial {
  size_t count;
  struct partial_sensor sensor[PARTIAL_MAX]; /* in the order in which they were noted */
  bool is_cut;                               /* there were more */
};

/* Notes a sensor when it measures a part; else nothing. */
void partial_note(struct partial *partial, const char *name, uint8_t sample_shift,
                  const struct summary_interface *interfaces, size_t count);
/* Whether any sensor was noted. */
bool partial_is_any(const struct partial *partial);
/* Whether a number that was asked of this sensor may be a part; name "": of whoever saw it. */
bool partial_is_of(const struct partial *partial, const char *name);

#endif
