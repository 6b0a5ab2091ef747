/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that grow, meet and are given up. Every function walks at most INTAKE_RANGES of them. */
#include "collector/intake_boot.h"

#include <string.h>

/* No sensor makes so many records; a HELLO that claims it must not fill the counters. */
#define NEXT_MAX (UINT64_C(1) << 56)

/* The first range that contains sequence, touches it from below, or lies behind it. Linear: there
 * are at most INTAKE_RANGES of them. */
static size_t range_near(const struct intake_boot *boot, uint64_t sequence)
{
  size_t i = 0;
  while (i < boot->range_count && boot->range[i].last + 1 < sequence) {
    i++;
  }
  return i;
}

/* At most INTAKE_RANGES steps; in order, it is the last range. */
bool intake_boot_has(const struct intake_boot *boot, uint64_t sequence)
{
  for (size_t i = 0; i < boot->range_count; i++) {
    if (sequence >= boot->range[i].first && sequence <= boot->range[i].last) {
      return true;
    }
  }
  return false;
}

uint64_t intake_boot_newest(const struct intake_boot *boot)
{
  return boot->range_count == 0 ? 0 : boot->range[boot->range_count - 1].last;
}

/* How many numbers of the hole before range i are not given up yet. */
static uint64_t hole_size(const struct intake_boot *boot, size_t i)
{
  uint64_t before = i == 0 ? 0 : boot->range[i - 1].last;
  before = before > boot->passed ? before : boot->passed;
  uint64_t last = boot->range[i].first - 1;
  return last > before ? last - before : 0;
}

/* Asked for each record: the sum of at most INTAKE_RANGES holes. */
uint64_t intake_boot_holes(const struct intake_boot *boot)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < boot->range_count; i++) {
    sum += hole_size(boot, i);
  }
  return sum;
}

static void range_reach(struct intake_range *range, int64_t end_ns)
{
  range->reached_ns = end_ns > range->reached_ns ? end_ns : range->reached_ns;
}

/* Ranges i and i + 1 have met. */
static void range_join(struct intake_boot *boot, size_t i)
{
  boot->range[i].last = boot->range[i + 1].last;
  range_reach(&boot->range[i], boot->range[i + 1].reached_ns);
  boot->range_count--;
  memmove(&boot->range[i + 1], &boot->range[i + 2],
          (boot->range_count - i - 1) * sizeof(struct intake_range));
}

uint64_t intake_boot_insert(struct intake_boot *boot, uint64_t sequence, int64_t end_ns)
{
  /* Four cases: it lengthens a range (and may join it to the next), it comes just before one, it
   * stands alone, or it stands alone and there is no room for one more range. */
  size_t i = range_near(boot, sequence);
  if (i < boot->range_count && boot->range[i].last + 1 == sequence) {
    boot->range[i].last = sequence;
    range_reach(&boot->range[i], end_ns);
    if (i + 1 < boot->range_count && boot->range[i + 1].first == sequence + 1) {
      range_join(boot, i);
    }
    return 0;
  }
  if (i < boot->range_count && boot->range[i].first == sequence + 1) {
    boot->range[i].first = sequence;
    range_reach(&boot->range[i], end_ns);
    return 0;
  }
  memmove(&boot->range[i + 1], &boot->range[i],
          (boot->range_count - i) * sizeof(struct intake_range));
  boot->range[i] = (struct intake_range){sequence, sequence, end_ns};
  boot->range_count++;
  if (boot->range_count <= INTAKE_RANGES) {
    return 0;
  }
  /* Too many holes: the oldest is the least likely to be filled. Joining the two lowest ranges
   * gives it up, and its numbers are told as gaps rather than forgotten (P2). */
  uint64_t lost = hole_size(boot, 1);
  range_join(boot, 0);
  return lost;
}

/* What was given up before is not told again. */
uint64_t intake_boot_give_up(struct intake_boot *boot, uint64_t last)
{
  uint64_t holes = intake_boot_holes(boot);
  uint64_t newest = intake_boot_newest(boot);
  last = last < NEXT_MAX ? last : NEXT_MAX;
  if (last <= boot->passed) {
    return 0;
  }
  /* Beyond the newest there is no hole yet, but numbers that will not come. */
  uint64_t from = newest > boot->passed ? newest : boot->passed;
  uint64_t never = last > from ? last - from : 0;
  boot->passed = last;
  return holes - intake_boot_holes(boot) + never;
}

/* As far as ranges and given-up holes lie side by side without a break. */
uint64_t intake_boot_prefix(const struct intake_boot *boot, int64_t *reached_ns)
{
  uint64_t last = boot->passed;
  *reached_ns = INT64_MIN;
  for (size_t i = 0; i < boot->range_count && boot->range[i].first <= last + 1; i++) {
    const struct intake_range *range = &boot->range[i];
    last = range->last > last ? range->last : last;
    *reached_ns = range->reached_ns > *reached_ns ? range->reached_ns : *reached_ns;
  }
  return last;
}
