/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of any file is checked here: budgets, the interface, the end that stays. */
#include "capture_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_image.h"

int rig_set_up(void **state)
{
  struct place *place = calloc(1, sizeof(*place));
  assert_non_null(place);
  (void)snprintf(place->folder, sizeof(place->folder), "/tmp/seine-capture-XXXXXX");
  assert_non_null(mkdtemp(place->folder));
  (void)snprintf(place->path, sizeof(place->path), "%s/a.pcap", place->folder);
  *state = place;
  return 0;
}

int rig_tear_down(void **state)
{
  struct place *place = *state;
  (void)unlink(place->path);
  (void)rmdir(place->folder);
  free(place);
  return 0;
}

static void take_frame(void *context, const struct frame *frame)
{
  struct outcome *outcome = context;
  assert_int_equal(frame->interface, RIG_INTERFACE);
  if (outcome->count < RIG_FRAMES) {
    outcome->time_ns[outcome->count] = frame->time_ns;
    outcome->wire_bytes[outcome->count] = frame->wire_bytes;
    outcome->captured_bytes[outcome->count] = frame->captured_bytes;
    outcome->frame_link[outcome->count] = frame->link_type;
    outcome->first[outcome->count] = frame->captured_bytes > 0 ? frame->data[0] : 0;
  }
  outcome->count++;
}

struct outcome rig_read(const char *path)
{
  struct outcome outcome = {0};
  struct capture *capture = NULL;
  outcome.end = capture_open_file(path, &capture, &outcome.message);
  if (outcome.end != 0) {
    assert_null(capture);
    return outcome;
  }
  int got = 0;
  do {
    int before = outcome.count;
    got = capture_read(capture, 2, RIG_INTERFACE, take_frame, &outcome, &outcome.message);
    assert_true(got <= 2);
    assert_int_equal(outcome.count - before, got > 0 ? got : 0);
  } while (got > 0);
  assert_int_not_equal(got, 0);
  outcome.end = got;
  /* The end stays the end. */
  assert_int_equal(capture_read(capture, 2, RIG_INTERFACE, take_frame, &outcome, NULL), got);
  outcome.link_type = capture_link_type(capture);
  outcome.has_several_links = capture_has_several_links(capture);
  (void)snprintf(outcome.link_name, sizeof(outcome.link_name), "%s", capture_link_name(capture));
  capture_close(capture);
  return outcome;
}

void rig_assert_frames(const struct outcome *outcome, int count)
{
  assert_int_equal(outcome->count, count);
  for (int i = 0; i < count; i++) {
    assert_int_equal(outcome->first[i], i + 1);
    assert_int_equal(outcome->captured_bytes[i], IMAGE_FRAME_BYTES);
    assert_int_equal(outcome->wire_bytes[i], IMAGE_WIRE_BYTES);
  }
}
