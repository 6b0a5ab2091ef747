/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic by fleet and outside peers: what is split, from when on, and by which map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensor/fleet_peers.h"
#include "tests/unit/sample_meter.h"

#define S    NS_PER_S
#define SEED UINT64_C(77)

static const struct sample_end here = {1, 40000};
static const struct sample_end mate = {0x020001, 443}; /* of 10.2.0.0/16, the fleet */
static const struct sample_end stranger = {0x030001, 443};
static const struct sample_end guest = {0x010203, 99}; /* of 10.1.0.0/16, behind us */

static void set_local(struct meter *meter)
{
  struct addr own = sample_addr(here.host);
  struct network behind;
  assert_int_equal(network_parse("10.1.0.0/16", &behind), 0);
  assert_int_equal(meter_set_local(meter, &own, 1, &behind, 1), 0);
}

/* The set of one network ("": of none) under a version. */
static struct fleet_peers *fleet_of(const char *text, uint64_t version)
{
  struct network network;
  struct fleet_peers *peers = fleet_peers_new(0);
  assert_non_null(peers);
  if (text[0] != '\0') {
    assert_int_equal(network_parse(text, &network), 0);
    assert_int_equal(fleet_peers_set_networks(peers, &network, 1), 0);
  }
  fleet_peers_set_version(peers, version);
  return peers;
}

static uint64_t fleet_packets(const struct summary *s, enum summary_direction direction)
{
  return summary_fleet_total(s, direction).packets;
}

static void sent_and_received_are_split_and_nothing_else(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  set_local(meter);
  meter_set_fleet(meter, fleet_of("10.0.0.0/8", 0), INT64_MIN);
  struct addr own = sample_addr(here.host);
  assert_int_equal(meter_set_local(meter, &own, 1, NULL, 0), 0);
  meter_set_fleet(meter, fleet_of("10.2.0.0/16", 0), INT64_MIN); /* instead of the first */
  for (unsigned i = 0; i < 3; i++) {
    sample_send(meter, 0, here, mate);
    sample_send(meter, 0, stranger, here);
  }
  sample_send(meter, 0, mate, here);
  sample_send(meter, 0, here, stranger);
  sample_send(meter, 0, mate, stranger); /* transit, from the fleet */
  sample_send(meter, 0, here, here);     /* local */
  uint8_t bytes[SAMPLE_FRAME_MAX];
  struct frame frame = sample_tcp_frame(0, mate, stranger, 0, 100, bytes);
  const uint8_t multicast[4] = {224, 0, 0, 251};
  memcpy(bytes + 30, multicast, 4);
  meter_frame(meter, &frame);
  meter_finish(meter);
  for (size_t i = 0; i < heard->count; i++) { /* the second, and its minute */
    const struct summary *s = heard->summary[i];
    assert_true(s->has_fleet);
    assert_false(s->is_fleet_mixed);
    assert_int_equal(s->fleet_map_version, 0);
    assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 4);
    assert_int_equal(summary_direction_total(s, SUMMARY_RX).packets, 4);
    assert_int_equal(fleet_packets(s, SUMMARY_TX), 3);
    assert_int_equal(fleet_packets(s, SUMMARY_RX), 1);
    assert_int_equal(s->fleet_traffic[SUMMARY_TX][SUMMARY_TCP].bytes, 300);
    assert_int_equal(s->fleet_traffic[SUMMARY_TX][SUMMARY_TCP].payload_bytes, 180);
    assert_int_equal(fleet_packets(s, SUMMARY_LOCAL) + fleet_packets(s, SUMMARY_TRANSIT) +
                         fleet_packets(s, SUMMARY_MULTICAST),
                     0);
    assert_int_equal(summary_direction_total(s, SUMMARY_TRANSIT).packets, 1);
  }
  meter_free(meter);
  heard_free(heard);
}

static void without_any_list_the_split_is_absent_and_with_an_empty_map_all_is_outside(void **state)
{
  (void)state;
  for (uint64_t version = 0; version < 2; version++) {
    struct heard *heard = heard_new();
    struct meter *meter = sample_meter_of(true, heard);
    set_local(meter);
    meter_set_fleet(meter, fleet_of("", version), INT64_MIN);
    sample_send(meter, 0, here, mate);
    meter_finish(meter);
    for (size_t i = 0; i < heard->count; i++) {
      assert_int_equal(heard->summary[i]->has_fleet, version == 1);
      assert_int_equal(heard->summary[i]->fleet_map_version, version);
      assert_int_equal(fleet_packets(heard->summary[i], SUMMARY_TX), 0);
    }
    meter_free(meter);
    heard_free(heard);
  }
}

/* One flow all the time: what it remembers must not outlive the set. */
static void a_set_is_used_from_the_first_second_that_begins_at_its_time(void **state)
{
  (void)state;
  static const uint64_t versions[] = {1, 1, 2, 2, 3, 3};
  static const bool is_peer[] = {false, false, true, true, false, false};
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  set_local(meter);
  meter_set_fleet(meter, fleet_of("10.3.0.0/16", 1), INT64_MIN);
  for (int64_t second = 0; second < 6; second++) {
    sample_send(meter, second * S + 1, here, mate);
    if (second == 0) {
      meter_set_fleet(meter, fleet_of("10.2.0.0/16", 2), S + 1);
      meter_set_fleet(meter, fleet_of("10.2.0.0/16", 9), 4 * S);
      meter_set_fleet(meter, fleet_of("10.4.0.0/16", 3), 4 * S); /* instead of it */
    }
    sample_send(meter, second * S + 2, here, mate);
  }
  meter_finish(meter);
  assert_int_equal(heard->count, 7);
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(heard->summary[i]->fleet_map_version, versions[i]);
    assert_int_equal(fleet_packets(heard->summary[i], SUMMARY_TX), is_peer[i] ? 2 : 0);
  }
  const struct summary *minute = heard->summary[6];
  assert_true(minute->has_fleet && minute->is_fleet_mixed);
  assert_int_equal(minute->fleet_map_version, 3);
  assert_int_equal(fleet_packets(minute, SUMMARY_TX), 4);
  meter_free(meter);
  heard_free(heard);
}

static void a_minute_of_which_a_second_had_no_split_has_none(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  set_local(meter);
  sample_send(meter, 0, here, mate);
  meter_set_fleet(meter, fleet_of("10.2.0.0/16", 5), 0); /* begun already: from the next on */
  sample_send(meter, S, here, mate);
  sample_send(meter, 60 * S, here, mate);
  meter_finish(meter);
  assert_int_equal(heard->count, 5);
  const struct summary *first = heard->summary[0], *second = heard->summary[1];
  const struct summary *minute = heard->summary[2], *next = heard->summary[4];
  assert_false(first->has_fleet || minute->has_fleet || minute->is_fleet_mixed);
  assert_true(second->has_fleet && next->has_fleet);
  assert_int_equal(minute->kind, SUMMARY_MINUTE);
  assert_int_equal(minute->fleet_map_version, 0);
  assert_int_equal(fleet_packets(second, SUMMARY_TX), 1);
  assert_int_equal(fleet_packets(minute, SUMMARY_TX), 0);
  assert_int_equal(summary_direction_total(minute, SUMMARY_TX).packets, 2);
  assert_int_equal(next->fleet_map_version, 5);
  assert_false(next->is_fleet_mixed);
  assert_int_equal(fleet_packets(next, SUMMARY_TX), 1);
  meter_free(meter);
  heard_free(heard);
}

static void maps_in_quick_succession_do_take_effect(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  meter_advance(meter, 0);
  for (int64_t second = 0; second < 20; second++) {
    meter_set_fleet(meter, fleet_of("", (uint64_t)second + 1), (second + 5) * S);
    meter_advance(meter, (second + 1) * S);
  }
  uint64_t version = 0;
  for (size_t i = 0; i < heard->count; i++) {
    assert_true(heard->summary[i]->fleet_map_version >= version);
    version = heard->summary[i]->fleet_map_version;
  }
  assert_in_range(version, 8, 20);
  meter_free(meter); /* some wait still */
  heard_free(heard);
}

/* IPv4 in IPv4: the outermost addresses decide, packet by packet, though all is one flow. */
static void packets_of_a_tunnel_are_split_by_who_carries_them(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  set_local(meter);
  meter_set_fleet(meter, fleet_of("10.2.0.0/16", 0), INT64_MIN);
  for (unsigned i = 0; i < 5; i++) {
    uint8_t inner[SAMPLE_FRAME_MAX], outer[SAMPLE_FRAME_MAX], bytes[2 * SAMPLE_FRAME_MAX];
    (void)sample_tcp_frame(0, guest, stranger, PACKET_TCP_ACK, 100, inner);
    struct frame frame = sample_tcp_frame(0, here, i < 2 ? mate : stranger, 0, 120, outer);
    outer[23] = 4;
    memcpy(bytes, outer, 34);
    memcpy(bytes + 34, inner + 14, 40);
    frame.data = bytes;
    frame.captured_bytes = 74;
    meter_frame(meter, &frame);
  }
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(s->tunnelled_packets, 5);
  assert_int_equal(s->flows_new, 1);
  assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 5);
  assert_int_equal(fleet_packets(s, SUMMARY_TX), 2);
  meter_free(meter);
  heard_free(heard);
}

/* Of both ways, protocol fields of the outermost header, and many more flows than slots. */
static void the_split_is_exact_however_full_the_table_is(void **state)
{
  (void)state;
  uint64_t seed = SEED;
  struct counts sent[2][2] = {{{0}}}; /* [received][of the fleet] */
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  set_local(meter);
  meter_set_fleet(meter, fleet_of("10.2.0.0/16", 0), INT64_MIN);
  for (int64_t i = 0; i < 60000; i++) {
    bool is_fleet = sample_random(&seed) % 3 == 0;
    bool is_received = sample_random(&seed) % 2 == 0;
    struct sample_end peer = {(is_fleet ? 0x020000 : 0x030000) +
                                  (uint32_t)(sample_random(&seed) % 3000),
                              (uint16_t)(sample_random(&seed) % 3)};
    sample_send(meter, i * S / 1000, is_received ? peer : here, is_received ? here : peer);
    const struct counts one = {1, 100, 60};
    counts_add(&sent[is_received][is_fleet], &one);
  }
  meter_finish(meter);
  struct counts all[2] = {{0}}, fleet[2] = {{0}};
  uint64_t folded = 0;
  for (size_t i = 0; i < heard->count; i++) {
    const struct summary *s = heard->summary[i];
    if (s->kind != SUMMARY_SECOND) {
      continue;
    }
    folded += s->ledger.flows_folded;
    for (unsigned way = 0; way < 2; way++) {
      enum summary_direction direction = way == 0 ? SUMMARY_TX : SUMMARY_RX;
      struct counts total = summary_direction_total(s, direction);
      struct counts part = summary_fleet_total(s, direction);
      counts_add(&all[way], &total);
      counts_add(&fleet[way], &part);
    }
  }
  assert_true(folded > 1000);
  for (unsigned way = 0; way < 2; way++) {
    assert_memory_equal(&fleet[way], &sent[way][1], sizeof fleet[way]);
    assert_int_equal(all[way].bytes, sent[way][0].bytes + sent[way][1].bytes);
  }
  meter_free(meter);
  heard_free(heard);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sent_and_received_are_split_and_nothing_else),
      cmocka_unit_test(without_any_list_the_split_is_absent_and_with_an_empty_map_all_is_outside),
      cmocka_unit_test(a_set_is_used_from_the_first_second_that_begins_at_its_time),
      cmocka_unit_test(a_minute_of_which_a_second_had_no_split_has_none),
      cmocka_unit_test(maps_in_quick_succession_do_take_effect),
      cmocka_unit_test(packets_of_a_tunnel_are_split_by_who_carries_them),
      cmocka_unit_test(the_split_is_exact_however_full_the_table_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
