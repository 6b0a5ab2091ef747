/* SPDX-License-Identifier: Apache-2.0 */
/* When flows end. Each bucket knows a time before which nothing in it can end: packets only move
 * that later, and what moves it earlier (a new flow, the end of a TCP connection) notes it. So a
 * sweep reads one number a bucket, and looks at the slots of few:
 *
 *   due_ns   | 60.2 | 61.0 | never | 58.7 | ...          now = 60: only the fourth is looked at
 *
 * Likewise for the records that are to be cut.
 *
 * Exact, and cheaper than a timing wheel, whose entries every packet would have to move. */
#include "sensor/flow_tcp.h"
#include "sensor/flows.h"
#include "sensor/flows_table.h"

/* Spans after which old ones are marked as such, see flows_begin_span. */
#define SPANS_KEPT 64

bool flows_has_closed(const struct flow_slot *slot)
{
  return flow_tcp_has_closed(slot);
}

/* A closed flow lingers, so that its last ACKs do not begin a flow of their own. */
int64_t flows_expiry_ns(const struct flows *flows, const struct flow_slot *slot)
{
  bool is_closed = flow_tcp_has_closed(slot);
  return slot->last_ns + (is_closed ? flows->least_timeout_ns : flows->config.idle_ns);
}

/* A flow from the future (the clock was set back) is brought to now, or it would never be idle. */
static void bring_back(struct flows *flows, uint32_t at, int64_t now_ns)
{
  struct flow_slot *slot = &flows->slots[at];
  if (slot->last_ns <= now_ns) {
    return;
  }
  slot->last_ns = now_ns;
  if (flows->totals != NULL && flows->totals[at].first_ns > now_ns) {
    flows->totals[at].first_ns = now_ns;
  }
}

/* Ends what is over in a bucket, and finds out when the rest will be. */
static void expire_bucket(struct flows *flows, uint32_t bucket_at, int64_t now_ns)
{
  struct flow_bucket *bucket = &flows->buckets[bucket_at];
  int64_t due_ns = INT64_MAX;
  uint32_t used = flow_bucket_used(bucket);
  for (; used != 0; used &= used - 1) {
    unsigned i = (unsigned)__builtin_ctz(used);
    uint32_t at = flows_slot_at(flows, bucket_at, i);
    bring_back(flows, at, now_ns);
    int64_t expiry_ns = flows_expiry_ns(flows, &flows->slots[at]);
    if (expiry_ns <= now_ns) {
      flows_retire(flows, at);
      bucket->tag[i] = 0;
      flows->used--;
    } else {
      due_ns = expiry_ns < due_ns ? expiry_ns : due_ns;
    }
  }
  flows->due_ns[bucket_at] = due_ns;
}

/* Cuts the records of a bucket that are too long: each goes out, its flow goes on with an empty
 * one.
 */
static void cut_bucket(struct flows *flows, uint32_t bucket_at, int64_t now_ns)
{
  int64_t next_ns = INT64_MAX;
  uint32_t used = flow_bucket_used(&flows->buckets[bucket_at]);
  for (; used != 0; used &= used - 1) {
    uint32_t at = flows_slot_at(flows, bucket_at, (unsigned)__builtin_ctz(used));
    if ((flows->slots[at].bits & FLOW_RECORD_EMPTY) != 0) {
      continue;
    }
    int64_t cut_ns = flows->totals[at].first_ns + flows->config.active_ns;
    if (cut_ns <= now_ns) {
      flows_retire(flows, at);
      flows->slots[at].bits |= FLOW_RECORD_EMPTY;
    } else {
      next_ns = cut_ns < next_ns ? cut_ns : next_ns;
    }
  }
  flows->cut_ns[bucket_at] = next_ns;
}

void flows_expire(struct flows *flows, int64_t now_ns, bool is_all)
{
  for (uint32_t i = 0; i < flows->bucket_count; i++) {
    if (flows->due_ns[i] <= now_ns || is_all) {
      expire_bucket(flows, i, now_ns);
    }
  }
  for (uint32_t i = 0; flows->totals != NULL && i < flows->bucket_count; i++) {
    if (flows->cut_ns[i] <= now_ns || is_all) {
      cut_bucket(flows, i, now_ns);
    }
  }
}

/* Eight bits of a span wrap after four hours of minutes, and a flow may be idle for longer where
 * time-outs are long: every hour the old ones are set to what is neither now nor soon. */
static void age_spans(struct flows *flows)
{
  for (uint32_t b = 0; b < flows->bucket_count; b++) {
    uint32_t used = flow_bucket_used(&flows->buckets[b]);
    for (; used != 0; used &= used - 1) {
      struct flow_slot *slot =
          &flows->slots[flows_slot_at(flows, b, (unsigned)__builtin_ctz(used))];
      if ((uint8_t)(flows->span - slot->span) >= SPANS_KEPT) {
        slot->span = (uint8_t)(flows->span - 2 * SPANS_KEPT);
      }
    }
  }
}

void flows_begin_span(struct flows *flows)
{
  flows->span++;
  if (flows->span % SPANS_KEPT == 0) {
    age_spans(flows);
  }
}

void flows_clear_marks(struct flows *flows)
{
  for (uint32_t b = 0; b < flows->bucket_count; b++) {
    uint32_t used = flow_bucket_used(&flows->buckets[b]);
    for (; used != 0; used &= used - 1) {
      flows->slots[flows_slot_at(flows, b, (unsigned)__builtin_ctz(used))].mark = 0;
    }
  }
}
