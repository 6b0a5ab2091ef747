/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: where it goes, how wide it may be, and how numbers, times and words look.
 * Everything that is printed for people goes through here: names from afar are cleaned of what
 * would steer the terminal, numbers have units, times have a zone. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/json.h"

enum output_tone { OUTPUT_PLAIN, OUTPUT_BOLD, OUTPUT_GOOD, OUTPUT_WARN, OUTPUT_BAD };

#define OUTPUT_TEXT_MAX 64

struct output {
  FILE *file;         /* borrowed */
  int width, height;  /* of the terminal; 0: no limit */
  bool has_color;     /* a terminal, and no NO_COLOR */
  bool is_bits;       /* rates and volumes in bits */
  bool is_local_time; /* else UTC */
};

/* For a file: its terminal's size and colour, when it is one. */
void output_init(struct output *out, FILE *file);

/* Numbers for people. Each writes at most size bytes with the NUL and returns text. */
/* "532 B" "1.23 MB"; with is_bits "4.26 kbit" (powers of 1000). */
const char *output_bytes(const struct output *out, uint64_t bytes, char text[OUTPUT_TEXT_MAX]);
/* "1,234,567". */
const char *output_count(uint64_t count, char text[OUTPUT_TEXT_MAX]);
/* Three digits and the unit as it is: "1.25 M bytes/s", "0.31 bits". */
const char *output_value(double value, const char *unit, char text[OUTPUT_TEXT_MAX]);
/* "100 %", "99.98 %": never 100 when it is less. */
const char *output_percent(double percent, char text[OUTPUT_TEXT_MAX]);
/* "4m 05s" "12.3 s" "3d 4h". */
const char *output_span(int64_t span_ns, char text[OUTPUT_TEXT_MAX]);
/* With its zone: "2026-11-24 21:53:59 UTC". */
const char *output_time(const struct output *out, int64_t time_ns, char text[OUTPUT_TEXT_MAX]);
/* The same from RFC 3339 text; NULL: "-"; what is no time stands as it is. */
const char *output_time_text(const struct output *out, const char *rfc3339,
                             char text[OUTPUT_TEXT_MAX]);
/* RFC 3339 UTC text to ns. ERR_MALFORMED. */
int output_parse_time(const char *rfc3339, int64_t *out_ns);
/* The span from one such time to another, 0 for one that runs back; NULL when either is none. */
const char *output_span_between(const char *from, const char *until, char text[OUTPUT_TEXT_MAX]);

/* Text from afar: control characters (C0, DEL, C1) become '?', so that nobody steers the terminal.
 * Cuts nothing but at size. Returns text. */
const char *output_clean(const char *from, char *text, size_t size);
/* printf of whole lines, in a tone, cleaned, and folded to the terminal's width (fold.h). Longer
 * lines than 2 KB are cut. */
void output_print(const struct output *out, enum output_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void output_tone_on(const struct output *out, enum output_tone tone);
void output_tone_off(const struct output *out, enum output_tone tone);

/* "seine: ..." on standard error, cleaned, one line. */
void output_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
