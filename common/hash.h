/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded hashing and checksums: XXH3 (xxHash 0.8). */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/* The process's hash seed for its own tables (untrusted keys). Set once at start from getrandom by
 * a program; left at its fixed default in replay and tests, so that runs repeat. */
void hash_set_seed(uint64_t seed);
uint64_t hash_bytes(const void *data, size_t length);

/* The published seed of sketches that travel (HyperLogLog): one a fleet. */
#define HASH_FLEET_SEED UINT64_C(0x5e19e5e19e5e19e5)
uint64_t hash_seeded(uint64_t seed, const void *data, size_t length);
uint64_t hash_addr(uint64_t seed, const struct addr *a);

#endif
