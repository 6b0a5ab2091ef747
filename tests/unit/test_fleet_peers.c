/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs to the fleet: networks, single addresses, and who never does. */
#include "sensor/fleet_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "tests/unit/random_summary.h"

static struct addr addr_of(const char *text)
{
  struct addr addr;
  assert_int_equal(addr_parse(text, &addr), 0);
  return addr;
}

static bool contains(const struct fleet_peers *peers, const char *text)
{
  struct addr addr = addr_of(text);
  return fleet_peers_contains(peers, &addr);
}

static struct fleet_peers *peers_of(const char *const *networks, size_t count)
{
  struct network network[FLEET_PEERS_NETWORKS_MAX];
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(network_parse(networks[i], &network[i]), 0);
  }
  struct fleet_peers *peers = fleet_peers_new(0);
  assert_non_null(peers);
  assert_int_equal(fleet_peers_set_networks(peers, network, count), 0);
  return peers;
}

static void networks_hold_their_addresses_and_no_others(void **state)
{
  (void)state;
  static const char *const networks[] = {"192.168.0.0/16",  "10.1.2.0/24",   "10.1.0.0/16",
                                         "10.1.0.0/20",     "2001:db8::/32", "10.9.9.9",
                                         "2001:db8:1::/48", "fd00::/8"};
  static const struct {
    const char *addr;
    bool is_peer;
  } cases[] = {
      {"10.1.0.0", true},    {"10.1.255.255", true},     {"10.0.255.255", false},
      {"10.2.0.0", false},   {"10.1.2.3", true},         {"10.9.9.9", true},
      {"10.9.9.8", false},   {"192.168.7.7", true},      {"192.169.0.0", false},
      {"2001:db8::1", true}, {"2001:db8:1::9", true},    {"2001:db8:ffff::", true},
      {"2001:db9::", false}, {"fd12::1", true},          {"fe00::1", false},
      {"0.0.0.1", false},    {"255.255.255.254", false},
  };
  struct fleet_peers *peers = peers_of(networks, sizeof networks / sizeof networks[0]);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (contains(peers, cases[i].addr) != cases[i].is_peer) {
      fail_msg("%s: expected %d", cases[i].addr, cases[i].is_peer);
    }
  }
  fleet_peers_free(peers);
}

static void the_whole_of_a_family_leaves_the_other_out_and_what_is_nobodys(void **state)
{
  (void)state;
  static const char *const all4[] = {"0.0.0.0/0"};
  static const char *const all6[] = {"::/0", "10.0.0.0/8"};
  static const char *const never[] = {"127.0.0.1",       "169.254.1.1", "224.0.0.251",
                                      "255.255.255.255", "0.0.0.0",     "::1",
                                      "fe80::1",         "ff02::1",     "::"};
  struct fleet_peers *four = peers_of(all4, 1);
  struct fleet_peers *six = peers_of(all6, 2);
  assert_true(contains(four, "198.51.100.7"));
  assert_false(contains(four, "2001:db8::7"));
  assert_true(contains(six, "2001:db8::7"));
  assert_true(contains(six, "::2"));
  assert_true(contains(six, "10.200.0.1"));
  assert_false(contains(six, "198.51.100.7"));
  for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
    struct addr addr = addr_of(never[i]);
    assert_false(contains(four, never[i]));
    assert_false(contains(six, never[i]));
    assert_int_equal(fleet_peers_add(six, &addr), ERR_MALFORMED);
    assert_false(contains(six, never[i]));
  }
  fleet_peers_free(four);
  fleet_peers_free(six);
}

/* Many that overlap, against asking each of them. */
static void many_networks_answer_as_each_of_them_would(void **state)
{
  (void)state;
  uint64_t seed = random_seed();
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  struct network network[FLEET_PEERS_NETWORKS_MAX + 1] = {0};
  for (size_t i = 0; i < FLEET_PEERS_NETWORKS_MAX; i++) {
    char text[64];
    unsigned bits = 8 + (unsigned)random_below(&seed, 25);
    uint32_t base =
        (uint32_t)random_draw(&seed) & 0x0f3fffffU & ~(uint32_t)((1ULL << (32 - bits)) - 1);
    base |= UINT32_C(0x10000000);
    (void)snprintf(text, sizeof text, "%u.%u.%u.%u/%u", base >> 24, base >> 16 & 255U,
                   base >> 8 & 255U, base & 255U, bits);
    assert_int_equal(network_parse(text, &network[i]), 0);
  }
  struct fleet_peers *peers = fleet_peers_new(0);
  assert_int_equal(fleet_peers_set_networks(peers, network, FLEET_PEERS_NETWORKS_MAX), 0);
  assert_int_equal(fleet_peers_set_networks(peers, network, FLEET_PEERS_NETWORKS_MAX + 1),
                   ERR_LIMIT);
  size_t found = 0;
  for (int i = 0; i < 20000; i++) {
    /* 32.0.0.0/8 is in no network, also where a few wide ones hold all the others. */
    const uint8_t bytes[4] = {(uint8_t)(0x10 + random_below(&seed, 17)),
                              (uint8_t)random_below(&seed, 64), (uint8_t)random_draw(&seed),
                              (uint8_t)random_draw(&seed)};
    struct addr addr = addr_from_v4(bytes);
    bool expected = false;
    for (size_t n = 0; n < FLEET_PEERS_NETWORKS_MAX; n++) {
      expected = expected || network_contains(&network[n], &addr);
    }
    assert_int_equal(fleet_peers_contains(peers, &addr), expected);
    found += expected;
  }
  assert_in_range(found, 1, 19999);
  fleet_peers_free(peers);
}

static struct addr numbered(uint32_t number)
{
  const uint8_t bytes[4] = {172, (uint8_t)(16 + (number >> 16)), (uint8_t)(number >> 8),
                            (uint8_t)number};
  return addr_from_v4(bytes);
}

static void single_addresses_come_go_and_have_a_limit(void **state)
{
  (void)state;
  struct fleet_peers *peers = fleet_peers_new(4);
  assert_non_null(peers);
  for (uint32_t i = 0; i < FLEET_PEERS_MAX; i++) {
    struct addr addr = numbered(i);
    assert_int_equal(fleet_peers_add(peers, &addr), 0);
  }
  struct addr first = numbered(0);
  struct addr other = numbered(FLEET_PEERS_MAX);
  assert_int_equal(fleet_peers_add(peers, &first), 0); /* known already */
  assert_int_equal(fleet_peers_add(peers, &other), ERR_LIMIT);
  assert_int_equal(fleet_peers_count(peers), FLEET_PEERS_MAX);
  assert_int_equal(fleet_peers_remove(peers, &other), ERR_NOT_FOUND);
  assert_int_equal(fleet_peers_remove(peers, &first), 0);
  assert_false(fleet_peers_contains(peers, &first));
  assert_int_equal(fleet_peers_add(peers, &other), 0);
  for (uint32_t i = 1; i <= FLEET_PEERS_MAX; i++) {
    struct addr addr = numbered(i);
    assert_true(fleet_peers_contains(peers, &addr));
  }
  fleet_peers_clear(peers);
  assert_int_equal(fleet_peers_count(peers), 0);
  assert_false(fleet_peers_contains(peers, &other));
  fleet_peers_free(peers);
}

static void a_copy_lives_on_its_own(void **state)
{
  (void)state;
  static const char *const networks[] = {"10.0.0.0/8"};
  struct fleet_peers *peers = peers_of(networks, 1);
  struct addr host = addr_of("192.0.2.1");
  struct addr late = addr_of("192.0.2.2");
  assert_int_equal(fleet_peers_add(peers, &host), 0);
  fleet_peers_set_version(peers, 7);
  struct fleet_peers *copy = fleet_peers_clone(peers);
  assert_non_null(copy);
  assert_int_equal(fleet_peers_add(peers, &late), 0);
  fleet_peers_free(peers);
  assert_int_equal(fleet_peers_version(copy), 7);
  assert_true(fleet_peers_contains(copy, &host) && contains(copy, "10.3.3.3"));
  assert_false(fleet_peers_contains(copy, &late));
  fleet_peers_free(copy);
}

static void a_map_makes_the_fleet_known_even_an_empty_one(void **state)
{
  (void)state;
  static const char *const networks[] = {"10.0.0.0/8"};
  struct fleet_peers *peers = fleet_peers_new(0);
  struct addr host = addr_of("192.0.2.1");
  assert_false(fleet_peers_is_known(peers));
  fleet_peers_set_version(peers, 1);
  assert_true(fleet_peers_is_known(peers));
  fleet_peers_set_version(peers, 0);
  assert_int_equal(fleet_peers_add(peers, &host), 0);
  assert_true(fleet_peers_is_known(peers));
  fleet_peers_free(peers);
  peers = peers_of(networks, 1);
  assert_true(fleet_peers_is_known(peers));
  assert_int_equal(fleet_peers_set_networks(peers, NULL, 0), 0);
  assert_false(fleet_peers_is_known(peers));
  fleet_peers_free(peers);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(networks_hold_their_addresses_and_no_others),
      cmocka_unit_test(the_whole_of_a_family_leaves_the_other_out_and_what_is_nobodys),
      cmocka_unit_test(many_networks_answer_as_each_of_them_would),
      cmocka_unit_test(single_addresses_come_go_and_have_a_limit),
      cmocka_unit_test(a_copy_lives_on_its_own),
      cmocka_unit_test(a_map_makes_the_fleet_known_even_an_empty_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
