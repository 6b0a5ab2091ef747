/* SPDX-License-Identifier: Apache-2.0 */
/* The memory is an addr_set stamped with the last sight; the list is what the open second found
 * new. It stands behind the flows: an address is looked at once for each active flow and second,
 * not per packet. */
#include "sensor/first_seen.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/addr_set.h"
#include "proto/summary.h"

struct first_seen {
  struct addr_set *memory;
  size_t slots;
  int64_t *stamps;  /* room to find the median */
  bool has_expired; /* in the open second */
  struct addr list[SUMMARY_FIRST_SEEN_MAX];
  size_t count;
  uint64_t folded;
};

struct first_seen *first_seen_new(size_t slots)
{
  struct first_seen *seen = calloc(1, sizeof *seen);
  if (seen == NULL) {
    return NULL;
  }
  seen->slots = slots;
  seen->memory = addr_set_new(slots);
  seen->stamps = calloc(slots, sizeof *seen->stamps);
  if (seen->memory == NULL || seen->stamps == NULL) {
    first_seen_free(seen);
    return NULL;
  }
  return seen;
}

void first_seen_free(struct first_seen *seen)
{
  if (seen == NULL) {
    return;
  }
  addr_set_free(seen->memory);
  free(seen->stamps);
  free(seen);
}

/* No subtraction: it could overflow. */
static int compare_times(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a;
  int64_t y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The median by sorting: at most once a second, and only when the memory is full. */
static void expire_half(struct first_seen *seen)
{
  size_t n = 0;
  size_t cursor = 0;
  struct addr addr;
  while (n < seen->slots && addr_set_next(seen->memory, &cursor, &addr, &seen->stamps[n])) {
    n++;
  }
  qsort(seen->stamps, n, sizeof *seen->stamps, compare_times);
  addr_set_expire(seen->memory, seen->stamps[n / 2]);
}

/* Known, new, or without room: only the first says nothing. Stamps are renewed at each sight, so
 * that what is active is not forgotten. */
void first_seen_look(struct first_seen *seen, const struct addr *addr, int64_t time_ns)
{
  bool is_new = false;
  int err = addr_set_add(seen->memory, addr, time_ns, &is_new);
  /* Once a second at most: sorting is dear, and a storm would ask for it at every packet. */
  if (err != 0 && !seen->has_expired) {
    seen->has_expired = true;
    expire_half(seen);
    err = addr_set_add(seen->memory, addr, time_ns, &is_new);
  }
  if (err == 0 && !is_new) {
    return;
  }
  if (err == 0 && seen->count < SUMMARY_FIRST_SEEN_MAX) {
    seen->list[seen->count++] = *addr;
  } else {
    seen->folded++;
  }
}

/* The list is lent, not copied: the next look overwrites it. */
struct addr *first_seen_close(struct first_seen *seen, size_t *count, uint64_t *folded)
{
  *count = seen->count;
  *folded = seen->folded;
  seen->count = 0;
  seen->folded = 0;
  seen->has_expired = false;
  return seen->list;
}
