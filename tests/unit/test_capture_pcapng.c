/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng: sections, interfaces, units of time, packets of three kinds, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture_image.h"
#include "capture_rig.h"

#define BLOCK_NAMES  4
#define BLOCK_CUSTOM 0x0bad

static struct outcome read_image(const struct image *image, const char *path)
{
  image_write(image, image->length, path);
  return rig_read(path);
}

static void either_byte_order_is_read(void **state)
{
  const struct place *place = *state;
  for (int order = 0; order < 2; order++) {
    struct image image = {.is_big_endian = order == 1};
    image_pcapng(&image);
    image_pcapng_interface(&image, 1);
    image_pcapng_interface(&image, 1);
    image_pcapng_packet(&image, 0, UINT64_C(1700000000000001), 1);
    image_pcapng_packet(&image, 1, UINT64_C(1700000000000002), 2);
    struct outcome outcome = read_image(&image, place->path);
    assert_int_equal(outcome.end, ERR_END);
    rig_assert_frames(&outcome, 2);
    assert_int_equal(outcome.time_ns[1], 1700000000 * RIG_NS + 2000);
    assert_false(outcome.has_several_links);
  }
}

static void each_interface_has_its_own_link_type(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_pcapng_packet(&image, 0, 1, 1);
  image_pcapng_interface(&image, 101);
  image_pcapng_packet(&image, 1, 2, 2);
  image_pcapng_packet(&image, 0, 3, 3);
  struct outcome outcome = read_image(&image, place->path);
  assert_int_equal(outcome.end, ERR_END);
  rig_assert_frames(&outcome, 3);
  assert_int_equal(outcome.frame_link[0], 1);
  assert_int_equal(outcome.frame_link[1], 12); /* raw IP, as libpcap numbers it */
  assert_int_equal(outcome.frame_link[2], 1);
  assert_int_equal(outcome.link_type, 1);
  assert_true(outcome.has_several_links);
  assert_string_equal(outcome.link_name, "several link types");
}

static void a_section_brings_its_own_order_and_interfaces(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_pcapng_interface(&image, 1);
  image_pcapng_packet(&image, 1, 1000, 1);
  image.is_big_endian = true;
  image_pcapng(&image);
  image_pcapng_interface(&image, 113);
  image_pcapng_packet(&image, 0, 2000, 2);
  image_pcapng_packet(&image, 1, 3000, 3); /* of the first section's, which are gone */
  struct outcome outcome = read_image(&image, place->path);
  rig_assert_frames(&outcome, 2);
  assert_int_equal(outcome.frame_link[1], 113);
  assert_int_equal(outcome.time_ns[1], 2000000);
  assert_int_equal(outcome.end, ERR_TRUNCATED);
  assert_non_null(strstr(outcome.message.text, "interface 1, which is not described"));
}

static void times_are_read_in_the_interfaces_unit(void **state)
{
  const struct place *place = *state;
  static const struct {
    uint8_t resolution;
    int64_t offset_s;
    uint64_t units;
    int64_t expected_ns;
  } rows[] = {
      {6, 0, 1500000, 1500000000},
      {9, 0, 123456789, 123456789},
      {3, 0, 1500, 1500000000},
      {0, 0, 7, 7000000000},
      {12, 0, 1234567891234, 1234567891},
      {19, 0, UINT64_C(12345678912345678912), 1234567891},
      {0x80 | 1, 0, 3, 1500000000},
      {0x80 | 10, 0, 1025, 1000976562},
      {0x80 | 32, 0, UINT64_C(0x180000000), 1500000000},
      {0x80 | 63, 0, UINT64_C(1) << 62, 500000000},
      {6, 100, 1500000, 101500000000},
      {6, -100, 1500000, -98500000000},
      {9, 1700000000, 5, 1700000000 * RIG_NS + 5},
      /* What no int64_t holds ends at its bounds. */
      {6, 0, UINT64_MAX, INT64_MAX},
      {9, 0, UINT64_MAX, INT64_MAX},
      {0, 0, UINT64_MAX, INT64_MAX},
      {0, INT64_MAX, UINT64_MAX, INT64_MAX},
      {6, INT64_MAX, 1, INT64_MAX},
      {6, INT64_MIN, 1, INT64_MIN},
      {0, INT64_MIN, UINT64_MAX, -RIG_NS},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {.is_big_endian = i % 2 == 1};
    image_pcapng(&image);
    image_interface_begin(&image, 1, 65535);
    if (rows[i].offset_s != 0) {
      image_tsoffset(&image, rows[i].offset_s);
    }
    image_tsresol(&image, rows[i].resolution);
    image_block_end(&image);
    image_pcapng_packet(&image, 0, rows[i].units, 1);
    struct outcome outcome = read_image(&image, place->path);
    assert_int_equal(outcome.end, ERR_END);
    rig_assert_frames(&outcome, 1);
    if (outcome.time_ns[0] != rows[i].expected_ns) {
      print_message("row %zu\n", i);
    }
    assert_int_equal(outcome.time_ns[0], rows[i].expected_ns);
  }
}

static void packets_of_three_kinds_are_read(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_interface_begin(&image, 1, IMAGE_FRAME_BYTES);
  image_block_end(&image);
  image_pcapng_packet(&image, 0, 1000, 1);
  image_pcapng_old_packet(&image, 0, 2000, 2);
  /* Without a time of its own: the one before it; cut to the interface's snap length. */
  image_pcapng_simple(&image, IMAGE_WIRE_BYTES, 3);
  struct outcome outcome = read_image(&image, place->path);
  assert_int_equal(outcome.end, ERR_END);
  rig_assert_frames(&outcome, 3);
  assert_int_equal(outcome.time_ns[0], 1000000);
  assert_int_equal(outcome.time_ns[1], 2000000);
  assert_int_equal(outcome.time_ns[2], 2000000);
}

static void other_blocks_are_passed_over(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_block_begin(&image, BLOCK_CUSTOM);
  image_block_end(&image);
  image_pcapng_interface(&image, 1);
  image_block_begin(&image, BLOCK_NAMES);
  for (uint32_t i = 0; i < 200; i++) {
    image_put32(&image, 6); /* as if a packet's block began */
  }
  image_block_end(&image);
  image_pcapng_packet(&image, 0, 1000, 1);
  image_block_begin(&image, BLOCK_CUSTOM);
  image_put8(&image, 1);
  image_block_end(&image);
  struct outcome outcome = read_image(&image, place->path);
  assert_int_equal(outcome.end, ERR_END);
  rig_assert_frames(&outcome, 1);
}

/* Far larger than the buffer and than any record may be. */
static void a_block_of_any_size_is_passed_over(void **state)
{
  const struct place *place = *state;
  enum { HUGE = 20 * 1024 * 1024 };
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_put32(&image, BLOCK_CUSTOM);
  image_put32(&image, HUGE);
  image_write(&image, image.length, place->path);
  FILE *file = fopen(place->path, "rb+");
  assert_non_null(file);
  assert_int_equal(fseek(file, (long)image.length + HUGE - 12, SEEK_SET), 0);
  image.length = 0;
  image_put32(&image, HUGE);
  image_pcapng_packet(&image, 0, 1, 1);
  assert_int_equal(fwrite(image.bytes, 1, image.length, file), image.length);
  assert_int_equal(fclose(file), 0);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.end, ERR_END);
  rig_assert_frames(&outcome, 1);
}

/* Where each block of the file begins, and how many packets end before it. */
static void every_truncated_length_tells_what_was_read(void **state)
{
  const struct place *place = *state;
  for (int order = 0; order < 2; order++) {
    struct image image = {.is_big_endian = order == 1};
    size_t border[8], borders = 0, packets[8] = {0};
    image_pcapng(&image);
    image_pcapng_interface(&image, 1);
    border[borders++] = image.length;
    image_pcapng_packet(&image, 0, 1, 1);
    packets[borders] = 1;
    border[borders++] = image.length;
    image_pcapng_interface(&image, 101);
    packets[borders] = 1;
    border[borders++] = image.length;
    image_pcapng_packet(&image, 1, 2, 2);
    packets[borders] = 2;
    border[borders++] = image.length;
    for (size_t length = 0; length <= image.length; length++) {
      image_write(&image, length, place->path);
      struct outcome outcome = rig_read(place->path);
      size_t last = 0;
      while (last + 1 < borders && border[last + 1] <= length) {
        last++;
      }
      if (length < border[0]) {
        assert_true(outcome.end == ERR_TRUNCATED || outcome.end == ERR_MALFORMED);
        assert_non_null(strstr(outcome.message.text, place->path));
        continue;
      }
      rig_assert_frames(&outcome, (int)packets[last]);
      assert_int_equal(outcome.end, length == border[last] ? ERR_END : ERR_TRUNCATED);
      assert_non_null(strstr(outcome.message.text, place->path));
    }
  }
}

/* One word of a good file is overwritten; the packets before it stand. */
static void damage_ends_the_reading_where_it_is(void **state)
{
  const struct place *place = *state;
  enum { HEAD = 28 + 20, PACKET = 32 + IMAGE_FRAME_BYTES };
  static const struct {
    size_t at;
    uint32_t value;
    const char *told;
  } rows[] = {
      {HEAD + PACKET + 4, 8, "a block of 8 bytes"},
      {HEAD + PACKET + 4, 33, "a block of 33 bytes"},
      {HEAD + PACKET + 4, 0xfffffff0, "a block is larger than 16 MiB"},
      {HEAD + PACKET + 4, PACKET + 4, "that ends as one of"},
      {HEAD + PACKET + 8, 1, "interface 1, which is not described"},
      {HEAD + PACKET + 20, IMAGE_FRAME_BYTES + 1, "21 captured bytes in a block of 52"},
      {HEAD + PACKET + 20, UINT32_MAX, "4294967295 captured bytes"},
      {HEAD + 2 * PACKET - 4, PACKET - 4, "that ends as one of 48"},
      {HEAD + PACKET, 0x0a0d0d0a, "a section without a byte order"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {0};
    image_pcapng(&image);
    image_pcapng_interface(&image, 1);
    for (uint8_t number = 1; number <= 3; number++) {
      image_pcapng_packet(&image, 0, number, number);
    }
    size_t length = image.length;
    image.length = rows[i].at;
    image_put32(&image, rows[i].value);
    image.length = length;
    struct outcome outcome = read_image(&image, place->path);
    assert_int_equal(outcome.end, ERR_TRUNCATED);
    rig_assert_frames(&outcome, 1);
    if (strstr(outcome.message.text, rows[i].told) == NULL) {
      print_message("%s\n", outcome.message.text);
    }
    assert_non_null(strstr(outcome.message.text, rows[i].told));
    assert_non_null(strstr(outcome.message.text, "after 1 packets, at byte 100"));
  }
}

static void options_that_cannot_be_are_told(void **state)
{
  const struct place *place = *state;
  static const uint16_t rows[][2] = {{9, 2}, {9, 0}, {14, 7}, {14, 16}, {2, 5000}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {0};
    image_pcapng(&image);
    image_interface_begin(&image, 1, 0);
    image_put16(&image, rows[i][0]);
    image_put16(&image, rows[i][1]);
    image_put64(&image, 0);
    image_put64(&image, 0);
    image_block_end(&image);
    struct outcome outcome = read_image(&image, place->path);
    assert_int_equal(outcome.end, ERR_TRUNCATED);
    assert_non_null(strstr(outcome.message.text, "within its file header"));
  }
  static const uint8_t resolutions[] = {20, 127, 0x80 | 64, 0xff};
  for (size_t i = 0; i < sizeof(resolutions); i++) {
    struct image image = {0};
    image_pcapng(&image);
    image_interface_begin(&image, 1, 0);
    image_tsresol(&image, resolutions[i]);
    image_block_end(&image);
    struct outcome outcome = read_image(&image, place->path);
    assert_int_equal(outcome.end, ERR_TRUNCATED);
    assert_non_null(strstr(outcome.message.text, "if_tsresol"));
  }
}

static void a_file_without_an_interface_is_refused(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  struct outcome outcome = read_image(&image, place->path);
  assert_int_equal(outcome.end, ERR_MALFORMED);
  image_pcapng_packet(&image, 0, 1, 1);
  outcome = read_image(&image, place->path);
  assert_int_equal(outcome.end, ERR_MALFORMED);
  assert_non_null(strstr(outcome.message.text, "no interface"));
}

static void interfaces_are_bounded(void **state)
{
  const struct place *place = *state;
  enum { MANY = 16384 };
  struct image image = {0};
  image_pcapng(&image);
  image_write(&image, image.length, place->path);
  FILE *file = fopen(place->path, "ab");
  assert_non_null(file);
  struct image interface = {0}, packet = {0};
  image_pcapng_interface(&interface, 1);
  image_pcapng_packet(&packet, MANY - 1, 1, 1);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(fwrite(interface.bytes, 1, interface.length, file), interface.length);
  }
  assert_int_equal(fwrite(packet.bytes, 1, packet.length, file), packet.length);
  assert_int_equal(fwrite(interface.bytes, 1, interface.length, file), interface.length);
  assert_int_equal(fclose(file), 0);
  struct outcome outcome = rig_read(place->path);
  rig_assert_frames(&outcome, 1);
  assert_int_equal(outcome.end, ERR_TRUNCATED);
  assert_non_null(strstr(outcome.message.text, "more than 16384 interfaces"));
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
  const struct CMUnitTest tests[] = {
      WITH_PLACE(either_byte_order_is_read),
      WITH_PLACE(each_interface_has_its_own_link_type),
      WITH_PLACE(a_section_brings_its_own_order_and_interfaces),
      WITH_PLACE(times_are_read_in_the_interfaces_unit),
      WITH_PLACE(packets_of_three_kinds_are_read),
      WITH_PLACE(other_blocks_are_passed_over),
      WITH_PLACE(a_block_of_any_size_is_passed_over),
      WITH_PLACE(every_truncated_length_tells_what_was_read),
      WITH_PLACE(damage_ends_the_reading_where_it_is),
      WITH_PLACE(options_that_cannot_be_are_told),
      WITH_PLACE(a_file_without_an_interface_is_refused),
      WITH_PLACE(interfaces_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
