/* SPDX-License-Identifier: Apache-2.0 */
/* The table of taps, and how it is kept true while devices come, go and are renamed. For
 * sensor_capture.c and sensor_capture_follow.c alone. */
#ifndef SENSOR_SENSOR_CAPTURE_TABLE_H
#define SENSOR_SENSOR_CAPTURE_TABLE_H

#include "sensor/interfaces.h"
#include "sensor/tap.h"

struct taps {
  struct loop *loop;
  struct meter *meter;
  const struct sensor_settings *settings;
  struct tap_boundary boundary;
  bool is_auto;
  unsigned sample_shift;
  bool has_warned;   /* once of too many interfaces, not every second */
  uint64_t shape;    /* of the list that was chosen from last */
  int64_t chosen_ns; /* monotonic; when that was */
  int watch_fd;      /* wakes when a link changes; -1: none */
  struct loop_watch *watch;
  struct loop_timer *soon;
  size_t count; /* places in use, free ones among them */
  struct tap tap[SUMMARY_INTERFACES_MAX];
  size_t list_count;
  struct interface_state list[INTERFACES_MAX]; /* the devices, as last listed */
};

/* Lists the devices anew; none when the kernel will not say (an error with its message). */
int taps_list(struct taps *taps, struct err_message *message);
/* The device of a name, as last listed; NULL: there is none. */
const struct interface_state *taps_find(const struct taps *taps, const char *name);
/* Makes a tap, not yet open, unless the name has one. ERR_LIMIT: no room. */
int taps_add(struct taps *taps, const char *name, enum tap_origin origin);
/* A tap for every device that `auto` and `capture.ports` choose from the list, and none for those
 * that they no longer choose, when the list has changed since. */
void taps_choose(struct taps *taps);
/* Opens what is there and not open. Returns how many were opened. */
size_t taps_open(struct taps *taps);
/* Taps of `auto` whose device has another name now take that name, and go on as they are. */
void taps_rename(struct taps *taps);

#endif
