/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and sizes as text. Within conf*.c. */
#ifndef COMMON_CONF_NUMBER_H
#define COMMON_CONF_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Digits alone, with a minus before them at most. ERR_MALFORMED, ERR_LIMIT. */
int conf_parse_whole(const char *text, int64_t *out);
/* A decimal number, with fraction and exponent; no hexadecimal, infinity or NaN. ERR_MALFORMED. */
int conf_parse_number(const char *text, double *out);
/* "1000000", "10 MB", "64 MiB", "64kB". ERR_MALFORMED. */
int conf_parse_bytes(const char *text, int64_t *out);
/* A byte count in the largest unit that is exact: "8 MiB", "1 MB", "1500". Returns out. */
const char *conf_format_bytes(int64_t bytes, char *out, size_t size);

#endif
