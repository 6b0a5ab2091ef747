/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines about strangers who were refused: they can cause them at will, so one goes out every
 * ten seconds at most, and says how many it leaves out (P2). */
#ifndef COLLECTOR_REFUSAL_LINE_H
#define COLLECTOR_REFUSAL_LINE_H

#include <stdint.h>

/* All zero at the start. */
struct refusal_line {
  int64_t next_ns; /* monotonic: when the next line may come at the earliest */
  unsigned long long unsaid;
};

/* Somebody at address was refused, whose key is not in the folder. door: "" or "feed: ". */
void refusal_line_say(struct refusal_line *line, const char *door, const char *address,
                      const char *key_text, const char *folder);

#endif
