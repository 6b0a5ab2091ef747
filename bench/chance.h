/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same in every run: xorshift128+ (Vigna 2017), seeded by splitmix64.
 */
#ifndef BENCH_CHANCE_H
#define BENCH_CHANCE_H

#include <stdint.h>

struct chance {
  uint64_t state[2];
};

/* splitmix64's finalizer: a bijection that scatters counters; also used as a hash. */
uint64_t chance_mix(uint64_t value);

void chance_init(struct chance *chance, uint64_t seed);
uint64_t chance_next(struct chance *chance);
/* Below bound; bound is at least 1. The bias of the remainder is of no matter here. */
uint32_t chance_below(struct chance *chance, uint32_t bound);
/* Uniform in [0, 1). */
double chance_unit(struct chance *chance);
/* Standard normal (Box and Muller 1958). */
double chance_normal(struct chance *chance);
/* Below bound with density 1/x: a few numbers are drawn much more often than the rest. */
uint32_t chance_skewed(struct chance *chance, uint32_t bound);
/* The top 53 bits of a hash as a number in [0, 1). */
double chance_unit_of(uint64_t hash);

#endif
