/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector publishes for other programs, as plain structures (proto/feed.proto says each
 * field's meaning and unit). Text is borrowed. */
#ifndef PROTO_FEED_H
#define PROTO_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#define FEED_TALKERS_MAX 64

struct feed_talker {
  struct addr addr;
  uint64_t tx_bytes, rx_bytes, error_bytes;
};

struct feed_window {
  int64_t start_ns, length_ns;
  uint32_t revision, sensors_expected, sensors_present;
  double completeness_percent;
  bool has_total;
  uint64_t bytes_low, bytes_high, packets_low, packets_high;
  uint64_t interface_bytes, flows_active, flows_new;
  uint64_t tcp_attempts, tcp_failed, retransmitted, addresses, dropped;
  size_t talker_count;
  struct feed_talker talker[FEED_TALKERS_MAX];
};

struct feed_alert {
  const char *id, *state, *severity, *detector, *rule, *subject, *summary, *unit, *resolution;
  const char *command;
  int64_t started_ns, changed_ns;
  double observed, expected_low, expected_high, completeness_percent;
};

#endif
