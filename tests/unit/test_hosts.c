/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors and whose address is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "collector/claims.h"
#include "collector/hosts.h"
#include "common/err.h"
#include "tests/unit/sample_summary.h"

static void hello(struct hosts *hosts, const char *name, const char *address)
{
  struct message_hello h = sample_hello(name, 1, address);
  assert_int_equal(hosts_hello(hosts, &h, NULL, 0, sample_ns(0)), 0);
}

static const char *owner(const struct hosts *hosts, const char *address)
{
  struct addr a = sample_addr(address);
  const struct host *host = hosts_owner(hosts, &a);
  return host == NULL ? "" : host->name;
}

static bool is_outside(const struct hosts *hosts, const char *address)
{
  struct addr a = sample_addr(address);
  return hosts_is_outside(hosts, &a);
}

static void sensors_stand_in_order_of_names(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(3, true);
  hello(hosts, "web2", NULL);
  hello(hosts, "db1", NULL);
  hello(hosts, "web1", NULL);
  assert_int_equal(hosts_count(hosts), 3);
  assert_string_equal(hosts_at(hosts, 0)->name, "db1");
  assert_string_equal(hosts_at(hosts, 1)->name, "web1");
  assert_string_equal(hosts_at(hosts, 2)->name, "web2");
  assert_null(hosts_find(hosts, "web3"));
  struct message_hello h = sample_hello("web3", 1, NULL);
  assert_int_equal(hosts_hello(hosts, &h, NULL, 0, sample_ns(0)), ERR_LIMIT);
  hosts_free(hosts);
}

static void an_address_of_one_sensor_is_its_own(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  hello(hosts, "web1", "10.0.0.1");
  hello(hosts, "web2", "10.0.0.2");
  assert_string_equal(owner(hosts, "10.0.0.1"), "web1");
  assert_string_equal(owner(hosts, "10.0.0.2"), "web2");
  assert_string_equal(owner(hosts, "10.0.0.3"), "");
  assert_true(is_outside(hosts, "10.0.0.3"));
  assert_false(is_outside(hosts, "10.0.0.1"));
  hosts_free(hosts);
}

static void an_address_of_two_sensors_is_nobodys_and_not_outside(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  hello(hosts, "web1", "172.17.0.1");
  hello(hosts, "web2", "172.17.0.1");
  hello(hosts, "web3", "172.17.0.1");
  assert_string_equal(owner(hosts, "172.17.0.1"), "");
  assert_false(is_outside(hosts, "172.17.0.1"));
  /* Two of the three move away: the last one is the owner again. */
  hello(hosts, "web1", "10.0.0.1");
  hello(hosts, "web3", "10.0.0.3");
  assert_string_equal(owner(hosts, "172.17.0.1"), "web2");
  hosts_free(hosts);
}

static void addresses_that_many_hosts_have_belong_to_none(void **state)
{
  (void)state;
  static const char *const shared[] = {"127.0.0.1", "::1",     "fe80::1", "169.254.1.1",
                                       "224.0.0.1", "0.0.0.0", "::",      "255.255.255.255"};
  struct hosts *hosts = hosts_new(10, true);
  for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
    hello(hosts, "web1", shared[i]);
    assert_string_equal(owner(hosts, shared[i]), "");
    assert_false(is_outside(hosts, shared[i]));
  }
  hosts_free(hosts);
}

static void a_sensor_that_left_gives_its_address_to_the_next(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  hello(hosts, "old", "10.0.0.9");
  hosts_bye(hosts, hosts_get(hosts, "old"), sample_ns(10));
  assert_string_equal(owner(hosts, "10.0.0.9"), "old");
  hello(hosts, "new", "10.0.0.9");
  assert_string_equal(owner(hosts, "10.0.0.9"), "new");
  /* And claims it again when it comes back. */
  hello(hosts, "old", "10.0.0.9");
  assert_string_equal(owner(hosts, "10.0.0.9"), "");
  hosts_free(hosts);
}

static void settings_add_addresses(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  struct message_hello h = sample_hello("web1", 1, "10.0.0.1");
  struct addr more[] = {sample_addr("10.0.0.1"), sample_addr("192.0.2.1")};
  assert_int_equal(hosts_hello(hosts, &h, more, 2, sample_ns(0)), 0);
  assert_int_equal(hosts_find(hosts, "web1")->address_count, 2);
  assert_string_equal(owner(hosts, "192.0.2.1"), "web1");
  assert_true(hosts_is_own(hosts_find(hosts, "web1"), &more[1]));
  hosts_free(hosts);
}

static void many_claims_come_and_go(void **state)
{
  (void)state;
  struct claims *claims = claims_new();
  for (uint32_t round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < 2000; i++) {
      uint8_t bytes[4] = {10, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i};
      struct addr a = addr_from_v4(bytes);
      assert_int_equal(claims_add(claims, &a, i), 0);
      assert_int_equal(claims_add(claims, &a, i + 1), 0);
      claims_remove(claims, &a, i);
    }
    for (uint32_t i = 0; i < 2000; i++) {
      uint8_t bytes[4] = {10, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i};
      struct addr a = addr_from_v4(bytes);
      uint32_t sensor = 0;
      assert_int_equal(claims_find(claims, &a, &sensor), 1);
      assert_int_equal(sensor, i + 1);
      claims_remove(claims, &a, i + 1);
      assert_int_equal(claims_find(claims, &a, &sensor), 0);
    }
  }
  claims_free(claims);
}

static void the_close_waits_for_punctual_sensors_alone(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  hello(hosts, "web1", NULL);
  hello(hosts, "web2", NULL);
  struct host *one = hosts_get(hosts, "web1");
  struct host *two = hosts_get(hosts, "web2");
  hosts_watch(hosts, sample_ns(1));
  assert_false(hosts_all_passed(hosts));
  hosts_pass(hosts, one, sample_ns(1));
  assert_false(hosts_all_passed(hosts));
  hosts_pass(hosts, two, sample_ns(2));
  assert_true(hosts_all_passed(hosts));
  assert_int_equal(hosts_slowest_ns(hosts), sample_ns(1));
  hosts_watch(hosts, sample_ns(2));
  assert_false(hosts_all_passed(hosts));
  hosts_set_punctual(hosts, one, false);
  assert_true(hosts_all_passed(hosts));
  hosts_bye(hosts, two, sample_ns(2));
  assert_false(hosts_all_passed(hosts)); /* nobody to wait for: lateness decides */
  assert_int_equal(hosts_slowest_ns(hosts), INT64_MIN);
  hosts_free(hosts);
}

static void two_missed_closes_end_punctuality(void **state)
{
  (void)state;
  struct hosts *hosts = hosts_new(10, true);
  hello(hosts, "web1", NULL);
  hello(hosts, "web2", NULL);
  struct summary s = sample_second("web1", 1, 1, 0);
  const struct summary *parts[] = {&s};
  assert_int_equal(hosts_closed(hosts, sample_ns(0), parts, 1), 2);
  assert_true(hosts_find(hosts, "web2")->is_punctual);
  assert_int_equal(hosts_closed(hosts, sample_ns(1), parts, 1), 2);
  assert_false(hosts_find(hosts, "web2")->is_punctual);
  assert_int_equal(hosts_closed(hosts, sample_ns(2), parts, 1), 1);
  hosts_free(hosts);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sensors_stand_in_order_of_names),
      cmocka_unit_test(an_address_of_one_sensor_is_its_own),
      cmocka_unit_test(an_address_of_two_sensors_is_nobodys_and_not_outside),
      cmocka_unit_test(addresses_that_many_hosts_have_belong_to_none),
      cmocka_unit_test(a_sensor_that_left_gives_its_address_to_the_next),
      cmocka_unit_test(settings_add_addresses),
      cmocka_unit_test(many_claims_come_and_go),
      cmocka_unit_test(the_close_waits_for_punctual_sensors_alone),
      cmocka_unit_test(two_missed_closes_end_punctuality),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
