/* SPDX-License-Identifier: Apache-2.0 */
/* The pcap format (draft-ietf-opsawg-pcap): a file header, then records.
 *
 *   | magic | 2.4 | 0 | 0 | snap length | link type |      24 bytes
 *   | seconds | fraction | captured | on the wire | bytes ... |
 */
#ifndef SENSOR_CAPTURE_PCAP_H
#define SENSOR_CAPTURE_PCAP_H

#include "sensor/capture_reading.h"

/* Versions before 2.4 told the lengths in the other order, or did so at times. */
enum capture_pcap_lengths { PCAP_LENGTHS_STRAIGHT, PCAP_LENGTHS_SWAPPED, PCAP_LENGTHS_EITHER };

struct capture_pcap {
  bool is_little;
  uint32_t fraction_ns; /* what one unit of a record's fraction is */
  uint32_t header_bytes;
  uint32_t captured_max; /* a record that claims more is damaged */
  int link_type;
  enum capture_pcap_lengths lengths;
};

bool capture_pcap_is_magic(uint32_t magic_big, uint32_t magic_little);
/* Reads the file header. ERR_MALFORMED with reading->why; ERR_TRUNCATED: not whole. */
int capture_pcap_open(struct capture_pcap *pcap, struct capture_reading *reading);
/* Hands on at most budget frames; at the end sets reading->end. Returns how many. */
int capture_pcap_read(const struct capture_pcap *pcap, struct capture_reading *reading, int budget,
                      const struct capture_sink *sink);

#endif
