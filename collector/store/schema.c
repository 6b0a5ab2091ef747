/* SPDX-License-Identifier: Apache-2.0 */
/* The tables and every statement on them, in one view.
 *
 *   window   what a closed second added up to (revision 0), and its late deltas (1, 2, ...)
 *   record   one summary of one sensor, as it was encoded; start is as placed by the collector
 *   conversation, talker   the rows of minute records, by place
 *   applied  the last (boot, sequence) of each sensor such that all before it is in the above too
 *   beyond   what is in the above behind a hole: sequences that come again after a crash
 *   sensor   who each sensor is: its addresses, and whether it had left or was silent
 *   alert    the newest state of each alert;   delivery   the outbox and its dead letters */
#include "collector/store/db.h"

#include <stddef.h>

/* How we know our own database: SQLite keeps both numbers in its header for its users. */
#define STORE_APPLICATION_ID 0x5e19e001
#define STORE_VERSION        2
#define STORE_FULL_CHECK_MAX (INT64_C(256) << 20)
#define STORE_BOOTS_A_SENSOR "8"

#define SENSOR_TABLE                                                                               \
  "CREATE TABLE sensor(name TEXT PRIMARY KEY, software TEXT, has_left INTEGER, silent INTEGER,"    \
  " last_heard INTEGER, addresses BLOB) WITHOUT ROWID;"

/* Version 1 did not keep who had left: a sensor that was not heard in the last 15 s of it had. */
static const char from_version_1[] =
    SENSOR_TABLE "INSERT INTO sensor SELECT sensor, '', 1, 0, max(last_heard), x'' FROM applied"
                 " GROUP BY sensor HAVING max(last_heard) <"
                 " (SELECT max(last_heard) FROM applied) - 15000000000;";

/* Wide records lie in a rowid table: bodies above a quarter of a page would overflow in a WITHOUT
 * ROWID one. Everything narrow is its own index. */
static const char schema[] =
    "CREATE TABLE window(start INTEGER, revision INTEGER, length INTEGER, expected INTEGER,"
    " present INTEGER, completeness REAL, bytes_low INTEGER, bytes_high INTEGER,"
    " packets_low INTEGER, packets_high INTEGER, frames INTEGER, wire_bytes INTEGER,"
    " dropped INTEGER, undecoded INTEGER, folded INTEGER, interface_bytes INTEGER,"
    " flows_new INTEGER, PRIMARY KEY(start, revision)) WITHOUT ROWID;"
    "CREATE TABLE record(id INTEGER PRIMARY KEY, kind INTEGER, start INTEGER, sensor TEXT,"
    " boot INTEGER, sequence INTEGER, body BLOB);"
    "CREATE UNIQUE INDEX record_place ON record(kind, start, sensor, boot, sequence);"
    "CREATE TABLE conversation(record INTEGER, place INTEGER, client BLOB, server BLOB,"
    " server_port INTEGER, protocol INTEGER, guessed INTEGER, flags_out INTEGER, flags_in INTEGER,"
    " flows INTEGER, packets_out INTEGER, bytes_out INTEGER, payload_out INTEGER,"
    " packets_in INTEGER, bytes_in INTEGER, payload_in INTEGER, first INTEGER, last INTEGER,"
    " PRIMARY KEY(record, place)) WITHOUT ROWID;"
    "CREATE TABLE talker(record INTEGER, place INTEGER, address BLOB, error_bytes INTEGER,"
    " packets_tx INTEGER, bytes_tx INTEGER, payload_tx INTEGER, packets_rx INTEGER,"
    " bytes_rx INTEGER, payload_rx INTEGER, PRIMARY KEY(record, place)) WITHOUT ROWID;"
    "CREATE TABLE applied(sensor TEXT, boot INTEGER, sequence INTEGER, last_heard INTEGER,"
    " PRIMARY KEY(sensor, boot)) WITHOUT ROWID;"
    "CREATE TABLE beyond(sensor TEXT, boot INTEGER, sequence INTEGER,"
    " PRIMARY KEY(sensor, boot, sequence)) WITHOUT ROWID;" SENSOR_TABLE
    "CREATE TABLE alert(id TEXT PRIMARY KEY, state INTEGER, started INTEGER, last_seen INTEGER,"
    " json TEXT) WITHOUT ROWID;"
    "CREATE INDEX alert_state ON alert(state, started);"
    "CREATE TABLE delivery(id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT, alert TEXT,"
    " state INTEGER, body TEXT, created INTEGER, next_attempt INTEGER, attempts INTEGER,"
    " last_error TEXT, dead INTEGER);"
    "CREATE INDEX delivery_receiver ON delivery(receiver, dead, alert);";

/* A place in an open interval of starts, of one kind of record. */
#define RECORDS_BEFORE "(SELECT id FROM record WHERE kind = ?1 AND start < ?2)"
#define DELIVERY_COLUMNS                                                                           \
  "id, receiver, alert, state, body, created, next_attempt, attempts, last_error, dead"

/* The texts in the order of enum store_sql. What may come again after a crash is written with ON
 * CONFLICT DO NOTHING: then it is kept once (P3). */
const char *const store_sql_text[STORE_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_ROLLBACK] = "ROLLBACK",
    /* A delta gets the next free revision: after a restart the pipeline counts from 1 again. */
    [STORE_WINDOW_PUT] = "INSERT INTO window VALUES(?1, iif(?2 = 0, 0, (SELECT"
                         " coalesce(max(revision), 0) + 1 FROM window WHERE start = ?1)), ?3, ?4,"
                         " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
                         " ON CONFLICT DO NOTHING",
    [STORE_WINDOW_NEWEST] = "SELECT max(start) FROM window WHERE revision = 0",
    /* total() where sum() would fail on an absurd counter. */
    [STORE_WINDOW_SPAN] =
        "SELECT count(*) FILTER (WHERE revision = 0),"
        " total(length) FILTER (WHERE revision = 0) / 1e9, total(bytes_low), total(bytes_high),"
        " total(packets_low), total(packets_high), total(frames), total(wire_bytes),"
        " total(dropped), total(undecoded), total(folded),"
        " coalesce(avg(completeness) FILTER (WHERE revision = 0), 0)"
        " FROM window WHERE start >= ?1 AND start < ?2",
    [STORE_WINDOW_EXPIRE] = "DELETE FROM window WHERE start < ?1",
    [STORE_RECORD_PUT] = "INSERT INTO record(kind, start, sensor, boot, sequence, body)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    [STORE_RECORD_EACH] = "SELECT start, sensor, boot, sequence, body FROM record WHERE kind = ?1"
                          " AND start >= ?2 AND start < ?3 ORDER BY start, sensor, boot, sequence",
    /* The index holds the name as well: other sensors' rows are not looked at. */
    [STORE_RECORD_OF] = "SELECT start, sensor, boot, sequence, body FROM record WHERE kind = ?1"
                        " AND start >= ?2 AND start < ?3 AND sensor = ?4 ORDER BY start",
    [STORE_RECORD_EXPIRE] = "DELETE FROM record WHERE kind = ?1 AND start < ?2",
    [STORE_CONVERSATION_PUT] = "INSERT INTO conversation VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                               " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [STORE_CONVERSATION_EXPIRE] = "DELETE FROM conversation WHERE record IN " RECORDS_BEFORE,
    [STORE_TALKER_PUT] = "INSERT INTO talker VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [STORE_TALKER_EXPIRE] = "DELETE FROM talker WHERE record IN " RECORDS_BEFORE,
    [STORE_APPLIED_UPDATE] =
        "UPDATE applied SET sequence = ?3, last_heard = ?4 WHERE sensor = ?1 AND boot = ?2",
    [STORE_APPLIED_PUT] = "INSERT INTO applied VALUES(?1, ?2, ?3, ?4)",
    [STORE_APPLIED_TRIM] =
        "DELETE FROM applied WHERE sensor = ?1 AND boot NOT IN (SELECT boot FROM applied"
        " WHERE sensor = ?1 ORDER BY last_heard DESC LIMIT " STORE_BOOTS_A_SENSOR ")",
    [STORE_APPLIED_EACH] = "SELECT sensor, boot, sequence, last_heard FROM applied"
                           " ORDER BY sensor, last_heard, boot",
    [STORE_BEYOND_PUT] = "INSERT INTO beyond VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [STORE_BEYOND_PASS] = "DELETE FROM beyond WHERE sensor = ?1 AND boot = ?2 AND sequence <= ?3",
    [STORE_BEYOND_TRIM] = "DELETE FROM beyond WHERE sensor = ?1 AND boot NOT IN"
                          " (SELECT boot FROM applied WHERE sensor = ?1)",
    [STORE_BEYOND_EACH] =
        "SELECT sensor, boot, sequence FROM beyond ORDER BY sensor, boot, sequence",
    [STORE_SENSOR_PUT] = "INSERT INTO sensor VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(name) DO"
                         " UPDATE SET software = ?2, has_left = ?3, silent = ?4, last_heard = ?5,"
                         " addresses = ?6",
    [STORE_SENSOR_EACH] = "SELECT name, software, has_left, silent, last_heard, addresses"
                          " FROM sensor ORDER BY name",
    [STORE_ALERT_PUT] = "INSERT INTO alert VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE"
                        " SET state = ?2, started = ?3, last_seen = ?4, json = ?5",
    [STORE_ALERT_SEEN] = "UPDATE alert SET last_seen = ?2 WHERE id = ?1 AND last_seen < ?2",
    [STORE_ALERT_EACH] = "SELECT id, json, last_seen FROM alert WHERE ?1 < 0 OR state = ?1"
                         " ORDER BY started DESC, id LIMIT ?2",
    [STORE_ALERT_FIND] = "SELECT id, json, last_seen FROM alert WHERE id = ?1",
    [STORE_ALERT_EXPIRE] = "DELETE FROM alert WHERE state <> 1 AND last_seen < ?1",
    [STORE_DELIVERY_PUT] =
        "INSERT INTO delivery(receiver, alert, state, body, created, next_attempt, attempts,"
        " last_error, dead) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STORE_DELIVERY_UPDATE] = "UPDATE delivery SET next_attempt = ?2, attempts = ?3,"
                              " last_error = ?4, dead = ?5 WHERE id = ?1",
    [STORE_DELIVERY_DONE] = "DELETE FROM delivery WHERE id = ?1",
    [STORE_DELIVERY_EACH] = "SELECT " DELIVERY_COLUMNS " FROM delivery ORDER BY id",
    /* What is told of one alert stays in order; a delivery that keeps failing lets others pass. */
    [STORE_DELIVERY_NEXT] =
        "SELECT " DELIVERY_COLUMNS " FROM delivery AS d WHERE receiver = ?1 AND dead = 0"
        " AND NOT EXISTS (SELECT 1 FROM delivery AS e WHERE e.receiver = ?1 AND e.dead = 0"
        " AND e.alert = d.alert AND e.id < d.id)"
        " ORDER BY max(next_attempt, ?2), attempts, id LIMIT 1",
    [STORE_DELIVERY_EXPIRE] = "DELETE FROM delivery WHERE dead = 1 AND created < ?1",
};

/* The first column of the first row. */
static int pragma_read(struct store *store, const char *pragma, int64_t *out)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(store->db, pragma, -1, &statement, NULL);
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
      *out = sqlite3_column_int64(statement, 0);
    }
  }
  (void)sqlite3_finalize(statement);
  return rc == SQLITE_ROW ? 0 : ERR_IO;
}

/* "ok", or the first thing that is wrong. */
static int check_pages(struct store *store, const char *pragma, struct err_message *message)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(store->db, pragma, -1, &statement, NULL);
  if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const char *text = store_column_text(statement, 0);
    rc = sqlite3_stricmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
    if (rc == SQLITE_CORRUPT) {
      (void)err_set(message, ERR_MALFORMED,
                    "%s: the database is damaged (%s); move it away or restore a copy", store->path,
                    text);
    }
  } else {
    (void)store_failed(store, message, ERR_IO, "cannot check its integrity");
    rc = SQLITE_ERROR;
  }
  (void)sqlite3_finalize(statement);
  return rc == SQLITE_OK ? 0 : (rc == SQLITE_CORRUPT ? ERR_MALFORMED : ERR_IO);
}

/* Reading every page of a large history would hold up the start: there only the tables that decide
 * what is acknowledged and sent are checked; a damaged page of history shows when it is read. */
static int check_integrity(struct store *store, struct err_message *message)
{
  static const char *const state_tables[] = {
      "PRAGMA quick_check(applied)", "PRAGMA quick_check(alert)", "PRAGMA quick_check(delivery)",
      "PRAGMA quick_check(beyond)"};
  int64_t pages = 0;
  int64_t page_bytes = 0;
  if (pragma_read(store, "PRAGMA page_count", &pages) != 0 ||
      pragma_read(store, "PRAGMA page_size", &page_bytes) != 0) {
    return store_failed(store, message, ERR_IO, "cannot read its size");
  }
  if (pages * page_bytes <= STORE_FULL_CHECK_MAX) {
    return check_pages(store, "PRAGMA quick_check(1)", message);
  }
  for (size_t i = 0; i < sizeof(state_tables) / sizeof(*state_tables); i++) {
    int err = check_pages(store, state_tables[i], message);
    if (err != 0) {
      return err;
    }
  }
  return 0;
}

/* One transaction: a crash leaves what was there before, not half of the tables. */
static int make_tables(struct store *store, const char *tables, struct err_message *message)
{
  char *text = sqlite3_mprintf("BEGIN; %s PRAGMA application_id = %d; PRAGMA user_version = %d;"
                               "COMMIT;",
                               tables, STORE_APPLICATION_ID, STORE_VERSION);
  int rc = text == NULL ? SQLITE_NOMEM : sqlite3_exec(store->db, text, NULL, NULL, NULL);
  sqlite3_free(text);
  return rc == SQLITE_OK ? 0 : store_failed(store, message, ERR_IO, "cannot make its tables");
}

/* Three cases: an empty file becomes ours; one of ours is checked, and brought to our version; what
 * is another's or newer is left alone. */
int store_schema_open(struct store *store, struct err_message *message)
{
  int64_t application = 0;
  int64_t version = 0;
  int64_t tables = 0;
  if (pragma_read(store, "PRAGMA application_id", &application) != 0 ||
      pragma_read(store, "PRAGMA user_version", &version) != 0 ||
      pragma_read(store, "SELECT count(*) FROM sqlite_schema", &tables) != 0) {
    return store_failed(store, message, ERR_IO, "cannot be read as a database");
  }
  /* A new file is empty and nobody's; anything else must be ours, and of a version that we know. */
  if (tables == 0 && application == 0) {
    return make_tables(store, schema, message);
  }
  if (application != STORE_APPLICATION_ID) {
    return err_set(message, ERR_UNSUPPORTED,
                   "%s: is a database of another program (application id %lld, expected %d)",
                   store->path, (long long)application, STORE_APPLICATION_ID);
  }
  if (version < 1 || version > STORE_VERSION) {
    return err_set(message, ERR_UNSUPPORTED,
                   "%s: has schema version %lld; this collector knows version %d: use a newer one",
                   store->path, (long long)version, STORE_VERSION);
  }
  /* Ours and of a version that we know: is it whole? */
  int err = check_integrity(store, message);
  return err == 0 && version == 1 ? make_tables(store, from_version_1, message) : err;
}
