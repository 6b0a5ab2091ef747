/* SPDX-License-Identifier: Apache-2.0 */
/* Refills and ends: what happens once a buffer, not once a packet. */
#include "sensor/capture_reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int capture_reading_init(struct capture_reading *reading, struct capture_stream *stream)
{
  *reading = (struct capture_reading){.capacity = CAPTURE_BUFFER_BYTES};
  reading->buffer = malloc(reading->capacity);
  if (reading->buffer == NULL) {
    return ERR_NO_MEMORY;
  }
  reading->unread = rd_init(reading->buffer, 0);
  reading->stream = stream;
  return 0;
}

void capture_reading_fini(struct capture_reading *reading)
{
  capture_stream_free(reading->stream);
  free(reading->buffer);
}

/* For a record larger than the buffer: the rare case, and bounded. */
static bool grow(struct capture_reading *reading, size_t bytes)
{
  if (bytes > CAPTURE_RECORD_MAX) {
    return false;
  }
  size_t left = rd_left(&reading->unread);
  uint8_t *larger = realloc(reading->buffer, bytes);
  if (larger == NULL) {
    reading->stream_end = ERR_NO_MEMORY;
    return false;
  }
  reading->buffer = larger;
  reading->capacity = bytes;
  reading->unread = rd_init(larger, left);
  return true;
}

/* What is unread goes to the front, and the rest of the buffer is filled as the stream gives it. */
bool capture_reading_fill(struct capture_reading *reading, size_t bytes)
{
  size_t left = rd_left(&reading->unread);
  reading->offset = capture_reading_at(reading);
  if (left > 0) {
    memmove(reading->buffer, reading->unread.next, left);
  }
  reading->unread = rd_init(reading->buffer, left);
  if (bytes > reading->capacity && !grow(reading, bytes)) {
    return false;
  }
  while (left < bytes && reading->stream_end == 0) {
    ssize_t got =
        capture_stream_read(reading->stream, reading->buffer + left, reading->capacity - left);
    if (got > 0) {
      left += (size_t)got;
    } else {
      reading->stream_end = got == 0 ? ERR_END : (int)got;
    }
  }
  reading->unread = rd_init(reading->buffer, left);
  return left >= bytes;
}

bool capture_reading_skip(struct capture_reading *reading, uint64_t bytes)
{
  for (;;) {
    size_t left = rd_left(&reading->unread);
    size_t step = bytes < left ? (size_t)bytes : left;
    (void)rd_skip(&reading->unread, step);
    bytes -= step;
    if (bytes == 0) {
      return true;
    }
    if (!capture_reading_fill(reading, 1)) {
      return false;
    }
  }
}

uint64_t capture_reading_at(const struct capture_reading *reading)
{
  return reading->offset + (uint64_t)(reading->unread.next - reading->buffer);
}

void capture_reading_over(struct capture_reading *reading, uint64_t at, const char *within)
{
  bool is_whole = rd_left(&reading->unread) == 0 && capture_reading_at(reading) == at;
  reading->end_offset = at;
  if (reading->stream_end == 0) {
    capture_reading_damaged(reading, at, "%s is larger than %zu MiB", within,
                            CAPTURE_RECORD_MAX >> 20);
  } else if (reading->stream_end == ERR_NO_MEMORY) {
    reading->end = ERR_NO_MEMORY;
    (void)snprintf(reading->why, sizeof(reading->why), "out of memory");
  } else if (reading->stream_end != ERR_END) {
    reading->end = reading->stream_end == ERR_IO ? ERR_IO : ERR_TRUNCATED;
    (void)snprintf(reading->why, sizeof(reading->why), "%s", capture_stream_why(reading->stream));
  } else if (is_whole) {
    reading->end = ERR_END;
  } else {
    capture_reading_damaged(reading, at, "ends within %s", within);
  }
}

void capture_reading_damaged(struct capture_reading *reading, uint64_t at, const char *format, ...)
{
  reading->end = ERR_TRUNCATED;
  reading->end_offset = at;
  va_list list;
  va_start(list, format);
  (void)vsnprintf(reading->why, sizeof(reading->why), format, list);
  va_end(list);
}

void capture_reading_link(struct capture_reading *reading, int link_type)
{
  if (!reading->has_link) {
    reading->has_link = true;
    reading->link_type = link_type;
  } else if (reading->link_type != link_type) {
    reading->has_several_links = true;
  }
}
