/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are read, in which order, into one structure.
 *
 *   file -> conf_tree.c: nodes with marks -> conf_read.c: along the rows -> conf_value.c: members
 *                  \___________________ mistakes: conf_errors.c ___________________/ */
#include "common/conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_read.h"
#include "common/conf_value.h"

#define FILE_PATH_MAX 4096
#define ENDING        ".yaml"

/* What one conf_load carries from file to file: settings grow, mistakes are collected, is_set
 * remembers what any file gave. */
struct load {
  struct conf_errors *errors;
  struct conf_scope scope;
  int err;         /* the first */
  bool has_unread; /* a file that was no tree, and may hold anything */
};

/* The first error is the one returned; the mistakes themselves are all in errors. */
static void note(struct load *load, int err)
{
  if (load->err == 0) {
    load->err = err;
  }
}

static void note_memory(struct load *load)
{
  conf_errors_add(load->errors, "out of memory");
  note(load, ERR_NO_MEMORY);
}

/* Defaults first: whatever goes wrong later, every member may be looked at and freed. */
static void begin(struct load *load, const struct conf_row *rows, size_t size, void *settings,
                  struct conf_marks *marks, struct conf_errors *errors)
{
  *load = (struct load){.errors = errors};
  size_t count = 0;
  while (rows[count].key != NULL) {
    count++;
  }
  bool *is_set = calloc(count + 1, sizeof(*is_set));
  load->scope = (struct conf_scope){rows, settings, is_set, "", NULL, marks};
  if (conf_defaults(rows, size, settings) != 0 || is_set == NULL) {
    note_memory(load);
  }
}

/* A file that is no tree is told, and the next one is read all the same. */
static void take_tree(struct load *load, int err, struct conf_node *root)
{
  if (err == 0) {
    err = conf_read_root(load->errors, &load->scope, root);
  } else {
    load->has_unread = true;
  }
  conf_tree_free(root);
  note(load, err);
}

/* A file that cannot be read was told by conf_tree_read; the load goes on with the next one. */
static void read_file(struct load *load, const char *path)
{
  struct conf_node *root = NULL;
  int err = conf_tree_read(path, load->errors, &root);
  take_tree(load, err, root);
}

/* What is missing is told only when every file could be read: a broken one may hold it. */
static int finish(struct load *load, const char *file)
{
  if (!load->has_unread && load->scope.is_set != NULL) {
    struct conf_mark mark = {file, 0, 0};
    note(load, conf_read_missing(load->errors, &load->scope, mark));
  }
  free(load->scope.is_set);
  return load->err;
}

/* Hidden files are what editors and package managers leave behind. */
static int is_part(const struct dirent *entry)
{
  size_t length = strlen(entry->d_name);
  size_t ending = strlen(ENDING);
  return entry->d_name[0] != '.' && length > ending &&
         strcmp(entry->d_name + length - ending, ENDING) == 0;
}

/* By bytes: the order must not hang on a locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* One file of conf.d. */
static void read_part(struct load *load, const char *folder, const char *name)
{
  char path[FILE_PATH_MAX];
  int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
  if (length < 0 || (size_t)length >= sizeof(path)) {
    conf_errors_add(load->errors, "%s: path too long", name);
    note(load, ERR_IO);
    return;
  }
  read_file(load, path);
}

/* No folder is no mistake; one that cannot be read is. */
static void read_folder(struct load *load, const char *folder)
{
  struct dirent **entry = NULL;
  int count = scandir(folder, &entry, is_part, compare_names);
  if (count < 0 && errno != ENOENT) {
    conf_errors_add(load->errors, "%s: cannot be read: %s", folder, strerror(errno));
    note(load, ERR_IO);
  }
  for (int i = 0; i < count; i++) {
    read_part(load, folder, entry[i]->d_name);
    free(entry[i]);
  }
  free(entry);
}

/* Later files override earlier ones: the main file first, then the parts by name. The folder is
 * beside the main file, wherever that was said to be. */
int conf_load_marked(const struct conf_row *rows, size_t settings_size, void *settings,
                     const char *path, bool has_confd, struct conf_marks *marks,
                     struct conf_errors *errors)
{
  struct load load;
  begin(&load, rows, settings_size, settings, marks, errors);
  /* No file at all is a load of the defaults; out of memory ends it here. */
  if (path == NULL || load.err != 0) {
    return finish(&load, NULL);
  }
  read_file(&load, path);
  const char *slash = strrchr(path, '/');
  int folder_length = slash != NULL ? (int)(slash - path) + 1 : 0;
  char folder[FILE_PATH_MAX];
  (void)snprintf(folder, sizeof(folder), "%.*sconf.d", folder_length, path);
  if (has_confd) {
    read_folder(&load, folder);
  }
  return finish(&load, path);
}

int conf_load(const struct conf_row *rows, size_t settings_size, void *settings, const char *path,
              bool has_confd, struct conf_errors *errors)
{
  return conf_load_marked(rows, settings_size, settings, path, has_confd, NULL, errors);
}

int conf_load_text_marked(const struct conf_row *rows, size_t settings_size, void *settings,
                          const char *name, const char *text, size_t length,
                          struct conf_marks *marks, struct conf_errors *errors)
{
  struct load load;
  begin(&load, rows, settings_size, settings, marks, errors);
  if (load.err == 0) {
    struct conf_node *root = NULL;
    int err = conf_tree_parse(name, text, length, errors, &root);
    take_tree(&load, err, root);
  }
  return finish(&load, name);
}

int conf_load_text(const struct conf_row *rows, size_t settings_size, void *settings,
                   const char *name, const char *text, size_t length, struct conf_errors *errors)
{
  return conf_load_text_marked(rows, settings_size, settings, name, text, length, NULL, errors);
}

/* The row types know how their values are freed: conf_value.c. */
void conf_free(const struct conf_row *rows, void *settings)
{
  conf_values_free(rows, settings);
}
