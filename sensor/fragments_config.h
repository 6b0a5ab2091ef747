/* SPDX-License-Identifier: Apache-2.0 */
/* How a table of fragments is set up, and what it counts. */
#ifndef SENSOR_FRAGMENTS_CONFIG_H
#define SENSOR_FRAGMENTS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "sensor/packet.h"

#define FRAGMENTS_DATAGRAMS       4096
#define FRAGMENTS_HELD            1024
#define FRAGMENTS_PER_SOURCE      1024
#define FRAGMENTS_HELD_PER_SOURCE 256
#define FRAGMENTS_TIMEOUT_NS      (INT64_C(30) * 1000000000)

/* A packet that was held goes on; borrowed. It must not call back into the table. */
typedef void fragments_release_fn(void *context, const struct packet *packet);

/* Limits of 0 are taken as 1, those above 2^24 as that. Sources whose hashes fall together share
 * their limits. */
struct fragments_config {
  size_t datagrams;       /* remembered; the one used longest ago gives way */
  size_t held;            /* later fragments that wait */
  size_t per_source;      /* datagrams of one source address: its own oldest gives way */
  size_t held_per_source; /* waiting fragments of one source address: no more are held */
  int64_t timeout_ns;
  fragments_release_fn *release;
  void *context;
};

struct fragments_counts {
  uint64_t unmatched; /* later fragments that went on without ports: no first one came in time */
  uint64_t folded;    /* the same for want of room */
};

#endif
