/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table's life: all its memory is taken at the start. */
#include <stdlib.h>

#include "sensor/flows.h"
#include "sensor/flows_table.h"

/* A cache line of all machines that we know of. */
#define LINE_BYTES     64
#define CAPACITY_MAX   ((size_t)1 << 28)
#define GONE_MIN       64
#define TIMEOUT_MAX_NS (INT64_MAX / 64) /* so that a time and a time-out can be added */

/* Zeroed and on a line's boundary; pages that are never used are never touched. *memory is what to
 * free. */
static void *take_lines(size_t bytes, void **memory)
{
  *memory = calloc(1, bytes + LINE_BYTES);
  if (*memory == NULL) {
    return NULL;
  }
  size_t beyond = (uintptr_t)*memory % LINE_BYTES;
  return (uint8_t *)*memory + (LINE_BYTES - beyond);
}

/* Every time is within +-285 years of 1970 (sensor/meter.c): their sum with this one fits. */
static int64_t bounded_timeout(int64_t timeout_ns)
{
  return timeout_ns < TIMEOUT_MAX_NS ? timeout_ns : TIMEOUT_MAX_NS;
}

/* As many as may be evicted between two closes without being handed out early. */
static uint32_t gone_max_of(size_t slots)
{
  return (uint32_t)(slots / 16 > GONE_MIN ? slots / 16 : GONE_MIN);
}

/*   buckets, due   one line and a time for 28 slots    hot: every packet; every close
 *   slots          two lines a flow                    hot
 *   active         a word for each active flow         once an interval
 *   rare           handshakes, retransmissions         where there are such
 *   carriers       outer addresses                     where there are tunnels
 *   totals         counters of the open record         only with records: at the close
 *   gone           who the evicted flows were          only under pressure */
static bool take_memory(struct flows *flows)
{
  size_t slots = (size_t)flows->bucket_count * FLOW_BUCKET_SLOTS;
  size_t gone = flows->gone_max;
  flows->buckets = take_lines(flows->bucket_count * sizeof *flows->buckets, &flows->bucket_memory);
  flows->due_ns = calloc(flows->bucket_count, sizeof *flows->due_ns);
  flows->slots = take_lines(slots * sizeof *flows->slots, &flows->slot_memory);
  flows->rare = calloc(slots, sizeof *flows->rare);
  flows->carriers = calloc(slots, sizeof *flows->carriers);
  flows->active = calloc(slots + gone, sizeof *flows->active);
  flows->gone = take_lines(gone * sizeof *flows->gone, &flows->gone_memory);
  flows->gone_rare = calloc(gone, sizeof *flows->gone_rare);
  flows->gone_carriers = calloc(gone, sizeof *flows->gone_carriers);
  return flows->buckets != NULL && flows->due_ns != NULL && flows->slots != NULL &&
         flows->rare != NULL && flows->carriers != NULL && flows->active != NULL &&
         flows->gone != NULL && flows->gone_rare != NULL && flows->gone_carriers != NULL;
}

/* What records need beyond. */
static bool take_memory_of_records(struct flows *flows)
{
  size_t slots = (size_t)flows->bucket_count * FLOW_BUCKET_SLOTS;
  flows->totals = take_lines(slots * sizeof *flows->totals, &flows->totals_memory);
  flows->cut_ns = calloc(flows->bucket_count, sizeof *flows->cut_ns);
  return flows->totals != NULL && flows->cut_ns != NULL;
}

/* Nothing is due in an empty table. */
static void set_never(int64_t *times_ns, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++) {
    times_ns[i] = INT64_MAX;
  }
}

struct flows *flows_new(const struct flows_config *config)
{
  if (config->capacity == 0 || config->capacity > CAPACITY_MAX) {
    return NULL;
  }
  struct flows *flows = calloc(1, sizeof *flows);
  if (flows == NULL) {
    return NULL;
  }
  flows->config = *config;
  flows->config.idle_ns = bounded_timeout(config->idle_ns);
  flows->config.active_ns = bounded_timeout(config->active_ns);
  flows->config.linger_ns = bounded_timeout(config->linger_ns);
  flows->least_timeout_ns = flows->config.idle_ns < flows->config.linger_ns
                                ? flows->config.idle_ns
                                : flows->config.linger_ns;
  flows->bucket_count = (uint32_t)((config->capacity + FLOW_BUCKET_SLOTS - 1) / FLOW_BUCKET_SLOTS);
  flows->gone_max = gone_max_of((size_t)flows->bucket_count * FLOW_BUCKET_SLOTS);
  flows->hole = FLOWS_INDEX;
  flows->closed_ns = INT64_MIN;
  flow_key_secret_init(&flows->secret);
  bool has_records = config->ended != NULL;
  if (!take_memory(flows) || (has_records && !take_memory_of_records(flows))) {
    flows_free(flows);
    return NULL;
  }
  set_never(flows->due_ns, flows->bucket_count);
  if (has_records) {
    set_never(flows->cut_ns, flows->bucket_count);
  }
  return flows;
}

void flows_free(struct flows *flows)
{
  if (flows == NULL) {
    return;
  }
  free(flows->bucket_memory);
  free(flows->due_ns);
  free(flows->slot_memory);
  free(flows->rare);
  free(flows->active);
  free(flows->gone_memory);
  free(flows->gone_rare);
  free(flows->carriers);
  free(flows->gone_carriers);
  free(flows->totals_memory);
  free(flows->cut_ns);
  free(flows);
}

/* A slot with its share of a bucket and of the queue. */
size_t flows_slot_bytes(bool has_records)
{
  size_t own = sizeof(struct flow_slot) + sizeof(struct flow_rare) + sizeof(struct flow_carrier) +
               sizeof(uint32_t);
  size_t bucket = (sizeof(struct flow_bucket) + sizeof(int64_t)) / FLOW_BUCKET_SLOTS + 1;
  size_t totals = has_records ? sizeof(struct flow_totals) : 0;
  return own + bucket + own / 16 + totals;
}

struct flows_stats flows_stats(const struct flows *flows)
{
  return (struct flows_stats){.used = flows->used,
                              .capacity = (uint64_t)flows->bucket_count * FLOW_BUCKET_SLOTS,
                              .evicted = flows->evicted};
}
