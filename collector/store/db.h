/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the store: the connection, its prepared statements and the few verbs that every file of
 * the store is written in. The home of SQLite. */
#ifndef COLLECTOR_STORE_DB_H
#define COLLECTOR_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/store/store.h"

/* Every statement the store knows; the texts stand in schema.c. */
enum store_sql {
  STORE_BEGIN,
  STORE_COMMIT,
  STORE_ROLLBACK,
  STORE_WINDOW_PUT,
  STORE_WINDOW_NEWEST,
  STORE_WINDOW_SPAN,
  STORE_WINDOW_EXPIRE,
  STORE_RECORD_PUT,
  STORE_RECORD_EACH,
  STORE_RECORD_OF,
  STORE_RECORD_EXPIRE,
  STORE_CONVERSATION_PUT,
  STORE_CONVERSATION_EXPIRE,
  STORE_TALKER_PUT,
  STORE_TALKER_EXPIRE,
  STORE_APPLIED_UPDATE,
  STORE_APPLIED_PUT,
  STORE_APPLIED_TRIM,
  STORE_APPLIED_EACH,
  STORE_BEYOND_PUT,
  STORE_BEYOND_PASS,
  STORE_BEYOND_TRIM,
  STORE_BEYOND_EACH,
  STORE_SENSOR_PUT,
  STORE_SENSOR_EACH,
  STORE_ALERT_PUT,
  STORE_ALERT_SEEN,
  STORE_ALERT_EACH,
  STORE_ALERT_FIND,
  STORE_ALERT_EXPIRE,
  STORE_DELIVERY_PUT,
  STORE_DELIVERY_UPDATE,
  STORE_DELIVERY_DONE,
  STORE_DELIVERY_EACH,
  STORE_DELIVERY_NEXT,
  STORE_DELIVERY_EXPIRE,
  STORE_STATEMENTS,
};

/* The connection is used by the loop's thread alone (SQLITE_OPEN_NOMUTEX). */
struct store {
  sqlite3 *db;
  int lock_fd;
  char *path; /* of the database: every message names it */
  uint64_t unreadable;
  uint64_t refusals; /* writes that failed, and what was said of the newest */
  struct err_message refusal;
  sqlite3_stmt *statement[STORE_STATEMENTS];
};

/* schema.c */
extern const char *const store_sql_text[STORE_STATEMENTS];
/* Tells our database from others, makes the tables of a new one, checks an old one and brings it to
 * this version. */
int store_schema_open(struct store *store, struct err_message *message);

/* db.c. types has a letter an argument: i int64_t, u uint64_t (kept as the same 64 bits), c
 * uint64_t counter (cut at INT64_MAX), d double, t text, b bytes (pointer, then size_t length). */
/* Binds and runs a statement that gives no rows. ERR_IO. */
int store_run(struct store *store, enum store_sql sql, const char *types, ...);
/* Binds one that gives rows: the caller steps and resets it. NULL on failure. */
sqlite3_stmt *store_query(struct store *store, enum store_sql sql, const char *types, ...);
/* Ends a query: 0 when step's last answer was the end of the rows. */
int store_query_end(sqlite3_stmt *statement, int step);
/* Sets message to "PATH: WHAT: what SQLite says" and returns err. */
int store_failed(const struct store *store, struct err_message *message, int err, const char *what);
/* Text of a column, "" for NULL; valid until the next step. */
const char *store_column_text(sqlite3_stmt *statement, int column);
/* Logs the first thing on disk that cannot be understood, counts all. */
void store_unreadable(struct store *store, const char *what, const char *why);

#endif
