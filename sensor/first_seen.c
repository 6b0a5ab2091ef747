/* SPDX-License-Identifier: Apache-2.0 */
/* The lists are what the open second found new. It stands behind the flows: looked at for each
 * active flow and second, not per packet. */
#include "sensor/first_seen.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "sensor/first_seen_memory.h"

#define EDGES_PER_ADDRESS 4
#define EDGE_BYTES        (2 * sizeof(struct addr) + 3)
#define GROUP             16 /* flows whose memory is fetched together */

struct first_seen {
  struct first_seen_memory *addrs, *edges;
  size_t count, edge_count;
  uint64_t folded;
  struct addr list[SUMMARY_FIRST_SEEN_MAX];
  struct summary_edge edge_list[SUMMARY_EDGES_MAX];
};

struct first_seen *first_seen_new(size_t slots)
{
  struct first_seen *seen = calloc(1, sizeof *seen);
  if (seen == NULL || slots > SIZE_MAX / EDGES_PER_ADDRESS) {
    free(seen);
    return NULL;
  }
  seen->addrs = first_seen_memory_new(slots);
  seen->edges = first_seen_memory_new(EDGES_PER_ADDRESS * slots);
  if (seen->addrs == NULL || seen->edges == NULL) {
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
  first_seen_memory_free(seen->addrs);
  first_seen_memory_free(seen->edges);
  free(seen);
}

struct hashes {
  uint64_t client, server, edge;
};

/* And has the memory of all three fetched. */
static struct hashes hash_flow(const struct first_seen *seen, const struct flow_record *flow)
{
  uint8_t bytes[EDGE_BYTES];
  memcpy(bytes, flow->client.byte, sizeof flow->client.byte);
  memcpy(bytes + 16, flow->server.byte, sizeof flow->server.byte);
  bytes[32] = (uint8_t)(flow->server_port >> 8);
  bytes[33] = (uint8_t)flow->server_port;
  bytes[34] = flow->protocol;
  struct hashes hashes = {
      .client = hash_bytes(flow->client.byte, sizeof flow->client.byte),
      .server = hash_bytes(flow->server.byte, sizeof flow->server.byte),
      .edge = hash_bytes(bytes, sizeof bytes),
  };
  first_seen_memory_fetch(seen->addrs, hashes.client);
  first_seen_memory_fetch(seen->addrs, hashes.server);
  first_seen_memory_fetch(seen->edges, hashes.edge);
  return hashes;
}

static void look_at_addr(struct first_seen *seen, const struct addr *addr, uint64_t hash)
{
  if (!first_seen_memory_look(seen->addrs, hash)) {
    return;
  }
  if (seen->count == SUMMARY_FIRST_SEEN_MAX) {
    seen->folded++;
    return;
  }
  seen->list[seen->count++] = *addr;
}

static void look_at_edge(struct first_seen *seen, const struct flow_record *flow, uint64_t hash)
{
  if (!first_seen_memory_look(seen->edges, hash)) {
    return;
  }
  if (seen->edge_count == SUMMARY_EDGES_MAX) {
    seen->folded++;
    return;
  }
  seen->edge_list[seen->edge_count++] = (struct summary_edge){
      .client = flow->client,
      .server = flow->server,
      .server_port = flow->server_port,
      .protocol = flow->protocol,
  };
}

static void look(struct first_seen *seen, const struct flow_record *flow,
                 const struct hashes *hashes)
{
  look_at_addr(seen, &flow->client, hashes->client);
  look_at_addr(seen, &flow->server, hashes->server);
  look_at_edge(seen, flow, hashes->edge);
}

void first_seen_flow(struct first_seen *seen, const struct flow_record *flow)
{
  struct hashes hashes = hash_flow(seen, flow);
  look(seen, flow, &hashes);
}

void first_seen_flows(struct first_seen *seen, const struct flow_delta *delta, size_t count)
{
  struct hashes hashes[GROUP];
  for (size_t done = 0; done < count; done += GROUP) {
    size_t n = count - done < GROUP ? count - done : GROUP;
    for (size_t i = 0; i < n; i++) {
      hashes[i] = hash_flow(seen, &delta[done + i].flow);
    }
    for (size_t i = 0; i < n; i++) {
      look(seen, &delta[done + i].flow, &hashes[i]);
    }
  }
}

/* The lists are lent, not copied: the next look overwrites them. */
void first_seen_close(struct first_seen *seen, struct summary *out)
{
  out->first_seen = seen->list;
  out->first_seen_count = seen->count;
  out->edges = seen->edge_list;
  out->edge_count = seen->edge_count;
  out->ledger.first_seen_folded += seen->folded;
  seen->count = 0;
  seen->edge_count = 0;
  seen->folded = 0;
}
