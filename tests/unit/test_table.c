/* SPDX-License-Identifier: Apache-2.0 */
/* Tables on wide and narrow terminals. */
#include "cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct table_column columns[] = {
    {"HOST", TABLE_LEFT, 0},
    {"SENSOR", TABLE_LEFT, 1},
    {"TOTAL", TABLE_RIGHT, 0},
    {"PACKETS", TABLE_RIGHT, 2},
};

static struct table *table_filled(void)
{
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  assert_non_null(table);
  const char *rows[][4] = {
      {"2001:db8:1111:2222:3333:4444:5555:6666", "web1", "1.2 MB", "10"},
      {"10.0.0.1", "-", "532 B", "1,234"},
  };
  for (size_t r = 0; r < 2; r++) {
    for (size_t c = 0; c < 4; c++) {
      table_cell(table, OUTPUT_PLAIN, "%s", rows[r][c]);
    }
  }
  return table;
}

/* The caller frees the text. */
static char *table_text(const struct table *table, int width, bool has_color)
{
  char *text = NULL;
  size_t size;
  struct output out = {
      .file = open_memstream(&text, &size), .width = width, .has_color = has_color};
  assert_non_null(out.file);
  table_print(table, &out);
  fclose(out.file);
  return text;
}

static void columns_are_as_wide_as_their_cells(void **state)
{
  (void)state;
  struct table *table = table_filled();
  char *text = table_text(table, 0, false);
  assert_string_equal(text, "HOST                                    SENSOR   TOTAL  PACKETS\n"
                            "2001:db8:1111:2222:3333:4444:5555:6666  web1    1.2 MB       10\n"
                            "10.0.0.1                                -        532 B    1,234\n");
  free(text);
  table_free(table);
}

static void a_narrow_terminal_leaves_out_whole_columns_and_says_so(void **state)
{
  (void)state;
  struct table *table = table_filled();
  char *text = table_text(table, 60, false);
  assert_string_equal(text, "HOST                                    SENSOR   TOTAL\n"
                            "2001:db8:1111:2222:3333:4444:5555:6666  web1    1.2 MB\n"
                            "10.0.0.1                                -        532 B\n"
                            "(too narrow for: PACKETS)\n");
  free(text);
  table_free(table);
}

static void where_nothing_fits_cells_are_stacked_and_no_address_is_cut(void **state)
{
  (void)state;
  struct table *table = table_filled();
  char *text = table_text(table, 40, false);
  assert_string_equal(text, "HOST     2001:db8:1111:2222:3333:4444:5555:6666\n"
                            "SENSOR   web1\n"
                            "TOTAL    1.2 MB\n"
                            "PACKETS  10\n"
                            "\n"
                            "HOST     10.0.0.1\n"
                            "SENSOR   -\n"
                            "TOTAL    532 B\n"
                            "PACKETS  1,234\n");
  free(text);
  table_free(table);
}

static void colour_takes_no_room(void **state)
{
  static const struct table_column two[] = {{"A", TABLE_LEFT, 0}, {"B", TABLE_LEFT, 0}};
  (void)state;
  struct table *table = table_new(two, 2);
  table_cell(table, OUTPUT_BAD, "x\033y");
  table_cell(table, OUTPUT_PLAIN, "z");
  char *text = table_text(table, 80, true);
  assert_string_equal(text, "\033[1mA\033[0m    \033[1mB\033[0m\n\033[31mx?y\033[0m  z\n");
  free(text);
  table_free(table);
}

static void letters_beyond_ascii_count_once(void **state)
{
  static const struct table_column two[] = {{"A", TABLE_LEFT, 0}, {"B", TABLE_LEFT, 0}};
  (void)state;
  struct table *table = table_new(two, 2);
  table_cell(table, OUTPUT_PLAIN, "\xc3\xbc\xe2\x82\xac");
  table_cell(table, OUTPUT_PLAIN, "z");
  char *text = table_text(table, 0, false);
  assert_string_equal(text, "A   B\n\xc3\xbc\xe2\x82\xac  z\n");
  free(text);
  table_free(table);
}

static void a_table_without_rows_prints_nothing(void **state)
{
  (void)state;
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  char *text = table_text(table, 80, false);
  assert_string_equal(text, "");
  free(text);
  table_free(table);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_as_wide_as_their_cells),
      cmocka_unit_test(a_narrow_terminal_leaves_out_whole_columns_and_says_so),
      cmocka_unit_test(where_nothing_fits_cells_are_stacked_and_no_address_is_cut),
      cmocka_unit_test(colour_takes_no_room),
      cmocka_unit_test(letters_beyond_ascii_count_once),
      cmocka_unit_test(a_table_without_rows_prints_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
