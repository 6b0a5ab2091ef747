/* SPDX-License-Identifier: Apache-2.0 */
/* JSON by jansson: a few helpers, so that every program writes numbers, times and addresses alike.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "common/addr.h"
#include "common/counts.h"

/* New references; the caller owns them. A uint64_t above INT64_MAX is written as INT64_MAX. */
json_t *json_u64(uint64_t value);
json_t *json_time(int64_t time_ns); /* RFC 3339 text */
json_t *json_addr(const struct addr *a);
json_t *json_counts(const struct counts *c); /* {"packets","bytes","payload_bytes"} */
/* Text that may hold any bytes: what is not UTF-8 becomes '?'. */
json_t *json_text(const char *text);

/* Reads a member; fallback when absent or of another kind. Text is borrowed from the object. */
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
/* A count: JSON has no unsigned numbers. 0 when absent, negative or of another kind. */
uint64_t json_get_count(const json_t *object, const char *key);
double json_get_number(const json_t *object, const char *key, double fallback);
const char *json_get_text(const json_t *object, const char *key, const char *fallback);

/* How all our JSON is dumped: reals with the 15 digits that a double holds for certain, so that
 * 99.9 does not read 99.900000000000006. */
#define JSON_FORM (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* One line, keys in insertion order, and a newline. ERR_IO. */
int json_write(const json_t *value, FILE *out);

#endif
