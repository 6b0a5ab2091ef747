/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that this sensor's memory did not hold: a bounded memory with the time of the last
 * sight, and the list of the open second. Pure.
 *
 * A full memory forgets the half that was seen longest ago (all that is older than the median), at
 * most once a second, so that a storm of addresses costs little; a forgotten address that comes
 * again is first seen again. What finds no room in the memory (each time) or in the second's list
 * (SUMMARY_FIRST_SEEN_MAX) is counted as folded. */
#ifndef SENSOR_FIRST_SEEN_H
#define SENSOR_FIRST_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct first_seen;

/* slots >= 1 addresses, memory taken here. NULL without memory. */
struct first_seen *first_seen_new(size_t slots);
void first_seen_free(struct first_seen *seen);

/* An address was active at time_ns. */
void first_seen_look(struct first_seen *seen, const struct addr *addr, int64_t time_ns);
/* The list of the second that ends, in order of first sight; borrowed until the next look.
 * *folded: what the list does not show. Begins the next second. */
struct addr *first_seen_close(struct first_seen *seen, size_t *count, uint64_t *folded);

#endif
