/* SPDX-License-Identifier: Apache-2.0 */
/* How the memory that the operator allows is shared out, once, at the start (P5): what the process
 * takes in any case, the flow table, the queue of unacknowledged records. Pure. */
#ifndef SENSOR_MEMORY_PLAN_H
#define SENSOR_MEMORY_PLAN_H

#include <stdint.h>

#include "common/err.h"

struct memory_plan {
  uint64_t limit_bytes;
  uint64_t fixed_bytes;     /* program, libraries, windows, sketches */
  uint64_t flow_slot_bytes; /* of one slot, everything that belongs to it */
  uint64_t flow_slots;      /* in: wished for; out: what fits */
  uint64_t queue_bytes;     /* likewise */
};

/* Queue and table are as small as this at least. */
#define MEMORY_PLAN_QUEUE_MIN_BYTES (UINT64_C(4) << 20)
#define MEMORY_PLAN_SLOTS_MIN       1024

/* Makes the plan fit: the queue shrinks first (it is needed only while the collector is away, and
 * what falls out of it is counted), then the table (what it lacks is folded). Returns whether
 * anything was made smaller (0 or 1); ERR_LIMIT with a message when not even the least fits. */
int memory_plan_fit(struct memory_plan *plan, struct err_message *message);

#endif
