/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people. Cells are kept as text until the table is printed: only then are all widths
 * known, and which of the three layouts fits. */
#include "cli/table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fold.h"

/* Bounds for arrays on the stack and for one cell; the widest table has 12 columns. */
#define TABLE_COLUMNS_MAX 16
#define TABLE_CELL_MAX    256
#define TABLE_GAP         2

/* One cell. */
struct table_item {
  char *text;
  enum output_tone tone;
};

struct table {
  const struct table_column *columns;
  size_t column_count;
  struct table_item *items; /* row by row */
  size_t item_count, item_capacity;
  bool has_failed; /* no memory: said in place of the rows */
};

/* table_cell and table_print take NULL, so that no caller has to ask for memory. */
struct table *table_new(const struct table_column *columns, size_t column_count)
{
  struct table *table = calloc(1, sizeof *table);
  if (table != NULL) {
    table->columns = columns;
    table->column_count = column_count < TABLE_COLUMNS_MAX ? column_count : TABLE_COLUMNS_MAX;
  }
  return table;
}

/* Cells own their text; columns are the caller's. */
void table_free(struct table *table)
{
  if (table == NULL) {
    return;
  }
  for (size_t i = 0; i < table->item_count; i++) {
    free(table->items[i].text);
  }
  free(table->items);
  free(table);
}

/* Room for one more cell; doubles, so that rows cost nothing each. */
static bool table_grow(struct table *table)
{
  if (table->item_count < table->item_capacity) {
    return true;
  }
  size_t capacity = table->item_capacity == 0 ? 64 : 2 * table->item_capacity;
  struct table_item *items = reallocarray(table->items, capacity, sizeof *items);
  if (items == NULL) {
    return false;
  }
  table->items = items;
  table->item_capacity = capacity;
  return true;
}

/* A cell that finds no memory spoils the whole table: rows would shift, and a wrong table is worse
 * than none. */
void table_cell(struct table *table, enum output_tone tone, const char *format, ...)
{
  if (table == NULL) {
    return;
  }
  char text[TABLE_CELL_MAX], cleaned[TABLE_CELL_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  char *copy = strdup(output_clean(text, cleaned, sizeof cleaned));
  if (copy == NULL || !table_grow(table)) {
    free(copy);
    table->has_failed = true;
    return;
  }
  struct table_item *item = &table->items[table->item_count++];
  item->text = copy;
  item->tone = tone;
}

void table_count(struct table *table, uint64_t count, enum output_tone tone)
{
  char text[OUTPUT_TEXT_MAX];
  table_cell(table, count > 0 ? tone : OUTPUT_PLAIN, "%s", output_count(count, text));
}

static size_t table_text_width(const char *text)
{
  return fold_width(text, strlen(text));
}

/* The width of each column; returns that of a whole line of the shown ones. */
static size_t table_measure(const struct table *table, const bool *is_shown, size_t *width)
{
  size_t line = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    width[c] = table_text_width(table->columns[c].title);
    for (size_t i = c; i < table->item_count; i += table->column_count) {
      size_t cell = table_text_width(table->items[i].text);
      width[c] = cell > width[c] ? cell : width[c];
    }
    line += is_shown[c] ? width[c] + TABLE_GAP : 0;
  }
  return line > TABLE_GAP ? line - TABLE_GAP : 0;
}

/* Leaves out the most spare column that is still shown; false when none is left to spare. */
static bool table_spare(const struct table *table, bool *is_shown)
{
  /* Columns of spare 0 are never victims. */
  size_t victim = SIZE_MAX;
  int most = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    if (is_shown[c] && table->columns[c].spare > most) {
      most = table->columns[c].spare;
      victim = c;
    }
  }
  if (victim == SIZE_MAX) {
    return false;
  }
  is_shown[victim] = false;
  return true;
}

/* One cell with its padding; none behind the last one, so that lines have no blanks at their ends.
 */
static void table_put(const struct output *out, const char *text, enum output_tone tone,
                      enum table_align align, size_t width, bool is_last)
{
  int pad = (int)(width - table_text_width(text));
  if (align == TABLE_RIGHT) {
    fprintf(out->file, "%*s", pad, "");
  }
  output_tone_on(out, tone);
  fputs(text, out->file);
  output_tone_off(out, tone);
  if (!is_last) {
    fprintf(out->file, "%*s", (align == TABLE_LEFT ? pad : 0) + TABLE_GAP, "");
  }
}

/* One line: the titles (items NULL) or a row. */
static void table_line(const struct table *table, const struct output *out, const bool *is_shown,
                       const size_t *width, const struct table_item *items)
{
  size_t last = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    last = is_shown[c] ? c : last;
  }
  for (size_t c = 0; c < table->column_count; c++) {
    if (is_shown[c]) {
      const char *text = items != NULL ? items[c].text : table->columns[c].title;
      enum output_tone tone = items != NULL ? items[c].tone : OUTPUT_BOLD;
      table_put(out, text, tone, table->columns[c].align, width[c], c == last);
    }
  }
  fputc('\n', out->file);
}

/* What is left out is named: a missing column must not read as a missing fact. */
static void table_say_hidden(const struct table *table, const struct output *out,
                             const bool *is_shown)
{
  char names[TABLE_CELL_MAX] = "";
  size_t used = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    if (!is_shown[c] && used < sizeof names) {
      used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                               table->columns[c].title);
    }
  }
  if (used > 0) {
    output_print(out, OUTPUT_PLAIN, "(too narrow for: %s)\n", names);
  }
}

/* Not even the columns that are always shown fit: a line a cell, with all columns. */
static void table_stack(const struct table *table, const struct output *out)
{
  size_t width = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    size_t title = table_text_width(table->columns[c].title);
    width = title > width ? title : width;
  }
  for (size_t i = 0; i + table->column_count <= table->item_count; i += table->column_count) {
    if (i > 0) {
      fputc('\n', out->file);
    }
    for (size_t c = 0; c < table->column_count; c++) {
      const struct table_item *item = &table->items[i + c];
      output_print(out, item->tone, "%-*s  %s\n", (int)width, table->columns[c].title, item->text);
    }
  }
}

/* Measures, leaves out columns until the line fits; when none can be spared, stacks the cells. */
void table_print(const struct table *table, const struct output *out)
{
  if (table == NULL || table->has_failed) {
    output_print(out, OUTPUT_BAD, "(out of memory)\n");
    return;
  }
  if (table->item_count < table->column_count) {
    return;
  }
  bool is_shown[TABLE_COLUMNS_MAX];
  size_t width[TABLE_COLUMNS_MAX];
  for (size_t c = 0; c < table->column_count; c++) {
    is_shown[c] = true;
  }
  size_t line = table_measure(table, is_shown, width);
  /* Widths of single columns do not change with what is shown; only the line's does. */
  while (out->width > 0 && line > (size_t)out->width && table_spare(table, is_shown)) {
    line = table_measure(table, is_shown, width);
  }
  if (out->width > 0 && line > (size_t)out->width) {
    table_stack(table, out);
    return;
  }
  table_line(table, out, is_shown, width, NULL);
  for (size_t i = 0; i + table->column_count <= table->item_count; i += table->column_count) {
    table_line(table, out, is_shown, width, &table->items[i]);
  }
  table_say_hidden(table, out, is_shown);
}
