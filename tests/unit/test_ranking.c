/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte once (P1): two witnesses, one witness, a transit sensor, none; folds and their bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/ranking.h"
#include "common/err.h"

#define CLIENT "10.0.0.1"
#define SERVER "10.0.0.2"

static struct addr address(const char *text)
{
  struct addr a;
  assert_int_equal(addr_parse(text, &a), 0);
  return a;
}

/* 10.0.0.1 is web1's and 10.0.0.2 is db1's. */
static const char *owner_of(void *context, const struct addr *a)
{
  (void)context;
  struct addr client = address(CLIENT);
  struct addr server = address(SERVER);
  if (addr_equal(a, &client)) {
    return "web1";
  }
  return addr_equal(a, &server) ? "db1" : NULL;
}

static struct counts bytes(uint64_t n)
{
  return (struct counts){.packets = n / 100, .bytes = n, .payload_bytes = n / 2};
}

static struct summary_conversation row(const char *client, const char *server, uint16_t port,
                                       uint64_t out, uint64_t in)
{
  return (struct summary_conversation){.client = address(client),
                                       .server = address(server),
                                       .server_port = port,
                                       .protocol = 6,
                                       .flows = 1,
                                       .out = bytes(out),
                                       .in = bytes(in),
                                       .first_ns = 1000,
                                       .last_ns = 2000};
}

/* Borrows rows. */
static struct summary *record(const char *sensor, struct summary_conversation *rows, size_t count)
{
  struct summary *s = calloc(1, sizeof *s);
  assert_non_null(s);
  summary_init(s);
  (void)snprintf(s->sensor, sizeof s->sensor, "%s", sensor);
  s->kind = SUMMARY_SECOND;
  s->conversations = rows;
  s->conversation_count = count;
  return s;
}

static void add_bucket(struct ranking *ranking, struct summary **parts, size_t count)
{
  assert_int_equal(ranking_bucket(ranking, (const struct summary *const *)parts, count), 0);
  for (size_t i = 0; i < count; i++) {
    free(parts[i]);
  }
}

static struct ranking_conversation only_conversation(struct ranking *ranking)
{
  struct ranking_conversation found[2];
  assert_int_equal(ranking_conversations(ranking, found, 2), 1);
  return found[0];
}

static struct ranking_host host_of(struct ranking *ranking, const char *text)
{
  struct ranking_host found[16];
  struct addr wanted = address(text);
  size_t count = ranking_hosts(ranking, found, 16);
  for (size_t i = 0; i < count; i++) {
    if (addr_equal(&found[i].addr, &wanted)) {
      return found[i];
    }
  }
  fail_msg("%s is not among the hosts", text);
  return found[0];
}

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
      cmocka_unit_test(folded_bytes_bound_the_error),
      cmocka_unit_test(rows_beyond_the_limit_are_folded_and_counted),
      cmocka_unit_test(ports_add_up_over_conversations),
      cmocka_unit_test(random_traffic_is_counted_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
