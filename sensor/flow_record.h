/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the flow table, and how a table is set up: records of flows that ended, deltas of an
 * interval, and the configuration with the callbacks that take both. sensor/flows.h says when each
 * is handed out. */
#ifndef SENSOR_FLOW_RECORD_H
#define SENSOR_FLOW_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/counts.h"

/* What a flow was, for --flows-csv and the close. */
struct flow_record {
  struct addr client, server;
  uint16_t client_port, server_port;
  uint8_t protocol;
  bool is_guessed;
  uint8_t tcp_flags_out, tcp_flags_in;
  struct counts out, in;
  int64_t first_ns, last_ns;
};

/* One flow's part in an interval. */
struct flow_delta {
  struct flow_record flow; /* counters and flags of the interval; first, last: of its packets */
  bool is_new;             /* the flow began in it */
  bool is_first_in_span;   /* the flow's first delta since flows_begin_span */
};
typedef void flows_delta_fn(void *context, const struct flow_delta *delta);

struct flows_config {
  size_t capacity;   /* slots; 65,536. Rounded up to whole buckets */
  int64_t idle_ns;   /* 60 s */
  int64_t active_ns; /* 30 min: longest span of one flow record */
  int64_t linger_ns; /* 5 s after FIN/FIN or RST */
  /* Called for each flow record as it ends (may be NULL). */
  void (*ended)(void *context, const struct flow_record *record);
  flows_delta_fn *delta; /* may be NULL */
  void *context;
};

#endif
