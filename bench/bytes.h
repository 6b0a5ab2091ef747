/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers into frames in network order, and the Internet checksum (RFC 1071) over what stands
 * there. */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void bytes_put16(uint8_t *at, uint32_t value)
{
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline void bytes_put32(uint8_t *at, uint32_t value)
{
  bytes_put16(at, value >> 16);
  bytes_put16(at + 2, value);
}

/* Sum of big-endian 16-bit words, not folded: a pseudo header's share can be added to it. */
static inline uint32_t bytes_sum(const uint8_t *at, size_t length)
{
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) {
    sum += (uint32_t)at[i] << 8 | at[i + 1];
  }
  return length % 2 != 0 ? sum + ((uint32_t)at[length - 1] << 8) : sum;
}

static inline uint16_t bytes_checksum(uint32_t sum)
{
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)(~sum & 0xffff);
}

#endif
