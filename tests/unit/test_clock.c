/* SPDX-License-Identifier: Apache-2.0 */
/* Time and durations as text, and log lines' escapes. */
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
#include "common/log.h"

static void times_are_written_in_utc_with_milliseconds_when_there_are_any(void **state)
{
  (void)state;
  static const struct {
    int64_t time_ns;
    const char *text;
  } rows[] = {
      {0, "1970-01-01T00:00:00Z"},
      {INT64_C(1795557239) * NS_PER_S, "2026-11-24T21:53:59Z"},
      {INT64_C(1795557239) * NS_PER_S + 7 * NS_PER_MS, "2026-11-24T21:53:59.007Z"},
      {INT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {-NS_PER_S, "1969-12-31T23:59:59Z"},
      {999999, "1970-01-01T00:00:00Z"},
      {INT64_MAX, "2262-04-11T23:47:16.854Z"},
      {INT64_MIN, "1677-09-21T00:12:43.145Z"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format(rows[i].time_ns, text), rows[i].text);
  }
}

static void floor_goes_down_on_both_sides_of_zero(void **state)
{
  (void)state;
  assert_int_equal(clock_floor_ns(0, 10), 0);
  assert_int_equal(clock_floor_ns(9, 10), 0);
  assert_int_equal(clock_floor_ns(10, 10), 10);
  assert_int_equal(clock_floor_ns(-1, 10), -10);
  assert_int_equal(clock_floor_ns(-10, 10), -10);
  assert_int_equal(clock_floor_ns(-11, 10), -20);
  assert_int_equal(clock_floor_ns(INT64_MAX, 1), INT64_MAX);
  assert_int_equal(clock_floor_ns(INT64_MIN, 1), INT64_MIN);
  /* No multiple of 10 lies below it within 64 bits. */
  assert_int_equal(clock_floor_ns(INT64_MIN, 10) % 10, 0);
}

static void durations_are_read_exactly_or_not_at_all(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int64_t ns;
  } good[] = {
      {"0", 0},
      {"0s", 0},
      {"90s", 90 * NS_PER_S},
      {"1.5s", 1500 * NS_PER_MS},
      {"250ms", 250 * NS_PER_MS},
      {"5m", 5 * NS_PER_MINUTE},
      {"6h", NS_PER_MINUTE * 60 * 6},
      {"7d", NS_PER_MINUTE * 60 * 24 * 7},
      {"2w", NS_PER_MINUTE * 60 * 24 * 14},
      {"10us", 10000},
      {"5ns", 5},
      {"1.000000001s", NS_PER_S + 1},
      {"1.0ns", 1},
      {"9223372036854775807ns", INT64_MAX},
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    int64_t ns = -1;
    assert_int_equal(duration_parse(good[i].text, &ns), 0);
    assert_int_equal(ns, good[i].ns);
  }
  static const char *const malformed[] = {"",     "1",     "s",    "-1s",          " 1s",   "1s ",
                                          "1 s",  "1S",    "1.s",  ".5s",          "1.5ns", "1.5",
                                          "1e3s", "1h30m", "0x1s", "1.0000000001s"};
  for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
    int64_t ns = -7;
    assert_int_equal(duration_parse(malformed[i], &ns), ERR_MALFORMED);
    assert_int_equal(ns, -7);
  }
  static const char *const too_long[] = {"9223372036854775808ns", "99999999999999999999s", "15251w",
                                         "9223372036.9s"};
  for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
    int64_t ns = -7;
    assert_int_equal(duration_parse(too_long[i], &ns), ERR_LIMIT);
    assert_int_equal(ns, -7);
  }
}

static void durations_are_written_in_their_shortest_exact_form(void **state)
{
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {
      {0, "0"},
      {90 * NS_PER_S, "90s"},
      {60 * NS_PER_S, "1m"},
      {1500 * NS_PER_MS, "1.5s"},
      {250 * NS_PER_MS, "250ms"},
      {NS_PER_MINUTE * 60 * 24, "1d"},
      {NS_PER_MINUTE * 60 * 24 * 7, "1w"},
      {5, "5ns"},
      {-90 * NS_PER_S, "-90s"},
      {INT64_MAX, "9223372036854775807ns"},
      {INT64_MIN, "-9223372036854775808ns"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[DURATION_TEXT_MAX];
    assert_string_equal(duration_format(rows[i].ns, text), rows[i].text);
  }
}

static void a_written_duration_reads_back_as_itself(void **state)
{
  (void)state;
  unsigned seed = 11;
  for (int i = 0; i < 20000; i++) {
    int64_t ns = (int64_t)((uint64_t)rand_r(&seed) << 32 ^ (uint64_t)rand_r(&seed)) >> (i % 60);
    char text[DURATION_TEXT_MAX];
    int64_t back = -1;
    assert_int_equal(duration_parse(duration_format(ns, text), &back), 0);
    assert_int_equal(back, ns);
  }
}

static void a_peers_text_cannot_forge_a_log_line(void **state)
{
  (void)state;
  char out[64];
  assert_string_equal(log_escape("a\nb\x1b[31m\x7f", out, sizeof(out)), "a\\x0ab\\x1b[31m\\x7f");
  assert_string_equal(log_escape("gr\xc3\xbc\xc3\x9f \xc2\x9b", out, sizeof(out)),
                      "gr\xc3\xbc\xc3\x9f \\xc2\x9b");
  /* Cut at the size, never within an escape. */
  assert_string_equal(log_escape("ab\ncd", out, 6), "ab");
  assert_string_equal(log_escape("abcdef", out, 4), "abc");
}

static void the_names_of_levels_are_read(void **state)
{
  (void)state;
  enum log_level level = LOG_LEVEL_INFO;
  assert_int_equal(log_parse_level("debug", &level), 0);
  assert_int_equal(level, LOG_LEVEL_DEBUG);
  assert_int_equal(log_parse_level("Debug", &level), ERR_NOT_FOUND);
  assert_int_equal(level, LOG_LEVEL_DEBUG);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(times_are_written_in_utc_with_milliseconds_when_there_are_any),
      cmocka_unit_test(floor_goes_down_on_both_sides_of_zero),
      cmocka_unit_test(durations_are_read_exactly_or_not_at_all),
      cmocka_unit_test(durations_are_written_in_their_shortest_exact_form),
      cmocka_unit_test(a_written_duration_reads_back_as_itself),
      cmocka_unit_test(a_peers_text_cannot_forge_a_log_line),
      cmocka_unit_test(the_names_of_levels_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
