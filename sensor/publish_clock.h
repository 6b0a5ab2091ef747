/* SPDX-License-Identifier: Apache-2.0 */
/* How far the collector's clock is from ours: four timestamps and a minimum-delay filter over the
 * last eight samples (RFC 5905, sections 8 and 10). Pure. */
#ifndef SENSOR_PUBLISH_CLOCK_H
#define SENSOR_PUBLISH_CLOCK_H

#include <stdint.h>

#define PUBLISH_CLOCK_SAMPLES 8

struct publish_clock {
  struct publish_clock_sample {
    int64_t offset_ns; /* collector's clock minus ours */
    int64_t delay_ns;  /* round trip without the collector's own time */
    int64_t at_ns;
  } sample[PUBLISH_CLOCK_SAMPLES];
  unsigned count, next;
};

void publish_clock_clear(struct publish_clock *clock);
/* t1 sent (ours), t2 received, t3 sent (theirs), t4 received (ours); each within
 * SUMMARY_TIME_MAX_NS of 0. A sample whose delay is negative cannot be and is left out. */
void publish_clock_add(struct publish_clock *clock, int64_t t1, int64_t t2, int64_t t3, int64_t t4);
/* The offset of the sample with the least delay, and its uncertainty either way: half the delay
 * plus 15 ppm of its age, at least 1 ns. Both 0 without a sample. */
void publish_clock_read(const struct publish_clock *clock, int64_t now_ns, int64_t *offset_ns,
                        int64_t *uncertainty_ns);

#endif
