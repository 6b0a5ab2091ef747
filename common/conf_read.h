/* SPDX-License-Identifier: Apache-2.0 */
/* From a file's tree to the settings, along the table of keys. Within conf*.c. */
#ifndef COMMON_CONF_READ_H
#define COMMON_CONF_READ_H

#include "common/conf_marks.h"
#include "common/conf_tree.h"

/* One table over one structure: the settings themselves, or one item of an array. */
struct conf_scope {
  const struct conf_row *rows;
  void *base;
  bool *is_set;             /* one a row: given in a file, well or badly */
  const char *path;         /* what stands before the keys in messages: "", "rules[2]." */
  const char *hidden;       /* the row that no key may set (the name of a named item), or NULL */
  struct conf_marks *marks; /* gets the place of each key and item; may be NULL */
};

/* Reads every key of a mapping (a NULL or empty root holds none). Goes on after a mistake; returns
 * the first error. */
int conf_read_root(struct conf_errors *errors, const struct conf_scope *scope,
                   const struct conf_node *root);
/* Says which required rows were not given; mark tells where. */
int conf_read_missing(struct conf_errors *errors, const struct conf_scope *scope,
                      struct conf_mark mark);

#endif
