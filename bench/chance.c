/* SPDX-License-Identifier: Apache-2.0 */
/* The same seed gives the same numbers: nothing here asks the system. */
#include "bench/chance.h"

#include <math.h>

uint64_t chance_mix(uint64_t value)
{
  value += 0x9e3779b97f4a7c15ULL;
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9ULL;
  value ^= value >> 27;
  value *= 0x94d049bb133111ebULL;
  return value ^ value >> 31;
}

/* Two words that differ: a state of zeros would stay zero. */
void chance_init(struct chance *chance, uint64_t seed)
{
  chance->state[0] = chance_mix(seed);
  chance->state[1] = chance_mix(seed + 77);
}

uint64_t chance_next(struct chance *chance)
{
  uint64_t a = chance->state[0], b = chance->state[1];
  chance->state[0] = b;
  a ^= a << 23;
  chance->state[1] = a ^ b ^ a >> 18 ^ b >> 5;
  return chance->state[1] + b;
}

uint32_t chance_below(struct chance *chance, uint32_t bound)
{
  return (uint32_t)(chance_next(chance) % bound);
}

double chance_unit_of(uint64_t hash)
{
  return (double)(hash >> 11) * 0x1p-53;
}

double chance_unit(struct chance *chance)
{
  return chance_unit_of(chance_next(chance));
}

/* The first number is kept off zero, where the logarithm ends. */
double chance_normal(struct chance *chance)
{
  double u = chance_unit(chance) + 1e-12;
  double v = chance_unit(chance);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

uint32_t chance_skewed(struct chance *chance, uint32_t bound)
{
  double x = exp(chance_unit(chance) * log((double)bound + 1)) - 1;
  uint32_t number = (uint32_t)x;
  return number >= bound ? bound - 1 : number;
}
