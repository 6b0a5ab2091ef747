/* SPDX-License-Identifier: Apache-2.0 */
/* A meter with everything that it hands out kept, for the tests of the meter. */
#ifndef TESTS_UNIT_SAMPLE_METER_H
#define TESTS_UNIT_SAMPLE_METER_H

#include <stdlib.h>

#include "sensor/meter.h"
#include "tests/unit/sample_packets.h"

#define SAMPLE_SUMMARIES_MAX 20000

struct heard {
  struct summary *summary[SAMPLE_SUMMARIES_MAX];
  size_t count;
  size_t records;
  struct counts record_sum;
};

static inline void hear_summary(void *context, struct summary *s)
{
  struct heard *heard = context;
  assert_true(heard->count < SAMPLE_SUMMARIES_MAX);
  heard->summary[heard->count] = summary_clone(s);
  assert_non_null(heard->summary[heard->count]);
  heard->count++;
}

static inline void hear_record(void *context, const struct flow_record *record)
{
  struct heard *heard = context;
  heard->records++;
  counts_add(&heard->record_sum, &record->out);
  counts_add(&heard->record_sum, &record->in);
}

static inline struct heard *heard_new(void)
{
  struct heard *heard = calloc(1, sizeof *heard);
  assert_non_null(heard);
  return heard;
}

static inline void heard_free(struct heard *heard)
{
  for (size_t i = 0; i < heard->count; i++) {
    summary_free(heard->summary[i]);
  }
  free(heard);
}

/* With one interface, "eth0". */
static inline struct meter *sample_meter(const struct meter_config *config, struct heard *heard)
{
  struct meter_sinks sinks = {.context = heard, .summary = hear_summary, .flow = hear_record};
  struct meter *meter = meter_new(config, &sinks);
  assert_non_null(meter);
  assert_int_equal(meter_add_interface(meter, "eth0"), 0);
  return meter;
}

/* The usual one: the defaults but for a small table. */
static inline struct meter *sample_meter_of(bool is_dense, struct heard *heard)
{
  struct meter_config config;
  meter_config_init(&config);
  config.flow_slots = 512;
  config.is_dense = is_dense;
  return sample_meter(&config, heard);
}

/* A TCP packet of 100 IP bytes, 114 on the wire. */
static inline void sample_send(struct meter *meter, int64_t time_ns, struct sample_end from,
                               struct sample_end to)
{
  uint8_t bytes[SAMPLE_FRAME_MAX];
  struct frame frame = sample_tcp_frame(time_ns, from, to, PACKET_TCP_ACK, 100, bytes);
  meter_frame(meter, &frame);
}

#endif
