/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and words for people. Rounding never flatters: percent is rounded down, counts are
 * exact, and a prefix is chosen after rounding, so that no number reads as another one. */
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/fold.h"
#include "common/clock.h"
#include "common/err.h"

/* The longest line is an alert's sentence with its names. */
#define OUTPUT_LINE_MAX 2048

/* SGR codes of ECMA-48 that every terminal since the VT100 knows. */
static const char *const output_tone_codes[] = {
    [OUTPUT_PLAIN] = "",        [OUTPUT_BOLD] = "\033[1m", [OUTPUT_GOOD] = "\033[32m",
    [OUTPUT_WARN] = "\033[33m", [OUTPUT_BAD] = "\033[31m",
};

/* No terminal: no width, no colour, no screen; everything else follows from these three. */
void output_init(struct output *out, FILE *file)
{
  *out = (struct output){.file = file};
  struct winsize size;
  if (isatty(fileno(file)) == 0) {
    return;
  }
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0) {
    out->width = size.ws_col;
    out->height = size.ws_row;
  }
  /* https://no-color.org: set and not empty. */
  const char *no_color = getenv("NO_COLOR");
  const char *term = getenv("TERM");
  out->has_color =
      (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

/* Three digits: "1.23", "12.3", "123". The limits lie where rounding would add a digit: 9.995 reads
 * "10.0". */
static int output_digits(double value)
{
  double size = fabs(value);
  if (size < 9.995) {
    return 2;
  }
  return size < 99.95 ? 1 : 0;
}

/* Divides by 1000 while that leaves at least 1 after rounding; returns the prefix. */
static const char *output_scale(double *value)
{
  static const char *const prefix[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t i = 0;
  while (fabs(*value) >= 999.5 && i + 1 < sizeof prefix / sizeof prefix[0]) {
    *value /= 1000;
    i++;
  }
  return prefix[i];
}

/* Powers of 1000, as links and disks are sold; the prefix is chosen after rounding, so that 999,500
 * reads "1.00 MB" and never "1000 kB". */
const char *output_bytes(const struct output *out, uint64_t bytes, char text[OUTPUT_TEXT_MAX])
{
  double value = out->is_bits ? 8 * (double)bytes : (double)bytes;
  const char *prefix = output_scale(&value);
  int digits = *prefix == '\0' ? 0 : output_digits(value);
  snprintf(text, OUTPUT_TEXT_MAX, "%.*f %s%s", digits, value, prefix, out->is_bits ? "bit" : "B");
  return text;
}

/* Counts stay exact: grouped, never rounded. */
const char *output_count(uint64_t count, char text[OUTPUT_TEXT_MAX])
{
  char plain[24];
  int length = snprintf(plain, sizeof plain, "%" PRIu64, count);
  char *to = text;
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) {
      *to++ = ',';
    }
    *to++ = plain[i];
  }
  *to = '\0';
  return text;
}

/* The unit is the detector's own word, so it is cleaned like all text from afar. */
const char *output_value(double value, const char *unit, char text[OUTPUT_TEXT_MAX])
{
  char cleaned[OUTPUT_TEXT_MAX / 2];
  output_clean(unit, cleaned, sizeof cleaned);
  const char *prefix = output_scale(&value);
  int digits = *prefix == '\0' && value == floor(value) ? 0 : output_digits(value);
  snprintf(text, OUTPUT_TEXT_MAX, "%.*f%s%s%s%s", digits, value, *prefix != '\0' ? " " : "", prefix,
           *cleaned != '\0' ? " " : "", cleaned);
  return text;
}

/* 99.996 % is "99.99 %". */
const char *output_percent(double percent, char text[OUTPUT_TEXT_MAX])
{
  if (percent >= 100) {
    snprintf(text, OUTPUT_TEXT_MAX, "100 %%");
  } else {
    /* Rounded down, so that a loss never reads as none. */
    snprintf(text, OUTPUT_TEXT_MAX, "%.2f %%", floor(percent * 100) / 100);
  }
  return text;
}

/* The two largest units are what a person reads. */
const char *output_span(int64_t span_ns, char text[OUTPUT_TEXT_MAX])
{
  int64_t s = span_ns / NS_PER_S;
  if (s < 60) {
    double seconds = (double)span_ns / (double)NS_PER_S;
    snprintf(text, OUTPUT_TEXT_MAX, "%.*f s", seconds == floor(seconds) ? 0 : 1, seconds);
  } else if (s < 3600) {
    snprintf(text, OUTPUT_TEXT_MAX, "%" PRId64 "m %02" PRId64 "s", s / 60, s % 60);
  } else if (s < 86400) {
    snprintf(text, OUTPUT_TEXT_MAX, "%" PRId64 "h %02" PRId64 "m", s / 3600, s / 60 % 60);
  } else {
    snprintf(text, OUTPUT_TEXT_MAX, "%" PRId64 "d %02" PRId64 "h", s / 86400, s / 3600 % 24);
  }
  return text;
}

/* A time that the calendar cannot say stands as "@seconds". */
const char *output_time(const struct output *out, int64_t time_ns, char text[OUTPUT_TEXT_MAX])
{
  time_t seconds = (time_t)(clock_floor_ns(time_ns, NS_PER_S) / NS_PER_S);
  struct tm parts;
  size_t length = 0;
  if (out->is_local_time && localtime_r(&seconds, &parts) != NULL) {
    length = strftime(text, OUTPUT_TEXT_MAX, "%Y-%m-%d %H:%M:%S %Z", &parts);
  } else if (!out->is_local_time && gmtime_r(&seconds, &parts) != NULL) {
    /* glibc would name the zone of gmtime_r "GMT". */
    length = strftime(text, OUTPUT_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC", &parts);
  }
  if (length == 0) {
    snprintf(text, OUTPUT_TEXT_MAX, "@%" PRId64, (int64_t)seconds);
  }
  return text;
}

/* Only what clock_format writes: UTC with Z, a fraction of any length up to ns. */
int output_parse_time(const char *rfc3339, int64_t *out_ns)
{
  struct tm parts = {0};
  const char *rest = strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == NULL) {
    return ERR_MALFORMED;
  }
  int64_t fraction_ns = 0;
  if (*rest == '.') {
    rest++;
    for (int64_t unit = NS_PER_S / 10; *rest >= '0' && *rest <= '9'; unit /= 10, rest++) {
      fraction_ns += (*rest - '0') * unit;
    }
  }
  if (strcmp(rest, "Z") != 0) {
    return ERR_MALFORMED;
  }
  int64_t seconds = timegm(&parts);
  if (seconds > INT64_MAX / NS_PER_S - 1 || seconds < INT64_MIN / NS_PER_S + 1) {
    return ERR_MALFORMED;
  }
  *out_ns = seconds * NS_PER_S + fraction_ns;
  return 0;
}

const char *output_span_between(const char *from, const char *until, char text[OUTPUT_TEXT_MAX])
{
  int64_t from_ns, until_ns;
  if (output_parse_time(from, &from_ns) != 0 || output_parse_time(until, &until_ns) != 0) {
    return NULL;
  }
  return output_span(until_ns > from_ns ? until_ns - from_ns : 0, text);
}

/* What is no time came from afar: shown, but cleaned. */
const char *output_time_text(const struct output *out, const char *rfc3339,
                             char text[OUTPUT_TEXT_MAX])
{
  int64_t time_ns;
  if (rfc3339 == NULL) {
    snprintf(text, OUTPUT_TEXT_MAX, "-");
  } else if (output_parse_time(rfc3339, &time_ns) == 0) {
    output_time(out, time_ns, text);
  } else {
    output_clean(rfc3339, text, OUTPUT_TEXT_MAX);
  }
  return text;
}

/* C1 controls come as two bytes in UTF-8 (C2 80 .. C2 9F); a byte of that range elsewhere is part
 * of a letter and stays. */
const char *output_clean(const char *from, char *text, size_t size)
{
  size_t n = 0;
  /* UTF-8 otherwise passes: names may have letters of any language. */
  for (const unsigned char *c = (const unsigned char *)from; *c != '\0' && n + 1 < size; c++) {
    if (*c < 0x20 || *c == 0x7f) {
      text[n++] = '?';
    } else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
      /* A C1 control as UTF-8: some terminals obey those as well. */
      text[n++] = '?';
      c++;
    } else {
      text[n++] = (char)*c;
    }
  }
  if (size > 0) {
    text[n] = '\0';
  }
  return text;
}

/* Plain text has no code at all, so that a pipe gets nothing but text. */
void output_tone_on(const struct output *out, enum output_tone tone)
{
  if (out->has_color && tone != OUTPUT_PLAIN) {
    fputs(output_tone_codes[tone], out->file);
  }
}

void output_tone_off(const struct output *out, enum output_tone tone)
{
  if (out->has_color && tone != OUTPUT_PLAIN) {
    fputs("\033[0m", out->file);
  }
}

/* Cleans and folds line by line: the newlines are the caller's own format's. */
static void output_lines(const struct output *out, char *line)
{
  char cleaned[OUTPUT_LINE_MAX];
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    fold_line(output_clean(line, cleaned, sizeof cleaned), out->width, out->file);
    fputc('\n', out->file);
  }
  fold_line(output_clean(line, cleaned, sizeof cleaned), out->width, out->file);
}

/* The whole line is cleaned, with the values that were put into it. */
void output_print(const struct output *out, enum output_tone tone, const char *format, ...)
{
  char line[OUTPUT_LINE_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  output_tone_on(out, tone);
  output_lines(out, line);
  output_tone_off(out, tone);
}

/* Standard error is for people only: it never carries an answer. */
void output_complain(const char *format, ...)
{
  char line[OUTPUT_LINE_MAX], cleaned[OUTPUT_LINE_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  fprintf(stderr, "seine: %s\n", output_clean(line, cleaned, sizeof cleaned));
}
