/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: opening under a lock, transactions, and the verbs that the other files use. Every
 * statement goes through store_run or store_query: prepared once, bound, stepped, reset. Nothing
 * here knows what a row means. */
#include "collector/store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

/* Somebody may look at the database with sqlite3 while we write. */
#define STORE_BUSY_MS 2000
#define DATABASE_NAME "/seine.db"

/* Each message names the file, what was tried, and SQLite's own words. */
int store_failed(const struct store *store, struct err_message *message, int err, const char *what)
{
  return err_set(message, err, "%s: %s: %s", store->path, what, sqlite3_errmsg(store->db));
}

/* NULL of a column is no text that anybody here tells from "". */
const char *store_column_text(sqlite3_stmt *statement, int column)
{
  const unsigned char *text = sqlite3_column_text(statement, column);
  return text == NULL ? "" : (const char *)text;
}

/* One line, then a count: a damaged page may hold thousands of rows. */
void store_unreadable(struct store *store, const char *what, const char *why)
{
  if (store->unreadable++ == 0) {
    log_warning("%s: %s cannot be read (%s) and is left out; further ones are only counted",
                store->path, what, why);
  }
}

/* Binds the arguments in order. */
static int bind_all(sqlite3_stmt *statement, const char *types, va_list arguments)
{
  int rc = SQLITE_OK;
  for (int i = 1; *types != '\0' && rc == SQLITE_OK; types++, i++) {
    if (*types == 'i') {
      rc = sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
    } else if (*types == 'u') {
      rc = sqlite3_bind_int64(statement, i, (int64_t)va_arg(arguments, uint64_t));
    } else if (*types == 'c') {
      uint64_t value = va_arg(arguments, uint64_t);
      rc = sqlite3_bind_int64(statement, i, value > INT64_MAX ? INT64_MAX : (int64_t)value);
    } else if (*types == 'd') {
      rc = sqlite3_bind_double(statement, i, va_arg(arguments, double));
    } else if (*types == 't') {
      rc = sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1, SQLITE_TRANSIENT);
    } else {
      assert(*types == 'b');
      const void *bytes = va_arg(arguments, const void *);
      rc = sqlite3_bind_blob64(statement, i, bytes, va_arg(arguments, size_t), SQLITE_TRANSIENT);
    }
  }
  return rc;
}

/* The statement, prepared at its first use and bound; NULL on failure. */
static sqlite3_stmt *prepare(struct store *store, enum store_sql sql, const char *types,
                             va_list arguments)
{
  sqlite3_stmt **statement = &store->statement[sql];
  if (*statement == NULL &&
      sqlite3_prepare_v3(store->db, store_sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT, statement,
                         NULL) != SQLITE_OK) {
    return NULL;
  }
  return bind_all(*statement, types, arguments) == SQLITE_OK ? *statement : NULL;
}

/* Counted, and its words kept: whoever must page somebody about it looks here. */
static int refused(struct store *store)
{
  store->refusals++;
  return store_failed(store, &store->refusal, ERR_IO, "cannot write");
}

/* Reset at once: an unfinished statement would keep its transaction and its locks open. */
int store_run(struct store *store, enum store_sql sql, const char *types, ...)
{
  va_list arguments;
  va_start(arguments, types);
  sqlite3_stmt *statement = prepare(store, sql, types, arguments);
  va_end(arguments);
  if (statement == NULL) {
    return refused(store);
  }
  int err = sqlite3_step(statement) == SQLITE_DONE ? 0 : refused(store);
  (void)sqlite3_reset(statement);
  return err;
}

uint64_t store_refusals(const struct store *store, struct err_message *why)
{
  if (why != NULL) {
    *why = store->refusal;
  }
  return store->refusals;
}

/* The caller ends it with store_query_end or a reset, or the read transaction stays open. */
sqlite3_stmt *store_query(struct store *store, enum store_sql sql, const char *types, ...)
{
  va_list arguments;
  va_start(arguments, types);
  sqlite3_stmt *statement = prepare(store, sql, types, arguments);
  va_end(arguments);
  return statement;
}

/* A row that was not the end means that the caller broke off, or that the disk failed. */
int store_query_end(sqlite3_stmt *statement, int step)
{
  (void)sqlite3_reset(statement);
  return step == SQLITE_DONE ? 0 : ERR_IO;
}

/* One collector a folder: the lock goes with the process, however it ends. */
static int lock_folder(struct store *store, const char *folder, struct err_message *message)
{
  char path[4096];
  (void)snprintf(path, sizeof(path), "%s/seine.lock", folder);
  if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
    return err_set(message, ERR_IO, "%s: cannot make the state directory: %s", folder,
                   strerror(errno));
  }
  /* O_NOFOLLOW: the folder is ours, but who could write there before might have laid a link. */
  store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (store->lock_fd < 0) {
    return err_set(message, ERR_IO, "%s: cannot open for writing: %s", path, strerror(errno));
  }
  if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? err_set(message, ERR_CONFLICT, "%s: another collector is using it", folder)
               : err_set(message, ERR_IO, "%s: cannot lock: %s", path, strerror(errno));
  }
  return 0;
}

/* Settings before the schema: the journal mode decides how even the first table is written. */
static int open_database(struct store *store, struct err_message *message)
{
  static const char settings[] =
      /* FULL: a commit is on disk when it returns, or an ACK would lie. No mapping: on a full
       * disk it ends in SIGBUS, where a write returns an error. */
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0;"
      "PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF;";
  /* Made here so that it and its journals carry this mode. */
  int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    return err_set(message, ERR_IO, "%s: cannot open for writing: %s", store->path,
                   strerror(errno));
  }
  (void)close(fd);
  if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK) {
    return store_failed(store, message, ERR_IO, "cannot open");
  }
  /* Waits, rather than failing at once, while another program holds a lock. */
  (void)sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
  if (sqlite3_exec(store->db, settings, NULL, NULL, NULL) != SQLITE_OK) {
    return store_failed(store, message, ERR_IO, "cannot be used as a database");
  }
  return store_schema_open(store, message);
}

/* Lock, file, settings, schema: each step says what is wrong in its own words; store_close undoes
 * what was done. */
int store_open(const char *folder, struct store **out, struct err_message *message)
{
  struct store *store = calloc(1, sizeof(*store));
  char *path = store == NULL ? NULL : malloc(strlen(folder) + sizeof(DATABASE_NAME));
  if (path == NULL) {
    free(store);
    return err_set(message, ERR_NO_MEMORY, "%s: %s", folder, err_text(ERR_NO_MEMORY));
  }
  (void)sprintf(path, "%s%s", folder, DATABASE_NAME);
  store->path = path;
  store->lock_fd = -1;
  /* The lock before the file: two collectors must not both make the tables. */
  int err = lock_folder(store, folder, message);
  if (err == 0) {
    err = open_database(store, message);
  }
  if (err != 0) {
    store_close(store);
    return err;
  }
  *out = store;
  return 0;
}

/* The lock goes last, so that the next collector finds the journal written back. */
void store_close(struct store *store)
{
  if (store == NULL) {
    return;
  }
  /* A connection with open statements would not close. */
  for (size_t i = 0; i < STORE_STATEMENTS; i++) {
    (void)sqlite3_finalize(store->statement[i]);
  }
  (void)sqlite3_close(store->db);
  if (store->lock_fd >= 0) {
    (void)close(store->lock_fd);
  }
  free(store->path);
  free(store);
}

/* IMMEDIATE takes the write lock now: a transaction that began as a reader could fail half way. */
int store_begin(struct store *store, struct err_message *message)
{
  int err = store_run(store, STORE_BEGIN, "");
  return err == 0 ? 0 : store_failed(store, message, err, "cannot begin to write");
}

/* The moment at which a checkpoint becomes true (synchronous = FULL). */
int store_commit(struct store *store, struct err_message *message)
{
  int err = store_run(store, STORE_COMMIT, "");
  return err == 0 ? 0 : store_failed(store, message, err, "cannot write");
}

/* After some errors SQLite has rolled back by itself. */
void store_rollback(struct store *store)
{
  if (sqlite3_get_autocommit(store->db) == 0) {
    (void)store_run(store, STORE_ROLLBACK, "");
  }
}

/* For callers that only have a code: what SQLite said last. */
void store_explain(const struct store *store, struct err_message *message)
{
  (void)store_failed(store, message, ERR_IO, "cannot write");
}

/* Rows of minutes go before their records: afterwards nobody could tell whose they were. */
int store_expire(struct store *store, int64_t seconds_before_ns, int64_t minutes_before_ns,
                 int64_t windows_before_ns)
{
  /* Variables, since the argument list wants the full width. */
  int64_t second = SUMMARY_SECOND;
  int64_t minute = SUMMARY_MINUTE;
  int err = store_begin(store, NULL);
  if (err != 0) {
    return err;
  }
  if (store_run(store, STORE_RECORD_EXPIRE, "ii", second, seconds_before_ns) != 0 ||
      store_run(store, STORE_CONVERSATION_EXPIRE, "ii", minute, minutes_before_ns) != 0 ||
      store_run(store, STORE_TALKER_EXPIRE, "ii", minute, minutes_before_ns) != 0 ||
      store_run(store, STORE_RECORD_EXPIRE, "ii", minute, minutes_before_ns) != 0 ||
      store_run(store, STORE_WINDOW_EXPIRE, "i", windows_before_ns) != 0 ||
      store_run(store, STORE_ALERT_EXPIRE, "i", windows_before_ns) != 0 ||
      store_run(store, STORE_DELIVERY_EXPIRE, "i", windows_before_ns) != 0) {
    store_rollback(store);
    return ERR_IO;
  }
  err = store_commit(store, NULL);
  if (err != 0) {
    store_rollback(store);
  }
  return err;
}
