/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys as an example file and as a manual page's list.
 *
 * In the example every line is commented out by one '#' at its start: prose stands behind "# " of
 * its own, so that taking the first '#' off each line leaves a file of the defaults. */
#include "common/conf.h"

#include <string.h>

#include "common/conf_errors.h"
#include "common/conf_value.h"

#define INDENT_STEP 2
#define PLAIN       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:%+- "

/* Rows that have rows of their own. */
static bool is_array(const struct conf_row *row)
{
  return row->type == CONF_SEQUENCE || row->type == CONF_NAMED;
}

/* Whether YAML takes text for itself without quotes: a careful part of what its grammar allows. */
static bool is_plain(const char *text)
{
  size_t length = strlen(text);
  if (length == 0 || text[strspn(text, PLAIN)] != '\0' || strcmp(text, "null") == 0) {
    return false;
  }
  bool is_negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
  return (is_negative || strchr("%+- :", text[0]) == NULL) &&
         strchr(" :", text[length - 1]) == NULL && strstr(text, ": ") == NULL;
}

/* A text that YAML would read differently goes in double quotes, with the two characters escaped
 * that end or escape there. */
static void print_scalar(const char *text, FILE *out)
{
  if (is_plain(text)) {
    (void)fputs(text, out);
    return;
  }
  (void)fputc('"', out);
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\') {
      (void)fputc('\\', out);
    }
    (void)fputc(*at, out);
  }
  (void)fputc('"', out);
}

/* What must be given is shown as "...", a text that no check takes for a value. */
static void print_default(const struct conf_row *row, FILE *out)
{
  if (row->fallback == NULL) {
    (void)fputs("...", out);
  } else if (row->type == CONF_LIST && row->fallback[0] == '\0') {
    (void)fputs("[]", out);
  } else {
    print_scalar(row->fallback, out);
  }
}

/* The groups above a key that the key before it did not stand in; returns the depth reached. */
static int print_groups(const char *before, const char *key, int indent, FILE *out)
{
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; key[i] != '\0'; i++) {
    if (key[i] != '.') {
      continue;
    }
    if (strncmp(before, key, i + 1) != 0) {
      (void)fprintf(out, "#%*s%.*s:\n", indent + depth * INDENT_STEP, "", (int)(i - start),
                    key + start);
    }
    start = i + 1;
    depth++;
  }
  return depth;
}

/* Two lines: what it is for, and what it takes. */
static void print_prose(const struct conf_row *row, int indent, FILE *out)
{
  char expected[CONF_EXPECTED_MAX];
  (void)fprintf(out, "#%*s# %s\n", indent, "", row->help);
  (void)fprintf(out, "#%*s# %s%s\n", indent, "", conf_value_expected(row, expected),
                row->fallback == NULL ? "; required" : "");
}

/* The key's own part; its groups stand above it. */
static const char *leaf_of(const char *key)
{
  const char *dot = strrchr(key, '.');
  return dot != NULL ? dot + 1 : key;
}

/* Arrays show one item with all its keys. The name of a named item stands in its place (NAME:). */
static void print_rows(const struct conf_row *rows, const char *hidden, int indent, FILE *out)
{
  const char *before = "";
  for (const struct conf_row *row = rows; row->key != NULL; row++) {
    if (hidden != NULL && strcmp(row->key, hidden) == 0) {
      continue;
    }
    if (indent == 0) {
      (void)fputc('\n', out);
    }
    int inner = indent + INDENT_STEP * print_groups(before, row->key, indent, out);
    before = row->key;
    print_prose(row, inner, out);
    (void)fprintf(out, "#%*s%s:", inner, "", leaf_of(row->key));
    if (is_array(row)) {
      bool is_named = row->type == CONF_NAMED;
      (void)fprintf(out, "\n#%*s%s\n", inner + INDENT_STEP, "", is_named ? "NAME:" : "-");
      print_rows(row->rows, is_named ? "name" : NULL, inner + 2 * INDENT_STEP, out);
      continue;
    }
    (void)fputc(' ', out);
    print_default(row, out);
    (void)fputc('\n', out);
  }
}

/* The head is a comment that stays one: it begins with two '#'. */
void conf_print_example(const struct conf_row *rows, const char *title, FILE *out)
{
  (void)fprintf(out, "## %s\n##\n", title);
  (void)fputs("## Every key with its default. Take the first # off a line to change it.\n", out);
  print_rows(rows, NULL, 0, out);
}

/* Text for mdoc: a backslash is written as \e, and a dot or quote that begins a line is covered. */
static void print_mdoc_text(const char *text, FILE *out)
{
  if (text[0] == '.' || text[0] == '\'') {
    (void)fputs("\\&", out);
  }
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '\\') {
      (void)fputs("\\e", out);
    } else if (*at == '"') {
      (void)fputs("\\(dq", out);
    } else {
      (void)fputc(*at, out);
    }
  }
}

/* A sentence a line, as mandoc wants it. */
static void print_mdoc_facts(const struct conf_row *row, FILE *out)
{
  char expected[CONF_EXPECTED_MAX];
  print_mdoc_text(row->help, out);
  (void)fputs(".\nExpects ", out);
  print_mdoc_text(conf_value_expected(row, expected), out);
  (void)fputs(".\n", out);
  if (row->fallback == NULL) {
    (void)fputs("Required.\n", out);
  } else if (row->fallback[0] != '\0') {
    (void)fputs("Default: ", out);
    print_mdoc_text(row->fallback, out);
    (void)fputs(".\n", out);
  }
}

/* Items of a list are written KEY[], those of a mapping KEY.NAME. */
static void print_mdoc_rows(const struct conf_row *rows, const char *prefix, const char *hidden,
                            FILE *out)
{
  for (const struct conf_row *row = rows; row->key != NULL; row++) {
    if (hidden != NULL && strcmp(row->key, hidden) == 0) {
      continue;
    }
    (void)fprintf(out, ".It Ic %s%s\n", prefix, row->key);
    print_mdoc_facts(row, out);
    if (is_array(row)) {
      bool is_named = row->type == CONF_NAMED;
      char inner[CONF_PATH_MAX];
      (void)snprintf(inner, sizeof(inner), "%s%s%s", prefix, row->key, is_named ? ".NAME." : "[].");
      print_mdoc_rows(row->rows, inner, is_named ? "name" : NULL, out);
    }
  }
}

void conf_print_mdoc(const struct conf_row *rows, FILE *out)
{
  print_mdoc_rows(rows, "", NULL, out);
}
