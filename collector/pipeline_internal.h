/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's state, shared by pipeline.c (the way of a record) and pipeline_close.c (time: when
 * windows close, and what is done when the collector itself was away). */
#ifndef COLLECTOR_PIPELINE_INTERNAL_H
#define COLLECTOR_PIPELINE_INTERNAL_H

#include "collector/detect/detect.h"
#include "collector/intake.h"
#include "collector/pipeline_sinks.h"

struct pipeline {
  const struct collector_settings *settings;
  bool is_live;
  struct pipeline_sinks sinks;
  struct hosts *hosts;
  struct intake *intake;
  struct fleet *fleet;
  struct detect *detect;
  struct alerts *alerts;
  size_t windows_max; /* open ones, unless it is catching up */
  int64_t event_ns;   /* INT64_MIN before the first input */
  int64_t seen_ns;    /* when what detectors find now was seen */
  int64_t ticked_ns;  /* the newest tick: the collector was awake; INT64_MIN before */
  bool is_restored;   /* has an earlier life, and got no input yet */
  bool is_catching_up;
  int64_t awake_left_ns; /* of the time to catch up in */
  struct pipeline_stats stats;
};

/* How many windows may ever be open, so that memory for them is taken once. */
size_t pipeline_windows_max(const struct pipeline *pipeline);
/* Before each input of a live pipeline: was the collector away until now? */
void pipeline_wake(struct pipeline *pipeline, int64_t now_ns);
/* Event time never runs back. */
void pipeline_reach(struct pipeline *pipeline, int64_t now_ns);
/* Closes what is due. */
void pipeline_close_due(struct pipeline *pipeline);

#endif
