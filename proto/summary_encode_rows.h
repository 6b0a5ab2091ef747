/* SPDX-License-Identifier: Apache-2.0 */
/* Members -> columns of numbers -> fields of the wire's messages. Internal to proto/. */
#ifndef PROTO_SUMMARY_ENCODE_ROWS_H
#define PROTO_SUMMARY_ENCODE_ROWS_H

#include "proto/summary_encoder.h"

/* Numbers on their way into the arena as varints, zeros shortened. */
struct number_writer {
  uint8_t *bytes; /* NULL: counts their lengths alone */
  size_t length;
  size_t zeros;    /* not written yet: zeros at the end are left out */
  bool has_failed; /* no room: the arena remembers */
};
/* For at most so many numbers. */
struct number_writer writer_begin(struct encoder *e, size_t most);
/* The field that holds them. */
ProtobufCBinaryData writer_end(const struct number_writer *writer);

/* The columns of a set over count rows. */
void encode_columns(const struct encoder *e, const struct column_set *set, const void *rows,
                    size_t count, struct number_writer *writer);
/* Hangs the group's message into the wire structure; none for no rows. */
void encode_group(struct encoder *e, const struct column_group *group, const void *rows,
                  size_t count);
/* The part's message, with its scalars and arrays; none when all of them are 0. */
void encode_part(struct encoder *e, const struct part *part);

#endif
