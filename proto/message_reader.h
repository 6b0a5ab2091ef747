/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoders of message bodies share. Internal to proto/message_*.c. */
#ifndef PROTO_MESSAGE_READER_H
#define PROTO_MESSAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rd.h"
#include "proto/arena.h"
#include "proto/message.h"

enum message_wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* One field of a message: number holds a varint or a fixed one, bytes what WIRE_BYTES spans. */
struct message_field {
  uint64_t tag;
  unsigned type;
  uint64_t number;
  const uint8_t *bytes;
  size_t length;
};

/* What the parts below share: where the values go, where protobuf-c puts its structures meanwhile,
 * and whom to tell. */
struct message_reader {
  struct message *out;
  struct arena arena;
  ProtobufCAllocator allocator;
  struct err_message *message;
};

/* The next field; false at the end or at a failure (r->has_failed). */
bool message_field_next(struct rd *r, struct message_field *out);
/* Why a body could not be unpacked: the arena's bound, or bytes that are none. */
int message_reader_failed(const struct message_reader *r, const char *body);
/* Absent fixed64 fields read as 0, so 0 is no boot id. */
int message_reader_boot(const struct message_reader *r, const char *body, uint64_t boot_id);
/* Copies text of a peer, at most size - 1 bytes: what is not printable ASCII becomes '?'. */
void message_reader_text(const char *text, char *out, size_t size);

/* The bodies that have a file of their own: into r->out. ERR_MALFORMED, ERR_LIMIT. */
int message_read_hello(struct message_reader *r, const uint8_t *bytes, size_t length);
int message_read_welcome(struct message_reader *r, const uint8_t *bytes, size_t length);
int message_read_fleet_map(struct message_reader *r, const uint8_t *bytes, size_t length);
int message_read_enroll(struct message_reader *r, const uint8_t *bytes, size_t length);
int message_read_enrolled(struct message_reader *r, const uint8_t *bytes, size_t length);

#endif
