/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, networks and the set of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/addr.h"
#include "common/addr_set.h"
#include "common/err.h"

static struct addr parse(const char *text)
{
  struct addr a;
  assert_int_equal(addr_parse(text, &a), 0);
  return a;
}

static void text_of_an_address_comes_back_in_its_familys_form(void **state)
{
  (void)state;
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"10.1.2.3", "10.1.2.3"},
      {"0.0.0.0", "0.0.0.0"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::", "::"},
      {"::1", "::1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[ADDR_TEXT_MAX];
    struct addr a = parse(rows[i].in);
    assert_string_equal(addr_format(&a, text), rows[i].out);
  }
}

static void what_is_no_address_is_refused_and_leaves_the_output_alone(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "",     "10.1.2",  "10.1.2.3.4",   "10.1.2.256", " 10.1.2.3", "10.1.2.3 ",
      "web1", "1::2::3", "fe80::1%eth0", "010.1.2.3",  "10.1.2.3/8"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct addr a;
    memset(&a, 0x5a, sizeof(a));
    struct addr before = a;
    assert_int_equal(addr_parse(bad[i], &a), ERR_MALFORMED);
    assert_true(addr_equal(&a, &before));
  }
}

static void classes_of_addresses_are_told_apart(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    bool multicast, loopback, link_local, unspecified;
  } rows[] = {
      {"223.255.255.255", false, false, false, false},
      {"224.0.0.0", true, false, false, false},
      {"239.255.255.255", true, false, false, false},
      {"240.0.0.0", false, false, false, false},
      {"255.255.255.255", true, false, false, false},
      {"255.255.255.254", false, false, false, false},
      {"127.0.0.1", false, true, false, false},
      {"127.255.255.255", false, true, false, false},
      {"128.0.0.0", false, false, false, false},
      {"169.254.0.1", false, false, true, false},
      {"169.253.0.1", false, false, false, false},
      {"0.0.0.0", false, false, false, true},
      {"::", false, false, false, true},
      {"::1", false, true, false, false},
      {"::2", false, false, false, false},
      {"fe80::1", false, false, true, false},
      {"febf::1", false, false, true, false},
      {"fec0::1", false, false, false, false},
      {"ff02::1", true, false, false, false},
      {"fe00::1", false, false, false, false},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct addr a = parse(rows[i].text);
    assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
    assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
    assert_int_equal(addr_is_link_local(&a), rows[i].link_local);
    assert_int_equal(addr_is_unspecified(&a), rows[i].unspecified);
  }
}

static void networks_are_read_and_written_with_their_familys_prefix(void **state)
{
  (void)state;
  static const struct {
    const char *in, *out;
  } good[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"::/0", "::/0"},
      {"::1", "::1/128"},
      {"192.0.2.128/25", "192.0.2.128/25"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    struct network n;
    char text[NETWORK_TEXT_MAX];
    assert_int_equal(network_parse(good[i].in, &n), 0);
    assert_string_equal(network_format(&n, text), good[i].out);
  }
  static const char *const bad[] = {"",
                                    "10.0.0.0/",
                                    "10.0.0.0/33",
                                    "10.0.0.1/8",
                                    "10.0.0.0/08",
                                    "10.0.0.0/+8",
                                    "10.0.0.0/8 ",
                                    "10.0.0.0/8/8",
                                    "/8",
                                    "2001:db8::1/32",
                                    "::/129",
                                    "::/1000",
                                    "0000:0000:0000:0000:0000:0000:0000:0000:0000/1"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct network n;
    assert_int_equal(network_parse(bad[i], &n), ERR_MALFORMED);
  }
}

static void a_network_contains_its_own_and_no_other_family(void **state)
{
  (void)state;
  static const struct {
    const char *network, *address;
    bool is_in;
  } rows[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/9", "10.127.0.1", true},
      {"10.0.0.0/9", "10.128.0.1", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.9", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.0", false},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct network n;
    struct addr a = parse(rows[i].address);
    assert_int_equal(network_parse(rows[i].network, &n), 0);
    assert_int_equal(network_contains(&n, &a), rows[i].is_in);
  }
}

static struct addr numbered(unsigned number)
{
  uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  return addr_from_v4(bytes);
}

static void a_full_set_refuses_new_addresses_and_renews_known_ones(void **state)
{
  (void)state;
  struct addr_set *set = addr_set_new(3);
  assert_non_null(set);
  bool is_new = false;
  for (unsigned i = 0; i < 3; i++) {
    struct addr a = numbered(i);
    assert_int_equal(addr_set_add(set, &a, i, &is_new), 0);
    assert_true(is_new);
  }
  struct addr fourth = numbered(3);
  struct addr first = numbered(0);
  assert_int_equal(addr_set_add(set, &fourth, 9, &is_new), ERR_LIMIT);
  assert_false(addr_set_contains(set, &fourth));
  assert_int_equal(addr_set_add(set, &first, 9, &is_new), 0);
  assert_false(is_new);
  int64_t stamp_ns = 0;
  assert_int_equal(addr_set_stamp(set, &first, &stamp_ns), 0);
  assert_int_equal(stamp_ns, 9);
  assert_int_equal(addr_set_stamp(set, &fourth, &stamp_ns), ERR_NOT_FOUND);
  assert_int_equal(addr_set_count(set), 3);
  addr_set_clear(set);
  assert_int_equal(addr_set_count(set), 0);
  assert_false(addr_set_contains(set, &first));
  addr_set_free(set);
}

static void what_is_taken_out_leaves_all_others_where_they_are_found(void **state)
{
  (void)state;
  enum { NUMBERS = 300 };
  unsigned seed = 5;
  bool is_there[NUMBERS] = {false};
  struct addr_set *set = addr_set_new(NUMBERS); /* at its fullest: clusters are long */
  assert_non_null(set);
  for (int turn = 0; turn < 20000; turn++) {
    unsigned number = (unsigned)rand_r(&seed) % NUMBERS;
    struct addr a = numbered(number);
    if (rand_r(&seed) % 3 != 0) {
      assert_int_equal(addr_set_add(set, &a, 0, NULL), 0);
      is_there[number] = true;
    } else {
      assert_int_equal(addr_set_remove(set, &a), is_there[number] ? 0 : ERR_NOT_FOUND);
      is_there[number] = false;
    }
  }
  size_t left = 0;
  for (unsigned i = 0; i < NUMBERS; i++) {
    struct addr a = numbered(i);
    assert_int_equal(addr_set_contains(set, &a), is_there[i]);
    left += is_there[i];
  }
  assert_int_equal(addr_set_count(set), left);
  addr_set_free(set);
}

/* Against a plain array of stamps, through many rounds of additions and expiry. */
static void expiry_keeps_just_the_younger_addresses_at_every_load(void **state)
{
  (void)state;
  enum { NUMBERS = 400, CAPACITY = 300 };
  int64_t stamp[NUMBERS] = {0}; /* 0: absent */
  unsigned seed = 7;
  struct addr_set *set = addr_set_new(CAPACITY);
  assert_non_null(set);
  for (int64_t now = 1; now < 6000; now++) {
    unsigned number = (unsigned)rand_r(&seed) % NUMBERS;
    struct addr a = numbered(number);
    if (addr_set_add(set, &a, now, NULL) == 0) {
      stamp[number] = now;
    }
    if (now % 97 != 0) {
      continue;
    }
    int64_t before = now - rand_r(&seed) % 500;
    size_t gone = 0;
    size_t left = 0;
    for (unsigned i = 0; i < NUMBERS; i++) {
      bool is_old = stamp[i] != 0 && stamp[i] < before;
      gone += is_old;
      stamp[i] = is_old ? 0 : stamp[i];
      left += stamp[i] != 0;
    }
    assert_int_equal(addr_set_expire(set, before), gone);
    assert_int_equal(addr_set_count(set), left);
    for (unsigned i = 0; i < NUMBERS; i++) {
      struct addr b = numbered(i);
      assert_int_equal(addr_set_contains(set, &b), stamp[i] != 0);
    }
  }
  size_t cursor = 0;
  size_t visited = 0;
  struct addr a;
  int64_t stamp_ns = 0;
  while (addr_set_next(set, &cursor, &a, &stamp_ns)) {
    unsigned number = (unsigned)a.byte[13] << 16 | (unsigned)a.byte[14] << 8 | a.byte[15];
    assert_int_equal(stamp_ns, stamp[number]);
    visited++;
  }
  assert_int_equal(visited, addr_set_count(set));
  addr_set_free(set);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_of_an_address_comes_back_in_its_familys_form),
      cmocka_unit_test(what_is_no_address_is_refused_and_leaves_the_output_alone),
      cmocka_unit_test(classes_of_addresses_are_told_apart),
      cmocka_unit_test(networks_are_read_and_written_with_their_familys_prefix),
      cmocka_unit_test(a_network_contains_its_own_and_no_other_family),
      cmocka_unit_test(a_full_set_refuses_new_addresses_and_renews_known_ones),
      cmocka_unit_test(what_is_taken_out_leaves_all_others_where_they_are_found),
      cmocka_unit_test(expiry_keeps_just_the_younger_addresses_at_every_load),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
