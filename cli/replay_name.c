/* SPDX-License-Identifier: Apache-2.0 */
/* The name of the sensor that a capture file stands for. */
#include "cli/replay_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The file's name with what a sensor's name may not hold made '_', cut to its room. */
void replay_name_make(const char *path, char name[KEYS_NAME_MAX])
{
  const char *slash = strrchr(path, '/');
  const char *base = slash != NULL ? slash + 1 : path;
  if (strcmp(path, "-") == 0) {
    base = "stdin";
  }
  snprintf(name, KEYS_NAME_MAX, "%s", *base != '\0' ? base : "capture");
  for (char *c = name; *c != '\0'; c++) {
    bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
    bool is_other = (*c >= '0' && *c <= '9') || *c == '_' || *c == '.' || *c == '-';
    if (!is_letter && (!is_other || (c == name && (*c == '.' || *c == '-')))) {
      *c = '_';
    }
  }
}
