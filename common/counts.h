/* SPDX-License-Identifier: Apache-2.0 */
/* The counters that every level of Seine adds up: packets, IP bytes, payload bytes. */
#ifndef COMMON_COUNTS_H
#define COMMON_COUNTS_H

#include <stdint.h>

/* bytes: of the outermost IP header, which all hosts on the way see alike: sums across hosts
 * compare. payload_bytes: bytes above the innermost TCP, UDP or SCTP header, as the headers'
 * lengths say; for other protocols the bytes above the IP header. */
struct counts {
  uint64_t packets;
  uint64_t bytes;
  uint64_t payload_bytes;
};

/* into += from. */
static inline void counts_add(struct counts *into, const struct counts *from)
{
  into->packets += from->packets;
  into->bytes += from->bytes;
  into->payload_bytes += from->payload_bytes;
}

/* now - before, for counters that only grow. */
static inline struct counts counts_since(const struct counts *now, const struct counts *before)
{
  return (struct counts){now->packets - before->packets, now->bytes - before->bytes,
                         now->payload_bytes - before->payload_bytes};
}

#endif
