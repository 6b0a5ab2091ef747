/* SPDX-License-Identifier: Apache-2.0 */
/* What a ranking gives: its rows and its totals, by value. How they are counted: ranking.h. */
#ifndef COLLECTOR_RANKING_ROWS_H
#define COLLECTOR_RANKING_ROWS_H

#include <stdint.h>

#include "proto/summary.h"

/* What the host sent and received; tx + rx + error_bytes is the upper bound, tx + rx the
 * lower one. */
struct ranking_host {
  struct addr addr;
  char sensor[KEYS_NAME_MAX]; /* that owns it; "" = outside */
  struct counts tx, rx;
  uint64_t error_bytes; /* the truth lies at most so much higher */
};

/* Client and server are as the sensors told; is_guessed when none of them saw the first packet. */
struct ranking_conversation {
  struct summary_conversation row; /* counted once */
  char client_sensor[KEYS_NAME_MAX], server_sensor[KEYS_NAME_MAX];
  uint8_t witnesses; /* sensors that saw it: 1, 2 or more */
};

/* A service, over all its clients and servers. */
struct ranking_port {
  uint16_t port;
  uint8_t protocol;
  struct counts out, in; /* to the service, from the service */
  uint64_t flows;
};

/* What an answer may be wrong by is part of it (P2): the truth lies between counted and counted +
 * folded + unconfirmed. */
struct ranking_totals {
  struct counts counted; /* in all conversation rows, once */
  struct counts folded; /* seen, but in no row: counted by each observer, so at most so much more */
  uint64_t rows_refused;  /* rows beyond max_rows: their counts are in folded */
  uint64_t hosts_refused; /* hosts beyond max_rows, once a bucket: not in the list */
  /* Seen by others in rows of which the sensor that the rule asks has none in that bucket: a
   * packet on the edge of two buckets, a row folded there, a forged source. Not in counted. */
  struct counts unconfirmed;
};

#endif
