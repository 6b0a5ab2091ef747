/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte that says how many bytes the source gives at a time, then a capture file: pcap or
 * pcapng, plain, gzip or zstd. Checks what must hold of any file. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/capture_file.h"

#define BUDGET    7
#define INTERFACE 3
/* A bomb of gzip unpacks to a thousand times its size: enough is enough. */
#define FRAMES_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
  const uint8_t *next;
  size_t left, step;
};

struct seen {
  uint64_t frames;
  uint8_t sum;
};

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static ssize_t read_source(void *context, uint8_t *into, size_t size)
{
  struct source *source = context;
  size_t count = source->left < source->step ? source->left : source->step;
  count = count < size ? count : size;
  if (count > 0) {
    memcpy(into, source->next, count);
  }
  source->next += count;
  source->left -= count;
  return (ssize_t)count;
}

/* Reads every byte, so that a sanitizer sees one that is not the frame's. */
static void take_frame(void *context, const struct frame *frame)
{
  struct seen *seen = context;
  require(frame->interface == INTERFACE);
  require(frame->wire_bytes <= INT32_MAX);
  require(frame->data != NULL);
  for (uint32_t i = 0; i < frame->captured_bytes; i++) {
    seen->sum ^= frame->data[i];
  }
  seen->frames++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1) {
    return 0;
  }
  struct source source = {data + 1, size - 1, data[0] > 0 ? data[0] : SIZE_MAX};
  struct err_message message = {""};
  struct capture_file *file = NULL;
  if (capture_file_open_bytes("fuzz", read_source, &source, &file, &message) != 0) {
    require(file == NULL && strncmp(message.text, "fuzz: ", 6) == 0);
    return 0;
  }
  struct seen seen = {0, 0};
  int got = 0;
  do {
    uint64_t before = seen.frames;
    got = capture_file_read(file, BUDGET, INTERFACE, take_frame, &seen, &message);
    require(got != 0 && got <= BUDGET);
    require(seen.frames - before == (got > 0 ? (uint64_t)got : 0));
  } while (got > 0 && seen.frames < FRAMES_MAX);
  if (got < 0) {
    require(capture_file_read(file, 1, INTERFACE, take_frame, &seen, NULL) == got);
    require(strncmp(message.text, "fuzz: ", 6) == 0);
  }
  require(capture_file_link_name(file)[0] != '\0');
  capture_file_close(file);
  return 0;
}
