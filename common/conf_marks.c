/* SPDX-License-Identifier: Apache-2.0 */
/* A plain list: it is searched only when there is a mistake to tell. The newest entry of a path
 * counts, since a later file overrides an earlier one. */
#include "common/conf_marks.h"

#include <stdlib.h>
#include <string.h>

/* The list's own copy of a file's name: the reader's ends with the load. */
static const char *keep_file(struct conf_marks *marks, const char *file)
{
  /* Marks come file by file: the last name is nearly always the one. */
  if (marks->file_count > 0 && strcmp(marks->file[marks->file_count - 1], file) == 0) {
    return marks->file[marks->file_count - 1];
  }
  char **grown = realloc(marks->file, (marks->file_count + 1) * sizeof(*grown));
  if (grown == NULL) {
    return NULL;
  }
  marks->file = grown;
  grown[marks->file_count] = strdup(file);
  return grown[marks->file_count] != NULL ? grown[marks->file_count++] : NULL;
}

/* Doubled, as a file may hold many keys. */
static int grow(struct conf_marks *marks)
{
  if (marks->count < marks->room) {
    return 0;
  }
  size_t room = marks->room > 0 ? 2 * marks->room : 64;
  struct conf_marks_entry *grown = realloc(marks->entry, room * sizeof(*grown));
  if (grown == NULL) {
    return -1;
  }
  marks->entry = grown;
  marks->room = room;
  return 0;
}

void conf_marks_put(struct conf_marks *marks, const char *path, struct conf_mark mark)
{
  if (marks == NULL || mark.file == NULL || grow(marks) != 0) {
    return;
  }
  const char *file = keep_file(marks, mark.file);
  char *copy = file != NULL ? strdup(path) : NULL;
  if (copy != NULL) {
    marks->entry[marks->count++] = (struct conf_marks_entry){copy, {file, mark.line, mark.column}};
  }
}

/* "rules" is above "rules[2]" and "rules.x", not above "rules_more". */
static int is_below(const char *path, const char *above)
{
  size_t length = strlen(above);
  return strncmp(path, above, length) == 0 &&
         (path[length] == '\0' || path[length] == '.' || path[length] == '[');
}

void conf_marks_forget(struct conf_marks *marks, const char *path)
{
  size_t kept = 0;
  for (size_t i = 0; marks != NULL && i < marks->count; i++) {
    if (is_below(marks->entry[i].path, path)) {
      free(marks->entry[i].path);
    } else {
      marks->entry[kept++] = marks->entry[i];
    }
  }
  if (marks != NULL) {
    marks->count = kept;
  }
}

/* The newest entry whose path is the first `length` bytes of path. */
static const struct conf_marks_entry *find(const struct conf_marks *marks, const char *path,
                                           size_t length)
{
  for (size_t i = marks->count; i > 0; i--) {
    const char *known = marks->entry[i - 1].path;
    if (strncmp(known, path, length) == 0 && known[length] == '\0') {
      return &marks->entry[i - 1];
    }
  }
  return NULL;
}

/* Cuts the path from its end until something of it stands in a file. */
struct conf_mark conf_mark_of(const struct conf_marks *marks, const char *path, const char *file)
{
  size_t length = marks != NULL ? strlen(path) : 0;
  while (length > 0) {
    const struct conf_marks_entry *entry = find(marks, path, length);
    if (entry != NULL) {
      return entry->mark;
    }
    do {
      length--;
    } while (length > 0 && path[length] != '.' && path[length] != '[');
  }
  return (struct conf_mark){file, 0, 0};
}

void conf_marks_free(struct conf_marks *marks)
{
  for (size_t i = 0; i < marks->count; i++) {
    free(marks->entry[i].path);
  }
  for (size_t i = 0; i < marks->file_count; i++) {
    free(marks->file[i]);
  }
  free(marks->entry);
  free(marks->file);
  *marks = (struct conf_marks){.count = 0};
}
