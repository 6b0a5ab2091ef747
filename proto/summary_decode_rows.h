/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and scalars of an unpacked message -> members, every bound checked. Internal to proto/.
 */
#ifndef PROTO_SUMMARY_DECODE_ROWS_H
#define PROTO_SUMMARY_DECODE_ROWS_H

#include "common/rd.h"
#include "proto/summary_dictionary.h"

struct decoder {
  const Seine__Summary *wire;
  struct summary *s; /* its kind, start and length are set first */
  struct dictionary dictionary;
  struct err_message *message;
};

/* Numbers of a field, one by one: zeros made long again, 0 behind the end. */
struct number_reader {
  struct rd bytes;
  uint64_t zeros;
  bool has_failed; /* a varint that is cut or too long, a zero without its number */
};
struct number_reader reader_of(const ProtobufCBinaryData *field);
uint64_t reader_get(struct number_reader *numbers);
/* Whether there are more. */
bool reader_has_more(const struct number_reader *numbers);

/* The columns of a set over count rows. `where` is for messages. ERR_MALFORMED: a number that
 * cannot be; ERR_LIMIT: out of range. Members may be written on failure too: the whole summary is
 * thrown away then. */
int decode_columns(const struct decoder *d, const char *where, const struct column_set *set,
                   struct number_reader *numbers, void *rows, size_t count);
/* How many rows the group's message announces, at most max. ERR_LIMIT. */
int decode_count(const struct decoder *d, const struct column_group *group, size_t max,
                 size_t *out);
/* All columns of a group. Numbers behind them are a later version's. */
int decode_group(const struct decoder *d, const struct column_group *group, void *rows,
                 size_t count);
/* All scalars and arrays of a part. Arrays have no later columns: more numbers are ERR_MALFORMED.
 */
int decode_part(const struct decoder *d, const struct part *part);

#endif
