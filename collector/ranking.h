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
 * A conversation's `flows` is the most that one record of one sensor showed: at least so many.
 *
 *   bucket's records -> ranking_count.c: rows -> groups (conversations, once) -> totals, ports
 *                    -> ranking_hosts.c: rows, talkers and groups -> hosts with their error
 *   ranking.c: memory, and the lists in order of size
 *
 * A ranking lives for one answer: made, filled bucket by bucket, listed, freed. */
#ifndef COLLECTOR_RANKING_H
#define COLLECTOR_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ranking_rows.h"
#include "proto/summary.h"

struct ranking;

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
