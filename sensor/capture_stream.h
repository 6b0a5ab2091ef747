/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a capture file, unpacked on the way: plain, gzip or zstd, told by how they begin.
 *
 *   file, pipe, memory -> capture_bytes_fn -> [gzip | zstd] -> capture_stream_read */
#ifndef SENSOR_CAPTURE_STREAM_H
#define SENSOR_CAPTURE_STREAM_H

#include <stdint.h>
#include <sys/types.h>

struct capture_stream;

/* Reads at most size bytes: how many, 0 at the end, -1 with errno. May give less than asked. */
typedef ssize_t capture_bytes_fn(void *context, uint8_t *into, size_t size);

/* NULL without memory. context is borrowed until the free. */
struct capture_stream *capture_stream_new(capture_bytes_fn *read, void *context);
void capture_stream_free(struct capture_stream *stream);

/* At most size (above 0) bytes into the caller's memory: how many, 0 at the end. Gives what is
 * there rather than waiting for size. Errors come after all bytes before them: ERR_TRUNCATED ends
 * within a packed stream, ERR_MALFORMED a damaged one, ERR_IO, ERR_NO_MEMORY. */
ssize_t capture_stream_read(struct capture_stream *stream, uint8_t *into, size_t size);
/* What the last error was, in words; borrowed. */
const char *capture_stream_why(const struct capture_stream *stream);
/* "gzip", "zstd" or, before the first read too, "": plain. */
const char *capture_stream_packing(const struct capture_stream *stream);

#endif
