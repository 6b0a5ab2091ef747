/* SPDX-License-Identifier: Apache-2.0 */
/* A row of the table of keys, and the shapes that its values take in a settings structure. Below
 * all of conf*.c; programs get it with common/conf.h.
 *
 *   table of rows                            settings structure
 *   { "capture.filter", CONF_TEXT, offset } -> char *filter
 *   { "interfaces", CONF_LIST, offset }     -> struct conf_list  -> item[0], item[1] ...
 *   { "rules", CONF_SEQUENCE, offset,       -> struct conf_array -> item: count structures, each
 *     rows, item_size }                        filled along the row's own table `rows` */
#ifndef COMMON_CONF_ROW_H
#define COMMON_CONF_ROW_H

#include <stddef.h>

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

/* An owned list of owned texts. */
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

#endif
