/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from memory: values of every type, and the exact words for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/err.h"
#include "tests/unit/conf_sample.h"

static int load(const char *text, struct sample *s, struct conf_errors *errors)
{
  *errors = (struct conf_errors){NULL, 0};
  return conf_load_text(sample_rows, sizeof(*s), s, "f.yaml", text, strlen(text), errors);
}

/* Loads text that must hold no mistake; the caller frees s. */
static void load_good(const char *text, struct sample *s)
{
  struct conf_errors errors;
  int err = load(text, s, &errors);
  for (size_t i = 0; i < errors.count; i++) {
    print_error("%s\n", errors.line[i]);
  }
  assert_int_equal(err, 0);
  assert_int_equal(errors.count, 0);
}

static void assert_mistake(const char *text, int err, const char *line)
{
  struct sample s;
  struct conf_errors errors;
  int result = load(text, &s, &errors);
  assert_int_equal(errors.count, 1);
  assert_string_equal(errors.line[0], line);
  assert_int_equal(result, err);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
}

static void an_empty_file_gives_the_defaults(void **state)
{
  (void)state;
  static const char *const empty[] = {"", "# nothing\n", "---\n", "~", "capture:\nlog: {}\n"};
  for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
    struct sample s;
    load_good(empty[i], &s);
    assert_string_equal(s.collector, "localhost:7461");
    assert_true(s.is_on);
    assert_int_equal(s.slots, 65536);
    assert_int_equal(s.buffer_bytes, 8 << 20);
    assert_int_equal(s.idle_ns, 90 * NS_PER_S);
    assert_true(s.share > 0.49 && s.share < 0.51);
    assert_string_equal(s.filter, "");
    assert_int_equal(s.level, 2);
    assert_int_equal(s.interfaces.count, 1);
    assert_string_equal(s.interfaces.item[0], "auto");
    assert_int_equal(s.rules.count, 0);
    assert_int_equal(s.sensors.count, 0);
    conf_free(sample_rows, &s);
    conf_free(sample_rows, &s); /* twice does no harm */
  }
}

static void every_type_is_read_from_its_nested_mapping(void **state)
{
  (void)state;
  struct sample s;
  load_good("collector: 'c:1'\n"
            "enabled: false\n"
            "capture:\n"
            "  slots: 1024\n"
            "  filter: not port 22\n"
            "  buffer: 64KiB\n"
            "  idle: 1.5m\n"
            "share: 2.5e-1\n"
            "log: {level: error}\n"
            "interfaces: [eth0, eth1]\n"
            "rules:\n"
            "  - name: a\n"
            "  - {name: b, above: 1e6, for: 10s, match: {hosts: x}}\n"
            "sensors:\n"
            "  web1: {addresses: [192.0.2.1, '192.0.2.2'], note: \"\"}\n"
            "  web2:\n",
            &s);
  assert_string_equal(s.collector, "c:1");
  assert_false(s.is_on);
  assert_int_equal(s.slots, 1024);
  assert_string_equal(s.filter, "not port 22");
  assert_int_equal(s.buffer_bytes, 65536);
  assert_int_equal(s.idle_ns, 90 * NS_PER_S);
  assert_true(s.share > 0.249 && s.share < 0.251);
  assert_int_equal(s.level, 0);
  assert_int_equal(s.interfaces.count, 2);
  assert_string_equal(s.interfaces.item[1], "eth1");
  assert_int_equal(s.rules.count, 2);
  const struct sample_rule *rule = s.rules.item;
  assert_string_equal(rule[0].name, "a");
  assert_true(rule[0].above < 0); /* the default may lie outside the bounds: not set */
  assert_int_equal(rule[0].for_ns, NS_PER_S);
  assert_int_equal(rule[0].hosts.count, 0);
  assert_true(rule[1].above > 999999 && rule[1].above < 1000001);
  assert_string_equal(rule[1].hosts.item[0], "x");
  const struct sample_sensor *sensor = s.sensors.item;
  assert_int_equal(s.sensors.count, 2);
  assert_string_equal(sensor[0].name, "web1");
  assert_int_equal(sensor[0].addresses.count, 2);
  assert_string_equal(sensor[1].name, "web2");
  conf_free(sample_rows, &s);
}

static void an_empty_array_differs_from_one_that_is_not_given(void **state)
{
  (void)state;
  struct sample s;
  load_good("rules: []", &s);
  assert_int_equal(s.rules.count, 0);
  assert_non_null(s.rules.item);
  assert_null(s.sensors.item);
  conf_free(sample_rows, &s);
}

static void sizes_are_read_in_both_systems(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int64_t bytes;
  } rows[] = {
      {"1000000", 1000000},   {"10 MB", 10000000},  {"64 MiB", 64 << 20},
      {"66kB", 66000},        {"100k", 100000},     {"100K", 100000},
      {"1G", 1000000000},     {"70000B", 70000},    {"64Ki", 65536},
      {"1  GiB", 1073741824}, {"0.5 GB", -1},       {"1 PB", -1},
      {"1 mb", -1},           {"-1 MB", -1},        {"MB", -1},
      {"1 MBs", -1},          {"99999999 TiB", -1}, {"99999999999999999999", -1},
      {"64 KB", -1},          {"1 iB", -1},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[128];
    char line[256];
    (void)snprintf(text, sizeof(text), "capture: {buffer: %s}", rows[i].text);
    if (rows[i].bytes >= 0) {
      struct sample s;
      load_good(text, &s);
      assert_true(s.buffer_bytes == rows[i].bytes);
      conf_free(sample_rows, &s);
      continue;
    }
    (void)snprintf(line, sizeof(line),
                   "f.yaml:1:19: capture.buffer: '%s': expected a size such as 64 MiB, between 64 "
                   "KiB and 1 GiB",
                   rows[i].text);
    assert_mistake(text, ERR_MALFORMED, line);
  }
}

static void each_mistake_names_place_key_value_and_what_was_expected(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    const char *line;
  } rows[] = {
      {"enabled: yes", "f.yaml:1:10: enabled: 'yes': expected true or false"},
      {"capture:\n  slots: 0x10",
       "f.yaml:2:10: capture.slots: '0x10': expected a whole number, between 16 and 1000000000"},
      {"capture: {slots: 15}",
       "f.yaml:1:18: capture.slots: '15': expected a whole number, between 16 and 1000000000"},
      {"capture: {slots: 99999999999999999999}",
       "f.yaml:1:18: capture.slots: '99999999999999999999': expected a whole number, between 16 "
       "and "
       "1000000000"},
      {"capture:\n  idle: 10",
       "f.yaml:2:9: capture.idle: '10': expected a duration such as 90s or 5m, at least 1s"},
      {"share: 1.5", "f.yaml:1:8: share: '1.5': expected a number, between 0 and 1"},
      {"share: .nan", "f.yaml:1:8: share: '.nan': expected a number, between 0 and 1"},
      {"share:", "f.yaml:1:7: share: no value: expected a number, between 0 and 1"},
      {"log:\n  level: debug",
       "f.yaml:2:10: log.level: 'debug': expected one of error, warning, info"},
      {"log: info", "f.yaml:1:6: log: 'info': expected a mapping of its keys"},
      {"collector: [a]", "f.yaml:1:12: collector: a list: expected text"},
      {"collector: {a: b}", "f.yaml:1:12: collector: a mapping: expected text"},
      {"interfaces: [eth0, 'eth 1']",
       "f.yaml:1:20: interfaces: 'eth 1': expected small letters and digits"},
      {"interfaces: eth 1", "f.yaml:1:13: interfaces: 'eth 1': expected small letters and digits"},
      {"interfaces: {}", "f.yaml:1:13: interfaces: a mapping: expected a text or a list of texts"},
      {"interfaces: [[a]]", "f.yaml:1:14: interfaces: a list: expected text"},
      {"rules: {}", "f.yaml:1:8: rules: a mapping: expected a list of mappings"},
      {"rules: [a]", "f.yaml:1:9: rules[0]: 'a': expected a mapping"},
      {"rules:\n  - {name: a}\n  - above: 3", "f.yaml:3:5: rules[1].name: missing: expected text"},
      {"rules: [{name: a, above: x}]",
       "f.yaml:1:26: rules[0].above: 'x': expected a number, between 0 and 1000000000000"},
      {"sensors: [a]", "f.yaml:1:10: sensors: a list: expected a mapping of names to mappings"},
      {"sensors:\n  Web1: {}",
       "f.yaml:2:3: sensors.Web1: 'Web1': expected small letters and digits"},
      {"sensors: {a: b}", "f.yaml:1:14: sensors.a: 'b': expected a mapping"},
      {"- a", "f.yaml:1:1: the file: a list: expected a mapping of keys"},
      {"enabled: 'a\nb'", "f.yaml:1:10: enabled: 'a b': expected true or false"},
      {"enabled: \"a\\nb\"", "f.yaml:1:10: enabled: 'a\\x0ab': expected true or false"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int err = strstr(rows[i].line, "missing") != NULL ? ERR_NOT_FOUND : ERR_MALFORMED;
    assert_mistake(rows[i].text, err, rows[i].line);
  }
}

static void an_unknown_key_is_told_the_nearest_known_one(void **state)
{
  (void)state;
  static const struct {
    const char *text, *line;
  } rows[] = {
      {"enabeld: true", "f.yaml:1:1: enabeld: unknown key: the nearest known one is enabled"},
      {"filter: x", "f.yaml:1:1: filter: unknown key: the nearest known one is capture.filter"},
      {"captur: {slots: 1}", "f.yaml:1:1: captur: unknown key: the nearest known one is capture"},
      {"capture:\n  slot: 1",
       "f.yaml:2:3: capture.slot: unknown key: the nearest known one is capture.slots"},
      {"rules: [{name: a, abov: 3}]",
       "f.yaml:1:19: rules[0].abov: unknown key: the nearest known one is rules[0].above"},
      {"sensors: {a: {name: b}}",
       "f.yaml:1:15: sensors.a.name: unknown key: the nearest known one is sensors.a.note"},
      {"capture.filter: x",
       "f.yaml:1:1: capture.filter: a key with a dot: expected a mapping for each part"},
      {"<<: {a: b}", "f.yaml:1:1: <<: unknown key: the nearest known one is log"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_mistake(rows[i].text, ERR_MALFORMED, rows[i].line);
  }
}

static void a_key_given_twice_is_told_where_it_stood_first(void **state)
{
  (void)state;
  static const struct {
    const char *text, *line;
  } rows[] = {
      {"share: 0.1\nenabled: true\nshare: 0.2\n",
       "f.yaml:3:1: share: given twice: first in line 1"},
      {"capture:\n  slots: 20\n\n  slots: 20\n",
       "f.yaml:4:3: capture.slots: given twice: first in line 2"},
      {"sensors: {a: {},\n  a: {}}", "f.yaml:2:3: sensors.a: given twice: first in line 1"},
      {"capture: {}\nlog: {}\ncapture: {}", "f.yaml:3:1: capture: given twice: first in line 1"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_mistake(rows[i].text, ERR_CONFLICT, rows[i].line);
  }
}

static void all_mistakes_are_told_at_once_in_the_files_order(void **state)
{
  (void)state;
  struct sample s;
  struct conf_errors errors;
  int err = load("enabled: maybe\n"
                 "shar: 1\n"
                 "capture:\n"
                 "  slots: many\n"
                 "  idle: soon\n"
                 "rules:\n"
                 "  - above: high\n"
                 "share: 2\n",
                 &s, &errors);
  static const char *const lines[] = {
      "f.yaml:1:10: ", "f.yaml:2:1: ", "f.yaml:4:10: ", "f.yaml:5:9: ",
      "f.yaml:7:12: ", "f.yaml:7:5: ", "f.yaml:8:8: "};
  assert_int_equal(err, ERR_MALFORMED);
  assert_int_equal(errors.count, sizeof(lines) / sizeof(lines[0]));
  for (size_t i = 0; i < errors.count; i++) {
    assert_memory_equal(errors.line[i], lines[i], strlen(lines[i]));
  }
  /* What is wrong keeps its default. */
  assert_true(s.is_on);
  assert_int_equal(s.slots, 65536);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
}

static void a_flood_of_mistakes_is_cut_and_says_so(void **state)
{
  (void)state;
  char text[4096] = "";
  struct sample s;
  struct conf_errors errors;
  for (int i = 0; i < 300; i++) {
    size_t at = strlen(text);
    (void)snprintf(text + at, sizeof(text) - at, "key%d: x\n", i);
  }
  assert_int_equal(load(text, &s, &errors), ERR_MALFORMED);
  assert_int_equal(errors.count, 101);
  assert_string_equal(errors.line[100], "more mistakes than these are not shown");
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
}

static void a_required_key_that_is_missing_is_named(void **state)
{
  (void)state;
  struct sample_sensor s;
  struct conf_errors errors = {NULL, 0};
  assert_int_equal(
      conf_load_text(sample_sensor_rows, sizeof(s), &s, "f.yaml", "note: x", 7, &errors),
      ERR_NOT_FOUND);
  assert_int_equal(errors.count, 1);
  assert_string_equal(errors.line[0], "f.yaml: name: missing: expected text");
  assert_string_equal(s.name, "");
  conf_errors_free(&errors);
  conf_free(sample_sensor_rows, &s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_file_gives_the_defaults),
      cmocka_unit_test(every_type_is_read_from_its_nested_mapping),
      cmocka_unit_test(an_empty_array_differs_from_one_that_is_not_given),
      cmocka_unit_test(sizes_are_read_in_both_systems),
      cmocka_unit_test(each_mistake_names_place_key_value_and_what_was_expected),
      cmocka_unit_test(an_unknown_key_is_told_the_nearest_known_one),
      cmocka_unit_test(a_key_given_twice_is_told_where_it_stood_first),
      cmocka_unit_test(all_mistakes_are_told_at_once_in_the_files_order),
      cmocka_unit_test(a_flood_of_mistakes_is_cut_and_says_so),
      cmocka_unit_test(a_required_key_that_is_missing_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
