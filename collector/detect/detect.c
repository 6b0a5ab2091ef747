/* SPDX-License-Identifier: Apache-2.0 */
/* The table of detectors, and the round over it. A detector that is in no table does not run: a new
 * one is a line here, and nothing else in this file. */
#include "collector/detect/detect.h"

#include <stdlib.h>

const struct detector *const detect_table[] = {
    &detect_threshold, &detect_newcomer, &detect_packet_size, &detect_silence, &detect_clock, NULL,
};

/* Without the NULL at the end. */
#define DETECTORS (sizeof(detect_table) / sizeof(detect_table[0]) - 1)

/* One state a row, in the order of the table. */
struct detect {
  void *state[DETECTORS];
};

/* Each detector gets the settings and makes of them what it needs; none knows another. */
struct detect *detect_new(const struct collector_settings *settings)
{
  struct detect *detect = calloc(1, sizeof(*detect));
  if (detect == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < DETECTORS; i++) {
    detect->state[i] = detect_table[i]->start(settings);
    if (detect->state[i] == NULL) {
      detect_free(detect);
      return NULL;
    }
  }
  return detect;
}

/* Also half made: a detector that found no memory left the rest at NULL. */
void detect_free(struct detect *detect)
{
  if (detect == NULL) {
    return;
  }
  for (size_t i = 0; i < DETECTORS; i++) {
    if (detect->state[i] != NULL) {
      detect_table[i]->stop(detect->state[i]);
    }
  }
  free(detect);
}

/* In the table's order, which is part of what a run gives. */
void detect_window(struct detect *detect, const struct fleet_window *window,
                   const struct detect_sink *sink)
{
  for (size_t i = 0; i < DETECTORS; i++) {
    if (detect_table[i]->window != NULL) {
      detect_table[i]->window(detect->state[i], window, sink);
    }
  }
}

/* In the same order; a detector that has no tick is passed over. */
void detect_tick(struct detect *detect, int64_t now_ns, const struct hosts *hosts,
                 const struct detect_sink *sink)
{
  for (size_t i = 0; i < DETECTORS; i++) {
    if (detect_table[i]->tick != NULL) {
      detect_table[i]->tick(detect->state[i], now_ns, hosts, sink);
    }
  }
}

/* Otherwise a finding that every tick renews would resolve between two of them. */
int64_t detect_tick_hold_ns(const struct collector_settings *settings)
{
  int64_t hold = settings->alert_hold_ns;
  return hold > DETECT_TICK_HOLD_NS ? hold : DETECT_TICK_HOLD_NS;
}
