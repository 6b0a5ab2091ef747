/* SPDX-License-Identifier: Apache-2.0 */
/* The pcapng format (draft-ietf-opsawg-pcapng): blocks, each with its length before and behind.
 *
 *   | type | length | body, padded to 4 bytes | length |
 *   file:  section header, interface ..., packet, packet, ..., section header, interface ...
 *
 * A section has its own byte order and its own interfaces, an interface its own link type and unit
 * of time. */
#ifndef SENSOR_CAPTURE_PCAPNG_H
#define SENSOR_CAPTURE_PCAPNG_H

#include "sensor/capture_reading.h"

#define CAPTURE_PCAPNG_MAGIC          0x0a0d0d0a /* the same in either byte order */
#define CAPTURE_PCAPNG_INTERFACES_MAX 16384      /* in one section */

/* What an interface's description says of its packets. */
struct capture_pcapng_interface {
  int link_type;
  uint32_t snap_bytes;       /* 0: no bound */
  uint64_t units_per_second; /* of its packets' times */
  uint64_t ns_per_unit;      /* 0 when that is no whole number */
  int64_t offset_s;          /* added to its packets' times */
};

struct capture_pcapng {
  bool is_little;
  struct capture_pcapng_interface *interface; /* of the section that is read */
  uint32_t interface_count, interface_room;
  int64_t time_ns; /* of the packet before: simple packets have no time of their own */
};

/* Reads up to the first packet, so that the interfaces before it are known. ERR_MALFORMED with
 * reading->why, ERR_TRUNCATED: the section header is not whole, ERR_NO_MEMORY. */
int capture_pcapng_open(struct capture_pcapng *pcapng, struct capture_reading *reading);
void capture_pcapng_fini(struct capture_pcapng *pcapng);
/* As capture_pcap_read. */
int capture_pcapng_read(struct capture_pcapng *pcapng, struct capture_reading *reading, int budget,
                        const struct capture_sink *sink);

/* For capture_pcapng.c: an interface description's body (behind the block's length), and what its
 * packets' times mean. ERR_MALFORMED with why. */
int capture_pcapng_parse_interface(struct rd *body, bool is_little,
                                   struct capture_pcapng_interface *out, const char **why);
/* Units since the interface's epoch as ns; what no int64_t holds ends at its bounds. */
int64_t capture_pcapng_time(const struct capture_pcapng_interface *interface, uint64_t units);

#endif
