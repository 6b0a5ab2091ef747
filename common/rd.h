/* SPDX-License-Identifier: Apache-2.0 */
/* The one cursor for untrusted bytes: it never reads past the end and remembers its first failure,
 * so that a parser reads on in a straight line and asks once. */
#ifndef COMMON_RD_H
#define COMMON_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
  const uint8_t *next;
  const uint8_t *end;
  bool has_failed;
};

/* Borrows bytes, which may be NULL when length is 0 (an empty message of a library): adding even 0
 * to NULL is undefined. */
static inline struct rd rd_init(const uint8_t *bytes, size_t length)
{
  return (struct rd){bytes, length > 0 ? bytes + length : bytes, false};
}

/* 0 at the end and never less: next does not pass end. */
static inline size_t rd_left(const struct rd *r)
{
  return (size_t)(r->end - r->next);
}

/* Takes n bytes: their address, or NULL (and has_failed) when fewer are left. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
  if (r->has_failed || rd_left(r) < n) {
    r->has_failed = true;
    return NULL;
  }
  const uint8_t *at = r->next;
  r->next += n;
  return at;
}

/* For what a parser has no use for; fails like a read. */
static inline bool rd_skip(struct rd *r, size_t n)
{
  return rd_take(r, n) != NULL;
}

/* Big-endian numbers; 0 after a failure. */
static inline uint8_t rd_u8(struct rd *r)
{
  const uint8_t *at = rd_take(r, 1);
  return at != NULL ? at[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
  const uint8_t *at = rd_take(r, 2);
  if (at == NULL) {
    return 0;
  }
  return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t rd_u32(struct rd *r)
{
  const uint8_t *at = rd_take(r, 4);
  if (at == NULL) {
    return 0;
  }
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Ends the cursor at most n bytes on: what lies behind (padding, trailers) is out of reach. */
static inline void rd_limit(struct rd *r, size_t n)
{
  if (rd_left(r) > n) {
    r->end = r->next + n;
  }
}

#endif
