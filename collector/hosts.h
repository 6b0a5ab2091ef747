/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors as the collector knows them: who is alive, gaps, clocks, whose address is whose.
 * Pure.
 *
 * The life of a sensor here: HELLO makes or renews it; each record counts and moves its progress;
 * BYE or a long silence ends it, but it is never forgotten while the collector runs.
 *
 * Punctual sensors are those that a closing window waits for: one that said HELLO or sent a record
 * in time; it leaves the set when it misses two closes in a row, sends backlog or says BYE. In a
 * replay nothing is missed by being slow: a sensor stays in the set until BYE.
 *
 * When the collector itself was away (hosts_slept ... hosts_caught_up), all sensors that were there
 * as it went are punctual, also while they send backlog. */
#ifndef COLLECTOR_HOSTS_H
#define COLLECTOR_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/host.h"
#include "common/addr.h"
#include "proto/message.h"
#include "proto/summary.h"

struct hosts;

size_t hosts_count(const struct hosts *hosts);
/* In order of names: 0 .. count - 1. */
const struct host *hosts_at(const struct hosts *hosts, size_t i);
const struct host *hosts_find(const struct hosts *hosts, const char *name);
/* The only sensor that claims the address (loopback, link-local, multicast, unspecified and
 * addresses claimed twice have none): NULL otherwise. */
const struct host *hosts_owner(const struct hosts *hosts, const struct addr *a);
/* Whether nobody in the fleet can be the address: no claims, and not one that many hosts share. */
bool hosts_is_outside(const struct hosts *hosts, const struct addr *a);
/* Whether the host itself claims the address, alone or not. */
bool hosts_is_own(const struct host *host, const struct addr *a);
/* Grows with each change of any host's addresses. */
uint64_t hosts_generation(const struct hosts *hosts);

/* What only the pipeline calls, which composes the steps. */

/* At most max sensors. NULL without memory. */
struct hosts *hosts_new(size_t max, bool is_live);
void hosts_free(struct hosts *hosts);
/* For changes of plain counters; NULL when unknown. */
struct host *hosts_get(struct hosts *hosts, const char *name);
/* more: addresses of the host beyond what it says itself. ERR_LIMIT, ERR_NO_MEMORY. */
int hosts_hello(struct hosts *hosts, const struct message_hello *hello, const struct addr *more,
                size_t more_count, int64_t now_ns);
/* A sensor that the store remembers: known, not connected. ERR_LIMIT, ERR_NO_MEMORY. */
int hosts_restore(struct hosts *hosts, const char *name, uint64_t boot_id, uint64_t sequence,
                  int64_t last_heard_ns);
/* What else is remembered of it: its addresses (ascending, each once), and how it was. */
int hosts_restore_identity(struct hosts *hosts, const struct host_identity *identity);
void hosts_bye(struct hosts *hosts, struct host *host, int64_t now_ns);
/* The shift for a record, and what it tells of the sensor's clock. 0 in a replay. */
int64_t hosts_place(struct hosts *hosts, struct host *host, const struct summary *s,
                    bool is_backlog, int64_t now_ns, bool *is_clamped);
/* A placed record was applied: sums, interfaces, what it shows of now. */
void hosts_record(struct host *host, const struct summary *placed, bool is_backlog, int64_t now_ns);
/* It was heard of just now. */
void hosts_hear(struct host *host, int64_t now_ns);
/* The sensor has nothing more before until_ns. */
void hosts_pass(struct hosts *hosts, struct host *host, int64_t until_ns);
/* In or out of the punctual set. */
void hosts_set_punctual(struct hosts *hosts, struct host *host, bool is_punctual);

/* The collector was not awake for so long before now_ns; from here on hosts are caught up with: no
 * placement is learnt, who joins with a new boot has passed nothing, and who was there is punctual
 * and counts as expected. Who had been silent for patience_ns was not there. */
void hosts_slept(struct hosts *hosts, int64_t gap_ns, int64_t now_ns, int64_t patience_ns);
/* The ordinary rules again; windows that start before until_ns still count who was there. */
void hosts_caught_up(struct hosts *hosts, int64_t until_ns);
/* Whether all punctual sensors, if there are any, have passed until_ns: looks at each of them. */
bool hosts_have_passed(const struct hosts *hosts, int64_t until_ns);

/* The next close: asks from now on whether all punctual sensors have passed end_ns. */
void hosts_watch(struct hosts *hosts, int64_t end_ns);
bool hosts_all_passed(const struct hosts *hosts);
/* How far the slowest punctual sensor is; INT64_MIN when there is none. */
int64_t hosts_slowest_ns(const struct hosts *hosts);
/* The window that starts at start_ns closes with these parts (in order of names): counts misses,
 * returns how many sensors were expected. */
uint32_t hosts_closed(struct hosts *hosts, int64_t start_ns, const struct summary *const *parts,
                      size_t n);

#endif
