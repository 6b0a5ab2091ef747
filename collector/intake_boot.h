/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence numbers of one start of a sensor: which came, which may still come, which were given
 * up. Only intake.c uses it. Pure arithmetic of ranges; its memory is its owner's.
 *
 *   1 ........ passed ........... prefix          newest
 *   [applied or given up][applied ....]  hole  [applied] */
#ifndef COLLECTOR_INTAKE_BOOT_H
#define COLLECTOR_INTAKE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_RANGES 16 /* more holes than that: the lowest is given up */

/* Both ends are applied. */
struct intake_range {
  uint64_t first, last;
  int64_t reached_ns; /* the end of its newest second; INT64_MIN without any */
};

/* The ranges are few in practice: one while all goes well, two or three while live records and
 * resent ones come mixed. */
struct intake_boot {
  uint64_t boot_id;
  uint64_t used;      /* the larger, the more recently said HELLO */
  uint64_t passed;    /* holes up to here are given up */
  int64_t stalled_ns; /* since then nothing came that lies before the newest */
  size_t range_count;
  struct intake_range range[INTAKE_RANGES + 1]; /* ascending; one spare for an insertion */
};

bool intake_boot_has(const struct intake_boot *boot, uint64_t sequence);
/* The highest applied number; 0 before the first. */
uint64_t intake_boot_newest(const struct intake_boot *boot);
/* Numbers that have not come and are not given up. */
uint64_t intake_boot_holes(const struct intake_boot *boot);
/* Adds a number that is in no range; end_ns is that of its second, INT64_MIN for none. Returns how
 * many numbers of the lowest hole had to be given up to make room. */
uint64_t intake_boot_insert(struct intake_boot *boot, uint64_t sequence, int64_t end_ns);
/* Gives up what has not come, up to last. Returns how many numbers that are. */
uint64_t intake_boot_give_up(struct intake_boot *boot, uint64_t last);
/* The last number such that it and all before it are applied or given up; *reached_ns is the end of
 * the newest second among them, INT64_MIN without any. */
uint64_t intake_boot_prefix(const struct intake_boot *boot, int64_t *reached_ns);

#endif
