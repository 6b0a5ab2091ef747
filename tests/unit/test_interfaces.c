/* SPDX-License-Identifier: Apache-2.0 */
/* Which interfaces `auto` takes, on lists of links as hosts have them, and what this host's list
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sensor/interfaces.h"

#define LINKS_MAX 8

/* A host's links, and the names that must be chosen, in order. */
struct host_case {
  const char *what;
  struct interface_state link[LINKS_MAX];
  const char *chosen[LINKS_MAX];
};

#define LINK(name_, index_, kind_, master_)                                                        \
  {                                                                                                \
    .name = name_, .kind = kind_, .index = index_, .master = master_, .is_up = true                \
  }
#define LOOPBACK                                                                                   \
  {                                                                                                \
    .name = "lo", .index = 1, .is_up = true, .is_loopback = true                                   \
  }

static const struct host_case cases[] = {
    {"a plain host", {LOOPBACK, LINK("eth0", 2, "", 0), LINK("eth1", 3, "", 0)}, {"eth0", "eth1"}},
    {"an interface that is down is left out",
     {LOOPBACK, LINK("eth0", 2, "", 0), {.name = "eth1", .index = 3}},
     {"eth0"}},
    {"a bond is left out, its ports are taken",
     {LINK("bond0", 4, "bond", 0), LINK("eth0", 2, "", 4), LINK("eth1", 3, "", 4)},
     {"eth0", "eth1"}},
    {"a VLAN is left out, its device is taken",
     {LINK("eth0", 2, "", 0),
      {.name = "eth0.5", .kind = "vlan", .index = 3, .is_up = true, .has_lower = true}},
     {"eth0"}},
    {"a bridge over a device and a guest's tap: the device alone",
     {LINK("br0", 4, "bridge", 0), LINK("eth0", 2, "", 4), LINK("tap0", 5, "tun", 4)},
     {"eth0"}},
    {"a docker host: neither bridge nor containers' ports",
     {LINK("eth0", 2, "", 0), LINK("docker0", 3, "bridge", 0), LINK("veth1", 5, "veth", 3)},
     {"eth0"}},
    {"inside a container the veth is the way out",
     {LOOPBACK, LINK("eth0", 2, "veth", 0)},
     {"eth0"}},
    {"ifb and dummy never are",
     {LINK("ifb0", 2, "ifb", 0), LINK("dummy0", 3, "dummy", 0), LINK("eth0", 4, "", 0)},
     {"eth0"}},
    {"nothing but loopback: nothing", {LOOPBACK}, {NULL}},
};

static size_t link_count(const struct host_case *host)
{
  size_t n = 0;
  while (n < LINKS_MAX && host->link[n].name[0] != '\0') {
    n++;
  }
  return n;
}

static void auto_takes_the_ways_out_and_each_byte_once(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    size_t chosen[LINKS_MAX];
    size_t n = interfaces_choose(cases[c].link, link_count(&cases[c]), chosen, LINKS_MAX);
    size_t wanted = 0;
    while (wanted < LINKS_MAX && cases[c].chosen[wanted] != NULL) {
      wanted++;
    }
    if (n != wanted) {
      fail_msg("%s: %zu chosen, expected %zu", cases[c].what, n, wanted);
    }
    for (size_t i = 0; i < n; i++) {
      assert_string_equal(cases[c].link[chosen[i]].name, cases[c].chosen[i]);
    }
  }
}

static void a_full_answer_stops_at_its_size(void **state)
{
  (void)state;
  size_t chosen[1];
  assert_int_equal(interfaces_choose(cases[0].link, link_count(&cases[0]), chosen, 1), 1);
}

static void the_kernel_lists_loopback_with_its_address(void **state)
{
  (void)state;
  static struct interface_state links[INTERFACES_MAX];
  struct err_message message = {""};
  int n = interfaces_list(links, INTERFACES_MAX, &message);
  if (n <= 0) {
    fail_msg("%s", message.text);
  }
  int loopbacks = 0;
  for (int i = 0; i < n; i++) {
    loopbacks += links[i].is_loopback && strcmp(links[i].name, "lo") == 0 ? 1 : 0;
  }
  assert_int_equal(loopbacks, 1);
  struct addr addrs[256];
  int count = interfaces_addresses(addrs, 256, &message);
  bool has_loopback = false;
  for (int i = 0; i < count; i++) {
    has_loopback = has_loopback || addr_is_loopback(&addrs[i]);
  }
  assert_true(has_loopback);
}

static void too_many_links_are_a_limit_and_not_cut(void **state)
{
  (void)state;
  struct interface_state none[1];
  struct err_message message = {""};
  assert_int_equal(interfaces_list(none, 0, &message), ERR_LIMIT);
  assert_non_null(strstr(message.text, "more than 0"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auto_takes_the_ways_out_and_each_byte_once),
      cmocka_unit_test(a_full_answer_stops_at_its_size),
      cmocka_unit_test(the_kernel_lists_loopback_with_its_address),
      cmocka_unit_test(too_many_links_are_a_limit_and_not_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
