/* SPDX-License-Identifier: Apache-2.0 */
/* The clock filter: of eight samples the one with the least delay is the least disturbed. */
#include "sensor/publish_clock.h"

#include <stddef.h>
#include <string.h>

/* RFC 5905's PHI, the frequency tolerance of an ordinary clock: 15 ns a millisecond. */
#define DRIFT_NS      15
#define DRIFT_EACH_NS 1000000

/* Samples from before a step of the clock measured another clock. */
void publish_clock_clear(struct publish_clock *clock)
{
  memset(clock, 0, sizeof(*clock));
}

/*   ours    t1 ------.                .----> t4        offset = ((t2 - t1) + (t3 - t4)) / 2
 *   theirs            `-> t2 ... t3 -'                 delay  =  (t4 - t1) - (t3 - t2) */
void publish_clock_add(struct publish_clock *clock, int64_t t1, int64_t t2, int64_t t3, int64_t t4)
{
  int64_t delay = (t4 - t1) - (t3 - t2);
  /* One of the clocks was set in between: the sample says nothing. */
  if (delay < 0 || t3 < t2) {
    return;
  }
  /* Halved one by one: their sum may not fit. */
  int64_t there = t2 - t1;
  int64_t back = t3 - t4;
  int64_t offset = there / 2 + back / 2 + (there % 2 + back % 2) / 2;
  clock->sample[clock->next] = (struct publish_clock_sample){offset, delay, t4};
  clock->next = (clock->next + 1) % PUBLISH_CLOCK_SAMPLES;
  if (clock->count < PUBLISH_CLOCK_SAMPLES) {
    clock->count++;
  }
}

/* The truth lies within half of the delay, wherever the delay arose; the clocks drift apart while
 * the sample ages. */
void publish_clock_read(const struct publish_clock *clock, int64_t now_ns, int64_t *offset_ns,
                        int64_t *uncertainty_ns)
{
  const struct publish_clock_sample *best = NULL;
  for (unsigned i = 0; i < clock->count; i++) {
    if (best == NULL || clock->sample[i].delay_ns < best->delay_ns) {
      best = &clock->sample[i];
    }
  }
  if (best == NULL) {
    *offset_ns = 0;
    *uncertainty_ns = 0;
    return;
  }
  int64_t age = now_ns > best->at_ns ? now_ns - best->at_ns : 0;
  *offset_ns = best->offset_ns;
  *uncertainty_ns = best->delay_ns / 2 + age / DRIFT_EACH_NS * DRIFT_NS + 1;
}
