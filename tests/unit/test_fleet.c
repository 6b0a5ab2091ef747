/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: merging, counting once, deltas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/sample_fleet.h"

/* web1 10.0.0.1, web2 10.0.0.2, db1 10.0.0.3; web1 and web2 also have 172.17.0.1. */
static struct house house_of_three(void)
{
  static const char *const names[] = {"web1", "web2", "db1"};
  static const char *const own[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
  struct house house = house_new();
  for (size_t i = 0; i < 3; i++) {
    struct message_hello hello = sample_hello(names[i], 1, own[i]);
    struct addr more = sample_addr("172.17.0.1");
    assert_int_equal(hosts_hello(house.hosts, &hello, &more, i < 2 ? 1 : 0, sample_ns(0)), 0);
  }
  return house;
}

static struct counts bytes(uint64_t n)
{
  return (struct counts){n / 100, n, 0};
}

static struct summary_conversation row(const char *client, const char *server, uint64_t out,
                                       uint64_t in)
{
  return (struct summary_conversation){.client = sample_addr(client),
                                       .server = sample_addr(server),
                                       .server_port = 80,
                                       .protocol = 6,
                                       .flows = 1,
                                       .out = bytes(out),
                                       .in = bytes(in)};
}

static struct summary talking(const char *sensor, uint64_t tx, uint64_t rx,
                              struct summary_conversation *rows, size_t n)
{
  struct summary s = sample_second(sensor, 1, 1, 10);
  s.traffic[SUMMARY_TX][SUMMARY_TCP] = bytes(tx);
  s.traffic[SUMMARY_RX][SUMMARY_TCP] = bytes(rx);
  s.ledger.frames = 100;
  s.conversations = rows;
  s.conversation_count = n;
  return s;
}

static void windows_close_oldest_first_and_empty_seconds_are_none(void **state)
{
  (void)state;
  struct house house = house_of_three();
  static const int64_t seconds[] = {12, 10, 15};
  for (size_t i = 0; i < 3; i++) {
    struct summary s = sample_second("web1", 1, i + 1, seconds[i]);
    add(&house, &s);
  }
  assert_int_equal(fleet_oldest_end_ns(house.fleet), sample_ns(11));
  assert_null(fleet_close(house.fleet, sample_ns(10.5)));
  assert_int_equal(fleet_close(house.fleet, sample_ns(14))->start_ns, sample_ns(10));
  assert_int_equal(fleet_close(house.fleet, sample_ns(14))->start_ns, sample_ns(12));
  assert_null(fleet_close(house.fleet, sample_ns(14)));
  assert_int_equal(fleet_closed_ns(house.fleet), sample_ns(14));
  assert_int_equal(fleet_oldest_end_ns(house.fleet), sample_ns(16));
  house_free(&house);
}

static void a_byte_between_two_sensors_is_counted_once(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary_conversation rows[] = {row("10.0.0.1", "10.0.0.3", 1000, 5000)};
  struct summary web1 = talking("web1", 1000, 5000, rows, 1);
  struct summary db1 = talking("db1", 5000, 1000, rows, 1);
  add(&house, &web1);
  add(&house, &db1);
  struct fleet_window *window = close_one(&house);
  assert_true(window->has_total);
  assert_int_equal(window->total_bytes.low, 6000);
  assert_int_equal(window->total_bytes.high, 6000);
  assert_int_equal(window->total_packets.low, 60);
  assert_int_equal(window->total_packets.high, 60);
  house_free(&house);
}

static void received_bytes_count_by_who_sent_them(void **state)
{
  (void)state;
  static const struct {
    const char *sender;
    uint64_t low, high;
  } cases[] = {
      {"203.0.113.5", 400, 400}, /* outside */
      {"10.0.0.3", 0, 400},      /* its sensor is not in the window */
      {"172.17.0.1", 0, 400},    /* claimed twice: who knows */
      {"169.254.3.3", 0, 400},   /* link-local: who knows */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct house house = house_of_three();
    struct summary_conversation rows[] = {row(cases[i].sender, "10.0.0.1", 400, 0)};
    struct summary web1 = talking("web1", 1000, 400, rows, 1);
    add(&house, &web1);
    struct fleet_window *window = close_one(&house);
    assert_int_equal(window->total_bytes.low, 1000 + cases[i].low);
    assert_int_equal(window->total_bytes.high, 1000 + cases[i].high);
    house_free(&house);
  }
}

static void folded_rows_widen_the_bound(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary_conversation rows[] = {row("203.0.113.5", "10.0.0.1", 400, 0),
                                        row("203.0.113.6", "203.0.113.7", 9000, 9000)};
  struct summary web1 = talking("web1", 1000, 700, rows, 2); /* 300 in no row; a transit row */
  add(&house, &web1);
  struct fleet_window *window = close_one(&house);
  assert_int_equal(window->total_bytes.low, 1400);
  assert_int_equal(window->total_bytes.high, 1700);
  house_free(&house);
}

static void a_row_of_many_clients_is_nobodys_peer(void **state)
{
  (void)state;
  /* db1's service, whose clients may be web1 (which counted what it sent) and outsiders; and a
   * service elsewhere, of which web1 may be a client. */
  struct house house = house_of_three();
  struct summary_conversation rows[] = {row("::", "10.0.0.3", 900, 5000),
                                        row("203.0.113.5", "10.0.0.3", 100, 0)};
  struct summary_conversation away[] = {row("::", "203.0.113.9", 300, 200)};
  struct summary db1 = talking("db1", 5000, 1000, rows, 2);
  struct summary web1 = talking("web1", 300, 200, away, 1);
  add(&house, &db1);
  add(&house, &web1);
  struct fleet_window *window = close_one(&house);
  assert_int_equal(window->total_bytes.low, 5000 + 100 + 300);
  assert_int_equal(window->total_bytes.high, 5000 + 100 + 300 + 900 + 200);
  house_free(&house);
}

static void without_own_addresses_there_is_no_total(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct message_hello hello = sample_hello("tap", 1, NULL);
  assert_int_equal(hosts_hello(house.hosts, &hello, NULL, 0, sample_ns(0)), 0);
  struct summary tap = sample_second("tap", 1, 1, 10);
  tap.traffic[SUMMARY_UNKNOWN][SUMMARY_UDP] = bytes(5000);
  add(&house, &tap);
  assert_false(close_one(&house)->has_total);
  house_free(&house);
}

static void a_delta_never_claims_what_another_sensor_may_have_counted(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary_conversation rows[] = {row("10.0.0.3", "10.0.0.1", 400, 1000),
                                        row("203.0.113.5", "10.0.0.1", 50, 0)};
  struct summary web1 = talking("web1", 1000, 450, rows, 2);
  struct fleet_window *delta = fleet_revise(house.fleet, &web1, NULL);
  assert_int_equal(delta->revision, 1);
  assert_int_equal(delta->total_bytes.low, 1050);
  assert_int_equal(delta->total_bytes.high, 1450);
  assert_int_equal(fleet_revise(house.fleet, &web1, NULL)->revision, 2);
  house_free(&house);
}

static struct summary_talker talker(const char *addr, uint64_t tx, uint64_t rx)
{
  return (struct summary_talker){.addr = sample_addr(addr), .tx = bytes(tx), .rx = bytes(rx)};
}

static void a_fleet_host_is_listed_by_its_own_sensor(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary_talker by_web1[] = {talker("10.0.0.1", 900, 100), talker("10.0.0.3", 100, 500),
                                     talker("203.0.113.5", 0, 400)};
  struct summary_talker by_db1[] = {talker("10.0.0.3", 7000, 100), talker("203.0.113.5", 0, 300),
                                    talker("10.0.0.2", 50, 0)};
  struct summary web1 = sample_second("web1", 1, 1, 10);
  struct summary db1 = sample_second("db1", 1, 1, 10);
  web1.talkers = by_web1;
  db1.talkers = by_db1;
  web1.talker_count = db1.talker_count = 3;
  add(&house, &web1);
  add(&house, &db1);
  struct fleet_window *window = close_one(&house);
  assert_int_equal(window->talker_count, 4);
  struct addr db = sample_addr("10.0.0.3");
  assert_true(addr_equal(&window->talkers[0].addr, &db));
  assert_int_equal(window->talkers[0].count, 7100);
  assert_int_equal(window->talkers[1].count, 1000); /* web1, of its own alone */
  assert_int_equal(window->talkers[2].count, 700);  /* outside: both saw their own part */
  assert_int_equal(window->talkers[3].count, 50);   /* web2 is missing: what others say */
  house_free(&house);
}

static void the_order_of_arrival_leaves_no_trace(void **state)
{
  (void)state;
  static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
  static const char *const names[] = {"web1", "web2", "db1"};
  struct topk_item first[FLEET_TALKERS];
  for (size_t o = 0; o < 3; o++) {
    struct house house = house_of_three();
    for (size_t i = 0; i < 3; i++) {
      struct summary s = sample_second(names[orders[o][i]], 1, 1, 10);
      struct summary_talker rows[SUMMARY_TALKERS_MAX];
      for (size_t t = 0; t < SUMMARY_TALKERS_MAX; t++) {
        uint8_t text[4] = {198, 51, (uint8_t)(orders[o][i] * 37 + t % 7), (uint8_t)t};
        rows[t] = (struct summary_talker){.addr = addr_from_v4(text),
                                          .tx = bytes(100 * (t * 31 % 17 + 1))};
      }
      s.talkers = rows;
      s.talker_count = SUMMARY_TALKERS_MAX;
      s.talkers_floor = 100;
      add(&house, &s);
    }
    struct fleet_window *window = close_one(&house);
    assert_string_equal(window->parts[0]->sensor, "db1");
    assert_string_equal(window->parts[2]->sensor, "web2");
    if (o == 0) {
      memcpy(first, window->talkers, sizeof(first));
    }
    assert_memory_equal(first, window->talkers, sizeof(first));
    house_free(&house);
  }
}

static void a_second_that_comes_again_is_added(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary s = talking("web1", 1000, 0, NULL, 0);
  add(&house, &s);
  s.sequence = 2;
  s.clock_epoch = 1;
  add(&house, &s);
  struct fleet_window *window = close_one(&house);
  assert_int_equal(window->part_count, 2);
  assert_int_equal(window->sensors_present, 1);
  assert_int_equal(window->total_bytes.low, 2000);
  house_free(&house);
}

static void completeness_counts_missing_sensors_and_drops(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary s = talking("web1", 1000, 0, NULL, 0);
  s.ledger.frames = 90;
  s.ledger.capture_dropped = 8;
  s.ledger.interface_dropped = 2;
  add(&house, &s);
  struct fleet_window *window = close_one(&house);
  fleet_expect(window, 2);
  assert_float_equal(window->completeness_percent, 45.0, 1e-9);
  fleet_expect(window, 1);
  assert_float_equal(window->completeness_percent, 90.0, 1e-9);
  house_free(&house);
}

static void completeness_counts_what_sampling_left_out(void **state)
{
  (void)state;
  struct summary_interface interfaces[2] = {
      {.name = "eth0",
       .has_kernel = true,
       .kernel = {.rx_packets = 150},
       .captured_packets = 40,
       .own_packets = 10},
      {.name = "tun0", .captured_packets = 50},
  };
  for (uint8_t shift = 0; shift <= 1; shift++) {
    struct house house = house_of_three();
    struct summary s = talking("web1", 1000, 0, NULL, 0);
    s.interfaces = interfaces;
    s.interface_count = 2;
    s.sample_shift = shift;
    add(&house, &s);
    struct fleet_window *window = close_one(&house);
    fleet_expect(window, 1);
    /* 100 by the kernel's word on eth0, 50 by the factor on tun0, beside 100 that were seen. */
    assert_int_equal(window->sampled_out_frames, shift == 0 ? 0 : 150);
    assert_float_equal(window->completeness_percent, shift == 0 ? 100.0 : 40.0, 1e-9);
    house_free(&house);
  }
}

static void sketches_of_another_kind_are_left_out_and_counted(void **state)
{
  (void)state;
  struct house house = house_of_three();
  struct summary fine = sample_second("web1", 1, 1, 10);
  struct summary larger = sample_second("web2", 1, 1, 10);
  struct summary foreign = sample_second("db1", 1, 1, 10);
  hll_init(&larger.addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_init(&foreign.addresses, HLL_PRECISION_SECOND, 42);
  for (uint8_t i = 0; i < 20; i++) {
    uint8_t text[4] = {198, 51, 100, i};
    struct addr a = addr_from_v4(text);
    hll_add(i < 10 ? &fine.addresses : &larger.addresses, hash_addr(HASH_FLEET_SEED, &a));
    hll_add(&foreign.addresses, hash_addr(42, &a));
  }
  add(&house, &fine);
  add(&house, &larger);
  add(&house, &foreign);
  struct fleet_window *window = close_one(&house);
  assert_float_equal(hll_estimate(&window->addresses), 20, 2);
  assert_int_equal(fleet_sketches_refused(house.fleet), 1);
  house_free(&house);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_close_oldest_first_and_empty_seconds_are_none),
      cmocka_unit_test(a_byte_between_two_sensors_is_counted_once),
      cmocka_unit_test(received_bytes_count_by_who_sent_them),
      cmocka_unit_test(folded_rows_widen_the_bound),
      cmocka_unit_test(a_row_of_many_clients_is_nobodys_peer),
      cmocka_unit_test(without_own_addresses_there_is_no_total),
      cmocka_unit_test(a_delta_never_claims_what_another_sensor_may_have_counted),
      cmocka_unit_test(a_fleet_host_is_listed_by_its_own_sensor),
      cmocka_unit_test(the_order_of_arrival_leaves_no_trace),
      cmocka_unit_test(a_second_that_comes_again_is_added),
      cmocka_unit_test(completeness_counts_missing_sensors_and_drops),
      cmocka_unit_test(completeness_counts_what_sampling_left_out),
      cmocka_unit_test(sketches_of_another_kind_are_left_out_and_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
