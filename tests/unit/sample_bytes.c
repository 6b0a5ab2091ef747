/* SPDX-License-Identifier: Apache-2.0 */
/* From the samples' text to bytes and addresses. */
#include "sample_frames.h"

#include <stdlib.h>
#include <string.h>

const struct sample_frame *sample_frame_at(size_t i)
{
  if (i < sample_frames_count) {
    return &sample_frames[i];
  }
  i -= sample_frames_count;
  return i < sample_tunnels_count ? &sample_tunnels[i] : NULL;
}

size_t sample_frame_bytes(const struct sample_frame *sample, uint8_t out[SAMPLE_BYTES_MAX])
{
  size_t count = strlen(sample->hex) / 2;
  if (count > SAMPLE_BYTES_MAX) {
    count = SAMPLE_BYTES_MAX;
  }
  for (size_t i = 0; i < count; i++) {
    const char pair[3] = {sample->hex[2 * i], sample->hex[2 * i + 1], '\0'};
    out[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return count;
}

static const char *const pairs[][2] = {
    [PAIR_NONE] = {"::", "::"},
    [PAIR_V4] = {"192.0.2.1", "198.51.100.2"},
    [PAIR_V6] = {"2001:db8::1", "2001:db8::2"},
    [PAIR_INNER_V4] = {"10.0.0.1", "10.0.0.2"},
    [PAIR_INNER_V6] = {"fd00::1", "fd00::2"},
    [PAIR_TEREDO] = {"2001:0:c633:6402::1", "2001:db8::2"},
};

const char *sample_pair_source(enum sample_pair pair)
{
  return pairs[pair][0];
}

const char *sample_pair_destination(enum sample_pair pair)
{
  return pairs[pair][1];
}
