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
#include <stdio.h>

#include "common/conf_errors.h"
#include "common/conf_marks.h"
#include "common/conf_row.h"
#include "common/err.h"

/* Fills settings (of the shape the rows tell; the caller's memory, zeroed here) from path and
 * path's sibling folder conf.d (when has_confd). path NULL: defaults alone. Returns 0, or the first
 * error with all mistakes in errors; settings must be given to conf_free in either case. ERR_IO: a
 * file cannot be read (said in errors too). */
int conf_load(const struct conf_row *rows, size_t settings_size, void *settings, const char *path,
              bool has_confd, struct conf_errors *errors);
/* The same from memory, for tests and fuzzing; name stands for the file in messages. */
int conf_load_text(const struct conf_row *rows, size_t settings_size, void *settings,
                   const char *name, const char *text, size_t length, struct conf_errors *errors);
/* The same two, which also fill marks (all zero before; freed by the caller in either case): for
 * checks that look at more than one key. marks may be NULL. */
int conf_load_marked(const struct conf_row *rows, size_t settings_size, void *settings,
                     const char *path, bool has_confd, struct conf_marks *marks,
                     struct conf_errors *errors);
int conf_load_text_marked(const struct conf_row *rows, size_t settings_size, void *settings,
                          const char *name, const char *text, size_t length,
                          struct conf_marks *marks, struct conf_errors *errors);
/* Frees what the rows own and leaves the members empty: a second call does no harm. */
void conf_free(const struct conf_row *rows, void *settings);

/* The commented example file: every key with help, type, bounds and default, commented out by one
 * '#' at the line's start; prose keeps a second one. */
void conf_print_example(const struct conf_row *rows, const char *title, FILE *out);
/* The keys as mdoc list items for the manual page. */
void conf_print_mdoc(const struct conf_row *rows, FILE *out);

#endif
