/* SPDX-License-Identifier: Apache-2.0 */
/* Feed structures -> bytes: the only user of feed.pb-c.h. Readers are other programs. */
#ifndef PROTO_FEED_CODEC_H
#define PROTO_FEED_CODEC_H

#include "proto/feed.h"

/* Packs into a heap block that the caller frees. epoch and sequence as in proto/feed.proto.
 * ERR_NO_MEMORY, ERR_LIMIT (more than FEED_TALKERS_MAX talkers). */
int feed_encode_window(uint64_t epoch, uint64_t sequence, const struct feed_window *window,
                       uint8_t **bytes, size_t *length);
int feed_encode_alert(uint64_t epoch, uint64_t sequence, const struct feed_alert *alert,
                      uint8_t **bytes, size_t *length);

#endif
