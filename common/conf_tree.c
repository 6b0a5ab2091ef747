/* SPDX-License-Identifier: Apache-2.0 */
/* From libyaml's events to a tree of nodes.
 *
 * libyaml gives the marks (exact line and column) and the grammar; what a configuration may hold is
 * decided here, event by event, before a node is made. */
#include "common/conf_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/err.h"

/*   open[0]  mapping            the file's top level
 *   key[0]   "capture"          waits for its value, which is being read:
 *   open[1]  mapping
 *   key[1]   "filter"           the next scalar becomes its value */
struct builder {
  const char *file;
  const char *text;
  size_t length;
  struct conf_errors *errors;
  struct conf_node *root;
  struct conf_node *open[CONF_DEPTH_MAX]; /* containers not closed yet, the outermost first */
  struct conf_node *key[CONF_DEPTH_MAX];  /* the key that waits for its value, of each */
  size_t depth;
  bool is_over; /* the first document has ended */
};

/* Recursion goes down a level, of which there are few; along the children it is a loop. */
void conf_tree_free(struct conf_node *root)
{
  while (root != NULL) {
    struct conf_node *next = root->next;
    conf_tree_free(root->first);
    conf_tree_free(root->key);
    free(root->text);
    free(root);
    root = next;
  }
}

bool conf_node_is_null(const struct conf_node *node)
{
  return node->kind == CONF_NODE_SCALAR && node->is_plain &&
         (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

/* libyaml counts from 0, people and editors from 1. */
static struct conf_mark mark_of(const struct builder *b, const yaml_mark_t *mark)
{
  return (struct conf_mark){b->file, mark->line + 1, mark->column + 1};
}

/* A mistake at the event's place; returns err for a `return refuse(...)`. */
static int refuse(struct builder *b, const yaml_event_t *event, int err, const char *what)
{
  conf_errors_at(b->errors, mark_of(b, &event->start_mark), "%s", what);
  return err;
}

/* No place in the file is to blame. */
static int no_memory(struct builder *b)
{
  conf_errors_at(b->errors, (struct conf_mark){b->file, 0, 0}, "out of memory");
  return ERR_NO_MEMORY;
}

/* What the scanner says of its input; a bad byte is told by its offset alone. */
static int say_parser_error(struct builder *b, const yaml_parser_t *parser)
{
  if (parser->error == YAML_MEMORY_ERROR) {
    return no_memory(b);
  }
  struct conf_mark mark = mark_of(b, &parser->problem_mark);
  const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
  /* The reader knows only a byte's offset: line and column are counted here. */
  if (parser->error == YAML_READER_ERROR) {
    mark = (struct conf_mark){b->file, 1, 1};
    for (size_t i = 0; i < parser->problem_offset && i < b->length; i++) {
      mark.column = b->text[i] == '\n' ? 1 : mark.column + 1;
      mark.line += b->text[i] == '\n';
    }
    conf_errors_at(b->errors, mark, "not YAML: %s (byte %zu)", problem, parser->problem_offset);
    return ERR_MALFORMED;
  }
  if (parser->context != NULL) {
    conf_errors_at(b->errors, mark, "not YAML: %s, %s that began in line %zu", problem,
                   parser->context, parser->context_mark.line + 1);
  } else {
    conf_errors_at(b->errors, mark, "not YAML: %s", problem);
  }
  return ERR_MALFORMED;
}

/* Equal keys stand in the order of the file, so that the first of a run is the first given. */
static int compare_keys(const void *a, const void *b)
{
  const struct conf_node *const *left = a;
  const struct conf_node *const *right = b;
  int order = strcmp((*left)->key->text, (*right)->key->text);
  if (order != 0) {
    return order;
  }
  const struct conf_mark *l = &(*left)->key->mark;
  const struct conf_mark *r = &(*right)->key->mark;
  if (l->line != r->line) {
    return l->line < r->line ? -1 : 1;
  }
  return l->column < r->column ? -1 : l->column > r->column;
}

/* By sorting: a mapping of many names must not cost the square of their number. */
static int mark_duplicates(struct builder *b, const struct conf_node *mapping)
{
  struct conf_node **child = calloc(mapping->count + 1, sizeof(struct conf_node *));
  if (child == NULL) {
    return no_memory(b);
  }
  size_t n = 0;
  for (struct conf_node *at = mapping->first; at != NULL; at = at->next) {
    child[n++] = at;
  }
  qsort(child, n, sizeof(struct conf_node *), compare_keys);
  size_t first = 0;
  for (size_t i = 1; i < n; i++) {
    if (strcmp(child[i]->key->text, child[first]->key->text) == 0) {
      child[i]->duplicate_of = child[first]->key->mark.line;
    } else {
      first = i;
    }
  }
  free(child);
  return 0;
}

/* Hangs node into the innermost open container, or makes it the root; takes it in any case. */
static int attach(struct builder *b, const yaml_event_t *event, struct conf_node *node)
{
  if (b->depth == 0) {
    b->root = node;
    return 0;
  }
  struct conf_node *parent = b->open[b->depth - 1];
  struct conf_node **key = &b->key[b->depth - 1];
  /* In a mapping scalars come in turns: a key, then its value. */
  if (parent->kind == CONF_NODE_MAPPING && *key == NULL) {
    *key = node;
    if (node->kind != CONF_NODE_SCALAR) {
      return refuse(b, event, ERR_MALFORMED, "a key that is a list or a mapping: expected text");
    }
    return 0;
  }
  node->key = *key;
  *key = NULL;
  if (parent->last != NULL) {
    parent->last->next = node;
  } else {
    parent->first = node;
  }
  parent->last = node;
  parent->count++;
  return 0;
}

/* *out stays untouched when there is no node; else the tree owns it, also on an error. */
static int add_node(struct builder *b, const yaml_event_t *event, enum conf_node_kind kind,
                    struct conf_node **out)
{
  struct conf_node *node = calloc(1, sizeof(*node));
  if (node == NULL) {
    return no_memory(b);
  }
  node->kind = kind;
  node->mark = mark_of(b, &event->start_mark);
  *out = node;
  return attach(b, event, node);
}

/* A tag would change what the value means, and a NUL would cut it: neither is passed over. The text
 * is copied before the node is hung up, so that no node is ever without. */
static int add_scalar(struct builder *b, const yaml_event_t *event)
{
  const char *value = (const char *)event->data.scalar.value;
  if (event->data.scalar.tag != NULL) {
    return refuse(b, event, ERR_UNSUPPORTED, "a tag: expected the value alone");
  }
  if (memchr(value, '\0', event->data.scalar.length) != NULL) {
    return refuse(b, event, ERR_MALFORMED, "a NUL character within text");
  }
  char *copy = strdup(value);
  if (copy == NULL) {
    return no_memory(b);
  }
  struct conf_node *node = NULL;
  int err = add_node(b, event, CONF_NODE_SCALAR, &node);
  if (node == NULL) {
    free(copy);
    return err;
  }
  node->text = copy;
  node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  return err;
}

/* Depth is judged here, before the node is made: the tree never grows beyond it. */
static int open_container(struct builder *b, const yaml_event_t *event, const yaml_char_t *tag,
                          enum conf_node_kind kind)
{
  if (tag != NULL) {
    return refuse(b, event, ERR_UNSUPPORTED, "a tag: expected the value alone");
  }
  if (b->depth == CONF_DEPTH_MAX) {
    return refuse(b, event, ERR_LIMIT, "too deep: expected at most 16 levels of nesting");
  }
  struct conf_node *node = NULL;
  int err = add_node(b, event, kind, &node);
  if (err == 0) {
    b->open[b->depth] = node;
    b->key[b->depth] = NULL;
    b->depth++;
  }
  return err;
}

/* Only now are all keys of a mapping known. */
static int close_container(struct builder *b)
{
  b->depth--;
  const struct conf_node *node = b->open[b->depth];
  assert(node != NULL);
  return node->kind == CONF_NODE_MAPPING ? mark_duplicates(b, node) : 0;
}

/* One event; every kind is named, so that a new one cannot slip by. */
static int take_event(struct builder *b, const yaml_event_t *event)
{
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    return b->is_over ? refuse(b, event, ERR_UNSUPPORTED, "a second document: expected one") : 0;
  case YAML_DOCUMENT_END_EVENT:
    b->is_over = true;
    return 0;
  case YAML_ALIAS_EVENT:
    return refuse(b, event, ERR_UNSUPPORTED, "an alias: expected the value itself");
  case YAML_SCALAR_EVENT:
    return add_scalar(b, event);
  case YAML_SEQUENCE_START_EVENT:
    return open_container(b, event, event->data.sequence_start.tag, CONF_NODE_SEQUENCE);
  case YAML_MAPPING_START_EVENT:
    return open_container(b, event, event->data.mapping_start.tag, CONF_NODE_MAPPING);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    return close_container(b);
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
    return 0;
  }
  return 0;
}

/* The scanner's error ends the tree, since what follows has no certain place in it. */
static int build(struct builder *b, yaml_parser_t *parser)
{
  int err = 0;
  bool is_at_end = false;
  while (err == 0 && !is_at_end) {
    yaml_event_t event;
    if (yaml_parser_parse(parser, &event) == 0) {
      return say_parser_error(b, parser);
    }
    is_at_end = event.type == YAML_STREAM_END_EVENT;
    err = take_event(b, &event);
    yaml_event_delete(&event);
  }
  return err;
}

/* On an error the tree is freed from both ends: what hangs in the root, and the keys that still
 * waited for a value. */
int conf_tree_parse(const char *file, const char *text, size_t length, struct conf_errors *errors,
                    struct conf_node **root)
{
  struct builder b = {.file = file, .text = text, .length = length, .errors = errors};
  if (length > CONF_FILE_MAX) {
    conf_errors_at(errors, (struct conf_mark){file, 0, 0},
                   "larger than a configuration file may be: expected at most 1 MiB");
    return ERR_LIMIT;
  }
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) {
    return no_memory(&b);
  }
  /* Said, not guessed: a byte order mark of UTF-16 must not change how the file is read. */
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  int err = build(&b, &parser);
  yaml_parser_delete(&parser);
  if (err == 0) {
    *root = b.root;
    return 0;
  }
  for (size_t i = 0; i < b.depth; i++) {
    conf_tree_free(b.key[i]);
  }
  conf_tree_free(b.root);
  return err;
}

/* The path as the user gave it, and the system's words. */
static int say_io(struct conf_errors *errors, const char *path, int number)
{
  conf_errors_at(errors, (struct conf_mark){path, 0, 0}, "cannot be read: %s", strerror(number));
  return ERR_IO;
}

int conf_tree_read(const char *path, struct conf_errors *errors, struct conf_node **root)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return say_io(errors, path, errno);
  }
  /* One byte more than is allowed tells a file that is too large. */
  char *text = malloc(CONF_FILE_MAX + 1);
  int err = ERR_NO_MEMORY;
  if (text != NULL) {
    size_t length = fread(text, 1, CONF_FILE_MAX + 1, file);
    err = ferror(file) != 0 ? say_io(errors, path, errno)
                            : conf_tree_parse(path, text, length, errors, root);
  }
  free(text);
  (void)fclose(file);
  return err;
}
