/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded set of addresses with a stamp each: a host's own addresses, the addresses already seen.
 * Open addressing with linear probing under the seeded hash; capacity is fixed at the start. */
#ifndef COMMON_ADDR_SET_H
#define COMMON_ADDR_SET_H

#include "common/addr.h"

struct addr_set;

/* A set for at most capacity addresses (memory is taken here: about 32 bytes each). NULL without
 * memory. The caller owns it. */
struct addr_set *addr_set_new(size_t capacity);
void addr_set_free(struct addr_set *set);

/* Adds a with the stamp, or renews the stamp of one that is there. *is_new (may be NULL) tells
 * which. ERR_LIMIT when full: nothing changes. */
int addr_set_add(struct addr_set *set, const struct addr *a, int64_t stamp_ns, bool *is_new);
bool addr_set_contains(const struct addr_set *set, const struct addr *a);
/* The stamp of a; ERR_NOT_FOUND. */
int addr_set_stamp(const struct addr_set *set, const struct addr *a, int64_t *stamp_ns);
/* Takes a out; ERR_NOT_FOUND. */
int addr_set_remove(struct addr_set *set, const struct addr *a);
/* Removes every address whose stamp is older than before_ns; returns how many. */
size_t addr_set_expire(struct addr_set *set, int64_t before_ns);
size_t addr_set_count(const struct addr_set *set);
void addr_set_clear(struct addr_set *set);
/* Visits in an order that depends only on the set's history and seed. *cursor starts at 0; false at
 * the end. */
bool addr_set_next(const struct addr_set *set, size_t *cursor, struct addr *a, int64_t *stamp_ns);

#endif
