/* SPDX-License-Identifier: Apache-2.0 */
/* Top hosts, conversations and ports with each byte counted once (P1). Pure; one object an answer.
 *
 * The rule, told in every answer: within a bucket (a minute, or a second) a direction's bytes come
 * from the sensor of the source when that sensor reported the bucket, else from the sensor of the
 * destination, else (neither end has a sensor: transit, or replay without --local) the largest of
 * the observations. A host that has a sensor is taken from that sensor's own rows alone.
 *
 * Loopback traffic never leaves its host: what several sensors saw of it are different bytes, which
 * are added up.
 *
 * A conversation's `flows` is the most that one record of one sensor showed: at least so many. */
#ifndef COLLECTOR_RANKING_H
#define COLLECTOR_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/summary.h"

struct ranking;

struct ranking_host {
  struct addr addr;
  char sensor[KEYS_NAME_MAX]; /* that owns it; "" = outside */
  struct counts tx, rx;
  uint64_t error_bytes; /* the truth lies at most so much higher */
};

struct ranking_conversation {
  struct summary_conversation row; /* counted once */
  char client_sensor[KEYS_NAME_MAX], server_sensor[KEYS_NAME_MAX];
  uint8_t witnesses; /* sensors that saw it: 1, 2 or more */
};

struct ranking_port {
  uint16_t port;
  uint8_t protocol;
  struct counts out, in; /* to the service, from the service */
  uint64_t flows;
};

struct ranking_totals {
  struct counts counted; /* in all conversation rows, once */
  struct counts folded; /* seen, but in no row: counted by each observer, so at most so much more */
  uint64_t rows_refused;  /* rows beyond max_rows: their counts are in folded */
  uint64_t hosts_refused; /* hosts beyond max_rows, once a bucket: not in the list */
  /* Seen by others in rows of which the sensor that the rule asks has none in that bucket: a
   * packet on the edge of two buckets, a row folded there, a forged source. Not in counted. */
  struct counts unconfirmed;
};

/* The rule in one sentence, for answers. */
extern const char ranking_rule[];

/* At most max_rows distinct conversations and hosts are kept. owner tells which sensor owns an
 * address (NULL: none); it is called with context. NULL without memory. */
struct ranking *ranking_new(size_t max_rows,
                            const char *(*owner)(void *context, const struct addr *a),
                            void *context);
void ranking_free(struct ranking *ranking);
/* All records of one bucket: any number a sensor (its minute record, or its second records), none
 * overlapping. Order does not matter. ERR_NO_MEMORY. */
int ranking_bucket(struct ranking *ranking, const struct summary *const *parts, size_t n);
/* The n largest by bytes both ways, then by key. Return how many were written. */
size_t ranking_hosts(const struct ranking *ranking, struct ranking_host *out, size_t n);
size_t ranking_conversations(const struct ranking *ranking, struct ranking_conversation *out,
                             size_t n);
size_t ranking_ports(const struct ranking *ranking, struct ranking_port *out, size_t n);
struct ranking_totals ranking_totals(const struct ranking *ranking);

#endif
