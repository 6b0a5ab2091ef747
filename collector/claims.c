/* SPDX-License-Identifier: Apache-2.0 */
/* An open hash table from address to claims; it grows by HELLOs alone. Claims in force are bounded
 * by sensors_max and MESSAGE_ADDRESSES_MAX (P5); packets and summaries only look things up here. */
#include "collector/claims.h"

#include <assert.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/hash.h"

/* One address. A slot is free, in use, or in use with nobody left to claim it. */
struct claim {
  struct addr addr;
  bool is_used; /* stays when the last claim goes, so that probing goes on; dropped by growth */
  uint32_t count;
  uint32_t sensors; /* exclusive or of the claimants */
};

struct claims {
  struct claim *slot;
  size_t capacity; /* a power of two */
  size_t used;
};

/* A table without slots would have to be asked about everywhere. */
struct claims *claims_new(void)
{
  struct claims *claims = calloc(1, sizeof(*claims));
  if (claims == NULL) {
    return NULL;
  }
  /* Kept below three quarters full: the search for an absent address ends at the next free slot. */
  claims->capacity = 64;
  claims->slot = calloc(claims->capacity, sizeof(*claims->slot));
  if (claims->slot == NULL) {
    free(claims);
    return NULL;
  }
  return claims;
}

void claims_free(struct claims *claims)
{
  if (claims != NULL) {
    free(claims->slot);
    free(claims);
  }
}

/* What every host has cannot tell hosts apart. */
bool claims_is_shared(const struct addr *a)
{
  return addr_is_loopback(a) || addr_is_link_local(a) || addr_is_multicast(a) ||
         addr_is_unspecified(a);
}

/* The address's slot, or the free one where it would go. */
static struct claim *claim_at(struct claim *slot, size_t capacity, const struct addr *a)
{
  /* Seeded: sensors choose their addresses, and could choose colliding ones. */
  size_t i = (size_t)hash_bytes(a->byte, sizeof(a->byte)) & (capacity - 1);
  while (slot[i].is_used && !addr_equal(&slot[i].addr, a)) {
    i = (i + 1) & (capacity - 1);
  }
  return &slot[i];
}

/* Doubles the table, which is the moment to drop entries that nobody claims. */
static int claims_grow(struct claims *claims)
{
  /* Empty entries go: a table full of addresses that came and went is made anew, not larger. */
  size_t live = 0;
  assert(claims->capacity > 0);
  for (size_t i = 0; i < claims->capacity; i++) {
    live += claims->slot[i].is_used && claims->slot[i].count > 0 ? 1 : 0;
  }
  size_t capacity = live * 2 >= claims->capacity ? claims->capacity * 2 : claims->capacity;
  struct claim *grown = calloc(capacity, sizeof(*grown));
  if (grown == NULL) {
    return ERR_NO_MEMORY;
  }
  claims->used = 0;
  for (size_t i = 0; i < claims->capacity; i++) {
    const struct claim *old = &claims->slot[i];
    if (old->is_used && old->count > 0) {
      *claim_at(grown, capacity, &old->addr) = *old;
      claims->used++;
    }
  }
  free(claims->slot);
  claims->slot = grown;
  claims->capacity = capacity;
  return 0;
}

int claims_add(struct claims *claims, const struct addr *a, uint32_t sensor)
{
  if (claims_is_shared(a)) {
    return 0;
  }
  /* Before the search, since growth moves every slot. */
  if (claims->used * 4 >= claims->capacity * 3) {
    int err = claims_grow(claims);
    if (err != 0) {
      return err;
    }
  }
  struct claim *claim = claim_at(claims->slot, claims->capacity, a);
  if (!claim->is_used) {
    *claim = (struct claim){.addr = *a, .is_used = true};
    claims->used++;
  }
  claim->count++;
  claim->sensors ^= sensor;
  return 0;
}

/* The entry stays, empty, so that those that were pushed past it are still found. */
void claims_remove(struct claims *claims, const struct addr *a, uint32_t sensor)
{
  struct claim *claim = claim_at(claims->slot, claims->capacity, a);
  if (claim->is_used && claim->count > 0) {
    claim->count--;
    claim->sensors ^= sensor;
  }
}

uint32_t claims_find(const struct claims *claims, const struct addr *a, uint32_t *sensor)
{
  const struct claim *claim = claim_at(claims->slot, claims->capacity, a);
  if (!claim->is_used) {
    return 0;
  }
  /* The exclusive or of one number is that number. */
  if (claim->count == 1) {
    *sensor = claim->sensors;
  }
  return claim->count;
}
