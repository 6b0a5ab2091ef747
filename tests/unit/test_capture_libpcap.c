/* SPDX-License-Identifier: Apache-2.0 */
/* Our reader against libpcap, packet by packet: times, lengths and bytes, over random files and
 * over the captures of the folders named. What differs is in a table here, with its reason. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>
#include <zlib.h>

#include "capture_image.h"
#include "capture_rig.h"

#define ROUNDS 400

/* Damaged files that ours takes for something else. */
static const struct {
  const char *name, *reason;
} explained[] = {
    {"suricata-verify__fuzz.pcap", "read with the patched record headers"},
};

static char **folders;

/* libpcap's side of one file. */
struct other {
  pcap_t *pcap;
  bool is_over;
  int packets, cut;
};

static int64_t other_time(const struct timeval *time)
{
  int64_t seconds = time->tv_sec;
  int64_t fraction = time->tv_usec;
  if (seconds < 0 && seconds >= INT32_MIN) {
    seconds += INT64_C(1) << 32;
  }
  if (seconds >= INT64_MAX / RIG_NS) {
    return INT64_MAX;
  }
  return seconds * RIG_NS + (fraction < 0 || fraction >= RIG_NS ? RIG_NS - 1 : fraction);
}

/* The same packet from libpcap; of what it gives less it gives the beginning. */
static void compare_frame(void *context, const struct frame *frame)
{
  struct other *other = context;
  struct pcap_pkthdr *header = NULL;
  const u_char *bytes = NULL;
  other->is_over = other->is_over || pcap_next_ex(other->pcap, &header, &bytes) != 1;
  if (other->is_over) {
    return;
  }
  other->packets++;
  assert_int_equal(frame->time_ns, other_time(&header->ts));
  assert_int_equal(frame->wire_bytes, header->len < INT32_MAX ? header->len : INT32_MAX);
  assert_int_equal(frame->link_type, pcap_datalink(other->pcap));
  if (frame->captured_bytes != header->caplen) {
    /* libpcap cuts packets that are longer than the file's header says they are. */
    assert_int_equal(header->caplen, pcap_snapshot(other->pcap));
    assert_true(frame->captured_bytes > header->caplen);
    other->cut++;
  }
  assert_memory_equal(frame->data, bytes, header->caplen);
}

/* A file for libpcap, unpacked if need be. */
static FILE *open_other(const char *path)
{
  gzFile packed = gzopen(path, "rb");
  FILE *plain = tmpfile();
  assert_true(packed != NULL && plain != NULL);
  static char chunk[65536];
  int got = 0;
  while ((got = gzread(packed, chunk, sizeof(chunk))) > 0) {
    assert_int_equal(fwrite(chunk, 1, (size_t)got, plain), got);
  }
  (void)gzclose(packed);
  rewind(plain);
  return plain;
}

/* Both read path to its end; how many packets. */
static int compare_open(const char *path, struct capture *capture, struct other *other)
{
  struct err_message message = {""};
  int got = 0, count = 0;
  do {
    got = capture_read(capture, 100, 0, compare_frame, other, &message);
    count += got > 0 ? got : 0;
  } while (got > 0);
  struct pcap_pkthdr *header = NULL;
  const u_char *bytes = NULL;
  int end = pcap_next_ex(other->pcap, &header, &bytes);
  if (other->packets != count || (end == PCAP_ERROR_BREAK) != (got == ERR_END)) {
    print_message("%s; libpcap: %d packets, %s\n", message.text, other->packets,
                  pcap_geterr(other->pcap));
  }
  assert_int_equal(other->packets, count);
  assert_int_equal(end == PCAP_ERROR_BREAK, got == ERR_END);
  if (other->cut > 0) {
    print_message("%s: libpcap cuts %d packets to the snap length\n", path, other->cut);
  }
  return count;
}

static int compare_file(const char *path)
{
  char why[PCAP_ERRBUF_SIZE] = "";
  struct err_message message = {""};
  struct capture *capture = NULL;
  FILE *stream = open_other(path);
  struct other other = {
      .pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why)};
  int opened = capture_open_file(path, &capture, &message);
  if (other.pcap == NULL || opened != 0) {
    if (other.pcap != NULL || opened == 0) {
      print_message("%s: libpcap: %s; ours: %s\n", path, why, message.text);
    }
    assert_null(other.pcap);
    assert_int_not_equal(opened, 0);
    (void)fclose(stream);
    return 0;
  }
  int count = compare_open(path, capture, &other);
  capture_close(capture);
  pcap_close(other.pcap);
  return count;
}

static bool is_compared(const char *name)
{
  for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++) {
    if (strcmp(name, explained[i].name) == 0) {
      print_message("%s: left out: %s\n", name, explained[i].reason);
      return false;
    }
  }
  return strstr(name, ".pcap") != NULL;
}

static void captures_are_read_as_by_libpcap(void **state)
{
  (void)state;
  for (char **folder = folders; *folder != NULL; folder++) {
    int files = 0, packets = 0;
    DIR *dir = opendir(*folder);
    if (dir == NULL) {
      print_message("%s is not there\n", *folder);
      continue;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
      char path[4096];
      (void)snprintf(path, sizeof(path), "%s/%s", *folder, entry->d_name);
      if (is_compared(entry->d_name)) {
        packets += compare_file(path);
        files++;
      }
    }
    (void)closedir(dir);
    print_message("%s: %d files, %d packets\n", *folder, files, packets);
    assert_true(packets > 0);
  }
}

static uint32_t next_random(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
  return (uint32_t)(*seed >> 33);
}

/* None of those whose headers libpcap turns into the byte order of this host (NFLOG, USB, pflog,
 * CAN within cooked frames): ours hands out the file's bytes. */
static uint16_t random_link(uint64_t *seed, uint16_t least)
{
  static const uint16_t turned[] = {113, 117, 189, 220, 239};
  uint16_t link_type = (uint16_t)(least + next_random(seed) % (300U - least));
  for (size_t i = 0; i < sizeof(turned) / sizeof(turned[0]); i++) {
    if (turned[i] == link_type) {
      return 1;
    }
  }
  return link_type;
}

static void build_pcap(struct image *image, uint64_t *seed)
{
  static const uint32_t magics[] = {IMAGE_MAGIC_MICRO, IMAGE_MAGIC_NANO, IMAGE_MAGIC_PATCHED};
  uint32_t magic = magics[next_random(seed) % 3];
  uint32_t bound = magic == IMAGE_MAGIC_NANO ? 1000000000 : 1000000;
  image_pcap(image, magic, random_link(seed, 0));
  for (uint8_t number = 1; number <= next_random(seed) % 30; number++) {
    uint32_t seconds = next_random(seed) << 1, fraction = next_random(seed) % bound;
    if (magic == IMAGE_MAGIC_PATCHED) {
      image_pcap_patched(image, seconds, fraction, number);
    } else {
      image_pcap_record(image, seconds, fraction, number);
    }
  }
}

/* What libpcap can: one byte order and one link type, which must not be one that it renumbers (its
 * check of the second interface stumbles over those). */
static void build_pcapng(struct image *image, uint64_t *seed)
{
  uint16_t link_type = random_link(seed, 107);
  uint32_t interfaces = 1 + next_random(seed) % 4;
  image_pcapng(image);
  for (uint32_t i = 0; i < interfaces; i++) {
    image_interface_begin(image, link_type, 65535);
    image_tsoffset(image, next_random(seed) % 100000);
    image_tsresol(image, (uint8_t)(next_random(seed) % 2 == 0 ? 3 + next_random(seed) % 10
                                                              : 0x80 | next_random(seed) % 40));
    image_block_end(image);
  }
  for (uint8_t number = 1; number <= next_random(seed) % 40; number++) {
    uint64_t units = (uint64_t)next_random(seed) << (next_random(seed) % 4);
    uint32_t interface = next_random(seed) % interfaces;
    switch (next_random(seed) % 4) {
    case 0:
      image_pcapng_old_packet(image, (uint16_t)interface, units, number);
      break;
    case 1:
      image_block_begin(image, 4 + next_random(seed) % 2);
      image_put32(image, 0);
      image_block_end(image);
      break;
    default:
      image_pcapng_packet(image, interface, units, number);
      break;
    }
  }
}

static void random_files_are_read_as_by_libpcap(void **state)
{
  const struct place *place = *state;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    uint64_t seed = round;
    struct image image = {.is_big_endian = next_random(&seed) % 2 == 0};
    if (next_random(&seed) % 2 == 0) {
      build_pcap(&image, &seed);
    } else {
      build_pcapng(&image, &seed);
    }
    /* Cut now and then: both must stop behind the same packet. */
    size_t cut = next_random(&seed) % 3 == 0 ? next_random(&seed) % image.length : 0;
    image_write(&image, image.length - cut, place->path);
    print_message("seed %d\r", (int)round);
    (void)compare_file(place->path);
  }
}

int main(int argc, char **argv)
{
  (void)argc;
  folders = argv + 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(random_files_are_read_as_by_libpcap, rig_set_up,
                                      rig_tear_down),
      cmocka_unit_test(captures_are_read_as_by_libpcap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
