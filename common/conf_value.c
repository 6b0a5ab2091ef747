/* SPDX-License-Identifier: Apache-2.0 */
/* The types of values: how each is set, told in words and freed. Whoever adds a type finds every
 * place that has to know it by the compiler's warning about these switches. */
#include "common/conf_value.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/conf_number.h"
#include "common/err.h"

/* Zero twice means none; other types have no measure to bound. */
static bool has_bounds(const struct conf_row *row)
{
  bool is_measure = row->type == CONF_COUNT || row->type == CONF_BYTES ||
                    row->type == CONF_DURATION || row->type == CONF_NUMBER;
  return is_measure && (row->min < 0 || row->min > 0 || row->max < 0 || row->max > 0);
}

/* A max below min is none: {1, 0} is "at least 1". */
static bool has_max(const struct conf_row *row)
{
  return row->max >= row->min;
}

static bool is_within(const struct conf_row *row, double value)
{
  return !has_bounds(row) || (value >= row->min && (!has_max(row) || value <= row->max));
}

/* The head of "expected ...", without bounds or choices. */
static const char *type_words(const struct conf_row *row)
{
  switch (row->type) {
  case CONF_BOOL:
    return "true or false";
  case CONF_COUNT:
    return "a whole number";
  case CONF_BYTES:
    return "a size such as 64 MiB";
  case CONF_DURATION:
    return "a duration such as 90s or 5m";
  case CONF_NUMBER:
    return "a number";
  case CONF_TEXT:
    return "text";
  case CONF_CHOICE:
    return "one of";
  case CONF_LIST:
    return "a text or a list of texts";
  case CONF_SEQUENCE:
    return "a list of mappings";
  case CONF_NAMED:
    return "a mapping of names to mappings";
  }
  return "";
}

/* A bound in the unit that the file would use. */
static const char *bound_words(const struct conf_row *row, double bound, char *out, size_t size)
{
  if (row->type == CONF_BYTES) {
    return conf_format_bytes((int64_t)bound, out, size);
  }
  if (row->type == CONF_DURATION && size >= DURATION_TEXT_MAX) {
    return duration_format((int64_t)bound, out);
  }
  (void)snprintf(out, size, "%.15g", bound);
  return out;
}

/* "one of error, warning, info, debug" */
static void add_choices(const struct conf_row *row, char out[CONF_EXPECTED_MAX])
{
  for (size_t i = 0; row->choices[i] != NULL; i++) {
    size_t at = strlen(out);
    (void)snprintf(out + at, CONF_EXPECTED_MAX - at, "%s %s", i > 0 ? "," : "", row->choices[i]);
  }
}

/* The same words in the message, the example file and the man page: they cannot differ. */
const char *conf_value_expected(const struct conf_row *row, char out[CONF_EXPECTED_MAX])
{
  char low[32];
  char high[32];
  (void)snprintf(out, CONF_EXPECTED_MAX, "%s", type_words(row));
  size_t at = strlen(out);
  size_t left = CONF_EXPECTED_MAX - at;
  if (row->type == CONF_CHOICE) {
    add_choices(row, out);
  } else if (has_bounds(row) && !has_max(row)) {
    (void)snprintf(out + at, left, ", at least %s", bound_words(row, row->min, low, sizeof(low)));
  } else if (has_bounds(row)) {
    (void)snprintf(out + at, left, ", between %s and %s",
                   bound_words(row, row->min, low, sizeof(low)),
                   bound_words(row, row->max, high, sizeof(high)));
  }
  return out;
}

/* The three whole measures differ in their text alone. */
static int set_whole(const struct conf_row *row, int64_t *member, const char *text, bool is_default)
{
  int64_t value = 0;
  int err = ERR_MALFORMED;
  if (row->type == CONF_COUNT) {
    err = conf_parse_whole(text, &value);
  } else if (row->type == CONF_BYTES) {
    err = conf_parse_bytes(text, &value);
  } else {
    err = duration_parse(text, &value);
  }
  if (err != 0 || (!is_default && !is_within(row, (double)value))) {
    return ERR_MALFORMED;
  }
  *member = value;
  return 0;
}

/* Fractions and exponents, within bounds. */
static int set_number(const struct conf_row *row, double *member, const char *text, bool is_default)
{
  double value = 0;
  if (conf_parse_number(text, &value) != 0 || (!is_default && !is_within(row, value))) {
    return ERR_MALFORMED;
  }
  *member = value;
  return 0;
}

/* YAML 1.2's two words: not yes, on or 1, which YAML 1.1 has people guess about. */
static int set_bool(bool *member, const char *text)
{
  bool is_true = strcmp(text, "true") == 0;
  if (!is_true && strcmp(text, "false") != 0) {
    return ERR_MALFORMED;
  }
  *member = is_true;
  return 0;
}

/* The enum's value is the place in the list of choices. */
static int set_choice(const struct conf_row *row, int *member, const char *text)
{
  for (int i = 0; row->choices[i] != NULL; i++) {
    if (strcmp(row->choices[i], text) == 0) {
      *member = i;
      return 0;
    }
  }
  return ERR_MALFORMED;
}

/* The check's own words take the place of the type's. */
static int check_text(const struct conf_row *row, const char *text,
                      char expected[CONF_EXPECTED_MAX])
{
  const char *wanted = row->check != NULL ? row->check(text) : NULL;
  if (wanted == NULL) {
    return 0;
  }
  (void)snprintf(expected, CONF_EXPECTED_MAX, "%s", wanted);
  return ERR_MALFORMED;
}

/* The copy comes first: without memory the old text stays. */
static int set_text(char **member, const char *text)
{
  char *copy = strdup(text);
  if (copy == NULL) {
    return ERR_NO_MEMORY;
  }
  free(*member);
  *member = copy;
  return 0;
}

/* count grows last: what is freed after a failure is just what is there. */
static int append_item(struct conf_list *list, const char *text)
{
  char **grown = realloc(list->item, (list->count + 1) * sizeof(*grown));
  if (grown == NULL) {
    return ERR_NO_MEMORY;
  }
  list->item = grown;
  grown[list->count] = strdup(text);
  if (grown[list->count] == NULL) {
    return ERR_NO_MEMORY;
  }
  list->count++;
  return 0;
}

int conf_list_append(const struct conf_row *row, struct conf_list *list, const char *text,
                     char expected[CONF_EXPECTED_MAX])
{
  int err = check_text(row, text, expected);
  return err != 0 ? err : append_item(list, text);
}

void conf_list_free(struct conf_list *list)
{
  for (size_t i = 0; i < list->count; i++) {
    free(list->item[i]);
  }
  free(list->item);
  *list = (struct conf_list){NULL, 0};
}

/* One scalar where a list may stand is a list of one. */
static int set_list(struct conf_list *member, const char *text)
{
  struct conf_list fresh = {NULL, 0};
  int err = append_item(&fresh, text);
  if (err != 0) {
    conf_list_free(&fresh);
    return err;
  }
  conf_list_free(member);
  *member = fresh;
  return 0;
}

/* Every type that has a text form; an array has none. */
static int set_value(const struct conf_row *row, void *member, const char *text, bool is_default)
{
  switch (row->type) {
  case CONF_BOOL:
    return set_bool(member, text);
  case CONF_COUNT:
  case CONF_BYTES:
  case CONF_DURATION:
    return set_whole(row, member, text, is_default);
  case CONF_NUMBER:
    return set_number(row, member, text, is_default);
  case CONF_CHOICE:
    return set_choice(row, member, text);
  case CONF_TEXT:
    return set_text(member, text);
  case CONF_LIST:
    return set_list(member, text);
  case CONF_SEQUENCE:
  case CONF_NAMED:
    break;
  }
  return ERR_MALFORMED;
}

/* Words first: the check may put better ones in their place. */
int conf_value_set(const struct conf_row *row, void *member, const char *text,
                   char expected[CONF_EXPECTED_MAX])
{
  (void)conf_value_expected(row, expected);
  if (row->type == CONF_TEXT || row->type == CONF_LIST) {
    int err = check_text(row, text, expected);
    if (err != 0) {
      return err;
    }
  }
  return set_value(row, member, text, false);
}

/* By the same parsers as a value of a file, but without bounds. */
static int set_default(const struct conf_row *row, void *member)
{
  const char *text = row->fallback != NULL ? row->fallback : "";
  bool is_empty = text[0] == '\0';
  /* Zeroed memory is the empty list and array, and stands for a required value until it comes. */
  if (row->type == CONF_SEQUENCE || row->type == CONF_NAMED ||
      (is_empty && row->type == CONF_LIST) || (row->fallback == NULL && row->type != CONF_TEXT)) {
    assert(is_empty);
    return 0;
  }
  int err = set_value(row, member, text, true);
  assert(err != ERR_MALFORMED);
  return err;
}

/* The one place where a settings structure is addressed by offset. */
void *conf_member(const struct conf_row *row, void *base)
{
  return (char *)base + row->offset;
}

/* Zeroed first: conf_values_free may be called whatever happens next. */
int conf_defaults(const struct conf_row *rows, size_t size, void *base)
{
  memset(base, 0, size);
  int err = 0;
  for (const struct conf_row *row = rows; row->key != NULL && err == 0; row++) {
    err = set_default(row, conf_member(row, base));
  }
  return err;
}

void conf_array_free(const struct conf_row *row, struct conf_array *array)
{
  for (size_t i = 0; i < array->count; i++) {
    conf_values_free(row->rows, (char *)array->item + i * row->item_size);
  }
  free(array->item);
  *array = (struct conf_array){NULL, 0};
}

/* Leaves empty members, so that a second call does no harm. */
void conf_values_free(const struct conf_row *rows, void *base)
{
  for (const struct conf_row *row = rows; row->key != NULL; row++) {
    void *member = conf_member(row, base);
    if (row->type == CONF_TEXT) {
      char **text = member;
      free(*text);
      *text = NULL;
    } else if (row->type == CONF_LIST) {
      conf_list_free(member);
    } else if (row->type == CONF_SEQUENCE || row->type == CONF_NAMED) {
      conf_array_free(row, member);
    }
  }
}
