/* SPDX-License-Identifier: Apache-2.0 */
/* Two steps of giving way, each down to its least. */
#include "sensor/memory_plan.h"

#include <stdbool.h>

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/*   limit |<- fixed ->|<---- table ---->|<--- queue --->|
 *                                     ^ moves second   ^ moves first */
int memory_plan_fit(struct memory_plan *plan, struct err_message *message)
{
  const unsigned mib = 1U << 20;
  uint64_t slots_min = least(plan->flow_slots, MEMORY_PLAN_SLOTS_MIN);
  uint64_t queue_min = least(plan->queue_bytes, MEMORY_PLAN_QUEUE_MIN_BYTES);
  uint64_t needed = plan->fixed_bytes + slots_min * plan->flow_slot_bytes + queue_min;
  if (needed > plan->limit_bytes) {
    return err_set(message, ERR_LIMIT,
                   "limits.memory: %llu MiB: expected %llu MiB at least: %llu for the program, the "
                   "rest for a table of %llu flows and a queue of %llu MiB",
                   (unsigned long long)(plan->limit_bytes / mib),
                   (unsigned long long)((needed + mib - 1) / mib),
                   (unsigned long long)(plan->fixed_bytes / mib), (unsigned long long)slots_min,
                   (unsigned long long)(queue_min / mib));
  }
  uint64_t room = plan->limit_bytes - plan->fixed_bytes;
  uint64_t slots = least(plan->flow_slots, (room - queue_min) / plan->flow_slot_bytes);
  uint64_t queue = least(plan->queue_bytes, room - slots * plan->flow_slot_bytes);
  bool is_smaller = slots < plan->flow_slots || queue < plan->queue_bytes;
  plan->flow_slots = slots;
  plan->queue_bytes = queue;
  return is_smaller ? 1 : 0;
}
