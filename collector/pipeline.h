/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries -> alerts: walks the way intake -> hosts -> fleet -> detect -> alerts for the reader.
 * Pure: its inputs are HELLO, records, progress, BYE and ticks with their times as arguments; its
 * outputs go out by callback, in an order that depends on the inputs alone (P4). */
#ifndef COLLECTOR_PIPELINE_H
#define COLLECTOR_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/alerts.h"
#include "collector/fleet.h"
#include "collector/hosts.h"
#include "collector/pipeline_sinks.h"
#include "collector/ranking.h"
#include "collector/render.h"
#include "collector/settings.h"
#include "proto/message.h"
#include "proto/summary.h"

struct pipeline;

/* settings are borrowed for the pipeline's life. is_live: event time follows the collector's clock
 * by ticks; else (replay) the newest record's. NULL without memory. */
struct pipeline *pipeline_new(const struct collector_settings *settings, bool is_live,
                              const struct pipeline_sinks *sinks);
void pipeline_free(struct pipeline *pipeline);

/* A sensor says HELLO. ERR_LIMIT: more than sensors_max. */
int pipeline_hello(struct pipeline *pipeline, const struct message_hello *hello, int64_t now_ns);
/* One record; s->sensor, boot_id and sequence are set; s is borrowed. ERR_CONFLICT: applied already
 * (counted as repeated). ERR_NOT_FOUND: no HELLO of that sensor and boot before. */
int pipeline_record(struct pipeline *pipeline, const struct summary *s, bool is_backlog,
                    int64_t now_ns);
/* Replay: the sensor has nothing more before until_ns (an empty span). */
void pipeline_progress(struct pipeline *pipeline, const char *sensor, int64_t until_ns);
/* Time reached now_ns: closes what is due, resolves alerts at their own due times. A jump costs one
 * step, not one a second. Live: after more than 2 s without a tick, or after a restore, the
 * collector was away; until its sensors have caught up, or for 15 s, windows wait for them. */
void pipeline_tick(struct pipeline *pipeline, int64_t now_ns);
void pipeline_bye(struct pipeline *pipeline, const char *sensor, int64_t now_ns);
/* The transport lost the sensor: only its is_connected changes; silence finds out the rest. */
void pipeline_lost(struct pipeline *pipeline, const char *sensor, int64_t now_ns);
/* Closes every open window: the end of a replay. */
void pipeline_finish(struct pipeline *pipeline);

/* The highest sequence of a sensor's boot such that it and all before it are applied and their
 * windows closed: what an ACK may say once the sinks' output is on disk. ERR_NOT_FOUND. */
int pipeline_settled(const struct pipeline *pipeline, const char *sensor, uint64_t *boot_id,
                     uint64_t *sequence);
/* What the store must know of a sensor beside its sequences. ERR_NOT_FOUND. */
int pipeline_identity(const struct pipeline *pipeline, const char *sensor,
                      struct host_identity *out);
/* After a restart: what the store knows. Before the first input. Boots of a sensor oldest first,
 * then what was applied of them behind holes; identities; alerts. */
int pipeline_restore_sensor(struct pipeline *pipeline, const char *sensor, uint64_t boot_id,
                            uint64_t sequence, int64_t last_heard_ns);
int pipeline_restore_beyond(struct pipeline *pipeline, const char *sensor, uint64_t boot_id,
                            uint64_t sequence);
int pipeline_restore_identity(struct pipeline *pipeline, const struct host_identity *identity);
int pipeline_restore_alert(struct pipeline *pipeline, const struct alert *alert);
/* No window that starts before this is closed again as revision 0 (records for it are deltas). */
void pipeline_restore_closed(struct pipeline *pipeline, int64_t newest_closed_ns);

const struct hosts *pipeline_hosts(const struct pipeline *pipeline);
struct pipeline_stats pipeline_stats(const struct pipeline *pipeline);
/* Live alerts (pending and firing), in order of start, then id. Returns how many there are; at most
 * n are written. Borrowed until the next input. */
size_t pipeline_alerts(const struct pipeline *pipeline, const struct alert **out, size_t n);

#endif
