/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and networks. An IPv4 address is held as IPv4-mapped IPv6 (::ffff:a.b.c.d), so that
 * one 16-byte key serves both; text is always the ordinary form of the family. */
#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_MAX    46 /* longest address text with its NUL */
#define NETWORK_TEXT_MAX 50 /* longest address/prefix text with its NUL */

struct addr {
  uint8_t byte[16];
};

/* A network: the bits of base after prefix_bits are zero. prefix_bits counts within the 16 bytes
 * (an IPv4 /24 is 120), text shows the family's own count. */
struct network {
  struct addr base;
  uint8_t prefix_bits;
};

/* From 4 or 16 bytes in network order. */
struct addr addr_from_v4(const uint8_t bytes[4]);
struct addr addr_from_v6(const uint8_t bytes[16]);

bool addr_is_v4(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);
/* memcmp order: IPv4 as mapped. <0, 0, >0. */
int addr_compare(const struct addr *a, const struct addr *b);

/* Multicast of either family, and 255.255.255.255. */
bool addr_is_multicast(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_link_local(const struct addr *a);
bool addr_is_unspecified(const struct addr *a);

/* Text (whole string) to address. ERR_MALFORMED when it is none. */
int addr_parse(const char *text, struct addr *out);
/* Writes the text with its NUL into out[ADDR_TEXT_MAX] and returns out. */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT_MAX]);

/* "10.0.0.0/8", "2001:db8::/32", or a bare address (its full length). Bits behind the prefix must
 * be zero. ERR_MALFORMED otherwise. */
int network_parse(const char *text, struct network *out);
const char *network_format(const struct network *n, char out[NETWORK_TEXT_MAX]);
bool network_contains(const struct network *n, const struct addr *a);

#endif
