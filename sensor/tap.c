/* SPDX-License-Identifier: Apache-2.0 */
/* The capture of one interface and its counters. */
#include "sensor/tap.h"

#include <net/if.h>

#include "common/clock.h"
#include "common/log.h"

/* Several blocks of the ring: a turn of the loop costs as much as dozens of packets. */
#define READ_BUDGET 4096
#define TIMEOUT_MS  20
/* A full ring is read so often, not for ever: the next turn goes on. */
#define DRAIN_TURNS 256
#define SPEED_NS    (10 * NS_PER_S)

/* Whether the frame counts: what was captured before the counters were first read is in them
 * already. Before the first one of a new second the counters of the old one are read. */
static bool is_counted(const struct tap *tap, const struct frame *frame)
{
  if (frame->time_ns >= tap->boundary->end_ns) {
    tap->boundary->passed(tap->boundary->context);
  }
  return frame->time_ns >= tap->since_ns;
}

static void on_frame(void *context, const struct frame *frame)
{
  const struct tap *tap = context;
  if (is_counted(tap, frame)) {
    meter_frame(tap->meter, frame);
  }
}

static void on_port_frame(void *context, const struct frame *frame)
{
  const struct tap *tap = context;
  if (is_counted(tap, frame)) {
    meter_port_frame(tap->meter, frame);
  }
}

bool tap_read(struct tap *tap)
{
  struct err_message message;
  capture_frame_fn *take = tap->origin == TAP_PORT ? on_port_frame : on_frame;
  int n = capture_read(tap->capture, READ_BUDGET, (uint16_t)tap->meter_index, take, tap, &message);
  if (n < 0) {
    log_warning("interface %s: capture ended: %s", tap->name, message.text);
    tap_close(tap);
    return false;
  }
  return n == READ_BUDGET;
}

void tap_drain(struct tap *tap)
{
  for (int turn = 0; turn < DRAIN_TURNS && tap->capture != NULL; turn++) {
    if (!tap_read(tap)) {
      return;
    }
  }
}

/* The budget lets other descriptors have their turn; what is left comes at the next one. */
static void on_readable(void *context, int fd, unsigned what)
{
  (void)fd;
  (void)what;
  struct tap *tap = context;
  if (tap_read(tap)) {
    loop_watch_again(tap->watch);
  }
}

int tap_set_sampling(struct tap *tap, unsigned shift)
{
  struct err_message message;
  tap->sample_shift = shift;
  int err = 0;
  if (tap->capture != NULL) {
    err = capture_set_sampling(tap->capture, shift, &message);
  }
  if (err != 0 && shift == 1) {
    log_warning("%s; all of its flows are measured on", message.text);
  }
  return err;
}

int tap_open(struct tap *tap, struct err_message *message)
{
  const struct sensor_settings *settings = tap->settings;
  struct capture_options options = {
      .snap_bytes = (uint32_t)settings->capture_snap_bytes,
      .buffer_bytes = (uint32_t)settings->capture_buffer_bytes,
      .timeout_ms = TIMEOUT_MS,
      .is_promiscuous = settings->capture_promiscuous,
      .filter = settings->capture_filter[0] != '\0' ? settings->capture_filter : NULL,
  };
  int device = (int)if_nametoindex(tap->name);
  int err = capture_open_live(tap->name, &options, &tap->capture, message);
  if (err != 0) {
    return err;
  }
  if (device != tap->device) {
    tap->device = device;
    tap->has_base = false;
    tap->speed_asked_ns = 0;
  }
  tap->watch = loop_watch_new(tap->loop, capture_fd(tap->capture), LOOP_READ, on_readable, tap);
  if (tap->watch == NULL) {
    capture_close(tap->capture);
    tap->capture = NULL;
    return err_set(message, ERR_NO_MEMORY, "interface %s: out of memory", tap->name);
  }
  tap->last_drops = (struct capture_drops){0, 0};
  log_info("interface %s: capturing (%s)", tap->name, capture_link_name(tap->capture));
  if (tap->sample_shift > 0) {
    (void)tap_set_sampling(tap, tap->sample_shift);
  }
  return 0;
}

/* What the ring dropped since the last time it was asked. */
static uint64_t dropped_since(struct tap *tap)
{
  struct capture_drops drops;
  if (tap->capture == NULL || capture_drops(tap->capture, &drops) != 0) {
    return 0;
  }
  uint64_t dropped = drops.capture_dropped - tap->last_drops.capture_dropped;
  tap->last_drops = drops;
  return dropped;
}

void tap_close(struct tap *tap)
{
  if (tap->capture == NULL) {
    return;
  }
  tap->closed_dropped += dropped_since(tap);
  loop_watch_free(tap->watch);
  capture_close(tap->capture);
  tap->watch = NULL;
  tap->capture = NULL;
  tap->away_since_ns = clock_monotonic_ns();
}

/* It may be set while the device is up, and moves with every tunnel put beneath it. */
static void tell_mtu(struct tap *tap, const struct interface_state *link)
{
  if (link->mtu != tap->mtu) {
    tap->mtu = link->mtu;
    meter_set_mtu(tap->meter, tap->meter_index, link->mtu);
  }
}

void tap_base(struct tap *tap, const struct interface_state *link)
{
  if (link != NULL && tap->capture != NULL && link->index == tap->device && !tap->has_base) {
    tap->has_base = true;
    tap->last = link->kernel;
    tap->last_missed = link->missed;
    tap->since_ns = clock_now_ns();
    tell_mtu(tap, link);
  }
}

/* A link that comes up may have another speed; a bond's changes with its ports. Asked seldom, as a
 * driver may have to ask its hardware. */
static uint32_t speed_now(struct tap *tap, const struct interface_state *link)
{
  int64_t now_ns = clock_monotonic_ns();
  if (tap->speed_asked_ns == 0 || link->is_up != tap->was_up ||
      now_ns - tap->speed_asked_ns >= SPEED_NS) {
    tap->speed_mbit = interfaces_speed_mbit(INTERFACES_SYSFS, link);
    tap->speed_asked_ns = now_ns;
    tap->was_up = link->is_up;
  }
  return tap->speed_mbit;
}

/* Errors and drops may run back by themselves, as devices come and go beneath: nothing then. */
static uint64_t since_or_none(uint64_t now, uint64_t last)
{
  return now > last ? now - last : 0;
}

/* now - last, or nothing and false when a counter of traffic ran back. */
static bool kernel_since(const struct summary_kernel *now, const struct summary_kernel *last,
                         struct summary_kernel *delta)
{
  if (now->rx_packets < last->rx_packets || now->tx_packets < last->tx_packets ||
      now->rx_bytes < last->rx_bytes || now->tx_bytes < last->tx_bytes) {
    return false;
  }
  *delta = (struct summary_kernel){
      now->rx_packets - last->rx_packets,
      now->tx_packets - last->tx_packets,
      now->rx_bytes - last->rx_bytes,
      now->tx_bytes - last->tx_bytes,
      since_or_none(now->rx_errors, last->rx_errors),
      since_or_none(now->tx_errors, last->tx_errors),
      since_or_none(now->rx_dropped, last->rx_dropped),
      since_or_none(now->tx_dropped, last->tx_dropped),
  };
  return true;
}

/* A tap that is away says for how long of this second. */
static void sample_away(struct tap *tap, struct summary_interface *sample)
{
  if (tap->away_since_ns == 0) {
    return;
  }
  int64_t now_ns = clock_monotonic_ns();
  sample->uncounted_ns = now_ns - tap->away_since_ns;
  tap->away_since_ns = tap->capture == NULL ? now_ns : 0;
}

/* A device that was never compared with has nothing to tell yet. What it had no room for comes from
 * its own counters, not from libpcap, which reads them in promiscuous mode alone. */
static void sample_kernel(struct tap *tap, const struct interface_state *link,
                          struct summary_interface *sample)
{
  if (!tap->has_base) {
    return;
  }
  /* The frames from before the base are long read; a clock that is set back must drop none. */
  tap->since_ns = INT64_MIN;
  sample->has_kernel = kernel_since(&link->kernel, &tap->last, &sample->kernel);
  if (link->missed >= tap->last_missed) {
    sample->interface_dropped = link->missed - tap->last_missed;
  }
  tap->last = link->kernel;
  tap->last_missed = link->missed;
}

bool tap_is_lost(const struct tap *tap, const struct interface_state *link)
{
  return tap->capture != NULL && (link == NULL || link->index != tap->device);
}

void tap_sample(struct tap *tap, const struct interface_state *link)
{
  struct summary_interface sample = {
      .is_up = link != NULL && link->is_up,
      .is_filtered = tap->settings->capture_filter[0] != '\0',
  };
  bool is_same = link != NULL && link->index == tap->device;
  bool is_lost = tap_is_lost(tap, link);
  if (is_lost) {
    log_warning("interface %s: %s", tap->name,
                link == NULL ? "gone, or it has another name now" : "another device has the name");
    tap_drain(tap);
  }
  if (is_lost) {
    tap_close(tap);
  }
  sample.capture_dropped = dropped_since(tap) + tap->closed_dropped;
  tap->closed_dropped = 0;
  sample_away(tap, &sample);
  if (is_same) {
    sample_kernel(tap, link, &sample);
    tell_mtu(tap, link);
    sample.speed_mbit = speed_now(tap, link);
  }
  meter_interface(tap->meter, tap->meter_index, &sample);
}
