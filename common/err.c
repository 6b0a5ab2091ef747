/* SPDX-License-Identifier: Apache-2.0 */
/* The phrases for errors, and the one formatter of messages. */
#include "common/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* At the place of minus the number: in the order of enum err. */
static const char *const phrases[] = {
    "no error",           "truncated input", "malformed input", "limit exceeded",
    "out of memory",      "not supported",   "not found",       "input or output failed",
    "permission refused", "conflict",        "try again",       "end of input",
};

/* Numbers may come from elsewhere (a negative errno of a library): those are unknown, not out of
 * bounds. */
const char *err_text(int err)
{
  if (err > 0 || err < ERR_END) {
    return "unknown error";
  }
  return phrases[-err];
}

int err_set(struct err_message *message, int err, const char *format, ...)
{
  if (message != NULL) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message->text, sizeof(message->text), format, arguments);
    va_end(arguments);
  }
  return err;
}
