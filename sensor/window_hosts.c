/* SPDX-License-Identifier: Apache-2.0 */
/* Counters lie in the order they came; an index with linear probing, at most half full, finds them.
 * What is dropped follows from the counts alone, never from the hash seed. */
#include "sensor/window_hosts.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "sensor/select.h"

/* A line of the cache: what an addition touches. */
struct host {
  struct addr addr;
  struct counts tx, rx;
};

static_assert(sizeof(struct host) == 64, "a line of the cache");

/* A tag spares most look-ups of a host that has another address. */
struct index_entry {
  uint16_t host; /* 1 + place; 0: free */
  uint16_t tag;
};

static_assert(WINDOW_HOSTS_MAX < UINT16_MAX, "a place and one fit into 16 bits");

struct window_hosts {
  size_t capacity, count, reported;
  size_t index_mask;
  uint64_t floor;
  bool is_closed;    /* what is here was reported: the next add begins anew */
  struct host *host; /* on a line's boundary */
  uint64_t *error;   /* a host's true bytes lie within [own, own + error] */
  struct index_entry *index;
  uint64_t *counts; /* room to find the median */
  uint32_t *chosen;
  struct summary_talker *talkers;
};

struct window_hosts *window_hosts_new(size_t capacity, size_t reported)
{
  assert(capacity > 0 && capacity <= WINDOW_HOSTS_MAX);
  struct window_hosts *hosts = calloc(1, sizeof *hosts);
  if (hosts == NULL) {
    return NULL;
  }
  size_t index_size = 4;
  while (index_size < 2 * capacity) {
    index_size *= 2;
  }
  hosts->capacity = capacity;
  hosts->reported = reported;
  hosts->index_mask = index_size - 1;
  hosts->host = aligned_alloc(sizeof *hosts->host, capacity * sizeof *hosts->host);
  hosts->error = calloc(capacity, sizeof *hosts->error);
  hosts->index = calloc(index_size, sizeof *hosts->index);
  hosts->counts = calloc(capacity, sizeof *hosts->counts);
  hosts->chosen = calloc(reported + 1, sizeof *hosts->chosen);
  hosts->talkers = calloc(reported + 1, sizeof *hosts->talkers);
  if (hosts->host == NULL || hosts->error == NULL || hosts->index == NULL ||
      hosts->counts == NULL || hosts->chosen == NULL || hosts->talkers == NULL) {
    window_hosts_free(hosts);
    return NULL;
  }
  return hosts;
}

void window_hosts_free(struct window_hosts *hosts)
{
  if (hosts == NULL) {
    return;
  }
  free(hosts->host);
  free(hosts->error);
  free(hosts->index);
  free(hosts->counts);
  free(hosts->chosen);
  free(hosts->talkers);
  free(hosts);
}

static uint64_t hash_addr_here(const struct addr *addr)
{
  return hash_bytes(addr->byte, sizeof addr->byte);
}

static uint64_t own_bytes(const struct host *host)
{
  return host->tx.bytes + host->rx.bytes;
}

/* What the address moved at most. */
static uint64_t count_of(const struct window_hosts *hosts, size_t i)
{
  return own_bytes(&hosts->host[i]) + hosts->error[i];
}

static void clear_index(struct window_hosts *hosts)
{
  memset(hosts->index, 0, (hosts->index_mask + 1) * sizeof *hosts->index);
}

static void begin_if_closed(struct window_hosts *hosts)
{
  if (!hosts->is_closed) {
    return;
  }
  if (hosts->count > 0) {
    clear_index(hosts);
  }
  hosts->count = 0;
  hosts->floor = 0;
  hosts->is_closed = false;
}

/* The slot of the address, or the hole where it would go. */
static size_t find_slot(const struct window_hosts *hosts, const struct addr *addr, uint64_t hash)
{
  uint16_t tag = (uint16_t)(hash >> 32);
  size_t at = (size_t)hash & hosts->index_mask;
  for (; hosts->index[at].host != 0; at = (at + 1) & hosts->index_mask) {
    if (hosts->index[at].tag == tag &&
        addr_equal(&hosts->host[hosts->index[at].host - 1].addr, addr)) {
      break;
    }
  }
  return at;
}

static void enter(struct window_hosts *hosts, size_t slot, size_t place, uint64_t hash)
{
  hosts->index[slot] = (struct index_entry){(uint16_t)(place + 1), (uint16_t)(hash >> 32)};
}

/* Equal counts go together. Each one that stays is above the floor. */
static void drop_smaller(struct window_hosts *hosts)
{
  for (size_t i = 0; i < hosts->count; i++) {
    hosts->counts[i] = count_of(hosts, i);
  }
  hosts->floor = select_nth(hosts->counts, hosts->count, hosts->count / 2);
  size_t kept = 0;
  for (size_t i = 0; i < hosts->count; i++) {
    if (hosts->counts[i] > hosts->floor) {
      hosts->host[kept] = hosts->host[i];
      hosts->error[kept++] = hosts->error[i];
    }
  }
  hosts->count = kept;
  clear_index(hosts);
  for (size_t i = 0; i < kept; i++) {
    uint64_t hash = hash_addr_here(&hosts->host[i].addr);
    enter(hosts, find_slot(hosts, &hosts->host[i].addr, hash), i, hash);
  }
}

/* The place of the address; a new one has nothing yet, but the floor for its error. */
static size_t place_of(struct window_hosts *hosts, const struct addr *addr, uint64_t hash)
{
  size_t slot = find_slot(hosts, addr, hash);
  if (hosts->index[slot].host != 0) {
    return hosts->index[slot].host - 1U;
  }
  if (hosts->count == hosts->capacity) {
    drop_smaller(hosts);
    slot = find_slot(hosts, addr, hash);
  }
  enter(hosts, slot, hosts->count, hash);
  hosts->host[hosts->count] = (struct host){.addr = *addr};
  hosts->error[hosts->count] = hosts->floor;
  return hosts->count++;
}

void window_hosts_add(struct window_hosts *hosts, const struct addr *addr, uint64_t hash,
                      const struct counts *tx, const struct counts *rx)
{
  begin_if_closed(hosts);
  if (tx->bytes + rx->bytes == 0) {
    return; /* would push others out for nothing */
  }
  struct host *host = &hosts->host[place_of(hosts, addr, hash)];
  counts_add(&host->tx, tx);
  counts_add(&host->rx, rx);
}

void window_hosts_fetch_index(const struct window_hosts *hosts, uint64_t hash)
{
  __builtin_prefetch(&hosts->index[(size_t)hash & hosts->index_mask], 1);
}

/* The first slot of the index is the right one most of the time. */
void window_hosts_fetch_host(const struct window_hosts *hosts, uint64_t hash)
{
  struct index_entry entry = hosts->index[(size_t)hash & hosts->index_mask];
  if (entry.host != 0 && entry.tag == (uint16_t)(hash >> 32)) {
    __builtin_prefetch(&hosts->host[entry.host - 1], 1);
  }
}

/*              here: yes                      here: no
 *   there: yes  own and errors add             their error + our floor
 *   there: no   our error + their floor        our floor + their floor
 *
 * Their floor is added to all that is here beforehand, and taken off again where there was a
 * counter: it is as large as any error there. A floor that rose on the way holds theirs already. */
void window_hosts_merge(struct window_hosts *hosts, const struct window_hosts *closed)
{
  begin_if_closed(hosts);
  hosts->floor += closed->floor;
  for (size_t i = 0; closed->floor > 0 && i < hosts->count; i++) {
    hosts->error[i] += closed->floor;
  }
  for (size_t i = 0; i < closed->count; i++) {
    const struct host *from = &closed->host[i];
    size_t place = place_of(hosts, &from->addr, hash_addr_here(&from->addr));
    hosts->error[place] = hosts->error[place] - closed->floor + closed->error[i];
    counts_add(&hosts->host[place].tx, &from->tx);
    counts_add(&hosts->host[place].rx, &from->rx);
  }
}

/* By what is certainly their own, largest first, then by address. */
static bool is_larger(const void *context, uint32_t a, uint32_t b)
{
  const struct host *host = context;
  uint64_t bytes_a = own_bytes(&host[a]);
  uint64_t bytes_b = own_bytes(&host[b]);
  if (bytes_a != bytes_b) {
    return bytes_a > bytes_b;
  }
  return addr_compare(&host[a].addr, &host[b].addr) < 0;
}

/* The floor of the report is the largest count among those that are not in it. */
void window_hosts_close(struct window_hosts *hosts, struct summary *out)
{
  begin_if_closed(hosts);
  size_t n = select_first(hosts->chosen, hosts->reported, hosts->count, is_larger, hosts->host);
  for (size_t i = 0; i < n; i++) {
    const struct host *host = &hosts->host[hosts->chosen[i]];
    uint64_t error = hosts->error[hosts->chosen[i]];
    hosts->talkers[i] = (struct summary_talker){host->addr, error, host->tx, host->rx};
  }
  uint64_t floor = hosts->floor;
  for (size_t i = 0; n < hosts->count && i < hosts->count; i++) {
    bool is_shown = n > 0 && !is_larger(hosts->host, hosts->chosen[n - 1], (uint32_t)i);
    if (!is_shown && count_of(hosts, i) > floor) {
      floor = count_of(hosts, i);
    }
  }
  out->talkers = hosts->talkers;
  out->talker_count = n;
  out->talkers_floor = floor;
  hosts->is_closed = true;
}
