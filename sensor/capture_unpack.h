/* SPDX-License-Identifier: Apache-2.0 */
/* The face of a decompressor: capture_gzip.c and capture_zstd.c stand behind it, for
 * capture_stream.c alone. */
#ifndef SENSOR_CAPTURE_UNPACK_H
#define SENSOR_CAPTURE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_UNPACK_MAGIC_MAX 4

/* What one step may take and give; it moves both on. */
struct capture_unpack_io {
  const uint8_t *in;
  size_t in_left;
  uint8_t *out;
  size_t out_left;
};

struct capture_unpacker {
  const char *name; /* "gzip" */
  /* A file begins so; a mask of 0xff compares the whole byte. */
  uint8_t magic[CAPTURE_UNPACK_MAGIC_MAX], mask[CAPTURE_UNPACK_MAGIC_MAX];
  void *(*create)(void); /* NULL without memory */
  void (*destroy)(void *state);
  /* Unpacks what fits, of one stream after another. Without input it gives what it holds back.
   * 0, or ERR_MALFORMED with *why, or ERR_NO_MEMORY. */
  int (*step)(void *state, struct capture_unpack_io *io, const char **why);
  /* Whether the input may end here: a stream has ended and no other has begun. */
  bool (*is_whole)(const void *state);
};

extern const struct capture_unpacker capture_unpack_gzip;
extern const struct capture_unpacker capture_unpack_zstd;

#endif
