/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly once for each (sensor, boot, sequence), and the shape that a record must have. Pure.
 *
 * What was applied of a boot is kept as a few ranges of sequence numbers:
 *
 *   applied   [1 ......... 840]      [902 ... 917]  [919]
 *                              holes ^            ^ a hole: it may still come as a resend
 *
 * A sensor may mix live records with resent ones, so a hole stays open while older records keep
 * coming; after INTAKE_GRACE_NS without any, or when the sensor says that it has them no more, its
 * numbers are given up: counted as gaps, and no longer in the way of ACKs. What comes after all is
 * applied, and no gap any more. */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/intake_boot.h"
#include "common/clock.h"
#include "proto/summary.h"

#define INTAKE_BOOTS    8
#define INTAKE_WAITING  32              /* records of a sensor whose windows are open */
#define INTAKE_GRACE_NS (15 * NS_PER_S) /* below the sensor's patience for an ACK */

struct intake;

/* NULL without memory. */
struct intake *intake_new(void);
void intake_free(struct intake *intake);

/* The sensor (host.id) begins or resumes this boot; it becomes the one that intake_settled tells
 * of. Of more than INTAKE_BOOTS the least recently used is forgotten. Numbers below next_sequence
 * that have not come are given up; *gaps is how many. ERR_NO_MEMORY. */
int intake_hello(struct intake *intake, uint32_t sensor, uint64_t boot_id, uint64_t next_sequence,
                 int64_t now_ns, int64_t *gaps);
/* The same without a HELLO, and all up to sequence is applied already. */
int intake_restore(struct intake *intake, uint32_t sensor, uint64_t boot_id, uint64_t sequence);
/* One more number of a restored boot that is applied, behind a hole. ERR_NOT_FOUND. */
int intake_restore_beyond(struct intake *intake, uint32_t sensor, uint64_t boot_id,
                          uint64_t sequence);

/* 0: to be applied. ERR_MALFORMED: a kind, length, start or sequence that cannot be; ERR_LIMIT: an
 * array above its bound; ERR_NOT_FOUND: no such boot; ERR_CONFLICT: applied already. */
int intake_check(const struct intake *intake, uint32_t sensor, const struct summary *s);
/* s, which passed intake_check, is applied. Its sequence is settled when all windows that end at or
 * before until_ns are closed (INT64_MIN: at once); closed_ns says how far that is now. Returns by
 * how much the number of gaps changed. */
int64_t intake_apply(struct intake *intake, uint32_t sensor, const struct summary *s,
                     int64_t until_ns, int64_t closed_ns, int64_t now_ns);
/* The sensor's current boot, and the highest sequence such that it and all before it are applied
 * (or given up) and settled. ERR_NOT_FOUND. */
int intake_settled(const struct intake *intake, uint32_t sensor, int64_t closed_ns,
                   uint64_t *boot_id, uint64_t *sequence);
/* How far the sensor's current boot has come without a hole: the end of the newest second in that
 * prefix. INT64_MIN when it is empty, or all of it was restored. */
int64_t intake_reached(const struct intake *intake, uint32_t sensor);

#endif
