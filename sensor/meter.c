/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's way of the data for the reader: meter_frame takes a frame through decode into a
 * batch; meter_batch.c brings the batch through direction to window and flows; meter_time.c closes
 * seconds and minutes and hands the summaries out. */
#include "sensor/meter.h"

#include <assert.h>
#include <stdlib.h>

#include "common/err.h"
#include "sensor/decode.h"
#include "sensor/meter_inside.h"

/* A closed flow stays for its last ACKs. */
#define LINGER_NS (5 * NS_PER_S)
/* A minute has room for so many times the talkers of a second. */
#define MINUTE_TALKERS 2

static_assert(METER_OWN_MAX <= DIRECTION_ENDPOINTS_MAX, "room for all endpoints");

/* The sizes of an ordinary host: about 15 MB. */
void meter_config_init(struct meter_config *config)
{
  *config = (struct meter_config){.flow_slots = 65536,
                                  .flow_idle_ns = 60 * NS_PER_S,
                                  .flow_active_ns = 30 * NS_PER_MINUTE,
                                  .second_rows = 32,
                                  .minute_rows = 1024,
                                  .talkers = 32,
                                  .first_seen_slots = 16384,
                                  .is_dense = true};
}

size_t meter_slot_bytes(void)
{
  return flows_slot_bytes(false);
}

/* At the close, once for each active flow: both windows and the memory of addresses. */
static void take_deltas(void *context, const struct flow_delta *deltas, size_t count)
{
  struct meter *meter = context;
  window_flows(meter->second, deltas, count);
  window_flows(meter->minute, deltas, count);
  first_seen_flows(meter->first_seen, deltas, count);
}

/* Only asked for when somebody wants records (replay's --flows-csv). */
static void take_record(void *context, const struct flow_record *record)
{
  const struct meter *meter = context;
  meter->sinks.flow(meter->sinks.context, record);
}

/* What the windows fold knows which end is the host's own. */
static bool is_local(void *context, const struct addr *addr)
{
  const struct meter *meter = context;
  return direction_is_local(meter->direction, addr);
}

static struct flows *make_flows(struct meter *meter)
{
  struct flows_config config = {.capacity = meter->config.flow_slots,
                                .idle_ns = meter->config.flow_idle_ns,
                                .active_ns = meter->config.flow_active_ns,
                                .linger_ns = LINGER_NS,
                                .ended = meter->sinks.flow != NULL ? take_record : NULL,
                                .delta = take_deltas,
                                .context = meter};
  return flows_new(&config);
}

static struct fragments *make_fragments(struct meter *meter)
{
  struct fragments_config config = {.datagrams = FRAGMENTS_DATAGRAMS,
                                    .held = FRAGMENTS_HELD,
                                    .per_source = FRAGMENTS_PER_SOURCE,
                                    .held_per_source = FRAGMENTS_HELD_PER_SOURCE,
                                    .timeout_ns = FRAGMENTS_TIMEOUT_NS,
                                    .release = meter_count_released,
                                    .context = meter};
  return fragments_new(&config);
}

/* Makes all parts; false when one is missing. */
static bool make_parts(struct meter *meter)
{
  const struct meter_config *config = &meter->config;
  struct window_limits second = {config->talkers, config->second_rows, 0};
  struct window_limits minute = {MINUTE_TALKERS * config->talkers, config->minute_rows, 0};
  meter->direction = direction_new();
  meter->flows = make_flows(meter);
  meter->fragments = make_fragments(meter);
  meter->second = window_new(SUMMARY_SECOND, &second);
  meter->minute = window_new(SUMMARY_MINUTE, &minute);
  meter->first_seen = first_seen_new(config->first_seen_slots);
  meter->interfaces = interface_rows_new();
  return meter->direction != NULL && meter->flows != NULL && meter->fragments != NULL &&
         meter->second != NULL && meter->minute != NULL && meter->first_seen != NULL &&
         meter->interfaces != NULL;
}

struct meter *meter_new(const struct meter_config *config, const struct meter_sinks *sinks)
{
  if (config->flow_slots == 0 || config->second_rows == 0 || config->minute_rows == 0 ||
      config->talkers == 0 || config->first_seen_slots == 0) {
    return NULL;
  }
  struct meter *meter = calloc(1, sizeof *meter);
  if (meter == NULL) {
    return NULL;
  }
  meter->config = *config;
  meter->sinks = *sinks;
  meter->newest_ns = INT64_MIN;
  if (!make_parts(meter)) {
    meter_free(meter);
    return NULL;
  }
  window_set_local(meter->second, is_local, meter);
  window_set_local(meter->minute, is_local, meter);
  for (unsigned i = 0; i < SUMMARY_INTERFACES_MAX; i++) {
    meter_set_mtu(meter, i, 0);
  }
  return meter;
}

/* Parts that were never made are NULL, and their free functions take it. */
void meter_free(struct meter *meter)
{
  if (meter == NULL) {
    return;
  }
  meter_fleet_fini(meter);
  direction_free(meter->direction);
  flows_free(meter->flows);
  fragments_free(meter->fragments);
  window_free(meter->second);
  window_free(meter->minute);
  first_seen_free(meter->first_seen);
  interface_rows_free(meter->interfaces);
  free(meter);
}

/* What waits was seen under the addresses before; what the flows remember of them is void. */
int meter_set_local(struct meter *meter, const struct addr *addrs, size_t addr_count,
                    const struct network *networks, size_t network_count)
{
  meter_flush(meter);
  int err = direction_set_local(meter->direction, addrs, addr_count, networks, network_count);
  if (err == 0) {
    flows_clear_marks(meter->flows);
  }
  return err;
}

/* The list is replaced as a whole. */
int meter_set_own(struct meter *meter, const struct meter_endpoint *endpoints, size_t count)
{
  if (count > METER_OWN_MAX) {
    return ERR_LIMIT;
  }
  meter_flush(meter);
  direction_clear_own(meter->direction);
  for (size_t i = 0; i < count; i++) {
    int err = direction_add_own(meter->direction, &endpoints[i].addr, endpoints[i].port);
    if (err != 0) {
      return err;
    }
  }
  return 0;
}

int meter_add_interface(struct meter *meter, const char *name)
{
  return interface_rows_add(meter->interfaces, name);
}

void meter_retire_interface(struct meter *meter, unsigned index)
{
  interface_rows_retire(meter->interfaces, index);
  meter_set_mtu(meter, index, 0);
}

/* The frames before were judged by the MTU before. */
void meter_set_mtu(struct meter *meter, unsigned index, uint32_t mtu_bytes)
{
  assert(index < SUMMARY_INTERFACES_MAX);
  meter_flush(meter);
  meter->mtu_bytes[index] = mtu_bytes != 0 ? mtu_bytes : METER_MTU_DEFAULT;
}

/* The worst of an interval stands for all of it. */
void meter_set_sampling(struct meter *meter, unsigned shift)
{
  struct meter_sampling *sampling = &meter->sampling;
  sampling->now = shift;
  sampling->second = shift > sampling->second ? shift : sampling->second;
  sampling->minute = shift > sampling->minute ? shift : sampling->minute;
}

/* Drops belong to the second that is open when they are noticed. */
void meter_interface(struct meter *meter, unsigned index, const struct summary_interface *sample)
{
  meter_flush(meter);
  struct summary_ledger *ledger = window_ledger(meter->second);
  ledger->capture_dropped += sample->capture_dropped;
  ledger->interface_dropped += sample->interface_dropped;
  interface_rows_sample(meter->interfaces, index, sample);
}

/* Time first, since it may close the second that the batch belongs to. Most frames come within the
 * open second. */
void meter_frame(struct meter *meter, const struct frame *frame)
{
  int64_t time_ns = frame->time_ns;
  if (meter->is_open && time_ns >= meter->newest_ns && time_ns < meter->second_ns + NS_PER_S) {
    meter->newest_ns = time_ns;
  } else {
    time_ns = meter_place_in_time(meter, time_ns);
  }
  struct packet *packet = &meter->batch[meter->batch_count];
  decode_frame(frame, packet);
  packet->time_ns = time_ns;
  if (++meter->batch_count == METER_BATCH) {
    meter_flush(meter);
  }
}

/* Not through the batch: nothing of it is looked up. */
void meter_port_frame(struct meter *meter, const struct frame *frame)
{
  (void)meter_place_in_time(meter, frame->time_ns);
  interface_rows_frame(meter->interfaces, frame->interface, frame->wire_bytes, false);
}
