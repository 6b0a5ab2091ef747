/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte once (P1): two witnesses, one witness, a transit sensor, none. */
#include <string.h>

#include "tests/unit/sample_ranking.h"

static void two_witnesses_count_each_direction_at_its_sender(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  /* 100 bytes to the server and 50 to the client were lost on the way. */
  struct summary_conversation at_client = row(CLIENT, SERVER, 80, 1000, 7950);
  struct summary_conversation at_server = row(CLIENT, SERVER, 80, 900, 8000);
  at_server.is_guessed = true;
  struct summary *parts[] = {record("web1", &at_client, 1), record("db1", &at_server, 1)};
  add_bucket(ranking, parts, 2);
  struct ranking_conversation c = only_conversation(ranking);
  assert_int_equal(c.row.out.bytes, 1000);
  assert_int_equal(c.row.in.bytes, 8000);
  assert_int_equal(c.witnesses, 2);
  assert_int_equal(c.row.flows, 1);
  assert_false(c.row.is_guessed);
  assert_string_equal(c.client_sensor, "web1");
  assert_string_equal(c.server_sensor, "db1");
  /* Hosts: what their own sensors saw. */
  struct ranking_host client = host_of(ranking, CLIENT);
  struct ranking_host server = host_of(ranking, SERVER);
  assert_int_equal(client.tx.bytes, 1000);
  assert_int_equal(client.rx.bytes, 7950);
  assert_int_equal(server.tx.bytes, 8000);
  assert_int_equal(server.rx.bytes, 900);
  assert_int_equal(client.error_bytes, 0);
  struct ranking_totals totals = ranking_totals(ranking);
  assert_int_equal(totals.counted.bytes, 9000);
  assert_int_equal(totals.folded.bytes, 0);
  assert_int_equal(totals.unconfirmed.bytes, 0);
  ranking_free(ranking);
}

static void with_the_receiver_alone_its_word_counts(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation at_server = row(CLIENT, SERVER, 80, 900, 8000);
  struct summary *parts[] = {record("db1", &at_server, 1)};
  add_bucket(ranking, parts, 1);
  struct ranking_conversation c = only_conversation(ranking);
  assert_int_equal(c.row.out.bytes, 900);
  assert_int_equal(c.row.in.bytes, 8000);
  assert_int_equal(c.witnesses, 1);
  struct ranking_host client = host_of(ranking, CLIENT);
  assert_int_equal(client.tx.bytes, 900);
  assert_int_equal(client.rx.bytes, 8000);
  ranking_free(ranking);
}

static void a_sensor_on_the_way_doubles_nothing(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation at_client = row(CLIENT, SERVER, 80, 1000, 8000);
  struct summary_conversation between = row(CLIENT, SERVER, 80, 5000, 9000);
  struct summary_conversation at_server = row(CLIENT, SERVER, 80, 1000, 8000);
  struct summary *parts[] = {record("router", &between, 1), record("web1", &at_client, 1),
                             record("db1", &at_server, 1)};
  add_bucket(ranking, parts, 3);
  struct ranking_conversation c = only_conversation(ranking);
  assert_int_equal(c.row.out.bytes, 1000);
  assert_int_equal(c.row.in.bytes, 8000);
  assert_int_equal(c.witnesses, 3);
  assert_int_equal(host_of(ranking, CLIENT).rx.bytes, 8000);
  ranking_free(ranking);
}

static void without_owners_the_largest_observation_counts(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, NULL, NULL);
  /* In parts of a second each: a sensor's own parts add up before they are compared. */
  struct summary_conversation a1 = row("192.0.2.1", "192.0.2.2", 53, 400, 100);
  struct summary_conversation a2 = row("192.0.2.1", "192.0.2.2", 53, 500, 100);
  struct summary_conversation b = row("192.0.2.1", "192.0.2.2", 53, 700, 300);
  struct summary *parts[] = {record("a", &a1, 1), record("b", &b, 1), record("a", &a2, 1)};
  add_bucket(ranking, parts, 3);
  struct ranking_conversation c = only_conversation(ranking);
  assert_int_equal(c.row.out.bytes, 900);
  assert_int_equal(c.row.in.bytes, 300);
  assert_string_equal(c.client_sensor, "");
  struct ranking_host host = host_of(ranking, "192.0.2.1");
  assert_int_equal(host.tx.bytes, 900);
  assert_int_equal(host.rx.bytes, 300);
  ranking_free(ranking);
}

static void loopback_traffic_of_several_hosts_adds_up(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation a = row("127.0.0.1", "127.0.0.1", 80, 400, 100);
  struct summary_conversation b = row("127.0.0.1", "127.0.0.1", 80, 700, 300);
  struct summary *parts[] = {record("web1", &a, 1), record("db1", &b, 1)};
  add_bucket(ranking, parts, 2);
  struct ranking_conversation c = only_conversation(ranking);
  assert_int_equal(c.row.out.bytes, 1100);
  assert_int_equal(c.row.in.bytes, 400);
  assert_int_equal(host_of(ranking, "127.0.0.1").tx.bytes, 1500);
  ranking_free(ranking);
}

static void a_packet_on_the_edge_of_two_buckets_counts_once(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation sent = row(CLIENT, SERVER, 80, 1000, 0);
  struct summary_conversation early = row(CLIENT, SERVER, 80, 900, 0);
  struct summary_conversation late = row(CLIENT, SERVER, 80, 100, 0);
  struct summary *first[] = {record("web1", &sent, 1), record("db1", &early, 1)};
  struct summary *second[] = {record("web1", NULL, 0), record("db1", &late, 1)};
  add_bucket(ranking, first, 2);
  add_bucket(ranking, second, 2);
  assert_int_equal(only_conversation(ranking).row.out.bytes, 1000);
  struct ranking_totals totals = ranking_totals(ranking);
  assert_int_equal(totals.counted.bytes, 1000);
  assert_int_equal(totals.unconfirmed.bytes, 100);
  /* What the server received is its own sensor's word. */
  assert_int_equal(host_of(ranking, SERVER).rx.bytes, 1000);
  ranking_free(ranking);
}

static void the_order_of_parts_does_not_matter(void **state)
{
  (void)state;
  struct summary_conversation a[] = {row(CLIENT, SERVER, 80, 1000, 8000),
                                     row(CLIENT, "192.0.2.9", 443, 70, 700)};
  struct summary_conversation b[] = {row(CLIENT, SERVER, 80, 990, 8000),
                                     row("192.0.2.9", SERVER, 22, 60, 600)};
  struct summary_conversation c[] = {row("192.0.2.7", "192.0.2.9", 53, 5, 50)};
  static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
  struct ranking_conversation first[8];
  for (size_t i = 0; i < 3; i++) {
    struct summary *made[] = {record("web1", a, 2), record("db1", b, 2), record("c", c, 1)};
    struct summary *parts[] = {made[orders[i][0]], made[orders[i][1]], made[orders[i][2]]};
    struct ranking *ranking = ranking_new(100, owner_of, NULL);
    add_bucket(ranking, parts, 3);
    struct ranking_conversation found[8];
    assert_int_equal(ranking_conversations(ranking, found, 8), 4);
    if (i == 0) {
      memcpy(first, found, sizeof first);
    }
    for (size_t j = 0; j < 4; j++) {
      assert_int_equal(summary_conversation_compare(&found[j].row, &first[j].row), 0);
      assert_int_equal(found[j].row.out.bytes, first[j].row.out.bytes);
      assert_int_equal(found[j].row.in.bytes, first[j].row.in.bytes);
    }
    ranking_free(ranking);
  }
}

static void ports_add_up_over_conversations(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, NULL, NULL);
  struct summary_conversation rows[] = {row("192.0.2.1", "192.0.2.2", 80, 100, 1000),
                                        row("192.0.2.3", "192.0.2.2", 80, 200, 2000),
                                        row("192.0.2.3", "192.0.2.2", 53, 5, 7)};
  rows[0].flows = 3;
  rows[2].protocol = 17;
  for (int i = 0; i < 2; i++) {
    struct summary *part = record("a", rows, 3);
    add_bucket(ranking, &part, 1);
  }
  struct ranking_port ports[4];
  assert_int_equal(ranking_ports(ranking, ports, 4), 2);
  assert_int_equal(ports[0].port, 80);
  assert_int_equal(ports[0].out.bytes, 600);
  assert_int_equal(ports[0].in.bytes, 6000);
  assert_int_equal(ports[0].flows, 4);
  assert_int_equal(ports[1].port, 53);
  assert_int_equal(ports[1].protocol, 17);
  assert_int_equal(ranking_ports(ranking, ports, 1), 1);
  ranking_free(ranking);
}

/* Random traffic of three owned hosts, each packet seen by sender, receiver or both: the sum is
 * what was sent by hosts that have a sensor, plus what they received from others. */
/* web1 folded what its host did with many servers; db1 knows its part of that exactly. */
static void a_row_of_many_servers_is_nobodys_conversation(void **state)
{
  (void)state;
  struct ranking *ranking = ranking_new(100, owner_of, NULL);
  struct summary_conversation folded = row(CLIENT, "::", 80, 1000, 8000);
  struct summary_conversation exact = row(CLIENT, SERVER, 80, 1000, 8000);
  struct summary *parts[] = {record("web1", &folded, 1), record("db1", &exact, 1)};
  add_bucket(ranking, parts, 2);
  struct ranking_totals totals = ranking_totals(ranking);
  /* What the client sent is in its row of many, as any of it may be. */
  assert_int_equal(totals.counted.bytes, 8000);
  assert_int_equal(totals.folded.bytes, 9000);
  assert_int_equal(totals.unconfirmed.bytes, 1000);
  struct ranking_host hosts[8];
  size_t count = ranking_hosts(ranking, hosts, 8);
  for (size_t i = 0; i < count; i++) {
    assert_false(summary_addr_is_many(&hosts[i].addr));
  }
  assert_int_equal(host_of(ranking, CLIENT).tx.bytes, 1000);
  ranking_free(ranking);
}

static void random_traffic_is_counted_once(void **state)
{
  (void)state;
  unsigned seed = (unsigned)(uintptr_t)&state ^ 0x5e19eU;
  print_message("seed %u\n", seed);
  static const char *const hosts[] = {CLIENT, SERVER, "192.0.2.1", "192.0.2.2"};
  struct summary_conversation seen[2][64];
  size_t count[2] = {0, 0};
  uint64_t sent = 0;
  struct ranking *ranking = ranking_new(1000, owner_of, NULL);
  for (uint16_t port = 1; port <= 60; port++) {
    int client = rand_r(&seed) % 4;
    int server = rand_r(&seed) % 4;
    if (client == server || (client > 1 && server > 1)) {
      continue;
    }
    uint64_t out = 100 * (uint64_t)(rand_r(&seed) % 1000 + 1);
    uint64_t in = 100 * (uint64_t)(rand_r(&seed) % 1000 + 1);
    sent += out + in;
    for (int sensor = 0; sensor < 2; sensor++) {
      if (client == sensor || server == sensor) {
        seen[sensor][count[sensor]++] = row(hosts[client], hosts[server], port, out, in);
      }
    }
  }
  struct summary *parts[] = {record("web1", seen[0], count[0]), record("db1", seen[1], count[1])};
  add_bucket(ranking, parts, 2);
  assert_int_equal(ranking_totals(ranking).counted.bytes, sent);
  ranking_free(ranking);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_witnesses_count_each_direction_at_its_sender),
      cmocka_unit_test(with_the_receiver_alone_its_word_counts),
      cmocka_unit_test(a_sensor_on_the_way_doubles_nothing),
      cmocka_unit_test(without_owners_the_largest_observation_counts),
      cmocka_unit_test(loopback_traffic_of_several_hosts_adds_up),
      cmocka_unit_test(a_packet_on_the_edge_of_two_buckets_counts_once),
      cmocka_unit_test(the_order_of_parts_does_not_matter),
      cmocka_unit_test(ports_add_up_over_conversations),
      cmocka_unit_test(a_row_of_many_servers_is_nobodys_conversation),
      cmocka_unit_test(random_traffic_is_counted_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
