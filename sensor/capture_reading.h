/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's window on a capture file, and how its reading goes.
 *
 *   buffer: | taken | unread ..............| free |      frames are handed out in place
 *                     ^ unread.next         ^ unread.end
 *
 * A record that is not whole in the buffer is moved to its front and read on behind it. */
#ifndef SENSOR_CAPTURE_READING_H
#define SENSOR_CAPTURE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rd.h"
#include "sensor/capture_shared.h"
#include "sensor/capture_stream.h"

/* Holds 262,144 captured bytes, libpcap's bound, twice. Grows, for larger records alone, up to the
 * maximum. */
#define CAPTURE_BUFFER_BYTES ((size_t)512 * 1024)
#define CAPTURE_RECORD_MAX   ((size_t)16 * 1024 * 1024)
/* What a record may claim as its length on the wire: more is read as this. */
#define CAPTURE_WIRE_MAX ((uint32_t)INT32_MAX)

struct capture_reading {
  struct rd unread;
  uint8_t *buffer;
  size_t capacity;
  uint64_t offset; /* of buffer[0] in the unpacked bytes */
  struct capture_stream *stream;
  int stream_end;   /* 0; ERR_END or an error of the stream */
  uint64_t packets; /* handed on */
  /* How the reading ended: 0 while it goes on; where and why, unless ERR_END. */
  int end;
  uint64_t end_offset;
  char why[160];
  /* Of the interfaces seen: the first one's DLT_, and whether another has a different one. */
  int link_type;
  bool has_link, has_several_links;
};

/* Where one capture_read's frames go. */
struct capture_sink {
  capture_frame_fn *fn;
  void *context;
  uint16_t index;
};

/* Takes the stream. ERR_NO_MEMORY: it stays the caller's. */
int capture_reading_init(struct capture_reading *reading, struct capture_stream *stream);
void capture_reading_fini(struct capture_reading *reading);

/* The slow half of capture_reading_has. */
bool capture_reading_fill(struct capture_reading *reading, size_t bytes);
/* Whether that many unread bytes stand in a row at unread.next; false when the stream ends before
 * (then call capture_reading_over) or they are more than CAPTURE_RECORD_MAX. */
static inline bool capture_reading_has(struct capture_reading *reading, size_t bytes)
{
  return rd_left(&reading->unread) >= bytes || capture_reading_fill(reading, bytes);
}

/* Passes over bytes that nobody reads, of any number; false as above. */
bool capture_reading_skip(struct capture_reading *reading, uint64_t bytes);
/* The next unread byte's offset. */
uint64_t capture_reading_at(const struct capture_reading *reading);

/* Ends the reading since the stream had no more for the record that begins at that offset: a good
 * end (ERR_END) if not a byte of it is there. within: "a packet's header". */
void capture_reading_over(struct capture_reading *reading, uint64_t at, const char *within);
/* Ends the reading at a record that cannot be: ERR_TRUNCATED. */
void capture_reading_damaged(struct capture_reading *reading, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes an interface's link type. */
void capture_reading_link(struct capture_reading *reading, int link_type);

/* Numbers in the byte order of the file. */
static inline uint32_t capture_u32(struct rd *r, bool is_little)
{
  uint32_t value = rd_u32(r);
  return is_little ? __builtin_bswap32(value) : value;
}

static inline uint16_t capture_u16(struct rd *r, bool is_little)
{
  uint16_t value = rd_u16(r);
  return is_little ? __builtin_bswap16(value) : value;
}

#endif
