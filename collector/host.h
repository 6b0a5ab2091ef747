/* SPDX-License-Identifier: Apache-2.0 */
/* One sensor as the collector knows it: the value that hosts.h hands out, and that detectors, the
 * fleet's merge and the answers read. The table of them is hosts.h.
 *
 *   HELLO, a record in time            -> connected, punctual: windows wait for it
 *   two closes missed, or backlog      -> not punctual: nobody waits
 *   the collector itself was away      -> who was there is punctual, whatever it sends (hosts.h)
 *   BYE                                -> has_left
 *   silence                            -> nothing changes here; the detector finds out */
#ifndef COLLECTOR_HOST_H
#define COLLECTOR_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/placement.h"
#include "common/addr.h"
#include "proto/message.h"
#include "proto/summary.h"

/* What one interface of a sensor counted since the collector knows it: all its second records
 * summed, late ones too. In a record that is complete, kernel = captured + own + dropped. */
struct host_total {
  char name[SUMMARY_INTERFACE_NAME_MAX];
  uint64_t kernel_packets, kernel_bytes; /* received and sent */
  uint64_t captured_packets, captured_bytes;
  uint64_t own_packets, own_bytes;
  uint64_t dropped_packets; /* by the capture's ring */
};

/* One sensor; borrowed from hosts, valid until the next change. */
struct host {
  char name[KEYS_NAME_MAX];
  char software[32];
  bool is_connected; /* HELLO seen, no BYE */
  bool has_left;     /* said BYE */
  bool is_restored;  /* known from the store alone: no HELLO since the restart */
  bool is_punctual;
  uint64_t boot_id;
  uint64_t last_sequence;                /* highest applied of boot_id */
  int64_t first_heard_ns, last_heard_ns; /* collector's clock (live) or event time (replay) */
  /* Silence counts from here: last_heard_ns, moved on by what the collector slept since. INT64_MIN:
   * known from the store, and the collector has not begun to listen. */
  int64_t quiet_from_ns;
  int64_t progress_ns;                           /* end of its newest interval, as placed */
  int64_t clock_offset_ns, clock_uncertainty_ns; /* as the sensor measured */
  int64_t shift_intervals;                       /* whole seconds added to its interval starts */
  bool has_bad_clock;                            /* |offset| >= 2 s, with hysteresis to 1 s */
  uint64_t records, repeated, late, gaps, refused;
  uint64_t frames, wire_bytes, undecoded, dropped, own_frames, folded; /* sums of its ledgers */
  uint64_t cpu_ns, resident_bytes;                 /* cpu: of the newest interval */
  uint8_t quality[SUMMARY_MEASURES], sample_shift; /* of the newest second record */
  uint32_t interface_count;
  struct summary_interface interface[SUMMARY_INTERFACES_MAX]; /* of the newest second record */
  uint32_t total_count;
  struct host_total total[SUMMARY_INTERFACES_MAX]; /* the last one also takes names beyond them */
  uint32_t address_count;
  struct addr address[MESSAGE_ADDRESSES_MAX]; /* ascending */
  uint32_t changes; /* grows with software, addresses and has_left: what the store keeps of it */

  uint32_t id; /* 0, 1, 2 ... in the order of appearance; for tables beside this one */
  /* Private to hosts.c and hosts_progress.c. */
  struct placement placement;
  int64_t passed_ns;        /* nothing more is expected before */
  int64_t expected_from_ns; /* it counts as missing from here on */
  int64_t awaited_until_ns; /* and, punctual or not, before this: the collector was away */
  uint32_t misses;          /* closes in a row */
};

/* What outlives the collector of a sensor that it knows. */
struct host_identity {
  char name[KEYS_NAME_MAX];
  char software[32];
  bool has_left;
  bool is_silent; /* for longer than anybody waits */
  int64_t last_heard_ns;
  uint32_t address_count;
  struct addr address[MESSAGE_ADDRESSES_MAX];
};

#endif
