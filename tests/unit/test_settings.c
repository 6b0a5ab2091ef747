/* SPDX-License-Identifier: Apache-2.0 */
/* collector.yaml: defaults, the seed rule, and every mistake that the rows cannot see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/settings.h"
#include "common/clock.h"

static struct collector_settings load_good(const char *text)
{
  struct collector_settings settings;
  struct conf_errors errors = {NULL, 0};
  int err = collector_settings_load_text("t.yaml", text, &settings, &errors);
  for (size_t i = 0; i < errors.count; i++) {
    print_error("%s\n", errors.line[i]);
  }
  assert_int_equal(err, 0);
  conf_errors_free(&errors);
  return settings;
}

/* The text is refused, and one of its mistakes holds every given part. */
static void expect_mistake(const char *text, const char *part, const char *other)
{
  struct collector_settings settings;
  struct conf_errors errors = {NULL, 0};
  assert_int_not_equal(collector_settings_load_text("t.yaml", text, &settings, &errors), 0);
  size_t found = 0;
  for (size_t i = 0; i < errors.count; i++) {
    found += strstr(errors.line[i], part) != NULL && strstr(errors.line[i], other) != NULL;
  }
  if (found == 0) {
    print_error("no mistake with '%s' and '%s' in:\n%s\n", part, other, text);
    for (size_t i = 0; i < errors.count; i++) {
      print_error("  %s\n", errors.line[i]);
    }
  }
  assert_int_not_equal(found, 0);
  conf_errors_free(&errors);
  collector_settings_free(&settings);
}

static void expect_seed_rule(const struct collector_settings *settings)
{
  assert_int_equal(settings->rules.count, 1);
  const struct rule_setting *rule = settings->rules.item;
  assert_string_equal(rule->name, "interface-load");
  assert_int_equal(rule->metric, RULE_BYTES_PER_S);
  assert_int_equal(rule->scope, RULE_INTERFACE);
  assert_string_equal(rule->match, "");
  assert_true(rule->above == 1000000);
  assert_true(rule->below < 0);
  assert_true(rule->clear_percent == 90);
  assert_int_equal(rule->for_ns, NS_PER_S);
  assert_int_equal(rule->hold_ns, 10 * NS_PER_S);
  assert_int_equal(rule->severity, SEVERITY_WARNING);
  assert_true(rule->is_enabled);
}

static void no_file_gives_defaults_and_the_seed_rule(void **state)
{
  (void)state;
  struct collector_settings settings;
  struct conf_errors errors = {NULL, 0};
  assert_int_equal(collector_settings_load(NULL, &settings, &errors), 0);
  assert_string_equal(settings.listen, "0.0.0.0:7461");
  assert_string_equal(settings.socket, "/run/seine/collector.sock");
  assert_int_equal(settings.checkpoint_ns, 5 * NS_PER_S);
  assert_int_equal(settings.keep_seconds_ns, 60 * NS_PER_MINUTE);
  assert_int_equal(settings.keep_minutes_ns, INT64_C(7) * 24 * 60 * NS_PER_MINUTE);
  assert_int_equal(settings.sensors_max, 10000);
  assert_int_equal(settings.newcomer_memory, 262144);
  assert_int_equal(settings.newcomer_learning_ns, INT64_C(24) * 60 * NS_PER_MINUTE);
  assert_true(settings.packet_size_divergence == 0.3);
  assert_int_equal(settings.silence_sensor_ns, 15 * NS_PER_S);
  assert_int_equal(settings.receivers.count, 0);
  expect_seed_rule(&settings);
  conf_errors_free(&errors);
  collector_settings_free(&settings);
}

static void a_file_without_rules_keeps_the_seed_rule(void **state)
{
  (void)state;
  struct collector_settings settings = load_good("checkpoint: 2s\n");
  assert_int_equal(settings.checkpoint_ns, 2 * NS_PER_S);
  expect_seed_rule(&settings);
  collector_settings_free(&settings);
}

static void an_empty_list_of_rules_has_none(void **state)
{
  (void)state;
  struct collector_settings settings = load_good("checkpoint: 2s\nrules: []\n");
  assert_int_equal(settings.rules.count, 0);
  collector_settings_free(&settings);
}

static void rules_of_the_file_replace_the_seed_rule(void **state)
{
  (void)state;
  struct collector_settings settings = load_good("rules:\n"
                                                 "  - name: quiet\n"
                                                 "    metric: packets_per_s\n"
                                                 "    scope: sensor\n"
                                                 "    match: web*\n"
                                                 "    below: 10\n"
                                                 "    for: 30s\n"
                                                 "    severity: critical\n"
                                                 "    enabled: false\n");
  assert_int_equal(settings.rules.count, 1);
  const struct rule_setting *rule = settings.rules.item;
  assert_string_equal(rule->name, "quiet");
  assert_true(rule->above < 0);
  assert_true(rule->below == 10);
  assert_int_equal(rule->for_ns, 30 * NS_PER_S);
  assert_int_equal(rule->severity, SEVERITY_CRITICAL);
  assert_false(rule->is_enabled);
  collector_settings_free(&settings);
}

static void bounds_are_read_with_their_units(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    double value;
    bool is_bytes;
  } good[] = {
      {"1000000", 1e6, false}, {"10k", 1e4, false},
      {"1 MB/s", 1e6, true},   {"64 KiB", 65536, true},
      {"8 Mbit/s", 1e6, true}, {"2.5G", 2.5e9, false},
      {"3/s", 3, false},       {"0", 0, false},
      {"1kB", 1000, true},     {"1Ti", 1099511627776.0, false},
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    double value = -7;
    bool is_bytes = !good[i].is_bytes;
    assert_int_equal(collector_settings_parse_bound(good[i].text, &value, &is_bytes), 0);
    assert_true(value == good[i].value);
    assert_int_equal(is_bytes, good[i].is_bytes);
  }
  static const char *const bad[] = {"",    "-1",     "1e6",  "0x10",   "1.2.3", "10 q",
                                    "k",   "inf",    "nan",  ".5",     "1 MBs", "5%",
                                    "1iB", "1 MB/h", "1 kk", "1 MB/s "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    double value = -7;
    bool is_bytes = false;
    assert_int_not_equal(collector_settings_parse_bound(bad[i], &value, &is_bytes), 0);
    assert_true(value == -7);
  }
}

#define RULE_HEAD "rules:\n  - name: r\n    metric: bytes_per_s\n    scope: sensor\n"

static void a_rule_needs_exactly_one_bound(void **state)
{
  (void)state;
  expect_mistake(RULE_HEAD, "rules.r.above", "exactly one of above and below");
  expect_mistake(RULE_HEAD "    above: 1\n    below: 2\n", "rules.r.above", "exactly one");
  expect_mistake(RULE_HEAD "    above: fast\n", "above", "'fast'");
}

static void a_metric_that_its_scope_lacks_is_a_mistake(void **state)
{
  (void)state;
  expect_mistake("rules:\n  - {name: a, metric: syn_per_s, scope: host, above: 1}\n",
                 "rules.a.scope", "fleet or sensor");
  expect_mistake("rules:\n  - {name: a, metric: errors_per_s, scope: host, above: 1}\n",
                 "rules.a.scope", "interface");
  expect_mistake("rules:\n  - {name: a, metric: flows, scope: fleet, above: 1 MB/s}\n",
                 "rules.a.above", "bare number");
  expect_mistake("rules:\n  - {name: a, metric: flows, scope: fleet, above: 1, match: web*}\n",
                 "rules.a.match", "one fleet");
}

static void names_that_come_twice_are_a_mistake(void **state)
{
  (void)state;
  expect_mistake("rules:\n"
                 "  - {name: a, metric: flows, scope: fleet, above: 1}\n"
                 "  - {name: a, metric: flows, scope: sensor, above: 1}\n",
                 "rules.a.name", "no other");
  expect_mistake("receivers:\n"
                 "  - {name: x, type: generic, url: 'https://h/1'}\n"
                 "  - {name: x, type: generic, url: 'https://h/2'}\n",
                 "receivers.x.name", "no other");
}

static void receivers_are_checked(void **state)
{
  (void)state;
  expect_mistake("receivers: [{name: x, type: generic}]\n", "receivers.x.url", "exactly one");
  expect_mistake("receivers: [{name: x, type: generic, url: 'http://127.0.0.1:8/'}]\n",
                 "receivers.x.url", "allow_http");
  expect_mistake("receivers: [{name: x, type: slack, url: 'ftp://h/', allow_http: true}]\n",
                 "receivers.x.url", "https://");
  expect_mistake("receivers: [{name: x, type: slack, url: 'https:///p'}]\n", "receivers.x.url",
                 "names a host");
  expect_mistake("receivers: [{name: x, type: pagerduty}]\n", "routing_key_file", "routing key");
  expect_mistake("receivers: [{name: x, type: slack, url: 'https://h/', secret_file: /s}]\n",
                 "secret_file", "only generic");
  expect_mistake("receivers: [{name: x, type: generic, url: 'https://h/', retry_first: 10m}]\n",
                 "retry_max", "5m");
}

static void receivers_get_their_defaults(void **state)
{
  (void)state;
  struct collector_settings settings =
      load_good("receivers:\n"
                "  - {name: pager, type: pagerduty, routing_key_file: /k}\n"
                "  - {name: local, type: generic, url: 'http://127.0.0.1:8/', allow_http: true}\n");
  const struct receiver_setting *receivers = settings.receivers.item;
  assert_int_equal(settings.receivers.count, 2);
  assert_string_equal(receivers[0].url, "https://events.pagerduty.com/v2/enqueue");
  assert_int_equal(receivers[0].timeout_ns, 10 * NS_PER_S);
  assert_int_equal(receivers[1].min_severity, SEVERITY_WARNING);
  assert_int_equal(receivers[1].retry_first_ns, NS_PER_S);
  collector_settings_free(&settings);
}

static void endpoints_name_an_address_and_a_port(void **state)
{
  (void)state;
  static const char *const good[] = {"0.0.0.0:7461", "*:1", "[::]:65535", "127.0.0.1:80",
                                     "[fe80::1]:7461"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_null(settings_check_endpoint(good[i]));
  }
  static const char *const bad[] = {"",         ":7461",      "0.0.0.0",    "0.0.0.0:0",
                                    "1.2.3:80", "0.0.0.0:-1", "::1:7461",   "[0.0.0.0]:80",
                                    "[::]7461", "host:7461x", "[]:80",      "0.0.0.0:65536",
                                    "[*]:80",   "0.0.0.0:",   "0.0.0.0:8 ", "localhost:7461"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_non_null(settings_check_endpoint(bad[i]));
  }
  expect_mistake("listen: 0.0.0.0\n", "listen", "ADDRESS:PORT");
}

static void networks_and_sensor_names_are_checked(void **state)
{
  (void)state;
  expect_mistake("newcomer: {known: [10.0.0.1/8]}\n", "newcomer.known", "10.0.0.1/8");
  expect_mistake("sensors: {web1: {addresses: [10.0.0.300]}}\n", "addresses", "10.0.0.300");
  expect_mistake("sensors: {'a/b': {addresses: [10.0.0.3]}}\n", "a/b", "without");
  struct collector_settings settings =
      load_good("newcomer: {known: [10.0.0.0/8, '2001:db8::/32']}\n"
                "sensors: {web1.pcap: {addresses: [10.0.0.3, 10.1.0.0/16]}}\n");
  const struct sensor_setting *sensor = settings.sensors.item;
  assert_int_equal(settings.newcomer_known.count, 2);
  assert_string_equal(sensor->name, "web1.pcap");
  assert_string_equal(sensor->addresses.item[1], "10.1.0.0/16");
  collector_settings_free(&settings);
}

static void all_mistakes_are_told_at_once(void **state)
{
  (void)state;
  static const char text[] = "checkpoint: soon\nlisen: x\n" RULE_HEAD;
  expect_mistake(text, "checkpoint", "'soon'");
  expect_mistake(text, "lisen", "listen");
  expect_mistake(text, "rules.r.above", "exactly one");
}

/* As the rows' own mistakes: file, line and column first. */
static void a_mistake_between_keys_names_its_place(void **state)
{
  (void)state;
  expect_mistake(RULE_HEAD "    above: 1\n    below: 2\n", "t.yaml:5:12: rules.r.above: '1'",
                 "exactly one");
  expect_mistake(RULE_HEAD, "t.yaml:2:5: rules.r.above: ''", "exactly one");
  expect_mistake("rules:\n  - {name: a, metric: syn_per_s, scope: host, above: 1}\n",
                 "t.yaml:2:41: rules.a.scope: 'host'", "fleet or sensor");
  /* A bad value is told by its row alone; an empty one is none. */
  struct collector_settings settings;
  struct conf_errors errors = {NULL, 0};
  assert_int_not_equal(
      collector_settings_load_text("t.yaml", RULE_HEAD "    above: fast\n", &settings, &errors), 0);
  assert_int_equal(errors.count, 1);
  conf_errors_free(&errors);
  collector_settings_free(&settings);
  expect_mistake(RULE_HEAD "    above: ''\n", "t.yaml:5:12: rules.r.above: ''", "exactly one");
  expect_mistake("receivers:\n  - {name: x, type: slack, url: 'http://h/'}\n",
                 "t.yaml:2:33: receivers.x.url", "allow_http");
  expect_mistake("rules:\n"
                 "  - {name: a, metric: flows, scope: fleet, above: 1}\n"
                 "  - {name: a, metric: flows, scope: sensor, above: 1}\n",
                 "t.yaml:3:12: rules.a.name: 'a'", "no other");
}

static void a_pattern_whose_bracket_is_open_is_a_mistake(void **state)
{
  (void)state;
  static const char *const good[] = {"",     "web*",  "db[12]/eth0", "[!a-c]?",
                                     "[]x]", "[^]]",  "[[:alpha:]]", "\\[",
                                     "a]b",  "[\\]]", "[[:x]*",      "[a][b]"};
  static const char *const bad[] = {"[",   "web[",       "web[12", "[]",
                                    "[!]", "[[:alpha:]", "a\\",    "[\\]"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_null(settings_check_pattern(good[i]));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_non_null(settings_check_pattern(bad[i]));
  }
  expect_mistake(RULE_HEAD "    above: 1\n    match: 'web['\n", "t.yaml:6:12: rules[0].match",
                 "'web['");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_file_gives_defaults_and_the_seed_rule),
      cmocka_unit_test(a_file_without_rules_keeps_the_seed_rule),
      cmocka_unit_test(an_empty_list_of_rules_has_none),
      cmocka_unit_test(rules_of_the_file_replace_the_seed_rule),
      cmocka_unit_test(bounds_are_read_with_their_units),
      cmocka_unit_test(a_rule_needs_exactly_one_bound),
      cmocka_unit_test(a_metric_that_its_scope_lacks_is_a_mistake),
      cmocka_unit_test(names_that_come_twice_are_a_mistake),
      cmocka_unit_test(receivers_are_checked),
      cmocka_unit_test(receivers_get_their_defaults),
      cmocka_unit_test(endpoints_name_an_address_and_a_port),
      cmocka_unit_test(networks_and_sensor_names_are_checked),
      cmocka_unit_test(all_mistakes_are_told_at_once),
      cmocka_unit_test(a_mistake_between_keys_names_its_place),
      cmocka_unit_test(a_pattern_whose_bracket_is_open_is_a_mistake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
