/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary file, and what comes out of the reader when it is given that file. */
#ifndef TESTS_UNIT_CAPTURE_RIG_H
#define TESTS_UNIT_CAPTURE_RIG_H

#include <stdint.h>

#include "sensor/capture.h"

#define RIG_NS        INT64_C(1000000000)
#define RIG_FRAMES    32
#define RIG_INTERFACE 5 /* what every frame must come back with */

/* A temporary folder and one file in it. */
struct place {
  char folder[64];
  char path[96];
};

/* cmocka's set-up and tear-down: *state is a struct place. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* What came out: the first frames' times, lengths, first bytes and link types, and the end. */
struct outcome {
  int count;
  int64_t time_ns[RIG_FRAMES];
  uint32_t wire_bytes[RIG_FRAMES], captured_bytes[RIG_FRAMES];
  uint8_t first[RIG_FRAMES];
  int frame_link[RIG_FRAMES];
  int link_type; /* the file's, at its end */
  bool has_several_links;
  char link_name[32];
  int end;
  struct err_message message;
};

/* Reads to the end, two frames at a time, and asks for the end once more. */
struct outcome rig_read(const char *path);
/* Every frame is one of capture_image's, in order: 1, 2, 3 ... */
void rig_assert_frames(const struct outcome *outcome, int count);

#endif
