/* SPDX-License-Identifier: Apache-2.0 */
/* The mistakes of a load, collected and worded alike: "FILE:LINE:COL: KEY: 'VALUE': expected ...".
 * Programs use the list, its first four functions and conf_quote (by common/conf.h); the rest is
 * for conf*.c alone. */
#ifndef COMMON_CONF_ERRORS_H
#define COMMON_CONF_ERRORS_H

#include <stddef.h>

#include "common/conf_row.h"

#define CONF_MISTAKES_MAX 100 /* more are cut off, and that is said */
#define CONF_PATH_MAX     256 /* the text of a key with all that stands above it */

/* Every mistake as one line of text, without its newline, in the order in which it was found. */
struct conf_errors {
  char **line;
  size_t count;
};

/* Adds a mistake that a program found beyond the rows (a rule that names no receiver). */
void conf_errors_add(struct conf_errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void conf_errors_free(struct conf_errors *errors);

/* A place in a file; line and column from 1, line 0: the file as a whole. */
struct conf_mark {
  const char *file; /* NULL: no file at all */
  size_t line;
  size_t column;
};

/* Adds one mistake at a place (conf_marks.h finds it). */
void conf_errors_at(struct conf_errors *errors, struct conf_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "'VALUE'", cut when it is long. Returns out. */
const char *conf_quote(const char *value, char *out, size_t size);

/* The known key nearest to an unknown one (dotted, as in the table; groups count as keys), by edit
 * distance; of the keys' last parts too, so that a key in the wrong mapping is found. A row whose
 * key is `hidden` (may be NULL) is no candidate. Writes into out and returns it; "" when the table
 * is empty. */
const char *conf_nearest_key(const struct conf_row *rows, const char *key, const char *hidden,
                             char out[CONF_PATH_MAX]);

#endif
