/* SPDX-License-Identifier: Apache-2.0 */
/* Live captures on the loop, and the kernel's counters of their interfaces.
 *
 *   ring -> on_readable -> capture_read -> on_frame -> meter_frame
 *   rtnetlink, libpcap's counters -> taps_sample -> meter_interface     once a second */
#include "sensor/sensor_capture.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "sensor/capture.h"
#include "sensor/interfaces.h"

/* Frames a turn of the loop: one busy interface must not starve the others, nor the timers. */
#define READ_BUDGET 256

/* One interface, from the first time that it was chosen: it keeps its place and its row while away.
 */
struct tap {
  struct taps *taps;
  char name[SUMMARY_INTERFACE_NAME_MAX];
  unsigned meter_index;
  struct capture *capture; /* NULL while the interface is away */
  struct loop_watch *watch;
  bool has_last;
  struct summary_kernel last;
  struct capture_drops last_drops;
  int64_t away_since_ns; /* monotonic; 0 while captured */
  bool is_up;
};

/* list is room for one dump of all links, kept here as it is too large for the stack. */
struct taps {
  struct loop *loop;
  struct meter *meter;
  const struct sensor_settings *settings;
  bool has_warned; /* once of too many interfaces, not every second */
  size_t count;
  struct tap tap[SUMMARY_INTERFACES_MAX];
  struct interface_state list[INTERFACES_MAX];
};

/* libpcap's frame to the meter; the index that it bears was given at the open. */
static void on_frame(void *context, const struct frame *frame)
{
  struct taps *taps = context;
  meter_frame(taps->meter, frame);
}

/* has_last goes too: a device that comes again may count from 0. */
static void tap_close(struct tap *tap)
{
  loop_watch_free(tap->watch);
  capture_close(tap->capture);
  tap->watch = NULL;
  tap->capture = NULL;
  tap->has_last = false;
  tap->away_since_ns = clock_monotonic_ns();
}

/* Reads until the ring is empty or the budget is spent; true when there may be more. */
static bool tap_read(struct tap *tap)
{
  struct err_message message;
  int n = capture_read(tap->capture, READ_BUDGET, (uint16_t)tap->meter_index, on_frame, tap->taps,
                       &message);
  if (n < 0) {
    log_warning("interface %s: capture ended: %s", tap->name, message.text);
    tap_close(tap);
    return false;
  }
  return n == READ_BUDGET;
}

/* The watch may be gone after tap_read: it is asked only when there is more to read. */
static void on_readable(void *context, int fd, unsigned what)
{
  (void)fd;
  (void)what;
  struct tap *tap = context;
  if (tap_read(tap)) {
    loop_watch_again(tap->watch);
  }
}

/* Named interfaces and found ones alike; on failure the tap stays away, as it was. */
static int tap_open(struct tap *tap, struct err_message *message)
{
  const struct sensor_settings *settings = tap->taps->settings;
  struct capture_options options = {
      .snap_bytes = (uint32_t)settings->capture_snap_bytes,
      .buffer_bytes = (uint32_t)settings->capture_buffer_bytes,
      .timeout_ms = 20,
      .is_promiscuous = settings->capture_promiscuous,
      .filter = settings->capture_filter[0] != '\0' ? settings->capture_filter : NULL,
  };
  int err = capture_open_live(tap->name, &options, &tap->capture, message);
  if (err != 0) {
    return err;
  }
  tap->watch =
      loop_watch_new(tap->taps->loop, capture_fd(tap->capture), LOOP_READ, on_readable, tap);
  if (tap->watch == NULL) {
    capture_close(tap->capture);
    tap->capture = NULL;
    return err_set(message, ERR_NO_MEMORY, "interface %s: out of memory", tap->name);
  }
  tap->last_drops = (struct capture_drops){0, 0};
  log_info("interface %s: capturing (%s)", tap->name, capture_link_name(tap->capture));
  return 0;
}

/* A name known already keeps its tap. */
static struct tap *taps_add(struct taps *taps, const char *name)
{
  for (size_t i = 0; i < taps->count; i++) {
    if (strcmp(taps->tap[i].name, name) == 0) {
      return &taps->tap[i];
    }
  }
  /* The meter's row and the tap are made together: both lists have the same bound. */
  int index = taps->count < SUMMARY_INTERFACES_MAX ? meter_add_interface(taps->meter, name) : -1;
  if (index < 0) {
    return NULL;
  }
  struct tap *tap = &taps->tap[taps->count++];
  memset(tap, 0, sizeof(*tap));
  tap->taps = taps;
  (void)strncpy(tap->name, name, sizeof(tap->name) - 1);
  tap->meter_index = (unsigned)index;
  tap->away_since_ns = clock_monotonic_ns();
  return tap;
}

/* `auto` in the list, or no list at all. */
static bool is_auto(const struct taps *taps)
{
  const struct conf_list *names = &taps->settings->interfaces;
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->item[i], "auto") == 0) {
      return true;
    }
  }
  return names->count == 0;
}

/* By name: an index changes when a device is made anew. */
static const struct interface_state *find(const struct interface_state *list, int n,
                                          const char *name)
{
  for (int i = 0; i < n; i++) {
    if (strcmp(list[i].name, name) == 0) {
      return &list[i];
    }
  }
  return NULL;
}

/* Makes a tap for every name of the settings and, with `auto`, for every device chosen now. */
static int taps_collect(struct taps *taps, struct err_message *message)
{
  const struct conf_list *names = &taps->settings->interfaces;
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->item[i], "auto") != 0 && taps_add(taps, names->item[i]) == NULL) {
      return err_set(message, ERR_LIMIT, "interface %s: more than %d interfaces", names->item[i],
                     SUMMARY_INTERFACES_MAX);
    }
  }
  if (!is_auto(taps)) {
    return 0;
  }
  int n = interfaces_list(taps->list, INTERFACES_MAX, message);
  if (n < 0) {
    return n;
  }
  size_t chosen[SUMMARY_INTERFACES_MAX];
  size_t count = interfaces_choose(taps->list, (size_t)n, chosen, SUMMARY_INTERFACES_MAX);
  for (size_t i = 0; i < count; i++) {
    if (taps_add(taps, taps->list[chosen[i]].name) == NULL && !taps->has_warned) {
      taps->has_warned = true;
      log_warning("interface %s: left out: more than %d interfaces", taps->list[chosen[i]].name,
                  SUMMARY_INTERFACES_MAX);
    }
  }
  if (taps->count == 0) {
    return err_set(message, ERR_NOT_FOUND,
                   "interfaces: 'auto': no interface is up but loopback; name one");
  }
  return 0;
}

/* The counters from which the first delta is taken: read after the capture is open. */
static void tap_base(struct tap *tap, const struct interface_state *link)
{
  tap->has_last = link != NULL;
  if (link != NULL) {
    tap->last = link->kernel;
    tap->is_up = link->is_up;
  }
}

/* Captures first, then the counters' base: what comes in between is captured and not yet in the
 * delta, so that a difference of the two never looks like loss. */
int taps_new(struct loop *loop, struct meter *meter, const struct sensor_settings *settings,
             struct taps **out, struct err_message *message)
{
  struct taps *taps = calloc(1, sizeof(*taps));
  if (taps == NULL) {
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  taps->loop = loop;
  taps->meter = meter;
  taps->settings = settings;
  int err = taps_collect(taps, message);
  for (size_t i = 0; i < taps->count && err == 0; i++) {
    err = tap_open(&taps->tap[i], message);
  }
  int n = err == 0 ? interfaces_list(taps->list, INTERFACES_MAX, message) : err;
  if (n < 0) {
    taps_free(taps);
    return n;
  }
  for (size_t i = 0; i < taps->count; i++) {
    tap_base(&taps->tap[i], find(taps->list, n, taps->tap[i].name));
    taps->tap[i].away_since_ns = 0;
  }
  *out = taps;
  return 0;
}

void taps_free(struct taps *taps)
{
  if (taps == NULL) {
    return;
  }
  for (size_t i = 0; i < taps->count; i++) {
    loop_watch_free(taps->tap[i].watch);
    capture_close(taps->tap[i].capture);
  }
  free(taps);
}

/* now - last, or nothing and false when a counter ran back: the device was made anew. */
static bool kernel_since(const struct summary_kernel *now, const struct summary_kernel *last,
                         struct summary_kernel *delta)
{
  if (now->rx_packets < last->rx_packets || now->tx_packets < last->tx_packets ||
      now->rx_bytes < last->rx_bytes || now->tx_bytes < last->tx_bytes) {
    return false;
  }
  *delta = (struct summary_kernel){
      now->rx_packets - last->rx_packets, now->tx_packets - last->tx_packets,
      now->rx_bytes - last->rx_bytes,     now->tx_bytes - last->tx_bytes,
      now->rx_errors - last->rx_errors,   now->tx_errors - last->tx_errors,
      now->rx_dropped - last->rx_dropped, now->tx_dropped - last->tx_dropped,
  };
  return true;
}

/* libpcap's counters run from the open: only what came since the last sample is told. */
static void tap_drops(struct tap *tap, struct summary_interface *sample)
{
  struct capture_drops drops;
  if (tap->capture == NULL || capture_drops(tap->capture, &drops) != 0) {
    return;
  }
  sample->capture_dropped = drops.capture_dropped - tap->last_drops.capture_dropped;
  sample->interface_dropped = drops.interface_dropped - tap->last_drops.interface_dropped;
  tap->last_drops = drops;
}

/* The second's sample of one interface: kernel deltas, drops, and how long it was away. */
static void tap_sample(struct tap *tap, const struct interface_state *link)
{
  struct summary_interface sample = {.is_up = link != NULL && link->is_up};
  if (link != NULL && tap->has_last) {
    sample.has_kernel = kernel_since(&link->kernel, &tap->last, &sample.kernel);
  }
  /* By the monotonic clock: an absence has a length even when the wall clock is set. */
  if (tap->away_since_ns != 0) {
    int64_t now_ns = clock_monotonic_ns();
    sample.uncounted_ns = now_ns - tap->away_since_ns;
    tap->away_since_ns = tap->capture == NULL ? now_ns : 0;
  }
  tap_drops(tap, &sample);
  tap_base(tap, link);
  meter_interface(tap->taps->meter, tap->meter_index, &sample);
}

/* One dump serves all taps: their counters are of one moment. */
void taps_sample(struct taps *taps)
{
  struct err_message message;
  int n = interfaces_list(taps->list, INTERFACES_MAX, &message);
  if (n < 0) {
    log_warning("%s", message.text);
    n = 0;
  }
  for (size_t i = 0; i < taps->count; i++) {
    tap_sample(&taps->tap[i], find(taps->list, n, taps->tap[i].name));
  }
}

/* Before a second closes: what the rings hold belongs to it. */
void taps_drain(struct taps *taps)
{
  for (size_t i = 0; i < taps->count; i++) {
    /* A full ring is read once over, not for ever: the next turn goes on. */
    for (int turn = 0; turn < 1024 && taps->tap[i].capture != NULL; turn++) {
      if (!tap_read(&taps->tap[i])) {
        break;
      }
    }
  }
}

/* With `auto` new devices join; those that went stay listed and are tried again. */
void taps_follow(struct taps *taps)
{
  struct err_message message;
  if (is_auto(taps)) {
    (void)taps_collect(taps, &message);
  }
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    if (tap->capture == NULL && tap_open(tap, &message) != 0) {
      log_debug("%s", message.text);
    }
  }
}

/* What HELLO tells: only what is captured now. */
size_t taps_names(const struct taps *taps, const char **out, size_t max)
{
  size_t n = 0;
  for (size_t i = 0; i < taps->count && n < max; i++) {
    if (taps->tap[i].capture != NULL) {
      out[n++] = taps->tap[i].name;
    }
  }
  return n;
}
