/* SPDX-License-Identifier: Apache-2.0 */
/* A plain stream goes straight into the reader's buffer; a packed one through 64 KiB of input. */
#include "sensor/capture_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "sensor/capture_unpack.h"

#define INPUT_BYTES ((size_t)64 * 1024)

static const struct capture_unpacker *const unpackers[] = {&capture_unpack_gzip,
                                                           &capture_unpack_zstd};

/* next and left: packed input, or the few bytes of a plain stream by which it was told. */
struct capture_stream {
  capture_bytes_fn *read;
  void *context;
  bool is_known; /* its kind has been told */
  bool is_input_over;
  const struct capture_unpacker *unpacker; /* NULL: plain */
  void *unpacked;                          /* the unpacker's own */
  const uint8_t *next;
  size_t left;
  int error; /* told once all bytes before it have been read */
  char why[96];
  uint8_t input[INPUT_BYTES];
};

struct capture_stream *capture_stream_new(capture_bytes_fn *read, void *context)
{
  struct capture_stream *stream = malloc(sizeof(*stream));
  if (stream == NULL) {
    return NULL;
  }
  memset(stream, 0, offsetof(struct capture_stream, input));
  stream->read = read;
  stream->context = context;
  stream->next = stream->input;
  return stream;
}

void capture_stream_free(struct capture_stream *stream)
{
  if (stream != NULL && stream->unpacked != NULL) {
    stream->unpacker->destroy(stream->unpacked);
  }
  free(stream);
}

/* Sets the error that ends the stream. */
static int stream_fail(struct capture_stream *stream, int error, const char *words, const char *why)
{
  stream->error = error;
  (void)snprintf(stream->why, sizeof(stream->why), "%s%s", words, why);
  return error;
}

/* Asks the source: above 0, 0 at its end, ERR_IO. */
static ssize_t read_source(struct capture_stream *stream, uint8_t *into, size_t size)
{
  ssize_t got = stream->read(stream->context, into, size);
  if (got < 0) {
    return stream_fail(stream, ERR_IO, "cannot be read: ", strerror(errno));
  }
  stream->is_input_over = got == 0;
  return got;
}

static bool begins_as(const struct capture_stream *stream, const struct capture_unpacker *unpacker)
{
  for (size_t i = 0; i < CAPTURE_UNPACK_MAGIC_MAX; i++) {
    uint8_t byte = i < stream->left ? stream->input[i] : 0;
    if ((byte & unpacker->mask[i]) != unpacker->magic[i]) {
      return false;
    }
  }
  return true;
}

/* A pipe may give its first bytes one by one. An error here waits until they have been read. */
static void tell_kind(struct capture_stream *stream)
{
  while (stream->left < CAPTURE_UNPACK_MAGIC_MAX && !stream->is_input_over && stream->error == 0) {
    ssize_t got =
        read_source(stream, stream->input + stream->left, CAPTURE_UNPACK_MAGIC_MAX - stream->left);
    stream->left += got > 0 ? (size_t)got : 0;
  }
  stream->is_known = true;
  for (size_t i = 0; i < sizeof(unpackers) / sizeof(unpackers[0]); i++) {
    if (begins_as(stream, unpackers[i])) {
      stream->unpacker = unpackers[i];
      stream->unpacked = unpackers[i]->create();
      if (stream->unpacked == NULL) {
        (void)stream_fail(stream, ERR_NO_MEMORY, "out of memory", "");
      }
      return;
    }
  }
}

static ssize_t read_plain(struct capture_stream *stream, uint8_t *into, size_t size)
{
  if (stream->left > 0) {
    size_t count = stream->left < size ? stream->left : size;
    memcpy(into, stream->next, count);
    stream->next += count;
    stream->left -= count;
    return (ssize_t)count;
  }
  if (stream->error != 0) {
    return stream->error;
  }
  return stream->is_input_over ? 0 : read_source(stream, into, size);
}

/* One step of the unpacker; false when it, or the input, has ended for good. */
static bool unpack(struct capture_stream *stream, struct capture_unpack_io *io)
{
  const struct capture_unpacker *unpacker = stream->unpacker;
  const uint8_t *in = io->in, *out = io->out;
  const char *why = "";
  int error = unpacker->step(stream->unpacked, io, &why);
  if (error == 0 && io->in == in && io->out == out) {
    if (stream->left > 0) {
      error = ERR_MALFORMED; /* neither takes nor gives: never to be, and never to be waited for */
    } else if (stream->is_input_over && unpacker->is_whole(stream->unpacked)) {
      return false;
    } else if (stream->is_input_over) {
      return stream_fail(stream, ERR_TRUNCATED, "ends within its packing: ", unpacker->name) == 0;
    }
  }
  if (error != 0) {
    char words[32];
    (void)snprintf(words, sizeof(words), "damaged %s: ", unpacker->name);
    return stream_fail(stream, error, words, why) == 0;
  }
  return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the unpacker writes there */
static ssize_t read_packed(struct capture_stream *stream, uint8_t *into, size_t size)
{
  while (stream->error == 0) {
    if (stream->left == 0 && !stream->is_input_over) {
      ssize_t got = read_source(stream, stream->input, sizeof(stream->input));
      if (got < 0) {
        return got;
      }
      stream->next = stream->input;
      stream->left = (size_t)got;
    }
    struct capture_unpack_io io = {stream->next, stream->left, into, size};
    bool goes_on = unpack(stream, &io);
    stream->next = io.in;
    stream->left = io.in_left;
    if (io.out_left < size) {
      return (ssize_t)(size - io.out_left); /* an error is told at the next call */
    }
    if (!goes_on) {
      break;
    }
  }
  return stream->error;
}

ssize_t capture_stream_read(struct capture_stream *stream, uint8_t *into, size_t size)
{
  if (!stream->is_known) {
    tell_kind(stream);
  }
  return stream->unpacker != NULL ? read_packed(stream, into, size)
                                  : read_plain(stream, into, size);
}

const char *capture_stream_why(const struct capture_stream *stream)
{
  return stream->why;
}

const char *capture_stream_packing(const struct capture_stream *stream)
{
  return stream->unpacker != NULL ? stream->unpacker->name : "";
}
