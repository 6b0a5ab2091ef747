/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of sensors: how far the records of each start are in history, and who the sensor
 * is. All of it is written by checkpoints, in the transaction of the records that it speaks of. */
#include <stdio.h>
#include <string.h>

#include "collector/store/db.h"

/* An update nearly always; a boot's first checkpoint makes room by forgetting the oldest boot. */
int store_put_applied(struct store *store, const char *sensor, uint64_t boot_id, uint64_t sequence,
                      int64_t last_heard_ns)
{
  int err =
      store_run(store, STORE_APPLIED_UPDATE, "tuui", sensor, boot_id, sequence, last_heard_ns);
  if (err == 0 && sqlite3_changes(store->db) == 0) {
    err = store_run(store, STORE_APPLIED_PUT, "tuui", sensor, boot_id, sequence, last_heard_ns);
    if (err == 0) {
      err = store_run(store, STORE_APPLIED_TRIM, "t", sensor);
    }
    if (err == 0) {
      err = store_run(store, STORE_BEYOND_TRIM, "t", sensor);
    }
  }
  return err != 0 ? err : store_run(store, STORE_BEYOND_PASS, "tuu", sensor, boot_id, sequence);
}

/* Written when a record is in history though one before it is missing: after a crash it comes
 * again, and is known by this. */
int store_put_beyond(struct store *store, const char *sensor, uint64_t boot_id, uint64_t sequence)
{
  return store_run(store, STORE_BEYOND_PUT, "tuu", sensor, boot_id, sequence);
}

/* A handful of rows after a crash, none otherwise. */
int store_beyond_each(struct store *store,
                      void (*each)(void *context, const char *sensor, uint64_t boot_id,
                                   uint64_t sequence),
                      void *context)
{
  sqlite3_stmt *q = store_query(store, STORE_BEYOND_EACH, "");
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    each(context, store_column_text(q, 0), (uint64_t)sqlite3_column_int64(q, 1),
         (uint64_t)sqlite3_column_int64(q, 2));
  }
  return store_query_end(q, step);
}

/* The order of the statement is a promise of store.h: the newest boot of a sensor comes last. */
int store_applied_each(struct store *store,
                       void (*each)(void *context, const char *sensor, uint64_t boot_id,
                                    uint64_t sequence, int64_t last_heard_ns),
                       void *context)
{
  sqlite3_stmt *q = store_query(store, STORE_APPLIED_EACH, "");
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    each(context, store_column_text(q, 0), (uint64_t)sqlite3_column_int64(q, 1),
         (uint64_t)sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3));
  }
  return store_query_end(q, step);
}

/* Its newest state alone: what it was before is of no use to anybody. */
int store_put_sensor(struct store *store, const struct host_identity *identity)
{
  return store_run(store, STORE_SENSOR_PUT, "ttiiib", identity->name, identity->software,
                   (int64_t)identity->has_left, (int64_t)identity->is_silent,
                   identity->last_heard_ns, (const void *)identity->address,
                   identity->address_count * sizeof(identity->address[0]));
}

/* Addresses are kept as they are compared: 16 bytes each, ascending. */
static void read_sensor(sqlite3_stmt *q, struct host_identity *out)
{
  memset(out, 0, sizeof(*out));
  (void)snprintf(out->name, sizeof(out->name), "%s", store_column_text(q, 0));
  (void)snprintf(out->software, sizeof(out->software), "%s", store_column_text(q, 1));
  out->has_left = sqlite3_column_int(q, 2) != 0;
  out->is_silent = sqlite3_column_int(q, 3) != 0;
  out->last_heard_ns = sqlite3_column_int64(q, 4);
  const void *bytes = sqlite3_column_blob(q, 5);
  size_t count = (size_t)sqlite3_column_bytes(q, 5) / sizeof(out->address[0]);
  count = count < MESSAGE_ADDRESSES_MAX ? count : MESSAGE_ADDRESSES_MAX;
  if (bytes != NULL) {
    memcpy(out->address, bytes, count * sizeof(out->address[0]));
    out->address_count = (uint32_t)count;
  }
}

int store_sensors_each(struct store *store,
                       void (*each)(void *context, const struct host_identity *identity),
                       void *context)
{
  sqlite3_stmt *q = store_query(store, STORE_SENSOR_EACH, "");
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    struct host_identity identity;
    read_sensor(q, &identity);
    each(context, &identity);
  }
  return store_query_end(q, step);
}
