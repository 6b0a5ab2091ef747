/* SPDX-License-Identifier: Apache-2.0 */
/* libzstd's home in the sensor: Zstandard (RFC 8878), one frame after another. */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "common/err.h"
#include "sensor/capture_unpack.h"

/* 8 MiB, the window that RFC 8878 asks of every decoder: levels up to 19 stay within it. Memory is
 * bounded by it, whatever the file asks for. */
#define WINDOW_LOG_MAX 23

struct zstd {
  ZSTD_DCtx *context;
  bool is_between;
};

static void *zstd_create(void)
{
  struct zstd *zstd = calloc(1, sizeof(*zstd));
  if (zstd == NULL) {
    return NULL;
  }
  zstd->context = ZSTD_createDCtx();
  if (zstd->context == NULL) {
    free(zstd);
    return NULL;
  }
  (void)ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
  return zstd;
}

static void zstd_destroy(void *state)
{
  struct zstd *zstd = state;
  (void)ZSTD_freeDCtx(zstd->context);
  free(zstd);
}

static int zstd_step(void *state, struct capture_unpack_io *io, const char **why)
{
  struct zstd *zstd = state;
  if (zstd->is_between && io->in_left == 0) {
    return 0; /* asked for more, libzstd would begin another frame */
  }
  ZSTD_inBuffer in = {.src = io->in, .size = io->in_left, .pos = 0};
  ZSTD_outBuffer out = {.dst = io->out, .size = io->out_left, .pos = 0};
  size_t status = ZSTD_decompressStream(zstd->context, &out, &in);
  io->in += in.pos;
  io->in_left -= in.pos;
  io->out += out.pos;
  io->out_left -= out.pos;
  if (!ZSTD_isError(status)) {
    zstd->is_between = status == 0;
    return 0;
  }
  ZSTD_ErrorCode code = ZSTD_getErrorCode(status);
  if (code == ZSTD_error_memory_allocation) {
    return ERR_NO_MEMORY;
  }
  *why = code == ZSTD_error_frameParameter_windowTooLarge
             ? "its window is larger than 8 MiB; unpack it first: zstd -dc --long=31"
             : ZSTD_getErrorName(status);
  return ERR_MALFORMED;
}

static bool zstd_is_whole(const void *state)
{
  const struct zstd *zstd = state;
  return zstd->is_between;
}

const struct capture_unpacker capture_unpack_zstd = {
    .name = "zstd",
    .magic = {0x28, 0xb5, 0x2f, 0xfd},
    .mask = {0xff, 0xff, 0xff, 0xff},
    .create = zstd_create,
    .destroy = zstd_destroy,
    .step = zstd_step,
    .is_whole = zstd_is_whole,
};
