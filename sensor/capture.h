/* SPDX-License-Identifier: Apache-2.0 */
/* libpcap's home: frames from an interface or a file. */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "sensor/frame.h"

struct capture;

struct capture_options {
  uint32_t snap_bytes;   /* 192 */
  uint32_t buffer_bytes; /* ring: 8 MiB */
  int32_t timeout_ms;    /* block time-out: 20 */
  bool is_promiscuous;
  const char *filter; /* pcap-filter words or NULL */
};

/* What the kernel lost since the start: ps_drop, ps_ifdrop. */
struct capture_drops {
  uint64_t capture_dropped;
  uint64_t interface_dropped;
};

typedef void capture_frame_fn(void *context, const struct frame *frame);

/* pcap or pcapng, plain or gzip; "-": standard input. Nanosecond precision; the seconds of pcap are
 * read without a sign (until 2106). message names the path and what is wrong: ERR_MALFORMED not a
 * capture, ERR_TRUNCATED empty or a cut header, ERR_NOT_FOUND, ERR_DENIED, ERR_IO. A link type that
 * decode does not know is no error here: ask decode_knows_link(capture_link_type()). */
int capture_open_file(const char *path, struct capture **out, struct err_message *message);
/* Non-blocking live capture of one interface. message names the interface; ERR_NOT_FOUND when it
 * does not exist, ERR_DENIED without privilege. Frames from before the open are not delivered. */
int capture_open_live(const char *interface, const struct capture_options *options,
                      struct capture **out, struct err_message *message);
void capture_close(struct capture *capture);

/* Hands at most budget frames to fn, with frame->interface = index. Returns how many (0: none now,
 * live), ERR_END at the end of a file, ERR_TRUNCATED when a file breaks off within a packet or is
 * damaged behind good packets, or its interfaces have different link types (message says what, and
 * after how many packets), ERR_IO (the interface is gone). The end is told again when asked again.
 */
int capture_read(struct capture *capture, int budget, uint16_t index, capture_frame_fn *fn,
                 void *context, struct err_message *message);
int capture_fd(const struct capture *capture);        /* live: to wait on */
int capture_link_type(const struct capture *capture); /* DLT_* */
const char *capture_link_name(const struct capture *capture);
/* Since the open. ERR_UNSUPPORTED on a file, ERR_IO. */
int capture_drops(struct capture *capture, struct capture_drops *out);

#endif
