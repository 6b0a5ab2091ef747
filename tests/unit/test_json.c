/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON helpers. */
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
#include "common/json.h"

/* Takes value; compares the line that is written of it. */
static void assert_line(json_t *value, const char *line)
{
  char *written = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&written, &length);
  assert_non_null(value);
  assert_non_null(out);
  assert_int_equal(json_write(value, out), 0);
  assert_int_equal(fclose(out), 0);
  assert_string_equal(written, line);
  free(written);
  json_decref(value);
}

static void numbers_times_addresses_and_counts_are_written_alike(void **state)
{
  (void)state;
  struct addr a;
  struct counts c = {1, 2, UINT64_MAX};
  assert_int_equal(addr_parse("192.0.2.1", &a), 0);
  assert_line(json_u64(7), "7\n");
  assert_line(json_u64(UINT64_MAX), "9223372036854775807\n");
  assert_line(json_time(NS_PER_S), "\"1970-01-01T00:00:01Z\"\n");
  assert_line(json_addr(&a), "\"192.0.2.1\"\n");
  assert_line(json_counts(&c),
              "{\"packets\":1,\"bytes\":2,\"payload_bytes\":9223372036854775807}\n");
}

static void reals_read_as_they_were_meant(void **state)
{
  (void)state;
  assert_line(json_real(99.9), "99.9\n");
  assert_line(json_real(0.1 + 0.2), "0.3\n");
  assert_line(json_real(123456789.123456), "123456789.123456\n");
}

static void foreign_bytes_become_question_marks_one_for_one(void **state)
{
  (void)state;
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"web1", "\"web1\"\n"},
      {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"\n"},
      {"\xe2\x82\xac\xf0\x9f\x90\x9f", "\"\xe2\x82\xac\xf0\x9f\x90\x9f\"\n"},
      {"a\xff", "\"a?\"\n"},
      {"\xc3", "\"?\"\n"},                /* cut short */
      {"\xe2\x82", "\"??\"\n"},           /* cut short */
      {"\xf0\x9f\x90", "\"???\"\n"},      /* cut short */
      {"\xc0\xaf", "\"??\"\n"},           /* overlong */
      {"\xe0\x80\xaf", "\"???\"\n"},      /* overlong */
      {"\xed\xa0\x80", "\"???\"\n"},      /* a surrogate */
      {"\xf4\x90\x80\x80", "\"????\"\n"}, /* above U+10FFFF */
      {"\x80z", "\"?z\"\n"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_line(json_text(rows[i].in), rows[i].out);
  }
}

static void members_of_another_kind_give_the_fallback(void **state)
{
  (void)state;
  json_t *o = json_pack("{s:i, s:f, s:s, s:n}", "i", 3, "f", 1.5, "s", "x", "n");
  assert_int_equal(json_get_int(o, "i", -1), 3);
  assert_int_equal(json_get_int(o, "f", -1), -1);
  assert_int_equal(json_get_int(o, "absent", -1), -1);
  assert_true(json_get_number(o, "f", 0) > 1.4 && json_get_number(o, "i", 0) > 2.9);
  assert_true(json_get_number(o, "s", -1) < 0);
  assert_string_equal(json_get_text(o, "s", "-"), "x");
  assert_string_equal(json_get_text(o, "n", "-"), "-");
  assert_null(json_get_text(NULL, "n", NULL));
  json_decref(o);
}

static void a_device_that_is_full_is_an_error(void **state)
{
  (void)state;
  FILE *out = fopen("/dev/full", "we");
  json_t *value = json_integer(1);
  assert_non_null(out);
  assert_int_equal(json_write(value, out), ERR_IO);
  (void)fclose(out);
  json_decref(value);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_times_addresses_and_counts_are_written_alike),
      cmocka_unit_test(reals_read_as_they_were_meant),
      cmocka_unit_test(foreign_bytes_become_question_marks_one_for_one),
      cmocka_unit_test(members_of_another_kind_give_the_fallback),
      cmocka_unit_test(a_device_that_is_full_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
