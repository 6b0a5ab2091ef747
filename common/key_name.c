/* SPDX-License-Identifier: Apache-2.0 */
/* The rule for a sensor's name: apart from keys.c, so that the codecs need no ZeroMQ. */
#include "common/keys.h"

#include <stdbool.h>
#include <string.h>

/* ASCII by hand: isalnum would ask the locale, and names become file names and JSON. */
static bool key_name_is_good(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

/* Neither a path ("..", "a/b") nor an option ("-x") nor a hidden file can be a name. */
int keys_check_name(const char *name)
{
  size_t length = strnlen(name, KEYS_NAME_MAX);
  if (length == 0 || length == KEYS_NAME_MAX || name[0] == '.' || name[0] == '-') {
    return ERR_MALFORMED;
  }
  for (size_t i = 0; i < length; i++) {
    if (!key_name_is_good(name[i])) {
      return ERR_MALFORMED;
    }
  }
  return 0;
}
