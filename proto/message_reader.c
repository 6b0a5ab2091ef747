/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf's wire form read field by field, and the words for what cannot be read. */
#include "proto/message_reader.h"

#include <string.h>

/* 1nnnnnnn 1nnnnnnn 0nnnnnnn   seven bits a byte, the lowest first; the top bit: more follow */
static uint64_t field_varint(struct rd *r)
{
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t byte = rd_u8(r);
    value |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  r->has_failed = true; /* longer than any 64-bit number */
  return 0;
}

/* Fixed-size numbers are little-endian on the wire, whatever the host is. */
static uint64_t field_fixed(struct rd *r, unsigned size)
{
  const uint8_t *at = rd_take(r, size);
  uint64_t value = 0;
  for (unsigned i = 0; at != NULL && i < size; i++) {
    value |= (uint64_t)at[i] << (8 * i);
  }
  return value;
}

/* False at the end or at a failure (r->has_failed). */
bool message_field_next(struct rd *r, struct message_field *out)
{
  if (r->has_failed || rd_left(r) == 0) {
    return false;
  }
  uint64_t key = field_varint(r);
  *out = (struct message_field){.tag = key >> 3, .type = (unsigned)(key & 7)};
  switch (out->type) {
  case WIRE_VARINT:
    out->number = field_varint(r);
    break;
  case WIRE_FIXED64:
    out->number = field_fixed(r, 8);
    break;
  case WIRE_FIXED32:
    out->number = field_fixed(r, 4);
    break;
  case WIRE_BYTES:
    out->number = field_varint(r);
    /* A length beyond a size_t must fail, not wrap: SIZE_MAX is more than any buffer holds. */
    out->length = out->number > rd_left(r) ? SIZE_MAX : (size_t)out->number;
    out->bytes = rd_take(r, out->length);
    break;
  default:
    r->has_failed = true; /* groups are no part of proto3 */
    break;
  }
  r->has_failed = r->has_failed || out->tag == 0;
  return !r->has_failed;
}

/* Why protobuf-c gave nothing back: the arena's bound, or bytes that are none. */
int message_reader_failed(const struct message_reader *r, const char *body)
{
  if (r->arena.failure != 0) {
    return err_set(r->message, r->arena.failure, "%s: too many fields", body);
  }
  return err_set(r->message, ERR_MALFORMED, "%s: not a well-formed message", body);
}

/* Absent fixed64 fields read as 0, so 0 is no boot id. */
int message_reader_boot(const struct message_reader *r, const char *body, uint64_t boot_id)
{
  return boot_id != 0 ? 0 : err_set(r->message, ERR_MALFORMED, "%s.boot_id: missing", body);
}

/* Copies text of a peer, at most size - 1 bytes: what is not printable ASCII becomes '?'. */
void message_reader_text(const char *text, char *out, size_t size)
{
  size_t length = strnlen(text, size - 1);
  for (size_t i = 0; i < length; i++) {
    out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  }
  out[length] = '\0';
}
