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
#include "proto/message_reader.h"
#include "proto/summary.h"

/* The largest honest HELLO is 8 KB. */
#define DECODE_ARENA_BYTES ((size_t)256 * 1024)

/* By hand: the body is borrowed from the caller. */
static int decode_summary(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  struct rd rd = rd_init(bytes, length);
  struct message_summary *summary = &r->out->summary;
  *summary = (struct message_summary){.bytes = NULL};
  struct message_field field;
  while (message_field_next(&rd, &field)) {
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
    return message_reader_failed(r, "summary");
  }
  if (summary->sequence == 0) {
    return err_set(r->message, ERR_MALFORMED, "summary.sequence: 0, expected 1 or more");
  }
  if (summary->length == 0) {
    return err_set(r->message, ERR_MALFORMED, "summary.body: missing");
  }
  return message_reader_boot(r, "summary", summary->boot_id);
}

/* A sequence beyond what was sent is found by publish, which knows its queue. */
static int decode_ack(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Ack *wire = seine__ack__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "ack");
  }
  r->out->ack = (struct message_ack){wire->boot_id, wire->sequence};
  return message_reader_boot(r, "ack", wire->boot_id);
}

/* Bounded, so that differences of times cannot overflow. */
static int decode_clock(const struct message_reader *r, const char *body, int64_t t1, int64_t t2,
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
static int decode_ping(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Ping *wire = seine__ping__unpack(&r->allocator, length, bytes);
  return wire == NULL ? message_reader_failed(r, "ping")
                      : decode_clock(r, "ping", wire->t1_ns, 0, 0);
}

static int decode_pong(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Pong *wire = seine__pong__unpack(&r->allocator, length, bytes);
  return wire == NULL ? message_reader_failed(r, "pong")
                      : decode_clock(r, "pong", wire->t1_ns, wire->t2_ns, wire->t3_ns);
}

/* last_sequence may be 0: nothing was ever sent. */
static int decode_bye(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Bye *wire = seine__bye__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "bye");
  }
  r->out->bye = (struct message_bye){wire->boot_id, wire->last_sequence};
  return message_reader_boot(r, "bye", wire->boot_id);
}

/* The reason goes to the log as text: made printable first. */
static int decode_refused(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Refused *wire = seine__refused__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "refused");
  }
  struct message_refused *refused = &r->out->refused;
  message_reader_text(wire->reason, refused->reason, sizeof(refused->reason));
  /* A later collector may have causes of its own. */
  bool is_known = wire->cause <= (uint32_t)MESSAGE_CAUSE_ENROLL;
  refused->cause = is_known ? (enum message_cause)wire->cause : MESSAGE_CAUSE_OTHER;
  refused->retry_after_ms = wire->retry_after_ms;
  return 0;
}

/* Says all by its kind. */
static int decode_rotate(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  return seine__rotate__unpack(&r->allocator, length, bytes) == NULL
             ? message_reader_failed(r, "rotate")
             : 0;
}

/* The envelope's field number is its place here, and the message's kind. */
static int (*const decode_bodies[])(struct message_reader *r, const uint8_t *bytes,
                                    size_t length) = {
    [MESSAGE_HELLO] = message_read_hello,
    [MESSAGE_WELCOME] = message_read_welcome,
    [MESSAGE_SUMMARY] = decode_summary,
    [MESSAGE_ACK] = decode_ack,
    [MESSAGE_PING] = decode_ping,
    [MESSAGE_PONG] = decode_pong,
    [MESSAGE_BYE] = decode_bye,
    [MESSAGE_REFUSED] = decode_refused,
    [MESSAGE_FLEET_MAP] = message_read_fleet_map,
    [MESSAGE_ENROLL] = message_read_enroll,
    [MESSAGE_ENROLLED] = message_read_enrolled,
    [MESSAGE_ROTATE] = decode_rotate,
};

/* Finds the one body. A field that is not known is skipped. */
static int decode_envelope(const uint8_t *bytes, size_t length, struct message_field *body,
                           struct err_message *message)
{
  struct rd rd = rd_init(bytes, length);
  struct message_field field;
  while (message_field_next(&rd, &field)) {
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
  struct message_field body = {0};
  int err = decode_envelope(bytes, length, &body, message);
  if (err != 0) {
    return err;
  }
  /* Well-formed, but nothing of it is known here: a later version's message. */
  if (body.tag == 0) {
    return err_set(message, ERR_UNSUPPORTED, "envelope: unknown kind");
  }
  struct message decoded = {.kind = (enum message_kind)body.tag};
  struct message_reader
      r; /* field by field: clearing its arena would cost more than the decoding */
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
