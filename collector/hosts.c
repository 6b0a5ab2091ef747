/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who: the table of sensors by name, their addresses, HELLO and BYE.
 *
 * Two views of one table, which grow together and never shrink:
 *
 *   by_name  db1 . web1 . web2     for look-ups, and for lists whose order is always the same (P4)
 *   by_id    web1 . db1 . web2     in the order of appearance: ids index tables of other files
 *
 * Sensors stay until the collector ends, so an id is never given to another one. */
#include "collector/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hosts_internal.h"
#include "common/err.h"

struct hosts *hosts_new(size_t max, bool is_live)
{
  struct hosts *hosts = calloc(1, sizeof(*hosts));
  if (hosts == NULL) {
    return NULL;
  }
  hosts->max = max;
  hosts->is_live = is_live;
  /* No window is open yet: nobody is behind. */
  hosts->watched_ns = INT64_MIN;
  hosts->claims = claims_new();
  if (hosts->claims == NULL) {
    free(hosts);
    return NULL;
  }
  return hosts;
}

void hosts_free(struct hosts *hosts)
{
  if (hosts == NULL) {
    return;
  }
  for (size_t i = 0; i < hosts->count; i++) {
    free(hosts->by_id[i]);
  }
  free(hosts->by_name);
  free(hosts->by_id);
  claims_free(hosts->claims);
  free(hosts);
}

size_t hosts_count(const struct hosts *hosts)
{
  return hosts->count;
}

const struct host *hosts_at(const struct hosts *hosts, size_t i)
{
  return hosts->by_name[i];
}

/* The first place whose name is not below name. Binary search: every record comes with its sensor's
 * name. */
static size_t place_of(const struct hosts *hosts, const char *name)
{
  size_t low = 0;
  size_t high = hosts->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(hosts->by_name[middle]->name, name) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct host *hosts_get(struct hosts *hosts, const char *name)
{
  size_t i = place_of(hosts, name);
  return i < hosts->count && strcmp(hosts->by_name[i]->name, name) == 0 ? hosts->by_name[i] : NULL;
}

/* The same for readers, who may not change it. */
const struct host *hosts_find(const struct hosts *hosts, const char *name)
{
  size_t i = place_of(hosts, name);
  return i < hosts->count && strcmp(hosts->by_name[i]->name, name) == 0 ? hosts->by_name[i] : NULL;
}

/* Two claimants are as good as none: whose byte it is cannot be told. */
const struct host *hosts_owner(const struct hosts *hosts, const struct addr *a)
{
  uint32_t id = 0;
  return claims_find(hosts->claims, a, &id) == 1 ? hosts->by_id[id] : NULL;
}

/* Not the opposite of hosts_owner: an address with two claimants belongs to neither kind. */
bool hosts_is_outside(const struct hosts *hosts, const struct addr *a)
{
  uint32_t id = 0;
  return claims_find(hosts->claims, a, &id) == 0 && !claims_is_shared(a);
}

/* For qsort and bsearch. */
static int addr_order(const void *a, const void *b)
{
  return addr_compare(a, b);
}

/* Addresses are kept in order for this. */
bool hosts_is_own(const struct host *host, const struct addr *a)
{
  return bsearch(a, host->address, host->address_count, sizeof(*a), addr_order) != NULL;
}

uint64_t hosts_generation(const struct hosts *hosts)
{
  return hosts->generation;
}

/* Both views of the table grow together. */
static int table_grow(struct hosts *hosts)
{
  size_t capacity = hosts->capacity == 0 ? 16 : hosts->capacity * 2;
  struct host **by_name = realloc(hosts->by_name, capacity * sizeof(struct host *));
  if (by_name == NULL) {
    return ERR_NO_MEMORY;
  }
  hosts->by_name = by_name;
  struct host **by_id = realloc(hosts->by_id, capacity * sizeof(struct host *));
  if (by_id == NULL) {
    return ERR_NO_MEMORY;
  }
  hosts->by_id = by_id;
  hosts->capacity = capacity;
  return 0;
}

/* The sensor of that name, made when it is new. */
static int host_make(struct hosts *hosts, const char *name, struct host **out)
{
  *out = hosts_get(hosts, name);
  if (*out != NULL) {
    return 0;
  }
  /* The bound on sensors is a bound on memory (P5); the caller says it to the sensor. */
  if (hosts->count >= hosts->max) {
    return ERR_LIMIT;
  }
  if (hosts->count == hosts->capacity && table_grow(hosts) != 0) {
    return ERR_NO_MEMORY;
  }
  struct host *host = calloc(1, sizeof(*host));
  if (host == NULL) {
    return ERR_NO_MEMORY;
  }
  (void)snprintf(host->name, sizeof(host->name), "%s", name);
  host->id = (uint32_t)hosts->count;
  /* "Never" for all times: a zero would be 1970. */
  host->first_heard_ns = host->last_heard_ns = INT64_MIN;
  host->progress_ns = host->passed_ns = host->expected_from_ns = INT64_MIN;
  host->quiet_from_ns = host->awaited_until_ns = INT64_MIN;
  host->changes = 1;
  /* An insertion moves pointers only, and once in a sensor's life. */
  size_t at = place_of(hosts, host->name);
  memmove(&hosts->by_name[at + 1], &hosts->by_name[at],
          (hosts->count - at) * sizeof(struct host *));
  hosts->by_name[at] = host;
  hosts->by_id[hosts->count++] = host;
  *out = host;
  return 0;
}

/* Takes an address from a sensor that has left, when another host has it now. A machine that was
 * replaced, or an address that moved on: without this both would claim it for ever, and it would
 * belong to nobody. */
static void claim_withdraw(struct hosts *hosts, const struct addr *a, const struct host *heir)
{
  uint32_t id = 0;
  if (claims_find(hosts->claims, a, &id) != 1) {
    return;
  }
  struct host *host = hosts->by_id[id];
  struct addr *at = bsearch(a, host->address, host->address_count, sizeof(*a), addr_order);
  if (!host->has_left || host == heir || at == NULL) {
    return;
  }
  claims_remove(hosts->claims, a, id);
  host->changes++;
  host->address_count--;
  memmove(at, at + 1, (size_t)(&host->address[host->address_count] - at) * sizeof(*at));
}

/* Gives the host exactly these addresses. */
static int claims_set(struct hosts *hosts, struct host *host, const struct addr *list, size_t n)
{
  /* All old claims go first, so that one that stays is not counted twice. */
  for (size_t i = 0; i < host->address_count; i++) {
    claims_remove(hosts->claims, &host->address[i], host->id);
  }
  host->address_count = 0;
  host->changes++;
  hosts->generation++;
  for (size_t i = 0; i < n; i++) {
    claim_withdraw(hosts, &list[i], host);
    int err = claims_add(hosts->claims, &list[i], host->id);
    if (err != 0) {
      return err;
    }
    host->address[host->address_count++] = list[i];
  }
  return 0;
}

/* Sorts, drops what comes twice; what is beyond the bound is left out. */
static int addresses_take(struct hosts *hosts, struct host *host, const struct message_hello *hello,
                          const struct addr *more, size_t more_count)
{
  struct addr list[MESSAGE_ADDRESSES_MAX];
  size_t n = 0;
  for (size_t i = 0; i < hello->address_count && n < MESSAGE_ADDRESSES_MAX; i++) {
    list[n++] = hello->address[i];
  }
  for (size_t i = 0; i < more_count && n < MESSAGE_ADDRESSES_MAX; i++) {
    list[n++] = more[i];
  }
  qsort(list, n, sizeof(list[0]), addr_order);
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept == 0 || !addr_equal(&list[kept - 1], &list[i])) {
      list[kept++] = list[i];
    }
  }
  /* The usual HELLO changes nothing: then the generation stays, and nobody looks at addresses
   * again. */
  if (kept == host->address_count && memcmp(list, host->address, kept * sizeof(list[0])) == 0) {
    return 0;
  }
  return claims_set(hosts, host, list, kept);
}

/* Into the punctual set. Live: nothing older than the current second is expected of it; in a replay
 * a file may begin anywhere. */
static void host_join(struct hosts *hosts, struct host *host, bool is_new_boot, int64_t now_ns)
{
  /* While catching up, what it made before this HELLO fills windows that are open still: they wait
   * until it has sent that. One that was not there and goes on with its old boot may bring hours
   * that are closed: nobody waits for those. */
  if (hosts->is_catching_up && host->is_punctual) {
    return;
  }
  int64_t from = hosts->is_live ? clock_floor_ns(now_ns, NS_PER_S) : INT64_MIN;
  bool has_passed = host->passed_ns > from || (hosts->is_catching_up && is_new_boot);
  host->expected_from_ns = from;
  host->misses = 0;
  hosts_move(hosts, host, true, has_passed ? host->passed_ns : from);
}

/* Makes or renews the sensor. What it counted stays, also over a new boot: the sums are the
 * collector's. */
int hosts_hello(struct hosts *hosts, const struct message_hello *hello, const struct addr *more,
                size_t more_count, int64_t now_ns)
{
  struct host *host = NULL;
  int err = host_make(hosts, hello->name, &host);
  if (err != 0) {
    return err;
  }
  /* A new boot counts its records from 1, on a clock about which nothing is known yet. */
  bool is_new_boot = host->boot_id != hello->boot_id || host->first_heard_ns == INT64_MIN;
  if (is_new_boot) {
    host->last_sequence = 0;
    host->placement = (struct placement){0};
    host->has_bad_clock = false;
  }
  /* A HELLO in the middle of a connection (a new key, an address) must not excuse what is late. */
  if (is_new_boot || !host->is_connected) {
    host_join(hosts, host, is_new_boot, now_ns);
  }
  bool is_as_known = !host->has_left && strcmp(host->software, hello->software) == 0;
  host->changes += is_as_known ? 0 : 1;
  host->boot_id = hello->boot_id;
  host->is_connected = true;
  host->has_left = false;
  host->is_restored = false;
  (void)snprintf(host->software, sizeof(host->software), "%s", hello->software);
  host->first_heard_ns = host->first_heard_ns == INT64_MIN ? now_ns : host->first_heard_ns;
  hosts_hear(host, now_ns);
  return addresses_take(hosts, host, hello, more, more_count);
}

/* Enough to know its records again and to miss it. */
int hosts_restore(struct hosts *hosts, const char *name, uint64_t boot_id, uint64_t sequence,
                  int64_t last_heard_ns)
{
  struct host *host = NULL;
  int err = host_make(hosts, name, &host);
  if (err != 0) {
    return err;
  }
  host->boot_id = boot_id;
  host->last_sequence = sequence;
  host->first_heard_ns = host->last_heard_ns = last_heard_ns;
  host->is_restored = true;
  return 0;
}

/* Without its addresses what it sends would look as if it came from outside (P1), until its HELLO;
 * and who had left or was silent is no news. */
int hosts_restore_identity(struct hosts *hosts, const struct host_identity *identity)
{
  struct host *host = NULL;
  int err = host_make(hosts, identity->name, &host);
  if (err != 0) {
    return err;
  }
  (void)snprintf(host->software, sizeof(host->software), "%s", identity->software);
  host->is_restored = true;
  host->has_left = identity->has_left;
  if (identity->last_heard_ns > host->last_heard_ns) {
    host->first_heard_ns = host->last_heard_ns = identity->last_heard_ns;
  }
  if (identity->is_silent) {
    host->quiet_from_ns = host->last_heard_ns;
  }
  return claims_set(hosts, host, identity->address, identity->address_count);
}

/* It keeps its addresses: its records are part of the history that is asked about. */
void hosts_bye(struct hosts *hosts, struct host *host, int64_t now_ns)
{
  host->changes += host->has_left ? 0 : 1;
  host->is_connected = false;
  host->has_left = true;
  host->awaited_until_ns = INT64_MIN;
  hosts_hear(host, now_ns);
  hosts_move(hosts, host, false, host->passed_ns);
}
