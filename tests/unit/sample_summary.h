/* SPDX-License-Identifier: Apache-2.0 */
/* Small summaries and HELLOs for the tests of the collector's steps. */
#ifndef TESTS_UNIT_SAMPLE_SUMMARY_H
#define TESTS_UNIT_SAMPLE_SUMMARY_H

#include <stdio.h>

#include "common/clock.h"
#include "common/hash.h"
#include "proto/message.h"
#include "proto/summary.h"

#define SAMPLE_BASE_NS (INT64_C(1767225600) * NS_PER_S)

static inline struct addr sample_addr(const char *text)
{
  struct addr a = {{0}};
  (void)addr_parse(text, &a);
  return a;
}

static inline int64_t sample_ns(double second)
{
  return SAMPLE_BASE_NS + (int64_t)(second * 1e9);
}

/* An empty second record without arrays. */
static inline struct summary sample_second(const char *sensor, uint64_t boot, uint64_t sequence,
                                           int64_t second)
{
  struct summary s;
  summary_init(&s);
  (void)snprintf(s.sensor, sizeof(s.sensor), "%s", sensor);
  s.boot_id = boot;
  s.sequence = sequence;
  s.kind = SUMMARY_SECOND;
  s.start_ns = sample_ns((double)second);
  s.length_ns = NS_PER_S;
  hll_init(&s.addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  return s;
}

static inline struct message_hello sample_hello(const char *sensor, uint64_t boot,
                                                const char *address)
{
  struct message_hello hello = {.version = MESSAGE_VERSION, .boot_id = boot, .next_sequence = 1};
  (void)snprintf(hello.name, sizeof(hello.name), "%s", sensor);
  if (address != NULL) {
    hello.address_count = 1;
    hello.address[0] = sample_addr(address);
  }
  return hello;
}

#endif
