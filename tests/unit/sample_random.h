/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of property tests. A run prints its seed first, and SEINE_TEST_SEED repeats it;
 * each test starts from the seed, so that one alone repeats too. */
#ifndef TESTS_UNIT_SAMPLE_RANDOM_H
#define TESTS_UNIT_SAMPLE_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t first_seed;
static uint64_t random_state;

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t next_random(void)
{
  random_state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = random_state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* Once, at the start of main. */
static inline void choose_seed(void)
{
  const char *given = getenv("SEINE_TEST_SEED");
  first_seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
  printf("SEINE_TEST_SEED=%llu\n", (unsigned long long)first_seed);
}

/* A cmocka set-up. */
static inline int start_from_the_seed(void **state)
{
  (void)state;
  random_state = first_seed;
  return 0;
}

#define FROM_SEED(test) cmocka_unit_test_setup(test, start_from_the_seed)

#endif
