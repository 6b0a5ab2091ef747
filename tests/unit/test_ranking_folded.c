/* SPDX-License-Identifier: Apache-2.0 */
/* What a ranking says of bytes that no row, or only a row of many clients, shows. */
#include <string.h>

#include "tests/unit/sample_ranking.h"

static void folded_bytes_bound_the_error(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation seen = row(CLIENT, "192.0.2.9", 443, 1000, 2000);
  struct summary_talker talkers[] = {
      {.addr = address(CLIENT), .error_bytes = 0, .tx = bytes(1500), .rx = bytes(2500)},
      {.addr = address("192.0.2.9"), .error_bytes = 20, .tx = bytes(2100), .rx = bytes(1000)},
  };
  struct summary *part = record("web1", &seen, 1);
  part->folded_out = bytes(500);
  part->folded_in = bytes(500);
  part->talkers = talkers;
  part->talker_count = 2;
  part->talkers_floor = 50;
  add_bucket(ranking, &part, 1);
  /* Its own host: the talker row knows better than the rows. */
  struct ranking_host own = host_of(ranking, CLIENT);
  assert_int_equal(own.tx.bytes, 1500);
  assert_int_equal(own.rx.bytes, 2500);
  assert_int_equal(own.error_bytes, 0);
  /* A stranger: counted by rows, bounded by the talker row: 3100 + 20 - 3000. */
  struct ranking_host outside = host_of(ranking, "192.0.2.9");
  assert_int_equal(outside.tx.bytes, 2000);
  assert_int_equal(outside.error_bytes, 120);
  assert_int_equal(ranking_totals(ranking).folded.bytes, 1000);
  /* In a bucket that does not show it, it may have had the floor. */
  struct summary *next = record("web1", NULL, 0);
  next->folded_out = bytes(700);
  next->talkers = talkers;
  next->talker_count = 1;
  next->talkers_floor = 50;
  add_bucket(ranking, &next, 1);
  assert_int_equal(host_of(ranking, "192.0.2.9").error_bytes, 170);
  assert_int_equal(host_of(ranking, CLIENT).tx.bytes, 3000);
  ranking_free(ranking);
}

static void a_row_of_many_clients_bounds_and_doubles_nothing(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  /* db1 under pressure: its clients are one row, web1 among them, which tells of itself. */
  struct summary_conversation at_client = row(CLIENT, SERVER, 80, 1000, 8000);
  struct summary_conversation at_server[] = {row("::", SERVER, 80, 3000, 20000),
                                             row("192.0.2.9", SERVER, 22, 60, 600)};
  struct summary *parts[] = {record("web1", &at_client, 1), record("db1", at_server, 2)};
  add_bucket(ranking, parts, 2);
  struct ranking_totals totals = ranking_totals(ranking);
  /* What the server sent to web1 is in its row of many, as any of it may be. */
  assert_int_equal(totals.counted.bytes, 1000 + 660);
  assert_int_equal(totals.folded.bytes, 23000);
  assert_int_equal(totals.unconfirmed.bytes, 8000);
  struct ranking_conversation found[4];
  assert_int_equal(ranking_conversations(ranking, found, 4), 3);
  assert_true(summary_conversation_is_folded(&found[0].row));
  assert_int_equal(found[0].row.in.bytes, 20000);
  assert_string_equal(found[0].client_sensor, "");
  assert_string_equal(found[0].server_sensor, "db1");
  /* The server is what its own sensor saw; nobody is called `::`. */
  assert_int_equal(host_of(ranking, SERVER).rx.bytes, 3060);
  assert_int_equal(host_of(ranking, SERVER).tx.bytes, 20600);
  struct ranking_host hosts[8];
  assert_int_equal(ranking_hosts(ranking, hosts, 8), 3);
  /* A port is what its conversations are. */
  struct ranking_port ports[4];
  assert_int_equal(ranking_ports(ranking, ports, 4), 2);
  assert_int_equal(ports[0].port, 80);
  assert_int_equal(ports[0].out.bytes + ports[0].in.bytes, 1000);
  ranking_free(ranking);
}

static void a_server_without_sensor_has_what_one_record_saw_of_it(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation tap[] = {row("::", "192.0.2.9", 80, 3000, 20000),
                                       row("192.0.2.7", "192.0.2.9", 80, 100, 200)};
  struct summary_conversation web1 = row(CLIENT, "192.0.2.9", 80, 500, 500);
  struct summary *parts[] = {record("tap", tap, 2), record("web1", &web1, 1)};
  add_bucket(ranking, parts, 2);
  struct ranking_host server = host_of(ranking, "192.0.2.9");
  assert_int_equal(server.tx.bytes, 20200);
  assert_int_equal(server.rx.bytes, 3100);
  /* At most: all rows apart (1,300) and all that is hidden, as client and as server. */
  assert_int_equal(server.tx.bytes + server.rx.bytes + server.error_bytes, 1300 + 2 * 23000);
  ranking_free(ranking);
}

static void rows_beyond_the_limit_are_folded_and_counted(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(2, NULL, NULL);
  struct summary_conversation rows[] = {
      row("192.0.2.1", "192.0.2.2", 1, 100, 0), row("192.0.2.1", "192.0.2.2", 2, 300, 0),
      row("192.0.2.1", "192.0.2.2", 3, 200, 0), row("192.0.2.1", "192.0.2.3", 4, 10, 0)};
  struct summary *part = record("a", rows, 4);
  add_bucket(ranking, &part, 1);
  struct ranking_conversation found[4];
  assert_int_equal(ranking_conversations(ranking, found, 4), 2);
  assert_int_equal(found[0].row.server_port, 2);
  assert_int_equal(found[1].row.server_port, 3);
  struct ranking_totals totals = ranking_totals(ranking);
  assert_int_equal(totals.rows_refused, 2);
  assert_int_equal(totals.hosts_refused, 1);
  assert_int_equal(totals.counted.bytes, 500);
  assert_int_equal(totals.folded.bytes, 110);
  ranking_free(ranking);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(folded_bytes_bound_the_error),
      cmocka_unit_test(a_row_of_many_clients_bounds_and_doubles_nothing),
      cmocka_unit_test(a_server_without_sensor_has_what_one_record_saw_of_it),
      cmocka_unit_test(rows_beyond_the_limit_are_folded_and_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
