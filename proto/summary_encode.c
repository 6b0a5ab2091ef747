/* SPDX-License-Identifier: Apache-2.0 */
/* struct summary -> bytes: each part as a message in an arena, then packed. How rows become numbers
 * is in summary_encode_rows.c, what a field holds in summary.proto. */
#include "proto/summary_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "proto/summary_codec.h"
#include "proto/summary_encode_rows.h"
#include "proto/summary_sketch.h"

/* A minute with every row at its limit needs a megabyte and a half of numbers. */
#define ENCODE_ARENA_BYTES (4 << 20)

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

/* Names are text; how many there are tells how many rows. */
static void encode_interfaces(struct encoder *e)
{
  size_t count = e->s->interface_count;
  char **names = arena_take(&e->arena, count * sizeof(*names));
  Seine__Summary__Interfaces *message = arena_take(&e->arena, sizeof(*message));
  if (count == 0 || message == NULL || names == NULL) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const char *name = e->s->interfaces[i].name;
    names[i] = encode_text(e, name, SUMMARY_INTERFACE_NAME_MAX);
    if (names[i] == NULL) {
      return;
    }
  }
  struct number_writer writer = writer_begin(e, count * columns_interfaces.column_count);
  encode_columns(e, &columns_interfaces, e->s->interfaces, count, &writer);
  seine__summary__interfaces__init(message);
  message->n_names = count;
  message->names = names;
  message->numbers = writer_end(&writer);
  e->wire.interfaces = message;
}

/* An empty one has no bytes, and protobuf leaves such a field out. */
static ProtobufCBinaryData encode_sketch(struct encoder *e, const struct hll *h)
{
  if (e->is_measuring) {
    return (ProtobufCBinaryData){sketch_length(h), NULL};
  }
  uint8_t *bytes = arena_take(&e->arena, SKETCH_ENCODED_MAX(h->precision));
  return (ProtobufCBinaryData){bytes != NULL ? sketch_encode(h, bytes) : 0, bytes};
}

/* Of which the reader takes the size for granted. */
static bool is_fit(const struct encoder *e, const struct hll *h)
{
  return h->precision == summary_precision(e->s->kind) && h->seed == e->s->addresses.seed;
}

/* All seven: one that is not would be read as something else. */
static bool are_fit(const struct encoder *e, const struct summary_sketches *sketches)
{
  bool are = is_fit(e, &sketches->clients) && is_fit(e, &sketches->servers) &&
             is_fit(e, &sketches->services);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    are = are && sketches->entropy[i].buckets == summary_entropy_buckets(e->s->kind) &&
          sketches->entropy[i].seed == e->s->addresses.seed;
  }
  return are;
}

/* The seed once, for all of them. */
static int encode_sketches(struct encoder *e)
{
  const struct summary_sketches *sketches = e->s->sketches;
  if (!is_fit(e, &e->s->addresses) || (sketches != NULL && !are_fit(e, sketches))) {
    return ERR_CONFLICT;
  }
  Seine__Summary__Sketches *wire = arena_take(&e->arena, sizeof(*wire));
  if (wire == NULL) {
    return 0;
  }
  seine__summary__sketches__init(wire);
  e->wire.sketches = wire;
  wire->seed = e->s->addresses.seed;
  wire->addresses = encode_sketch(e, &e->s->addresses);
  if (sketches == NULL) {
    return 0;
  }
  wire->all = 1;
  wire->clients = encode_sketch(e, &sketches->clients);
  wire->servers = encode_sketch(e, &sketches->servers);
  wire->services = encode_sketch(e, &sketches->services);
  unsigned buckets = summary_entropy_buckets(e->s->kind);
  struct number_writer writer = writer_begin(e, (size_t)buckets * SUMMARY_ENTROPIES);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    encode_columns(e, &columns_buckets, sketches->entropy[i].bucket, buckets, &writer);
  }
  wire->entropy = writer_end(&writer);
  return 0;
}

/* Identity, interval, clock, quality. */
static void encode_head(struct encoder *e)
{
  const struct summary *s = e->s;
  e->wire.version = SUMMARY_FORMAT_VERSION;
  e->wire.sensor = encode_text(e, s->sensor, sizeof(s->sensor));
  e->wire.kind = (uint32_t)s->kind;
  e->wire.start_ns = s->start_ns;
  e->wire.clock_epoch = s->clock_epoch;
  e->wire.clock_offset_ns = s->clock_offset_ns;
  e->wire.clock_uncertainty_ns = s->clock_uncertainty_ns;
  /* All exact is 0, which costs nothing. */
  for (unsigned i = 0; i < SUMMARY_MEASURES; i++) {
    e->wire.quality |= (uint32_t)(s->quality[i] & 3U) << (2 * i);
  }
  e->wire.sample_shift = s->sample_shift;
  e->wire.fleet = s->has_fleet ? s->fleet_map_version + 1 : 0;
  e->wire.fleet_mixed = s->is_fleet_mixed;
  e->wire.spreaders = (ProtobufCBinaryData){s->spreaders_length, s->spreaders};
  e->wire.victims = (ProtobufCBinaryData){s->victims_length, s->victims};
}

/* The limits that the reader would refuse the whole record for. */
static bool is_within_limits(const struct summary *s)
{
  bool is_within = s->interface_count <= SUMMARY_INTERFACES_MAX &&
                   s->spreaders_length <= FANOUT_ENCODED_MAX &&
                   s->victims_length <= FANOUT_ENCODED_MAX && s->sample_shift <= SUMMARY_SHIFT_MAX;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    const void *rows = NULL;
    is_within = is_within && summary_group_rows(s, (enum summary_group)g, &rows) <=
                                 summary_group_max(s->kind, (enum summary_group)g);
  }
  return is_within;
}

/* Failures of the arena are asked for once, at the end: until then absent parts stand for them. */
static int encode_all(struct encoder *e)
{
  const struct summary *s = e->s;
  encode_head(e);
  for (size_t i = 0; i < summary_part_count; i++) {
    encode_part(e, &summary_parts[i]);
  }
  encode_interfaces(e);
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    const void *rows = NULL;
    size_t count = summary_group_rows(s, (enum summary_group)g, &rows);
    encode_group(e, &summary_groups[g], rows, count);
  }
  e->wire.addresses = dictionary_pack(&e->dictionary, e->is_measuring, &e->arena);
  int err = encode_sketches(e);
  return err != 0 ? err : e->arena.failure;
}

/* Not by an initialiser: that would clear the arena's inline block. */
static void encoder_begin(struct encoder *e, const struct summary *s, bool is_measuring)
{
  e->s = s;
  e->dictionary = (struct dictionary){NULL, 0, 0};
  e->is_measuring = is_measuring;
  seine__summary__init(&e->wire);
  arena_init(&e->arena, is_measuring ? 0 : ENCODE_ARENA_BYTES);
}

int encoder_init(struct encoder *e, const struct summary *s)
{
  encoder_begin(e, s, false);
  if (!is_within_limits(s)) {
    return ERR_LIMIT;
  }
  struct addr *scratch = arena_take(&e->arena, dictionary_room(s) * sizeof(*scratch));
  if (scratch == NULL) {
    return e->arena.failure;
  }
  dictionary_build(&e->dictionary, s, scratch);
  return encode_all(e);
}

/* Messages and names fit into the arena's inline block; there is nothing else. */
int encoder_measure(struct encoder *e, const struct summary *s, struct addr *scratch)
{
  encoder_begin(e, s, true);
  if (!is_within_limits(s)) {
    return ERR_LIMIT;
  }
  dictionary_build(&e->dictionary, s, scratch);
  return encode_all(e);
}

/* The wire structure points into the arena: both end here. */
void encoder_fini(struct encoder *e)
{
  arena_fini(&e->arena);
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

/* The structure and its columns live in the arena; only the packed bytes outlive the call. */
int summary_encode(const struct summary *s, uint8_t **bytes, size_t *length)
{
  struct encoder e;
  int err = encoder_init(&e, s);
  if (err == 0) {
    err = encode_pack(&e.wire, bytes, length);
  }
  encoder_fini(&e);
  return err;
}
