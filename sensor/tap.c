/* SPDX-License-Identifier: Apache-2.0 */
/* The capture of one interface and its counters. */
#include "sensor/tap.h"

#include "common/clock.h"
#include "common/log.h"

#define READ_BUDGET 256
#define TIMEOUT_MS  20

/* What was captured before the counters were first read is in them already. */
static void on_frame(void *context, const struct frame *frame)
{
  struct tap *tap = context;
  if (frame->time_ns >= tap->since_ns) {
    meter_frame(tap->meter, frame);
  }
}

bool tap_read(struct tap *tap)
{
  struct err_message message;
  int n =
      capture_read(tap->capture, READ_BUDGET, (uint16_t)tap->meter_index, on_frame, tap, &message);
  if (n < 0) {
    log_warning("interface %s: capture ended: %s", tap->name, message.text);
    tap_close(tap);
    return false;
  }
  return n == READ_BUDGET;
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
  int err = capture_open_live(tap->name, &options, &tap->capture, message);
  if (err != 0) {
    return err;
  }
  tap->watch = loop_watch_new(tap->loop, capture_fd(tap->capture), LOOP_READ, on_readable, tap);
  if (tap->watch == NULL) {
    capture_close(tap->capture);
    tap->capture = NULL;
    return err_set(message, ERR_NO_MEMORY, "interface %s: out of memory", tap->name);
  }
  tap->last_drops = (struct capture_drops){0, 0};
  log_info("interface %s: capturing (%s)", tap->name, capture_link_name(tap->capture));
  return 0;
}

void tap_close(struct tap *tap)
{
  loop_watch_free(tap->watch);
  capture_close(tap->capture);
  tap->watch = NULL;
  tap->capture = NULL;
  tap->away_since_ns = clock_monotonic_ns();
}

void tap_base(struct tap *tap, const struct interface_state *link)
{
  if (link != NULL && link->index != tap->device) {
    tap->device = link->index;
    tap->last = link->kernel;
    tap->since_ns = clock_now_ns();
  }
}

/* now - last, or nothing and false when a counter ran back. */
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

static void sample_drops(struct tap *tap, struct summary_interface *sample)
{
  struct capture_drops drops;
  if (tap->capture == NULL || capture_drops(tap->capture, &drops) != 0) {
    return;
  }
  sample->capture_dropped = drops.capture_dropped - tap->last_drops.capture_dropped;
  sample->interface_dropped = drops.interface_dropped - tap->last_drops.interface_dropped;
  tap->last_drops = drops;
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

void tap_sample(struct tap *tap, const struct interface_state *link)
{
  struct summary_interface sample = {.is_up = link != NULL && link->is_up};
  if (link == NULL && tap->capture != NULL) {
    log_warning("interface %s: gone, or it has another name now", tap->name);
    (void)tap_read(tap);
  }
  sample_drops(tap, &sample);
  if (link == NULL && tap->capture != NULL) {
    tap_close(tap);
  }
  sample_away(tap, &sample);
  if (link != NULL && link->index == tap->device) {
    sample.has_kernel = kernel_since(&link->kernel, &tap->last, &sample.kernel);
    tap->last = link->kernel;
  }
  tap_base(tap, link);
  meter_interface(tap->meter, tap->meter_index, &sample);
}
