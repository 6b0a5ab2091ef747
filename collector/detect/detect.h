/* SPDX-License-Identifier: Apache-2.0 */
/* The one face of all detectors, and their table. Pure.
 *
 * A detector sees each closed window once, in order, and ticks in between; it raises findings by
 * callback, again in each window (or tick) in which the condition still holds. It uses event time
 * only, and nothing whose order depends on a hash or on arrival (P4). */
#ifndef COLLECTOR_DETECT_DETECT_H
#define COLLECTOR_DETECT_DETECT_H

#include <stddef.h>

#include "collector/finding.h"
#include "collector/fleet.h"
#include "collector/hosts.h"
#include "collector/settings.h"
#include "common/clock.h"

/* Ticks come less often than windows close: what a tick finds is held at least so long. */
#define DETECT_TICK_HOLD_NS (2 * NS_PER_S)

struct detect_sink {
  void *context;
  void (*raise)(void *context, const struct finding *finding);
};

struct detector {
  const char *name;
  const char *help;
  /* The detector's state for these settings (borrowed for its life); NULL without memory. */
  void *(*start)(const struct collector_settings *settings);
  void (*stop)(void *state);
  /* A closed window (revision 0). May be NULL. */
  void (*window)(void *state, const struct fleet_window *window, const struct detect_sink *sink);
  /* Event time reached now_ns; hosts tells who is alive. May be NULL. */
  void (*tick)(void *state, int64_t now_ns, const struct hosts *hosts,
               const struct detect_sink *sink);
};

extern const struct detector detect_threshold;
extern const struct detector detect_newcomer;
extern const struct detector detect_packet_size;
extern const struct detector detect_silence;
extern const struct detector detect_clock;

/* All of them, NULL-terminated. */
extern const struct detector *const detect_table[];

/* The running detectors: a state for each row of the table. */
struct detect;

/* settings are borrowed for its life. NULL without memory. */
struct detect *detect_new(const struct collector_settings *settings);
void detect_free(struct detect *detect);
void detect_window(struct detect *detect, const struct fleet_window *window,
                   const struct detect_sink *sink);
/* The hold-down of a finding that ticks raise. */
int64_t detect_tick_hold_ns(const struct collector_settings *settings);
void detect_tick(struct detect *detect, int64_t now_ns, const struct hosts *hosts,
                 const struct detect_sink *sink);

#endif
