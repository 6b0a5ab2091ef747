/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments: ports for the later ones in whichever order they come, the time-out, the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample_fragment.h"
#include "sensor/fragments.h"

/* What the table let go, in order. */
struct taken {
  struct fragments *table;
  struct packet out[64];
  size_t count;
};

static void keep(void *context, const struct packet *packet)
{
  struct taken *taken = context;
  assert_true(taken->count < sizeof(taken->out) / sizeof(taken->out[0]));
  taken->out[taken->count++] = *packet;
}

static void open_table(struct taken *taken, struct fragments_config limits)
{
  *taken = (struct taken){.table = NULL};
  limits.timeout_ns = FRAGMENTS_TIMEOUT_NS;
  limits.release = keep;
  limits.context = taken;
  taken->table = fragments_new(&limits);
  assert_non_null(taken->table);
}

static const struct fragments_config roomy = {
    .datagrams = 64, .held = 32, .per_source = 64, .held_per_source = 32};

/* Puts a packet in and appends it to what came out if it goes on at once. */
static void put(struct taken *taken, struct packet packet)
{
  if (fragments_take(taken->table, &packet)) {
    keep(taken, &packet);
  }
}

static void assert_out(const struct taken *taken, size_t at, int64_t time_ns, uint16_t port)
{
  assert_true(at < taken->count);
  assert_int_equal(taken->out[at].time_ns, time_ns);
  assert_int_equal(taken->out[at].source_port, port);
  assert_int_equal(taken->out[at].destination_port, port != 0 ? 2000 : 0);
}

static void assert_counts(struct taken *taken, uint64_t unmatched, uint64_t folded)
{
  struct fragments_counts counts = fragments_counts_take(taken->table);
  assert_int_equal(counts.unmatched, unmatched);
  assert_int_equal(counts.folded, folded);
}

static void later_fragments_take_the_ports_of_the_first(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  put(&taken, sample_fragment(1, 7, FIRST, 10));
  put(&taken, sample_fragment(1, 7, LATER, 11));
  put(&taken, sample_fragment(1, 7, LATER, 12));
  assert_int_equal(taken.count, 3);
  assert_out(&taken, 0, 10, 1001);
  assert_out(&taken, 1, 11, 1001);
  assert_out(&taken, 2, 12, 1001);
  assert_counts(&taken, 0, 0);
  fragments_free(taken.table);
}

static void later_fragments_that_come_first_wait_for_it(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  put(&taken, sample_fragment(1, 7, LATER, 10));
  put(&taken, sample_fragment(1, 7, LATER, 11));
  assert_int_equal(taken.count, 0);
  put(&taken, sample_fragment(1, 7, FIRST, 12));
  assert_int_equal(taken.count, 3);
  assert_out(&taken, 0, 10, 1001);
  assert_out(&taken, 1, 11, 1001);
  assert_out(&taken, 2, 12, 1001);
  fragments_finish(taken.table);
  assert_int_equal(taken.count, 3);
  assert_counts(&taken, 0, 0);
  fragments_free(taken.table);
}

static void the_close_of_a_second_ends_the_waiting_but_not_the_datagram(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  put(&taken, sample_fragment(1, 7, LATER, 10));
  fragments_expire(taken.table, 1000000000);
  assert_int_equal(taken.count, 1);
  assert_out(&taken, 0, 10, 0);
  assert_counts(&taken, 1, 0);
  put(&taken, sample_fragment(1, 7, FIRST, 1000000001));
  fragments_expire(taken.table, 2000000000);
  put(&taken, sample_fragment(1, 7, LATER, 2000000001));
  assert_int_equal(taken.count, 3);
  assert_out(&taken, 2, 2000000001, 1001);
  assert_counts(&taken, 0, 0);
  fragments_free(taken.table);
}

static void a_datagram_is_forgotten_after_its_time_out(void **state)
{
  (void)state;
  static const bool is_swept[] = {false, true};
  for (size_t i = 0; i < 2; i++) {
    struct taken taken;
    open_table(&taken, roomy);
    put(&taken, sample_fragment(1, 7, FIRST, 0));
    put(&taken, sample_fragment(1, 7, LATER, FRAGMENTS_TIMEOUT_NS));
    assert_out(&taken, 1, FRAGMENTS_TIMEOUT_NS, 1001);
    int64_t late_ns = 2 * FRAGMENTS_TIMEOUT_NS + 1;
    if (is_swept[i]) {
      fragments_expire(taken.table, late_ns);
    }
    put(&taken, sample_fragment(1, 7, LATER, late_ns));
    assert_int_equal(taken.count, 2);
    fragments_finish(taken.table);
    assert_out(&taken, 2, late_ns, 0);
    assert_counts(&taken, 1, 0);
    fragments_free(taken.table);
  }
}

static void another_datagram_is_none_of_its(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  put(&taken, sample_fragment(1, 7, FIRST, 1));
  struct packet others[4];
  for (size_t i = 0; i < 4; i++) {
    others[i] = sample_fragment(1, 7, LATER, 2);
  }
  others[0].fragment_id = 8;
  others[1].source = sample_addr(2);
  others[2].destination = sample_addr(2);
  others[3].protocol = SAMPLE_TCP;
  for (size_t i = 0; i < 4; i++) {
    put(&taken, others[i]);
  }
  assert_int_equal(taken.count, 1);
  fragments_finish(taken.table);
  assert_int_equal(taken.count, 5);
  for (size_t i = 1; i < 5; i++) {
    assert_out(&taken, i, 2, 0);
  }
  assert_counts(&taken, 4, 0);
  fragments_free(taken.table);
}

static void protocols_without_ports_and_whole_packets_go_on(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  struct packet icmp = sample_fragment(1, 7, LATER, 1);
  icmp.protocol = 1;
  put(&taken, icmp);
  struct packet whole = sample_fragment(1, 7, LATER, 1);
  whole.is_flow_fragment = false;
  whole.is_flow_later_fragment = false;
  put(&taken, whole);
  assert_int_equal(taken.count, 2);
  fragments_finish(taken.table);
  assert_counts(&taken, 0, 0);
  fragments_free(taken.table);
}

static void fragments_within_a_tunnel_are_not_asked_for(void **state)
{
  (void)state;
  struct packet packet = sample_fragment(1, 7, LATER, 1);
  assert_true(fragments_concern(&packet));
  packet.tunnel = PACKET_GRE;
  assert_false(fragments_concern(&packet));
  packet.tunnel = PACKET_PLAIN;
  packet.is_flow_fragment = false;
  assert_false(fragments_concern(&packet));
}

/* Behind a fragment header of IPv6 the later ones name the extension header alone. */
static void later_fragments_of_ipv6_take_the_protocol_too(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, roomy);
  struct packet packets[2] = {sample_fragment(1, 7, LATER, 1), sample_fragment(1, 7, FIRST, 2)};
  for (size_t i = 0; i < 2; i++) {
    packets[i].source.byte[0] = 0x20;
    packets[i].destination.byte[0] = 0x20;
  }
  packets[0].protocol = 60;
  put(&taken, packets[0]);
  assert_int_equal(taken.count, 0);
  put(&taken, packets[1]);
  assert_int_equal(taken.count, 2);
  assert_out(&taken, 0, 1, 1001);
  assert_int_equal(taken.out[0].protocol, SAMPLE_UDP);
  fragments_free(taken.table);
}

static void a_full_table_gives_up_the_datagram_used_longest_ago(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, (struct fragments_config){
                         .datagrams = 3, .held = 8, .per_source = 3, .held_per_source = 8});
  put(&taken, sample_fragment(1, 7, FIRST, 1));
  put(&taken, sample_fragment(2, 7, FIRST, 2));
  put(&taken, sample_fragment(3, 7, FIRST, 3));
  put(&taken, sample_fragment(1, 7, LATER, 4));
  put(&taken, sample_fragment(4, 7, FIRST, 5)); /* host 2 gives way */
  put(&taken, sample_fragment(1, 7, LATER, 6));
  put(&taken, sample_fragment(3, 7, LATER, 7));
  assert_out(&taken, 5, 6, 1001);
  assert_out(&taken, 6, 7, 1003);
  put(&taken, sample_fragment(2, 7, LATER, 8));
  assert_int_equal(taken.count, 7);
  fragments_finish(taken.table);
  assert_out(&taken, 7, 8, 0);
  assert_counts(&taken, 1, 0);
  fragments_free(taken.table);
}

static void what_waits_in_a_full_table_goes_on_folded(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, (struct fragments_config){
                         .datagrams = 1, .held = 8, .per_source = 8, .held_per_source = 8});
  put(&taken, sample_fragment(1, 7, LATER, 1));
  put(&taken, sample_fragment(2, 7, FIRST, 2));
  assert_int_equal(taken.count, 2);
  assert_out(&taken, 0, 1, 0);
  assert_out(&taken, 1, 2, 1002);
  assert_counts(&taken, 0, 1);
  fragments_free(taken.table);
}

static void no_more_than_the_limit_wait(void **state)
{
  (void)state;
  static const struct fragments_config limits[] = {
      {.datagrams = 16, .held = 2, .per_source = 16, .held_per_source = 16},
      {.datagrams = 16, .held = 16, .per_source = 16, .held_per_source = 2},
  };
  for (size_t i = 0; i < 2; i++) {
    struct taken taken;
    open_table(&taken, limits[i]);
    for (uint32_t id = 0; id < 5; id++) {
      put(&taken, sample_fragment(1, id, LATER, id));
    }
    assert_int_equal(taken.count, 3);
    assert_out(&taken, 0, 2, 0);
    assert_counts(&taken, 0, 3);
    fragments_finish(taken.table);
    assert_int_equal(taken.count, 5);
    assert_counts(&taken, 2, 0);
    fragments_free(taken.table);
  }
}

static void a_flood_from_one_source_takes_nothing_from_another(void **state)
{
  (void)state;
  struct taken taken;
  open_table(&taken, (struct fragments_config){
                         .datagrams = 4096, .held = 32, .per_source = 16, .held_per_source = 8});
  put(&taken, sample_fragment(2, 7, FIRST, 1));
  struct packet flood;
  for (uint32_t id = 0; id < 100000; id++) {
    flood = sample_fragment(1, id, id % 2 == 0 ? FIRST : LATER, 2 + id);
    taken.count = 1;
    put(&taken, flood);
  }
  taken.count = 1;
  put(&taken, sample_fragment(2, 7, LATER, 200000));
  put(&taken, sample_fragment(2, 8, LATER, 200001));
  put(&taken, sample_fragment(2, 8, FIRST, 200002));
  assert_int_equal(taken.count, 4);
  assert_out(&taken, 1, 200000, 1002);
  assert_out(&taken, 2, 200001, 1002);
  fragments_free(taken.table);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fragments_within_a_tunnel_are_not_asked_for),
      cmocka_unit_test(later_fragments_take_the_ports_of_the_first),
      cmocka_unit_test(later_fragments_that_come_first_wait_for_it),
      cmocka_unit_test(the_close_of_a_second_ends_the_waiting_but_not_the_datagram),
      cmocka_unit_test(a_datagram_is_forgotten_after_its_time_out),
      cmocka_unit_test(another_datagram_is_none_of_its),
      cmocka_unit_test(protocols_without_ports_and_whole_packets_go_on),
      cmocka_unit_test(later_fragments_of_ipv6_take_the_protocol_too),
      cmocka_unit_test(a_full_table_gives_up_the_datagram_used_longest_ago),
      cmocka_unit_test(what_waits_in_a_full_table_goes_on_folded),
      cmocka_unit_test(no_more_than_the_limit_wait),
      cmocka_unit_test(a_flood_from_one_source_takes_nothing_from_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
