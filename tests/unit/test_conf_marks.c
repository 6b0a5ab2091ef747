/* SPDX-License-Identifier: Apache-2.0 */
/* Where each key of a load stands. */
#include "common/conf_marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/conf_sample.h"

static void expect(const struct conf_marks *marks, const char *path, const char *file, size_t line,
                   size_t column)
{
  struct conf_mark mark = conf_mark_of(marks, path, "elsewhere");
  assert_string_equal(mark.file, file);
  assert_int_equal(mark.line, line);
  assert_int_equal(mark.column, column);
}

static void each_key_and_item_has_its_place(void **state)
{
  (void)state;
  static const char text[] = "capture:\n"
                             "  filter: tcp\n"
                             "rules:\n"
                             "  - name: a\n"
                             "    above: 5\n"
                             "  - {name: b, match: {hosts: x}}\n"
                             "sensors:\n"
                             "  web1: {addresses: [192.0.2.1]}\n";
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  struct conf_marks marks = {.count = 0};
  assert_int_equal(conf_load_text_marked(sample_rows, sizeof(s), &s, "f.yaml", text, strlen(text),
                                         &marks, &errors),
                   0);
  expect(&marks, "capture.filter", "f.yaml", 2, 11);
  expect(&marks, "rules[0].above", "f.yaml", 5, 12);
  expect(&marks, "rules[1].match.hosts", "f.yaml", 6, 30);
  expect(&marks, "sensors.web1.addresses", "f.yaml", 8, 21);
  /* Not given: what it is in. */
  expect(&marks, "rules[1].above", "f.yaml", 6, 5);
  expect(&marks, "rules[7].above", "f.yaml", 4, 3);
  expect(&marks, "collector", "elsewhere", 0, 0);
  expect(NULL, "rules[0].above", "elsewhere", 0, 0);
  conf_marks_free(&marks);
  expect(&marks, "rules[0].above", "elsewhere", 0, 0);
  conf_free(sample_rows, &s);
}

static void write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void a_later_file_takes_over_with_its_places(void **state)
{
  (void)state;
  char folder[] = "/tmp/seine-marks-XXXXXX", main_file[64], parts[64], part[80];
  assert_non_null(mkdtemp(folder));
  (void)snprintf(main_file, sizeof main_file, "%s/m.yaml", folder);
  (void)snprintf(parts, sizeof parts, "%s/conf.d", folder);
  (void)snprintf(part, sizeof part, "%s/a.yaml", parts);
  assert_int_equal(mkdir(parts, 0700), 0);
  write_file(main_file, "share: 0.1\nrules:\n  - {name: a, above: 5}\n"
                        "sensors:\n  web1: {note: x}\n  web2: {note: y}\n");
  write_file(part, "rules:\n  - name: b\nsensors:\n  web1: {addresses: []}\n");
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  struct conf_marks marks = {.count = 0};
  assert_int_equal(conf_load_marked(sample_rows, sizeof(s), &s, main_file, true, &marks, &errors),
                   0);
  expect(&marks, "share", main_file, 1, 8);
  expect(&marks, "rules[0].name", part, 2, 11);
  expect(&marks, "rules[0].above", part, 2, 5); /* not the place of the rule that is gone */
  expect(&marks, "sensors.web1.note", part, 4, 9);
  expect(&marks, "sensors.web2.note", main_file, 6, 16);
  conf_marks_free(&marks);
  conf_free(sample_rows, &s);
  assert_int_equal(unlink(part), 0);
  assert_int_equal(unlink(main_file), 0);
  assert_int_equal(rmdir(parts), 0);
  assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_key_and_item_has_its_place),
      cmocka_unit_test(a_later_file_takes_over_with_its_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
