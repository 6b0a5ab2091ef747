/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting mistakes, and the nearest known key to an unknown one.
 *
 * All mistakes of a load are told at once: whoever edits a file wants one round, not ten. Each is a
 * line of its own that editors can jump to. */
#include "common/conf_errors.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/edit_distance.h"
#include "common/log.h"

#define MISTAKE_MAX 1024
#define QUOTE_MAX   80

/* Without memory a mistake is lost, but not the error code that the caller returns. */
static void append(struct conf_errors *errors, const char *text)
{
  char **grown = realloc(errors->line, (errors->count + 1) * sizeof(*grown));
  if (grown == NULL) {
    return;
  }
  errors->line = grown;
  char *copy = strdup(text);
  if (copy != NULL) {
    errors->line[errors->count++] = copy;
  }
}

/* Control characters are escaped: the line may quote anybody. */
static void add(struct conf_errors *errors, const char *prefix, const char *words)
{
  if (errors == NULL || errors->count > CONF_MISTAKES_MAX) {
    return;
  }
  /* A file that is not a configuration at all must not fill the screen. */
  if (errors->count == CONF_MISTAKES_MAX) {
    append(errors, "more mistakes than these are not shown");
    return;
  }
  char raw[2 * MISTAKE_MAX];
  char text[2 * MISTAKE_MAX];
  (void)snprintf(raw, sizeof(raw), "%s%s", prefix, words);
  append(errors, log_escape(raw, text, sizeof(text)));
}

/* Prefix and words are formatted apart: a long path must not push the message out. */
void conf_errors_at(struct conf_errors *errors, struct conf_mark mark, const char *format, ...)
{
  char prefix[MISTAKE_MAX] = "";
  char words[MISTAKE_MAX];
  if (mark.file != NULL && mark.line > 0) {
    (void)snprintf(prefix, sizeof(prefix), "%s:%zu:%zu: ", mark.file, mark.line, mark.column);
  } else if (mark.file != NULL) {
    (void)snprintf(prefix, sizeof(prefix), "%s: ", mark.file);
  }
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(words, sizeof(words), format, arguments);
  va_end(arguments);
  add(errors, prefix, words);
}

void conf_errors_add(struct conf_errors *errors, const char *format, ...)
{
  char words[MISTAKE_MAX];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(words, sizeof(words), format, arguments);
  va_end(arguments);
  add(errors, "", words);
}

void conf_errors_free(struct conf_errors *errors)
{
  for (size_t i = 0; i < errors->count; i++) {
    free(errors->line[i]);
  }
  free(errors->line);
  *errors = (struct conf_errors){NULL, 0};
}

/* 'short'   'the first eighty bytes of a long on...' */
const char *conf_quote(const char *value, char *out, size_t size)
{
  size_t length = strlen(value);
  if (length <= QUOTE_MAX) {
    (void)snprintf(out, size, "'%s'", value);
    return out;
  }
  /* Never within a UTF-8 sequence. */
  length = QUOTE_MAX;
  while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80) {
    length--;
  }
  (void)snprintf(out, size, "'%.*s...'", (int)length, value);
  return out;
}

/* Where the last part of a dotted key begins. */
static size_t last_part(const char *key, size_t length)
{
  while (length > 0 && key[length - 1] != '.') {
    length--;
  }
  return length;
}

/* A hit by the last part alone is worth one step less. */
static size_t key_distance(const char *wanted, const char *known, size_t known_length)
{
  size_t wanted_length = strlen(wanted);
  size_t a = last_part(wanted, wanted_length);
  size_t b = last_part(known, known_length);
  size_t whole = edit_distance(wanted, wanted_length, known, known_length);
  size_t last = edit_distance(wanted + a, wanted_length - a, known + b, known_length - b) + 1;
  return whole < last ? whole : last;
}

/* On a tie the earlier row wins, so that the advice does not change from run to run. */
const char *conf_nearest_key(const struct conf_row *rows, const char *key, const char *hidden,
                             char out[CONF_PATH_MAX])
{
  size_t best = SIZE_MAX;
  out[0] = '\0';
  for (const struct conf_row *row = rows; row->key != NULL; row++) {
    if (hidden != NULL && strcmp(row->key, hidden) == 0) {
      continue;
    }
    /* Each group above the key is a candidate of its own, before the key. */
    for (size_t length = 1; length <= strlen(row->key); length++) {
      if (row->key[length] != '.' && row->key[length] != '\0') {
        continue;
      }
      size_t distance = key_distance(key, row->key, length);
      if (distance < best) {
        best = distance;
        (void)snprintf(out, CONF_PATH_MAX, "%.*s", (int)length, row->key);
      }
    }
  }
  return out;
}
