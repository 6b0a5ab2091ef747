/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks in their 16-byte form, and their text. */
#include "common/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"

/* Bits of ::ffff:0:0/96, which stand before the 32 of an IPv4 address. */
#define V4_PREFIX_BITS 96

/* RFC 4291 2.5.5.2: the first twelve of the sixteen bytes of a mapped address.
 *
 *   0 0 0 0  0 0 0 0  0 0 ff ff  a b c d */
static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct addr addr_from_v4(const uint8_t bytes[4])
{
  struct addr a;
  memcpy(a.byte, v4_mapped, sizeof(v4_mapped));
  memcpy(a.byte + sizeof(v4_mapped), bytes, 4);
  return a;
}

/* A mapped address within an IPv6 header stays as it is, and so becomes the IPv4 address. */
struct addr addr_from_v6(const uint8_t bytes[16])
{
  struct addr a;
  memcpy(a.byte, bytes, sizeof(a.byte));
  return a;
}

bool addr_is_v4(const struct addr *a)
{
  return memcmp(a->byte, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
  return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
  return memcmp(a->byte, b->byte, sizeof(a->byte));
}

/* A network's directed broadcast cannot be told without its prefix, so it is not looked for. */
bool addr_is_multicast(const struct addr *a)
{
  static const uint8_t broadcast[4] = {255, 255, 255, 255};
  if (!addr_is_v4(a)) {
    return a->byte[0] == 0xff;
  }
  return (a->byte[12] & 0xf0) == 0xe0 || memcmp(a->byte + 12, broadcast, 4) == 0;
}

/* 127.0.0.0/8 as a whole, ::1 alone. */
bool addr_is_loopback(const struct addr *a)
{
  static const uint8_t v6_loopback[16] = {[15] = 1};
  if (addr_is_v4(a)) {
    return a->byte[12] == 127;
  }
  return memcmp(a->byte, v6_loopback, sizeof(v6_loopback)) == 0;
}

/* 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291). */
bool addr_is_link_local(const struct addr *a)
{
  if (addr_is_v4(a)) {
    return a->byte[12] == 169 && a->byte[13] == 254;
  }
  return a->byte[0] == 0xfe && (a->byte[1] & 0xc0) == 0x80;
}

/* Both :: and 0.0.0.0, which is :: behind the mapped prefix. */
bool addr_is_unspecified(const struct addr *a)
{
  static const uint8_t zero[16] = {0};
  size_t skipped = addr_is_v4(a) ? sizeof(v4_mapped) : 0;
  return memcmp(a->byte + skipped, zero, sizeof(zero) - skipped) == 0;
}

/* inet_pton is strict where inet_aton is not: no octal, no short forms, no spaces. */
int addr_parse(const char *text, struct addr *out)
{
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text, bytes) == 1) {
    *out = addr_from_v4(bytes);
    return 0;
  }
  if (inet_pton(AF_INET6, text, bytes) == 1) {
    *out = addr_from_v6(bytes);
    return 0;
  }
  return ERR_MALFORMED;
}

/* inet_ntop fails only for want of room, and ADDR_TEXT_MAX is enough; out is a text in any case. */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT_MAX])
{
  const char *text = NULL;
  if (addr_is_v4(a)) {
    text = inet_ntop(AF_INET, a->byte + sizeof(v4_mapped), out, ADDR_TEXT_MAX);
  } else {
    text = inet_ntop(AF_INET6, a->byte, out, ADDR_TEXT_MAX);
  }
  if (text == NULL) {
    out[0] = '\0';
  }
  return out;
}

/* One to three digits and nothing else, so that "08", " 8" and "+8" are told from 8 by their sender
 * and not by us. */
static int parse_prefix(const char *text, unsigned limit, unsigned *out)
{
  unsigned value = 0;
  size_t length = strlen(text);
  if (length < 1 || length > 3 || (length > 1 && text[0] == '0')) {
    return ERR_MALFORMED;
  }
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') {
      return ERR_MALFORMED;
    }
    value = value * 10 + (unsigned)(text[i] - '0');
  }
  if (value > limit) {
    return ERR_MALFORMED;
  }
  *out = value;
  return 0;
}

/* Bits behind the prefix are most often a slip of the pen in the prefix itself. */
static bool is_zero_behind(const struct addr *a, unsigned bits)
{
  for (unsigned i = bits; i < 128; i++) {
    if ((a->byte[i / 8] & (0x80U >> (i % 8))) != 0) {
      return false;
    }
  }
  return true;
}

/* "10.0.0.0/8" -> base ::ffff:10.0.0.0, prefix_bits 96 + 8
 *
 * The address is copied out first, since addr_parse takes whole strings only. */
int network_parse(const char *text, struct network *out)
{
  char address[ADDR_TEXT_MAX];
  const char *slash = strchr(text, '/');
  size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
  if (length >= sizeof(address)) {
    return ERR_MALFORMED;
  }
  memcpy(address, text, length);
  address[length] = '\0';
  struct addr base;
  if (addr_parse(address, &base) != 0) {
    return ERR_MALFORMED;
  }
  /* "::ffff:10.0.0.0/104" is the same network as 10.0.0.0/8: the way of writing decides. */
  unsigned before = strchr(address, ':') == NULL ? V4_PREFIX_BITS : 0;
  unsigned prefix = 128 - before;
  if (slash != NULL && parse_prefix(slash + 1, 128 - before, &prefix) != 0) {
    return ERR_MALFORMED;
  }
  if (!is_zero_behind(&base, before + prefix)) {
    return ERR_MALFORMED;
  }
  out->base = base;
  out->prefix_bits = (uint8_t)(before + prefix);
  return 0;
}

/* The way back: the 96 mapped bits are taken off again. */
const char *network_format(const struct network *n, char out[NETWORK_TEXT_MAX])
{
  char address[ADDR_TEXT_MAX];
  unsigned prefix = n->prefix_bits;
  if (addr_is_v4(&n->base) && prefix >= V4_PREFIX_BITS) {
    prefix -= V4_PREFIX_BITS;
  }
  (void)snprintf(out, NETWORK_TEXT_MAX, "%s/%u", addr_format(&n->base, address), prefix);
  return out;
}

/* Whole bytes by memcmp, the bits of the last one by shifting the difference out. */
bool network_contains(const struct network *n, const struct addr *a)
{
  /* ::/0 means every IPv6 address; that IPv4 is held as mapped is nobody's business outside. */
  if (addr_is_v4(&n->base) != addr_is_v4(a)) {
    return false;
  }
  unsigned whole = n->prefix_bits / 8;
  unsigned rest = n->prefix_bits % 8;
  if (memcmp(n->base.byte, a->byte, whole) != 0) {
    return false;
  }
  return rest == 0 || ((n->base.byte[whole] ^ a->byte[whole]) >> (8 - rest)) == 0;
}
