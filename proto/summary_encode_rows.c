/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are turned into columns of numbers.
 *
 *   rows: { a 1 } { b 0 } { c 0 } { a 3 }   ->   numbers: [ 1 2 3 1   1 0 1 3 ]
 *
 * Numbers of one kind stand side by side, so that small ones cost a byte each and the message needs
 * no nested structure for a row. How a member becomes its number: summary.proto. */
#include "proto/summary_encode_rows.h"

#include <string.h>

#include "common/le.h"

/* 0 -1 1 -2 ... -> 0 1 2 3 ...; differences of unsigned numbers come as they wrap. */
static uint64_t zigzag(uint64_t difference)
{
  return difference << 1 ^ (0 - (difference >> 63));
}

/* Members by memcpy: the tables know offsets, not types, and a row need not be aligned for them. */
static uint64_t load_u64(const unsigned char *at)
{
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

/* Times have a sign: a late packet lies before the interval. */
static int64_t load_i64(const unsigned char *at)
{
  int64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

/* Whole units since the interval's start, rounded down. Unsigned: a time of no sense may wrap. */
static uint64_t time_units(const struct encoder *e, const unsigned char *at)
{
  int64_t since = (int64_t)((uint64_t)load_i64(at) - (uint64_t)e->s->start_ns);
  int64_t unit = summary_time_unit(e->s->kind);
  int64_t whole = since / unit;
  /* C rounds towards zero, which would put what lies just before the start at it. */
  return (uint64_t)(whole - (since % unit < 0 ? 1 : 0));
}

/* Samples taken a moment late may add up to more than the interval. */
static uint64_t span_within(const struct encoder *e, int64_t span)
{
  span = span > e->s->length_ns ? e->s->length_ns : span;
  return span < 0 ? 0 : (uint64_t)span;
}

/* The number of an address; a step needs the one of the row before. */
static uint64_t address_number(const struct encoder *e, const struct column *column,
                               const unsigned char *at, size_t *before)
{
  struct addr a;
  memcpy(&a, at, sizeof(a));
  size_t number = dictionary_find(&e->dictionary, &a);
  /* A minute's rows come by client: most steps are 0 or 1, and a run of 0 costs two numbers. */
  uint64_t step = (uint64_t)number - *before;
  *before = number;
  return column->kind == COLUMN_ADDR_STEP ? zigzag(step) : number;
}

/* Members of less than 64 bits. */
static uint64_t narrow_number(enum column_kind kind, const unsigned char *at)
{
  uint32_t wide;
  uint16_t port;
  if (kind == COLUMN_U32) {
    memcpy(&wide, at, sizeof(wide));
    return wide;
  }
  if (kind == COLUMN_U16) {
    memcpy(&port, at, sizeof(port));
    return port;
  }
  return kind == COLUMN_BOOL ? *(const bool *)(const void *)at : *at;
}

/* One member of a row as its number: what it is told by is near it, so that the difference takes
 * fewer bytes than the value. Each kind's mirror is in summary_decode_rows.c. */
static uint64_t encode_number(const struct encoder *e, const struct column *column,
                              const unsigned char *row, size_t *before)
{
  const unsigned char *at = row + column->row_at;
  const unsigned char *base = row + column->base_at;
  uint64_t value;
  switch (column->kind) {
  case COLUMN_U64:
    return load_u64(at);
  case COLUMN_SPAN:
    return span_within(e, load_i64(at));
  case COLUMN_ADDR:
  case COLUMN_ADDR_STEP:
    return address_number(e, column, at, before);
  case COLUMN_BELOW:
    return zigzag(load_u64(base) - load_u64(at));
  case COLUMN_BUSIEST:
    value = load_u64(at);
    return value == 0 ? 0 : zigzag(load_u64(base) + load_u64(row + column->more_at) - value) + 1;
  case COLUMN_TIME:
    return zigzag(time_units(e, at));
  case COLUMN_AFTER:
    return zigzag(time_units(e, at) - time_units(e, base));
  case COLUMN_U32:
  case COLUMN_U16:
  case COLUMN_U8:
  case COLUMN_BOOL:
  default:
    return narrow_number(column->kind, at);
  }
}

/* Room for the longest that `most` numbers can be. */
struct number_writer writer_begin(struct encoder *e, size_t most)
{
  struct number_writer writer = {NULL, 0, 0, false};
  if (!e->is_measuring) {
    writer.bytes = arena_take(&e->arena, most * LE_VARINT_MAX);
    writer.has_failed = writer.bytes == NULL; /* the arena remembers */
  }
  return writer;
}

static void writer_put_raw(struct number_writer *writer, uint64_t number)
{
  if (writer->bytes == NULL) {
    /* Seven bits a byte; 0 takes one as well. */
    writer->length += (size_t)(63 - __builtin_clzll(number | 1)) / 7 + 1;
  } else {
    writer->length += le_put_varint(writer->bytes + writer->length, number);
  }
}

/* Most columns are all zero or never: a run of zeros takes two numbers, whatever its length, and
 * may reach over several columns. */
static void writer_put(struct number_writer *writer, uint64_t number)
{
  if (number == 0) {
    writer->zeros++;
    return;
  }
  if (writer->zeros > 0) {
    writer_put_raw(writer, 0);
    writer_put_raw(writer, writer->zeros - 1);
    writer->zeros = 0;
  }
  writer_put_raw(writer, number);
}

ProtobufCBinaryData writer_end(const struct number_writer *writer)
{
  return (ProtobufCBinaryData){writer->length, writer->bytes};
}

/* Column behind column. */
void encode_columns(const struct encoder *e, const struct column_set *set, const void *rows,
                    size_t count, struct number_writer *writer)
{
  for (size_t c = 0; !writer->has_failed && c < set->column_count; c++) {
    const unsigned char *row = rows;
    size_t before = 0;
    for (size_t i = 0; i < count; i++, row += set->row_size) {
      writer_put(writer, encode_number(e, &set->column[c], row, &before));
    }
  }
}

/* Without rows the message stays absent: an empty record costs no bytes for it. */
void encode_group(struct encoder *e, const struct column_group *group, const void *rows,
                  size_t count)
{
  Seine__Summary__Rows *message = arena_take(&e->arena, sizeof(*message));
  if (count == 0 || message == NULL) {
    return;
  }
  struct number_writer writer = writer_begin(e, count * group->set.column_count);
  encode_columns(e, &group->set, rows, count, &writer);
  seine__summary__rows__init(message);
  message->count = (uint32_t)count;
  message->numbers = writer_end(&writer);
  memcpy((unsigned char *)&e->wire + group->wire_at, &message, sizeof(void *));
}

/* Fixed numbers; a message without any stays absent too. */
void encode_part(struct encoder *e, const struct part *part)
{
  unsigned char *message = arena_take(&e->arena, part->descriptor->sizeof_message);
  const unsigned char *s = (const unsigned char *)e->s;
  if (message == NULL) {
    return;
  }
  protobuf_c_message_init(part->descriptor, message);
  for (size_t i = 0; i < part->scalar_count; i++) {
    memcpy(message + part->scalar[i].wire_at, s + part->scalar[i].at, sizeof(uint64_t));
  }
  for (size_t i = 0; i < part->array_count; i++) {
    const struct array *array = &part->array[i];
    struct number_writer writer = writer_begin(e, array->rows * array->set.column_count);
    encode_columns(e, &array->set, s + array->at, array->rows, &writer);
    ProtobufCBinaryData bytes = writer_end(&writer);
    memcpy(message + array->wire_at, &bytes, sizeof(bytes));
  }
  if (protobuf_c_message_get_packed_size((const ProtobufCMessage *)(void *)message) > 0) {
    memcpy((unsigned char *)&e->wire + part->wire_at, &message, sizeof(void *));
  }
}
