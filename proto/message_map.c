/* SPDX-License-Identifier: Apache-2.0 */
/* FLEET_MAP, ENROLL and ENROLLED: bytes -> structures. The map is read by hand: its addresses stay
 * where they are. */
#include <string.h>

#include "bus.pb-c.h"
#include "proto/message_reader.h"
#include "proto/summary.h"

/* One bytes field of 16 bytes each, in network order: the form of struct addr, whose alignment is
 * that of a byte. */
static int map_addresses(const struct message_reader *r, const char *name,
                         const struct message_field *field, const struct addr **out, size_t *count)
{
  if (field->length % sizeof(struct addr) != 0) {
    return err_set(r->message, ERR_MALFORMED, "fleet_map.%s: %zu bytes are no multiple of 16", name,
                   field->length);
  }
  *out = (const struct addr *)field->bytes;
  *count = field->length / sizeof(struct addr);
  return 0;
}

/* One field; what is not known is passed over. */
static int map_field(struct message_reader *r, const struct message_field *field, struct rd *rd)
{
  struct message_fleet_map *map = &r->out->fleet_map;
  bool is_fixed = field->type == WIRE_FIXED64;
  bool is_varint = field->type == WIRE_VARINT;
  bool is_bytes = field->type == WIRE_BYTES;
  if (field->tag == 1 && is_fixed) {
    map->epoch = field->number;
  } else if (field->tag == 2 && is_varint) {
    map->version = field->number;
  } else if (field->tag == 3 && is_varint) {
    map->from_version = field->number;
  } else if (field->tag == 4 && is_fixed) {
    map->effective_ns = (int64_t)field->number;
  } else if (field->tag == 5 && is_varint) {
    map->is_last = field->number != 0;
  } else if (field->tag == 6 && is_bytes) {
    return map_addresses(r, "added", field, &map->added, &map->added_count);
  } else if (field->tag == 7 && is_bytes) {
    return map_addresses(r, "removed", field, &map->removed, &map->removed_count);
  } else if (field->tag <= 7) {
    rd->has_failed = true; /* ours, with a type that is not */
  }
  return 0;
}

/* What the fields say together. */
static int map_check(const struct message_reader *r)
{
  const struct message_fleet_map *map = &r->out->fleet_map;
  if (map->epoch == 0 || map->version == 0 || map->from_version >= map->version) {
    return err_set(r->message, ERR_MALFORMED,
                   "fleet_map: epoch %llx, version %llu from %llu cannot be",
                   (unsigned long long)map->epoch, (unsigned long long)map->version,
                   (unsigned long long)map->from_version);
  }
  if (map->effective_ns < 0 || map->effective_ns > SUMMARY_TIME_MAX_NS) {
    return err_set(r->message, ERR_LIMIT, "fleet_map.effective_ns: %lld is no time of this age",
                   (long long)map->effective_ns);
  }
  if (map->added_count + map->removed_count > MESSAGE_MAP_MAX) {
    return err_set(r->message, ERR_LIMIT, "fleet_map: %zu addresses, at most %d are allowed",
                   map->added_count + map->removed_count, MESSAGE_MAP_MAX);
  }
  return 0;
}

int message_read_fleet_map(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  struct rd rd = rd_init(bytes, length);
  struct message_field field;
  int err = 0;
  r->out->fleet_map = (struct message_fleet_map){.version = 0};
  while (err == 0 && message_field_next(&rd, &field)) {
    err = map_field(r, &field, &rd);
  }
  if (err == 0 && rd.has_failed) {
    return message_reader_failed(r, "fleet_map");
  }
  return err != 0 ? err : map_check(r);
}

/* Both ways the same two fields. */
static int enroll_take(struct message_reader *r, const char *body, const char *name,
                       const ProtobufCBinaryData *key)
{
  struct message_enroll *enroll = &r->out->enroll;
  if (keys_check_name(name) != 0) {
    return err_set(r->message, ERR_MALFORMED, "%s.name: not a sensor's name", body);
  }
  if (key->len != KEYS_BYTES) {
    return err_set(r->message, ERR_MALFORMED, "%s.public_key: %zu bytes, expected %d", body,
                   key->len, KEYS_BYTES);
  }
  memcpy(enroll->name, name, strlen(name) + 1);
  memcpy(enroll->public_key, key->data, KEYS_BYTES);
  return 0;
}

int message_read_enroll(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Enroll *wire = seine__enroll__unpack(&r->allocator, length, bytes);
  return wire == NULL ? message_reader_failed(r, "enroll")
                      : enroll_take(r, "enroll", wire->name, &wire->public_key);
}

int message_read_enrolled(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Enrolled *wire = seine__enrolled__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "enrolled");
  }
  r->out->enroll.old_key_valid_s = wire->old_key_valid_s;
  return enroll_take(r, "enrolled", wire->name, &wire->public_key);
}
