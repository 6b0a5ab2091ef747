/* SPDX-License-Identifier: Apache-2.0 */
/* What both halves of capture, files and interfaces, share with whoever reads them. */
#ifndef SENSOR_CAPTURE_SHARED_H
#define SENSOR_CAPTURE_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "sensor/frame.h"

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

#endif
