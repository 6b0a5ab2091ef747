/* SPDX-License-Identifier: Apache-2.0 */
/* Options, and what is said of those that are none. */
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"

#define WORDS_MAX 16

/* Parses "seine" and the words of line, apart by blanks. */
static int parse(const char *line, struct options *out, struct err_message *message)
{
  static char copy[256], *words[WORDS_MAX];
  int count = 0;
  snprintf(copy, sizeof copy, "seine %s", line);
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
    assert_true(count + 1 < WORDS_MAX);
    words[count++] = word;
  }
  words[count] = NULL;
  return options_parse(count, words, out, message);
}

static void options_stand_anywhere(void **state)
{
  (void)state;
  struct options out;
  struct err_message message;
  assert_int_equal(parse("--json top --limit 3 hosts --last=90s --watch", &out, &message), 0);
  assert_int_equal(out.word_count, 2);
  assert_string_equal(out.word[0], "top");
  assert_string_equal(out.word[1], "hosts");
  assert_true(out.is_json);
  assert_int_equal(out.limit, 3);
  assert_string_equal(out.last, "90s");
  assert_true(out.is_watch);
  assert_true(out.watch_ns == 2 * NS_PER_S);
  assert_int_equal(out.given, OPTIONS_JSON | OPTIONS_LIMIT | OPTIONS_LAST | OPTIONS_WATCH);
}

static void two_dashes_end_the_options(void **state)
{
  (void)state;
  struct options out;
  struct err_message message;
  assert_int_equal(parse("replay --local 10.0.0.0/8 --local ::1 -- --json", &out, &message), 0);
  assert_int_equal(out.word_count, 2);
  assert_string_equal(out.word[1], "--json");
  assert_false(out.is_json);
  assert_int_equal(out.local.count, 2);
}

static void the_socket_comes_from_option_environment_or_default(void **state)
{
  (void)state;
  struct options out;
  struct err_message message;
  unsetenv("SEINE_SOCKET");
  assert_int_equal(parse("status", &out, &message), 0);
  assert_string_equal(out.socket, "/run/seine/collector.sock");
  setenv("SEINE_SOCKET", "/tmp/a", 1);
  assert_int_equal(parse("status", &out, &message), 0);
  assert_string_equal(out.socket, "/tmp/a");
  assert_int_equal(parse("status --socket /tmp/b", &out, &message), 0);
  assert_string_equal(out.socket, "/tmp/b");
  unsetenv("SEINE_SOCKET");
}

static void a_bad_word_is_told_in_one_line_with_the_nearest(void **state)
{
  static const struct {
    const char *line, *said;
  } rows[] = {
      {"status --jsn", "unknown option '--jsn': did you mean '--json'?"},
      {"top --limt=5", "unknown option '--limt=5': did you mean '--limit'?"},
      {"top --zzzzzz", "unknown option '--zzzzzz'; 'seine help' lists them"},
      {"top -x", "unknown option '-x'; 'seine help' lists them"},
      {"top --limit", "option '--limit' needs a value: N"},
      {"top --json=yes", "option '--json' takes no value: '--json=yes'"},
      {"top --limit 0", "--limit '0': expected a number from 1 to 1000"},
      {"top --limit 5x", "--limit '5x': expected a number from 1 to 1000"},
      {"top --last 5", "--last '5': expected a duration such as 90s, 5m, 6h or 7d"},
      {"top --last 0", "--last '0': expected a duration such as 90s, 5m, 6h or 7d"},
      {"top --watch=nan", "--watch 'nan': expected seconds from 0.1 to 86400"},
      {"top --tz mars", "--tz 'mars': expected 'utc' or 'local'"},
      {"alerts --state open", "--state 'open': expected 'firing', 'pending' or 'resolved'"},
      {"replay --local 10.0.0.1/8 f",
       "--local '10.0.0.1/8': expected an address or a network such as 10.0.0.0/8 (no bits behind "
       "the prefix)"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct options out;
    struct err_message message = {""};
    assert_int_equal(parse(rows[i].line, &out, &message), ERR_MALFORMED);
    assert_string_equal(message.text, rows[i].said);
    assert_null(strchr(message.text, '\n'));
  }
}

static void too_many_networks_are_refused(void **state)
{
  (void)state;
  static char *words[2 * OPTIONS_NETWORKS_MAX + 4];
  static char program[] = "seine", option[] = "--local", value[] = "10.0.0.1";
  int count = 0;
  words[count++] = program;
  for (int i = 0; i <= OPTIONS_NETWORKS_MAX; i++) {
    words[count++] = option;
    words[count++] = value;
  }
  struct options out;
  struct err_message message;
  assert_int_equal(options_parse(count, words, &out, &message), ERR_MALFORMED);
  assert_non_null(strstr(message.text, "at most 256"));
}

static void an_option_that_a_command_does_not_take_is_named(void **state)
{
  (void)state;
  assert_null(options_stranger(OPTIONS_JSON | OPTIONS_SOCKET, OPTIONS_ASK));
  assert_string_equal(options_stranger(OPTIONS_JSON | OPTIONS_LAST, OPTIONS_ASK), "last");
}

static void the_nearest_word_is_near(void **state)
{
  static const char *const known[] = {"status", "sensors", "top"};
  (void)state;
  assert_string_equal(options_nearest("stats", known, 3), "status");
  assert_string_equal(options_nearest("sensor", known, 3), "sensors");
  assert_string_equal(options_nearest("tpo", known, 3), "top");
  assert_null(options_nearest("elephants", known, 3));
  assert_null(options_nearest("", known, 3));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_stand_anywhere),
      cmocka_unit_test(two_dashes_end_the_options),
      cmocka_unit_test(the_socket_comes_from_option_environment_or_default),
      cmocka_unit_test(a_bad_word_is_told_in_one_line_with_the_nearest),
      cmocka_unit_test(too_many_networks_are_refused),
      cmocka_unit_test(an_option_that_a_command_does_not_take_is_named),
      cmocka_unit_test(the_nearest_word_is_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
