/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and sizes as text, strictly: what is not wholly a number is none. "10s" for a count, " 5"
 * or "1,000" are refused, since every tolerant reading guesses at what was meant. */
#include "common/conf_number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define DIGITS "0123456789"

/* From the largest: the first that divides is the shortest to write. */
static const struct unit {
  const char *name;
  int64_t bytes;
} units[] = {
    {"TiB", INT64_C(1) << 40},   {"TB", INT64_C(1000000000000)}, {"GiB", INT64_C(1) << 30},
    {"GB", INT64_C(1000000000)}, {"MiB", INT64_C(1) << 20},      {"MB", INT64_C(1000000)},
    {"KiB", INT64_C(1) << 10},   {"kB", INT64_C(1000)},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

/* 8388608 -> "8 MiB", 1000000 -> "1 MB", 1500 -> "1500" */
const char *conf_format_bytes(int64_t bytes, char *out, size_t size)
{
  for (size_t i = 0; i < UNITS; i++) {
    if (bytes != 0 && bytes % units[i].bytes == 0) {
      (void)snprintf(out, size, "%lld %s", (long long)(bytes / units[i].bytes), units[i].name);
      return out;
    }
  }
  (void)snprintf(out, size, "%lld", (long long)bytes);
  return out;
}

/* A negative number is built from below, so that INT64_MIN is one like any other. */
int conf_parse_whole(const char *text, int64_t *out)
{
  bool is_negative = text[0] == '-';
  const char *at = text + (is_negative ? 1 : 0);
  int64_t value = 0;
  if (*at == '\0' || at[strspn(at, DIGITS)] != '\0') {
    return ERR_MALFORMED;
  }
  for (; *at != '\0'; at++) {
    int64_t digit = is_negative ? '0' - *at : *at - '0';
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value)) {
      return ERR_LIMIT;
    }
  }
  *out = value;
  return 0;
}

/* strtod obeys LC_NUMERIC, which no program of ours sets: the point is always '.'. */
int conf_parse_number(const char *text, double *out)
{
  char *end = NULL;
  /* Keeps out what strtod would take as well: spaces, hexadecimal, "inf", "nan". */
  if (text[0] == '\0' || text[strspn(text, DIGITS "+-.eE")] != '\0') {
    return ERR_MALFORMED;
  }
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(value)) {
    return ERR_MALFORMED;
  }
  *out = value;
  return 0;
}

/* "", k, M, G, T, each with B or without, with i before the B for powers of 1024. 0: none. */
static int64_t unit_of(const char *name)
{
  static const char letters[] = "kMGT";
  if (strcmp(name, "") == 0 || strcmp(name, "B") == 0) {
    return 1;
  }
  const char *letter = strchr(letters, name[0] == 'K' ? 'k' : name[0]);
  if (letter == NULL) {
    return 0;
  }
  const char *rest = name + 1;
  int64_t step = *rest == 'i' ? 1024 : 1000;
  rest += *rest == 'i';
  rest += *rest == 'B';
  if (*rest != '\0') {
    return 0;
  }
  int64_t unit = 1;
  for (const char *at = letters; at <= letter; at++) {
    unit *= step;
  }
  return unit;
}

/* No fractions: "0.5 GB" would have to say in which system it is half. */
int conf_parse_bytes(const char *text, int64_t *out)
{
  char digits[24];
  size_t length = strspn(text, DIGITS);
  if (length == 0 || length >= sizeof(digits)) {
    return ERR_MALFORMED;
  }
  memcpy(digits, text, length);
  digits[length] = '\0';
  const char *name = text + length + strspn(text + length, " ");
  int64_t value = 0;
  int64_t unit = unit_of(name);
  if (unit == 0 || conf_parse_whole(digits, &value) != 0 ||
      __builtin_mul_overflow(value, unit, &value)) {
    return ERR_MALFORMED;
  }
  *out = value;
  return 0;
}
