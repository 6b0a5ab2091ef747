/* SPDX-License-Identifier: Apache-2.0 */
/* Out of the flow table: deltas at the close or before it, records as flows end. */
#include "sensor/flows.h"

#include "sensor/flows_table.h"

/* FIN from both sides, or RST from either. */
bool flows_has_closed(const struct flow_slot *slot)
{
  return (slot->bits & FLOW_RST) != 0 ||
         (slot->bits & (FLOW_FIN_0 | FLOW_FIN_1)) == (FLOW_FIN_0 | FLOW_FIN_1);
}

/* A closed flow lingers, so that its last ACKs do not begin a flow of their own. */
int64_t flows_expiry_ns(const struct flows *flows, const struct flow_slot *slot)
{
  int64_t timeout_ns = flows->config.idle_ns;
  if (flows_has_closed(slot) && flows->config.linger_ns < timeout_ns) {
    timeout_ns = flows->config.linger_ns;
  }
  return slot->last_ns + timeout_ns;
}

/* Turns sides into client and server. */
static void describe(const struct flow_key *key, uint8_t bits, const struct counts side[2],
                     const uint8_t tcp_flags[2], struct flow_record *out)
{
  unsigned client = (bits & FLOW_CLIENT_IS_1) != 0 ? 1 : 0;
  out->client = key->addr[client];
  out->server = key->addr[1 - client];
  out->client_port = key->port[client];
  out->server_port = key->port[1 - client];
  out->protocol = key->protocol;
  out->is_guessed = (bits & FLOW_GUESSED) != 0;
  out->tcp_flags_out = tcp_flags[client];
  out->tcp_flags_in = tcp_flags[1 - client];
  out->out = side[client];
  out->in = side[1 - client];
}

/* One delta to whoever takes deltas. */
static void hand_out(struct flows *flows, const struct flow_key *key, uint8_t bits,
                     const struct open_delta *open)
{
  if (flows->config.delta == NULL) {
    return;
  }
  struct flow_delta delta = {.is_new = open->is_new, .is_first_in_span = open->is_first_in_span};
  describe(key, bits, open->side, open->tcp_flags, &delta.flow);
  delta.flow.first_ns = open->first_ns;
  delta.flow.last_ns = open->last_ns;
  flows->config.delta(flows->config.context, &delta);
}

/* The queue of evicted flows is full before the close. */
static void hand_out_gone(struct flows *flows)
{
  for (uint32_t i = 0; i < flows->gone_count; i++) {
    const struct gone_flow *gone = &flows->gone[i];
    struct open_delta *open = &flows->deltas[gone->delta];
    hand_out(flows, &gone->key, gone->bits, open);
    *open = (struct open_delta){.state = DELTA_HOLE, .owner = flows->hole};
    flows->hole = gone->delta;
  }
  flows->gone_count = 0;
}

/* Adds what is open to the record; the delta itself stays. */
static void settle(struct flow_totals *totals, const struct open_delta *open)
{
  for (unsigned side = 0; side < 2; side++) {
    counts_add(&totals->side[side], &open->side[side]);
    totals->tcp_flags[side] |= open->tcp_flags[side];
  }
}

/* An empty record is no record: it was cut, and no packet came since. */
static void emit_record(struct flows *flows, uint32_t at)
{
  const struct flow_slot *slot = &flows->slots[at];
  const struct flow_totals *totals = &flows->totals[at];
  if (flows->config.ended == NULL || (slot->bits & FLOW_RECORD_EMPTY) != 0) {
    return;
  }
  struct flow_record record = {.first_ns = slot->first_ns, .last_ns = slot->last_ns};
  describe(&slot->key, slot->bits, totals->side, totals->tcp_flags, &record);
  flows->config.ended(flows->config.context, &record);
}

/* The delta waits in the queue until the close, so that deltas come out in the order of their first
 * packets; the record goes at once. */
void flows_retire(struct flows *flows, uint32_t at)
{
  struct flow_slot *slot = &flows->slots[at];
  if (slot->delta != FLOWS_NO_DELTA) {
    /* The queue is bounded: emptied early, nothing is lost but the order. */
    if (flows->gone_count == flows->gone_max) {
      hand_out_gone(flows);
    }
    struct open_delta *open = &flows->deltas[slot->delta];
    settle(&flows->totals[at], open);
    open->state = DELTA_GONE;
    open->owner = flows->gone_count;
    flows->gone[flows->gone_count++] = (struct gone_flow){slot->key, slot->delta, slot->bits};
    slot->delta = FLOWS_NO_DELTA;
  }
  emit_record(flows, at);
}

/* Along the array of deltas: what it costs follows the active flows, not the table. */
static void close_deltas(struct flows *flows)
{
  for (uint32_t i = 0; i < flows->delta_count; i++) {
    struct open_delta *open = &flows->deltas[i];
    if (open->state == DELTA_LIVE) {
      struct flow_slot *slot = &flows->slots[open->owner];
      hand_out(flows, &slot->key, slot->bits, open);
      settle(&flows->totals[open->owner], open);
      slot->delta = FLOWS_NO_DELTA;
    } else if (open->state == DELTA_GONE) {
      const struct gone_flow *gone = &flows->gone[open->owner];
      hand_out(flows, &gone->key, gone->bits, open);
    }
  }
  flows->delta_count = 0;
  flows->gone_count = 0;
  flows->hole = FLOWS_NO_DELTA;
}

/* The record is out; the flow goes on with an empty one. */
static void cut_record(struct flows *flows, uint32_t at)
{
  emit_record(flows, at);
  flows->totals[at] = (struct flow_totals){0};
  flows->slots[at].bits |= FLOW_RECORD_EMPTY;
}

/* A flow from the future (the clock was set back) is brought to now, or it would never be idle. */
static void expire_slot(struct flows *flows, struct flow_bucket *bucket, unsigned i, uint32_t at,
                        int64_t now_ns)
{
  struct flow_slot *slot = &flows->slots[at];
  if (slot->last_ns > now_ns) {
    slot->last_ns = now_ns;
    slot->first_ns = slot->first_ns < now_ns ? slot->first_ns : now_ns;
  }
  if (flows_expiry_ns(flows, slot) <= now_ns) {
    flows_retire(flows, at);
    flow_bucket_set(bucket, i, 0);
    flows->used--;
  } else if ((slot->bits & FLOW_RECORD_EMPTY) == 0 &&
             slot->first_ns <= now_ns - flows->config.active_ns) {
    cut_record(flows, at);
  }
}

/* Walks what is used: the time of a sweep follows the number of flows, but for the tags. */
static void expire(struct flows *flows, int64_t now_ns)
{
  for (uint32_t b = 0; flows->used != 0 && b < flows->bucket_count; b++) {
    struct flow_bucket *bucket = &flows->buckets[b];
    uint32_t taken = ~flow_bucket_match(bucket, 0) & FLOW_BUCKET_MASK;
    for (; taken != 0; taken &= taken - 1) {
      unsigned i = (unsigned)__builtin_ctz(taken);
      expire_slot(flows, bucket, i, b * FLOW_BUCKET_SLOTS + i, now_ns);
    }
  }
}

/* Deltas first: a flow that expires now still has its part in the interval. */
void flows_close(struct flows *flows, int64_t now_ns)
{
  close_deltas(flows);
  expire(flows, now_ns);
}

/* 16 bits wrap after 45 days of minutes; no flow stays idle that long and lives. */
void flows_begin_span(struct flows *flows)
{
  flows->span++;
}

void flows_finish(struct flows *flows)
{
  close_deltas(flows);
  expire(flows, INT64_MAX);
}
