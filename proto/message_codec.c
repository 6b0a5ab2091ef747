/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes -> struct message (message_encode.c is the way back). The envelope and a record's own
 * fields are read by hand, so that a summary's bytes stay where they are; the small bodies are
 * protobuf-c's. */
#include "proto/message_codec.h"

#include <string.h>

#include "bus.pb-c.h"
#include "common/bus.h"
#include "common/rd.h"
#include "proto/arena.h"
#include "proto/summary.h"

/* The largest honest HELLO is 8 KB. */
#define DECODE_ARENA_BYTES ((size_t)256 * 1024)

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* One field of a message: number holds a varint or a fixed one, bytes what WIRE_BYTES spans. */
struct field {
  uint64_t tag;
  unsigned type;
  uint64_t number;
  const uint8_t *bytes;
  size_t length;
};

/* What the parts below share: where the values go, where protobuf-c puts its structures meanwhile,
 * and whom to tell. */
struct reader {
  struct message *out;
  struct arena arena;
  ProtobufCAllocator allocator;
  struct err_message *message;
};

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
static bool field_next(struct rd *r, struct field *out)
{
  if (r->has_failed || rd_left(r) == 0) {
    return false;
  }
  uint64_t key = field_varint(r);
  *out = (struct field){.tag = key >> 3, .type = (unsigned)(key & 7)};
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
static int decode_failed(const struct reader *r, const char *body)
{
  if (r->arena.failure != 0) {
    return err_set(r->message, r->arena.failure, "%s: too many fields", body);
  }
  return err_set(r->message, ERR_MALFORMED, "%s: not a well-formed message", body);
}

/* Absent fixed64 fields read as 0, so 0 is no boot id. */
static int decode_boot(const struct reader *r, const char *body, uint64_t boot_id)
{
  return boot_id != 0 ? 0 : err_set(r->message, ERR_MALFORMED, "%s.boot_id: missing", body);
}

/* Names end up in logs, on terminals and in JSON: printable characters only. */
static int decode_hello_interfaces(const struct reader *r, const Seine__Hello *wire)
{
  struct message_hello *hello = &r->out->hello;
  if (wire->n_interfaces > MESSAGE_INTERFACES_MAX) {
    return err_set(r->message, ERR_LIMIT, "hello.interfaces: %zu, at most %d are allowed",
                   wire->n_interfaces, MESSAGE_INTERFACES_MAX);
  }
  for (size_t i = 0; i < wire->n_interfaces; i++) {
    if (!summary_is_interface_name(wire->interfaces[i])) {
      return err_set(r->message, ERR_MALFORMED,
                     "hello.interfaces: number %zu is not 1..%d printable characters", i,
                     MESSAGE_INTERFACE_MAX - 1);
    }
    memcpy(hello->interface[i], wire->interfaces[i], strlen(wire->interfaces[i]) + 1);
  }
  hello->interface_count = wire->n_interfaces;
  return 0;
}

/* One bytes field of 16 bytes each, in network order: the form of struct addr, copied as it is. */
static int decode_hello_addresses(const struct reader *r, const Seine__Hello *wire)
{
  struct message_hello *hello = &r->out->hello;
  size_t count = wire->addresses.len / sizeof(struct addr);
  if (wire->addresses.len % sizeof(struct addr) != 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.addresses: %zu bytes are no multiple of 16",
                   wire->addresses.len);
  }
  if (count > MESSAGE_ADDRESSES_MAX) {
    return err_set(r->message, ERR_LIMIT, "hello.addresses: %zu, at most %d are allowed", count,
                   MESSAGE_ADDRESSES_MAX);
  }
  if (count > 0) {
    memcpy(hello->address, wire->addresses.data, wire->addresses.len);
  }
  hello->address_count = count;
  return 0;
}

/* Copies text of a peer, at most size - 1 bytes: what is not printable ASCII becomes '?'. */
static void decode_text(const char *text, char *out, size_t size)
{
  size_t length = strnlen(text, size - 1);
  for (size_t i = 0; i < length; i++) {
    out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  }
  out[length] = '\0';
}

/* The name here is what the sensor says; whether its key may use it the collector asks the bus. */
static int decode_hello(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Hello *wire = seine__hello__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return decode_failed(r, "hello");
  }
  struct message_hello *hello = &r->out->hello;
  if (wire->version == 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.version: missing");
  }
  /* The rule keeps it shorter than the array as well: the copy below fits. */
  if (keys_check_name(wire->name) != 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.name: not a sensor's name");
  }
  if (wire->next_sequence == 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.next_sequence: 0, expected 1 or more");
  }
  hello->version = wire->version;
  memcpy(hello->name, wire->name, strlen(wire->name) + 1);
  hello->boot_id = wire->boot_id;
  hello->next_sequence = wire->next_sequence;
  decode_text(wire->software, hello->software, sizeof(hello->software));
  int err = decode_boot(r, "hello", wire->boot_id);
  if (err == 0) {
    err = decode_hello_addresses(r, wire);
  }
  return err != 0 ? err : decode_hello_interfaces(r, wire);
}

/* last_applied may be 0: nothing of that boot is known. */
static int decode_welcome(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Welcome *wire = seine__welcome__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return decode_failed(r, "welcome");
  }
  if (wire->version == 0) {
    return err_set(r->message, ERR_MALFORMED, "welcome.version: missing");
  }
  r->out->welcome = (struct message_welcome){wire->version, wire->boot_id, wire->last_applied,
                                             wire->checkpoint_ms};
  return decode_boot(r, "welcome", wire->boot_id);
}

/* By hand: the body is borrowed from the caller. */
static int decode_summary(struct reader *r, const uint8_t *bytes, size_t length)
{
  struct rd rd = rd_init(bytes, length);
  struct message_summary *summary = &r->out->summary;
  *summary = (struct message_summary){.bytes = NULL};
  struct field field;
  while (field_next(&rd, &field)) {
    if (field.tag == 1 && field.type == WIRE_FIXED64) {
      summary->boot_id = field.number;
    } else if (field.tag == 2 && field.type == WIRE_VARINT) {
      summary->sequence = field.number;
    } else if (field.tag == 3 && field.type == WIRE_VARINT) {
      summary->is_backlog = field.number != 0;
    } else if (field.tag == 4 && field.type == WIRE_BYTES) {
      summary->bytes = field.bytes;
      summary->length = field.length;
    } else if (field.tag <= 4) {
      rd.has_failed = true; /* ours, with a type that is not */
    }
  }
  if (rd.has_failed) {
    return decode_failed(r, "summary");
  }
  if (summary->sequence == 0) {
    return err_set(r->message, ERR_MALFORMED, "summary.sequence: 0, expected 1 or more");
  }
  if (summary->length == 0) {
    return err_set(r->message, ERR_MALFORMED, "summary.body: missing");
  }
  return decode_boot(r, "summary", summary->boot_id);
}

/* A sequence beyond what was sent is found by publish, which knows its queue. */
static int decode_ack(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Ack *wire = seine__ack__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return decode_failed(r, "ack");
  }
  r->out->ack = (struct message_ack){wire->boot_id, wire->sequence};
  return decode_boot(r, "ack", wire->boot_id);
}

/* Bounded, so that differences of times cannot overflow. */
static int decode_clock(const struct reader *r, const char *body, int64_t t1, int64_t t2,
                        int64_t t3)
{
  const int64_t times[] = {t1, t2, t3};
  for (size_t i = 0; i < 3; i++) {
    if (times[i] < 0 || times[i] > SUMMARY_TIME_MAX_NS) {
      return err_set(r->message, ERR_LIMIT, "%s.t%zu_ns: %lld is no time of this age", body, i + 1,
                     (long long)times[i]);
    }
  }
  r->out->clock = (struct message_clock){t1, t2, t3};
  return 0;
}

/* Only t1 travels: the others are the collector's to fill in. */
static int decode_ping(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Ping *wire = seine__ping__unpack(&r->allocator, length, bytes);
  return wire == NULL ? decode_failed(r, "ping") : decode_clock(r, "ping", wire->t1_ns, 0, 0);
}

static int decode_pong(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Pong *wire = seine__pong__unpack(&r->allocator, length, bytes);
  return wire == NULL ? decode_failed(r, "pong")
                      : decode_clock(r, "pong", wire->t1_ns, wire->t2_ns, wire->t3_ns);
}

/* last_sequence may be 0: nothing was ever sent. */
static int decode_bye(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Bye *wire = seine__bye__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return decode_failed(r, "bye");
  }
  r->out->bye = (struct message_bye){wire->boot_id, wire->last_sequence};
  return decode_boot(r, "bye", wire->boot_id);
}

/* The reason goes to the log as text: made printable first. */
static int decode_refused(struct reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Refused *wire = seine__refused__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return decode_failed(r, "refused");
  }
  decode_text(wire->reason, r->out->refused, sizeof(r->out->refused));
  return 0;
}

/* The envelope's field number is its place here, and the message's kind. */
static int (*const decode_bodies[])(struct reader *r, const uint8_t *bytes, size_t length) = {
    [MESSAGE_HELLO] = decode_hello,     [MESSAGE_WELCOME] = decode_welcome,
    [MESSAGE_SUMMARY] = decode_summary, [MESSAGE_ACK] = decode_ack,
    [MESSAGE_PING] = decode_ping,       [MESSAGE_PONG] = decode_pong,
    [MESSAGE_BYE] = decode_bye,         [MESSAGE_REFUSED] = decode_refused,
};

/* Finds the one body. A field that is not known is skipped. */
static int decode_envelope(const uint8_t *bytes, size_t length, struct field *body,
                           struct err_message *message)
{
  struct rd rd = rd_init(bytes, length);
  struct field field;
  while (field_next(&rd, &field)) {
    /* A newer peer may add fields: they are no mistake. A known one twice, or of another type, is.
     */
    bool is_known = field.tag < sizeof(decode_bodies) / sizeof(decode_bodies[0]);
    if (is_known && (field.type != WIRE_BYTES || body->tag != 0)) {
      return err_set(message, ERR_MALFORMED, "envelope: more than one body, or no message in it");
    }
    if (is_known) {
      *body = field;
    }
  }
  if (rd.has_failed) {
    return err_set(message, ERR_MALFORMED, "envelope: not a well-formed message");
  }
  return 0;
}

/* Into a message of its own first: out is whole or untouched. */
int message_decode(const uint8_t *bytes, size_t length, struct message *out,
                   struct err_message *message)
{
  if (length == 0 || length > BUS_MESSAGE_MAX_BYTES) {
    return err_set(message, length == 0 ? ERR_MALFORMED : ERR_LIMIT,
                   "message of %zu bytes, expected 1..%d", length, BUS_MESSAGE_MAX_BYTES);
  }
  struct field body = {0};
  int err = decode_envelope(bytes, length, &body, message);
  if (err != 0) {
    return err;
  }
  /* Well-formed, but nothing of it is known here: a later version's message. */
  if (body.tag == 0) {
    return err_set(message, ERR_UNSUPPORTED, "envelope: unknown kind");
  }
  struct message decoded = {.kind = (enum message_kind)body.tag};
  struct reader r; /* field by field: clearing its arena would cost more than the decoding */
  r.out = &decoded;
  r.message = message;
  arena_init(&r.arena, DECODE_ARENA_BYTES);
  r.allocator = arena_allocator(&r.arena);
  err = decode_bodies[body.tag](&r, body.bytes, body.length);
  arena_fini(&r.arena);
  if (err == 0) {
    *out = decoded;
  }
  return err;
}
