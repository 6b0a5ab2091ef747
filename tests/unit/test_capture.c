/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: pcap of every make and every damage, and what is no capture at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_image.h"
#include "capture_rig.h"

static void build_three(struct image *image)
{
  image_pcap(image, IMAGE_MAGIC_MICRO, 1);
  image_pcap_record(image, 1000, 1, 1);
  image_pcap_record(image, 1000, 2, 2);
  image_pcap_record(image, 1001, 999999, 3);
}

static void pcap_of_either_byte_order_is_read(void **state)
{
  const struct place *place = *state;
  for (int order = 0; order < 2; order++) {
    struct image image = {.is_big_endian = order == 1};
    build_three(&image);
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.end, ERR_END);
    rig_assert_frames(&outcome, 3);
    assert_int_equal(outcome.link_type, 1);
    assert_int_equal(outcome.frame_link[2], 1);
    assert_int_equal(outcome.time_ns[2], 1001 * RIG_NS + 999999000);
  }
}

static void nanoseconds_are_kept(void **state)
{
  const struct place *place = *state;
  for (int order = 0; order < 2; order++) {
    struct image image = {.is_big_endian = order == 1};
    image_pcap(&image, IMAGE_MAGIC_NANO, 1);
    image_pcap_record(&image, 1000, 123456789, 1);
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.time_ns[0], 1000 * RIG_NS + 123456789);
  }
}

static void patched_record_headers_are_read(void **state)
{
  const struct place *place = *state;
  /* By their own magic, and under the plain one by where the second record stands. */
  static const uint32_t magics[] = {IMAGE_MAGIC_PATCHED, IMAGE_MAGIC_MICRO};
  for (size_t i = 0; i < 2; i++) {
    struct image image = {.is_big_endian = i == 1};
    image_pcap(&image, magics[i], 1);
    image_pcap_patched(&image, 1000, 1, 1);
    image_pcap_patched(&image, 0x7fffffff, 2, 2);
    image_pcap_patched(&image, 1000, 3, 3);
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.end, ERR_END);
    rig_assert_frames(&outcome, 3);
    assert_int_equal(outcome.time_ns[2], 1000 * RIG_NS + 3000);
  }
}

static void lengths_that_old_versions_swapped_are_put_right(void **state)
{
  const struct place *place = *state;
  static const uint16_t versions[][2] = {{2, 2}, {2, 3}, {543, 0}};
  for (size_t i = 0; i < 3; i++) {
    struct image image = {0};
    image_pcap_version(&image, IMAGE_MAGIC_MICRO, versions[i][0], versions[i][1]);
    image_put32(&image, 1000);
    image_put32(&image, 0);
    image_put32(&image, IMAGE_WIRE_BYTES);
    image_put32(&image, IMAGE_FRAME_BYTES);
    image_put8(&image, 1);
    image.length += IMAGE_FRAME_BYTES - 1;
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.end, ERR_END);
    rig_assert_frames(&outcome, 1);
  }
}

static void seconds_beyond_2038_are_not_negative(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcap(&image, IMAGE_MAGIC_NANO, 1);
  image_pcap_record(&image, 0xf0000000, 5, 1);
  image_write(&image, image.length, place->path);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.time_ns[0], INT64_C(0xf0000000) * RIG_NS + 5);
}

static void a_fraction_beyond_its_second_stays_within_it(void **state)
{
  const struct place *place = *state;
  static const uint32_t fractions[] = {1000000000, 4000000000};
  static const uint32_t magics[] = {IMAGE_MAGIC_NANO, IMAGE_MAGIC_MICRO};
  for (size_t i = 0; i < 4; i++) {
    struct image image = {0};
    image_pcap(&image, magics[i / 2], 1);
    image_pcap_record(&image, 1000, fractions[i % 2], 1);
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.time_ns[0], 1000 * RIG_NS + 999999999);
  }
}

static void a_length_on_the_wire_ends_at_its_bound(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcap(&image, IMAGE_MAGIC_MICRO, 1);
  static const uint32_t rows[] = {0x7fffffff, 0x80000000, 0xffffffff};
  for (size_t i = 0; i < 3; i++) {
    image_pcap_record(&image, 1000, 1, (uint8_t)(i + 1));
    image.length -= IMAGE_FRAME_BYTES + 4;
    image_put32(&image, rows[i]);
    image.length += IMAGE_FRAME_BYTES;
  }
  image_write(&image, image.length, place->path);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(outcome.wire_bytes[i], INT32_MAX);
  }
}

static void every_truncated_length_tells_what_was_read(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  for (size_t length = 0; length < image.length; length++) {
    image_write(&image, length, place->path);
    struct outcome outcome = rig_read(place->path);
    if (length < IMAGE_FILE_HEADER) {
      assert_int_equal(outcome.end, ERR_TRUNCATED);
      assert_non_null(strstr(outcome.message.text, length == 0 ? "is empty" : "file header"));
      continue;
    }
    size_t records = (length - IMAGE_FILE_HEADER) / IMAGE_PCAP_RECORD;
    bool is_whole = (length - IMAGE_FILE_HEADER) % IMAGE_PCAP_RECORD == 0;
    char told[64];
    (void)snprintf(told, sizeof(told), "after %zu packets%s", records, is_whole ? "" : ", at byte");
    rig_assert_frames(&outcome, (int)records);
    assert_int_equal(outcome.end, is_whole ? ERR_END : ERR_TRUNCATED);
    assert_non_null(strstr(outcome.message.text, told));
    assert_non_null(strstr(outcome.message.text, place->path));
  }
}

static void a_length_that_cannot_be_ends_the_reading_there(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  size_t second = IMAGE_FILE_HEADER + IMAGE_PCAP_RECORD;
  memset(image.bytes + second + 8, 0x7f, 4);
  image_write(&image, image.length, place->path);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.end, ERR_TRUNCATED);
  rig_assert_frames(&outcome, 1);
  assert_non_null(strstr(outcome.message.text, "after 1 packets, at byte 60: "));
  assert_non_null(strstr(outcome.message.text, "2139062143 captured bytes"));
}

/* A record larger than the buffer, allowed by the file's own snap length, and the one behind it. */
static void a_packet_larger_than_the_buffer_is_read(void **state)
{
  const struct place *place = *state;
  enum { LARGE = 3000000 };
  struct image image = {0};
  image_pcap(&image, IMAGE_MAGIC_MICRO, 1);
  image.length -= 8;
  image_put32(&image, LARGE);
  image_put32(&image, 1);
  image_put32(&image, 1000);
  image_put32(&image, 0);
  image_put32(&image, LARGE);
  image_put32(&image, LARGE);
  image_write(&image, image.length, place->path);
  FILE *file = fopen(place->path, "ab");
  assert_non_null(file);
  for (int i = 0; i < LARGE; i++) {
    (void)fputc('x', file);
  }
  image.length = 0;
  image_pcap_record(&image, 1001, 0, 7);
  assert_int_equal(fwrite(image.bytes, 1, image.length, file), image.length);
  assert_int_equal(fclose(file), 0);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.end, ERR_END);
  assert_int_equal(outcome.count, 2);
  assert_int_equal(outcome.captured_bytes[0], LARGE);
  assert_int_equal(outcome.first[1], 7);
}

static void what_is_no_capture_is_refused_by_name(void **state)
{
  const struct place *place = *state;
  static const struct {
    const char *begin, *told;
  } rows[] = {
      {"xxxx", "not a capture file"},
      {"\xd4\xc3\xb2\xa1\x03", "version 3.0"},
      {"BZh9", "bzip2 -dc"},
      {"\xfd"
       "7zXZ",
       "xz -dc"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {0};
    memcpy(image.bytes, rows[i].begin, strlen(rows[i].begin));
    image_write(&image, 100, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.end, ERR_MALFORMED);
    assert_non_null(strstr(outcome.message.text, place->path));
    assert_non_null(strstr(outcome.message.text, rows[i].told));
  }
}

static void what_cannot_be_opened_is_refused_by_name(void **state)
{
  const struct place *place = *state;
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.end, ERR_NOT_FOUND);
  assert_non_null(strstr(outcome.message.text, place->path));
  outcome = rig_read(place->folder);
  assert_int_equal(outcome.end, ERR_IO);
  assert_non_null(strstr(outcome.message.text, "directory"));
}

static void the_link_type_has_a_name(void **state)
{
  const struct place *place = *state;
  static const struct {
    uint32_t link_type;
    int dlt;
    const char *name;
  } rows[] = {{1, 1, "EN10MB"},
              {101, 12, "RAW"},
              {113, 113, "LINUX_SLL"},
              {149, 149, "link type 149"},
              /* What libpcap notes of the frame check sequence is no part of it. */
              {0x30000001, 1, "EN10MB"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {0};
    image_pcap(&image, IMAGE_MAGIC_MICRO, rows[i].link_type);
    image_write(&image, image.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_int_equal(outcome.link_type, rows[i].dlt);
    assert_string_equal(outcome.link_name, rows[i].name);
    assert_false(outcome.has_several_links);
  }
}

static void a_file_has_no_drops_and_nothing_to_wait_on(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  image_write(&image, image.length, place->path);
  struct capture *capture = NULL;
  struct capture_drops drops;
  assert_int_equal(capture_open_file(place->path, &capture, NULL), 0);
  assert_int_equal(capture_drops(capture, &drops), ERR_UNSUPPORTED);
  assert_int_equal(capture_fd(capture), -1);
  assert_int_equal(capture_read(capture, 0, 0, NULL, NULL, NULL), 0);
  capture_close(capture);
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
  const struct CMUnitTest tests[] = {
      WITH_PLACE(pcap_of_either_byte_order_is_read),
      WITH_PLACE(nanoseconds_are_kept),
      WITH_PLACE(patched_record_headers_are_read),
      WITH_PLACE(lengths_that_old_versions_swapped_are_put_right),
      WITH_PLACE(seconds_beyond_2038_are_not_negative),
      WITH_PLACE(a_fraction_beyond_its_second_stays_within_it),
      WITH_PLACE(a_length_on_the_wire_ends_at_its_bound),
      WITH_PLACE(every_truncated_length_tells_what_was_read),
      WITH_PLACE(a_length_that_cannot_be_ends_the_reading_there),
      WITH_PLACE(a_packet_larger_than_the_buffer_is_read),
      WITH_PLACE(what_is_no_capture_is_refused_by_name),
      WITH_PLACE(what_cannot_be_opened_is_refused_by_name),
      WITH_PLACE(the_link_type_has_a_name),
      WITH_PLACE(a_file_has_no_drops_and_nothing_to_wait_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
