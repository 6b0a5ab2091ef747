/* SPDX-License-Identifier: Apache-2.0 */
/* The straight line of decode gives what the walk gives, on millions of frames that are nearly of
 * its kind: whole, mutated, cut. A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample_frames.h"
#include "sensor/decode.h"
#include "sensor/decode_layers.h"
#include "tests/unit/sample_random.h"

#define ROUNDS   2000000
#define ETHERNET 1
#define HEADERS  90 /* bytes in which the headers of the common kinds stand */

/* Ends at the end of its block, so that a sanitizer sees a read behind the frame. */
struct image {
  uint8_t *block;
  uint8_t *at;
  size_t length;
};

static uint32_t below(uint32_t limit)
{
  return (uint32_t)(next_random() >> 32) % limit;
}

/* Any sample over Ethernet, or the common ones far more often than they stand in the table. */
static void choose_frame(struct image *image)
{
  uint8_t bytes[SAMPLE_BYTES_MAX];
  size_t total = sample_frames_count + sample_tunnels_count;
  const struct sample_frame *sample = NULL;
  do {
    sample = sample_frame_at(below(2) == 0 ? below(5) : below((uint32_t)total));
  } while (sample->link_type != ETHERNET);
  image->length = sample_frame_bytes(sample, bytes);
  image->at = image->block + SAMPLE_BYTES_MAX - image->length;
  memcpy(image->at, bytes, image->length);
}

/* A few bytes of the headers get other values, some of them such as decide much. */
static void mutate(struct image *image)
{
  static const uint8_t telling[] = {0x00, 0x01, 0x06, 0x08, 0x11, 0x45, 0x60, 0x81, 0x86, 0xff};
  size_t reach = image->length < HEADERS ? image->length : HEADERS;
  for (uint32_t i = below(4); i > 0 && reach > 12; i--) {
    uint8_t value = (uint8_t)next_random();
    if (below(2) == 0) {
      value = telling[below(sizeof(telling))];
    }
    image->at[12 + below((uint32_t)reach - 12)] = value;
  }
}

static void assert_agree(const struct frame *frame, uint64_t *fast)
{
  struct packet straight;
  struct packet walked;
  memset(&straight, 0xa5, sizeof(straight));
  memset(&walked, 0x5a, sizeof(walked));
  decode_walk(frame, &walked);
  if (decode_fast(frame, &straight)) {
    (*fast)++;
    assert_memory_equal(&straight, &walked, sizeof(straight));
  }
  decode_frame(frame, &straight);
  assert_memory_equal(&straight, &walked, sizeof(straight));
}

static void the_straight_line_and_the_walk_agree(void **state)
{
  (void)state;
  struct image image = {.block = malloc(SAMPLE_BYTES_MAX)};
  assert_non_null(image.block);
  uint64_t fast = 0;
  for (unsigned i = 0; i < ROUNDS; i++) {
    choose_frame(&image);
    mutate(&image);
    size_t captured = image.length;
    if (below(4) == 0) {
      captured = below((uint32_t)image.length + 1);
      memmove(image.block + SAMPLE_BYTES_MAX - captured, image.at, captured);
    }
    const struct frame frame = {
        .time_ns = (int64_t)next_random(),
        .wire_bytes = (uint32_t)captured + (below(2) == 0 ? below(2000) : 0),
        .captured_bytes = (uint32_t)captured,
        .data = image.block + SAMPLE_BYTES_MAX - captured,
        .link_type = below(50) == 0 ? 101 : ETHERNET,
        .interface = (uint16_t)next_random(),
    };
    assert_agree(&frame, &fast);
  }
  free(image.block);
  /* Else the test would show little. */
  assert_true(fast > ROUNDS / 10);
  assert_true(fast < ROUNDS);
}

static void the_common_kinds_take_the_straight_line(void **state)
{
  (void)state;
  static const char *const common[] = {
      "TCP over Ethernet",    "TCP with a padded short frame",
      "TCP SYN with options", "UDP over Ethernet",
      "UDP over IPv6",        "802.1Q",
      "DNS question",         "DNS answer",
  };
  for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
    size_t at = 0;
    while (strcmp(sample_frame_at(at)->name, common[i]) != 0) {
      at++;
      assert_non_null(sample_frame_at(at));
    }
    uint8_t bytes[SAMPLE_BYTES_MAX];
    size_t length = sample_frame_bytes(sample_frame_at(at), bytes);
    const struct frame frame = {.wire_bytes = (uint32_t)length,
                                .captured_bytes = (uint32_t)length,
                                .data = bytes,
                                .link_type = ETHERNET};
    struct packet packet;
    assert_true(decode_fast(&frame, &packet));
  }
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(the_straight_line_and_the_walk_agree),
      cmocka_unit_test(the_common_kinds_take_the_straight_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
