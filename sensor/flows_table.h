/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the flow table, for flows.c and flows_close.c alone. What one packet touches:
 *
 *   bucket (64 bytes): tags  ->  slot (64): key, times  ->  delta: counters of the open interval
 *
 * Deltas lie one behind the other in the order of their first packet, so that the close walks only
 * what was active. Totals of a record (a cold array) are touched when a flow begins and at the
 * close. Within the table counters are kept by side: side 0 is the smaller (address, port); who is
 * the client is one bit, so that correcting it moves nothing. */
#ifndef SENSOR_FLOWS_TABLE_H
#define SENSOR_FLOWS_TABLE_H

#include "sensor/flow_bucket.h"
#include "sensor/flow_key.h"
#include "sensor/flow_record.h"

#define FLOWS_NO_SLOT  UINT32_MAX
#define FLOWS_NO_DELTA UINT32_MAX

/* Bits of a flow. */
enum flow_bits {
  FLOW_CLIENT_IS_1 = 0x01,
  FLOW_GUESSED = 0x02,
  FLOW_FIN_0 = 0x04, /* FIN sent by side 0; shifted by one: by side 1 */
  FLOW_FIN_1 = 0x08,
  FLOW_RST = 0x10,
  FLOW_RECORD_EMPTY = 0x20, /* the record was cut and has no packet yet */
};

/* One line: 40 bytes of key, two times, and who it belongs to. */
struct flow_slot {
  struct flow_key key;
  int64_t first_ns, last_ns; /* of the record */
  uint32_t delta;
  uint16_t span; /* of the last delta */
  uint8_t bits;
};

struct flow_totals {
  struct counts side[2]; /* sent by that side, up to the last close */
  uint8_t tcp_flags[2];
};

/* What stands at a place of the array of deltas:
 *
 *   HOLE   handed out early, free: holes are chained through owner
 *   LIVE   its flow is in the table
 *   GONE   its flow was evicted; the queue remembers who it was */
enum delta_state { DELTA_HOLE, DELTA_LIVE, DELTA_GONE };

/* The counters of one flow in the open interval. */
struct open_delta {
  struct counts side[2];
  int64_t first_ns, last_ns;
  uint32_t owner; /* LIVE: slot; GONE: place in the queue; HOLE: the next hole */
  uint8_t tcp_flags[2];
  uint8_t state;
  bool is_new : 1;
  bool is_first_in_span : 1;
};

/* Who an evicted flow was, for its delta. */
struct gone_flow {
  struct flow_key key;
  uint32_t delta;
  uint8_t bits;
};

/* Sizes follow the capacity and never change; only delta_count, hole and gone_count move within an
 * interval. */
struct flows {
  struct flows_config config;
  uint32_t bucket_count;
  struct flow_bucket *buckets;
  struct flow_slot *slots;
  struct flow_totals *totals;
  struct open_delta *deltas; /* slots + gone_max of them: never too few */
  struct gone_flow *gone;
  uint32_t delta_count, hole, gone_count, gone_max;
  uint16_t span;
  uint64_t used, evicted;
  void *bucket_memory, *slot_memory;
};

/* Ends the flow of a slot: its open delta goes to the queue, its record out. The tag stays. */
void flows_retire(struct flows *flows, uint32_t at);
/* Whether TCP has ended it. */
bool flows_has_closed(const struct flow_slot *slot);
/* When the flow is over if no packet comes. */
int64_t flows_expiry_ns(const struct flows *flows, const struct flow_slot *slot);

#endif
