/* SPDX-License-Identifier: Apache-2.0 */
/* One frame as captured, before anything is understood. */
#ifndef SENSOR_FRAME_H
#define SENSOR_FRAME_H

#include <stdint.h>

/* data is borrowed: it is gone when the callback returns. */
struct frame {
  int64_t time_ns;         /* UTC, the packet's own time */
  uint32_t wire_bytes;     /* on the wire */
  uint32_t captured_bytes; /* at data */
  const uint8_t *data;
  int link_type;      /* DLT_* as libpcap tells it */
  uint16_t interface; /* index that the meter knows (meter_add_interface) */
};

#endif
