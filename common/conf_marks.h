/* SPDX-License-Identifier: Apache-2.0 */
/* Where each key of a load stands, so that a check between keys can name the place as well as a
 * row's own check does.
 *
 *   conf_load_marked -> marks: "rules[2].above" -> file, line, column -> conf_errors_at
 *
 * A path is the key with all that stands above it, as the reader builds it: "keep.seconds",
 * "rules[2]" for an item, "sensors.web1.addresses". What a later file replaced is forgotten. */
#ifndef COMMON_CONF_MARKS_H
#define COMMON_CONF_MARKS_H

#include <stddef.h>

#include "common/conf_errors.h"

/* One key and its place; owns its path. */
struct conf_marks_entry {
  char *path;
  struct conf_mark mark;
};

/* All zero: no marks. Owns its entries and the names of the files. */
struct conf_marks {
  struct conf_marks_entry *entry;
  size_t count, room;
  char **file;
  size_t file_count;
};

/* The place of the key's value; when no file gave it, that of the innermost item above it that one
 * gave ("rules[2]"); else file as a whole (borrowed). marks may be NULL. Valid until
 * conf_marks_free. */
struct conf_mark conf_mark_of(const struct conf_marks *marks, const char *path, const char *file);
void conf_marks_free(struct conf_marks *marks);

/* For conf*.c alone. Without memory a mark is missing, and the message is less exact. */
void conf_marks_put(struct conf_marks *marks, const char *path, struct conf_mark mark);
/* Forgets the path and all below it. */
void conf_marks_forget(struct conf_marks *marks, const char *path);

#endif
