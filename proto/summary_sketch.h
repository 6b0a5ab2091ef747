/* SPDX-License-Identifier: Apache-2.0 */
/* A distinct counter as a record carries it: half a byte a register instead of one, and without
 * the head (version, precision, seed) that common/hll.h gives each. Internal to the codec.
 *
 * Registers of one sketch lie close together: of a sketch with load n/m all but one in some
 * thousands have a rank within 15 of the smallest (Flajolet 2007: the ranks' distribution falls by
 * half with each step). The few others take a byte more. The forms: summary.proto. */
#ifndef PROTO_SUMMARY_SKETCH_H
#define PROTO_SUMMARY_SKETCH_H

#include "common/hll.h"

/* A base, a nibble and a whole rank for every register. */
#define SKETCH_ENCODED_MAX(precision) (2 + (1U << (precision)) * 3 / 2)

/* The shorter of the forms into out[SKETCH_ENCODED_MAX(precision)]; returns its length: 0 when h is
 * empty. Equal sketches give equal bytes. */
size_t sketch_encode(const struct hll *h, uint8_t *out);
/* What sketch_encode returns, without writing anything. */
size_t sketch_length(const struct hll *h);
/* Into h, which is empty and has its precision and seed. ERR_TRUNCATED, ERR_MALFORMED (form, rank,
 * register, order, bytes behind the end). */
int sketch_decode(const uint8_t *bytes, size_t length, struct hll *h);

#endif
