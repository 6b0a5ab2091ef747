/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks, and time and durations as text, both ways. */
#include "common/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"

/* From the largest, so that a tie in length goes to the larger unit. */
static const struct unit {
  const char *name;
  int64_t ns;
} units[] = {
    {"w", NS_PER_MINUTE * 60 * 24 * 7},
    {"d", NS_PER_MINUTE * 60 * 24},
    {"h", NS_PER_MINUTE * 60},
    {"m", NS_PER_MINUTE},
    {"s", NS_PER_S},
    {"ms", NS_PER_MS},
    {"us", 1000},
    {"ns", 1},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

/* Neither clock can fail on Linux; a zero time would be seen at once. */
static int64_t read_clock(clockid_t id)
{
  struct timespec now = {0, 0};
  (void)clock_gettime(id, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
  return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

/* C's remainder has the sign of the time: made positive, the floor is right before 1970 too. */
int64_t clock_floor_ns(int64_t time_ns, int64_t step_ns)
{
  int64_t rest = time_ns % step_ns;
  if (rest < 0) {
    rest += step_ns;
  }
  /* Only within one step of INT64_MIN is there no multiple below; the nearest above it is. */
  if (time_ns < INT64_MIN + rest) {
    return time_ns + (step_ns - rest);
  }
  return time_ns - rest;
}

/* The remainder is made positive first: -1 ns is the last millisecond of 1969. */
const char *clock_format(int64_t time_ns, char out[CLOCK_TEXT_MAX])
{
  int64_t rest_ns = time_ns % NS_PER_S;
  int64_t seconds = time_ns / NS_PER_S;
  if (rest_ns < 0) {
    rest_ns += NS_PER_S;
    seconds--;
  }
  time_t when = (time_t)seconds;
  struct tm utc;
  /* RFC 3339 has four digits for the year; other times stay readable as a number. */
  if (gmtime_r(&when, &utc) == NULL || utc.tm_year + 1900 < 1 || utc.tm_year + 1900 > 9999) {
    (void)snprintf(out, CLOCK_TEXT_MAX, "@%lld", (long long)seconds);
    return out;
  }
  size_t length = strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
  int milliseconds = (int)(rest_ns / NS_PER_MS);
  if (milliseconds != 0) {
    (void)snprintf(out + length, CLOCK_TEXT_MAX - length, ".%03dZ", milliseconds);
  } else {
    (void)snprintf(out + length, CLOCK_TEXT_MAX - length, "Z");
  }
  return out;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* The whole name or none: "s" is a unit, "sec" and "S" are not. */
static const struct unit *find_unit(const char *name)
{
  for (size_t i = 0; i < UNITS; i++) {
    if (strcmp(units[i].name, name) == 0) {
      return &units[i];
    }
  }
  return NULL;
}

/* *sum + digits * unit_ns, checked. */
static int add_digits(const char *digits, size_t length, int64_t unit_ns, int64_t *sum)
{
  int64_t value = 0;
  for (size_t i = 0; i < length; i++) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, digits[i] - '0', &value)) {
      return ERR_LIMIT;
    }
  }
  if (__builtin_mul_overflow(value, unit_ns, &value) || __builtin_add_overflow(*sum, value, sum)) {
    return ERR_LIMIT;
  }
  return 0;
}

/* Digit by digit, each worth a tenth of the one before: exact, or refused ("1.5ns"). */
static int add_fraction(const char *digits, size_t length, int64_t unit_ns, int64_t *sum)
{
  for (size_t i = 0; i < length; i++) {
    bool is_whole = unit_ns % 10 == 0;
    unit_ns /= 10;
    if (!is_whole && digits[i] != '0') {
      return ERR_MALFORMED;
    }
    int err = is_whole ? add_digits(digits + i, 1, unit_ns, sum) : 0;
    if (err != 0) {
      return err;
    }
  }
  return 0;
}

/* Not strspn with a locale, not isdigit: the ten ASCII digits. */
static size_t count_digits(const char *text)
{
  size_t n = 0;
  while (is_digit(text[n])) {
    n++;
  }
  return n;
}

/*   12 .5 m     digits, then perhaps a fraction, then a unit
 *   ^whole ^name */
int duration_parse(const char *text, int64_t *out_ns)
{
  if (strcmp(text, "0") == 0) {
    *out_ns = 0;
    return 0;
  }
  size_t whole = count_digits(text);
  const char *name = text + whole;
  size_t fraction = 0;
  if (name[0] == '.') {
    fraction = count_digits(name + 1);
    name += 1 + fraction;
    if (fraction == 0) {
      return ERR_MALFORMED;
    }
  }
  const struct unit *unit = find_unit(name);
  if (whole == 0 || unit == NULL) {
    return ERR_MALFORMED;
  }
  int64_t sum = 0;
  int err = add_digits(text, whole, unit->ns, &sum);
  if (err == 0) {
    err = add_fraction(text + whole + 1, fraction, unit->ns, &sum);
  }
  if (err == 0) {
    *out_ns = sum;
  }
  return err;
}

/* The magnitude in one unit, when it is at least one of it and needs no endless fraction. */
static bool format_in(uint64_t magnitude, const struct unit *unit, char *out, size_t size)
{
  uint64_t scale = (uint64_t)unit->ns;
  uint64_t rest = magnitude % scale;
  if (magnitude < scale) {
    return false;
  }
  int length = snprintf(out, size, "%llu", (unsigned long long)(magnitude / scale));
  size_t at = (size_t)length;
  if (rest != 0) {
    out[at++] = '.';
  }
  while (rest != 0 && at + 4 < size) {
    if (scale % 10 != 0) {
      return false;
    }
    scale /= 10;
    /* scale was a multiple of 10: it is not 0 now. */
    /* cppcheck-suppress zerodivcond */
    out[at++] = (char)('0' + rest / scale);
    rest %= scale;
  }
  (void)snprintf(out + at, size - at, "%s", unit->name);
  return rest == 0;
}

/* Eight attempts, each exact or none; the shortest wins. Negative ones exist in differences only.
 */
const char *duration_format(int64_t duration_ns, char out[DURATION_TEXT_MAX])
{
  uint64_t magnitude = (uint64_t)duration_ns;
  if (duration_ns < 0) {
    magnitude = 0 - magnitude;
  }
  char best[DURATION_TEXT_MAX - 1] = "0";
  bool has_best = false;
  for (size_t i = 0; i < UNITS; i++) {
    char text[DURATION_TEXT_MAX - 1];
    if (format_in(magnitude, &units[i], text, sizeof(text)) &&
        (!has_best || strlen(text) < strlen(best))) {
      memcpy(best, text, sizeof(best));
      has_best = true;
    }
  }
  (void)snprintf(out, DURATION_TEXT_MAX, "%s%s", duration_ns < 0 ? "-" : "", best);
  return out;
}
