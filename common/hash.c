/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3, compiled into this file so that the short fixed lengths cost a few instructions. */
#include "common/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The fixed default makes replay and tests repeat; a daemon replaces it before its first table,
 * since a table whose seed changes finds nothing again. */
static uint64_t process_seed = UINT64_C(0x9e3779b97f4a7c15);

void hash_set_seed(uint64_t seed)
{
  process_seed = seed;
}

/* With a seed that no sender knows, nobody can choose keys that fall into one bucket. */
uint64_t hash_bytes(const void *data, size_t length)
{
  return XXH3_64bits_withSeed(data, length, process_seed);
}

uint64_t hash_seeded(uint64_t seed, const void *data, size_t length)
{
  return XXH3_64bits_withSeed(data, length, seed);
}

/* For sketches that travel: the same number on every host of the fleet. */
uint64_t hash_addr(uint64_t seed, const struct addr *a)
{
  return XXH3_64bits_withSeed(a->byte, sizeof(a->byte), seed);
}
