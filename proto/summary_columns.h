/* SPDX-License-Identifier: Apache-2.0 */
/* Which field of proto/summary.proto holds which member of struct summary and its rows: the one
 * set of tables that encoder and decoder walk, so that they cannot differ. Internal to the codec.
 *
 *   scalar   one number: a uint64 of a message <-> a uint64_t of struct summary
 *   column   one member of all rows, as a run of numbers
 *   group    the columns of one kind of rows, one behind the other in a field of numbers
 *   array    the same over rows that stand in struct summary itself (buckets, cells, reasons) */
#ifndef PROTO_SUMMARY_COLUMNS_H
#define PROTO_SUMMARY_COLUMNS_H

#include "proto/summary.h"
#include "summary.pb-c.h"

/* A reader refuses any other number. */
#define SUMMARY_FORMAT_VERSION 2

/* How a member becomes its number on the wire; the words are summary.proto's. */
enum column_kind {
  COLUMN_U64,       /* plain <-> uint64_t counter */
  COLUMN_U32,       /* plain <-> uint32_t */
  COLUMN_U16,       /* plain <-> uint16_t */
  COLUMN_U8,        /* plain <-> uint8_t */
  COLUMN_BOOL,      /* plain, 0 or 1 <-> bool */
  COLUMN_SPAN,      /* plain, 0..length_ns <-> int64_t */
  COLUMN_ADDR,      /* address <-> struct addr */
  COLUMN_ADDR_STEP, /* address step <-> struct addr */
  COLUMN_BELOW,     /* below the member at base_at <-> uint64_t counter */
  COLUMN_BUSIEST,   /* 0, or 1 + below the sum of those at base_at and more_at <-> counter */
  COLUMN_TIME,      /* time <-> int64_t */
  COLUMN_AFTER,     /* time less that of the member at base_at <-> int64_t */
};

struct column {
  const char *name;
  enum column_kind kind;
  size_t row_at;  /* of the member in the row */
  size_t base_at; /* of the members that it is told by, which stand before it */
  size_t more_at;
};

/* Columns, and the rows that they are of. */
struct column_set {
  size_t row_size;
  size_t column_count;
  const struct column *column;
};

struct column_group {
  const char *name;
  size_t wire_at; /* of the Rows message's pointer in Seine__Summary */
  struct column_set set;
};

struct scalar {
  const char *name;
  size_t wire_at; /* in the message */
  size_t at;      /* in struct summary */
};

struct array {
  const char *name;
  size_t wire_at;  /* of its bytes field in the message */
  size_t at, rows; /* in struct summary */
  struct column_set set;
};

/* A message of fixed numbers. */
struct part {
  const char *name;
  const ProtobufCMessageDescriptor *descriptor;
  size_t wire_at; /* of the message's pointer in Seine__Summary */
  size_t scalar_count, array_count;
  const struct scalar *scalar;
  const struct array *array;
};

/* The row groups that name addresses and may be cut (summary_fit.c), in the order of the tables. */
enum summary_group {
  GROUP_TALKERS,
  GROUP_CONVERSATIONS,
  GROUP_FIRST_SEEN,
  GROUP_EDGES,
  SUMMARY_GROUPS,
};
extern const struct column_group summary_groups[SUMMARY_GROUPS];
extern const struct column_set columns_interfaces; /* of struct summary_interface */
extern const struct column_set columns_buckets;    /* of uint64_t */
extern const struct part summary_parts[];
extern const size_t summary_part_count;

/* Where a summary keeps the rows of a group: *rows is its first row (NULL when there are none).
 * Returns how many. */
size_t summary_group_rows(const struct summary *s, enum summary_group group, const void **rows);
/* How many rows of a group a record of that kind may have. */
size_t summary_group_max(enum summary_kind kind, enum summary_group group);
/* How many addresses one row of it names. */
size_t summary_group_addresses(enum summary_group group);
/* The unit of times on the wire. */
int64_t summary_time_unit(enum summary_kind kind);
/* Buckets of an entropy, registers' precision of a distinct counter. */
unsigned summary_entropy_buckets(enum summary_kind kind);
unsigned summary_precision(enum summary_kind kind);

#endif
