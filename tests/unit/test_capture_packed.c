/* SPDX-License-Identifier: Apache-2.0 */
/* Where a capture's bytes come from: gzip, zstd, standard input, pipes that give them one by one,
 * sources that fail. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "capture_image.h"
#include "capture_rig.h"
#include "sensor/capture_file.h"

typedef void write_fn(const struct image *image, const char *path);

static void write_plain(const struct image *image, const char *path)
{
  image_write(image, image->length, path);
}

static const struct {
  const char *name;
  write_fn *write;
} packings[] = {{"plain", write_plain}, {"gzip", image_write_gzip}, {"zstd", image_write_zstd}};
#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

static void build_three(struct image *image)
{
  image_pcap(image, IMAGE_MAGIC_MICRO, 1);
  image_pcap_record(image, 1000, 1, 1);
  image_pcap_record(image, 1000, 2, 2);
  image_pcap_record(image, 1001, 999999, 3);
}

/* The bytes of three packets packed in that way; they stand at path too. */
static struct image pack_three(size_t packing, const char *path)
{
  struct image image = {0}, packed = {0};
  build_three(&image);
  packings[packing].write(&image, path);
  image_read(&packed, path);
  return packed;
}

static void build_pcapng(struct image *image)
{
  image_pcapng(image);
  image_pcapng_interface(image, 1);
  for (uint8_t number = 1; number <= 3; number++) {
    image_pcapng_packet(image, 0, number, number);
  }
}

static void assert_three(const struct outcome *outcome)
{
  assert_int_equal(outcome->end, ERR_END);
  rig_assert_frames(outcome, 3);
}

static void count_frame(void *context, const struct frame *frame)
{
  int *count = context;
  *count += frame->data[0] == *count + 1;
}

static void a_packed_file_is_read_like_the_plain_one(void **state)
{
  const struct place *place = *state;
  for (size_t i = 0; i < PACKINGS; i++) {
    struct image pcap = {0}, pcapng = {0};
    build_three(&pcap);
    packings[i].write(&pcap, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_three(&outcome);
    build_pcapng(&pcapng);
    packings[i].write(&pcapng, place->path);
    outcome = rig_read(place->path);
    assert_three(&outcome);
  }
}

static void standard_input_is_read_in_every_packing(void **state)
{
  const struct place *place = *state;
  struct image image = {0};
  build_three(&image);
  int saved = dup(STDIN_FILENO);
  for (size_t i = 0; i < PACKINGS; i++) {
    packings[i].write(&image, place->path);
    int fd = open(place->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    (void)close(fd);
    struct outcome outcome = rig_read("-");
    assert_three(&outcome);
    /* Standard input itself stays open. */
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
  }
  (void)dup2(saved, STDIN_FILENO);
  (void)close(saved);
}

/* The file fits into a pipe's buffer: no second thread is needed. */
static void a_named_pipe_is_read_in_every_packing(void **state)
{
  const struct place *place = *state;
  for (size_t i = 0; i < PACKINGS; i++) {
    struct image packed = pack_three(i, place->path);
    (void)unlink(place->path);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    int fd = open(place->path, O_RDWR | O_CLOEXEC);
    int writer = open(place->path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && writer >= 0);
    assert_int_equal(write(writer, packed.bytes, packed.length), packed.length);
    struct capture *capture = NULL;
    assert_int_equal(capture_open_file(place->path, &capture, NULL), 0);
    /* From here on the reader's end is the only one. */
    (void)close(writer);
    (void)close(fd);
    int count = 0, got = 0;
    do {
      got = capture_read(capture, 2, 0, count_frame, &count, NULL);
    } while (got > 0);
    assert_int_equal(got, ERR_END);
    assert_int_equal(count, 3);
    capture_close(capture);
    (void)unlink(place->path);
  }
}

/* A source that gives at most so many bytes at a time, and fails behind its last one if told so. */
struct trickle {
  const struct image *image;
  size_t at, step;
  int error; /* errno */
};

static ssize_t read_trickle(void *context, uint8_t *into, size_t size)
{
  struct trickle *trickle = context;
  size_t left = trickle->image->length - trickle->at;
  size_t count = left < trickle->step ? left : trickle->step;
  if (count == 0 && trickle->error != 0) {
    errno = trickle->error;
    return -1;
  }
  count = count < size ? count : size;
  memcpy(into, trickle->image->bytes + trickle->at, count);
  trickle->at += count;
  return (ssize_t)count;
}

/* Reads a whole trickle: how many frames in order; how it ended in *end. */
static int drain(struct trickle *trickle, int *end, struct err_message *message)
{
  struct capture_file *file = NULL;
  int count = 0;
  *end = capture_file_open_bytes("trickle", read_trickle, trickle, &file, message);
  while (*end >= 0) {
    *end = capture_file_read(file, 1, 0, count_frame, &count, message);
  }
  capture_file_close(file);
  return count;
}

static void bytes_may_come_one_by_one(void **state)
{
  const struct place *place = *state;
  for (size_t i = 0; i < 2 * PACKINGS; i++) {
    struct image image = {0}, packed = {0};
    if (i % 2 == 0) {
      build_three(&image);
    } else {
      build_pcapng(&image);
    }
    packings[i / 2].write(&image, place->path);
    image_read(&packed, place->path);
    for (size_t step = 1; step < 8; step++) {
      struct trickle trickle = {.image = &packed, .step = step};
      int end = 0;
      assert_int_equal(drain(&trickle, &end, NULL), 3);
      assert_int_equal(end, ERR_END);
    }
  }
}

static void a_source_that_fails_is_told_behind_what_it_gave(void **state)
{
  (void)state;
  struct image image = {0};
  build_three(&image);
  for (size_t length = 0; length <= image.length; length++) {
    struct image part = image;
    part.length = length;
    struct trickle trickle = {.image = &part, .step = 1000, .error = ESTALE};
    struct err_message message = {""};
    int end = 0;
    int count = drain(&trickle, &end, &message);
    assert_int_equal(end, ERR_IO);
    assert_int_equal(
        count, length < IMAGE_FILE_HEADER ? 0 : (length - IMAGE_FILE_HEADER) / IMAGE_PCAP_RECORD);
    assert_non_null(strstr(message.text, "trickle: "));
    assert_non_null(strstr(message.text, strerror(ESTALE)));
  }
}

static void a_packed_file_cut_anywhere_is_never_a_good_end(void **state)
{
  const struct place *place = *state;
  for (size_t i = 1; i < PACKINGS; i++) {
    struct image packed = pack_three(i, place->path);
    for (size_t length = 0; length < packed.length; length++) {
      image_write(&packed, length, place->path);
      struct outcome outcome = rig_read(place->path);
      assert_int_not_equal(outcome.end, ERR_END);
      assert_int_not_equal(outcome.end, 0);
    }
    /* Only a part of the checksum is missing: all packets are there. */
    image_write(&packed, packed.length - 1, place->path);
    struct outcome outcome = rig_read(place->path);
    rig_assert_frames(&outcome, 3);
    assert_int_equal(outcome.end, ERR_TRUNCATED);
    assert_non_null(strstr(outcome.message.text, packings[i].name));
  }
}

static void a_damaged_byte_of_a_packed_file_is_never_a_good_end(void **state)
{
  const struct place *place = *state;
  for (size_t i = 1; i < PACKINGS; i++) {
    struct image packed = pack_three(i, place->path);
    /* Of gzip's header nothing is checked but magic, method and flags: it is left alone. */
    for (size_t at = 10; at < packed.length; at++) {
      packed.bytes[at] ^= 0x55;
      image_write(&packed, packed.length, place->path);
      struct outcome outcome = rig_read(place->path);
      assert_int_not_equal(outcome.end, ERR_END);
      packed.bytes[at] ^= 0x55;
    }
  }
}

static void append(struct image *image, const struct image *more)
{
  memcpy(image->bytes + image->length, more->bytes, more->length);
  image->length += more->length;
}

/* As `cat a.gz b.gz` and parallel packers write them, and with a tape's padding. */
static void streams_one_behind_the_other_are_one(void **state)
{
  const struct place *place = *state;
  for (size_t i = 1; i < PACKINGS; i++) {
    struct image all = {0}, head = {0}, tail = {0}, packed = {0};
    build_three(&all);
    head.length = 50;
    memcpy(head.bytes, all.bytes, 50);
    tail.length = all.length - 50;
    memcpy(tail.bytes, all.bytes + 50, tail.length);
    packings[i].write(&head, place->path);
    image_read(&packed, place->path);
    packings[i].write(&tail, place->path);
    struct image second = {0};
    image_read(&second, place->path);
    append(&packed, &second);
    image_write(&packed, packed.length, place->path);
    struct outcome outcome = rig_read(place->path);
    assert_three(&outcome);
    struct image junk = {.length = 8, .bytes = "no more!"};
    append(&packed, &junk);
    image_write(&packed, packed.length, place->path);
    outcome = rig_read(place->path);
    rig_assert_frames(&outcome, 3);
    assert_int_equal(outcome.end, ERR_TRUNCATED);
  }
  struct image image = {0}, packed = {0};
  build_three(&image);
  image_write_gzip(&image, place->path);
  image_read(&packed, place->path);
  packed.length += 512;
  image_write(&packed, packed.length, place->path);
  struct outcome outcome = rig_read(place->path);
  assert_three(&outcome);
}

/* Memory is bounded by us, not by the file: a frame header that asks for a window of 64 MiB. */
static void a_window_beyond_the_bound_is_refused_with_a_way_out(void **state)
{
  const struct place *place = *state;
  struct image image = {.length = 9,
                        .bytes = {0x28, 0xb5, 0x2f, 0xfd, 0x00, (26 - 10) << 3, 1, 0, 0}};
  image_write(&image, image.length, place->path);
  struct outcome outcome = rig_read(place->path);
  assert_int_equal(outcome.end, ERR_TRUNCATED);
  assert_non_null(strstr(outcome.message.text, "zstd -dc"));
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
  const struct CMUnitTest tests[] = {
      WITH_PLACE(a_packed_file_is_read_like_the_plain_one),
      WITH_PLACE(standard_input_is_read_in_every_packing),
      WITH_PLACE(a_named_pipe_is_read_in_every_packing),
      WITH_PLACE(bytes_may_come_one_by_one),
      WITH_PLACE(a_source_that_fails_is_told_behind_what_it_gave),
      WITH_PLACE(a_packed_file_cut_anywhere_is_never_a_good_end),
      WITH_PLACE(a_damaged_byte_of_a_packed_file_is_never_a_good_end),
      WITH_PLACE(streams_one_behind_the_other_are_one),
      WITH_PLACE(a_window_beyond_the_bound_is_refused_with_a_way_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
