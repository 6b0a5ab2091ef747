/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes -> struct summary: unpacked into a bounded arena, then each column checked and copied.
 *
 * The bytes are a peer's: every count, number, time and name is bounded here, so that nothing
 * behind this file has to ask again. */
#include "proto/summary_codec.h"

#include <string.h>

#include "common/clock.h"
#include "proto/arena.h"
#include "proto/summary_columns.h"

/* Four times what the largest honest minute needs; hostile bytes (a megabyte of tiny fields) stop
 * here. */
#define DECODE_ARENA_BYTES (4 << 20)

struct decoder {
  const Seine__Summary *wire;
  struct summary *s;
  struct err_message *message;
};

/* One value of a column to its member, checked. The member may be written on failure too: the whole
 * summary is thrown away then. */
static int decode_value(const struct decoder *d, const struct column *column,
                        const unsigned char *from, unsigned char *to)
{
  uint64_t wide = 0;
  uint32_t narrow = 0;
  int64_t time = 0;
  uint16_t port;
  switch (column->kind) {
  case COLUMN_U64:
    memcpy(&wide, from, sizeof(wide));
    memcpy(to, &wide, sizeof(wide));
    return wide <= SUMMARY_COUNTER_MAX ? 0 : ERR_LIMIT;
  case COLUMN_TIME:
    memcpy(&time, from, sizeof(time));
    if (__builtin_add_overflow(time, d->s->start_ns, &time) || time > SUMMARY_TIME_MAX_NS ||
        time < -SUMMARY_TIME_MAX_NS) {
      return ERR_LIMIT;
    }
    memcpy(to, &time, sizeof(time));
    return 0;
  case COLUMN_SPAN:
    memcpy(&time, from, sizeof(time));
    memcpy(to, &time, sizeof(time));
    return time >= 0 && time <= d->s->length_ns ? 0 : ERR_LIMIT;
  case COLUMN_U16:
    memcpy(&narrow, from, sizeof(narrow));
    port = (uint16_t)narrow;
    memcpy(to, &port, sizeof(port));
    return narrow <= UINT16_MAX ? 0 : ERR_LIMIT;
  case COLUMN_BOOL:
    *(bool *)(void *)to = *from == 1;
    return *from <= 1 ? 0 : ERR_MALFORMED;
  case COLUMN_U32:
  case COLUMN_U8:
  case COLUMN_ADDR:
  default:
    memcpy(to, from, column_entry_bytes(column->kind));
    return 0;
  }
}

/* By the table's offset: a size_t of protobuf-c's structure. */
static size_t decode_column_count(const struct decoder *d, const struct column *column)
{
  size_t count;
  memcpy(&count, (const unsigned char *)d->wire + column->count_at, sizeof(count));
  return count;
}

/* All columns of a group must be as long as the first, which said how many rows there are. */
static int decode_column(const struct decoder *d, const struct column *column, size_t row_size,
                         void *rows, size_t count)
{
  size_t counted = decode_column_count(d, column);
  if (counted != count * column_counted(column->kind)) {
    return err_set(d->message, ERR_MALFORMED, "%s: %zu where %zu rows need %zu", column->name,
                   counted, count, count * column_counted(column->kind));
  }
  /* From here on the column is as long as the table of rows: no read goes beyond it. */
  const unsigned char *values;
  memcpy(&values, (const unsigned char *)d->wire + column->values_at, sizeof(values));
  size_t entry = column_entry_bytes(column->kind);
  unsigned char *member = (unsigned char *)rows + column->row_at;
  for (size_t i = 0; i < count; i++) {
    int err = decode_value(d, column, values + i * entry, member + i * row_size);
    if (err != 0) {
      return err_set(d->message, err, "%s: value out of range in row %zu", column->name, i);
    }
  }
  return 0;
}

/* Row by member: each column is spread over the rows, one after the other.
 *
 *   wire    clients: [ a b c ]   ports: [ 1 2 3 ]        rows: { a 1 } { b 2 } { c 3 } */
static int decode_group(const struct decoder *d, const struct column_group *group, void *rows,
                        size_t count)
{
  int err = 0;
  for (size_t i = 0; i < group->column_count && err == 0; i++) {
    err = decode_column(d, &group->column[i], group->row_size, rows, count);
  }
  return err;
}

/* How many rows the first column announces. */
static int decode_size(const struct decoder *d, const struct column_group *group, size_t limit,
                       size_t *out)
{
  const struct column *first = &group->column[0];
  size_t counted = decode_column_count(d, first);
  size_t each = column_counted(first->kind);
  if (counted % each != 0) {
    return err_set(d->message, ERR_MALFORMED, "%s: %zu bytes are no multiple of %zu", first->name,
                   counted, each);
  }
  if (counted / each > limit) {
    return err_set(d->message, ERR_LIMIT, "%s: %zu rows, at most %zu are allowed", group->name,
                   counted / each, limit);
  }
  *out = counted / each;
  return 0;
}

/* Ascending order makes sure that no cell comes twice, and that equal traffic is equal bytes. */
static int decode_traffic(const struct decoder *d)
{
  struct traffic_row rows[SUMMARY_DIRECTIONS * SUMMARY_PROTOCOLS] = {{0}};
  size_t count = 0;
  int err = decode_size(d, &columns_traffic, sizeof(rows) / sizeof(rows[0]), &count);
  if (err == 0) {
    err = decode_group(d, &columns_traffic, rows, count);
  }
  int before = -1;
  for (size_t i = 0; i < count && err == 0; i++) {
    unsigned direction = rows[i].cell / 16U;
    unsigned protocol = rows[i].cell % 16U;
    if (direction >= SUMMARY_DIRECTIONS || protocol >= SUMMARY_PROTOCOLS ||
        rows[i].cell <= before) {
      return err_set(d->message, ERR_MALFORMED, "traffic_cells: %u unknown or out of order",
                     rows[i].cell);
    }
    before = rows[i].cell;
    d->s->traffic[direction][protocol] = rows[i].counts;
  }
  return err;
}

/* The same rule for the histogram's buckets. */
static int decode_sizes(const struct decoder *d)
{
  struct size_row rows[HIST_BUCKETS] = {{0}};
  size_t count = 0;
  int err = decode_size(d, &columns_sizes, HIST_BUCKETS, &count);
  if (err == 0) {
    err = decode_group(d, &columns_sizes, rows, count);
  }
  int before = -1;
  for (size_t i = 0; i < count && err == 0; i++) {
    if (rows[i].bucket >= HIST_BUCKETS || rows[i].bucket <= before) {
      return err_set(d->message, ERR_MALFORMED, "size_buckets: %u unknown or out of order",
                     rows[i].bucket);
    }
    before = rows[i].bucket;
    d->s->packet_sizes.bucket[rows[i].bucket] = rows[i].count;
  }
  return err;
}

/* Short arrays are fine (the rest is 0): a later sensor may not know an entry any more. */
static int decode_array(const struct decoder *d, const char *name, const uint64_t *values,
                        size_t count, uint64_t *out, size_t limit)
{
  if (count > limit) {
    return err_set(d->message, ERR_LIMIT, "%s: %zu values, at most %zu are allowed", name, count,
                   limit);
  }
  for (size_t i = 0; i < count; i++) {
    if (values[i] > SUMMARY_COUNTER_MAX) {
      return err_set(d->message, ERR_LIMIT, "%s: value out of range", name);
    }
    out[i] = values[i];
  }
  return 0;
}

/* Absent fields read as 0, which is right for every counter. */
static int decode_scalars(const struct decoder *d)
{
  for (size_t i = 0; i < summary_scalar_count; i++) {
    uint64_t value;
    memcpy(&value, (const unsigned char *)d->wire + summary_scalars[i].wire_at, sizeof(value));
    if (value > SUMMARY_COUNTER_MAX) {
      return err_set(d->message, ERR_LIMIT, "%s: value out of range", summary_scalars[i].name);
    }
    memcpy((unsigned char *)d->s + summary_scalars[i].at, &value, sizeof(value));
  }
  int err = decode_array(d, "tcp_events", d->wire->tcp_events, d->wire->n_tcp_events,
                         d->s->tcp_events, SUMMARY_TCP_EVENTS);
  if (err == 0) {
    err =
        decode_array(d, "ledger_undecoded", d->wire->ledger_undecoded, d->wire->n_ledger_undecoded,
                     d->s->ledger.undecoded, SUMMARY_UNDECODED_REASONS);
  }
  if (err == 0 && d->s->ledger.undecoded[SUMMARY_DECODED] != 0) {
    err = err_set(d->message, ERR_MALFORMED, "ledger_undecoded: entry 0 is not 0");
  }
  return err;
}

/* Names and flags by hand, the rest by the table. How many rows there are the names say. */
static int decode_interfaces(const struct decoder *d)
{
  const Seine__Summary *wire = d->wire;
  size_t count = d->s->interface_count;
  if (wire->interface_flags.len != count) {
    return err_set(d->message, ERR_MALFORMED, "interface_flags: %zu where %zu rows need %zu",
                   wire->interface_flags.len, count, count);
  }
  for (size_t i = 0; i < count; i++) {
    struct summary_interface *interface = &d->s->interfaces[i];
    if (!summary_is_interface_name(wire->interface_names[i])) {
      return err_set(d->message, ERR_MALFORMED,
                     "interface_names: row %zu is not 1..%d printable characters", i,
                     SUMMARY_INTERFACE_NAME_MAX - 1);
    }
    memcpy(interface->name, wire->interface_names[i], strlen(wire->interface_names[i]) + 1);
    interface->has_kernel = (wire->interface_flags.data[i] & INTERFACE_FLAG_KERNEL) != 0;
    interface->is_up = (wire->interface_flags.data[i] & INTERFACE_FLAG_UP) != 0;
  }
  return decode_group(d, &columns_interfaces, d->s->interfaces, count);
}

/* Sketches of unlike precision do not merge: better refused here than at each merge. */
static int decode_sketch(const struct decoder *d)
{
  const ProtobufCBinaryData *sketch = &d->wire->addresses_sketch;
  unsigned precision = d->s->kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE;
  if (sketch->len == 0) {
    return err_set(d->message, ERR_MALFORMED, "addresses_sketch: missing");
  }
  int err = hll_decode(sketch->data, sketch->len, &d->s->addresses);
  if (err != 0) {
    return err_set(d->message, err, "addresses_sketch: %s", err_text(err));
  }
  if (d->s->addresses.precision != precision) {
    return err_set(d->message, ERR_MALFORMED, "addresses_sketch: precision %u, expected %u",
                   d->s->addresses.precision, precision);
  }
  return 0;
}

/* Which interval: version, kind, length and start, since all the rest depends on them. */
static int decode_interval(const struct decoder *d)
{
  const Seine__Summary *wire = d->wire;
  if (wire->version != SUMMARY_FORMAT_VERSION) {
    return err_set(d->message, wire->version == 0 ? ERR_MALFORMED : ERR_UNSUPPORTED,
                   "version: %u, expected %d", wire->version, SUMMARY_FORMAT_VERSION);
  }
  if (wire->kind != SUMMARY_SECOND && wire->kind != SUMMARY_MINUTE) {
    return err_set(d->message, ERR_MALFORMED, "kind: %u, expected 1 or 2", wire->kind);
  }
  int64_t length_ns = wire->kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  if (wire->length_ns != length_ns) {
    return err_set(d->message, ERR_MALFORMED, "length_ns: %lld, expected %lld",
                   (long long)wire->length_ns, (long long)length_ns);
  }
  if (wire->start_ns < 0 || wire->start_ns > SUMMARY_TIME_MAX_NS ||
      wire->start_ns % length_ns != 0) {
    return err_set(d->message, ERR_MALFORMED, "start_ns: %lld is no start of an interval",
                   (long long)wire->start_ns);
  }
  return 0;
}

/* Bounded like all times, so that a difference of two cannot overflow. */
static int decode_clock(const struct decoder *d)
{
  const Seine__Summary *wire = d->wire;
  if (wire->clock_offset_ns > SUMMARY_TIME_MAX_NS || wire->clock_offset_ns < -SUMMARY_TIME_MAX_NS ||
      wire->clock_uncertainty_ns < 0 || wire->clock_uncertainty_ns > SUMMARY_TIME_MAX_NS) {
    return err_set(d->message, ERR_LIMIT, "clock_offset_ns or clock_uncertainty_ns out of range");
  }
  d->s->clock_epoch = wire->clock_epoch;
  d->s->clock_offset_ns = wire->clock_offset_ns;
  d->s->clock_uncertainty_ns = wire->clock_uncertainty_ns;
  return 0;
}

/* Limits first: they bound the block that is taken for the rows. */
static int decode_sizes_of_arrays(const struct decoder *d, struct summary_sizes *sizes)
{
  size_t rows =
      d->wire->kind == SUMMARY_SECOND ? SUMMARY_SECOND_ROWS_MAX : (size_t)SUMMARY_CONVERSATIONS_MAX;
  sizes->interfaces = d->wire->n_interface_names;
  if (sizes->interfaces > SUMMARY_INTERFACES_MAX) {
    return err_set(d->message, ERR_LIMIT, "interfaces: %zu rows, at most %d are allowed",
                   sizes->interfaces, SUMMARY_INTERFACES_MAX);
  }
  int err = decode_size(d, &columns_talkers, SUMMARY_TALKERS_MAX, &sizes->talkers);
  if (err == 0) {
    err = decode_size(d, &columns_conversations, rows, &sizes->conversations);
  }
  if (err == 0) {
    err = decode_size(d, &columns_first_seen, SUMMARY_FIRST_SEEN_MAX, &sizes->first_seen);
  }
  return err;
}

/* All that stands in the block, part by part; the first trouble ends it. */
static int decode_body(const struct decoder *d)
{
  typedef int (*decode_part)(const struct decoder *d);
  static const decode_part parts[] = {decode_clock, decode_scalars, decode_traffic,
                                      decode_sizes, decode_sketch,  decode_interfaces};
  int err = 0;
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && err == 0; i++) {
    err = parts[i](d);
  }
  if (err == 0) {
    err = decode_group(d, &columns_talkers, d->s->talkers, d->s->talker_count);
  }
  if (err == 0) {
    err = decode_group(d, &columns_conversations, d->s->conversations, d->s->conversation_count);
  }
  if (err == 0) {
    err = decode_group(d, &columns_first_seen, d->s->first_seen, d->s->first_seen_count);
  }
  return err;
}

/* Sizes are known and checked before the one block is taken. */
static int decode_wire(struct decoder *d, struct summary **out)
{
  int err = decode_interval(d);
  struct summary_sizes sizes = {0, 0, 0, 0};
  if (err == 0) {
    err = decode_sizes_of_arrays(d, &sizes);
  }
  if (err == 0 && keys_check_name(d->wire->sensor) != 0) {
    err = err_set(d->message, ERR_MALFORMED, "sensor: not a sensor's name");
  }
  if (err != 0) {
    return err;
  }
  d->s = summary_new(&sizes);
  if (d->s == NULL) {
    return err_set(d->message, ERR_NO_MEMORY, "no memory for a summary");
  }
  memcpy(d->s->sensor, d->wire->sensor, strlen(d->wire->sensor) + 1);
  d->s->kind = (enum summary_kind)d->wire->kind;
  d->s->start_ns = d->wire->start_ns;
  d->s->length_ns = d->wire->length_ns;
  err = decode_body(d);
  if (err != 0) {
    summary_free(d->s);
    return err;
  }
  *out = d->s;
  return 0;
}

/* The arena goes before the return: nothing in the summary points into it. */
int summary_decode(const uint8_t *bytes, size_t length, struct summary **out,
                   struct err_message *message)
{
  if (length > SUMMARY_ENCODED_MAX) {
    return err_set(message, ERR_LIMIT, "%zu bytes, at most %d are allowed", length,
                   SUMMARY_ENCODED_MAX);
  }
  struct arena arena;
  arena_init(&arena, DECODE_ARENA_BYTES);
  ProtobufCAllocator allocator = arena_allocator(&arena);
  struct decoder d = {seine__summary__unpack(&allocator, length, bytes), NULL, message};
  int err;
  if (d.wire != NULL) {
    err = decode_wire(&d, out);
  } else if (arena.failure != 0) {
    err = err_set(message, arena.failure, "unpacking needs more than %d bytes", DECODE_ARENA_BYTES);
  } else {
    err = err_set(message, ERR_MALFORMED, "not a summary (%zu bytes)", length);
  }
  arena_fini(&arena);
  return err;
}
