/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML file as a bounded tree of nodes with their marks; the home of libyaml. Within conf*.c.
 *
 * Built from libyaml's events, so that depth, size and aliases are judged before memory is spent:
 * at most CONF_FILE_MAX bytes, CONF_DEPTH_MAX levels, one document, no aliases and no tags. */
#ifndef COMMON_CONF_TREE_H
#define COMMON_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf_errors.h"

#define CONF_FILE_MAX  ((size_t)1 << 20)
#define CONF_DEPTH_MAX 16

enum conf_node_kind { CONF_NODE_SCALAR, CONF_NODE_SEQUENCE, CONF_NODE_MAPPING };

struct conf_node {
  enum conf_node_kind kind;
  struct conf_mark mark;
  char *text;             /* SCALAR */
  bool is_plain;          /* SCALAR: not quoted */
  struct conf_node *key;  /* of a mapping's child: a SCALAR */
  size_t duplicate_of;    /* the line that gave this key first, 0 for the first one */
  struct conf_node *next; /* the next child of the same parent */
  struct conf_node *first;
  struct conf_node *last;
  size_t count; /* of children */
};

/* Builds the tree of text. *root is NULL for an empty file. What is not a tree within the bounds is
 * said in errors, and its code returned. The caller frees *root. */
int conf_tree_parse(const char *file, const char *text, size_t length, struct conf_errors *errors,
                    struct conf_node **root);
/* The same from a file; ERR_IO when it cannot be read (said). */
int conf_tree_read(const char *path, struct conf_errors *errors, struct conf_node **root);
void conf_tree_free(struct conf_node *root);

/* A key without a value ("capture:" alone). */
bool conf_node_is_null(const struct conf_node *node);

#endif
