/* SPDX-License-Identifier: Apache-2.0 */
/* One line -> words; words -> numbers, times and ranges. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tests/replay/scenario.h"

/* The end of a word: quoted text is one word without its quotes. */
static char *word_end(char **start)
{
  if (**start == '"') {
    (*start)++;
    return *start + strcspn(*start, "\"");
  }
  return *start + strcspn(*start, " \t\r\n");
}

size_t scenario_split(char *line, char *word[SCENARIO_WORDS_MAX])
{
  size_t count = 0;
  char *at = line;
  while (count < SCENARIO_WORDS_MAX) {
    at += strspn(at, " \t\r\n");
    if (*at == '\0' || *at == '#') {
      break;
    }
    char *end = word_end(&at);
    word[count++] = at;
    if (*end == '\0') {
      break;
    }
    *end = '\0';
    at = end + 1;
  }
  return count;
}

bool scenario_number(const char *text, uint64_t *out)
{
  char *end = NULL;
  double value = strtod(text, &end);
  static const char scales[] = "kMGT";
  if (end == text || value < 0) {
    return false;
  }
  const char *scale = *end == '\0' ? NULL : strchr(scales, *end);
  if (scale != NULL) {
    value *= pow(1000, (double)(scale - scales + 1));
    end++;
  }
  *out = (uint64_t)(value + 0.5);
  return *end == '\0';
}

bool scenario_seconds(const char *text, int64_t *out)
{
  uint64_t number = 0;
  int64_t duration = 0;
  if (strcmp(text, "end") == 0) {
    *out = SCENARIO_END;
    return true;
  }
  if (scenario_number(text, &number) && isdigit((unsigned char)text[strlen(text) - 1])) {
    *out = (int64_t)number;
    return true;
  }
  if (duration_parse(text, &duration) != 0) {
    return false;
  }
  *out = duration / NS_PER_S;
  return true;
}

bool scenario_range(const char *text, double *low, double *high)
{
  const char *dots = strstr(text, "..");
  char head[64];
  uint64_t number = 0;
  size_t length = dots == NULL ? strlen(text) : (size_t)(dots - text);
  if (length >= sizeof(head)) {
    return false;
  }
  memcpy(head, text, length);
  head[length] = '\0';
  *low = 0;
  *high = HUGE_VAL;
  if (length > 0) {
    if (!scenario_number(head, &number)) {
      return false;
    }
    *low = (double)number;
  }
  if (dots == NULL) {
    *high = *low;
    return length > 0;
  }
  if (dots[2] != '\0') {
    if (!scenario_number(dots + 2, &number)) {
      return false;
    }
    *high = (double)number;
  }
  return true;
}
