/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a tree along the table; the recursion is as deep as the table is.
 *
 *   read_group   a mapping: each of its keys     -> read_key
 *   read_key     a row, a group, or a mistake    -> read_row, read_group
 *   read_row     by the row's type               -> read_scalar, read_list, read_sequence,
 * read_named read_item    one structure of an array       -> read_group again, with the item's own
 * rows
 *
 * A mistake never ends the walk: what follows is read as well. */
#include "common/conf_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_value.h"
#include "common/err.h"

#define ITEMS_MAX ((size_t)1 << 16) /* of one sequence or mapping of names */
#define NAME_KEY  "name"

/* What the steps below hand down: the scope, and the dotted key with its text for messages. */
struct at {
  struct conf_errors *errors;
  const struct conf_scope *scope;
  char key[CONF_PATH_MAX];  /* within the scope: "capture.filter" */
  char path[CONF_PATH_MAX]; /* "rules[2].above" */
};

static int read_group(const struct at *group, const struct conf_node *mapping);

/* The first error stays, so that a program can say which kind it was; all are in the lines. */
static int first_of(int err, int other)
{
  return err != 0 ? err : other;
}

static int no_memory(struct conf_errors *errors)
{
  conf_errors_add(errors, "out of memory");
  return ERR_NO_MEMORY;
}

/* Mistakes. */

/* What stands in the file, as the user would call it. */
static const char *describe(const struct conf_node *node, char *out, size_t size)
{
  if (node->kind == CONF_NODE_SEQUENCE) {
    return "a list";
  }
  if (node->kind == CONF_NODE_MAPPING) {
    return "a mapping";
  }
  return conf_node_is_null(node) ? "no value" : conf_quote(node->text, out, size);
}

static int say_expected(const struct at *at, const struct conf_node *node, const char *expected)
{
  char value[CONF_PATH_MAX];
  conf_errors_at(at->errors, node->mark, "%s: %s: expected %s", at->path,
                 describe(node, value, sizeof(value)), expected);
  return ERR_MALFORMED;
}

/* The row knows in words what it wants, with its bounds. */
static int say_type(const struct at *at, const struct conf_node *node, const struct conf_row *row)
{
  char expected[CONF_EXPECTED_MAX];
  return say_expected(at, node, conf_value_expected(row, expected));
}

/* A key with a dot is refused although the table has such keys: accepted, it could give a key a
 * second time, unnoticed beside its nested form. */
static int say_unknown(const struct at *at, const struct conf_node *node)
{
  char nearest[CONF_PATH_MAX];
  (void)conf_nearest_key(at->scope->rows, at->key, at->scope->hidden, nearest);
  /* The key exists in its dotted form: say how it is written, not what it is near to. */
  if (strcmp(nearest, at->key) == 0) {
    conf_errors_at(at->errors, node->key->mark,
                   "%s: a key with a dot: expected a mapping for each part", at->path);
  } else {
    conf_errors_at(at->errors, node->key->mark, "%s: unknown key: the nearest known one is %s%s",
                   at->path, at->scope->path, nearest);
  }
  return ERR_MALFORMED;
}

/* Values. */

/* A list replaces the one before as a whole, also when some of its items are bad: the load has
 * failed then, and every mistake in it is told. */
static int read_list(const struct at *at, const struct conf_row *row, struct conf_list *member,
                     const struct conf_node *node)
{
  struct conf_list fresh = {NULL, 0};
  char expected[CONF_EXPECTED_MAX];
  int err = 0;
  if (node->count > ITEMS_MAX) {
    return say_expected(at, node, "at most 65536 items");
  }
  for (const struct conf_node *item = node->first; item != NULL; item = item->next) {
    if (item->kind != CONF_NODE_SCALAR || conf_node_is_null(item)) {
      err = first_of(err, say_expected(at, item, "text"));
      continue;
    }
    int item_err = conf_list_append(row, &fresh, item->text, expected);
    if (item_err == ERR_NO_MEMORY) {
      (void)no_memory(at->errors);
    } else if (item_err != 0) {
      (void)say_expected(at, item, expected);
    }
    err = first_of(err, item_err);
  }
  conf_list_free(member);
  *member = fresh;
  return err;
}

/* A key without a value is a mistake, not an empty text: whoever wants that writes "". */
static int read_scalar(const struct at *at, const struct conf_row *row, void *member,
                       const struct conf_node *node)
{
  char expected[CONF_EXPECTED_MAX];
  if (node->kind != CONF_NODE_SCALAR || conf_node_is_null(node)) {
    return say_type(at, node, row);
  }
  int err = conf_value_set(row, member, node->text, expected);
  if (err == ERR_NO_MEMORY) {
    return no_memory(at->errors);
  }
  return err != 0 ? say_expected(at, node, expected) : 0;
}

/* Items. */

/* Checked at the key's place, since the key is where the name was written. A table without a name
 * row keeps no names. */
static int set_name(const struct at *at, const struct conf_scope *scope, bool *is_set,
                    const struct conf_node *node)
{
  for (size_t i = 0; scope->rows[i].key != NULL; i++) {
    if (strcmp(scope->rows[i].key, NAME_KEY) == 0) {
      is_set[i] = true;
      return read_scalar(at, &scope->rows[i], conf_member(&scope->rows[i], scope->base), node->key);
    }
  }
  return 0;
}

/* Fills one item, whose memory holds anything; afterwards conf_values_free may be called in any
 * case. */
static int read_item(const struct at *at, const struct conf_row *row, void *item,
                     const struct conf_node *node)
{
  char path[CONF_PATH_MAX + 1];
  (void)snprintf(path, sizeof(path), "%s.", at->path);
  size_t rows = 0;
  while (row->rows[rows].key != NULL) {
    rows++;
  }
  bool *is_set = calloc(rows + 1, sizeof(*is_set));
  int err = conf_defaults(row->rows, row->item_size, item);
  if (is_set == NULL || err != 0) {
    free(is_set);
    return no_memory(at->errors);
  }
  /* "NAME:" without a value is an item of defaults; a dash without one is a mistake. */
  bool is_named = row->type == CONF_NAMED;
  struct conf_scope scope = {row->rows,       item, is_set, path, is_named ? NAME_KEY : NULL,
                             at->scope->marks};
  conf_marks_put(scope.marks, at->path, node->mark);
  if (is_named) {
    err = set_name(at, &scope, is_set, node);
  }
  if (node->kind == CONF_NODE_MAPPING || (is_named && conf_node_is_null(node))) {
    err = first_of(err, conf_read_root(at->errors, &scope, node));
    err = first_of(err, conf_read_missing(at->errors, &scope, node->mark));
  } else {
    err = first_of(err, say_expected(at, node, "a mapping"));
  }
  free(is_set);
  return err;
}

/* The items before are freed only when the new ones stand: one assignment replaces the member. */
static int read_sequence(const struct at *at, const struct conf_row *row, struct conf_array *member,
                         const struct conf_node *node)
{
  if (node->kind != CONF_NODE_SEQUENCE) {
    return say_type(at, node, row);
  }
  if (node->count > ITEMS_MAX) {
    return say_expected(at, node, "at most 65536 items");
  }
  struct conf_array fresh = {calloc(node->count + 1, row->item_size), 0};
  if (fresh.item == NULL) {
    return no_memory(at->errors);
  }
  int err = 0;
  conf_marks_forget(at->scope->marks, at->path);
  conf_marks_put(at->scope->marks, at->path, node->mark);
  for (const struct conf_node *child = node->first; child != NULL; child = child->next) {
    struct at item = *at;
    (void)snprintf(item.path, sizeof(item.path), "%.200s[%zu]", at->path, fresh.count);
    void *memory = (char *)fresh.item + fresh.count * row->item_size;
    err = first_of(err, read_item(&item, row, memory, child));
    fresh.count++;
  }
  conf_array_free(row, member);
  *member = fresh;
  return err;
}

/* The item of that name among the first n, which earlier files gave; else a fresh one. */
static void *named_item(const struct at *at, const struct conf_row *row, struct conf_array *array,
                        size_t n, const char *name)
{
  const struct conf_row *name_row = row->rows;
  while (name_row->key != NULL && strcmp(name_row->key, NAME_KEY) != 0) {
    name_row++;
  }
  for (size_t i = 0; i < n && name_row->key != NULL; i++) {
    void *item = (char *)array->item + i * row->item_size;
    char **known = conf_member(name_row, item);
    if (strcmp(*known, name) == 0) {
      conf_marks_forget(at->scope->marks, at->path);
      conf_values_free(row->rows, item);
      return item;
    }
  }
  return (char *)array->item + array->count++ * row->item_size;
}

/* The items of earlier files stay where they are; the memory grows by what this file may add. */
static int read_named(const struct at *at, const struct conf_row *row, struct conf_array *member,
                      const struct conf_node *node)
{
  if (node->kind != CONF_NODE_MAPPING) {
    return say_type(at, node, row);
  }
  size_t earlier = member->count;
  if (earlier + node->count > ITEMS_MAX) {
    return say_expected(at, node, "at most 65536 names");
  }
  void *grown = realloc(member->item, (earlier + node->count + 1) * row->item_size);
  if (grown == NULL) {
    return no_memory(at->errors);
  }
  member->item = grown;
  int err = 0;
  for (const struct conf_node *child = node->first; child != NULL; child = child->next) {
    struct at item = *at;
    (void)snprintf(item.path, sizeof(item.path), "%.120s.%.120s", at->path, child->key->text);
    if (child->duplicate_of != 0) {
      conf_errors_at(at->errors, child->key->mark, "%s: given twice: first in line %zu", item.path,
                     child->duplicate_of);
      err = first_of(err, ERR_CONFLICT);
      continue;
    }
    void *memory = named_item(&item, row, member, earlier, child->key->text);
    err = first_of(err, read_item(&item, row, memory, child));
  }
  return err;
}

/* By what the row wants, not by what the file holds: the wrong kind is told by its row. */
static int read_row(const struct at *at, const struct conf_row *row, const struct conf_node *node)
{
  void *member = conf_member(row, at->scope->base);
  if (row->type == CONF_SEQUENCE) {
    return read_sequence(at, row, member, node);
  }
  if (row->type == CONF_NAMED) {
    return read_named(at, row, member, node);
  }
  if (row->type == CONF_LIST && node->kind == CONF_NODE_SEQUENCE) {
    return read_list(at, row, member, node);
  }
  return read_scalar(at, row, member, node);
}

/* Keys. */

/* Whether any key of the table lies below this one. */
static bool is_group(const struct conf_row *rows, const char *key)
{
  size_t length = strlen(key);
  for (const struct conf_row *row = rows; row->key != NULL; row++) {
    if (strncmp(row->key, key, length) == 0 && row->key[length] == '.') {
      return true;
    }
  }
  return false;
}

/* A key is a row, or a group of rows, or a mistake. The table is short: walking it is cheaper than
 * an index would be to explain. */
static int read_key(const struct at *at, const struct conf_node *node)
{
  const struct conf_scope *scope = at->scope;
  bool has_dot = strchr(node->key->text, '.') != NULL;
  bool is_hidden = scope->hidden != NULL && strcmp(at->key, scope->hidden) == 0;
  for (size_t i = 0; scope->rows[i].key != NULL && !has_dot && !is_hidden; i++) {
    if (strcmp(scope->rows[i].key, at->key) == 0) {
      scope->is_set[i] = true;
      conf_marks_put(scope->marks, at->path, node->mark);
      return read_row(at, &scope->rows[i], node);
    }
  }
  if (has_dot || is_hidden || !is_group(scope->rows, at->key)) {
    return say_unknown(at, node);
  }
  if (node->kind != CONF_NODE_MAPPING && !conf_node_is_null(node)) {
    return say_expected(at, node, "a mapping of its keys");
  }
  return read_group(at, node);
}

/* One mapping of the file, under the dotted key that led there. */
static int read_group(const struct at *group, const struct conf_node *mapping)
{
  int err = 0;
  const char *dot = group->key[0] != '\0' ? "." : "";
  for (const struct conf_node *node = mapping->first; node != NULL; node = node->next) {
    struct at at = {.errors = group->errors, .scope = group->scope};
    (void)snprintf(at.key, sizeof(at.key), "%.100s%s%.100s", group->key, dot, node->key->text);
    (void)snprintf(at.path, sizeof(at.path), "%.120s%.130s", group->scope->path, at.key);
    if (node->duplicate_of != 0) {
      conf_errors_at(at.errors, node->key->mark, "%s: given twice: first in line %zu", at.path,
                     node->duplicate_of);
      err = first_of(err, ERR_CONFLICT);
      continue;
    }
    err = first_of(err, read_key(&at, node));
  }
  return err;
}

int conf_read_root(struct conf_errors *errors, const struct conf_scope *scope,
                   const struct conf_node *root)
{
  if (root == NULL || conf_node_is_null(root)) {
    return 0;
  }
  struct at at = {.errors = errors, .scope = scope};
  if (root->kind != CONF_NODE_MAPPING) {
    (void)snprintf(at.path, sizeof(at.path), "the file");
    return say_expected(&at, root, "a mapping of keys");
  }
  return read_group(&at, root);
}

int conf_read_missing(struct conf_errors *errors, const struct conf_scope *scope,
                      struct conf_mark mark)
{
  int err = 0;
  for (size_t i = 0; scope->rows[i].key != NULL; i++) {
    const struct conf_row *row = &scope->rows[i];
    if (row->fallback == NULL && !scope->is_set[i]) {
      char expected[CONF_EXPECTED_MAX];
      conf_errors_at(errors, mark, "%s%s: missing: expected %s", scope->path, row->key,
                     conf_value_expected(row, expected));
      err = ERR_NOT_FOUND;
    }
  }
  return err;
}
