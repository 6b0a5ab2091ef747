/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a bus message: refused with a reason, or a value that survives its own round trip.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/message_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_require(int holds)
{
  if (!holds) {
    abort();
  }
}

static void fuzz_check_summary(const struct message_summary *summary, const uint8_t *data,
                               size_t size)
{
  fuzz_require(summary->bytes >= data && summary->bytes + summary->length <= data + size);
}

/* Borrowed addresses lie within what was given. */
static void fuzz_check_map(const struct message_fleet_map *map, const uint8_t *data, size_t size)
{
  const uint8_t *added = (const uint8_t *)map->added;
  const uint8_t *removed = (const uint8_t *)map->removed;
  fuzz_require(map->added_count == 0 ||
               (added >= data && added + map->added_count * 16 <= data + size));
  fuzz_require(map->removed_count == 0 ||
               (removed >= data && removed + map->removed_count * 16 <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct message m;
  struct err_message message = {""};
  if (message_decode(data, size, &m, &message) != 0) {
    fuzz_require(message.text[0] != '\0');
    return 0;
  }
  if (m.kind == MESSAGE_SUMMARY) {
    fuzz_check_summary(&m.summary, data, size);
  }
  if (m.kind == MESSAGE_FLEET_MAP) {
    fuzz_check_map(&m.fleet_map, data, size);
  }
  uint8_t *bytes = NULL;
  uint8_t *again = NULL;
  size_t length = 0;
  size_t again_length = 0;
  struct message back;
  fuzz_require(message_encode(&m, &bytes, &length) == 0);
  fuzz_require(message_decode(bytes, length, &back, NULL) == 0 && back.kind == m.kind);
  fuzz_require(message_encode(&back, &again, &again_length) == 0);
  fuzz_require(length == again_length && memcmp(bytes, again, length) == 0);
  free(again);
  free(bytes);
  return 0;
}
