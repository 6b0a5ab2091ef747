/* SPDX-License-Identifier: Apache-2.0 */
/* zlib's home in the sensor: gzip (RFC 1952), one member after another. */
#include <stdlib.h>

#define ZLIB_CONST /* its input is const then */
#include <zlib.h>

#include "common/err.h"
#include "sensor/capture_unpack.h"

#define GZIP_WINDOW_BITS (15 + 16)         /* the largest window, in a gzip wrapper */
#define CHUNK_MAX        ((size_t)1 << 30) /* zlib counts in unsigned int */

struct gzip {
  z_stream zlib;
  bool is_between; /* a member has ended, and nothing but padding came since */
};

static void *gzip_create(void)
{
  struct gzip *gzip = calloc(1, sizeof(*gzip));
  if (gzip != NULL && inflateInit2(&gzip->zlib, GZIP_WINDOW_BITS) != Z_OK) {
    free(gzip);
    return NULL;
  }
  return gzip;
}

static void gzip_destroy(void *state)
{
  struct gzip *gzip = state;
  (void)inflateEnd(&gzip->zlib);
  free(gzip);
}

/* Zeros behind a member are padding (tapes, tar); anything else must be another member. */
static void skip_padding(struct gzip *gzip, struct capture_unpack_io *io)
{
  while (io->in_left > 0 && *io->in == 0) {
    io->in++;
    io->in_left--;
  }
  if (io->in_left > 0) {
    (void)inflateReset(&gzip->zlib);
    gzip->is_between = false;
  }
}

static unsigned chunk(size_t bytes)
{
  return (unsigned)(bytes < CHUNK_MAX ? bytes : CHUNK_MAX);
}

static int gzip_step(void *state, struct capture_unpack_io *io, const char **why)
{
  struct gzip *gzip = state;
  if (gzip->is_between) {
    skip_padding(gzip, io);
    if (gzip->is_between) {
      return 0;
    }
  }
  z_stream *zlib = &gzip->zlib;
  unsigned in = chunk(io->in_left), out = chunk(io->out_left);
  zlib->next_in = io->in;
  zlib->avail_in = in;
  zlib->next_out = io->out;
  zlib->avail_out = out;
  int status = inflate(zlib, Z_NO_FLUSH);
  io->in += in - zlib->avail_in;
  io->in_left -= in - zlib->avail_in;
  io->out += out - zlib->avail_out;
  io->out_left -= out - zlib->avail_out;
  if (status == Z_STREAM_END) {
    gzip->is_between = true;
    return 0;
  }
  if (status == Z_OK || status == Z_BUF_ERROR) { /* the latter: nothing to do without more input */
    return 0;
  }
  if (status == Z_MEM_ERROR) {
    return ERR_NO_MEMORY;
  }
  *why = zlib->msg != NULL ? zlib->msg : "a preset dictionary";
  return ERR_MALFORMED;
}

static bool gzip_is_whole(const void *state)
{
  const struct gzip *gzip = state;
  return gzip->is_between;
}

const struct capture_unpacker capture_unpack_gzip = {
    .name = "gzip",
    .magic = {0x1f, 0x8b},
    .mask = {0xff, 0xff},
    .create = gzip_create,
    .destroy = gzip_destroy,
    .step = gzip_step,
    .is_whole = gzip_is_whole,
};
