/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and words for people. */
#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/err.h"

static void bytes_have_three_digits_and_a_unit(void **state)
{
  static const struct {
    uint64_t bytes;
    const char *bytes_text, *bits_text;
  } rows[] = {
      {0, "0 B", "0 bit"},
      {125, "125 B", "1.00 kbit"},
      {999, "999 B", "7.99 kbit"},
      {1000, "1.00 kB", "8.00 kbit"},
      {9994, "9.99 kB", "80.0 kbit"},
      {9996, "10.0 kB", "80.0 kbit"},
      {99960, "100 kB", "800 kbit"},
      {999499, "999 kB", "8.00 Mbit"},
      {999500, "1.00 MB", "8.00 Mbit"},
      {UINT64_MAX, "18.4 EB", "148 Ebit"},
  };
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct output out = {0};
    assert_string_equal(output_bytes(&out, rows[i].bytes, text), rows[i].bytes_text);
    out.is_bits = true;
    assert_string_equal(output_bytes(&out, rows[i].bytes, text), rows[i].bits_text);
  }
}

static void counts_have_thousands_apart(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  assert_string_equal(output_count(0, text), "0");
  assert_string_equal(output_count(999, text), "999");
  assert_string_equal(output_count(1000, text), "1,000");
  assert_string_equal(output_count(1234567, text), "1,234,567");
  assert_string_equal(output_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void values_carry_their_unit(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  assert_string_equal(output_value(1250000, "bytes/s", text), "1.25 M bytes/s");
  assert_string_equal(output_value(3, "addresses", text), "3 addresses");
  assert_string_equal(output_value(0.314, "bits", text), "0.31 bits");
  assert_string_equal(output_value(12, "", text), "12");
  assert_string_equal(output_value(1, "x\033[2J", text), "1 x?[2J");
}

static void a_percentage_is_100_only_when_nothing_lacks(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  assert_string_equal(output_percent(100, text), "100 %");
  assert_string_equal(output_percent(99.9999, text), "99.99 %");
  assert_string_equal(output_percent(0, text), "0.00 %");
}

static void spans_show_two_units(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  assert_string_equal(output_span(0, text), "0 s");
  assert_string_equal(output_span(1500 * NS_PER_MS, text), "1.5 s");
  assert_string_equal(output_span(59 * NS_PER_S, text), "59 s");
  assert_string_equal(output_span(245 * NS_PER_S, text), "4m 05s");
  assert_string_equal(output_span(3661 * NS_PER_S, text), "1h 01m");
  assert_string_equal(output_span(90000 * NS_PER_S, text), "1d 01h");
}

static void times_name_their_zone(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  struct output out = {0};
  int64_t time_ns = INT64_C(1700000000) * NS_PER_S + 5;
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  assert_string_equal(output_time(&out, time_ns, text), "2023-11-14 22:13:20 UTC");
  assert_string_equal(output_time(&out, -1, text), "1969-12-31 23:59:59 UTC");
  out.is_local_time = true;
  setenv("TZ", "XYZ-5:30", 1);
  tzset();
  assert_string_equal(output_time(&out, time_ns, text), "2023-11-15 03:43:20 XYZ");
}

static void a_time_survives_text(void **state)
{
  static const int64_t times[] = {0, -1500 * NS_PER_MS, INT64_C(1700000000123) * NS_PER_MS};
  (void)state;
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    char text[CLOCK_TEXT_MAX];
    int64_t back;
    assert_int_equal(output_parse_time(clock_format(times[i], text), &back), 0);
    assert_true(back == times[i]);
  }
  int64_t untouched = 7;
  assert_int_equal(output_parse_time("2023-11-14T22:13:20", &untouched), ERR_MALFORMED);
  assert_int_equal(output_parse_time("yesterday", &untouched), ERR_MALFORMED);
  assert_int_equal(output_parse_time("9999-12-31T23:59:59Z", &untouched), ERR_MALFORMED);
  assert_true(untouched == 7);
}

static void a_text_that_is_no_time_stands_cleaned(void **state)
{
  (void)state;
  char text[OUTPUT_TEXT_MAX];
  struct output out = {0};
  assert_string_equal(output_time_text(&out, NULL, text), "-");
  assert_string_equal(output_time_text(&out, "@99\033", text), "@99?");
}

static void control_characters_from_afar_are_harmless(void **state)
{
  (void)state;
  char text[32];
  assert_string_equal(output_clean("a\033[31mb\x7f\n", text, sizeof text), "a?[31mb??");
  /* U+009B as UTF-8 is a control as well; U+00FC and U+20AC are not. */
  assert_string_equal(output_clean("\xc2\x9b"
                                   "2J \xc3\xbc \xe2\x82\xac",
                                   text, sizeof text),
                      "?2J \xc3\xbc \xe2\x82\xac");
  assert_string_equal(output_clean("0123456789", text, 5), "0123");
}

static void a_pipe_gets_neither_colour_nor_width(void **state)
{
  (void)state;
  char *text = NULL;
  size_t size;
  FILE *file = tmpfile();
  assert_non_null(file);
  struct output out;
  output_init(&out, file);
  assert_int_equal(out.width, 0);
  assert_false(out.has_color);
  fclose(file);
  out.file = open_memstream(&text, &size);
  assert_non_null(out.file);
  output_print(&out, OUTPUT_BAD, "x %d\n", 1);
  out.has_color = true;
  output_print(&out, OUTPUT_BAD, "y\n");
  fclose(out.file);
  assert_string_equal(text, "x 1\n\033[31my\n\033[0m");
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_have_three_digits_and_a_unit),
      cmocka_unit_test(counts_have_thousands_apart),
      cmocka_unit_test(values_carry_their_unit),
      cmocka_unit_test(a_percentage_is_100_only_when_nothing_lacks),
      cmocka_unit_test(spans_show_two_units),
      cmocka_unit_test(times_name_their_zone),
      cmocka_unit_test(a_time_survives_text),
      cmocka_unit_test(a_text_that_is_no_time_stands_cleaned),
      cmocka_unit_test(control_characters_from_afar_are_harmless),
      cmocka_unit_test(a_pipe_gets_neither_colour_nor_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
