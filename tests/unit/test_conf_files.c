/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: several of them, those that are no good YAML, and what the table prints. */
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

#include "common/clock.h"
#include "common/err.h"
#include "tests/unit/conf_sample.h"

#define FILE_MAX ((size_t)1 << 20)

static char folder[64];

static int enter_folder(void **state)
{
  (void)state;
  (void)snprintf(folder, sizeof(folder), "/tmp/seine-conf-XXXXXX");
  return mkdtemp(folder) != NULL && chdir(folder) == 0 && mkdir("conf.d", 0700) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
  (void)state;
  static const char *const files[] = {"main.yaml",       "conf.d/10-a.yaml", "conf.d/20-b.yaml",
                                      "conf.d/30-c.yml", "conf.d/.40.yaml",  "conf.d/.yaml",
                                      "conf.d/50-d.yaml"};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    (void)unlink(files[i]);
  }
  (void)rmdir("conf.d/50-d.yaml");
  (void)rmdir("conf.d");
  return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void put_file(const char *name, const char *text)
{
  FILE *file = fopen(name, "we");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static int load(const char *path, bool has_confd, struct sample *s, struct conf_errors *errors)
{
  *errors = (struct conf_errors){NULL, 0};
  return conf_load(sample_rows, sizeof(*s), s, path, has_confd, errors);
}

static void no_file_gives_the_defaults_alone(void **state)
{
  (void)state;
  struct sample s;
  struct conf_errors errors;
  assert_int_equal(load(NULL, true, &s, &errors), 0);
  assert_int_equal(errors.count, 0);
  assert_int_equal(s.slots, 65536);
  conf_free(sample_rows, &s);
}

static void later_files_override_earlier_ones_key_by_key(void **state)
{
  (void)state;
  struct sample s;
  struct conf_errors errors;
  put_file("main.yaml", "share: 0.1\ncapture: {slots: 100, filter: tcp}\ninterfaces: [a, b]\n"
                        "rules: [{name: x}, {name: y}]\n"
                        "sensors: {a: {note: old, addresses: 1.1.1.1}, b: {note: keeps}}\n");
  put_file("conf.d/20-b.yaml", "share: 0.3\nrules: [{name: z}]\nsensors: {a: {note: new}, c: }\n");
  put_file("conf.d/10-a.yaml", "share: 0.2\ncapture: {slots: 200}\ninterfaces: c\n");
  put_file("conf.d/30-c.yml", "not read\n");
  put_file("conf.d/.40.yaml", "not read\n");
  put_file("conf.d/.yaml", "not read\n");
  assert_int_equal(load("main.yaml", true, &s, &errors), 0);
  assert_int_equal(errors.count, 0);
  assert_true(s.share > 0.29 && s.share < 0.31);
  assert_int_equal(s.slots, 200);
  assert_string_equal(s.filter, "tcp");
  assert_int_equal(s.interfaces.count, 1);
  assert_string_equal(s.interfaces.item[0], "c");
  /* A list is one value; a mapping of names is a key for each name. */
  assert_int_equal(s.rules.count, 1);
  assert_string_equal(((struct sample_rule *)s.rules.item)[0].name, "z");
  assert_int_equal(s.sensors.count, 3);
  const struct sample_sensor *sensor = s.sensors.item;
  assert_string_equal(sensor[0].name, "a");
  assert_string_equal(sensor[0].note, "new");
  assert_int_equal(sensor[0].addresses.count, 0);
  assert_string_equal(sensor[1].note, "keeps");
  assert_string_equal(sensor[2].name, "c");
  conf_free(sample_rows, &s);

  assert_int_equal(load("main.yaml", false, &s, &errors), 0);
  assert_int_equal(s.slots, 100);
  conf_free(sample_rows, &s);
}

static void mistakes_of_all_files_are_told_with_their_paths(void **state)
{
  (void)state;
  struct sample s;
  struct conf_errors errors;
  char path[128];
  char line[256];
  put_file("main.yaml", "share: 3\n");
  put_file("conf.d/10-a.yaml", "share: [\n");
  put_file("conf.d/20-b.yaml", "enabled: 1\n");
  assert_int_equal(mkdir("conf.d/50-d.yaml", 0700), 0);
  (void)snprintf(path, sizeof(path), "%s/main.yaml", folder);
  assert_int_equal(load(path, true, &s, &errors), ERR_MALFORMED);
  assert_int_equal(errors.count, 4);
  (void)snprintf(line, sizeof(line), "%s:1:8: share: '3': expected a number, between 0 and 1",
                 path);
  assert_string_equal(errors.line[0], line);
  (void)snprintf(line, sizeof(line),
                 "%s/conf.d/10-a.yaml:2:1: not YAML: did not find expected node content, while "
                 "parsing a flow node that began in line 2",
                 folder);
  assert_string_equal(errors.line[1], line);
  (void)snprintf(line, sizeof(line),
                 "%s/conf.d/20-b.yaml:1:10: enabled: '1': expected true or false", folder);
  assert_string_equal(errors.line[2], line);
  (void)snprintf(line, sizeof(line), "%s/conf.d/50-d.yaml: cannot be read: Is a directory", folder);
  assert_string_equal(errors.line[3], line);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
}

static void a_file_that_is_not_there_is_named(void **state)
{
  (void)state;
  struct sample s;
  struct conf_errors errors;
  assert_int_equal(load("absent.yaml", true, &s, &errors), ERR_IO);
  assert_int_equal(errors.count, 1);
  assert_string_equal(errors.line[0], "absent.yaml: cannot be read: No such file or directory");
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
  struct sample_sensor sensor;
  errors = (struct conf_errors){NULL, 0};
  /* What it would have held cannot be missed. */
  assert_int_equal(
      conf_load(sample_sensor_rows, sizeof(sensor), &sensor, "absent.yaml", false, &errors),
      ERR_IO);
  assert_int_equal(errors.count, 1);
  conf_errors_free(&errors);
  conf_free(sample_sensor_rows, &sensor);
}

static void assert_refused(const char *text, size_t length, int err, const char *line)
{
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  assert_int_equal(conf_load_text(sample_rows, sizeof(s), &s, "f.yaml", text, length, &errors),
                   err);
  assert_int_equal(errors.count, 1);
  assert_string_equal(errors.line[0], line);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
}

static void what_is_not_one_plain_document_is_refused_with_its_place(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int err;
    const char *line;
  } rows[] = {
      {"share: 1\n  slots: 2\n", ERR_MALFORMED,
       "f.yaml:2:8: not YAML: mapping values are not allowed in this context"},
      {"a: b\n\tc: d\n", ERR_MALFORMED,
       "f.yaml:2:1: not YAML: found a tab character that violates indentation, while scanning a "
       "plain scalar that began in line 1"},
      {"share: 1\n# \xff\n", ERR_MALFORMED,
       "f.yaml:2:3: not YAML: invalid leading UTF-8 octet (byte 11)"},
      {"share: \"\x01\"\n", ERR_MALFORMED,
       "f.yaml:1:9: not YAML: control characters are not allowed (byte 8)"},
      {"collector: \"a\\0b\"", ERR_MALFORMED, "f.yaml:1:12: a NUL character within text"},
      {"a: &x 1\nb: *x\n", ERR_UNSUPPORTED, "f.yaml:2:4: an alias: expected the value itself"},
      {"share: !!float 1", ERR_UNSUPPORTED, "f.yaml:1:8: a tag: expected the value alone"},
      {"rules: !x []", ERR_UNSUPPORTED, "f.yaml:1:8: a tag: expected the value alone"},
      {"share: 1\n---\nshare: 0\n", ERR_UNSUPPORTED, "f.yaml:2:1: a second document: expected one"},
      {"? [a]\n: b\n", ERR_MALFORMED,
       "f.yaml:1:3: a key that is a list or a mapping: expected text"},
      {"[[[[[[[[[[[[[[[[[[[[", ERR_LIMIT,
       "f.yaml:1:17: too deep: expected at most 16 levels of nesting"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_refused(rows[i].text, strlen(rows[i].text), rows[i].err, rows[i].line);
  }
}

static void a_file_over_the_bound_is_refused_and_one_at_it_is_read(void **state)
{
  (void)state;
  char *text = malloc(FILE_MAX + 2);
  assert_non_null(text);
  memset(text, '\n', FILE_MAX + 2);
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  assert_int_equal(conf_load_text(sample_rows, sizeof(s), &s, "f.yaml", text, FILE_MAX, &errors),
                   0);
  conf_free(sample_rows, &s);
  assert_refused(text, FILE_MAX + 1, ERR_LIMIT,
                 "f.yaml: larger than a configuration file may be: expected at most 1 MiB");
  text[FILE_MAX + 1] = '\0';
  put_file("main.yaml", text);
  assert_int_equal(load("main.yaml", false, &s, &errors), ERR_LIMIT);
  assert_int_equal(errors.count, 1);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
  free(text);
}

/* A million bytes of names must not cost the square of their number. */
static void many_names_are_read_in_one_go_and_too_many_refused(void **state)
{
  (void)state;
  enum { NAMES = 65537 };
  size_t length = 10;
  char *text = malloc(FILE_MAX);
  assert_non_null(text);
  (void)snprintf(text, FILE_MAX, "sensors:\n ");
  for (int i = 0; i < NAMES; i++) {
    length += (size_t)snprintf(text + length, FILE_MAX - length, "%sn%d:\n", i > 0 ? " " : "", i);
  }
  assert_refused(text, length, ERR_MALFORMED,
                 "f.yaml:2:2: sensors: a mapping: expected at most 65536 names");
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  length -= strlen(" n65536:\n");
  assert_int_equal(conf_load_text(sample_rows, sizeof(s), &s, "f.yaml", text, length, &errors), 0);
  assert_int_equal(s.sensors.count, NAMES - 1);
  conf_free(sample_rows, &s);
  free(text);
}

static char *print_to_text(void (*print)(FILE *out))
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  print(out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void print_example(FILE *out)
{
  conf_print_example(sample_rows, "sample.yaml", out);
}

static void print_mdoc(FILE *out)
{
  conf_print_mdoc(sample_rows, out);
}

static void the_example_holds_every_key_and_changes_nothing_as_it_is(void **state)
{
  (void)state;
  char *text = print_to_text(print_example);
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  assert_int_equal(
      conf_load_text(sample_rows, sizeof(s), &s, "example", text, strlen(text), &errors), 0);
  assert_int_equal(s.rules.count, 0);
  conf_free(sample_rows, &s);
  static const char *const lines[] = {
      "\n## Where the collector listens\n## text\n#collector: localhost:7461\n",
      "\n#capture:\n#  # Flow slots\n#  # a whole number, between 16 and 1000000000\n",
      "\n#  slots: 65536\n",
      "\n#  # Ring\n#  # a size such as 64 MiB, between 64 KiB and 1 GiB\n#  buffer: 8 MiB\n",
      "\n#  filter: \"\"\n",
      "\n#rules:\n#  -\n#    # What the rule is called\n#    # text; required\n#    name: ...\n",
      "\n#    match:\n#      # Which hosts\n#      # a text or a list of texts\n#      hosts: []\n",
      "\n#sensors:\n#  NAME:\n#    # Its addresses\n",
      "\n#    above: -1\n",
  };
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
    if (strstr(text, lines[i]) == NULL) {
      print_error("not found: %s in:\n%s", lines[i], text);
    }
    assert_non_null(strstr(text, lines[i]));
  }
  free(text);
}

/* Takes the first # off each line. */
static void uncomment(char *text)
{
  char *to = text;
  bool is_start = true;
  for (const char *from = text; *from != '\0'; from++) {
    if (!is_start || *from != '#') {
      *to++ = *from;
    }
    is_start = *from == '\n';
  }
  *to = '\0';
}

static void the_example_without_its_first_hashes_is_yaml_with_the_defaults(void **state)
{
  (void)state;
  char *text = print_to_text(print_example);
  uncomment(text);
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  (void)conf_load_text(sample_rows, sizeof(s), &s, "example", text, strlen(text), &errors);
  /* Only what no default can stand for is a mistake: the names. */
  assert_int_equal(errors.count, 3);
  assert_non_null(strstr(errors.line[0], "rules[0].name: '...': expected small letters"));
  assert_non_null(strstr(errors.line[1], "rules[0].above: '-1': expected a number"));
  assert_non_null(strstr(errors.line[2], "sensors.NAME: 'NAME': expected small letters"));
  assert_int_equal(s.idle_ns, 90 * NS_PER_S);
  assert_int_equal(s.buffer_bytes, 8 << 20);
  assert_string_equal(s.filter, "");
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
  free(text);
}

static void the_manual_pages_list_names_every_key(void **state)
{
  (void)state;
  char *text = print_to_text(print_mdoc);
  static const char *const lines[] = {
      ".It Ic collector\nWhere the collector listens.\nExpects text.\nDefault: localhost:7461.\n",
      ".It Ic capture.filter\nA \\(dqpcap-filter\\(dq expression \\e what",
      ".It Ic rules[].match.hosts\n",
      ".It Ic rules[].name\nWhat the rule is called.\nExpects text.\nRequired.\n",
      ".It Ic sensors.NAME.addresses\n",
  };
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
    assert_non_null(strstr(text, lines[i]));
  }
  assert_null(strstr(text, "sensors.NAME.name"));
  free(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_file_gives_the_defaults_alone),
      IN_FOLDER(later_files_override_earlier_ones_key_by_key),
      IN_FOLDER(mistakes_of_all_files_are_told_with_their_paths),
      IN_FOLDER(a_file_that_is_not_there_is_named),
      cmocka_unit_test(what_is_not_one_plain_document_is_refused_with_its_place),
      IN_FOLDER(a_file_over_the_bound_is_refused_and_one_at_it_is_read),
      cmocka_unit_test(many_names_are_read_in_one_go_and_too_many_refused),
      cmocka_unit_test(the_example_holds_every_key_and_changes_nothing_as_it_is),
      cmocka_unit_test(the_example_without_its_first_hashes_is_yaml_with_the_defaults),
      cmocka_unit_test(the_manual_pages_list_names_every_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
