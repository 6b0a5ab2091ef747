/* SPDX-License-Identifier: Apache-2.0 */
/* The one way of writing numbers, times, addresses and foreign text as JSON. */
#include "common/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/err.h"

/* JSON readers, jansson among them, stop at 63 bits; counters of ours do not reach them. */
json_t *json_u64(uint64_t value)
{
  return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Times travel as text: a number of nanoseconds is beyond a double, which many readers of JSON use.
 */
json_t *json_time(int64_t time_ns)
{
  char text[CLOCK_TEXT_MAX];
  return json_string(clock_format(time_ns, text));
}

json_t *json_addr(const struct addr *a)
{
  char text[ADDR_TEXT_MAX];
  return json_string(addr_format(a, text));
}

/* json_pack takes the members over and gives NULL when one of them is. */
json_t *json_counts(const struct counts *c)
{
  return json_pack("{s:o, s:o, s:o}", "packets", json_u64(c->packets), "bytes", json_u64(c->bytes),
                   "payload_bytes", json_u64(c->payload_bytes));
}

/* 10xxxxxx */
static bool is_tail(unsigned char c)
{
  return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 sequence (RFC 3629: shortest form, no surrogates) at a NUL-ended text, 0
 * when there is none. A NUL is no tail, so nothing behind it is read. */
static size_t utf8_length(const unsigned char *at)
{
  if (at[0] < 0x80) {
    return 1;
  }
  if (at[0] < 0xc2 || at[0] > 0xf4 || !is_tail(at[1])) {
    return 0;
  }
  if (at[0] < 0xe0) {
    return 2;
  }
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || !is_tail(at[2])) {
    return 0;
  }
  if (at[0] < 0xf0) {
    return 3;
  }
  if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f) || !is_tail(at[3])) {
    return 0;
  }
  return 4;
}

/* One mark for each byte that is none: the length of the text still tells something. */
json_t *json_text(const char *text)
{
  char *copy = strdup(text);
  if (copy == NULL) {
    return NULL;
  }
  for (char *at = copy; *at != '\0';) {
    size_t length = utf8_length((const unsigned char *)at);
    if (length == 0) {
      *at = '?';
      length = 1;
    }
    at += length;
  }
  json_t *value = json_string(copy);
  free(copy);
  return value;
}

/* Readers of answers must not fail at a member that a later version left out. */
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback)
{
  const json_t *member = json_object_get(object, key);
  return json_is_integer(member) ? json_integer_value(member) : fallback;
}

uint64_t json_get_count(const json_t *object, const char *key)
{
  int64_t value = json_get_int(object, key, 0);
  return value > 0 ? (uint64_t)value : 0;
}

double json_get_number(const json_t *object, const char *key, double fallback)
{
  const json_t *member = json_object_get(object, key);
  return json_is_number(member) ? json_number_value(member) : fallback;
}

const char *json_get_text(const json_t *object, const char *key, const char *fallback)
{
  const json_t *member = json_object_get(object, key);
  return json_is_string(member) ? json_string_value(member) : fallback;
}

/* Flushed by line: who reads a pipe sees each object when it is made. */
int json_write(const json_t *value, FILE *out)
{
  if (json_dumpf(value, out, JSON_FORM | JSON_ENCODE_ANY) != 0 || fputc('\n', out) == EOF ||
      fflush(out) != 0) {
    return ERR_IO;
  }
  return 0;
}
