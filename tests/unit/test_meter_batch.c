/* SPDX-License-Identifier: Apache-2.0 */
/* That frames are counted some dozens at a time changes nothing: a meter that is fed frame by
 * frame, each counted at once, hands out the same bytes. And what the meter adds beside flows and
 * windows: sampling, super-segments, directions by flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/summary_codec.h"
#include "tests/unit/sample_meter.h"

#define S         NS_PER_S
#define SEED      UINT64_C(20261126)
#define FRAME_MAX 128
#define ETHERNET  14
#define IPV4      20

/* Frames of several kinds, from few hosts, so that they meet. */
struct source {
  uint64_t random;
  int64_t time_ns;
  uint8_t bytes[FRAME_MAX];
};

static struct sample_end random_end(uint64_t *random)
{
  return (struct sample_end){sample_below(random, 40), (uint16_t)(440 + sample_below(random, 4))};
}

/* The IPv4 packet of the frame into another one. */
static void wrap(struct frame *frame, uint8_t *bytes)
{
  memmove(bytes + ETHERNET + IPV4, bytes + ETHERNET, frame->captured_bytes - ETHERNET);
  sample_put16(bytes + ETHERNET + 2, frame->wire_bytes - ETHERNET + IPV4);
  bytes[ETHERNET + 9] = 4;
  bytes[ETHERNET + 15] ^= 0x10; /* the carrier's ends are others */
  frame->wire_bytes += IPV4;
  frame->captured_bytes += IPV4;
}

/* A datagram's fragment: the first, or a later one, of one of a few identifications. */
static void cut(struct frame *frame, uint8_t *bytes, uint64_t *random)
{
  bytes[ETHERNET + 5] = (uint8_t)sample_below(random, 8);
  bool is_first = sample_below(random, 3) == 0;
  sample_put16(bytes + ETHERNET + 6, is_first ? 0x2000 : 1 + sample_below(random, 100));
  bytes[ETHERNET + 9] = SAMPLE_UDP;
  frame->captured_bytes = ETHERNET + IPV4 + 8;
  sample_put16(bytes + ETHERNET + IPV4 + 4, frame->wire_bytes - ETHERNET - IPV4);
}

/* Mostly in order, some late, some beyond the open second. */
static int64_t next_time(struct source *source)
{
  source->time_ns += sample_below(&source->random, 4) * NS_PER_MS;
  switch (sample_below(&source->random, 200)) {
  case 0:
    source->time_ns += S;
    return source->time_ns;
  case 1:
    return source->time_ns - sample_below(&source->random, 3) * S / 2;
  default:
    return source->time_ns;
  }
}

static struct frame next_frame(struct source *source)
{
  uint64_t *random = &source->random;
  uint8_t flags = (uint8_t)sample_below(random, 0x20);
  uint32_t ip_bytes = 40 + sample_below(random, 4000);
  struct sample_end from = random_end(random);
  struct sample_end to = random_end(random);
  struct frame frame =
      sample_tcp_frame(next_time(source), from, to, flags, ip_bytes, source->bytes);
  sample_put16(source->bytes + 40, sample_below(random, 5000)); /* low half of the sequence */
  frame.interface = (uint16_t)sample_below(random, 2);
  switch (sample_below(random, 12)) {
  case 0:
    source->bytes[12] = 0x86; /* not IPv4 any more */
    break;
  case 1:
    wrap(&frame, source->bytes);
    break;
  case 2:
  case 3:
    cut(&frame, source->bytes, random);
    break;
  default:
    break;
  }
  return frame;
}

/* What callers do beside frames, now and then. */
static void interfere(struct meter *meter, struct source *source)
{
  uint64_t *random = &source->random;
  struct addr own[2] = {sample_addr(sample_below(random, 40)), sample_addr(1)};
  struct meter_endpoint endpoint = {sample_addr(2), 441};
  struct summary_interface sample = {.capture_dropped = 1, .is_up = true};
  switch (sample_below(random, 6)) {
  case 0:
    assert_int_equal(meter_set_local(meter, own, 2, NULL, 0), 0);
    break;
  case 1:
    assert_int_equal(meter_set_own(meter, &endpoint, sample_below(random, 2)), 0);
    break;
  case 2:
    meter_set_mtu(meter, sample_below(random, 2), 1000 + sample_below(random, 3000));
    break;
  case 3:
    meter_set_sampling(meter, sample_below(random, 3));
    break;
  case 4:
    meter_interface(meter, sample_below(random, 2), &sample);
    break;
  default:
    meter_advance(meter, source->time_ns);
    break;
  }
}

static struct heard *run(uint64_t seed, bool is_one_by_one)
{
  struct heard *heard = heard_new();
  struct meter_config config;
  meter_config_init(&config);
  config.flow_slots = 200;
  config.is_dense = true;
  struct meter *meter = sample_meter(&config, heard);
  assert_int_equal(meter_add_interface(meter, "eth1"), 1);
  struct source source = {.random = seed, .time_ns = 1000 * NS_PER_MINUTE + 50 * S};
  for (unsigned i = 0; i < 20000; i++) {
    struct frame frame = next_frame(&source);
    meter_frame(meter, &frame);
    /* What was borrowed is gone. */
    memset(source.bytes, 0xee, sizeof source.bytes);
    if (is_one_by_one) {
      meter_advance(meter, meter_time(meter));
    }
    if (sample_below(&source.random, 100) == 0) {
      interfere(meter, &source);
    }
  }
  meter_finish(meter);
  meter_free(meter);
  return heard;
}

static void assert_same_bytes(const struct summary *a, const struct summary *b)
{
  uint8_t *bytes_a = NULL, *bytes_b = NULL;
  size_t length_a = 0, length_b = 0;
  assert_int_equal(summary_encode(a, &bytes_a, &length_a), 0);
  assert_int_equal(summary_encode(b, &bytes_b, &length_b), 0);
  assert_int_equal(length_a, length_b);
  assert_memory_equal(bytes_a, bytes_b, length_a);
  free(bytes_a);
  free(bytes_b);
}

static void batches_change_nothing(void **state)
{
  (void)state;
  print_message("seed %llu\n", (unsigned long long)SEED);
  uint64_t evicted = 0, unmatched = 0, tunnelled = 0, own = 0, late = 0, segments = 0;
  for (uint64_t seed = SEED; seed < SEED + 5; seed++) {
    struct heard *batched = run(seed, false);
    struct heard *single = run(seed, true);
    assert_true(batched->count > 40);
    assert_int_equal(batched->count, single->count);
    assert_int_equal(batched->records, single->records);
    assert_memory_equal(&batched->record_sum, &single->record_sum, sizeof batched->record_sum);
    for (size_t i = 0; i < batched->count; i++) {
      const struct summary *s = batched->summary[i];
      assert_same_bytes(s, single->summary[i]);
      evicted += s->ledger.flows_folded;
      unmatched += s->ledger.fragments_unmatched;
      tunnelled += s->tunnelled_packets;
      own += s->ledger.own_frames;
      late += s->ledger.late_frames;
      segments += s->segments.super_segments;
    }
    heard_free(batched);
    heard_free(single);
  }
  /* The frames were of all the kinds that they are meant to be. */
  assert_true(evicted > 0 && unmatched > 0 && tunnelled > 0 && own > 0 && late > 0 && segments > 0);
}

static void the_worst_sampling_of_an_interval_stands(void **state)
{
  (void)state;
  const struct sample_end a = {1, 40000}, b = {2, 443};
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(true, heard);
  sample_send(meter, 58 * S, a, b);
  meter_set_sampling(meter, 3);
  meter_set_sampling(meter, 1);
  sample_send(meter, 59 * S, a, b);
  meter_set_sampling(meter, 0);
  sample_send(meter, 60 * S, a, b);
  sample_send(meter, 61 * S, a, b);
  meter_finish(meter);
  const struct {
    enum summary_kind kind;
    unsigned shift;
  } expected[] = {{SUMMARY_SECOND, 3}, {SUMMARY_SECOND, 1}, {SUMMARY_MINUTE, 3},
                  {SUMMARY_SECOND, 0}, {SUMMARY_SECOND, 0}, {SUMMARY_MINUTE, 0}};
  assert_int_equal(heard->count, sizeof expected / sizeof expected[0]);
  for (size_t i = 0; i < heard->count; i++) {
    const struct summary *s = heard->summary[i];
    bool is_sampled = expected[i].shift > 0;
    assert_int_equal(s->kind, expected[i].kind);
    assert_int_equal(s->sample_shift, expected[i].shift);
    assert_int_equal(s->quality[SUMMARY_MEASURE_TRAFFIC],
                     is_sampled ? SUMMARY_SCALED : SUMMARY_EXACT);
    assert_int_equal(s->quality[SUMMARY_MEASURE_FLOWS],
                     is_sampled ? SUMMARY_SCALED : SUMMARY_EXACT);
    assert_int_equal(s->quality[SUMMARY_MEASURE_DISTINCT],
                     is_sampled ? SUMMARY_ABSENT : SUMMARY_EXACT);
    assert_int_equal(s->quality[SUMMARY_MEASURE_FIRST_SEEN],
                     is_sampled ? SUMMARY_ABSENT : SUMMARY_EXACT);
  }
  meter_free(meter);
  heard_free(heard);
}

/* One TCP packet of ip_bytes, 40 of them headers, over an interface with that MTU. */
static struct summary_segments segments_of(uint32_t mtu_bytes, uint32_t ip_bytes)
{
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  uint8_t bytes[SAMPLE_FRAME_MAX];
  meter_set_mtu(meter, 0, mtu_bytes);
  struct frame frame =
      sample_tcp_frame(0, (struct sample_end){1, 40000}, (struct sample_end){2, 443},
                       PACKET_TCP_ACK, ip_bytes, bytes);
  meter_frame(meter, &frame);
  meter_finish(meter);
  struct summary_segments segments = heard->summary[0]->segments;
  assert_int_equal(heard->summary[0]->ipv4_packets, 1);
  meter_free(meter);
  heard_free(heard);
  return segments;
}

static void a_packet_above_the_mtu_stands_for_several(void **state)
{
  (void)state;
  static const struct {
    uint32_t mtu_bytes, ip_bytes;
    uint64_t wire_packets;
  } cases[] = {
      {1500, 1500, 0},      {1500, 1501, 2}, {1500, 40 + 2 * 1460, 2}, {1500, 40 + 2 * 1460 + 1, 3},
      {0, 1500, 0},         {0, 64000, 44},  {9000, 9000, 0},          {65536, 65535, 0},
      {1280, 40 + 1240, 0}, {40, 100, 0}, /* no payload goes over such a wire */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct summary_segments segments = segments_of(cases[i].mtu_bytes, cases[i].ip_bytes);
    assert_int_equal(segments.super_segments, cases[i].wire_packets > 0);
    assert_int_equal(segments.wire_packets, cases[i].wire_packets);
    uint64_t left_out = cases[i].wire_packets > 0 ? cases[i].wire_packets - 1 : 0;
    assert_int_equal(segments.header_bytes, 40 * left_out);
  }
}

/* The flow is the inner one in both; its outermost addresses are not always its own. */
static void a_tunnelled_packet_goes_the_way_of_its_carrier(void **state)
{
  (void)state;
  const struct sample_end here = {1, 40000}, there = {2, 443};
  struct heard *heard = heard_new();
  struct meter *meter = sample_meter_of(false, heard);
  struct addr own = sample_addr(here.host);
  assert_int_equal(meter_set_local(meter, &own, 1, NULL, 0), 0);
  uint8_t bytes[FRAME_MAX] = {0};
  for (unsigned i = 0; i < 3; i++) {
    struct frame frame = sample_tcp_frame(0, here, there, PACKET_TCP_ACK, 100, bytes);
    meter_frame(meter, &frame);
    frame = sample_tcp_frame(0, here, there, PACKET_TCP_ACK, 100, bytes);
    wrap(&frame, bytes);
    meter_frame(meter, &frame);
  }
  meter_finish(meter);
  const struct summary *s = heard->summary[0];
  assert_int_equal(s->flows_new, 1);
  assert_int_equal(s->tunnelled_packets, 3);
  assert_int_equal(summary_direction_total(s, SUMMARY_TX).packets, 3);
  assert_int_equal(summary_direction_total(s, SUMMARY_TRANSIT).packets, 3);
  meter_free(meter);
  heard_free(heard);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_change_nothing),
      cmocka_unit_test(the_worst_sampling_of_an_interval_stands),
      cmocka_unit_test(a_packet_above_the_mtu_stands_for_several),
      cmocka_unit_test(a_tunnelled_packet_goes_the_way_of_its_carrier),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
