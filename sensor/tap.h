/* SPDX-License-Identifier: Apache-2.0 */
/* One observation point: a live capture on an interface, followed through going, coming and
 * renaming, with the kernel's counters of the device beside what was captured.
 *
 *   ring -> readable -> tap_read -> meter_frame            as packets come
 *   rtnetlink, libpcap's counters -> tap_sample -> meter_interface     once a second
 *
 * The counters' base is read right after the capture is open; frames with an earlier time stamp are
 * left out, so that kernel = captured + own + dropped can be asked for. While the capture is away
 * and the device is not, the kernel's counters go on and uncounted_ns says why they differ.
 *
 * A port (of a container or guest, `capture.ports`) is a point of its own: its packets are counted
 * in its interface's row and nowhere else, since the devices that lead out tell them as well. */
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

/* Why a tap is there. */
enum tap_origin {
  TAP_NAMED, /* by the settings: waited for when it is gone */
  TAP_AUTO,  /* a way out that `auto` found */
  TAP_PORT,  /* found by `capture.ports` */
};

/* The end of the second, for all taps: a frame from behind it closes the second in the meter, so
 * the counters must be read before it is handed on. */
struct tap_boundary {
  int64_t end_ns; /* wall clock */
  /* Called before the first frame at or behind end_ns; moves end_ns on. Must not close a tap. */
  void (*passed)(void *context);
  void *context;
};

struct tap {
  struct loop *loop;
  const struct tap_boundary *boundary;
  struct meter *meter;
  const struct sensor_settings *settings;
  unsigned sample_shift;                 /* wanted of the capture, and of each that is opened */
  char name[SUMMARY_INTERFACE_NAME_MAX]; /* "" : a free place */
  enum tap_origin origin;
  unsigned meter_index;
  uint32_t mtu;            /* as the meter was told; 0: not yet */
  uint32_t speed_mbit;     /* of the device, when it was last asked; 0: not known */
  int64_t speed_asked_ns;  /* monotonic; 0: ask at the next sample */
  bool was_up;             /* then */
  struct capture *capture; /* NULL while the interface is away */
  struct loop_watch *watch;
  int device;       /* the kernel's index of the device that was opened last; 0: none yet */
  bool has_base;    /* `last` belongs to that device */
  int64_t since_ns; /* when `last` was first read; frames before it do not count */
  struct summary_kernel last;
  uint64_t last_missed;
  struct capture_drops last_drops;
  uint64_t closed_dropped; /* by a ring that is closed since, and not told yet */
  int64_t away_since_ns;   /* monotonic; 0 while captured */
  int64_t gone_since_ns;   /* monotonic; 0 while the device is there */
};

/* Opens the capture. message names the interface. */
int tap_open(struct tap *tap, struct err_message *message);
/* Ends the capture; the tap stays and can be opened again. */
void tap_close(struct tap *tap);
/* Reads at most a budget of frames; true when there may be more. A capture that fails is closed. */
bool tap_read(struct tap *tap);
/* Reads what the ring holds now. */
void tap_drain(struct tap *tap);
/* Keeps one address pair in 2^shift, now and whenever the capture is opened again. ERR_UNSUPPORTED
 * and others of capture_set_sampling: it goes on as it was. */
int tap_set_sampling(struct tap *tap, unsigned shift);
/* Begins to compare with the counters of the device that is captured, as they are now, if that was
 * not begun yet. */
void tap_base(struct tap *tap, const struct interface_state *link);
/* Hands the meter what the kernel and libpcap counted since the last time. link: the device of the
 * tap's name; NULL: there is none. A capture that hangs on another device than link ends. */
void tap_sample(struct tap *tap, const struct interface_state *link);
/* Whether tap_sample would end the capture: it hangs on another device, or on none. */
bool tap_is_lost(const struct tap *tap, const struct interface_state *link);

#endif
