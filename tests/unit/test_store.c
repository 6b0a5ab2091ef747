/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and refusing a database; alerts and the outbox on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/db.h"
#include "tests/unit/collector_samples.h"

static int open_store(void **state)
{
  static char folder[64];
  struct err_message message = {""};
  (void)snprintf(folder, sizeof(folder), "%s", sample_folder());
  int err = store_open(folder, (struct store **)state, &message);
  if (err != 0) {
    print_error("%s\n", message.text);
  }
  return err;
}

static void folder_of(const struct store *store, char out[64])
{
  (void)snprintf(out, 64, "%s", store->path);
  *strrchr(out, '/') = '\0';
}

static int close_store(void **state)
{
  char folder[64];
  folder_of(*state, folder);
  store_close(*state);
  sample_folder_remove(folder);
  return 0;
}

static struct store *reopen(void **state)
{
  char folder[64];
  struct err_message message = {""};
  folder_of(*state, folder);
  store_close(*state);
  *state = NULL;
  int err = store_open(folder, (struct store **)state, &message);
  assert_string_equal(message.text, "");
  assert_int_equal(err, 0);
  return *state;
}

static void a_second_collector_on_the_folder_is_refused_and_told_why(void **state)
{
  char folder[64];
  struct store *second = NULL;
  struct err_message message = {""};
  folder_of(*state, folder);
  assert_int_equal(store_open(folder, &second, &message), ERR_CONFLICT);
  assert_null(second);
  assert_non_null(strstr(message.text, folder));
  assert_non_null(strstr(message.text, "another collector"));
}

static void the_database_is_closed_to_others_and_in_wal_mode(void **state)
{
  struct store *store = *state;
  struct stat status;
  assert_int_equal(stat(store->path, &status), 0);
  assert_int_equal(status.st_mode & 07, 0);
  sqlite3_stmt *q = NULL;
  assert_int_equal(sqlite3_prepare_v2(store->db, "PRAGMA journal_mode", -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  assert_string_equal(store_column_text(q, 0), "wal");
  (void)sqlite3_finalize(q);
}

static int open_again(void **state, struct err_message *message)
{
  char folder[64];
  struct store *second = NULL;
  folder_of(*state, folder);
  (void)close(((struct store *)*state)->lock_fd); /* the lock is not the matter here */
  ((struct store *)*state)->lock_fd = -1;
  int err = store_open(folder, &second, message);
  store_close(second);
  return err;
}

static void a_newer_schema_is_refused(void **state)
{
  struct store *store = *state;
  struct err_message message = {""};
  (void)sqlite3_exec(store->db, "PRAGMA user_version = 999", NULL, NULL, NULL);
  assert_int_equal(open_again(state, &message), ERR_UNSUPPORTED);
  assert_non_null(strstr(message.text, "999"));
  assert_non_null(strstr(message.text, store->path));
}

static void the_database_of_another_program_is_refused(void **state)
{
  struct store *store = *state;
  struct err_message message = {""};
  (void)sqlite3_exec(store->db, "PRAGMA application_id = 77", NULL, NULL, NULL);
  assert_int_equal(open_again(state, &message), ERR_UNSUPPORTED);
  assert_non_null(strstr(message.text, "another program"));
}

static void what_is_no_database_is_named(void **state)
{
  (void)state;
  char folder[64];
  struct store *store = NULL;
  struct err_message message = {""};
  (void)snprintf(folder, sizeof(folder), "%s", sample_folder());
  char text[4096];
  memset(text, 'x', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  sample_write(sample_path(folder, "seine.db"), text, 0640);
  assert_int_equal(store_open(folder, &store, &message), ERR_IO);
  assert_non_null(strstr(message.text, "seine.db"));
  sample_folder_remove(folder);
}

static void a_damaged_database_is_named(void **state)
{
  struct store *store = *state;
  struct err_message message = {""};
  for (int i = 0; i < 400; i++) {
    char id[ALERT_ID_MAX];
    (void)snprintf(id, sizeof(id), "%016d", i);
    struct alert alert = sample_alert(id, "web1/eth0");
    assert_int_equal(store_put_alert(store, &alert, &message), 0);
  }
  char path[128];
  (void)snprintf(path, sizeof(path), "%s", store->path);
  (void)reopen(state); /* the journal is in the file now */
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  for (long at = 8192; at + 4096 < status.st_size; at += 4096) {
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    for (int i = 0; i < 4096; i++) {
      (void)fputc(0xa5, file);
    }
  }
  assert_int_equal(fclose(file), 0);
  assert_int_equal(open_again(state, &message), ERR_MALFORMED);
  assert_non_null(strstr(message.text, path));
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
  (void)state;
  struct store *store = NULL;
  struct err_message message = {""};
  assert_int_equal(store_open("/proc/seine/state", &store, &message), ERR_IO);
  assert_non_null(strstr(message.text, "/proc/seine/state"));
}

static void count_alert(void *context, const struct alert *alert)
{
  char *text = context;
  size_t used = strlen(text);
  (void)snprintf(text + used, 256 - used, "%s%s ", alert->id,
                 alert->state == ALERT_FIRING ? "+" : "-");
}

static void alerts_keep_their_newest_state_over_a_restart(void **state)
{
  struct err_message message = {""};
  struct alert one = sample_alert("0000000000000001", "web1/eth0");
  struct alert two = sample_alert("0000000000000002", "db1/eth0");
  two.started_ns += 5;
  assert_int_equal(store_put_alert(*state, &one, &message), 0);
  assert_int_equal(store_put_alert(*state, &two, &message), 0);
  one.state = ALERT_RESOLVED;
  one.resolved_ns = one.started_ns + 7;
  assert_int_equal(store_put_alert(*state, &one, &message), 0);
  struct store *store = reopen(state);
  char text[256] = "";
  assert_int_equal(store_alerts_each(store, -1, 10, count_alert, text), 0);
  assert_string_equal(text, "0000000000000002+ 0000000000000001- ");
  text[0] = '\0';
  assert_int_equal(store_alerts_each(store, ALERT_FIRING, 10, count_alert, text), 0);
  assert_string_equal(text, "0000000000000002+ ");
  text[0] = '\0';
  assert_int_equal(store_alerts_each(store, -1, 1, count_alert, text), 0);
  assert_string_equal(text, "0000000000000002+ ");
  struct alert found;
  assert_int_equal(store_alert_find(store, "0000000000000001", &found), 0);
  assert_string_equal(found.finding.subject, "web1/eth0");
  assert_string_equal(found.finding.detector, "threshold");
  assert_int_equal(store_alert_find(store, "000000000000000f", &found), ERR_NOT_FOUND);
}

static void a_firing_alert_remembers_when_it_was_seen(void **state)
{
  struct err_message message = {""};
  struct alert found;
  struct alert alert = sample_alert("0000000000000001", "web1/eth0");
  assert_int_equal(store_put_alert(*state, &alert, &message), 0);
  assert_int_equal(store_put_alert_seen(*state, alert.id, alert.last_seen_ns + 9), 0);
  assert_int_equal(store_put_alert_seen(*state, alert.id, alert.last_seen_ns + 4), 0);
  assert_int_equal(store_put_alert_seen(*state, "000000000000000f", 1), 0);
  assert_int_equal(store_alert_find(reopen(state), alert.id, &found), 0);
  assert_int_equal(found.last_seen_ns, alert.last_seen_ns + 9);
  assert_int_equal(found.state, ALERT_FIRING);
}

static void list_sensor(void *context, const struct host_identity *identity)
{
  char *text = context;
  size_t used = strlen(text);
  char address[ADDR_TEXT_MAX] = "";
  if (identity->address_count > 0) {
    (void)addr_format(&identity->address[identity->address_count - 1], address);
  }
  (void)snprintf(text + used, 256 - used, "%s:%s:%s%s:%u:%s ", identity->name, identity->software,
                 identity->has_left ? "left" : "", identity->is_silent ? "silent" : "",
                 (unsigned)identity->address_count, address);
}

static void sensors_keep_who_they_are_over_a_restart(void **state)
{
  struct host_identity web1 = {.name = "web1", .software = "0.1", .address_count = 2};
  struct host_identity db1 = {.name = "db1", .is_silent = true};
  assert_int_equal(addr_parse("10.0.0.1", &web1.address[0]), 0);
  assert_int_equal(addr_parse("2001:db8::1", &web1.address[1]), 0);
  assert_int_equal(store_put_sensor(*state, &web1), 0);
  assert_int_equal(store_put_sensor(*state, &db1), 0);
  web1.has_left = true;
  assert_int_equal(store_put_sensor(*state, &web1), 0);
  char text[256] = "";
  assert_int_equal(store_sensors_each(reopen(state), list_sensor, text), 0);
  assert_string_equal(text, "db1::silent:0: web1:0.1:left:2:2001:db8::1 ");
}

static void a_database_of_version_1_is_brought_to_ours(void **state)
{
  struct store *store = *state;
  static const char back[] = "DROP TABLE sensor; PRAGMA user_version = 1;"
                             "INSERT INTO applied VALUES('old', 1, 5, 1000000000);"
                             "INSERT INTO applied VALUES('web1', 1, 5, 90000000000);"
                             "INSERT INTO applied VALUES('web2', 1, 5, 95000000000);";
  assert_int_equal(sqlite3_exec(store->db, back, NULL, NULL, NULL), SQLITE_OK);
  char text[256] = "";
  store = reopen(state);
  assert_int_equal(store_sensors_each(store, list_sensor, text), 0);
  assert_string_equal(text, "old::left:0: "); /* who was gone by then had left */
  struct host_identity web1 = {.name = "web1"};
  assert_int_equal(store_put_sensor(store, &web1), 0);
  text[0] = '\0';
  assert_int_equal(store_sensors_each(reopen(state), list_sensor, text), 0);
  assert_string_equal(text, "old::left:0: web1:::0: ");
}

static struct store_delivery delivery(const char *alert_id, int state, int64_t due_ns)
{
  static char body[] = "{}";
  struct store_delivery d = {.state = state, .body = body, .next_attempt_ns = due_ns};
  (void)snprintf(d.receiver, sizeof(d.receiver), "ops");
  (void)snprintf(d.alert_id, sizeof(d.alert_id), "%s", alert_id);
  return d;
}

/* The id of the delivery that is to be tried at now_ns, 0 when none. */
static int64_t next_id(struct store *store, int64_t now_ns)
{
  struct store_delivery d;
  int err = store_delivery_next(store, "ops", now_ns, &d);
  if (err != 0) {
    assert_int_equal(err, ERR_NOT_FOUND);
    return 0;
  }
  free(d.body);
  return d.id;
}

static void the_outbox_keeps_the_order_within_an_alert_and_lets_others_pass(void **state)
{
  struct err_message message = {""};
  struct alert one = sample_alert("0000000000000001", "web1/eth0");
  struct alert two = sample_alert("0000000000000002", "db1/eth0");
  struct store_delivery fires = delivery(one.id, ALERT_FIRING, 100);
  struct store_delivery resolves = delivery(one.id, ALERT_RESOLVED, 100);
  struct store_delivery other = delivery(two.id, ALERT_FIRING, 100);
  struct store *store = *state;
  assert_int_equal(next_id(store, 1000), 0);
  assert_int_equal(store_put_alert_deliveries(store, &one, &fires, 1, &message), 0);
  assert_int_equal(store_put_alert_deliveries(store, &one, &resolves, 1, &message), 0);
  assert_int_equal(store_put_alert_deliveries(store, &two, &other, 1, &message), 0);
  assert_int_equal(next_id(store, 1000), fires.id);
  fires.attempts = 1; /* it failed, and is due again already: the fresh one goes first */
  fires.next_attempt_ns = 900;
  assert_int_equal(store_delivery_update(store, &fires), 0);
  assert_int_equal(next_id(store, 1000), other.id);
  assert_int_equal(store_delivery_done(store, other.id), 0);
  store = reopen(state);
  assert_int_equal(next_id(store, 1000), fires.id);
  fires.is_dead = true; /* given up: what comes after it is told all the same */
  (void)snprintf(fires.last_error, sizeof(fires.last_error), "HTTP 400");
  assert_int_equal(store_delivery_update(store, &fires), 0);
  assert_int_equal(next_id(store, 1000), resolves.id);
  assert_int_equal(store_delivery_done(store, resolves.id), 0);
  assert_int_equal(next_id(store, 1000), 0);
}

static void count_dead(void *context, const struct store_delivery *d)
{
  size_t *count = context;
  assert_string_equal(d->last_error, "HTTP 400");
  assert_string_equal(d->body, "{}");
  *count += d->is_dead;
}

static void dead_letters_stay_until_they_expire(void **state)
{
  struct err_message message = {""};
  struct alert one = sample_alert("0000000000000001", "web1/eth0");
  struct store_delivery fires = delivery(one.id, ALERT_FIRING, 100);
  fires.created_ns = 500;
  size_t count = 0;
  assert_int_equal(store_put_alert_deliveries(*state, &one, &fires, 1, &message), 0);
  fires.is_dead = true;
  (void)snprintf(fires.last_error, sizeof(fires.last_error), "HTTP 400");
  assert_int_equal(store_delivery_update(*state, &fires), 0);
  assert_int_equal(store_expire(*state, 0, 0, 500), 0);
  assert_int_equal(store_deliveries_each(*state, count_dead, &count), 0);
  assert_int_equal(count, 1);
  assert_int_equal(store_expire(*state, 0, 0, 501), 0);
  assert_int_equal(store_deliveries_each(*state, count_dead, &count), 0);
  assert_int_equal(count, 1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH_STORE(a_second_collector_on_the_folder_is_refused_and_told_why),
      WITH_STORE(the_database_is_closed_to_others_and_in_wal_mode),
      WITH_STORE(a_newer_schema_is_refused),
      WITH_STORE(the_database_of_another_program_is_refused),
      cmocka_unit_test(what_is_no_database_is_named),
      WITH_STORE(a_damaged_database_is_named),
      cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
      WITH_STORE(alerts_keep_their_newest_state_over_a_restart),
      WITH_STORE(a_firing_alert_remembers_when_it_was_seen),
      WITH_STORE(sensors_keep_who_they_are_over_a_restart),
      WITH_STORE(a_database_of_version_1_is_brought_to_ours),
      WITH_STORE(the_outbox_keeps_the_order_within_an_alert_and_lets_others_pass),
      WITH_STORE(dead_letters_stay_until_they_expire),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
