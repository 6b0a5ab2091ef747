/* SPDX-License-Identifier: Apache-2.0 */
/* struct summary -> bytes: rows are turned into columns in an arena, then packed.
 *
 *   rows: { a 1 } { b 2 } { c 3 }   ->   clients: [ a b c ]   ports: [ 1 2 3 ]
 *
 * Numbers of one kind stand side by side, so that small ones cost a byte each and the message needs
 * no nested structure for a row. */
#include "proto/summary_codec.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/summary_columns.h"

/* A minute with every row at its limit needs half a megabyte of columns. */
#define ENCODE_ARENA_BYTES (2 << 20)

struct encoder {
  const struct summary *s;
  Seine__Summary wire;
  struct arena arena;
};

/* One member of a row to its place in the column. Both may stand anywhere: values go by memcpy. */
static void encode_value(const struct encoder *e, enum column_kind kind, const unsigned char *from,
                         unsigned char *to)
{
  uint64_t wide;
  uint32_t narrow;
  uint16_t port;
  int64_t time;
  switch (kind) {
  case COLUMN_TIME:
    memcpy(&time, from, sizeof(time));
    /* Relative to the interval, so that a varint of some bytes is enough; unsigned, as it may wrap.
     */
    wide = (uint64_t)time - (uint64_t)e->s->start_ns;
    memcpy(to, &wide, sizeof(wide));
    break;
  case COLUMN_SPAN:
    /* Samples taken a moment late may add up to more than the interval. */
    memcpy(&time, from, sizeof(time));
    time = time > e->s->length_ns ? e->s->length_ns : time;
    time = time < 0 ? 0 : time;
    memcpy(to, &time, sizeof(time));
    break;
  case COLUMN_U16:
    memcpy(&port, from, sizeof(port));
    narrow = port;
    memcpy(to, &narrow, sizeof(narrow));
    break;
  case COLUMN_BOOL:
    *to = *(const bool *)(const void *)from ? 1 : 0;
    break;
  case COLUMN_U64:
  case COLUMN_U32:
  case COLUMN_U8:
  case COLUMN_ADDR:
  default:
    memcpy(to, from, column_entry_bytes(kind));
    break;
  }
}

/* Lays a column out in the arena and hangs it into the wire structure by the table's offsets. */
static void encode_column(struct encoder *e, const struct column *column, size_t row_size,
                          const void *rows, size_t count)
{
  size_t entry = column_entry_bytes(column->kind);
  unsigned char *values = arena_take(&e->arena, count * entry);
  if (values == NULL) {
    return; /* the arena remembers */
  }
  const unsigned char *member = (const unsigned char *)rows + column->row_at;
  for (size_t i = 0; i < count; i++) {
    encode_value(e, column->kind, member + i * row_size, values + i * entry);
  }
  size_t counted = count * column_counted(column->kind);
  unsigned char *wire = (unsigned char *)&e->wire;
  memcpy(wire + column->count_at, &counted, sizeof(counted));
  void *pointer = values;
  memcpy(wire + column->values_at, &pointer, sizeof(pointer));
}

/* Without rows the columns stay absent: an empty record costs no bytes for them. */
static void encode_group(struct encoder *e, const struct column_group *group, const void *rows,
                         size_t count)
{
  for (size_t i = 0; i < group->column_count && count > 0; i++) {
    encode_column(e, &group->column[i], group->row_size, rows, count);
  }
}

/* Of thirty cells a host fills a handful: the others do not travel. */
static void encode_traffic(struct encoder *e)
{
  struct traffic_row rows[SUMMARY_DIRECTIONS * SUMMARY_PROTOCOLS];
  size_t count = 0;
  for (unsigned d = 0; d < SUMMARY_DIRECTIONS; d++) {
    for (unsigned p = 0; p < SUMMARY_PROTOCOLS; p++) {
      const struct counts *cell = &e->s->traffic[d][p];
      if (cell->packets != 0 || cell->bytes != 0 || cell->payload_bytes != 0) {
        rows[count++] = (struct traffic_row){(uint8_t)(d * 16 + p), *cell};
      }
    }
  }
  encode_group(e, &columns_traffic, rows, count);
}

/* The same for the histogram's 64 buckets. */
static void encode_sizes(struct encoder *e)
{
  struct size_row rows[HIST_BUCKETS];
  size_t count = 0;
  for (unsigned b = 0; b < HIST_BUCKETS; b++) {
    if (e->s->packet_sizes.bucket[b] != 0) {
      rows[count++] = (struct size_row){(uint8_t)b, e->s->packet_sizes.bucket[b]};
    }
  }
  encode_group(e, &columns_sizes, rows, count);
}

/* A copy, since protobuf-c's structure wants a pointer that is not const. */
static uint64_t *encode_array(struct encoder *e, const uint64_t *values, size_t count)
{
  uint64_t *copy = arena_take(&e->arena, count * sizeof(*copy));
  if (copy != NULL) {
    memcpy(copy, values, count * sizeof(*copy));
  }
  return copy;
}

/* A name as the reader insists on it. Linux lets an interface carry any byte but a few. */
static char *encode_text(struct encoder *e, const char *text, size_t max)
{
  size_t length = strnlen(text, max - 1);
  char *copy = arena_take(&e->arena, length + 1);
  if (copy == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < length; i++) {
    copy[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  }
  copy[length] = '\0';
  return copy;
}

/* Names and flags are no plain columns: text, and two booleans in one byte. */
static void encode_interfaces(struct encoder *e)
{
  size_t count = e->s->interface_count;
  char **names = arena_take(&e->arena, count * sizeof(*names));
  uint8_t *flags = arena_take(&e->arena, count);
  if (count == 0 || names == NULL || flags == NULL) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const struct summary_interface *interface = &e->s->interfaces[i];
    names[i] = encode_text(e, interface->name, sizeof(interface->name));
    flags[i] = (uint8_t)((interface->has_kernel ? INTERFACE_FLAG_KERNEL : 0) |
                         (interface->is_up ? INTERFACE_FLAG_UP : 0));
  }
  e->wire.n_interface_names = count;
  e->wire.interface_names = names;
  e->wire.interface_flags = (ProtobufCBinaryData){count, flags};
  encode_group(e, &columns_interfaces, e->s->interfaces, count);
}

/* Identity, interval, clock, and all scalars along the table. */
static void encode_head(struct encoder *e)
{
  const struct summary *s = e->s;
  e->wire.version = SUMMARY_FORMAT_VERSION;
  e->wire.sensor = encode_text(e, s->sensor, sizeof(s->sensor));
  e->wire.kind = (uint32_t)s->kind;
  e->wire.start_ns = s->start_ns;
  e->wire.length_ns = s->length_ns;
  e->wire.clock_epoch = s->clock_epoch;
  e->wire.clock_offset_ns = s->clock_offset_ns;
  e->wire.clock_uncertainty_ns = s->clock_uncertainty_ns;
  for (size_t i = 0; i < summary_scalar_count; i++) {
    memcpy((unsigned char *)&e->wire + summary_scalars[i].wire_at,
           (const unsigned char *)s + summary_scalars[i].at, sizeof(uint64_t));
  }
  e->wire.n_tcp_events = SUMMARY_TCP_EVENTS;
  e->wire.tcp_events = encode_array(e, s->tcp_events, SUMMARY_TCP_EVENTS);
  e->wire.n_ledger_undecoded = SUMMARY_UNDECODED_REASONS;
  e->wire.ledger_undecoded = encode_array(e, s->ledger.undecoded, SUMMARY_UNDECODED_REASONS);
}

/* The shorter of the two forms: a quiet second has a few addresses, not 256 registers. */
static void encode_sketch(struct encoder *e)
{
  uint8_t *bytes = arena_take(&e->arena, HLL_ENCODED_MAX);
  if (bytes != NULL) {
    size_t length = hll_encode(&e->s->addresses, bytes);
    e->wire.addresses_sketch = (ProtobufCBinaryData){length, bytes};
  }
}

/* Measured first; a record that would not pass the bus is refused here, where it can be counted. */
static int encode_pack(const Seine__Summary *wire, uint8_t **bytes, size_t *length)
{
  size_t size = seine__summary__get_packed_size(wire);
  if (size > SUMMARY_ENCODED_MAX) {
    return ERR_LIMIT;
  }
  uint8_t *block = malloc(size);
  if (block == NULL) {
    return ERR_NO_MEMORY;
  }
  *length = seine__summary__pack(wire, block);
  *bytes = block;
  return 0;
}

/* The limits that the reader would refuse the whole record for. */
static bool encode_is_within_limits(const struct summary *s)
{
  size_t rows =
      s->kind == SUMMARY_SECOND ? SUMMARY_SECOND_ROWS_MAX : (size_t)SUMMARY_CONVERSATIONS_MAX;
  return s->interface_count <= SUMMARY_INTERFACES_MAX && s->talker_count <= SUMMARY_TALKERS_MAX &&
         s->conversation_count <= rows && s->first_seen_count <= SUMMARY_FIRST_SEEN_MAX;
}

/* Failures of the arena are asked for once, at the end: until then absent columns stand for them.
 */
int summary_encode(const struct summary *s, uint8_t **bytes, size_t *length)
{
  if (!encode_is_within_limits(s)) {
    return ERR_LIMIT;
  }
  struct encoder e;
  /* Not by an initialiser: that would clear the arena's inline block. */
  e.s = s;
  seine__summary__init(&e.wire);
  arena_init(&e.arena, ENCODE_ARENA_BYTES);
  encode_head(&e);
  encode_traffic(&e);
  encode_sizes(&e);
  encode_sketch(&e);
  encode_interfaces(&e);
  encode_group(&e, &columns_talkers, s->talkers, s->talker_count);
  encode_group(&e, &columns_conversations, s->conversations, s->conversation_count);
  encode_group(&e, &columns_first_seen, s->first_seen, s->first_seen_count);
  int err = e.arena.failure != 0 ? e.arena.failure : encode_pack(&e.wire, bytes, length);
  arena_fini(&e.arena);
  return err;
}
