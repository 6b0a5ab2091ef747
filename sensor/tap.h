/* SPDX-License-Identifier: Apache-2.0 */
/* One observation point: a live capture on an interface, followed by its name through going and
 * coming, with the kernel's counters of the device beside what was captured.
 *
 *   ring -> readable -> tap_read -> meter_frame            as packets come
 *   rtnetlink, libpcap's counters -> tap_sample -> meter_interface     once a second
 *
 * The counters' base is read right after the capture is open; frames with an earlier time stamp are
 * left out, so that kernel = captured + own + dropped can be asked for. While the capture is away
 * and the device is not, the kernel's counters go on and uncounted_ns says why they differ. */
#ifndef SENSOR_TAP_H
#define SENSOR_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/run/loop.h"
#include "sensor/capture.h"
#include "sensor/interfaces.h"
#include "sensor/meter.h"
#include "sensor/settings.h"

struct tap {
  struct loop *loop;
  struct meter *meter;
  const struct sensor_settings *settings;
  char name[SUMMARY_INTERFACE_NAME_MAX]; /* "" : a free place */
  bool is_named;                         /* by the settings; else found by `auto` */
  unsigned meter_index;
  struct capture *capture; /* NULL while the interface is away */
  struct loop_watch *watch;
  int device;       /* the kernel's index of the device that `last` belongs to; 0: none yet */
  int64_t since_ns; /* when `last` was first read; frames before it do not count */
  struct summary_kernel last;
  struct capture_drops last_drops;
  int64_t away_since_ns; /* monotonic; 0 while captured */
  int64_t gone_since_ns; /* monotonic; 0 while the device is there */
};

/* Opens the capture. message names the interface. */
int tap_open(struct tap *tap, struct err_message *message);
/* Ends the capture; the tap stays and can be opened again. */
void tap_close(struct tap *tap);
/* Reads at most a budget of frames; true when there may be more. A capture that fails is closed. */
bool tap_read(struct tap *tap);
/* Begins to compare with the device's counters as they are now, if it is not the one known. */
void tap_base(struct tap *tap, const struct interface_state *link);
/* Hands the meter what the kernel and libpcap counted since the last time. link NULL: the device is
 * gone or has another name, and a capture that still hangs on it ends. */
void tap_sample(struct tap *tap, const struct interface_state *link);

#endif
