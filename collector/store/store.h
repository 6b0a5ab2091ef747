/* SPDX-License-Identifier: Apache-2.0 */
/* History and state on disk: one SQLite database in WAL mode. The narrow face that a later format
 * (segment files) keeps. Who writes what: a checkpoint (begin ... commit) brings windows, records
 * and applied sequences of one cut; alerts and the outbox have transactions of their own, since an
 * alert must be on disk before it is sent (P8). db.c, records.c, sensors.c, alerts.c and schema.c
 * make it; only they know SQL. */
#ifndef COLLECTOR_STORE_STORE_H
#define COLLECTOR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/alerts.h"
#include "collector/fleet.h"
#include "collector/host.h"
#include "common/err.h"
#include "proto/summary.h"

struct store;

/* Opens folder/seine.db, makes or migrates its tables, checks its integrity quickly. message names
 * the file. ERR_IO, ERR_UNSUPPORTED (a newer schema, another program's database), ERR_CONFLICT
 * (another collector has it open), ERR_MALFORMED (damaged). */
int store_open(const char *folder, struct store **out, struct err_message *message);
void store_close(struct store *store);

/* What the store keeps of a window: its sums. */
struct store_window {
  int64_t start_ns, length_ns;
  uint32_t revision, sensors_expected, sensors_present;
  bool has_total;
  double completeness_percent;
  struct fleet_bound bytes, packets; /* when has_total */
  uint64_t frames, wire_bytes, dropped, undecoded, folded, interface_bytes, flows_new;
};
void store_window_of(const struct fleet_window *window, struct store_window *out);

/* A checkpoint: everything between begin and commit becomes visible at once or not at all. All of
 * it may come again after a crash and is then kept once. ERR_IO: the disk is full or fails; roll
 * back, nothing of the checkpoint is there. */
int store_begin(struct store *store, struct err_message *message);
int store_put_window(struct store *store, const struct store_window *window);
/* Keeps the encoded body (bytes) under placed's sensor, boot_id, sequence, kind and start_ns: of a
 * second record nothing else is looked at; a minute record's conversations and talkers become rows
 * too. */
int store_put_record(struct store *store, const struct summary *placed, const uint8_t *bytes,
                     size_t length);
int store_put_applied(struct store *store, const char *sensor, uint64_t boot_id, uint64_t sequence,
                      int64_t last_heard_ns);
/* A record that is in this checkpoint, though one before it is missing. Its boot must have an
 * applied sequence by the commit (0 will do); forgotten when that passes it. */
int store_put_beyond(struct store *store, const char *sensor, uint64_t boot_id, uint64_t sequence);
/* Who the sensor is, and how it was when it was last heard of. */
int store_put_sensor(struct store *store, const struct host_identity *identity);
/* The alert is still firing, last seen then: nothing else of it has changed. */
int store_put_alert_seen(struct store *store, const char *id, int64_t last_seen_ns);
int store_commit(struct store *store, struct err_message *message);
void store_rollback(struct store *store);
/* After a failure of a function without a message: what the database says of it. */
void store_explain(const struct store *store, struct err_message *message);

/* How many writes of any kind were refused since the store was opened; the words for the newest go
 * into why (may be NULL). Whoever sees the number grow knows that the disk does not take all. */
uint64_t store_refusals(const struct store *store, struct err_message *why);

/* Alerts and the outbox: a transaction of their own, durable on return (before the first attempt).
 */
int store_put_alert(struct store *store, const struct alert *alert, struct err_message *message);

/* One notification that waits for a receiver. */
struct store_delivery {
  int64_t id; /* 0: new */
  char receiver[64];
  char alert_id[ALERT_ID_MAX];
  int state;  /* enum alert_state it tells of */
  char *body; /* heap; the alert's JSON as of then */
  int64_t created_ns, next_attempt_ns;
  uint32_t attempts;
  bool is_dead; /* given up: kept to be looked at, never tried again */
  char last_error[128];
};
/* Writes the alert and its deliveries in one transaction; sets each delivery's id. */
int store_put_alert_deliveries(struct store *store, const struct alert *alert,
                               struct store_delivery *deliveries, size_t count,
                               struct err_message *message);
/* Writes next_attempt_ns, attempts, is_dead and last_error of a delivery. */
int store_delivery_update(struct store *store, const struct store_delivery *delivery);
int store_delivery_done(struct store *store, int64_t id);
/* The receiver's delivery to try at now_ns, or else the one that is due first: fewest attempts
 * first, and never before an older one of the same alert. ERR_NOT_FOUND when none waits; the
 * caller frees out->body. */
int store_delivery_next(struct store *store, const char *receiver, int64_t now_ns,
                        struct store_delivery *out);
/* All of them, dead ones too, in the order in which they were made. */
int store_deliveries_each(struct store *store,
                          void (*each)(void *context, const struct store_delivery *delivery),
                          void *context);

/* At start: of each sensor in order of last_heard_ns, oldest boot first. */
int store_applied_each(struct store *store,
                       void (*each)(void *context, const char *sensor, uint64_t boot_id,
                                    uint64_t sequence, int64_t last_heard_ns),
                       void *context);
/* Ascending, so that a restored sensor's ranges grow at their end. */
int store_beyond_each(struct store *store,
                      void (*each)(void *context, const char *sensor, uint64_t boot_id,
                                   uint64_t sequence),
                      void *context);
/* In order of names. */
int store_sensors_each(struct store *store,
                       void (*each)(void *context, const struct host_identity *identity),
                       void *context);
/* state < 0: all; newest first, at most limit. */
int store_alerts_each(struct store *store, int state, size_t limit,
                      void (*each)(void *context, const struct alert *alert), void *context);
/* ERR_NOT_FOUND, ERR_MALFORMED. */
int store_alert_find(struct store *store, const char *id, struct alert *out);
/* INT64_MIN when none. */
int store_newest_window(struct store *store, int64_t *start_ns);

/* Records whose interval starts within [from_ns, until_ns), of one kind, in order of start, sensor.
 */
int store_records_each(struct store *store, enum summary_kind kind, int64_t from_ns,
                       int64_t until_ns, void (*each)(void *context, const struct summary *summary),
                       void *context);
/* The same of one sensor alone: the others' are passed over without being decoded. */
int store_records_of(struct store *store, const char *sensor, enum summary_kind kind,
                     int64_t from_ns, int64_t until_ns,
                     void (*each)(void *context, const struct summary *summary), void *context);
/* Sums of windows (all revisions) within [from_ns, until_ns). */
struct store_span {
  uint64_t windows, seconds;
  uint64_t bytes_low, bytes_high, packets_low, packets_high;
  uint64_t frames, wire_bytes, dropped, undecoded, folded;
  double completeness_percent; /* mean */
};
int store_span(struct store *store, int64_t from_ns, int64_t until_ns, struct store_span *out);
/* Removes what is older, in one transaction: records of each kind, windows; and, older than
 * windows_before_ns, alerts that are not firing and dead deliveries. */
int store_expire(struct store *store, int64_t seconds_before_ns, int64_t minutes_before_ns,
                 int64_t windows_before_ns);

#endif
