/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: YAML files under one table of keys, with libyaml's marks.
 *
 * The life of a value: a row of the table names its key, type, default, bounds and help; conf_load
 * fills the settings structure with the defaults, then the main file, then conf.d/ *.yaml in name
 * order; every mistake of all files is collected with file, line, column, key, value and what was
 * expected; an unknown key is a mistake and is told the nearest known one; so is a duplicate key
 * within one file. A later file's key overrides an earlier file's: a list as a whole, a mapping of
 * names (CONF_NAMED) name by name. The same rows print the example file and the help.
 *
 * A file is one document of at most 1 MiB, 16 levels and 65,536 items a list, without anchors'
 * aliases and tags. */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

enum conf_type {
  CONF_BOOL,  /* bool: true or false */
  CONF_COUNT, /* int64_t within min..max */
  CONF_BYTES, /* int64_t bytes: "1000000", "10 MB", "64 MiB", "64kB" (k M G T = powers of 1000) */
  CONF_DURATION, /* int64_t ns, as duration_parse reads */
  CONF_NUMBER,   /* double within min..max */
  CONF_TEXT,     /* char * on the heap, "" when empty */
  CONF_CHOICE,   /* int: index into choices */
  CONF_LIST,     /* struct conf_list of texts: a sequence, or one scalar */
  CONF_SEQUENCE, /* struct conf_array: a sequence of mappings, each read by rows[] */
  CONF_NAMED, /* struct conf_array: a mapping NAME -> mapping; the row whose key is "name" gets NAME
               */
};

struct conf_list {
  char **item;
  size_t count;
};

/* count structures of the row's item_size bytes, one behind the other. item is NULL as long as no
 * file gave the key: so "rules: []" (item set, count 0) differs from no `rules:` at all. */
struct conf_array {
  void *item;
  size_t count;
};

struct conf_row {
  const char *key; /* dotted below a mapping: "capture.filter"; NULL ends the table */
  enum conf_type type;
  size_t offset;        /* of the member within the settings structure (or the item) */
  const char *fallback; /* the default as text (it need not meet bounds and check); NULL: required;
                           lists: "" or one item; arrays: "" */
  const char *help;     /* one line, with the unit */
  double min, max;      /* COUNT, BYTES, DURATION (in ns), NUMBER; 0, 0: no bound */
  const char *const *choices;  /* CHOICE: NULL-terminated */
  const struct conf_row *rows; /* SEQUENCE, NAMED */
  size_t item_size;            /* SEQUENCE, NAMED */
  /* TEXT, LIST (each item): NULL when good, else what was expected. May be NULL. */
  const char *(*check)(const char *value);
};

/* Every mistake as "FILE:LINE:COL: KEY: 'VALUE': expected ...". */
struct conf_errors {
  char **line;
  size_t count;
};

/* Fills settings (of the shape the rows tell; the caller's memory, zeroed here) from path and
 * path's sibling folder conf.d (when has_confd). path NULL: defaults alone. Returns 0, or the first
 * error with all mistakes in errors; settings must be given to conf_free in either case. ERR_IO: a
 * file cannot be read (said in errors too). */
int conf_load(const struct conf_row *rows, size_t settings_size, void *settings, const char *path,
              bool has_confd, struct conf_errors *errors);
/* The same from memory, for tests and fuzzing; name stands for the file in messages. */
int conf_load_text(const struct conf_row *rows, size_t settings_size, void *settings,
                   const char *name, const char *text, size_t length, struct conf_errors *errors);
/* Adds a mistake that a program found beyond the rows (a rule that names no receiver). */
void conf_errors_add(struct conf_errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void conf_errors_free(struct conf_errors *errors);
void conf_free(const struct conf_row *rows, void *settings);

/* The commented example file: every key with help, type, bounds and default, commented out by one
 * '#' at the line's start; prose keeps a second one. */
void conf_print_example(const struct conf_row *rows, const char *title, FILE *out);
/* The keys as mdoc list items for the manual page. */
void conf_print_mdoc(const struct conf_row *rows, FILE *out);

#endif
