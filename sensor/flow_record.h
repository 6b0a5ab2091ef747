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

/* What TCP did within one interval, on one flow. An attempt is a SYN that began the flow; it is
 * half open at the close of the interval while no answer (SYN+ACK or RST) has come: a provisional
 * failure, which the interval of a later answer withdraws. */
struct flow_tcp {
  bool is_attempt;       /* in this interval */
  bool is_answered;      /* by a SYN+ACK, in this interval */
  bool is_refused;       /* by a RST to an attempt without answer, in this interval */
  bool is_half_open;     /* attempt of this interval, no answer at its close */
  bool is_withdrawn;     /* half open at an earlier close, answered or refused in this one */
  bool is_reset;         /* a RST on an answered flow, in this interval */
  uint32_t handshake_us; /* SYN to the ACK of the SYN+ACK, as far as seen from here; 0: not in
                            this interval. Of a retransmitted SYN it is not measured (Karn) */
  uint32_t retransmitted_out, retransmitted_in; /* segments with payload or SYN, FIN at or below
                                                   what was sent before; reordering counts too */
};

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
  bool has_begun_in_span;  /* an earlier delta of the span was is_new */
  struct flow_tcp tcp;     /* all zero when the flow is not TCP */
  uint8_t tunnel;          /* enum packet_tunnel of the flow's first packet */
  struct addr outer_client, outer_server; /* of its carrier; as the flow's own when it is plain */
};
/* Deltas come in groups, so that the taker can fetch what belongs to several at once. Borrowed. */
typedef void flows_delta_fn(void *context, const struct flow_delta *deltas, size_t count);

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
