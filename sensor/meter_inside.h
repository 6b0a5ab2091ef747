/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the meter, for meter*.c alone.
 *
 *   meter.c        life, configuration, and the frame's way to the batch
 *   meter_batch.c  the batch's way through direction, window and flows
 *   meter_fleet.c  which fleet a second is judged by
 *   meter_time.c   which second a frame belongs to; seconds and minutes that close
 *
 *          minute_ns                        second_ns   newest_ns
 *    --------|------------ ... ---------------|------------x----|-----> time
 *            |  minute_parts seconds are out  |  the open second |
 *                                             batch: its frames that were not counted yet */
#ifndef SENSOR_METER_INSIDE_H
#define SENSOR_METER_INSIDE_H

#include "common/clock.h"
#include "sensor/direction.h"
#include "sensor/first_seen.h"
#include "sensor/fleet_peers.h"
#include "sensor/flows.h"
#include "sensor/fragments.h"
#include "sensor/interface_rows.h"
#include "sensor/meter_config.h"
#include "sensor/window.h"

/* Frames decoded and counted together: enough for memory to come in time, few enough that all stay
 * in the first cache. */
#define METER_BATCH 32

/* The sampling of an interval: of its worst moment. */
struct meter_sampling {
  unsigned now, second, minute; /* shifts */
};

/* Sets, all owned, and what the seconds of the open minute said. */
struct meter_fleet {
  struct fleet_peers *now; /* NULL: none yet */
  size_t waiting_count;
  struct fleet_peers *waiting[METER_FLEETS_WAITING]; /* by their times */
  int64_t from_ns[METER_FLEETS_WAITING];
  uint64_t version; /* of the second before */
  bool lacks;       /* a second had none */
  bool is_mixed;    /* their versions differed */
};

struct meter {
  struct meter_config config;
  struct meter_sinks sinks;
  struct direction *direction;
  struct flows *flows;
  struct fragments *fragments;
  struct window *second, *minute;
  struct first_seen *first_seen;
  struct interface_rows *interfaces;

  bool is_open;      /* a time was seen; all below is valid */
  int64_t newest_ns; /* also behind meter_finish */
  int64_t second_ns; /* start of the open second */
  int64_t minute_ns;
  size_t minute_parts; /* seconds handed out of the open minute */
  uint32_t clock_epoch;
  uint64_t evicted; /* flows, up to the last close */
  struct meter_sampling sampling;
  struct meter_fleet fleet;
  uint32_t mtu_bytes[SUMMARY_INTERFACES_MAX];
  struct summary out;

  size_t batch_count; /* of the open second, in the order they came */
  struct packet batch[METER_BATCH];
  struct flow_place place[METER_BATCH];
};

/* Counts what waits in the batch. */
void meter_flush(struct meter *meter);
/* Counts one packet into the open second: what fragments_take lets go. */
void meter_count_released(void *context, const struct packet *packet);

/* At the start of each second: takes the sets into use whose time has come. */
void meter_fleet_turn(struct meter *meter);
/* What a record says of the fleet that it was split by; a second in the order that they close,
 * before it counts in minute_parts. */
void meter_fleet_tell_second(struct meter *meter, struct summary *out);
void meter_fleet_tell_minute(struct meter *meter, struct summary *out);
void meter_fleet_fini(struct meter *meter);

/* The time to count a frame at; closes the seconds before it. */
int64_t meter_place_in_time(struct meter *meter, int64_t frame_ns);
/* Closes the open second, and with it the minute when it was the last; the next one begins at
 * next_ns. */
void meter_close_second(struct meter *meter, int64_t next_ns);
void meter_close_minute(struct meter *meter, int64_t next_ns);

#endif
