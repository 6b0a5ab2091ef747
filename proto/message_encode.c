/* SPDX-License-Identifier: Apache-2.0 */
/* struct message -> bytes. Nothing is checked that the decoder of the other end checks: what is
 * here was made by this program. The wire structures live on the stack and borrow; the packed block
 * is the only allocation. */
#include "proto/message_codec.h"

#include <stdlib.h>
#include <string.h>

#include "bus.pb-c.h"
#include "common/bus.h"
#include "proto/borrow.h"

/* Measured first, so that the block is neither too small nor too large. */
static int encode_pack(const Seine__Envelope *envelope, uint8_t **bytes, size_t *length)
{
  size_t size = seine__envelope__get_packed_size(envelope);
  if (size > BUS_MESSAGE_MAX_BYTES) {
    return ERR_LIMIT;
  }
  uint8_t *block = malloc(size);
  if (block == NULL) {
    return ERR_NO_MEMORY;
  }
  *length = seine__envelope__pack(envelope, block);
  *bytes = block;
  return 0;
}

/* Each kind: a wire structure on the stack that borrows from m, packed at once. */
static int encode_hello(const struct message_hello *hello, uint8_t **bytes, size_t *length)
{
  if (hello->address_count > MESSAGE_ADDRESSES_MAX ||
      hello->interface_count > MESSAGE_INTERFACES_MAX || hello->boot_count > MESSAGE_BOOTS_MAX) {
    return ERR_LIMIT;
  }
  Seine__Boot boots[MESSAGE_BOOTS_MAX];
  Seine__Boot *boot_pointers[MESSAGE_BOOTS_MAX];
  for (size_t i = 0; i < hello->boot_count; i++) {
    const struct message_boot *boot = &hello->boot[i];
    seine__boot__init(&boots[i]);
    boots[i].boot_id = boot->boot_id;
    boots[i].first_sequence = boot->first_sequence;
    boots[i].last_sequence = boot->last_sequence;
    boot_pointers[i] = &boots[i];
  }
  char *interfaces[MESSAGE_INTERFACES_MAX];
  for (size_t i = 0; i < hello->interface_count; i++) {
    interfaces[i] = borrow(hello->interface[i]);
  }
  Seine__Hello wire;
  seine__hello__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.version = hello->version;
  wire.name = borrow(hello->name);
  wire.boot_id = hello->boot_id;
  wire.next_sequence = hello->next_sequence;
  wire.software = borrow(hello->software);
  /* struct addr is its sixteen bytes and nothing else: the array is the wire's form. */
  wire.addresses.len = hello->address_count * sizeof(struct addr);
  wire.addresses.data = borrow(hello->address);
  wire.n_interfaces = hello->interface_count;
  wire.interfaces = interfaces;
  wire.n_boots = hello->boot_count;
  wire.boots = boot_pointers;
  wire.fleet_map_epoch = hello->fleet_map_epoch;
  wire.fleet_map_version = hello->fleet_map_version;
  wire.takes_settings = hello->takes_settings ? 1 : 0;
  envelope.body_case = SEINE__ENVELOPE__BODY_HELLO;
  envelope.hello = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_welcome(const struct message_welcome *welcome, uint8_t **bytes, size_t *length)
{
  if (welcome->boot_count > MESSAGE_BOOTS_MAX) {
    return ERR_LIMIT;
  }
  Seine__Applied boots[MESSAGE_BOOTS_MAX];
  Seine__Applied *boot_pointers[MESSAGE_BOOTS_MAX];
  for (size_t i = 0; i < welcome->boot_count; i++) {
    seine__applied__init(&boots[i]);
    boots[i].boot_id = welcome->boot[i].boot_id;
    boots[i].last_applied = welcome->boot[i].last_applied;
    boot_pointers[i] = &boots[i];
  }
  const struct message_settings *settings = &welcome->settings;
  Seine__Settings wire_settings;
  seine__settings__init(&wire_settings);
  wire_settings.interval_s = settings->interval_s;
  wire_settings.second_rows = settings->second_rows;
  wire_settings.minute_rows = settings->minute_rows;
  wire_settings.talkers = settings->talkers;
  wire_settings.cpu_percent = settings->cpu_percent;
  Seine__Welcome wire;
  seine__welcome__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.version = welcome->version;
  wire.boot_id = welcome->boot_id;
  wire.last_applied = welcome->last_applied;
  wire.checkpoint_ms = welcome->checkpoint_ms;
  wire.n_boots = welcome->boot_count;
  wire.boots = boot_pointers;
  wire.credit_bytes = welcome->credit_bytes;
  wire.backlog_bytes_per_s = welcome->backlog_bytes_per_s;
  wire.settings = welcome->has_settings ? &wire_settings : NULL;
  envelope.body_case = SEINE__ENVELOPE__BODY_WELCOME;
  envelope.welcome = &wire;
  return encode_pack(&envelope, bytes, length);
}

/* The body is copied once, into the packed block; it was encoded when the record was made. */
static int encode_summary(const struct message_summary *summary, uint8_t **bytes, size_t *length)
{
  Seine__Record wire;
  seine__record__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.boot_id = summary->boot_id;
  wire.sequence = summary->sequence;
  wire.is_backlog = summary->is_backlog;
  wire.body.len = summary->length;
  wire.body.data = borrow(summary->bytes);
  envelope.body_case = SEINE__ENVELOPE__BODY_SUMMARY;
  envelope.summary = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_ack(const struct message_ack *ack, uint8_t **bytes, size_t *length)
{
  Seine__Ack wire;
  seine__ack__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.boot_id = ack->boot_id;
  wire.sequence = ack->sequence;
  envelope.body_case = SEINE__ENVELOPE__BODY_ACK;
  envelope.ack = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_ping(const struct message_clock *clock, uint8_t **bytes, size_t *length)
{
  Seine__Ping wire;
  seine__ping__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.t1_ns = clock->t1_ns;
  envelope.body_case = SEINE__ENVELOPE__BODY_PING;
  envelope.ping = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_pong(const struct message_clock *clock, uint8_t **bytes, size_t *length)
{
  Seine__Pong wire;
  seine__pong__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.t1_ns = clock->t1_ns;
  wire.t2_ns = clock->t2_ns;
  wire.t3_ns = clock->t3_ns;
  envelope.body_case = SEINE__ENVELOPE__BODY_PONG;
  envelope.pong = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_bye(const struct message_bye *bye, uint8_t **bytes, size_t *length)
{
  Seine__Bye wire;
  seine__bye__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.boot_id = bye->boot_id;
  wire.last_sequence = bye->last_sequence;
  envelope.body_case = SEINE__ENVELOPE__BODY_BYE;
  envelope.bye = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_refused(const struct message_refused *refused, uint8_t **bytes, size_t *length)
{
  Seine__Refused wire;
  seine__refused__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.reason = borrow(refused->reason);
  wire.cause = (uint32_t)refused->cause;
  wire.retry_after_ms = refused->retry_after_ms;
  envelope.body_case = SEINE__ENVELOPE__BODY_REFUSED;
  envelope.refused = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_fleet_map(const struct message_fleet_map *map, uint8_t **bytes, size_t *length)
{
  if (map->added_count + map->removed_count > MESSAGE_MAP_MAX) {
    return ERR_LIMIT;
  }
  Seine__FleetMap wire;
  seine__fleet_map__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.epoch = map->epoch;
  wire.version = map->version;
  wire.from_version = map->from_version;
  wire.effective_ns = map->effective_ns;
  wire.is_last = map->is_last ? 1 : 0;
  wire.added.len = map->added_count * sizeof(struct addr);
  wire.added.data = borrow(map->added);
  wire.removed.len = map->removed_count * sizeof(struct addr);
  wire.removed.data = borrow(map->removed);
  envelope.body_case = SEINE__ENVELOPE__BODY_FLEET_MAP;
  envelope.fleet_map = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_enroll(const struct message_enroll *enroll, uint8_t **bytes, size_t *length)
{
  Seine__Enroll wire;
  seine__enroll__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.name = borrow(enroll->name);
  wire.public_key.len = KEYS_BYTES;
  wire.public_key.data = borrow(enroll->public_key);
  envelope.body_case = SEINE__ENVELOPE__BODY_ENROLL;
  envelope.enroll = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_enrolled(const struct message_enroll *enroll, uint8_t **bytes, size_t *length)
{
  Seine__Enrolled wire;
  seine__enrolled__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  wire.name = borrow(enroll->name);
  wire.public_key.len = KEYS_BYTES;
  wire.public_key.data = borrow(enroll->public_key);
  wire.old_key_valid_s = enroll->old_key_valid_s;
  envelope.body_case = SEINE__ENVELOPE__BODY_ENROLLED;
  envelope.enrolled = &wire;
  return encode_pack(&envelope, bytes, length);
}

static int encode_rotate(uint8_t **bytes, size_t *length)
{
  Seine__Rotate wire;
  seine__rotate__init(&wire);
  Seine__Envelope envelope;
  seine__envelope__init(&envelope);
  envelope.body_case = SEINE__ENVELOPE__BODY_ROTATE;
  envelope.rotate = &wire;
  return encode_pack(&envelope, bytes, length);
}

/* The kind is the caller's own: an unknown one is a bug, told as an error since nothing was
 * written. */
int message_encode(const struct message *m, uint8_t **bytes, size_t *length)
{
  switch (m->kind) {
  case MESSAGE_HELLO:
    return encode_hello(&m->hello, bytes, length);
  case MESSAGE_WELCOME:
    return encode_welcome(&m->welcome, bytes, length);
  case MESSAGE_SUMMARY:
    return encode_summary(&m->summary, bytes, length);
  case MESSAGE_ACK:
    return encode_ack(&m->ack, bytes, length);
  case MESSAGE_PING:
    return encode_ping(&m->clock, bytes, length);
  case MESSAGE_PONG:
    return encode_pong(&m->clock, bytes, length);
  case MESSAGE_BYE:
    return encode_bye(&m->bye, bytes, length);
  case MESSAGE_REFUSED:
    return encode_refused(&m->refused, bytes, length);
  case MESSAGE_FLEET_MAP:
    return encode_fleet_map(&m->fleet_map, bytes, length);
  case MESSAGE_ENROLL:
    return encode_enroll(&m->enroll, bytes, length);
  case MESSAGE_ENROLLED:
    return encode_enrolled(&m->enroll, bytes, length);
  case MESSAGE_ROTATE:
    return encode_rotate(bytes, length);
  default:
    return ERR_UNSUPPORTED;
  }
}
