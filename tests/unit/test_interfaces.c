/* SPDX-License-Identifier: Apache-2.0 */
/* Which interfaces `auto` takes, on hosts made of a list of links and a tree like sysfs, and what
 * this host's list says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/made_host.h"

#define TEXT_MAX 256

/* The names that must be chosen, in order; ports: with capture.ports. */
struct host_case {
  struct made_host host;
  const char *chosen, *ports;
};

static const struct host_case cases[] = {
    {{"a plain host", {"lo", "eth0 card", "eth1 card"}}, "eth0 eth1", ""},
    {{"an interface that is down is left out", {"lo", "eth0 card", "eth1 card down"}}, "eth0", ""},
    {{"a bond is left out, its ports are taken",
      {"bond0 kind=bond", "eth0 in=bond0 card", "eth1 in=bond0 card"}},
     "eth0 eth1",
     ""},
    {{"a bond of two with VLANs on top",
      {"eth0 in=bond0 card", "eth1 in=bond0 card", "bond0 kind=bond over=eth0,eth1",
       "bond0.10 kind=vlan over=bond0 told", "bond0.20 kind=vlan over=bond0 told"}},
     "eth0 eth1",
     ""},
    {{"the same, told by the tree alone",
      {"eth0", "eth1", "bond0 over=eth0,eth1", "bond0.10 over=bond0", "br20 over=bond0.20",
       "bond0.20 over=bond0"}},
     "eth0 eth1",
     ""},
    {{"a team", {"eth0", "eth1", "team0 over=eth0,eth1"}}, "eth0 eth1", ""},
    {{"a team by its kind, its ports by their master", {"eth0 in=team0", "team0 kind=team"}},
     "eth0",
     ""},
    {{"a bond without carrier on one port",
      {"eth0 in=bond0 card", "eth1 in=bond0 card down", "bond0 kind=bond over=eth0,eth1"}},
     "eth0",
     ""},
    {{"a bridge over a bond with guests' taps",
      {"eth0 in=bond0 card", "eth1 in=bond0 card", "bond0 kind=bond in=br0 over=eth0,eth1",
       "br0 kind=bridge over=bond0,vnet0,vnet1", "vnet0 kind=tun in=br0", "vnet1 kind=tun in=br0"}},
     "eth0 eth1",
     "vnet0 vnet1"},
    {{"a bridge over a VLAN over a card",
      {"eth0 card", "eth0.5 kind=vlan in=br5 over=eth0 told", "br5 kind=bridge over=eth0.5,tap3",
       "tap3 kind=tun in=br5"}},
     "eth0",
     "tap3"},
    {{"vxlan over a card, with and without a device of its own",
      {"eth0 card", "vx0 kind=vxlan over=eth0", "flannel.1 kind=vxlan"}},
     "eth0",
     ""},
    {{"macvlan and macvtap on a card",
      {"eth0 card", "mv0 kind=macvlan over=eth0 told", "macvtap0 kind=macvtap over=eth0 told"}},
     "eth0",
     "macvtap0"},
    {{"inside a container with a macvlan of the host",
      {"lo", "eth0 kind=macvlan", "gre0 kind=gre tunnel down"}},
     "eth0",
     ""},
    {{"a docker host: neither bridge nor containers' ports",
      {"lo", "eth0 card", "docker0 kind=bridge over=veth1,veth2", "veth1 kind=veth in=docker0 away",
       "veth2 kind=veth in=docker0 away"}},
     "eth0",
     "veth1 veth2"},
    {{"a docker bridge without containers", {"eth0 card", "docker0 kind=bridge"}}, "eth0", ""},
    {{"containers that are routed, with a tunnel between hosts",
      {"eth0 card", "cali1 kind=veth away", "cali2 kind=veth away", "tunl0 kind=ipip tunnel",
       "kube-ipvs0 kind=dummy"}},
     "eth0",
     "cali1 cali2"},
    {{"libvirt: a bridge of guests behind NAT",
      {"enp1s0 card", "virbr0 kind=bridge over=vnet0", "vnet0 kind=tun in=virbr0",
       "virbr0-nic kind=tun in=virbr0 down"}},
     "enp1s0",
     "vnet0"},
    {{"Open vSwitch: a card in it, internal ports, a guest",
      {"ovs-system kind=openvswitch over=eth0,tap1", "eth0 in=ovs-system card",
       "br-ex kind=openvswitch", "tap1 kind=tun in=ovs-system"}},
     "eth0",
     "tap1"},
    {{"pairs that join bridges within the host",
      {"eth0 card", "qvb1 kind=veth in=qbr1 here", "qvo1 kind=veth here"}},
     "eth0",
     ""},
    {{"WireGuard and a VPN's tun over a card",
      {"eth0 card", "wg0 kind=wireguard l3", "tun0 kind=tun l3"}},
     "eth0",
     ""},
    {{"a namespace that has WireGuard alone: its packets leave elsewhere",
      {"lo", "wg0 kind=wireguard l3"}},
     "wg0",
     ""},
    {{"PPP over Ethernet: the card", {"eth0 card", "ppp0 kind=ppp"}}, "eth0", ""},
    {{"PPP over a modem: itself", {"lo", "ppp0 kind=ppp"}}, "ppp0", ""},
    {{"GRE, IPIP, Geneve, IPsec over a card",
      {"eth0 card", "gre1 kind=gre tunnel", "gretap1 kind=gretap", "gnv0 kind=geneve",
       "ipip1 tunnel", "xfrm0 kind=xfrm over=eth0"}},
     "eth0",
     ""},
    {{"a mobile card without link header is a card", {"wwan0 card l3"}}, "wwan0", ""},
    {{"a radio and its monitor", {"wlan0 card", "mon0 card monitor"}}, "wlan0", ""},
    {{"inside a container the veth is the way out", {"lo", "eth0 kind=veth away"}}, "eth0", ""},
    {{"containers inside a container: its own way out alone",
      {"lo", "eth0 kind=veth away", "docker0 kind=bridge over=veth1",
       "veth1 kind=veth in=docker0 away"}},
     "eth0",
     "veth1"},
    {{"a VLAN on a container's way out",
      {"eth0 kind=veth away", "eth0.7 kind=vlan over=eth0 told"}},
     "eth0",
     ""},
    {{"a container without root: a tap", {"lo", "tap0 kind=tun"}}, "tap0", ""},
    {{"a namespace that is a switch: its ports",
      {"br0 kind=bridge", "p1 kind=veth in=br0 away", "p2 kind=veth in=br0 away"}},
     "p1 p2",
     ""},
    {{"a card that lost its carrier is waited for, guests' ports are no way out",
      {"eth0 card down", "veth1 kind=veth away"}},
     "",
     "veth1"},
    {{"a virtual card and the faster one behind it: the first sees both",
      {"eth0 over=eth1 card", "eth1 in=eth0 card"}},
     "eth0",
     ""},
    {{"a partition of an InfiniBand card is not seen on the card",
      {"ib0 card", "ib0.8001 kind=ipoib over=ib0 card told"}},
     "ib0 ib0.8001",
     ""},
    {{"virtual functions' representors are guests' ports",
      {"p0 port=p0 card", "eth1 port=pf0vf1 card"}},
     "p0",
     "eth1"},
    {{"Xen's backends are guests' ports", {"eth0 card", "vif1.0 card xen"}}, "eth0", "vif1.0"},
    {{"ifb, dummy and their like never are",
      {"ifb0 kind=ifb", "dummy0 kind=dummy", "vcan0 kind=vcan", "eth0 card"}},
     "eth0",
     ""},
    {{"nothing but loopback: nothing", {"lo"}}, "", ""},
    {{"nothing but loopback and spare tunnels: nothing",
      {"lo", "tunl0 kind=ipip tunnel down", "sit0 kind=sit tunnel down"}},
     "",
     ""},
};

static void expect_names(const struct host_case *host, const struct interface_state *list,
                         const size_t *indexes, size_t n, const char *wanted)
{
  char names[TEXT_MAX] = "";
  for (size_t i = 0; i < n; i++) {
    (void)strcat(strcat(names, i > 0 ? " " : ""), list[indexes[i]].name);
  }
  if (strcmp(names, wanted) != 0) {
    fail_msg("%s: \"%s\", expected \"%s\"", host->host.what, names, wanted);
  }
}

static void auto_takes_the_ways_out_and_each_byte_once(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    struct interface_state list[MADE_LINKS_MAX];
    size_t found[MADE_LINKS_MAX];
    size_t count = made_host_stack(&cases[c].host, list, 0);
    size_t n = interfaces_choose(list, count, found, MADE_LINKS_MAX);
    expect_names(&cases[c], list, found, n, cases[c].chosen);
  }
}

static void ports_are_guests_ends_that_are_no_way_out(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    struct interface_state list[MADE_LINKS_MAX];
    size_t found[MADE_LINKS_MAX];
    size_t count = made_host_stack(&cases[c].host, list, 0);
    size_t n = interfaces_ports(list, count, found, MADE_LINKS_MAX);
    expect_names(&cases[c], list, found, n, cases[c].ports);
  }
}

static const struct host_case *case_of(const char *what)
{
  for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    if (strcmp(cases[c].host.what, what) == 0) {
      return &cases[c];
    }
  }
  fail_msg("no case \"%s\"", what);
  return NULL;
}

static void the_tree_of_another_namespace_is_not_believed(void **state)
{
  (void)state;
  const struct host_case *host = case_of("the same, told by the tree alone");
  struct interface_state list[MADE_LINKS_MAX];
  size_t chosen[MADE_LINKS_MAX];
  size_t count = made_host_stack(&host->host, list, 1000);
  size_t n = interfaces_choose(list, count, chosen, MADE_LINKS_MAX);
  assert_int_equal(n, count);
  for (size_t i = 0; i < count; i++) {
    assert_false(list[i].has_lower);
  }
}

static void a_tree_that_is_not_there_changes_nothing(void **state)
{
  (void)state;
  const struct host_case *host = case_of("a bond of two with VLANs on top");
  struct interface_state list[MADE_LINKS_MAX];
  size_t chosen[MADE_LINKS_MAX];
  made_host_list(&host->host, list);
  interfaces_stack("/nonexistent", list, made_host_count(&host->host));
  size_t n = interfaces_choose(list, made_host_count(&host->host), chosen, MADE_LINKS_MAX);
  expect_names(host, list, chosen, n, host->chosen);
}

static void a_device_and_what_stands_upon_it_share_bytes(void **state)
{
  (void)state;
  const struct host_case *host = case_of("a bond of two with VLANs on top");
  struct interface_state list[MADE_LINKS_MAX];
  size_t count = made_host_stack(&host->host, list, 0);
  /* eth0, eth1, bond0, bond0.10, bond0.20 */
  assert_true(interfaces_share_bytes(list, count, &list[0], &list[2]));
  assert_true(interfaces_share_bytes(list, count, &list[3], &list[1]));
  assert_true(interfaces_share_bytes(list, count, &list[0], &list[4]));
  assert_false(interfaces_share_bytes(list, count, &list[0], &list[1]));
  assert_false(interfaces_share_bytes(list, count, &list[3], &list[4]));
}

static void a_card_without_carrier_is_a_way_out_to_wait_for(void **state)
{
  (void)state;
  struct interface_state list[MADE_LINKS_MAX];
  size_t count = made_host_stack(
      &case_of("a card that lost its carrier is waited for, guests' ports are no way out")->host,
      list, 0);
  assert_true(interfaces_has_way_out(list, count));
  count = made_host_stack(&case_of("nothing but loopback: nothing")->host, list, 0);
  assert_false(interfaces_has_way_out(list, count));
  count =
      made_host_stack(&case_of("nothing but loopback and spare tunnels: nothing")->host, list, 0);
  assert_false(interfaces_has_way_out(list, count));
}

static void the_shape_changes_with_names_states_and_masters_and_not_with_counters(void **state)
{
  (void)state;
  struct interface_state list[MADE_LINKS_MAX];
  size_t count = made_host_stack(&case_of("a plain host")->host, list, 0);
  uint64_t shape = interfaces_shape(list, count);
  list[1].kernel.rx_packets += 1000;
  assert_true(interfaces_shape(list, count) == shape);
  list[1].is_up = false;
  assert_true(interfaces_shape(list, count) != shape);
  list[1].is_up = true;
  list[1].master = 9;
  assert_true(interfaces_shape(list, count) != shape);
  list[1].master = 0;
  list[1].name[0] = 'x';
  assert_true(interfaces_shape(list, count) != shape);
  assert_true(interfaces_shape(list, count - 1) != shape);
}

static void the_speed_is_what_the_driver_says_and_else_not_known(void **state)
{
  (void)state;
  static const struct {
    const char *link;
    uint32_t speed_mbit;
  } speeds[] = {
      {"eth0 speed=10000\n", 10000},
      {"eth0 speed=10", 10},
      {"eth0 speed=100000000", 100000000},
      {"eth0", 0},
      {"eth0 speed=-1\n", 0},
      {"eth0 speed=0", 0},
      {"eth0 speed=4294967295\n", 0},
      {"eth0 speed=99999999999999999999", 0},
      {"eth0 speed=10Mb", 0},
      {"eth0 speed=\n", 0},
  };
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
    const struct made_host host = {"", {speeds[i].link}};
    uint32_t speed_mbit = made_host_speed(&host, 0);
    if (speed_mbit != speeds[i].speed_mbit) {
      fail_msg("%s: %u", speeds[i].link, speed_mbit);
    }
    /* The tree of another namespace, whose eth0 is another card. */
    assert_int_equal(made_host_speed(&host, 7), 0);
  }
}

static void a_full_answer_stops_at_its_size(void **state)
{
  (void)state;
  struct interface_state list[MADE_LINKS_MAX];
  size_t chosen[1];
  size_t count = made_host_stack(&case_of("a plain host")->host, list, 0);
  assert_int_equal(interfaces_choose(list, count, chosen, 1), 1);
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
    if (links[i].is_loopback && strcmp(links[i].name, "lo") == 0) {
      loopbacks++;
      assert_int_equal(links[i].type, ARPHRD_LOOPBACK);
      assert_true(links[i].mtu >= 1280);
    }
  }
  assert_int_equal(loopbacks, 1);
  interfaces_stack(INTERFACES_SYSFS, links, (size_t)n);
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

static void a_watch_on_links_is_quiet_until_one_changes(void **state)
{
  (void)state;
  struct err_message message = {""};
  int fd = interfaces_watch(&message);
  assert_true(fd >= 0);
  interfaces_watch_drain(fd);
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&ready, 1, 0), 0);
  (void)close(fd);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auto_takes_the_ways_out_and_each_byte_once),
      cmocka_unit_test(ports_are_guests_ends_that_are_no_way_out),
      cmocka_unit_test(the_tree_of_another_namespace_is_not_believed),
      cmocka_unit_test(a_tree_that_is_not_there_changes_nothing),
      cmocka_unit_test(a_device_and_what_stands_upon_it_share_bytes),
      cmocka_unit_test(a_card_without_carrier_is_a_way_out_to_wait_for),
      cmocka_unit_test(the_shape_changes_with_names_states_and_masters_and_not_with_counters),
      cmocka_unit_test(the_speed_is_what_the_driver_says_and_else_not_known),
      cmocka_unit_test(a_full_answer_stops_at_its_size),
      cmocka_unit_test(the_kernel_lists_loopback_with_its_address),
      cmocka_unit_test(too_many_links_are_a_limit_and_not_cut),
      cmocka_unit_test(a_watch_on_links_is_quiet_until_one_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
