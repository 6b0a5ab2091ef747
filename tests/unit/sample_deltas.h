/* SPDX-License-Identifier: Apache-2.0 */
/* Flows' deltas for the tests of the windows, and a skewed choice of hosts. */
#ifndef TESTS_UNIT_SAMPLE_DELTAS_H
#define TESTS_UNIT_SAMPLE_DELTAS_H

#include "sensor/flow_record.h"
#include "tests/unit/sample_packets.h"

/* A TCP flow between hosts of 10.0.0.0/8, one packet each way. */
static inline struct flow_delta sample_delta(uint32_t client, uint32_t server, uint16_t port,
                                             uint64_t bytes_out, uint64_t bytes_in)
{
  struct flow_delta delta = {.is_new = true, .is_first_in_span = true};
  delta.flow = (struct flow_record){.client = sample_addr(client),
                                    .server = sample_addr(server),
                                    .client_port = 30000,
                                    .server_port = port,
                                    .protocol = SAMPLE_TCP,
                                    .is_guessed = true,
                                    .out = {1, bytes_out, 0},
                                    .in = {1, bytes_in, 0},
                                    .first_ns = 5,
                                    .last_ns = 6};
  return delta;
}

/* 0..limit-1, where n comes about as often as 1/(n + 1) (Zipf): a product of ever smaller parts. */
static inline uint32_t sample_zipf(uint64_t *random, uint32_t limit)
{
  uint32_t n = limit;
  do {
    n = sample_below(random, n) + 1;
  } while (n > 1 && sample_below(random, 2) == 0);
  return n - 1;
}

#endif
