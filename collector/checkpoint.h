/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector has made of the data, and when it is durable (DESIGN section 5: the sensors'
 * queues are the journal).
 *
 *   sinks of the pipeline -> windows and records in memory -> one transaction -> ACKs
 *
 * A checkpoint writes the closed windows, every record that is in one of them (and minute records,
 * which are in none), and how far each sensor is; only then may an ACK say so. So windows and
 * records on disk are of one cut, and after a crash each record that comes again is known.
 *
 * When the disk refuses, nothing of it is there and the next one tries again; memory is bounded:
 * then windows are dropped from history and counted, and new records are refused (peers.h), so that
 * their sensors keep them. */
#ifndef COLLECTOR_CHECKPOINT_H
#define COLLECTOR_CHECKPOINT_H

#include "collector/peers.h"
#include "collector/pipeline.h"
#include "collector/settings.h"
#include "collector/store/store.h"

struct checkpoint;

struct checkpoint_stats {
  uint64_t written, failed; /* checkpoints */
  uint64_t windows_lost;    /* from history: the disk refused too long */
  uint64_t records_lost;    /* from history: no memory to keep them */
  bool is_failing;          /* the newest one failed */
};

/* Borrows all but settings' strings for its life. NULL without memory. */
struct checkpoint *checkpoint_new(struct store *store, struct peers *peers,
                                  const struct collector_settings *settings);
void checkpoint_free(struct checkpoint *checkpoint);

/* The pipeline's sinks. The encoded bytes of the record that the pipeline is given next (NULL
 * afterwards): its record sink is called from within pipeline_record. */
void checkpoint_incoming(struct checkpoint *checkpoint, const uint8_t *bytes, size_t length);
void checkpoint_window(struct checkpoint *checkpoint, const struct fleet_window *window);
void checkpoint_record(struct checkpoint *checkpoint, const struct summary *placed);

/* Makes all that is closed durable and moves each peer's `stored`; now and then removes what is
 * too old. Logs a failure once, and its end. */
int checkpoint_write(struct checkpoint *checkpoint, const struct pipeline *pipeline,
                     int64_t now_ns);
/* Much waits: a checkpoint should come before its time. */
bool checkpoint_is_urgent(const struct checkpoint *checkpoint);
struct checkpoint_stats checkpoint_stats(const struct checkpoint *checkpoint);
/* Visits the records in memory as the pipeline placed them (queries.unstored_each). */
void checkpoint_unstored_each(const struct checkpoint *checkpoint,
                              void (*each)(void *context, const struct summary *s), void *context);

#endif
