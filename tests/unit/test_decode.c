/* SPDX-License-Identifier: Apache-2.0 */
/* Decode: every kind of frame, every length it can be cut to, and the limits of nesting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/addr.h"
#include "sample_frames.h"
#include "sensor/decode.h"
#include "sensor/decode_layers.h"

/* Decodes bytes from a block of just their size, so that a sanitizer sees a read behind them, into
 * packets full of rubbish, so that a field not written is seen. The walk alone must agree. */
static struct packet decode_exactly(int link_type, const uint8_t *bytes, size_t captured,
                                    uint32_t wire_bytes)
{
  uint8_t *block = malloc(captured > 0 ? captured : 1);
  assert_non_null(block);
  memcpy(block, bytes, captured);
  const struct frame frame = {
      .time_ns = 42,
      .wire_bytes = wire_bytes,
      .captured_bytes = (uint32_t)captured,
      .data = captured > 0 ? block : block + 1,
      .link_type = link_type,
      .interface = 7,
  };
  struct packet packet;
  struct packet walked;
  memset(&packet, 0xa5, sizeof(packet));
  memset(&walked, 0x5a, sizeof(walked));
  decode_frame(&frame, &packet);
  decode_walk(&frame, &walked);
  free(block);
  assert_memory_equal(&packet, &walked, sizeof(packet));
  assert_int_equal(packet.time_ns, 42);
  assert_int_equal(packet.wire_bytes, wire_bytes);
  assert_int_equal(packet.interface, 7);
  assert_true(packet.undecoded < SUMMARY_UNDECODED_REASONS);
  return packet;
}

static uint32_t sample_wire(const struct sample_frame *sample, size_t captured)
{
  return sample->wire_bytes != 0 ? sample->wire_bytes : (uint32_t)captured;
}

static void expect(const struct sample_frame *sample, const char *field, uint64_t got,
                   uint64_t want)
{
  if (got != want) {
    fail_msg("%s: %s is %llu, expected %llu", sample->name, field, (unsigned long long)got,
             (unsigned long long)want);
  }
}

static void expect_addr(const struct sample_frame *sample, const struct addr *got, const char *want)
{
  struct addr expected;
  char text[ADDR_TEXT_MAX];
  assert_int_equal(addr_parse(want, &expected), 0);
  if (!addr_equal(got, &expected)) {
    fail_msg("%s: address %s, expected %s", sample->name, addr_format(got, text), want);
  }
}

static void expect_addresses(const struct sample_frame *want, const struct packet *got)
{
  enum sample_pair outer = want->ip_version == 4 ? PAIR_V4 : PAIR_V6;
  outer = want->ip_version == 0 ? PAIR_NONE : outer;
  expect_addr(want, &got->source, sample_pair_source(want->pair));
  expect_addr(want, &got->destination, sample_pair_destination(want->pair));
  expect_addr(want, &got->ip_source, sample_pair_source(outer));
  expect_addr(want, &got->ip_destination, sample_pair_destination(outer));
}

static void expect_sample(const struct sample_frame *want, const struct packet *got)
{
  expect(want, "undecoded", got->undecoded, want->undecoded);
  expect(want, "vlan", got->vlan, want->vlan);
  expect(want, "ip_version", got->ip_version, want->ip_version);
  expect(want, "ip_protocol", got->ip_protocol, want->ip_protocol);
  expect(want, "ip_bytes", got->ip_bytes, want->ip_bytes);
  expect(want, "is_fragment", got->is_fragment, want->fragment != 0);
  expect(want, "is_later_fragment", got->is_later_fragment, want->fragment == 2);
  expect(want, "protocol", got->protocol, want->protocol);
  expect(want, "source_port", got->source_port, want->source_port);
  expect(want, "destination_port", got->destination_port, want->destination_port);
  expect(want, "tcp_flags", got->tcp_flags, want->tcp_flags);
  expect(want, "icmp_type", got->icmp_type, want->icmp_type);
  expect(want, "payload_bytes", got->payload_bytes, want->payload_bytes);
  expect(want, "has_tcp_numbers", got->has_tcp_numbers, want->sequence != 0);
  expect(want, "tcp_sequence", got->tcp_sequence, want->sequence);
  expect(want, "tcp_acknowledgement", got->tcp_acknowledgement, want->acknowledgement);
  expect(want, "is_flow_fragment", got->is_flow_fragment, want->flow_fragment != 0);
  expect(want, "is_flow_later_fragment", got->is_flow_later_fragment, want->flow_fragment == 2);
  expect(want, "fragment_id", got->fragment_id, want->fragment_id);
  expect(want, "tunnel", got->tunnel, want->tunnel);
  expect(want, "dns", got->dns, want->dns);
  expect_addresses(want, got);
}

static void every_sample_gives_its_fields(void **state)
{
  (void)state;
  for (size_t i = 0; sample_frame_at(i) != NULL; i++) {
    const struct sample_frame *sample = sample_frame_at(i);
    uint8_t bytes[SAMPLE_BYTES_MAX];
    size_t length = sample_frame_bytes(sample, bytes);
    struct packet packet =
        decode_exactly(sample->link_type, bytes, length, sample_wire(sample, length));
    expect_sample(sample, &packet);
  }
}

/* What a cut capture still tells must be what the whole one tells. Payload that was cut is no fault
 * of the packet, so it may miss what stands there: a DNS header, a quoted fragment. */
static void assert_agrees(const struct sample_frame *sample, const struct packet *cut)
{
  if (cut->ip_version != 0) {
    expect(sample, "ip_version when cut", cut->ip_version, sample->ip_version);
    expect(sample, "ip_bytes when cut", cut->ip_bytes, sample->ip_bytes);
  }
  if (cut->undecoded == SUMMARY_DECODED) {
    struct sample_frame want = *sample;
    want.dns = cut->dns == PACKET_NO_DNS ? PACKET_NO_DNS : want.dns;
    want.fragment = want.fragment == 3 && !cut->is_fragment ? 0 : want.fragment;
    expect_sample(&want, cut);
  }
}

static void every_cut_capture_tells_the_truth_or_says_that_it_cannot(void **state)
{
  (void)state;
  for (size_t i = 0; sample_frame_at(i) != NULL; i++) {
    const struct sample_frame *sample = sample_frame_at(i);
    uint8_t bytes[SAMPLE_BYTES_MAX];
    size_t length = sample_frame_bytes(sample, bytes);
    for (size_t cut = 0; cut < length; cut++) {
      struct packet packet =
          decode_exactly(sample->link_type, bytes, cut, sample_wire(sample, length));
      assert_agrees(sample, &packet);
    }
  }
}

/* The frame itself ends early: its headers promise what was never sent. */
static void every_short_frame_is_read_within_its_bytes(void **state)
{
  (void)state;
  for (size_t i = 0; sample_frame_at(i) != NULL; i++) {
    const struct sample_frame *sample = sample_frame_at(i);
    uint8_t bytes[SAMPLE_BYTES_MAX];
    size_t length = sample_frame_bytes(sample, bytes);
    for (size_t cut = 0; cut < length; cut++) {
      struct packet packet = decode_exactly(sample->link_type, bytes, cut, (uint32_t)cut);
      assert_true(packet.ip_version == 0 || packet.ip_version == sample->ip_version);
    }
  }
}

static void an_empty_capture_is_a_truncated_link(void **state)
{
  (void)state;
  static const int links[] = {0,   1,   9,   50,  51,  104, 105, 108,
                              113, 127, 149, 226, 239, 242, 258, 276};
  uint8_t none[1] = {0};
  for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
    struct packet packet = decode_exactly(links[i], none, 0, 60);
    assert_int_equal(packet.undecoded, SUMMARY_TRUNCATED_LINK);
  }
  struct packet packet = decode_exactly(101, none, 0, 60);
  assert_int_equal(packet.undecoded, SUMMARY_TRUNCATED_NETWORK);
}

static void the_known_link_types_are_those_of_the_samples(void **state)
{
  (void)state;
  for (size_t i = 0; sample_frame_at(i) != NULL; i++) {
    const struct sample_frame *sample = sample_frame_at(i);
    bool is_known = sample->undecoded != SUMMARY_UNKNOWN_LINK;
    assert_int_equal(decode_knows_link(sample->link_type), is_known);
  }
  /* None, and those that would need the tables of a switch, or more than one frame: tagged by a
   * Broadcom or Marvell switch (281, 284, 285), multilink frame relay (182). */
  static const int unknown[] = {-1, 281, 284, 285, 182};
  for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
    assert_false(decode_knows_link(unknown[i]));
  }
}

static const uint8_t udp_header[8] = {0, 1, 0, 2, 0, 8, 0, 0};

/* Nests count IPv4 headers of protocol 4 and ends with UDP. */
static size_t nest_ipv4(unsigned count, uint8_t out[SAMPLE_BYTES_MAX])
{
  size_t total = count * 20 + 8;
  for (unsigned i = 0; i < count; i++) {
    uint8_t *header = out + (size_t)i * 20;
    memset(header, 0, 20);
    header[0] = 0x45;
    header[3] = (uint8_t)(total - (size_t)i * 20);
    header[9] = i + 1 < count ? 4 : 17;
    header[15] = (uint8_t)(i + 1);
  }
  memcpy(out + (size_t)count * 20, udp_header, sizeof(udp_header));
  return total;
}

static void the_fourth_ip_header_is_the_last_one_read(void **state)
{
  (void)state;
  uint8_t bytes[SAMPLE_BYTES_MAX];
  size_t length = nest_ipv4(4, bytes);
  struct packet packet = decode_exactly(228, bytes, length, (uint32_t)length);
  assert_int_equal(packet.undecoded, SUMMARY_DECODED);
  assert_int_equal(packet.destination_port, 2);
  length = nest_ipv4(5, bytes);
  packet = decode_exactly(228, bytes, length, (uint32_t)length);
  assert_int_equal(packet.undecoded, SUMMARY_TOO_DEEP);
  assert_int_equal(packet.ip_bytes, length);
  assert_int_equal(packet.ip_source.byte[15], 1);
  assert_int_equal(packet.source.byte[15], 4);
  assert_int_equal(packet.protocol, 4);
}

/* ETHER with count tags around an IPv4 header. */
static size_t stack_tags(unsigned count, uint8_t out[SAMPLE_BYTES_MAX])
{
  static const uint8_t tag[4] = {0x81, 0, 0, 9};
  static const uint8_t ether_type[2] = {0x08, 0};
  memset(out, 0, 12);
  size_t at = 12;
  for (unsigned i = 0; i < count; i++) {
    memcpy(out + at, tag, sizeof(tag));
    at += sizeof(tag);
  }
  memcpy(out + at, ether_type, sizeof(ether_type));
  at += sizeof(ether_type);
  return at + nest_ipv4(1, out + at);
}

static void the_eighth_tag_is_the_last_one_read(void **state)
{
  (void)state;
  uint8_t bytes[SAMPLE_BYTES_MAX];
  size_t length = stack_tags(8, bytes);
  struct packet packet = decode_exactly(1, bytes, length, (uint32_t)length);
  assert_int_equal(packet.undecoded, SUMMARY_DECODED);
  assert_int_equal(packet.vlan, 9);
  assert_int_equal(packet.ip_version, 4);
  length = stack_tags(9, bytes);
  packet = decode_exactly(1, bytes, length, (uint32_t)length);
  assert_int_equal(packet.undecoded, SUMMARY_TOO_DEEP);
  assert_int_equal(packet.ip_version, 0);
}

static void too_many_extension_headers_still_count_as_ip(void **state)
{
  (void)state;
  for (unsigned count = 16; count <= 17; count++) {
    uint8_t bytes[SAMPLE_BYTES_MAX] = {0x60};
    size_t extensions = (size_t)count * 8;
    bytes[5] = (uint8_t)(extensions + 8);
    bytes[6] = 60;
    for (unsigned i = 0; i < count; i++) {
      bytes[40 + i * 8] = i + 1 < count ? 60 : 17;
    }
    memcpy(bytes + 40 + extensions, udp_header, sizeof(udp_header));
    size_t length = 40 + extensions + 8;
    struct packet packet = decode_exactly(229, bytes, length, (uint32_t)length);
    assert_int_equal(packet.ip_version, 6);
    assert_int_equal(packet.ip_bytes, length);
    assert_int_equal(packet.undecoded, count == 16 ? SUMMARY_DECODED : SUMMARY_TOO_DEEP);
    assert_int_equal(packet.destination_port, count == 16 ? 2 : 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_sample_gives_its_fields),
      cmocka_unit_test(every_cut_capture_tells_the_truth_or_says_that_it_cannot),
      cmocka_unit_test(every_short_frame_is_read_within_its_bytes),
      cmocka_unit_test(an_empty_capture_is_a_truncated_link),
      cmocka_unit_test(the_known_link_types_are_those_of_the_samples),
      cmocka_unit_test(the_fourth_ip_header_is_the_last_one_read),
      cmocka_unit_test(the_eighth_tag_is_the_last_one_read),
      cmocka_unit_test(too_many_extension_headers_still_count_as_ip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
