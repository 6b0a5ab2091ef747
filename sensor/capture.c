/* SPDX-License-Identifier: Apache-2.0 */
/* The two sources of frames under one face: a capture file and a live interface. */
#include "sensor/capture.h"

#include <stdlib.h>

#include "sensor/capture_file.h"
#include "sensor/capture_live.h"

/* One of the two is there. */
struct capture {
  struct capture_file *file;
  struct capture_live *live;
};

int capture_open_file(const char *path, struct capture **out, struct err_message *message)
{
  struct capture *capture = calloc(1, sizeof(*capture));
  if (capture == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", path);
  }
  int result = capture_file_open(path, &capture->file, message);
  if (result != 0) {
    free(capture);
    return result;
  }
  *out = capture;
  return 0;
}

int capture_open_live(const char *interface, const struct capture_options *options,
                      struct capture **out, struct err_message *message)
{
  struct capture *capture = calloc(1, sizeof(*capture));
  if (capture == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", interface);
  }
  int result = capture_live_open(interface, options, &capture->live, message);
  if (result != 0) {
    free(capture);
    return result;
  }
  *out = capture;
  return 0;
}

void capture_close(struct capture *capture)
{
  if (capture == NULL) {
    return;
  }
  capture_file_close(capture->file);
  capture_live_close(capture->live);
  free(capture);
}

int capture_read(struct capture *capture, int budget, uint16_t index, capture_frame_fn *fn,
                 void *context, struct err_message *message)
{
  if (budget <= 0) {
    return 0; /* libpcap would take it for "all" */
  }
  return capture->live != NULL
             ? capture_live_read(capture->live, budget, index, fn, context, message)
             : capture_file_read(capture->file, budget, index, fn, context, message);
}

int capture_fd(const struct capture *capture)
{
  return capture->live != NULL ? capture_live_fd(capture->live) : -1;
}

int capture_link_type(const struct capture *capture)
{
  return capture->live != NULL ? capture_live_link_type(capture->live)
                               : capture_file_link_type(capture->file);
}

const char *capture_link_name(const struct capture *capture)
{
  return capture->live != NULL ? capture_live_link_name(capture->live)
                               : capture_file_link_name(capture->file);
}

bool capture_has_several_links(const struct capture *capture)
{
  return capture->live == NULL && capture_file_has_several_links(capture->file);
}

int capture_set_sampling(struct capture *capture, unsigned shift, struct err_message *message)
{
  if (capture->live == NULL) {
    return err_set(message, ERR_UNSUPPORTED, "a capture file is not sampled");
  }
  return capture_live_set_sampling(capture->live, shift, message);
}

int capture_drops(struct capture *capture, struct capture_drops *out)
{
  return capture->live != NULL ? capture_live_drops(capture->live, out) : ERR_UNSUPPORTED;
}
