/* SPDX-License-Identifier: Apache-2.0 */
/* One line at a time. */
#include "collector/refusal_line.h"

#include "common/clock.h"
#include "common/log.h"

#define LINE_NS (10 * NS_PER_S) /* a stranger who keeps knocking fills no log */

void refusal_line_say(struct refusal_line *line, const char *door, const char *address,
                      const char *key_text, const char *folder)
{
  int64_t now_ns = clock_monotonic_ns();
  if (now_ns < line->next_ns) {
    line->unsaid++;
    return;
  }
  line->next_ns = now_ns + LINE_NS;
  log_warning(
      "%srefused %s: its public key '%s' is not in %s (%llu more refused since the last line)",
      door, address, key_text, folder, line->unsaid);
  line->unsaid = 0;
}
