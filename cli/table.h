/* SPDX-License-Identifier: Apache-2.0 */
/* A table for people: columns as wide as their cells. On a narrow terminal whole columns are left
 * out, the least needed first, and said; no cell is ever cut.
 *
 *   HOST       SENSOR  TOTAL    SENT    RECEIVED        wide enough for all
 *
 *   HOST       TOTAL   SENT     RECEIVED                SENSOR has the highest `spare`
 *   (too narrow for: SENSOR)
 *
 *   HOST      10.0.0.1                                  not even that fits: all columns, stacked
 *   SENSOR    web1 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
  const char *title;
  enum table_align align;
  int spare; /* 0: always shown; else the highest is left out first */
};

struct table;

/* columns are borrowed for the table's life. NULL without memory. The caller owns it. */
struct table *table_new(const struct table_column *columns, size_t column_count);
void table_free(struct table *table);
/* The next cell, row by row, cleaned of control characters. Longer than 255 bytes: cut (no address,
 * name or number is). */
void table_cell(struct table *table, enum output_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A cell with a count, in the tone as soon as it is not zero: so losses are shown. */
void table_count(struct table *table, uint64_t count, enum output_tone tone);
/* Writes titles and rows; nothing when there is no row. */
void table_print(const struct table *table, const struct output *out);

#endif
