/* SPDX-License-Identifier: Apache-2.0 */
/* Two sets of fine sketches take turns, so that the closed one can still be merged while the next
 * interval is open. */
#include "sensor/window_sketches.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define SERVICE_BYTES (sizeof(struct addr) + 3)

/* One interval's; flows tell whether there is anything. */
struct fine {
  struct summary_sketches sketches;
  bool is_used;
};

struct window_sketches {
  enum summary_kind kind;
  struct fine fine[2];
  unsigned open;                  /* which of them; the other one was closed last */
  struct summary_sketches folded; /* SECOND: of the last close */
  struct fanout *spreaders, *victims;
  bool has_spread;
  uint8_t *encoded_spreaders, *encoded_victims;
};

static void begin(struct fine *fine)
{
  struct summary_sketches *sketches = &fine->sketches;
  hll_init(&sketches->clients, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_init(&sketches->servers, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_init(&sketches->services, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    entropy_init(&sketches->entropy[i], ENTROPY_BUCKETS_MINUTE, HASH_FLEET_SEED);
  }
  fine->is_used = false;
}

/* Only a minute looks at who has to do with many. */
static bool take_fanouts(struct window_sketches *sketches)
{
  sketches->spreaders = fanout_new(HASH_FLEET_SEED);
  sketches->victims = fanout_new(HASH_FLEET_SEED);
  sketches->encoded_spreaders = calloc(1, FANOUT_ENCODED_MAX);
  sketches->encoded_victims = calloc(1, FANOUT_ENCODED_MAX);
  return sketches->spreaders != NULL && sketches->victims != NULL &&
         sketches->encoded_spreaders != NULL && sketches->encoded_victims != NULL;
}

struct window_sketches *window_sketches_new(enum summary_kind kind)
{
  struct window_sketches *sketches = calloc(1, sizeof *sketches);
  if (sketches == NULL) {
    return NULL;
  }
  sketches->kind = kind;
  begin(&sketches->fine[0]);
  begin(&sketches->fine[1]);
  if (kind == SUMMARY_MINUTE && !take_fanouts(sketches)) {
    window_sketches_free(sketches);
    return NULL;
  }
  return sketches;
}

void window_sketches_free(struct window_sketches *sketches)
{
  if (sketches == NULL) {
    return;
  }
  fanout_free(sketches->spreaders);
  fanout_free(sketches->victims);
  free(sketches->encoded_spreaders);
  free(sketches->encoded_victims);
  free(sketches);
}

/* Bytes in network order, so that hosts of either order agree. */
static uint64_t hash_port(uint16_t port)
{
  const uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};
  return hash_seeded(HASH_FLEET_SEED, bytes, sizeof bytes);
}

static uint64_t hash_service(const struct flow_record *flow)
{
  uint8_t bytes[SERVICE_BYTES];
  memcpy(bytes, flow->server.byte, sizeof flow->server.byte);
  bytes[16] = (uint8_t)(flow->server_port >> 8);
  bytes[17] = (uint8_t)flow->server_port;
  bytes[18] = flow->protocol;
  return hash_seeded(HASH_FLEET_SEED, bytes, sizeof bytes);
}

/* Each address is hashed once for all that wants it. */
void window_sketches_add(struct window_sketches *sketches, const struct flow_record *flow)
{
  struct fine *fine = &sketches->fine[sketches->open];
  struct summary_sketches *into = &fine->sketches;
  uint64_t client = hash_addr(HASH_FLEET_SEED, &flow->client);
  uint64_t server = hash_addr(HASH_FLEET_SEED, &flow->server);
  uint64_t packets = flow->out.packets + flow->in.packets;
  fine->is_used = true;
  hll_add(&into->clients, client);
  hll_add(&into->servers, server);
  hll_add(&into->services, hash_service(flow));
  entropy_add(&into->entropy[SUMMARY_ENTROPY_CLIENTS], client, packets);
  entropy_add(&into->entropy[SUMMARY_ENTROPY_SERVERS], server, packets);
  entropy_add(&into->entropy[SUMMARY_ENTROPY_CLIENT_PORTS], hash_port(flow->client_port), packets);
  entropy_add(&into->entropy[SUMMARY_ENTROPY_SERVER_PORTS], hash_port(flow->server_port), packets);
}

void window_sketches_spread(struct window_sketches *sketches, const struct flow_record *flow)
{
  sketches->has_spread = true;
  fanout_add(sketches->spreaders, &flow->client, hash_service(flow));
  fanout_add(sketches->victims, &flow->server, hash_addr(HASH_FLEET_SEED, &flow->client));
}

/* Seeds and sizes are our own: what could fail would be a bug. */
static void must(int err)
{
  assert(err == 0);
  (void)err;
}

void window_sketches_merge(struct window_sketches *sketches, const struct window_sketches *second)
{
  const struct fine *from = &second->fine[1 - second->open];
  struct fine *fine = &sketches->fine[sketches->open];
  if (!from->is_used) {
    return;
  }
  fine->is_used = true;
  must(hll_merge(&fine->sketches.clients, &from->sketches.clients));
  must(hll_merge(&fine->sketches.servers, &from->sketches.servers));
  must(hll_merge(&fine->sketches.services, &from->sketches.services));
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    must(entropy_merge(&fine->sketches.entropy[i], &from->sketches.entropy[i]));
  }
}

/* Folding commutes with merging, so that seconds add up to their minute. */
static void fold(const struct summary_sketches *fine, struct summary_sketches *out)
{
  must(hll_fold(&fine->clients, HLL_PRECISION_SECOND, &out->clients));
  must(hll_fold(&fine->servers, HLL_PRECISION_SECOND, &out->servers));
  must(hll_fold(&fine->services, HLL_PRECISION_SECOND, &out->services));
  for (unsigned i = 0; i < SUMMARY_ENTROPIES; i++) {
    must(entropy_fold(&fine->entropy[i], ENTROPY_BUCKETS_SECOND, &out->entropy[i]));
  }
}

static void close_fanouts(struct window_sketches *sketches, struct summary *out)
{
  if (!sketches->has_spread) {
    return;
  }
  out->spreaders = sketches->encoded_spreaders;
  out->spreaders_length = fanout_encode(sketches->spreaders, sketches->encoded_spreaders);
  out->victims = sketches->encoded_victims;
  out->victims_length = fanout_encode(sketches->victims, sketches->encoded_victims);
  fanout_clear(sketches->spreaders);
  fanout_clear(sketches->victims);
  sketches->has_spread = false;
}

/* An address is a client or a server: all of them are the union of both. */
void window_sketches_close(struct window_sketches *sketches, struct summary *out)
{
  struct fine *fine = &sketches->fine[sketches->open];
  if (fine->is_used) {
    out->sketches = &fine->sketches;
    if (sketches->kind == SUMMARY_SECOND) {
      fold(&fine->sketches, &sketches->folded);
      out->sketches = &sketches->folded;
    }
    out->addresses = out->sketches->clients;
    must(hll_merge(&out->addresses, &out->sketches->servers));
  }
  close_fanouts(sketches, out);
  sketches->open = 1 - sketches->open;
  if (sketches->fine[sketches->open].is_used) {
    begin(&sketches->fine[sketches->open]);
  }
}
