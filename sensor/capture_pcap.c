/* SPDX-License-Identifier: Apache-2.0 */
/* Magic numbers tell byte order, unit of time and the length of the records' headers. */
#include "sensor/capture_pcap.h"

#include <stdio.h>

#include "common/clock.h"
#include "sensor/capture_link.h"

#define FILE_HEADER    24
#define RECORD_HEADER  16
#define PATCHED_HEADER 24         /* interface, protocol and packet type behind the four numbers */
#define CAPTURED_MAX   262144     /* libpcap's and Wireshark's bound */
#define LINK_TYPE_MASK 0x03ffffff /* above it: what libpcap notes of the frame check sequence */
#define DAY_ONE_MAJOR  543        /* DG/UX tcpdump */

/* The patched one is Kuznetzov's of 1999. */
static const struct variant {
  uint32_t magic, fraction_ns, header_bytes;
} variants[] = {
    {0xa1b2c3d4, 1000, RECORD_HEADER},
    {0xa1b23c4d, 1, RECORD_HEADER},
    {0xa1b2cd34, 1000, PATCHED_HEADER},
};

struct record {
  uint32_t seconds, fraction, captured, wire;
};

static const struct variant *variant_of(uint32_t magic)
{
  for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
    if (variants[i].magic == magic) {
      return &variants[i];
    }
  }
  return NULL;
}

bool capture_pcap_is_magic(uint32_t magic_big, uint32_t magic_little)
{
  return variant_of(magic_big) != NULL || variant_of(magic_little) != NULL;
}

/* As libpcap takes them. */
static int check_version(struct capture_pcap *pcap, struct capture_reading *reading, uint16_t major,
                         uint16_t minor)
{
  bool is_old = major == 2 && minor <= 4;
  bool is_odd = major == DAY_ONE_MAJOR && minor == 0;
  if (!is_old && !is_odd) {
    (void)snprintf(reading->why, sizeof(reading->why), "pcap of version %u.%u", major, minor);
    return ERR_MALFORMED;
  }
  pcap->lengths = PCAP_LENGTHS_STRAIGHT;
  if (is_odd || minor < 3) {
    pcap->lengths = PCAP_LENGTHS_SWAPPED;
  } else if (minor == 3) {
    pcap->lengths = PCAP_LENGTHS_EITHER;
  }
  return 0;
}

/* header holds the four numbers, whole. */
static inline struct record parse_record(const uint8_t *header, bool is_little)
{
  struct rd r = rd_init(header, RECORD_HEADER);
  struct record record;
  record.seconds = capture_u32(&r, is_little);
  record.fraction = capture_u32(&r, is_little);
  record.captured = capture_u32(&r, is_little);
  record.wire = capture_u32(&r, is_little);
  return record;
}

static void put_lengths_right(const struct capture_pcap *pcap, struct record *record)
{
  if (pcap->lengths == PCAP_LENGTHS_SWAPPED || record->captured > record->wire) {
    uint32_t captured = record->wire;
    record->wire = record->captured;
    record->captured = captured;
  }
}

/* The record at that distance from the unread bytes' front; false when it is not there. */
static bool peek_record(const struct capture_pcap *pcap, struct capture_reading *reading,
                        size_t distance, struct record *record)
{
  if (!capture_reading_has(reading, distance + RECORD_HEADER)) {
    return false;
  }
  *record = parse_record(reading->unread.next + distance, pcap->is_little);
  return true;
}

/* A patch of old Linux systems wrote the longer record headers under the plain magic. Nothing but
 * the records tells: such a file's second record cannot be where a plain file has it, and can be
 * where a patched one has it. Asked once, of a record that would otherwise end the reading. */
static void find_patched_headers(struct capture_pcap *pcap, struct capture_reading *reading)
{
  struct record first, plain, patched;
  if (pcap->header_bytes != RECORD_HEADER || pcap->lengths != PCAP_LENGTHS_STRAIGHT ||
      !peek_record(pcap, reading, 0, &first) || first.captured > pcap->captured_max) {
    return;
  }
  if (!peek_record(pcap, reading, RECORD_HEADER + first.captured, &plain) ||
      plain.captured <= pcap->captured_max) {
    return;
  }
  if (peek_record(pcap, reading, PATCHED_HEADER + first.captured, &patched) &&
      patched.captured > 0 && patched.captured <= pcap->captured_max &&
      patched.captured <= patched.wire) {
    pcap->header_bytes = PATCHED_HEADER;
  }
}

int capture_pcap_open(struct capture_pcap *pcap, struct capture_reading *reading)
{
  if (!capture_reading_has(reading, FILE_HEADER)) {
    return ERR_TRUNCATED;
  }
  struct rd r = rd_init(rd_take(&reading->unread, FILE_HEADER), FILE_HEADER);
  uint32_t magic = rd_u32(&r);
  pcap->is_little = variant_of(magic) == NULL;
  const struct variant *variant = variant_of(pcap->is_little ? __builtin_bswap32(magic) : magic);
  if (variant == NULL) {
    (void)snprintf(reading->why, sizeof(reading->why), "unknown magic number");
    return ERR_MALFORMED;
  }
  pcap->fraction_ns = variant->fraction_ns;
  pcap->header_bytes = variant->header_bytes;
  uint16_t major = capture_u16(&r, pcap->is_little);
  uint16_t minor = capture_u16(&r, pcap->is_little);
  int result = check_version(pcap, reading, major, minor);
  if (result != 0) {
    return result;
  }
  (void)rd_skip(&r, 8); /* zone and accuracy: always 0 */
  uint32_t snap = capture_u32(&r, pcap->is_little);
  pcap->link_type = capture_link_dlt(capture_u32(&r, pcap->is_little) & LINK_TYPE_MASK);
  capture_reading_link(reading, pcap->link_type);
  /* A file may be made for larger packets; what is larger than any packet is no bound at all. */
  bool is_bound = snap > CAPTURED_MAX && snap <= CAPTURE_RECORD_MAX - PATCHED_HEADER;
  pcap->captured_max = is_bound ? snap : CAPTURED_MAX;
  find_patched_headers(pcap, reading);
  return 0;
}

/* Seconds have no sign (until 2106); a fraction beyond its second (damage) stays within it. */
static inline int64_t record_time(const struct capture_pcap *pcap, const struct record *record)
{
  uint64_t fraction = (uint64_t)record->fraction * pcap->fraction_ns;
  if (fraction >= NS_PER_S) {
    fraction = NS_PER_S - 1;
  }
  return (int64_t)record->seconds * NS_PER_S + (int64_t)fraction;
}

/* The packet path: a header, its bounds, a callback. */
int capture_pcap_read(const struct capture_pcap *pcap, struct capture_reading *reading, int budget,
                      const struct capture_sink *sink)
{
  struct frame frame = {.link_type = pcap->link_type, .interface = sink->index};
  const size_t header_bytes = pcap->header_bytes;
  int count = 0;
  for (; count < budget; count++) {
    if (!capture_reading_has(reading, header_bytes)) {
      capture_reading_over(reading, capture_reading_at(reading), "a packet's header");
      break;
    }
    struct record record = parse_record(reading->unread.next, pcap->is_little);
    if (pcap->lengths != PCAP_LENGTHS_STRAIGHT) {
      put_lengths_right(pcap, &record);
    }
    if (record.captured > pcap->captured_max) {
      capture_reading_damaged(reading, capture_reading_at(reading),
                              "a packet of %u captured bytes, where %u is the most",
                              record.captured, pcap->captured_max);
      break;
    }
    if (!capture_reading_has(reading, header_bytes + record.captured)) {
      capture_reading_over(reading, capture_reading_at(reading), "a packet");
      break;
    }
    frame.data = rd_take(&reading->unread, header_bytes + record.captured) + header_bytes;
    frame.time_ns = record_time(pcap, &record);
    frame.captured_bytes = record.captured;
    frame.wire_bytes = record.wire < CAPTURE_WIRE_MAX ? record.wire : CAPTURE_WIRE_MAX;
    sink->fn(sink->context, &frame);
  }
  reading->packets += (uint64_t)count;
  return count;
}
