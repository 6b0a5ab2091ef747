/* SPDX-License-Identifier: Apache-2.0 */
/* One write(2) a line, so that lines of several processes on one descriptor stay whole. Text of
 * peers and files passes log_escape on its way: a line of the log is one line. */
#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"

#define TEXT_MAX     2048
#define LOG_LINE_MAX (TEXT_MAX + 64)

/* One of the two global states of the project (the other is the hash seed): set once at the start.
 */
static enum log_level log_level = LOG_LEVEL_INFO;

const char *const log_level_names[] = {"error", "warning", "info", "debug", NULL};
/* In the same order: syslog's numbers, as sd-daemon(3) reads them. */
static const int priorities[] = {3, 4, 6, 7};

void log_set_level(enum log_level level)
{
  log_level = level;
}

int log_parse_level(const char *text, enum log_level *out)
{
  for (size_t i = 0; log_level_names[i] != NULL; i++) {
    if (strcmp(log_level_names[i], text) == 0) {
      *out = (enum log_level)i;
      return 0;
    }
  }
  return ERR_NOT_FOUND;
}

/* Besides the ASCII controls, U+0080..U+009F, which a terminal obeys too. */
static bool is_control(const unsigned char *at)
{
  return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f);
}

/* tab -> \x09: four characters for one byte, so the room is asked before each */
const char *log_escape(const char *text, char *out, size_t size)
{
  size_t length = 0;
  for (const char *at = text; *at != '\0' && length + 1 < size; at++) {
    if (!is_control((const unsigned char *)at)) {
      out[length++] = *at;
      continue;
    }
    if (length + 5 > size) {
      break;
    }
    (void)snprintf(out + length, 5, "\\x%02x", (unsigned)(unsigned char)*at);
    length += 4;
  }
  out[length] = '\0';
  return out;
}

/* Two buffers on the stack and no allocation: it must work when memory is what has run out. */
void log_write(enum log_level level, const char *format, ...)
{
  if (level > log_level) {
    return;
  }
  char raw[TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(raw, sizeof(raw), format, arguments);
  va_end(arguments);
  char text[TEXT_MAX];
  (void)log_escape(raw, text, sizeof(text));

  char line[LOG_LINE_MAX];
  int length = 0;
  /* The journal has its own clock and reads the priority off the line. */
  if (getenv("JOURNAL_STREAM") != NULL) {
    length = snprintf(line, sizeof(line), "<%d>%s\n", priorities[level], text);
  } else {
    char now[CLOCK_TEXT_MAX];
    length = snprintf(line, sizeof(line), "%s %s: %s\n", clock_format(clock_now_ns(), now),
                      log_level_names[level], text);
  }
  /* Nobody is left to tell when standard error itself is gone. */
  ssize_t written = write(STDERR_FILENO, line, (size_t)length);
  (void)written;
}
