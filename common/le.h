/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers and varints, of which the sketches' encoded forms are made. A varint holds
 * seven bits a byte, lowest first; the highest bit says that another byte follows. Only the
 * shortest form of a number is read, so that equal sketches have equal bytes. */
#ifndef COMMON_LE_H
#define COMMON_LE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rd.h"

#define LE_VARINT_MAX 10 /* bytes of a 64-bit number */

/* Each le_put_* writes to out and returns how many bytes. */
static inline size_t le_put_u16(uint8_t *out, unsigned value)
{
  out[0] = (uint8_t)(value & 0xff);
  out[1] = (uint8_t)(value >> 8 & 0xff);
  return 2;
}

static inline size_t le_put_u64(uint8_t *out, uint64_t value)
{
  for (unsigned i = 0; i < 8; i++) {
    out[i] = (uint8_t)(value >> (8 * i) & 0xff);
  }
  return 8;
}

static inline size_t le_put_varint(uint8_t *out, uint64_t value)
{
  size_t length = 0;
  while (value >= 0x80) {
    out[length++] = (uint8_t)((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out[length++] = (uint8_t)value;
  return length;
}

/* 0 after a failure, as rd_u16. */
static inline unsigned le_u16(struct rd *r)
{
  unsigned low = rd_u8(r);
  return low | (unsigned)rd_u8(r) << 8;
}

static inline uint64_t le_u64(struct rd *r)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; i++) {
    value |= (uint64_t)rd_u8(r) << (8 * i);
  }
  return value;
}

/* ERR_TRUNCATED; ERR_MALFORMED: beyond 64 bits, or longer than need be. */
static inline int le_varint(struct rd *r, uint64_t *out)
{
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    unsigned byte = rd_u8(r);
    if (r->has_failed) {
      return ERR_TRUNCATED;
    }
    if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) {
      return ERR_MALFORMED;
    }
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *out = value;
      return 0;
    }
  }
  return ERR_MALFORMED;
}

#endif
