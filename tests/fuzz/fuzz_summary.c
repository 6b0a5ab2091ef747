/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a summary: refused with a reason, or a value that survives its own round trip, and
 * that can be cut to half its length. */
#include <stdlib.h>
#include <string.h>

#include "proto/summary_codec.h"
#include "proto/summary_fit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_require(int holds)
{
  if (!holds) {
    abort();
  }
}

static size_t rows_of(const struct summary *s)
{
  return s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count;
}

/* Either it fits then, or there is nothing left to cut. */
static void cut_in_half(struct summary *s, size_t length)
{
  uint8_t *bytes = NULL;
  size_t cut_length = 0;
  int err = summary_fit(s, length / 2);
  fuzz_require(err == 0 || (err == ERR_LIMIT && rows_of(s) == 0));
  fuzz_require(summary_encode(s, &bytes, &cut_length) == 0);
  fuzz_require(err != 0 || cut_length <= length / 2);
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct summary *s = NULL;
  struct err_message message = {""};
  if (summary_decode(data, size, &s, &message) != 0) {
    fuzz_require(s == NULL && message.text[0] != '\0');
    return 0;
  }
  uint8_t *bytes = NULL;
  uint8_t *again = NULL;
  size_t length = 0;
  size_t again_length = 0;
  struct summary *back = NULL;
  fuzz_require(summary_encode(s, &bytes, &length) == 0);
  fuzz_require(summary_decode(bytes, length, &back, NULL) == 0);
  fuzz_require(summary_encode(back, &again, &again_length) == 0);
  fuzz_require(length == again_length && memcmp(bytes, again, length) == 0);
  cut_in_half(back, length);
  free(bytes);
  free(again);
  summary_free(s);
  summary_free(back);
  return 0;
}
