/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files of every make and every damage. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_image.h"
#include "sensor/capture.h"

#define NS INT64_C(1000000000)

/* A temporary folder and one file in it. */
struct place {
  char folder[64];
  char path[96];
};

static int set_up(void **state)
{
  struct place *place = calloc(1, sizeof(*place));
  assert_non_null(place);
  (void)snprintf(place->folder, sizeof(place->folder), "/tmp/seine-capture-XXXXXX");
  assert_non_null(mkdtemp(place->folder));
  (void)snprintf(place->path, sizeof(place->path), "%s/a.pcap", place->folder);
  *state = place;
  return 0;
}

static int tear_down(void **state)
{
  struct place *place = *state;
  (void)unlink(place->path);
  (void)rmdir(place->folder);
  free(place);
  return 0;
}

/* What came out of a file: how many frames, the last one's time, how it ended. */
struct outcome {
  int count;
  int64_t last_ns;
  int link_type;
  int end;
  struct err_message message;
};

static void take_frame(void *context, const struct frame *frame)
{
  struct outcome *outcome = context;
  outcome->count++;
  outcome->last_ns = frame->time_ns;
  assert_int_equal(frame->wire_bytes, IMAGE_WIRE_BYTES);
  assert_int_equal(frame->captured_bytes, IMAGE_FRAME_BYTES);
  assert_int_equal(frame->interface, 5);
  assert_int_equal(frame->link_type, outcome->link_type);
  assert_int_equal(frame->data[0], outcome->count);
}

static struct outcome read_all(const char *path)
{
  struct outcome outcome = {0};
  struct capture *capture = NULL;
  outcome.end = capture_open_file(path, &capture, &outcome.message);
  if (outcome.end != 0) {
    assert_null(capture);
    return outcome;
  }
  outcome.link_type = capture_link_type(capture);
  int got = 0;
  do {
    got = capture_read(capture, 2, 5, take_frame, &outcome, &outcome.message);
    assert_true(got <= 2);
  } while (got > 0);
  assert_int_not_equal(got, 0);
  outcome.end = got;
  /* The end stays the end. */
  assert_int_equal(capture_read(capture, 2, 5, take_frame, &outcome, NULL), got);
  capture_close(capture);
  return outcome;
}

static void build_three(struct image *image)
{
  image_pcap(image, IMAGE_MAGIC_MICRO, 1);
  image_pcap_record(image, 1000, 1, 1);
  image_pcap_record(image, 1000, 2, 2);
  image_pcap_record(image, 1001, 999999, 3);
}

static void assert_three(const struct outcome *outcome)
{
  assert_int_equal(outcome->end, ERR_END);
  assert_int_equal(outcome->count, 3);
  assert_int_equal(outcome->link_type, 1);
  assert_int_equal(outcome->last_ns, 1001 * NS + 999999000);
}

static void pcap_of_either_byte_order_is_read(void **state)
{
  const struct place *place = *state;
  for (int order = 0; order < 2; order++) {
    struct image image = {.is_big_endian = order == 1};
    build_three(&image);
    image_write(&image, image.length, place->path);
    struct outcome outcome = read_all(place->path);
    assert_three(&outcome);
  }
}

static void nanoseconds_are_kept(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcap(&image, IMAGE_MAGIC_NANO, 1);
  image_pcap_record(&image, 1000, 123456789, 1);
  image_write(&image, image.length, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.last_ns, 1000 * NS + 123456789);
}

static void seconds_beyond_2038_are_not_negative(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcap(&image, IMAGE_MAGIC_NANO, 1);
  image_pcap_record(&image, 0xf0000000, 5, 1);
  image_write(&image, image.length, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.last_ns, INT64_C(0xf0000000) * NS + 5);
}

static void a_fraction_beyond_its_second_stays_within_it(void **state)
{
  const struct place *place = *state;
  static const uint32_t fractions[] = {1000000000, 4000000000};
  static const int64_t expected[] = {999999999, 0};
  for (size_t i = 0; i < 2; i++) {
    struct image image = {0};
    image_pcap(&image, IMAGE_MAGIC_NANO, 1);
    image_pcap_record(&image, 1000, fractions[i], 1);
    image_write(&image, image.length, place->path);
    struct outcome outcome = read_all(place->path);
    assert_int_equal(outcome.last_ns, 1000 * NS + expected[i]);
  }
}

static void pcapng_is_read(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_pcapng_interface(&image, 1);
  image_pcapng_packet(&image, 0, UINT64_C(1700000000000001), 1);
  image_pcapng_packet(&image, 1, UINT64_C(1700000000000002), 2);
  image_write(&image, image.length, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.end, ERR_END);
  assert_int_equal(outcome.count, 2);
  assert_int_equal(outcome.last_ns, 1700000000 * NS + 2000);
}

static void times_that_no_int64_holds_end_at_its_bounds(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_pcapng_packet(&image, 0, UINT64_MAX, 1);
  image_write(&image, image.length, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.count, 1);
  assert_int_equal(outcome.last_ns, INT64_MAX);
}

static void mixed_link_types_are_told(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  image_pcapng(&image);
  image_pcapng_interface(&image, 1);
  image_pcapng_packet(&image, 0, 1, 1);
  image_pcapng_interface(&image, 101);
  image_pcapng_packet(&image, 1, 2, 2);
  image_write(&image, image.length, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.end, ERR_TRUNCATED);
  assert_int_equal(outcome.count, 1);
  assert_non_null(strstr(outcome.message.text, place->path));
  assert_non_null(strstr(outcome.message.text, "link types"));
}

static void gzip_is_read_like_the_plain_file(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  image_write_gzip(&image, place->path);
  struct outcome outcome = read_all(place->path);
  assert_three(&outcome);
}

static void standard_input_is_read_plain_or_gzip(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  int saved = dup(STDIN_FILENO);
  for (int zipped = 0; zipped < 2; zipped++) {
    if (zipped != 0) {
      image_write_gzip(&image, place->path);
    } else {
      image_write(&image, image.length, place->path);
    }
    int fd = open(place->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    (void)close(fd);
    struct outcome outcome = read_all("-");
    assert_three(&outcome);
  }
  (void)dup2(saved, STDIN_FILENO);
  (void)close(saved);
}

static void every_truncated_length_tells_what_was_read(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  for (size_t length = 0; length < image.length; length++) {
    image_write(&image, length, place->path);
    struct outcome outcome = read_all(place->path);
    if (length < IMAGE_FILE_HEADER) {
      assert_int_equal(outcome.end, ERR_TRUNCATED);
      assert_non_null(strstr(outcome.message.text, length == 0 ? "is empty" : "file header"));
      continue;
    }
    size_t records = (length - IMAGE_FILE_HEADER) / IMAGE_PCAP_RECORD;
    bool is_whole = (length - IMAGE_FILE_HEADER) % IMAGE_PCAP_RECORD == 0;
    char told[64];
    (void)snprintf(told, sizeof(told), "after %zu packets", records);
    assert_int_equal(outcome.count, records);
    assert_int_equal(outcome.end, is_whole ? ERR_END : ERR_TRUNCATED);
    assert_non_null(strstr(outcome.message.text, told));
    assert_non_null(strstr(outcome.message.text, place->path));
  }
}

static void a_gzip_file_cut_anywhere_is_never_a_good_end(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  image_write_gzip(&image, place->path);
  FILE *file = fopen(place->path, "rb");
  assert_non_null(file);
  struct image zipped = {0};
  zipped.length = fread(zipped.bytes, 1, sizeof(zipped.bytes), file);
  (void)fclose(file);
  for (size_t length = 3; length < zipped.length; length++) {
    image_write(&zipped, length, place->path);
    struct outcome outcome = read_all(place->path);
    assert_int_not_equal(outcome.end, ERR_END);
    assert_int_not_equal(outcome.end, 0);
  }
  /* Only the checksum is missing: all packets are there. */
  image_write(&zipped, zipped.length - 1, place->path);
  assert_int_equal(read_all(place->path).count, 3);
}

static void what_is_no_capture_is_refused_by_name(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  memset(image.bytes, 'x', 100);
  image_write(&image, 100, place->path);
  struct outcome outcome = read_all(place->path);
  assert_int_equal(outcome.end, ERR_MALFORMED);
  assert_non_null(strstr(outcome.message.text, place->path));
  assert_non_null(strstr(outcome.message.text, "not a capture file"));
  (void)unlink(place->path);
  outcome = read_all(place->path);
  assert_int_equal(outcome.end, ERR_NOT_FOUND);
  assert_non_null(strstr(outcome.message.text, place->path));
  outcome = read_all(place->folder);
  assert_int_equal(outcome.end, ERR_IO);
  assert_non_null(strstr(outcome.message.text, "directory"));
}

static void the_link_type_has_a_name(void **state)
{
  const struct place *place = *state;
  static const struct {
    uint32_t link_type;
    const char *name;
  } rows[] = {{1, "EN10MB"}, {113, "LINUX_SLL"}, {149, "link type 149"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct image image = {0};
    image_pcap(&image, IMAGE_MAGIC_MICRO, rows[i].link_type);
    image_write(&image, image.length, place->path);
    struct capture *capture = NULL;
    assert_int_equal(capture_open_file(place->path, &capture, NULL), 0);
    assert_string_equal(capture_link_name(capture), rows[i].name);
    struct capture_drops drops;
    assert_int_equal(capture_drops(capture, &drops), ERR_UNSUPPORTED);
    capture_close(capture);
  }
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      WITH_PLACE(pcap_of_either_byte_order_is_read),
      WITH_PLACE(nanoseconds_are_kept),
      WITH_PLACE(seconds_beyond_2038_are_not_negative),
      WITH_PLACE(a_fraction_beyond_its_second_stays_within_it),
      WITH_PLACE(pcapng_is_read),
      WITH_PLACE(times_that_no_int64_holds_end_at_its_bounds),
      WITH_PLACE(mixed_link_types_are_told),
      WITH_PLACE(gzip_is_read_like_the_plain_file),
      WITH_PLACE(standard_input_is_read_plain_or_gzip),
      WITH_PLACE(every_truncated_length_tells_what_was_read),
      WITH_PLACE(a_gzip_file_cut_anywhere_is_never_a_good_end),
      WITH_PLACE(what_is_no_capture_is_refused_by_name),
      WITH_PLACE(the_link_type_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
