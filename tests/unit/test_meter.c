/* SPDX-License-Identifier: Apache-2.0 */
/* The meter: what counts where, own traffic, interfaces, first-seen addresses, and exact sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/summary_codec.h"
#include "tests/unit/sample_meter.h"

#define S    NS_PER_S
#define SEED UINT64_C(310)

static const struct sample_end here = {1, 40000};
static const struct sample_end there = {0x020001, 443};

static void set_local(struct meter *meter)
{
  struct addr own = sample_addr(here.host);
  struct network behind;
  assert_int_equal(network_parse("10.1.0.0/16", &behind), 0);
  assert_int_equal(meter_set_local(meter, &own, 1, &behind, 1), 0);
}

static void direction_follows_the_own_addresses(void **state)
{
  (void)state;
  const struct sample_end guest = {0x010203, 99};
  const struct sample_end other = {0x030303, 98};
  const struct sample_end group = {0, 5353};
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  sample_send(meter, 0, here, there);
  set_local(meter);
  for (unsigned i = 0; i < 2; i++) {
    sample_send(meter, 0, here, there);
  }
  for (unsigned i = 0; i < 3; i++) {
    sample_send(meter, 0, there, guest);
  }
  for (unsigned i = 0; i < 4; i++) {
    sample_send(meter, 0, here, guest);
  }
  for (unsigned i = 0; i < 5; i++) {
    sample_send(meter, 0, there, other);
  }
  uint8_t bytes[SAMPLE_FRAME_MAX];
  struct frame frame = sample_tcp_frame(0, here, group, 0, 100, bytes);
  const uint8_t multicast[4] = {224, 0, 0, 251};
  memcpy(bytes + 30, multicast, 4);
  for (unsigned i = 0; i < 6; i++) {
    meter_frame(meter, &frame);
  }
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(summary_direction_total(s, SUMMARY_UNKNOWN).packets, 1);
  assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 2);
  assert_int_equal(summary_direction_total(s, SUMMARY_RX).packets, 3);
  assert_int_equal(summary_direction_total(s, SUMMARY_LOCAL).packets, 4);
  assert_int_equal(summary_direction_total(s, SUMMARY_TRANSIT).packets, 5);
  assert_int_equal(summary_direction_total(s, SUMMARY_MULTICAST).packets, 6);
  meter_free(meter);
  heard_free(heard);
}

static void a_change_of_the_own_addresses_holds_at_once(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  set_local(meter);
  sample_send(meter, 0, here, there);
  struct addr own = sample_addr(there.host);
  assert_int_equal(meter_set_local(meter, &own, 1, NULL, 0), 0);
  sample_send(meter, 0, here, there);
  assert_int_equal(meter_set_local(meter, NULL, 0, NULL, 0), 0);
  sample_send(meter, 0, here, there);
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 1);
  assert_int_equal(summary_direction_total(s, SUMMARY_RX).packets, 1);
  assert_int_equal(summary_direction_total(s, SUMMARY_UNKNOWN).packets, 1);
  meter_free(meter);
  heard_free(heard);
}

static void own_traffic_is_counted_as_own_and_nowhere_else(void **state)
{
  (void)state;
  const struct sample_end bus = {there.host, 7461};
  const struct sample_end guest = {0x010203, 40000};
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  set_local(meter);
  struct meter_endpoint endpoint = {sample_addr(bus.host), bus.port};
  assert_int_equal(meter_set_own(meter, &endpoint, 1), 0);
  sample_send(meter, 0, here, bus);
  sample_send(meter, 0, bus, here);
  sample_send(meter, 0, here, there); /* another port */
  sample_send(meter, 0, guest, bus);  /* not an address of our own */
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(s->ledger.frames, 4);
  assert_int_equal(s->ledger.wire_bytes, 4 * 114);
  assert_int_equal(s->ledger.own_frames, 2);
  assert_int_equal(s->interfaces[0].own_packets, 2);
  assert_int_equal(s->interfaces[0].own_bytes, 2 * 114);
  assert_int_equal(s->interfaces[0].captured_packets, 2);
  assert_int_equal(s->interfaces[0].captured_bytes, 2 * 114);
  assert_int_equal(s->ipv4_packets, 2);
  assert_int_equal(hist_total(&s->packet_sizes), 2);
  assert_int_equal(s->flows_active, 2);
  assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 2);
  struct meter_endpoint many[METER_OWN_MAX + 1] = {0};
  assert_int_equal(meter_set_own(meter, many, METER_OWN_MAX + 1), ERR_LIMIT);
  meter_free(meter);
  heard_free(heard);
}

static void a_frame_that_is_not_ip_is_in_the_ledger_only(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  uint8_t bytes[SAMPLE_FRAME_MAX];
  struct frame frame = sample_tcp_frame(0, here, there, 0, 100, bytes);
  bytes[12] = 0x08;
  bytes[13] = 0x06;
  meter_frame(meter, &frame);
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(s->non_ip_frames, 1);
  assert_int_equal(s->ledger.frames, 1);
  assert_int_equal(s->ledger.undecoded[SUMMARY_NOT_IP], 1);
  assert_int_equal(s->ipv4_packets + s->ipv6_packets + s->flows_active, 0);
  meter_free(meter);
  heard_free(heard);
}

static void interface_samples_add_up_in_second_and_minute(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  assert_int_equal(meter_add_interface(meter, "eth1"), 1);
  assert_int_equal(meter_add_interface(meter, "eth0"), 0);
  assert_int_equal(meter_add_interface(meter, ""), ERR_LIMIT);
  meter_advance(meter, 0);
  struct summary_interface sample = {.has_kernel = true, .kernel = {.rx_bytes = 100}};
  sample.capture_dropped = 3;
  sample.speed_mbit = 1000;
  sample.captured_packets = 99; /* not the caller's to say */
  for (int64_t second = 1; second <= 2; second++) {
    meter_interface(meter, 0, &sample);
    sample.is_up = true;
    sample.speed_mbit += 1000; /* the last word of each interval stands */
    meter_interface(meter, 0, &sample);
    sample.has_kernel = false;
    meter_advance(meter, second * S);
  }
  meter_finish(meter);
  const struct summary_interface *first = &heard->summary[0]->interfaces[0];
  assert_int_equal(heard->summary[0]->interface_count, 2);
  assert_string_equal(first->name, "eth0");
  assert_true(first->has_kernel && first->is_up);
  assert_int_equal(first->kernel.rx_bytes, 200);
  assert_int_equal(first->capture_dropped, 6);
  assert_int_equal(first->captured_packets, 0);
  assert_int_equal(heard->summary[0]->ledger.capture_dropped, 6);
  assert_false(heard->summary[0]->interfaces[1].has_kernel);
  assert_false(heard->summary[1]->interfaces[0].has_kernel);
  assert_int_equal(first->speed_mbit, 2000);
  assert_int_equal(heard->summary[1]->interfaces[0].speed_mbit, 3000);
  const struct summary *minute = heard->summary[heard->count - 1];
  assert_int_equal(minute->kind, SUMMARY_MINUTE);
  assert_false(minute->interfaces[0].has_kernel);
  assert_int_equal(minute->interfaces[0].capture_dropped, 12);
  assert_int_equal(minute->interfaces[0].speed_mbit, 3000);
  assert_int_equal(minute->ledger.capture_dropped, 12);
  meter_free(meter);
  heard_free(heard);
}

static void addresses_are_first_seen_once_and_what_does_not_fit_is_counted(void **state)
{
  (void)state;
  struct heard *heard = heard_new();
  struct meter_config config;
  meter_config_init(&config);
  config.first_seen_slots = 1000;
  struct meter *meter = sample_meter(&config, heard);
  sample_send(meter, 0, here, there);
  sample_send(meter, S, here, there);
  for (uint32_t i = 0; i < 500; i++) {
    sample_send(meter, 2 * S, (struct sample_end){100 + i, 1}, there);
  }
  for (uint32_t i = 0; i < 600; i++) {
    sample_send(meter, 3 * S, (struct sample_end){5000 + i, 1}, there);
  }
  sample_send(meter, 4 * S, here, there); /* was seen again before the storm: not forgotten */
  meter_finish(meter);
  assert_int_equal(heard->summary[0]->first_seen_count, 2);
  assert_int_equal(sample_host(&heard->summary[0]->first_seen[0]), here.host);
  assert_int_equal(heard->summary[1]->first_seen_count, 0);
  assert_int_equal(heard->summary[2]->first_seen_count, SUMMARY_FIRST_SEEN_MAX);
  assert_int_equal(heard->summary[2]->ledger.first_seen_folded,
                   2 * 500 - SUMMARY_FIRST_SEEN_MAX - SUMMARY_EDGES_MAX);
  assert_int_equal(heard->summary[3]->first_seen_count, SUMMARY_FIRST_SEEN_MAX);
  assert_int_equal(heard->summary[3]->ledger.first_seen_folded,
                   2 * 600 - SUMMARY_FIRST_SEEN_MAX - SUMMARY_EDGES_MAX);
  assert_int_equal(heard->summary[3]->edge_count, SUMMARY_EDGES_MAX);
  assert_int_equal(heard->summary[4]->first_seen_count, 0);
  meter_free(meter);
  heard_free(heard);
}

/* Six minutes of random traffic between more hosts than the table holds flows. */
static void feed(struct meter *meter, uint64_t seed, struct counts *sent)
{
  uint64_t random = seed;
  int64_t time_ns = 1000 * NS_PER_MINUTE + 7 * S;
  for (unsigned i = 0; i < 40000; i++) {
    time_ns += sample_below(&random, 20) * NS_PER_MS;
    struct sample_end client = {sample_below(&random, 3000), (uint16_t)sample_random(&random)};
    struct sample_end server = {0x020000 + sample_below(&random, 50), 443};
    bool is_out = sample_below(&random, 2) != 0;
    uint32_t ip_bytes = 40 + sample_below(&random, 1460);
    uint8_t bytes[SAMPLE_FRAME_MAX];
    struct frame frame = sample_tcp_frame(
        time_ns - sample_below(&random, 3) * NS_PER_S / 2, is_out ? client : server,
        is_out ? server : client, (uint8_t)(1u << sample_below(&random, 5)), ip_bytes, bytes);
    meter_frame(meter, &frame);
    counts_add(sent, &(struct counts){1, ip_bytes, ip_bytes - 40});
  }
  meter_finish(meter);
}

static void add_conversations(struct counts *sum, const struct summary *s)
{
  counts_add(sum, &s->folded_out);
  counts_add(sum, &s->folded_in);
  for (size_t i = 0; i < s->conversation_count; i++) {
    counts_add(sum, &s->conversations[i].out);
    counts_add(sum, &s->conversations[i].in);
  }
}

/* What is exact over all records of a kind, added up; the rest of *sum is not used. */
static void add_record(struct summary *sum, struct counts *rows, const struct summary *s)
{
  for (unsigned protocol = 0; protocol < SUMMARY_PROTOCOLS; protocol++) {
    counts_add(&sum->traffic[SUMMARY_UNKNOWN][protocol], &s->traffic[SUMMARY_UNKNOWN][protocol]);
  }
  for (unsigned event = 0; event < SUMMARY_TCP_EVENTS; event++) {
    sum->tcp_events[event] += s->tcp_events[event];
  }
  hist_merge(&sum->packet_sizes, &s->packet_sizes);
  sum->ipv4_packets += s->ipv4_packets;
  sum->flows_new += s->flows_new;
  sum->ledger.frames += s->ledger.frames;
  sum->ledger.wire_bytes += s->ledger.wire_bytes;
  sum->ledger.late_frames += s->ledger.late_frames;
  sum->ledger.clamped_frames += s->ledger.clamped_frames;
  sum->ledger.flows_folded += s->ledger.flows_folded;
  sum->ledger.first_seen_folded += s->ledger.first_seen_folded;
  add_conversations(rows, s);
}

static void every_kind_of_record_adds_up_to_what_was_sent(void **state)
{
  (void)state;
  print_message("seed %llu\n", (unsigned long long)SEED);
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  struct counts sent = {0};
  feed(meter, SEED, &sent);
  struct summary *sum = calloc(3, sizeof *sum);
  struct counts rows[3] = {0};
  uint64_t captured[3] = {0};
  assert_non_null(sum);
  for (size_t i = 0; i < heard->count; i++) {
    const struct summary *s = heard->summary[i];
    add_record(&sum[s->kind], &rows[s->kind], s);
    captured[s->kind] += s->interfaces[0].captured_packets;
  }
  assert_memory_equal(&sum[SUMMARY_SECOND], &sum[SUMMARY_MINUTE], sizeof *sum);
  assert_memory_equal(&rows[SUMMARY_SECOND], &sent, sizeof sent);
  assert_memory_equal(&rows[SUMMARY_MINUTE], &sent, sizeof sent);
  assert_memory_equal(&sum[1].traffic[SUMMARY_UNKNOWN][SUMMARY_TCP], &sent, sizeof sent);
  assert_memory_equal(&heard->record_sum, &sent, sizeof sent);
  assert_int_equal(captured[SUMMARY_SECOND], sent.packets);
  assert_int_equal(captured[SUMMARY_MINUTE], sent.packets);
  assert_true(sum[1].ledger.flows_folded > 0);
  assert_true(sum[1].ledger.late_frames > sum[1].ledger.clamped_frames);
  free(sum);
  meter_free(meter);
  heard_free(heard);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
  (void)state;
  struct heard *heard[2];
  for (unsigned run = 0; run < 2; run++) {
    struct counts sent = {0};
    heard[run] = heard_new();
    struct meter *meter = sample_meter_of(false, heard[run]);
    feed(meter, SEED + 1, &sent);
    meter_free(meter);
  }
  assert_true(heard[0]->count > 300);
  assert_int_equal(heard[0]->count, heard[1]->count);
  for (size_t i = 0; i < heard[0]->count; i++) {
    uint8_t *bytes[2] = {NULL, NULL};
    size_t length[2] = {0, 0};
    for (unsigned run = 0; run < 2; run++) {
      assert_int_equal(summary_encode(heard[run]->summary[i], &bytes[run], &length[run]), 0);
    }
    assert_int_equal(length[0], length[1]);
    assert_memory_equal(bytes[0], bytes[1], length[0]);
    free(bytes[0]);
    free(bytes[1]);
  }
  heard_free(heard[0]);
  heard_free(heard[1]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(direction_follows_the_own_addresses),
      cmocka_unit_test(a_change_of_the_own_addresses_holds_at_once),
      cmocka_unit_test(own_traffic_is_counted_as_own_and_nowhere_else),
      cmocka_unit_test(a_frame_that_is_not_ip_is_in_the_ledger_only),
      cmocka_unit_test(interface_samples_add_up_in_second_and_minute),
      cmocka_unit_test(addresses_are_first_seen_once_and_what_does_not_fit_is_counted),
      cmocka_unit_test(every_kind_of_record_adds_up_to_what_was_sent),
      cmocka_unit_test(the_same_input_gives_the_same_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
