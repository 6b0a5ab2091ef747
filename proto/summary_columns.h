/* SPDX-License-Identifier: Apache-2.0 */
/* Which field of proto/summary.proto holds which member of struct summary and its rows: the one
 * table that encoder and decoder walk, so that they cannot differ. Internal to the codec. */
#ifndef PROTO_SUMMARY_COLUMNS_H
#define PROTO_SUMMARY_COLUMNS_H

#include "proto/summary.h"
#include "summary.pb-c.h"

/* A reader refuses any other number. */
#define SUMMARY_FORMAT_VERSION 1

enum column_kind {
  COLUMN_U64,  /* repeated uint64 <-> uint64_t counter */
  COLUMN_TIME, /* repeated sint64, from the interval's start <-> int64_t */
  COLUMN_SPAN, /* repeated uint64 <-> int64_t, 0..length_ns */
  COLUMN_U32,  /* repeated uint32 <-> uint32_t */
  COLUMN_U16,  /* repeated uint32 <-> uint16_t */
  COLUMN_U8,   /* bytes, one each <-> uint8_t */
  COLUMN_BOOL, /* bytes, one each, 0 or 1 <-> bool */
  COLUMN_ADDR, /* bytes, 16 each <-> struct addr */
};

struct column {
  const char *name;
  enum column_kind kind;
  size_t count_at;  /* of its size_t in Seine__Summary: entries, or bytes of a bytes field */
  size_t values_at; /* of its pointer there */
  size_t row_at;    /* of the member in the row */
};

/* Rows of one kind: their columns all have one length, that of the first. */
struct column_group {
  const char *name;
  const struct column *column;
  size_t column_count;
  size_t row_size;
};

/* A uint64 of Seine__Summary and one of struct summary. */
struct scalar {
  const char *name;
  size_t wire_at;
  size_t at;
};

/* Cells and buckets as rows of their own: only those that are not empty travel. */
struct traffic_row {
  uint8_t cell; /* 16 x direction + protocol */
  struct counts counts;
};
struct size_row {
  uint8_t bucket;
  uint64_t count;
};

extern const struct column_group columns_traffic;       /* struct traffic_row */
extern const struct column_group columns_sizes;         /* struct size_row */
extern const struct column_group columns_interfaces;    /* struct summary_interface */
extern const struct column_group columns_talkers;       /* struct summary_talker */
extern const struct column_group columns_conversations; /* struct summary_conversation */
extern const struct column_group columns_first_seen;    /* struct addr */
extern const struct scalar summary_scalars[];
extern const size_t summary_scalar_count;

/* Bits of interface_flags, a byte for each interface. */
enum { INTERFACE_FLAG_KERNEL = 1, INTERFACE_FLAG_UP = 2 };

/* Bytes on the wire array for one entry of a column (a bytes field: of the field). */
size_t column_entry_bytes(enum column_kind kind);
/* Entries as count_at counts them, for each row: 16 for addresses, else 1. */
size_t column_counted(enum column_kind kind);

#endif
