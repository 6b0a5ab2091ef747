/* SPDX-License-Identifier: Apache-2.0 */
/* One refusal may be a reader of the database that kept it locked; the second one is trouble. The
 * hold is there because a nearly full disk takes small writes and refuses large ones. */
#include "collector/notify_disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/render.h"
#include "common/clock.h"
#include "common/hash.h"

#define FOR_NS NS_PER_S

void notify_disk_init(struct notify_disk *disk, uint64_t refusals, int64_t hold_ns)
{
  *disk = (struct notify_disk){.hold_ns = hold_ns, .refusals = refusals};
}

/* Made of key and start, as the ids of all alerts are. */
static void set_id(struct alert *alert)
{
  char text[80];
  int length = snprintf(text, sizeof(text), "%s/%s/%" PRId64, render_own_detector, NOTIFY_DISK_RULE,
                        alert->started_ns);
  (void)snprintf(alert->id, sizeof(alert->id), "%016" PRIx64,
                 hash_seeded(HASH_FLEET_SEED, text, (size_t)length));
}

/* The words are cut at the summary's room; the log has all of them. */
static void fire(struct notify_disk *disk, int64_t now_ns)
{
  uint64_t refused = disk->refusals - disk->refusals_before;
  int64_t length = now_ns - disk->since_ns; /* the wall clock may have been set back */
  struct alert *alert = &disk->alert;
  *alert = (struct alert){.state = ALERT_FIRING,
                          .started_ns = disk->since_ns,
                          .fired_ns = now_ns,
                          .peak = (double)refused,
                          .finding = {.detector = render_own_detector,
                                      .rule = NOTIFY_DISK_RULE,
                                      .subject = "collector",
                                      .severity = SEVERITY_CRITICAL,
                                      .for_ns = FOR_NS,
                                      .hold_ns = disk->hold_ns,
                                      .window_start_ns = disk->since_ns,
                                      .window_length_ns = length > 0 ? length : 0,
                                      .observed = (double)refused,
                                      .unit = "refused writes",
                                      .completeness_percent = 100,
                                      .command = "seine status"}};
  (void)snprintf(alert->finding.summary, sizeof(alert->finding.summary),
                 "the collector's store refuses writes, history and acknowledgements stand still: "
                 "%.150s",
                 disk->why.text);
  set_id(alert);
  disk->is_firing = true;
}

/* Durations by the monotonic clock, the alert's times by the wall's. */
bool notify_disk_look(struct notify_disk *disk, uint64_t refusals, const struct err_message *why,
                      int64_t now_ns, int64_t monotonic_ns)
{
  bool is_changed = false;
  if (refusals != disk->refusals) {
    if (disk->since_ns == 0) {
      disk->since_ns = now_ns;
      disk->first_ns = monotonic_ns;
      disk->refusals_before = disk->refusals;
    }
    disk->refusals = refusals;
    disk->last_ns = monotonic_ns;
    disk->why = *why;
    is_changed = !disk->is_firing && monotonic_ns - disk->first_ns >= FOR_NS;
    if (is_changed) {
      fire(disk, now_ns);
    }
    disk->alert.last_seen_ns = now_ns;
    disk->alert.windows++;
    disk->alert.peak = (double)(refusals - disk->refusals_before);
  } else if (disk->since_ns != 0 && monotonic_ns - disk->last_ns >= disk->hold_ns) {
    disk->since_ns = 0;
    is_changed = disk->is_firing;
    disk->is_firing = false;
    disk->alert.state = ALERT_RESOLVED;
    disk->alert.resolved_ns = now_ns;
    (void)snprintf(disk->alert.resolution, sizeof(disk->alert.resolution), "cleared");
  }
  return is_changed;
}
