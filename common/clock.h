/* SPDX-License-Identifier: Apache-2.0 */
/* Time: int64_t nanoseconds since 1970-01-01 UTC everywhere; text is RFC 3339. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_S          INT64_C(1000000000)
#define NS_PER_MS         INT64_C(1000000)
#define NS_PER_MINUTE     (60 * NS_PER_S)
#define CLOCK_TEXT_MAX    40
#define DURATION_TEXT_MAX 24

/* The wall clock and the monotonic clock. Never called by a pure file. */
int64_t clock_now_ns(void);
int64_t clock_monotonic_ns(void);

/* The largest multiple of step_ns (> 0) that is <= time_ns; right for negative times too. */
int64_t clock_floor_ns(int64_t time_ns, int64_t step_ns);

/* "2026-11-24T21:53:59Z", with milliseconds when they are not zero. Any int64_t is accepted; years
 * outside 0001..9999 are written as "@seconds". Returns out. */
const char *clock_format(int64_t time_ns, char out[CLOCK_TEXT_MAX]);

/* "90s" "1.5s" "250ms" "5m" "6h" "7d" "2w" "10us" "5ns", or a bare 0. ERR_MALFORMED otherwise,
 * ERR_LIMIT when it does not fit. */
int duration_parse(const char *text, int64_t *out_ns);
/* The shortest exact form of those: 90 s -> "90s", 60 s -> "1m". Returns out. */
const char *duration_format(int64_t duration_ns, char out[DURATION_TEXT_MAX]);

#endif
