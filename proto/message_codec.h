/* SPDX-License-Identifier: Apache-2.0 */
/* struct message <-> bytes: the only user of bus.pb-c.h. */
#ifndef PROTO_MESSAGE_CODEC_H
#define PROTO_MESSAGE_CODEC_H

#include "common/err.h"
#include "proto/message.h"

/* Packs into a heap block that the caller frees. ERR_NO_MEMORY, ERR_LIMIT. */
int message_encode(const struct message *m, uint8_t **bytes, size_t *length);
/* Unpacks and checks every bound; a MESSAGE_SUMMARY's bytes point into the caller's buffer.
 * ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED (unknown kind); message (may be NULL) names the field.
 */
int message_decode(const uint8_t *bytes, size_t length, struct message *out,
                   struct err_message *message);

#endif
