/* SPDX-License-Identifier: Apache-2.0 */
/* Row by member: each column is spread over the rows, one after the other.
 *
 *   numbers: [ 1 2 3 1   80 0 1 443 ]   ->   rows: { a 80 } { b 0 } { c 0 } { a 443 }
 *
 * The mirror of summary_encode.c. */
#include "proto/summary_decode_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/le.h"

/* Where a column is: its summary, its rows, and the number before, for steps. */
struct place {
  const struct decoder *d;
  const struct column *column;
  unsigned char *row;
  uint64_t before;
};

/* 0 1 2 3 ... -> 0 -1 1 -2 ..., as it wraps. */
static uint64_t unzigzag(uint64_t number)
{
  return number >> 1 ^ (0 - (number & 1));
}

/* As in summary_encode.c: offsets tell no types. */
static uint64_t load_u64(const unsigned char *at)
{
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

/* Sums of many counters stay within 64 bits (summary.h). */
static int store_counter(unsigned char *at, uint64_t value)
{
  memcpy(at, &value, sizeof(value));
  return value <= SUMMARY_COUNTER_MAX ? 0 : ERR_LIMIT;
}

/* Of a column that is told by another: what stands there is within its own limit already, so that
 * a difference of two counters tells whether it wrapped. */
static int store_below(unsigned char *at, uint64_t base, uint64_t number)
{
  return store_counter(at, base - unzigzag(number));
}

/* start + units; units may be anything. */
static int store_time(const struct place *p, unsigned char *at, int64_t from_ns, uint64_t number)
{
  int64_t time;
  int64_t units = (int64_t)unzigzag(number);
  if (__builtin_mul_overflow(units, summary_time_unit(p->d->s->kind), &time) ||
      __builtin_add_overflow(time, from_ns, &time) || time > SUMMARY_TIME_MAX_NS ||
      time < -SUMMARY_TIME_MAX_NS) {
    return ERR_LIMIT;
  }
  memcpy(at, &time, sizeof(time));
  return 0;
}

/* A part of the interval. */
static int store_span(const struct place *p, unsigned char *at, uint64_t number)
{
  memcpy(at, &number, sizeof(number));
  return number <= (uint64_t)p->d->s->length_ns ? 0 : ERR_LIMIT;
}

/* A step may lead anywhere, below zero too: as an unsigned number it is then beyond the last. */
static int store_addr(struct place *p, unsigned char *at, uint64_t number)
{
  bool is_step = p->column->kind == COLUMN_ADDR_STEP;
  number = is_step ? p->before + unzigzag(number) : number;
  const struct addr *a = dictionary_at(&p->d->dictionary, number);
  if (a == NULL) {
    return ERR_MALFORMED;
  }
  memcpy(at, a, sizeof(*a));
  p->before = number;
  return 0;
}

/* Members of less than 64 bits. */
static int store_narrow(enum column_kind kind, unsigned char *at, uint64_t number)
{
  uint32_t wide = (uint32_t)(number & UINT32_MAX);
  uint16_t port = (uint16_t)(number & UINT16_MAX);
  if (kind == COLUMN_U32) {
    memcpy(at, &wide, sizeof(wide));
    return number <= UINT32_MAX ? 0 : ERR_LIMIT;
  }
  if (kind == COLUMN_U16) {
    memcpy(at, &port, sizeof(port));
    return number <= UINT16_MAX ? 0 : ERR_LIMIT;
  }
  if (kind == COLUMN_BOOL) {
    *(bool *)(void *)at = number == 1;
    return number <= 1 ? 0 : ERR_MALFORMED;
  }
  *at = (uint8_t)(number & UINT8_MAX);
  return number <= UINT8_MAX ? 0 : ERR_LIMIT;
}

/* One number to its member, checked. */
static int decode_number(struct place *p, uint64_t number)
{
  const struct column *column = p->column;
  unsigned char *at = p->row + column->row_at;
  const unsigned char *base = p->row + column->base_at;
  int64_t time;
  switch (column->kind) {
  case COLUMN_U64:
    return store_counter(at, number);
  case COLUMN_SPAN:
    return store_span(p, at, number);
  case COLUMN_ADDR:
  case COLUMN_ADDR_STEP:
    return store_addr(p, at, number);
  case COLUMN_BELOW:
    return store_below(at, load_u64(base), number);
  case COLUMN_BUSIEST:
    return number == 0
               ? 0
               : store_below(at, load_u64(base) + load_u64(p->row + column->more_at), number - 1);
  case COLUMN_TIME:
    return store_time(p, at, p->d->s->start_ns, number);
  case COLUMN_AFTER:
    memcpy(&time, base, sizeof(time));
    return store_time(p, at, time, number);
  case COLUMN_U32:
  case COLUMN_U16:
  case COLUMN_U8:
  case COLUMN_BOOL:
  default:
    return store_narrow(column->kind, at, number);
  }
}

struct number_reader reader_of(const ProtobufCBinaryData *field)
{
  return (struct number_reader){rd_init(field->data, field->len), 0, false};
}

/* A run of zeros may be of any length, since whoever asks, asks for as many as there are members.
 */
uint64_t reader_get(struct number_reader *numbers)
{
  uint64_t number = 0;
  if (numbers->zeros > 0) {
    numbers->zeros--;
    return 0;
  }
  if (rd_left(&numbers->bytes) == 0) {
    return 0;
  }
  if (le_varint(&numbers->bytes, &number) != 0 ||
      (number == 0 && le_varint(&numbers->bytes, &numbers->zeros) != 0)) {
    numbers->has_failed = true;
  }
  return number;
}

/* Zeros count too: zeros at the end are left out by whoever writes. */
bool reader_has_more(const struct number_reader *numbers)
{
  return numbers->zeros > 0 || rd_left(&numbers->bytes) > 0;
}

/* The message names column, number and row: enough to find the fault in the bytes. */
int decode_columns(const struct decoder *d, const char *where, const struct column_set *set,
                   struct number_reader *numbers, void *rows, size_t count)
{
  for (size_t c = 0; c < set->column_count; c++) {
    struct place p = {d, &set->column[c], rows, 0};
    for (size_t i = 0; i < count; i++, p.row += set->row_size) {
      uint64_t number = reader_get(numbers);
      int err = numbers->has_failed ? ERR_MALFORMED : decode_number(&p, number);
      if (err != 0) {
        return err_set(d->message, err, "%s.%s: %" PRIu64 " %s in row %zu", where, p.column->name,
                       number, numbers->has_failed ? "cut or bent" : "out of range", i);
      }
    }
  }
  return 0;
}

/* The message at a place of the wire structure; NULL when it is absent. */
static const void *message_at(const struct decoder *d, size_t wire_at)
{
  const void *message;
  memcpy(&message, (const unsigned char *)d->wire + wire_at, sizeof(message));
  return message;
}

/* Before anything is allocated for the rows. */
int decode_count(const struct decoder *d, const struct column_group *group, size_t max, size_t *out)
{
  const Seine__Summary__Rows *message = message_at(d, group->wire_at);
  uint32_t count = message != NULL ? message->count : 0;
  if (count > max) {
    return err_set(d->message, ERR_LIMIT, "%s: %" PRIu32 " rows, at most %zu are allowed",
                   group->name, count, max);
  }
  *out = count;
  return 0;
}

/* A record without such rows has no such message. */
int decode_group(const struct decoder *d, const struct column_group *group, void *rows,
                 size_t count)
{
  const Seine__Summary__Rows *message = message_at(d, group->wire_at);
  if (message == NULL) {
    return 0;
  }
  struct number_reader numbers = reader_of(&message->numbers);
  return decode_columns(d, group->name, &group->set, &numbers, rows, count);
}

/* The array's field of its message. */
static int decode_array(const struct decoder *d, const char *part, const struct array *array,
                        const unsigned char *message)
{
  ProtobufCBinaryData field;
  memcpy(&field, message + array->wire_at, sizeof(field));
  struct number_reader numbers = reader_of(&field);
  char where[32];
  (void)snprintf(where, sizeof(where), "%s.%s", part, array->name);
  int err = decode_columns(d, where, &array->set, &numbers, (unsigned char *)d->s + array->at,
                           array->rows);
  if (err == 0 && reader_has_more(&numbers)) {
    err = err_set(d->message, ERR_MALFORMED, "%s: more numbers than %zu", where,
                  array->rows * array->set.column_count);
  }
  return err;
}

/* Absent numbers read as 0, which is right for every counter. */
int decode_part(const struct decoder *d, const struct part *part)
{
  const unsigned char *message = message_at(d, part->wire_at);
  unsigned char *s = (unsigned char *)d->s;
  for (size_t i = 0; message != NULL && i < part->scalar_count; i++) {
    if (store_counter(s + part->scalar[i].at, load_u64(message + part->scalar[i].wire_at)) != 0) {
      return err_set(d->message, ERR_LIMIT, "%s.%s: %" PRIu64 ", at most 2^56 is allowed",
                     part->name, part->scalar[i].name, load_u64(message + part->scalar[i].wire_at));
    }
  }
  int err = 0;
  for (size_t i = 0; message != NULL && i < part->array_count && err == 0; i++) {
    err = decode_array(d, part->name, &part->array[i], message);
  }
  return err;
}
