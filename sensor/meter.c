/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's way of the data for the reader: meter_frame takes a frame from decode through
 * direction to window and flows; close_second brings the flows' deltas into the windows and hands
 * the summaries out. */
#include "sensor/meter.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/err.h"
#include "sensor/decode.h"
#include "sensor/direction.h"
#include "sensor/first_seen.h"
#include "sensor/interface_rows.h"
#include "sensor/window.h"

/* A closed flow stays for its last ACKs; a frame may be so late before it is moved; a clock may run
 * back by so much unnoticed; a longer way forward is one step. */
#define LINGER_NS     (5 * NS_PER_S)
#define CLAMP_NS      NS_PER_S
#define STEP_BACK_NS  (2 * NS_PER_S)
#define DENSE_JUMP_NS (3600 * NS_PER_S)
/* Times beyond are taken as these, so that time-outs can be added without a thought: ±285 years. */
#define TIME_MAX_NS (INT64_C(9000000) * 1000 * NS_PER_S)

/*         minute_ns                        second_ns   newest_ns
 *   --------|------------ ... ---------------|------------x----|-----> time
 *           |  minute_parts seconds are out  |  the open second | */
struct meter {
  struct meter_config config;
  struct meter_sinks sinks;
  struct direction *direction;
  struct flows *flows;
  struct window *second, *minute;
  struct first_seen *first_seen;
  struct interface_rows *interfaces;

  bool is_open;      /* a time was seen; all below is valid */
  int64_t newest_ns; /* also behind meter_finish */
  int64_t second_ns; /* start of the open second */
  int64_t minute_ns;
  size_t minute_parts; /* seconds handed out of the open minute */
  uint32_t clock_epoch;
  uint64_t evicted; /* flows, up to the last close */
  struct summary out;
};

static_assert(METER_OWN_MAX <= DIRECTION_ENDPOINTS_MAX, "room for all endpoints");

/* The sizes of an ordinary host: about 15 MB. */
void meter_config_init(struct meter_config *config)
{
  *config = (struct meter_config){.flow_slots = 65536,
                                  .flow_idle_ns = 60 * NS_PER_S,
                                  .flow_active_ns = 30 * NS_PER_MINUTE,
                                  .second_rows = 50,
                                  .minute_rows = 1024,
                                  .talkers = 64,
                                  .first_seen_slots = 16384,
                                  .is_dense = true};
}

/* At the close, once for each active flow: both windows and the memory of addresses. */
static void take_delta(void *context, const struct flow_delta *delta)
{
  struct meter *meter = context;
  window_flow(meter->second, delta);
  window_flow(meter->minute, delta);
  first_seen_look(meter->first_seen, &delta->flow.client, delta->flow.last_ns);
  first_seen_look(meter->first_seen, &delta->flow.server, delta->flow.last_ns);
}

/* Only asked for when somebody wants records (replay's --flows-csv). */
static void take_record(void *context, const struct flow_record *record)
{
  const struct meter *meter = context;
  meter->sinks.flow(meter->sinks.context, record);
}

/* Makes all parts; whoever is missing is seen by the caller. */
static void make_parts(struct meter *meter)
{
  const struct meter_config *config = &meter->config;
  struct flows_config flows = {.capacity = config->flow_slots,
                               .idle_ns = config->flow_idle_ns,
                               .active_ns = config->flow_active_ns,
                               .linger_ns = LINGER_NS,
                               .ended = meter->sinks.flow != NULL ? take_record : NULL,
                               .delta = take_delta,
                               .context = meter};
  /* As many rows as flows: only a second that evicts flows can fold before its close. */
  struct window_limits second = {config->talkers, config->second_rows, config->flow_slots};
  struct window_limits minute = {config->talkers, config->minute_rows, 0};
  meter->direction = direction_new();
  meter->flows = flows_new(&flows);
  meter->second = window_new(SUMMARY_SECOND, &second);
  meter->minute = window_new(SUMMARY_MINUTE, &minute);
  meter->first_seen = first_seen_new(config->first_seen_slots);
  meter->interfaces = interface_rows_new();
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
  make_parts(meter);
  if (meter->direction == NULL || meter->flows == NULL || meter->second == NULL ||
      meter->minute == NULL || meter->first_seen == NULL || meter->interfaces == NULL) {
    meter_free(meter);
    return NULL;
  }
  return meter;
}

/* Parts that were never made are NULL, and their free functions take it. */
void meter_free(struct meter *meter)
{
  if (meter == NULL) {
    return;
  }
  direction_free(meter->direction);
  flows_free(meter->flows);
  window_free(meter->second);
  window_free(meter->minute);
  first_seen_free(meter->first_seen);
  interface_rows_free(meter->interfaces);
  free(meter);
}

int meter_set_local(struct meter *meter, const struct addr *addrs, size_t addr_count,
                    const struct network *networks, size_t network_count)
{
  return direction_set_local(meter->direction, addrs, addr_count, networks, network_count);
}

/* The list is replaced as a whole. */
int meter_set_own(struct meter *meter, const struct meter_endpoint *endpoints, size_t count)
{
  if (count > METER_OWN_MAX) {
    return ERR_LIMIT;
  }
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
}

/* What both kinds of record get from the meter itself. */
static void hand_out(struct meter *meter, struct summary_interface *interfaces, size_t count)
{
  struct summary *out = &meter->out;
  struct flows_stats stats = flows_stats(meter->flows);
  out->clock_epoch = meter->clock_epoch;
  out->flow_table_used = stats.used;
  out->flow_table_slots = stats.capacity;
  out->interfaces = interfaces;
  out->interface_count = count;
  meter->sinks.summary(meter->sinks.context, out);
}

/* The order matters: the ledger gets the last entries before the window closes, and the minute
 * takes the second in while its sketches are still there. */
static void hand_out_second(struct meter *meter)
{
  struct summary *out = &meter->out;
  uint64_t evicted = flows_stats(meter->flows).evicted;
  struct summary_ledger *ledger = window_ledger(meter->second);
  size_t seen_count = 0;
  struct addr *seen = first_seen_close(meter->first_seen, &seen_count, &ledger->first_seen_folded);
  ledger->flows_folded += evicted - meter->evicted;
  meter->evicted = evicted;
  window_close(meter->second, meter->second_ns, out);
  out->first_seen = seen;
  out->first_seen_count = seen_count;
  window_second(meter->minute, meter->second, out);
  meter->minute_parts++;
  size_t count = 0;
  struct summary_interface *interfaces = interface_rows_close_second(meter->interfaces, &count);
  hand_out(meter, interfaces, count);
}

/* Ends the open minute and begins the one that starts at next_ns. */
static void close_minute(struct meter *meter, int64_t next_ns)
{
  if (meter->minute_parts > 0) {
    window_close(meter->minute, meter->minute_ns, &meter->out);
    size_t count = 0;
    struct summary_interface *interfaces = interface_rows_close_minute(meter->interfaces, &count);
    hand_out(meter, interfaces, count);
  }
  meter->minute_parts = 0;
  meter->minute_ns = next_ns;
  flows_begin_span(meter->flows);
}

/* Ends the open second and begins the one that starts at next_ns. */
static void close_second(struct meter *meter, int64_t next_ns)
{
  flows_close(meter->flows, next_ns);
  if (meter->config.is_dense || !window_is_empty(meter->second) ||
      interface_rows_is_sampled(meter->interfaces)) {
    hand_out_second(meter);
  }
  meter->second_ns = next_ns;
  int64_t minute_ns = clock_floor_ns(next_ns, NS_PER_MINUTE);
  if (minute_ns != meter->minute_ns) {
    close_minute(meter, minute_ns);
  }
}

/* The first time seen decides where the seconds begin; nothing was before. */
static void open_at(struct meter *meter, int64_t time_ns)
{
  meter->second_ns = clock_floor_ns(time_ns, NS_PER_S);
  meter->minute_ns = clock_floor_ns(time_ns, NS_PER_MINUTE);
  meter->is_open = true;
}

/* time_ns is the newest time now. */
static void move_to(struct meter *meter, int64_t time_ns)
{
  meter->newest_ns = time_ns;
  if (!meter->is_open) {
    open_at(meter, time_ns);
  }
  if (time_ns < meter->second_ns + NS_PER_S) {
    return;
  }
  int64_t target_ns = clock_floor_ns(time_ns, NS_PER_S);
  /* Each second of a quiet time on its own; the last step below ends the open one in any case. */
  if (meter->config.is_dense && target_ns <= meter->second_ns + DENSE_JUMP_NS) {
    while (meter->second_ns + NS_PER_S < target_ns) {
      close_second(meter, meter->second_ns + NS_PER_S);
    }
  }
  close_second(meter, target_ns);
}

/* The clock was set back: what comes again is told apart by its epoch. */
static void step_back(struct meter *meter, int64_t now_ns)
{
  close_second(meter, clock_floor_ns(now_ns, NS_PER_S));
  if (meter->minute_parts > 0) {
    close_minute(meter, clock_floor_ns(now_ns, NS_PER_MINUTE));
  }
  meter->clock_epoch++;
  meter->newest_ns = now_ns;
}

/* A damaged file may hold any time: what is beyond counts, at the bound. */
static int64_t bounded_time(int64_t time_ns)
{
  if (time_ns > TIME_MAX_NS) {
    return TIME_MAX_NS;
  }
  return time_ns < -TIME_MAX_NS ? -TIME_MAX_NS : time_ns;
}

/* The time to count a frame at; opens the second that it belongs to. */
static int64_t place_in_time(struct meter *meter, int64_t frame_ns)
{
  int64_t time_ns = bounded_time(frame_ns);
  bool is_clamped = time_ns != frame_ns;
  if (!meter->is_open || time_ns >= meter->newest_ns) {
    move_to(meter, time_ns);
  } else if (time_ns < meter->second_ns) {
    /* Late: its second is out already. Counted where it can be, and counted as late. */
    window_ledger(meter->second)->late_frames++;
    if (time_ns < meter->newest_ns - CLAMP_NS) {
      is_clamped = true;
      time_ns = meter->newest_ns;
    }
  }
  if (is_clamped) {
    window_ledger(meter->second)->clamped_frames++;
  }
  return time_ns;
}

/* The way of a frame: decode, place in time, own or not, window, flows. Time comes before anything
 * is counted, since it may close the second. */
void meter_frame(struct meter *meter, const struct frame *frame)
{
  struct packet packet;
  decode_frame(frame, &packet);
  packet.time_ns = place_in_time(meter, frame->time_ns);
  bool is_own = direction_is_own(meter->direction, &packet);
  interface_rows_frame(meter->interfaces, frame->interface, frame->wire_bytes, is_own);
  /* Own frames stand in the ledger and in the interface's row, and nowhere else. */
  if (is_own) {
    struct summary_ledger *ledger = window_ledger(meter->second);
    ledger->frames++;
    ledger->wire_bytes += frame->wire_bytes;
    ledger->own_frames++;
    return;
  }
  if (packet.ip_version == 0) {
    window_packet(meter->second, &packet, SUMMARY_UNKNOWN);
    return;
  }
  window_packet(meter->second, &packet, direction_of(meter->direction, &packet));
  bool is_new = false;
  flows_add(meter->flows, &packet, &is_new);
}

/* Drops belong to the second that is open when they are noticed. */
void meter_interface(struct meter *meter, unsigned index, const struct summary_interface *sample)
{
  struct summary_ledger *ledger = window_ledger(meter->second);
  ledger->capture_dropped += sample->capture_dropped;
  ledger->interface_dropped += sample->interface_dropped;
  interface_rows_sample(meter->interfaces, index, sample);
}

void meter_advance(struct meter *meter, int64_t now_ns)
{
  int64_t time_ns = bounded_time(now_ns);
  if (meter->is_open && meter->config.is_dense && time_ns < meter->second_ns - STEP_BACK_NS) {
    step_back(meter, time_ns);
  } else if (!meter->is_open || time_ns > meter->newest_ns) {
    move_to(meter, time_ns);
  }
}

/* Flows end last: their records are not part of any interval. */
void meter_finish(struct meter *meter)
{
  if (!meter->is_open) {
    return;
  }
  close_second(meter, meter->second_ns + NS_PER_S);
  if (meter->minute_parts > 0) {
    close_minute(meter, meter->minute_ns);
  }
  flows_finish(meter->flows);
  meter->is_open = false;
}

int64_t meter_time(const struct meter *meter)
{
  return meter->newest_ns;
}
