/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes -> struct summary. The bytes may come from anybody: every count, number, time and name is
 * bounded here, so that nothing behind this file has to ask again. (Spreaders and victims are
 * bounded in length; their own reader is fanout_decode.) */
#include "proto/summary_codec.h"

#include <string.h>

#include "common/clock.h"
#include "proto/arena.h"
#include "proto/summary_decode_rows.h"
#include "proto/summary_sketch.h"

/* Several times what the largest honest minute needs; hostile bytes (a megabyte of tiny fields)
 * stop here. */
#define DECODE_ARENA_BYTES (4 << 20)

/* What precedes everything in all versions: field 1, a varint. */
#define VERSION_TAG 0x08

/* How many rows there are the names say. */
static int decode_interfaces(const struct decoder *d)
{
  const Seine__Summary__Interfaces *wire = d->wire->interfaces;
  size_t count = d->s->interface_count;
  for (size_t i = 0; i < count; i++) {
    if (!summary_is_interface_name(wire->names[i])) {
      return err_set(d->message, ERR_MALFORMED,
                     "interfaces.names: row %zu is not 1..%d printable characters", i,
                     SUMMARY_INTERFACE_NAME_MAX - 1);
    }
    memcpy(d->s->interfaces[i].name, wire->names[i], strlen(wire->names[i]) + 1);
  }
  if (wire == NULL) {
    return 0;
  }
  struct number_reader numbers = reader_of(&wire->numbers);
  return decode_columns(d, "interfaces", &columns_interfaces, &numbers, d->s->interfaces, count);
}

/* Precision and seed are the record's: sketches of one record are alike. */
static int decode_sketch(const struct decoder *d, const char *name,
                         const ProtobufCBinaryData *bytes, struct hll *out)
{
  hll_init(out, summary_precision(d->s->kind), d->wire->sketches->seed);
  int err = sketch_decode(bytes->data, bytes->len, out);
  return err == 0 ? 0
                  : err_set(d->message, err == ERR_TRUNCATED ? ERR_MALFORMED : err,
                            "sketches.%s: %s (%zu bytes)", name, err_text(err), bytes->len);
}

/* Four runs of buckets, one behind the other. */
static int decode_entropies(const struct decoder *d)
{
  const Seine__Summary__Sketches *wire = d->wire->sketches;
  struct number_reader numbers = reader_of(&wire->entropy);
  unsigned buckets = summary_entropy_buckets(d->s->kind);
  int err = 0;
  for (unsigned i = 0; i < SUMMARY_ENTROPIES && err == 0; i++) {
    struct entropy *entropy = &d->s->sketches->entropy[i];
    entropy_init(entropy, buckets, wire->seed);
    err =
        decode_columns(d, "sketches.entropy", &columns_buckets, &numbers, entropy->bucket, buckets);
  }
  if (err == 0 && reader_has_more(&numbers)) {
    err = err_set(d->message, ERR_MALFORMED, "sketches.entropy: more numbers than %u buckets",
                  buckets * SUMMARY_ENTROPIES);
  }
  return err;
}

/* The addresses' sketch is always there, if only as a seed; the others may have gone unmeasured. */
static int decode_sketches(const struct decoder *d)
{
  const Seine__Summary__Sketches *wire = d->wire->sketches;
  struct summary_sketches *sketches = d->s->sketches;
  int err = decode_sketch(d, "addresses", &wire->addresses, &d->s->addresses);
  if (err != 0 || sketches == NULL) {
    return err;
  }
  err = decode_sketch(d, "clients", &wire->clients, &sketches->clients);
  err = err != 0 ? err : decode_sketch(d, "servers", &wire->servers, &sketches->servers);
  err = err != 0 ? err : decode_sketch(d, "services", &wire->services, &sketches->services);
  return err != 0 ? err : decode_entropies(d);
}

/* Encoded sketches of a minute, as they are. */
static int decode_blobs(const struct decoder *d)
{
  const Seine__Summary *wire = d->wire;
  if (wire->spreaders.len > 0) {
    memcpy(d->s->spreaders, wire->spreaders.data, wire->spreaders.len);
  }
  if (wire->victims.len > 0) {
    memcpy(d->s->victims, wire->victims.data, wire->victims.len);
  }
  return 0;
}

/* Which interval: version, kind and start, since all the rest depends on them. */
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
    return err_set(d->message, ERR_LIMIT,
                   "clock_offset_ns or clock_uncertainty_ns: %lld, %lld out of range",
                   (long long)wire->clock_offset_ns, (long long)wire->clock_uncertainty_ns);
  }
  d->s->clock_epoch = wire->clock_epoch;
  d->s->clock_offset_ns = wire->clock_offset_ns;
  d->s->clock_uncertainty_ns = wire->clock_uncertainty_ns;
  return 0;
}

/* Two bits a measure; what lies above them is no measure that we know. */
static int decode_quality(const struct decoder *d)
{
  uint32_t left = d->wire->quality;
  for (unsigned i = 0; i < SUMMARY_MEASURES; i++, left >>= 2) {
    d->s->quality[i] = left & 3U;
    if (d->s->quality[i] > SUMMARY_ABSENT) {
      return err_set(d->message, ERR_MALFORMED, "quality: measure %u is 3, expected 0 to 2", i);
    }
  }
  if (left != 0) {
    return err_set(d->message, ERR_MALFORMED, "quality: %u, expected %d measures", d->wire->quality,
                   SUMMARY_MEASURES);
  }
  if (d->wire->sample_shift > SUMMARY_SHIFT_MAX) {
    return err_set(d->message, ERR_LIMIT, "sample_shift: %u, at most %d is allowed",
                   d->wire->sample_shift, SUMMARY_SHIFT_MAX);
  }
  d->s->sample_shift = (uint8_t)d->wire->sample_shift;
  return 0;
}

/* A part is no larger than its whole: readers take the one from the other. */
static bool is_within(const struct counts *part, const struct counts *whole)
{
  return part->packets <= whole->packets && part->bytes <= whole->bytes &&
         part->payload_bytes <= whole->payload_bytes;
}

/* The split's cells by the traffic's, which are read already. */
static int check_fleet_cells(const struct decoder *d)
{
  static const struct counts none;
  const struct summary *s = d->s;
  for (unsigned way = SUMMARY_TX; way <= SUMMARY_RX; way++) {
    for (unsigned p = 0; p < SUMMARY_PROTOCOLS; p++) {
      if (!is_within(&s->fleet_traffic[way][p], s->has_fleet ? &s->traffic[way][p] : &none)) {
        return err_set(d->message, ERR_MALFORMED, "traffic.fleet_cells: %s %s is more than %s",
                       summary_direction_name((enum summary_direction)way),
                       summary_protocol_name((enum summary_protocol)p),
                       s->has_fleet ? "its cell" : "0");
      }
    }
  }
  return 0;
}

/* Whether there is a split at all, and by which map; a second has one. */
static int decode_fleet(const struct decoder *d)
{
  uint64_t fleet = d->wire->fleet;
  uint32_t mixed = d->wire->fleet_mixed;
  if (fleet > SUMMARY_COUNTER_MAX + 1) {
    return err_set(d->message, ERR_LIMIT, "fleet: %llu, at most 2^56 + 1 is allowed",
                   (unsigned long long)fleet);
  }
  uint32_t most = fleet > 0 && d->s->kind == SUMMARY_MINUTE ? 1 : 0;
  if (mixed > most) {
    return err_set(d->message, ERR_MALFORMED, "fleet_mixed: %u, expected at most %u", mixed, most);
  }
  d->s->has_fleet = fleet > 0;
  d->s->fleet_map_version = fleet > 0 ? fleet - 1 : 0;
  d->s->is_fleet_mixed = mixed == 1;
  return check_fleet_cells(d);
}

/* The minute's alone. */
static int check_blob(const struct decoder *d, const char *name, size_t length)
{
  size_t most = d->wire->kind == SUMMARY_MINUTE ? FANOUT_ENCODED_MAX : 0;
  return length <= most ? 0
                        : err_set(d->message, ERR_LIMIT, "%s: %zu bytes, at most %zu are allowed",
                                  name, length, most);
}

/* Limits first: they bound the block that is taken for the rows. */
static int decode_sizes(const struct decoder *d, struct summary_sizes *sizes)
{
  const Seine__Summary *wire = d->wire;
  size_t counts[SUMMARY_GROUPS] = {0};
  int err = 0;
  for (unsigned g = 0; g < SUMMARY_GROUPS && err == 0; g++) {
    size_t most = summary_group_max((enum summary_kind)wire->kind, (enum summary_group)g);
    err = decode_count(d, &summary_groups[g], most, &counts[g]);
  }
  err = err != 0 ? err : check_blob(d, "spreaders", wire->spreaders.len);
  err = err != 0 ? err : check_blob(d, "victims", wire->victims.len);
  if (err == 0 && wire->sketches == NULL) {
    err = err_set(d->message, ERR_MALFORMED, "sketches: missing");
  } else if (err == 0 && wire->sketches->all > 1) {
    err = err_set(d->message, ERR_MALFORMED, "sketches.all: %u, expected 0 or 1",
                  wire->sketches->all);
  }
  size_t interfaces = wire->interfaces != NULL ? wire->interfaces->n_names : 0;
  if (err == 0 && interfaces > SUMMARY_INTERFACES_MAX) {
    err = err_set(d->message, ERR_LIMIT, "interfaces: %zu rows, at most %d are allowed", interfaces,
                  SUMMARY_INTERFACES_MAX);
  }
  if (err == 0) {
    *sizes = (struct summary_sizes){interfaces,
                                    counts[GROUP_TALKERS],
                                    counts[GROUP_CONVERSATIONS],
                                    counts[GROUP_FIRST_SEEN],
                                    counts[GROUP_EDGES],
                                    wire->spreaders.len,
                                    wire->victims.len,
                                    wire->sketches->all == 1};
  }
  return err;
}

/* Everything that is a number of the whole interval. */
static int decode_parts(const struct decoder *d)
{
  int err = 0;
  for (size_t i = 0; i < summary_part_count && err == 0; i++) {
    err = decode_part(d, &summary_parts[i]);
  }
  if (err == 0 && d->s->ledger.undecoded[SUMMARY_DECODED] != 0) {
    err = err_set(d->message, ERR_MALFORMED, "ledger.undecoded: entry 0 is not 0");
  }
  return err;
}

/* The block has room for just as many rows as the messages announced. */
static int decode_groups(const struct decoder *d)
{
  const struct summary *s = d->s;
  int err = decode_group(d, &summary_groups[GROUP_TALKERS], s->talkers, s->talker_count);
  if (err == 0) {
    err = decode_group(d, &summary_groups[GROUP_CONVERSATIONS], s->conversations,
                       s->conversation_count);
  }
  if (err == 0) {
    err = decode_group(d, &summary_groups[GROUP_FIRST_SEEN], s->first_seen, s->first_seen_count);
  }
  return err != 0 ? err : decode_group(d, &summary_groups[GROUP_EDGES], s->edges, s->edge_count);
}

/* All that stands in the block, part by part; the first trouble ends it. */
static int decode_body(const struct decoder *d)
{
  typedef int (*decode_step)(const struct decoder *d);
  static const decode_step steps[] = {decode_clock,  decode_quality,  decode_parts,
                                      decode_fleet,  decode_sketches, decode_interfaces,
                                      decode_groups, decode_blobs};
  int err = 0;
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && err == 0; i++) {
    err = steps[i](d);
  }
  return err;
}

/* Sizes are known and checked before the one block is taken. */
static int decode_wire(struct decoder *d, struct arena *arena, struct summary **out)
{
  struct summary_sizes sizes = {.interfaces = 0};
  int err = decode_interval(d);
  err = err != 0 ? err : decode_sizes(d, &sizes);
  if (err == 0 && keys_check_name(d->wire->sensor) != 0) {
    err = err_set(d->message, ERR_MALFORMED, "sensor: not a sensor's name");
  }
  if (err == 0) {
    size_t named = sizes.talkers + 2 * sizes.conversations + sizes.first_seen + 2 * sizes.edges;
    err = dictionary_unpack(&d->dictionary, d->wire->addresses, named, arena, d->message);
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
  d->s->length_ns = d->s->kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  err = decode_body(d);
  if (err != 0) {
    summary_free(d->s);
    return err;
  }
  *out = d->s;
  return 0;
}

/* Another version may give other meanings to the fields, so that unpacking fails for reasons that
 * would mislead: it is looked at before. */
static int decode_version(const uint8_t *bytes, size_t length, struct err_message *message)
{
  bool is_told = length >= 2 && bytes[0] == VERSION_TAG && bytes[1] != 0 && bytes[1] < 0x80;
  if (is_told && bytes[1] != SUMMARY_FORMAT_VERSION) {
    return err_set(message, ERR_UNSUPPORTED, "version: %u, expected %d", bytes[1],
                   SUMMARY_FORMAT_VERSION);
  }
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
  int err = decode_version(bytes, length, message);
  if (err != 0) {
    return err;
  }
  struct arena arena;
  arena_init(&arena, DECODE_ARENA_BYTES);
  ProtobufCAllocator allocator = arena_allocator(&arena);
  struct decoder d = {
      seine__summary__unpack(&allocator, length, bytes), NULL, {NULL, 0, 0}, message};
  if (d.wire != NULL) {
    err = decode_wire(&d, &arena, out);
  } else if (arena.failure != 0) {
    err = err_set(message, arena.failure, "unpacking needs more than %d bytes", DECODE_ARENA_BYTES);
  } else {
    err = err_set(message, ERR_MALFORMED, "not a summary (%zu bytes)", length);
  }
  arena_fini(&arena);
  return err;
}
