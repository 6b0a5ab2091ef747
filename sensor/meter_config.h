/* SPDX-License-Identifier: Apache-2.0 */
/* How a meter is set up: its sizes, and who takes what it hands out. */
#ifndef SENSOR_METER_CONFIG_H
#define SENSOR_METER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"
#include "sensor/flow_record.h"

#define METER_OWN_MAX        16
#define METER_MTU_DEFAULT    1500 /* of an interface whose MTU is not known */
#define METER_FLEETS_WAITING 2

/* Sizes are fixed for the meter's life; the defaults stand behind each. */
struct meter_config {
  size_t flow_slots;       /* 65,536 */
  int64_t flow_idle_ns;    /* 60 s */
  int64_t flow_active_ns;  /* 30 min */
  size_t second_rows;      /* conversations in a second record: 32 */
  size_t minute_rows;      /* in a minute record: 1,024 */
  size_t talkers;          /* in a second record: 32; in a minute's twice as many */
  size_t first_seen_slots; /* addresses remembered: 16,384 */
  bool is_dense;
};
struct meter_sinks {
  void *context;
  /* A closed interval; s and its arrays are borrowed. sensor, boot_id, sequence, clock_offset_ns,
   * clock_uncertainty_ns, cpu_ns, resident_bytes and ledger.queue_evicted are left zero: they are
   * the caller's. clock_epoch is the meter's. */
  void (*summary)(void *context, struct summary *s);
  /* Each flow record as it ends; may be NULL. */
  void (*flow)(void *context, const struct flow_record *record);
};

#endif
