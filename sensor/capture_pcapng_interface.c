/* SPDX-License-Identifier: Apache-2.0 */
/* Interface description blocks: link type, snap length, and how times are told. */
#include "common/clock.h"
#include "sensor/capture_link.h"
#include "sensor/capture_pcapng.h"

#define OPTION_END       0
#define OPTION_TSRESOL   9
#define OPTION_TSOFFSET  14
#define TSRESOL_BINARY   0x80
#define BINARY_MAX       63 /* 2^63 and 10^19 fit in 64 bits */
#define DECIMAL_MAX      19
#define DEFAULT_EXPONENT 6 /* microseconds */

__extension__ typedef unsigned __int128 uint128;

static uint64_t power_of_ten(unsigned exponent)
{
  uint64_t power = 1;
  for (unsigned i = 0; i < exponent; i++) {
    power *= 10;
  }
  return power;
}

/* if_tsresol: the exponent of the unit, of 10 or, with the upper bit set, of 2. */
static int set_resolution(struct capture_pcapng_interface *interface, uint8_t resolution)
{
  unsigned exponent = resolution & ~(unsigned)TSRESOL_BINARY;
  bool is_binary = (resolution & TSRESOL_BINARY) != 0;
  if (exponent > (is_binary ? BINARY_MAX : DECIMAL_MAX)) {
    return ERR_MALFORMED;
  }
  interface->units_per_second = is_binary ? UINT64_C(1) << exponent : power_of_ten(exponent);
  uint64_t rest = (uint64_t)NS_PER_S % interface->units_per_second;
  interface->ns_per_unit = rest == 0 ? (uint64_t)NS_PER_S / interface->units_per_second : 0;
  return 0;
}

static int64_t read_offset(struct rd *value, bool is_little)
{
  uint64_t first = capture_u32(value, is_little);
  uint64_t second = capture_u32(value, is_little);
  return (int64_t)(is_little ? second << 32 | first : first << 32 | second);
}

/* One option: code, length, value, padding. false at the end of the options. */
static bool parse_option(struct rd *body, bool is_little,
                         struct capture_pcapng_interface *interface, const char **why)
{
  if (rd_left(body) == 0) {
    return false;
  }
  uint16_t code = capture_u16(body, is_little);
  uint16_t length = capture_u16(body, is_little);
  if (code == OPTION_END) {
    return false;
  }
  struct rd value = *body;
  rd_limit(&value, length);
  if (!rd_skip(body, (length + 3U) & ~3U)) {
    *why = "an option beyond its block";
    return false;
  }
  if (code == OPTION_TSRESOL && (length != 1 || set_resolution(interface, rd_u8(&value)) != 0)) {
    *why = "a unit of time that cannot be (if_tsresol)";
    return false;
  }
  if (code == OPTION_TSOFFSET) {
    interface->offset_s = read_offset(&value, is_little);
    if (length != sizeof(int64_t)) {
      *why = "an offset of time that cannot be (if_tsoffset)";
      return false;
    }
  }
  return true;
}

int capture_pcapng_parse_interface(struct rd *body, bool is_little,
                                   struct capture_pcapng_interface *out, const char **why)
{
  struct capture_pcapng_interface interface = {.offset_s = 0};
  (void)set_resolution(&interface, DEFAULT_EXPONENT);
  interface.link_type = capture_link_dlt(capture_u16(body, is_little));
  (void)rd_skip(body, 2); /* reserved */
  interface.snap_bytes = capture_u32(body, is_little);
  if (body->has_failed) {
    *why = "an interface description that is too short";
    return ERR_MALFORMED;
  }
  *why = NULL;
  while (parse_option(body, is_little, &interface, why)) {
  }
  if (*why != NULL) {
    return ERR_MALFORMED;
  }
  *out = interface;
  return 0;
}

/* seconds and a fraction below a second, between int64_t's bounds. */
static int64_t join_time(uint64_t seconds, int64_t offset_s, int64_t fraction_ns)
{
  int64_t sum = seconds < INT64_MAX ? (int64_t)seconds : INT64_MAX;
  if (__builtin_add_overflow(sum, offset_s, &sum)) {
    sum = INT64_MAX; /* seconds is not negative: there is no other way to overflow */
  }
  int64_t ns;
  if (__builtin_mul_overflow(sum, NS_PER_S, &ns) || __builtin_add_overflow(ns, fraction_ns, &ns)) {
    return sum < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

int64_t capture_pcapng_time(const struct capture_pcapng_interface *interface, uint64_t units)
{
  int64_t ns;
  if (interface->ns_per_unit != 0 && interface->offset_s == 0) {
    /* The common case, without a division. */
    return __builtin_mul_overflow(units, interface->ns_per_unit, &ns) ? INT64_MAX : ns;
  }
  uint64_t rest = units % interface->units_per_second;
  uint64_t fraction = (uint64_t)((uint128)rest * NS_PER_S / interface->units_per_second);
  return join_time(units / interface->units_per_second, interface->offset_s, (int64_t)fraction);
}
