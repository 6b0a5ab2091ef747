/* SPDX-License-Identifier: Apache-2.0 */
/* Row by row from the store into the pipeline. What finds no place (a lower sensors_max than
 * before) is counted and told; it is no reason not to start. */
#include "collector/restore.h"

#include "common/clock.h"
#include "common/log.h"

#define ALERTS_MAX 65536

/* While the store's rows are read back at the start. */
struct restore {
  struct peers *peers;
  struct pipeline *pipeline;
  size_t sensors, alerts, refused;
  int64_t now_ns; /* nothing that is read back may lie beyond it: the clock may have been ahead */
};

/* Oldest boot first: the last one stays as the peer's present one. */
static void restore_sensor(void *context, const char *sensor, uint64_t boot_id, uint64_t sequence,
                           int64_t last_heard_ns)
{
  struct restore *restore = context;
  struct peer *peer = peers_add(restore->peers, sensor);
  last_heard_ns = last_heard_ns < restore->now_ns ? last_heard_ns : restore->now_ns;
  if (peer == NULL ||
      pipeline_restore_sensor(restore->pipeline, sensor, boot_id, sequence, last_heard_ns) != 0) {
    restore->refused++;
    return;
  }
  peer->boot_id = boot_id; /* the newest comes last */
  peer->stored = sequence;
  restore->sensors++;
}

/* They come again, and must neither be applied twice nor look as if they had never come. */
static void restore_beyond(void *context, const char *sensor, uint64_t boot_id, uint64_t sequence)
{
  struct restore *restore = context;
  if (pipeline_restore_beyond(restore->pipeline, sensor, boot_id, sequence) != 0) {
    restore->refused++;
  }
}

static void restore_identity(void *context, const struct host_identity *identity)
{
  struct restore *restore = context;
  if (peers_add(restore->peers, identity->name) == NULL ||
      pipeline_restore_identity(restore->pipeline, identity) != 0) {
    restore->refused++;
  }
}

/* Its detector may have lost its memory in the restart; the alert goes on all the same
 * (alerts.h). */
static void restore_alert(void *context, const struct alert *alert)
{
  struct restore *restore = context;
  struct alert read = *alert;
  read.last_seen_ns = read.last_seen_ns < restore->now_ns ? read.last_seen_ns : restore->now_ns;
  if (pipeline_restore_alert(restore->pipeline, &read) != 0) {
    restore->refused++;
    return;
  }
  restore->alerts++;
}

int restore_all(struct store *store, struct peers *peers, struct pipeline *pipeline,
                struct err_message *message)
{
  struct restore restore = {.peers = peers, .pipeline = pipeline, .now_ns = clock_now_ns()};
  int64_t newest_ns = INT64_MIN;
  /* Sensors before their sequences behind holes: the latter belong to a start that is known. */
  if (store_applied_each(store, restore_sensor, &restore) != 0 ||
      store_beyond_each(store, restore_beyond, &restore) != 0 ||
      store_sensors_each(store, restore_identity, &restore) != 0 ||
      store_alerts_each(store, ALERT_FIRING, ALERTS_MAX, restore_alert, &restore) != 0 ||
      store_newest_window(store, &newest_ns) != 0) {
    store_explain(store, message);
    return ERR_IO;
  }
  /* A clock that was ahead when it was written must not make all that comes now late. */
  int64_t last_ns = clock_floor_ns(restore.now_ns, NS_PER_S) - NS_PER_S;
  if (newest_ns > last_ns) {
    log_warning("store: the newest window lies in the future: the clock was ahead");
    newest_ns = last_ns;
  }
  if (newest_ns != INT64_MIN) {
    pipeline_restore_closed(pipeline, newest_ns);
  }
  if (restore.refused > 0) {
    log_warning("store: %zu sensors, sequences or alerts found no place (see sensors_max)",
                restore.refused);
  }
  if (restore.sensors + restore.alerts > 0) {
    log_info("store: goes on with %zu boots of sensors and %zu firing alerts", restore.sensors,
             restore.alerts);
  }
  return 0;
}
