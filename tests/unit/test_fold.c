/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on a narrow terminal. */
#include "cli/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/output.h"

static void expect(const char *line, int width, const char *folded)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  fold_line(line, width, out);
  fclose(out);
  assert_string_equal(text, folded);
  free(text);
}

static void what_follows_hangs_below_the_text(void **state)
{
  (void)state;
  expect("counted     each byte once, by the sender", 30,
         "counted     each byte once, by\n"
         "            the sender");
  expect("            dropped 0, undecoded 1", 25,
         "            dropped 0,\n"
         "            undecoded 1");
  expect("firing: web1 is loud", 12,
         "firing: web1\n"
         "  is loud");
}

static void a_line_that_fits_and_one_without_a_terminal_stay(void **state)
{
  (void)state;
  expect("counted     each byte", 21, "counted     each byte");
  expect("counted     each byte", 20, "counted     each\n  byte");
  expect("counted     each byte once, by the sender", 0,
         "counted     each byte once, by the sender");
  expect("", 10, "");
}

static void a_word_that_is_too_long_stays_whole(void **state)
{
  (void)state;
  expect("subject     2001:db8:1111:2222:3333:4444:5555:6666 and more", 30,
         "subject     2001:db8:1111:2222:3333:4444:5555:6666\n"
         "            and more");
  expect("trouble:    at /a/long/path/of/things here", 24,
         "trouble:    at\n"
         "  /a/long/path/of/things\n"
         "            here");
  expect("aaaaaaaaaaaa bbbbbbbbbbbb", 5, "aaaaaaaaaaaa\n  bbbbbbbbbbbb");
}

static void letters_beyond_ascii_count_once(void **state)
{
  (void)state;
  expect("\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc", 5, "\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc");
  assert_int_equal(fold_width("\xe2\x82\xac x", 5), 3);
}

/* Whatever the width, no line passes it unless one word does, and no word is lost. */
static void no_line_passes_any_width(void **state)
{
  (void)state;
  static const char line[] =
      "counted     fleet total, each byte once: what the hosts sent, and more";
  for (int width = 30; width < 80; width++) {
    char *text = NULL;
    size_t size, words = 0;
    struct output out = {.file = open_memstream(&text, &size), .width = width};
    assert_non_null(out.file);
    output_print(&out, OUTPUT_PLAIN, "%s\n", line);
    fclose(out.file);
    for (char *rest = text, *piece; (piece = strsep(&rest, "\n")) != NULL;) {
      assert_true(strlen(piece) <= (size_t)width);
      for (char *word; (word = strsep(&piece, " ")) != NULL;) {
        words += *word != '\0';
      }
    }
    assert_int_equal(words, 12);
    free(text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_follows_hangs_below_the_text),
      cmocka_unit_test(a_line_that_fits_and_one_without_a_terminal_stay),
      cmocka_unit_test(a_word_that_is_too_long_stays_whole),
      cmocka_unit_test(letters_beyond_ascii_count_once),
      cmocka_unit_test(no_line_passes_any_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
