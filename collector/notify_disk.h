/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store takes writes, and the collector's own alert about it: threshold rules look at
 * windows, and nobody's window shows our disk. Pure: the count of refused writes comes in with the
 * time, a changed alert goes out.
 *
 *   good --refused--> refusing --refused again, 1 s later or more--> alert fires
 *    ^                   |
 *    '--not refused for `hold`: alert resolves */
#ifndef COLLECTOR_NOTIFY_DISK_H
#define COLLECTOR_NOTIFY_DISK_H

#include "collector/alerts.h"
#include "common/err.h"

/* The alert's rule; its detector is render_own_detector. */
#define NOTIFY_DISK_RULE "store"

struct notify_disk {
  int64_t hold_ns;
  uint64_t refusals, refusals_before; /* as counted; before the trouble began */
  int64_t since_ns;                   /* wall clock of the first refusal; 0: it takes writes */
  int64_t first_ns, last_ns;          /* monotonic */
  struct err_message why;             /* the newest refusal's words */
  bool is_firing;
  struct alert alert; /* when is_firing, and as resolved just afterwards */
};

/* hold_ns: longer than the time between two checkpoints, which try the disk in any case. */
void notify_disk_init(struct notify_disk *disk, uint64_t refusals, int64_t hold_ns);
/* Takes the count as of now. True: disk->alert has fired or resolved, and is to be told. */
bool notify_disk_look(struct notify_disk *disk, uint64_t refusals, const struct err_message *why,
                      int64_t now_ns, int64_t monotonic_ns);

#endif
