/* SPDX-License-Identifier: Apache-2.0 */
/* Out of the flow table: deltas at the close or before it, records as flows end. */
#include "sensor/flow_tcp.h"
#include "sensor/flows.h"
#include "sensor/flows_table.h"

/* So many entries ahead the slots of the list are fetched: a group, so that they come while the
 * group before is taken. */
#define AHEAD FLOWS_GROUP

/* Turns sides into client and server. */
static void describe(const struct flow_slot *slot, const struct counts side[2],
                     const uint8_t tcp_flags[2], struct flow_record *out)
{
  unsigned client = (slot->bits & FLOW_CLIENT_IS_1) != 0 ? 1 : 0;
  out->client = slot->addr[client];
  out->server = slot->addr[1 - client];
  out->client_port = (uint16_t)(slot->ports >> 16 * client);
  out->server_port = (uint16_t)(slot->ports >> 16 * (1 - client));
  out->protocol = slot->protocol;
  out->is_guessed = (slot->bits & FLOW_GUESSED) != 0;
  out->tcp_flags_out = tcp_flags[client];
  out->tcp_flags_in = tcp_flags[1 - client];
  out->out = side[client];
  out->in = side[1 - client];
}

/* A plain flow carries itself. */
static void describe_carrier(const struct flow_slot *slot, const struct flow_carrier *carrier,
                             struct flow_delta *out)
{
  if ((slot->bits & FLOW_TUNNELLED) == 0) {
    out->tunnel = PACKET_PLAIN;
    out->outer_client = out->flow.client;
    out->outer_server = out->flow.server;
    return;
  }
  unsigned client = (slot->bits & FLOW_CLIENT_IS_1) != 0 ? 1 : 0;
  out->tunnel = carrier->tunnel;
  out->outer_client = carrier->outer[client];
  out->outer_server = carrier->outer[1 - client];
}

/* What is gathered goes to whoever takes deltas. */
static void hand_out_group(struct flows *flows)
{
  if (flows->group_count > 0) {
    flows->config.delta(flows->config.context, flows->group, flows->group_count);
    flows->group_count = 0;
  }
}

/* The open counters of one flow. */
static void hand_out(struct flows *flows, const struct flow_slot *slot,
                     const struct flow_rare *rare, const struct flow_carrier *carrier)
{
  if (flows->config.delta == NULL) {
    return;
  }
  struct flow_delta *delta = &flows->group[flows->group_count++];
  delta->is_new = (slot->bits & FLOW_NEW) != 0;
  delta->is_first_in_span = (slot->bits & FLOW_FIRST) != 0;
  delta->has_begun_in_span = (slot->bits & FLOW_BEGUN) != 0;
  describe(slot, slot->open.side, slot->tcp_flags, &delta->flow);
  delta->flow.first_ns = slot->open.first_ns;
  delta->flow.last_ns = slot->open.last_ns;
  flow_tcp_describe(slot, rare, &delta->tcp);
  describe_carrier(slot, carrier, delta);
  if (flows->group_count == FLOWS_GROUP) {
    hand_out_group(flows);
  }
}

/* The queue of evicted flows is full before the close. */
static void hand_out_gone(struct flows *flows)
{
  for (uint32_t i = 0; i < flows->gone_count; i++) {
    const struct flow_slot *gone = &flows->gone[i];
    hand_out(flows, gone, &flows->gone_rare[i], &flows->gone_carriers[i]);
    flows->active[gone->active_at] = FLOWS_HOLE | flows->hole;
    flows->hole = gone->active_at;
  }
  hand_out_group(flows);
  flows->gone_count = 0;
}

/* Adds what is open to the record. */
static void settle(struct flows *flows, uint32_t at)
{
  struct flow_slot *slot = &flows->slots[at];
  struct flow_totals *totals = &flows->totals[at];
  const struct flow_open *open = &slot->open;
  if ((slot->bits & FLOW_RECORD_EMPTY) != 0) {
    *totals = (struct flow_totals){.side = {open->side[0], open->side[1]},
                                   .first_ns = open->first_ns,
                                   .tcp_flags = {slot->tcp_flags[0], slot->tcp_flags[1]}};
    slot->bits &= (uint8_t)~FLOW_RECORD_EMPTY;
    flows_note(flows->cut_ns, flows_bucket_of(flows, at), open->first_ns + flows->config.active_ns);
    return;
  }
  for (unsigned side = 0; side < 2; side++) {
    counts_add(&totals->side[side], &open->side[side]);
    totals->tcp_flags[side] |= slot->tcp_flags[side];
  }
  totals->first_ns = open->first_ns < totals->first_ns ? open->first_ns : totals->first_ns;
}

/* An empty record is no record: it was cut, and no packet came since. */
static void emit_record(const struct flows *flows, uint32_t at)
{
  const struct flow_slot *slot = &flows->slots[at];
  if (flows->totals == NULL || (slot->bits & FLOW_RECORD_EMPTY) != 0) {
    return;
  }
  const struct flow_totals *totals = &flows->totals[at];
  struct flow_record record = {.first_ns = totals->first_ns, .last_ns = slot->last_ns};
  describe(slot, totals->side, totals->tcp_flags, &record);
  flows->config.ended(flows->config.context, &record);
}

/* Its open counters leave the table with it, and wait under its place in the list. */
static void queue(struct flows *flows, uint32_t at)
{
  const struct flow_slot *slot = &flows->slots[at];
  if (flows->gone_count == flows->gone_max) {
    hand_out_gone(flows);
  }
  flows->active[slot->active_at] = FLOWS_GONE | flows->gone_count;
  flows->gone[flows->gone_count] = *slot;
  if ((slot->tcp & (FLOW_TCP_HANDSHAKE_NOW | FLOW_TCP_RETRANSMITTED_NOW)) != 0) {
    flows->gone_rare[flows->gone_count] = flows->rare[at];
  }
  if ((slot->bits & FLOW_TUNNELLED) != 0) {
    flows->gone_carriers[flows->gone_count] = flows->carriers[at];
  }
  flows->gone_count++;
}

/* The delta waits in the queue until the close, so that deltas come out in the order of their first
 * packets; the record goes at once. */
void flows_retire(struct flows *flows, uint32_t at)
{
  struct flow_slot *slot = &flows->slots[at];
  if ((slot->bits & FLOW_ACTIVE) != 0) {
    queue(flows, at);
    if (flows->totals != NULL) {
      settle(flows, at);
    }
  }
  emit_record(flows, at);
}

/* One flow's part in the interval, and what has to outlive it. */
static void close_flow(struct flows *flows, uint32_t at)
{
  struct flow_slot *slot = &flows->slots[at];
  struct flow_rare *rare = &flows->rare[at];
  hand_out(flows, slot, rare, &flows->carriers[at]);
  flow_tcp_close(slot, rare);
  if (flows->totals != NULL) {
    settle(flows, at);
  }
  slot->bits |= (slot->bits & FLOW_NEW) != 0 ? FLOW_BEGUN : 0;
  slot->bits &= (uint8_t) ~(FLOW_ACTIVE | FLOW_NEW | FLOW_FIRST);
}

/* The lines of what comes soon. Inlined by force: gcc takes a function that only prefetches for one
 * that does nothing, and drops its calls. */
static inline __attribute__((always_inline)) void fetch(const struct flows *flows, uint32_t i)
{
  if (i >= flows->active_count || (flows->active[i] & ~FLOWS_INDEX) != FLOWS_LIVE) {
    return;
  }
  const struct flow_slot *slot = &flows->slots[flows->active[i]];
  __builtin_prefetch(slot, 1);
  __builtin_prefetch(&slot->open);
  if (flows->totals != NULL) {
    __builtin_prefetch(&flows->totals[flows->active[i]], 1);
  }
}

/* Along the list: what it costs follows the active flows, not the table. Returns whether a flow was
 * seen whose last packet is later than now_ns. */
static bool close_active(struct flows *flows, int64_t now_ns)
{
  bool has_future = false;
  for (uint32_t i = 0; i < flows->active_count; i++) {
    uint32_t entry = flows->active[i];
    uint32_t index = entry & FLOWS_INDEX;
    fetch(flows, i + AHEAD);
    if ((entry & ~FLOWS_INDEX) == FLOWS_LIVE) {
      close_flow(flows, index);
      has_future |= flows->slots[index].last_ns > now_ns;
    } else if ((entry & ~FLOWS_INDEX) == FLOWS_GONE) {
      hand_out(flows, &flows->gone[index], &flows->gone_rare[index], &flows->gone_carriers[index]);
    }
  }
  hand_out_group(flows);
  flows->active_count = 0;
  flows->gone_count = 0;
  flows->hole = FLOWS_INDEX;
  return has_future;
}

/* Deltas first: a flow that expires now still has its part in the interval. Where time ran back,
 * what was known of the flows' ends does not hold: all are looked at. */
void flows_close(struct flows *flows, int64_t now_ns)
{
  bool is_back = now_ns < flows->closed_ns;
  is_back |= close_active(flows, now_ns);
  flows->closed_ns = now_ns;
  flows_expire(flows, now_ns, is_back);
}

void flows_finish(struct flows *flows)
{
  (void)close_active(flows, INT64_MAX);
  flows_expire(flows, INT64_MAX, true);
  flows->closed_ns = INT64_MIN;
}
