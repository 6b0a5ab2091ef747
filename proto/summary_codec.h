/* SPDX-License-Identifier: Apache-2.0 */
/* struct summary <-> bytes (proto/summary.proto): the only user of summary.pb-c.h. */
#ifndef PROTO_SUMMARY_CODEC_H
#define PROTO_SUMMARY_CODEC_H

#include "common/bus.h"
#include "common/err.h"
#include "proto/summary.h"

/* An encoded summary fits into one bus message with its envelope. */
#define SUMMARY_ENCODED_MAX (BUS_MESSAGE_MAX_BYTES - 1024)

/* Packs s without its boot id and sequence (they ride on the envelope) into a heap block that the
 * caller frees. In interface names, what is not printable ASCII goes as '?'; uncounted_ns is held
 * within the interval. ERR_NO_MEMORY, ERR_LIMIT (over an array limit or SUMMARY_ENCODED_MAX). */
int summary_encode(const struct summary *s, uint8_t **bytes, size_t *length);
/* Unpacks and checks every bound: array sizes, aligned start, kind, precision (p of the kind),
 * names' length and characters, column lengths alike, counters and times. *out is one block for
 * summary_free; boot_id and sequence are 0. ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED (a newer
 * major version), ERR_NO_MEMORY; message (may be NULL) names the field. */
int summary_decode(const uint8_t *bytes, size_t length, struct summary **out,
                   struct err_message *message);

#endif
