/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded memory of what was seen, by fingerprints of 32 bits: something new is taken for known
 * with a probability of 15 in 2^32. Pure.
 *
 * Each thing has its place in one cache line of fifteen. A full line forgets by second chance
 * (Corbato 1968): the next in turn that was not seen again since its last chance. So what is active
 * stays, and a storm of things that come once evicts itself. */
#ifndef SENSOR_FIRST_SEEN_MEMORY_H
#define SENSOR_FIRST_SEEN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct first_seen_memory;

/* Room for about so many (4.3 bytes each), and a line more; NULL without memory. */
struct first_seen_memory *first_seen_memory_new(size_t slots);
void first_seen_memory_free(struct first_seen_memory *memory);
/* Has the line fetched that a look at this hash needs. */
void first_seen_memory_fetch(const struct first_seen_memory *memory, uint64_t hash);
/* Remembers the thing of this hash (by the process's seed); whether it was not there. */
bool first_seen_memory_look(struct first_seen_memory *memory, uint64_t hash);

#endif
