/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction a checkpoint: windows, their records, applied sequences, who the sensors are.
 *
 *   record:   applied -> in peers.h -> written -> committed -> freed, and the next ACK may name it
 *   window:   closed  -> in windows[] -> written -> committed -> forgotten here
 *
 * What is on disk is always a whole cut: a record is there if and only if its window is, or it
 * counts in no window (minute records, late ones whose delta is there). */
#include "collector/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/summary_codec.h"

/* A window a second: 18 hours of a disk that refuses, before windows are lost from history. */
#define WINDOWS_MAX     65536
#define EXPIRE_EVERY_NS NS_PER_MINUTE

struct checkpoint {
  struct store *store;
  struct peers *peers;
  const struct collector_settings *settings;
  const uint8_t *incoming;
  size_t incoming_length;
  size_t window_count;
  struct store_window *windows; /* WINDOWS_MAX */
  int64_t expired_ns;
  struct checkpoint_stats stats;
};

struct checkpoint *checkpoint_new(struct store *store, struct peers *peers,
                                  const struct collector_settings *settings)
{
  struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
  if (checkpoint == NULL) {
    return NULL;
  }
  checkpoint->store = store;
  checkpoint->peers = peers;
  checkpoint->settings = settings;
  checkpoint->windows = calloc(WINDOWS_MAX, sizeof(*checkpoint->windows));
  if (checkpoint->windows == NULL) {
    free(checkpoint);
    return NULL;
  }
  return checkpoint;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
  if (checkpoint != NULL) {
    free(checkpoint->windows);
    free(checkpoint);
  }
}

/* So that the record's bytes are kept as they came, instead of encoding the placed copy again. */
void checkpoint_incoming(struct checkpoint *checkpoint, const uint8_t *bytes, size_t length)
{
  checkpoint->incoming = bytes;
  checkpoint->incoming_length = length;
}

void checkpoint_window(struct checkpoint *checkpoint, const struct fleet_window *window)
{
  /* Counted at its place, and said when the disk takes data again (P2). */
  if (checkpoint->window_count == WINDOWS_MAX) {
    checkpoint->stats.windows_lost++;
    return;
  }
  store_window_of(window, &checkpoint->windows[checkpoint->window_count++]);
}

/* Applied, but not kept, is lost from history alone: the detectors have seen it. */
void checkpoint_record(struct checkpoint *checkpoint, const struct summary *placed)
{
  struct peer *peer = peers_find(checkpoint->peers, placed->sensor);
  if (peer == NULL || checkpoint->incoming == NULL ||
      peers_keep(checkpoint->peers, peer, placed, checkpoint->incoming,
                 checkpoint->incoming_length) != 0) {
    checkpoint->stats.records_lost++;
  }
}

/* Of a second record only the identity is looked at: it is not decoded again. */
static int write_record(struct checkpoint *checkpoint, const struct peer *peer,
                        const struct peer_record *record)
{
  struct summary *s = NULL;
  if (record->kind == SUMMARY_MINUTE) { /* its rows are wanted */
    int err = summary_decode(record->bytes, record->length, &s, NULL);
    if (err != 0) {
      return err;
    }
  } else {
    s = calloc(1, sizeof(*s));
  }
  if (s == NULL) {
    return ERR_NO_MEMORY;
  }
  (void)snprintf(s->sensor, sizeof(s->sensor), "%s", peer->name);
  s->kind = record->kind;
  s->boot_id = record->boot_id;
  s->sequence = record->sequence;
  s->start_ns = record->start_ns;
  int err = store_put_record(checkpoint->store, s, record->bytes, record->length);
  if (record->kind == SUMMARY_MINUTE) {
    summary_free(s);
  } else {
    free(s);
  }
  return err;
}

/* When the sensor was last heard tells its boots' order: an earlier one must not look newer. */
static int64_t last_heard(const struct pipeline *pipeline, const char *sensor)
{
  const struct host *host = hosts_find(pipeline_hosts(pipeline), sensor);
  return host == NULL ? 0 : host->last_heard_ns;
}

/* How far the pipeline is with a peer. It tells of the current boot; the last records of an earlier
 * one wait for their windows alone, and none before them can come any more. */
struct progress {
  int64_t closed_ns; /* records that start up to here are in windows that were handed out */
  uint64_t boot_id, settled;
  bool has_beyond; /* a record behind a hole was written: its boot must be known on disk */
  uint64_t earlier_boot, earlier_sequence; /* the last record of an earlier boot */
};

static int write_one(struct checkpoint *checkpoint, const struct peer *peer,
                     struct peer_record *record, struct progress *progress)
{
  /* May it be written? When it is settled, when it is in no second window (minute), or when its
   * window is handed out already; else its window is open and it waits for the next checkpoint. */
  bool is_current = record->boot_id == progress->boot_id;
  bool is_settled = is_current && record->sequence <= progress->settled;
  if (!is_settled && record->kind != SUMMARY_MINUTE && record->start_ns > progress->closed_ns) {
    return 0;
  }
  int err = write_record(checkpoint, peer, record);
  if (err == 0 && is_current && !is_settled) {
    progress->has_beyond = true;
    err = store_put_beyond(checkpoint->store, peer->name, record->boot_id, record->sequence);
  }
  if (!is_current && record->sequence > progress->earlier_sequence) {
    progress->earlier_boot = record->boot_id;
    progress->earlier_sequence = record->sequence;
  }
  record->is_written = err == 0;
  return err;
}

/* Records first, then how far the sensor is: both are in one transaction, and the latter must not
 * be ahead of the former. */
static int write_peer(struct checkpoint *checkpoint, const struct pipeline *pipeline,
                      struct peer *peer, int64_t closed_ns)
{
  struct progress progress = {.closed_ns = closed_ns, .boot_id = peer->boot_id};
  uint64_t boot_id = 0;
  uint64_t settled = 0;
  if (pipeline_settled(pipeline, peer->name, &boot_id, &settled) == 0 && boot_id == peer->boot_id) {
    progress.settled = settled;
  }
  int err = 0;
  for (struct peer_record *r = peer->first; r != NULL && err == 0; r = r->next) {
    err = write_one(checkpoint, peer, r, &progress);
  }
  /* Only settle_peers makes it true, after the commit. */
  peer->writing = progress.settled > peer->stored ? progress.settled : peer->stored;
  if (err == 0 && (progress.settled > peer->stored || progress.has_beyond)) {
    err = store_put_applied(checkpoint->store, peer->name, peer->boot_id, peer->writing,
                            last_heard(pipeline, peer->name));
  }
  if (err == 0 && progress.earlier_sequence > 0) {
    err = store_put_applied(checkpoint->store, peer->name, progress.earlier_boot,
                            progress.earlier_sequence, last_heard(pipeline, peer->name) - 1);
  }
  return err;
}

/* Who the sensor is, when that is not on disk as it is now. The number tells states apart. */
static int write_identity(struct checkpoint *checkpoint, const struct pipeline *pipeline,
                          struct peer *peer)
{
  struct host_identity identity;
  const struct host *host = hosts_find(pipeline_hosts(pipeline), peer->name);
  peer->identity_writing = peer->identity_stored;
  if (host == NULL || pipeline_identity(pipeline, peer->name, &identity) != 0) {
    return 0;
  }
  peer->identity_writing = (uint64_t)host->changes * 2 + (identity.is_silent ? 1 : 0);
  return peer->identity_writing == peer->identity_stored
             ? 0
             : store_put_sensor(checkpoint->store, &identity);
}

/* A firing alert was written when it fired. That it was seen since tells, after a restart, when it
 * is due to resolve. */
static int write_alerts_seen(struct checkpoint *checkpoint, const struct pipeline *pipeline)
{
  const struct alert *alert[ALERTS_LIVE_MAX];
  size_t count = pipeline_alerts(pipeline, alert, ALERTS_LIVE_MAX);
  int err = 0;
  for (size_t i = 0; i < count && err == 0; i++) {
    if (alert[i]->state == ALERT_FIRING) {
      err = store_put_alert_seen(checkpoint->store, alert[i]->id, alert[i]->last_seen_ns);
    }
  }
  return err;
}

/* A delta may lie behind the newest close, in a second that had no window before. */
static int64_t handed_out_ns(const struct checkpoint *checkpoint, const struct pipeline *pipeline)
{
  int64_t newest_ns = pipeline_stats(pipeline).newest_closed_ns;
  for (size_t i = 0; i < checkpoint->window_count; i++) {
    int64_t start_ns = checkpoint->windows[i].start_ns;
    newest_ns = start_ns > newest_ns ? start_ns : newest_ns;
  }
  return newest_ns;
}

/* All of it or nothing (store.h). */
static int write_all(struct checkpoint *checkpoint, const struct pipeline *pipeline,
                     struct err_message *message)
{
  int err = store_begin(checkpoint->store, message);
  if (err != 0) {
    return err;
  }
  int64_t closed_ns = handed_out_ns(checkpoint, pipeline);
  for (size_t i = 0; i < checkpoint->window_count && err == 0; i++) {
    err = store_put_window(checkpoint->store, &checkpoint->windows[i]);
  }
  size_t cursor = 0;
  for (struct peer *peer = NULL;
       err == 0 && (peer = peers_next(checkpoint->peers, &cursor)) != NULL;) {
    err = write_peer(checkpoint, pipeline, peer, closed_ns);
    err = err == 0 ? write_identity(checkpoint, pipeline, peer) : err;
  }
  err = err == 0 ? write_alerts_seen(checkpoint, pipeline) : err;
  if (err != 0) {
    store_explain(checkpoint->store, message);
    return err;
  }
  return store_commit(checkpoint->store, message);
}

/* Only a commit moves what an ACK may say. */
static void settle_peers(struct checkpoint *checkpoint, bool is_committed)
{
  size_t cursor = 0;
  for (struct peer *peer = NULL; (peer = peers_next(checkpoint->peers, &cursor)) != NULL;) {
    if (is_committed) {
      peer->stored = peer->writing;
      peer->identity_stored = peer->identity_writing;
      peers_drop_written(checkpoint->peers, peer);
    } else {
      peers_unmark_written(peer);
    }
  }
}

/* The first of a row of failures is told; the counter has the others. */
static void say_failure(struct checkpoint *checkpoint, const struct err_message *message)
{
  if (!checkpoint->stats.is_failing) {
    log_error("store: history stops, nothing is acknowledged until the disk takes it: %s",
              message->text);
  }
  checkpoint->stats.is_failing = true;
  checkpoint->stats.failed++;
}

static void say_success(struct checkpoint *checkpoint)
{
  if (checkpoint->stats.is_failing) {
    log_info("store: history goes on; %llu windows are missing from it",
             (unsigned long long)checkpoint->stats.windows_lost);
  }
  checkpoint->stats.is_failing = false;
  checkpoint->stats.written++;
}

/* In a transaction of its own: a failure here must not take the checkpoint with it. */
static void expire(struct checkpoint *checkpoint, int64_t now_ns)
{
  const struct collector_settings *settings = checkpoint->settings;
  if (llabs(now_ns - checkpoint->expired_ns) < EXPIRE_EVERY_NS) {
    return;
  }
  checkpoint->expired_ns = now_ns;
  if (store_expire(checkpoint->store, now_ns - settings->keep_seconds_ns,
                   now_ns - settings->keep_minutes_ns, now_ns - settings->keep_windows_ns) != 0) {
    struct err_message message;
    store_explain(checkpoint->store, &message);
    log_warning("store: old history is not removed: %s", message.text);
  }
}

int checkpoint_write(struct checkpoint *checkpoint, const struct pipeline *pipeline, int64_t now_ns)
{
  struct err_message message = {""};
  int err = write_all(checkpoint, pipeline, &message);
  if (err != 0) {
    store_rollback(checkpoint->store);
    settle_peers(checkpoint, false);
    say_failure(checkpoint, &message);
    return err;
  }
  /* Committed: only now may any of it be forgotten. */
  checkpoint->window_count = 0;
  settle_peers(checkpoint, true);
  say_success(checkpoint);
  expire(checkpoint, now_ns);
  return 0;
}

/* At a quarter of the room, so that a burst does not fill it before the next one in turn. */
bool checkpoint_is_urgent(const struct checkpoint *checkpoint)
{
  return checkpoint->window_count > WINDOWS_MAX / 4 ||
         peers_unstored_bytes(checkpoint->peers) > PEERS_UNSTORED_MAX / 4;
}

struct checkpoint_stats checkpoint_stats(const struct checkpoint *checkpoint)
{
  return checkpoint->stats;
}

void checkpoint_unstored_each(const struct checkpoint *checkpoint,
                              void (*each)(void *context, const struct summary *s), void *context)
{
  size_t cursor = 0;
  for (const struct peer *peer = NULL; (peer = peers_next(checkpoint->peers, &cursor)) != NULL;) {
    for (const struct peer_record *r = peer->first; r != NULL; r = r->next) {
      struct summary *s = NULL;
      if (summary_decode(r->bytes, r->length, &s, NULL) != 0) {
        continue; /* no memory: this answer is less fresh, nothing is lost */
      }
      (void)snprintf(s->sensor, sizeof(s->sensor), "%s", peer->name);
      s->boot_id = r->boot_id;
      s->sequence = r->sequence;
      s->start_ns = r->start_ns;
      each(context, s);
      summary_free(s);
    }
  }
}
