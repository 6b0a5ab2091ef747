/* SPDX-License-Identifier: Apache-2.0 */
/* The sampling program in the kernel that will run it: a pair of datagram sockets with the filter
 * attached, frames sent into one end and counted at the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"
#include "sensor/sample_filter.h"

#define SEED     UINT32_C(0x5e19e001)
#define SNAP     96
#define ETHERNET 1
#define RAW      12

static int sockets[2];

static int open_sockets(void **state)
{
  (void)state;
  return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sockets);
}

static int close_sockets(void **state)
{
  (void)state;
  (void)close(sockets[0]);
  (void)close(sockets[1]);
  return 0;
}

static void attach(int link_type, unsigned shift, const struct sock_filter *before,
                   size_t before_length)
{
  struct sample_filter filter;
  assert_int_equal(sample_filter_make(link_type, shift, SEED, SNAP, before, before_length, &filter),
                   0);
  struct sock_fprog program = {(unsigned short)filter.length, filter.program};
  assert_int_equal(setsockopt(sockets[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
                   0);
  free(filter.program);
}

/* Whether the kernel lets it through; length: what came. */
static bool is_kept(const uint8_t *frame, size_t length, size_t *got)
{
  uint8_t back[256];
  /* A refused datagram is no error of the sender's, or EPERM: both mean dropped. */
  (void)send(sockets[0], frame, length, 0);
  ssize_t n = recv(sockets[1], back, sizeof(back), 0);
  if (got != NULL) {
    *got = n > 0 ? (size_t)n : 0;
  }
  return n > 0;
}

/* An Ethernet frame with `tags` tags and an IPv4 or IPv6 header of two given addresses. */
static size_t make_frame(uint8_t *out, unsigned tags, unsigned version, const uint8_t source[16],
                         const uint8_t destination[16])
{
  memset(out, 0, 200);
  size_t at = 12;
  for (unsigned i = 0; i < tags; i++) {
    out[at] = i == 0 && tags == 2 ? 0x88 : 0x81;
    out[at + 1] = i == 0 && tags == 2 ? 0xa8 : 0x00;
    at += 4;
  }
  out[at] = version == 4 ? 0x08 : 0x86;
  out[at + 1] = version == 4 ? 0x00 : 0xdd;
  at += 2;
  out[at] = version == 4 ? 0x45 : 0x60;
  size_t first = at + (version == 4 ? 12 : 8);
  size_t bytes = version == 4 ? 4 : 16;
  memcpy(out + first, source, bytes);
  memcpy(out + first + bytes, destination, bytes);
  return at + 100;
}

static uint64_t random_state;

static uint8_t draw(void)
{
  random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (uint8_t)(random_state >> 56);
}

/* One host to many, and many to many: how many of n pairs are kept; both ways agree, tags or not.
 */
static unsigned count_kept(unsigned version, bool is_one_source, unsigned n)
{
  unsigned kept = 0;
  uint8_t source[16] = {10, 1, 2, 3};
  for (unsigned i = 0; i < n; i++) {
    uint8_t destination[16] = {0};
    for (unsigned k = 0; k < 16; k++) {
      source[k] = is_one_source ? source[k] : draw();
      /* Neighbours: what a fleet's addresses are. */
      destination[k] = source[k];
    }
    destination[2] = (uint8_t)(i >> 8);
    destination[3] = (uint8_t)i;
    uint8_t frame[256];
    bool answer[3];
    for (unsigned tags = 0; tags <= 2; tags++) {
      size_t length = make_frame(frame, tags, version, source, destination);
      answer[tags] = is_kept(frame, length, NULL);
      length = make_frame(frame, tags, version, destination, source);
      assert_int_equal(is_kept(frame, length, NULL), answer[tags]);
    }
    assert_int_equal(answer[1], answer[0]);
    assert_int_equal(answer[2], answer[0]);
    kept += answer[0] ? 1 : 0;
  }
  return kept;
}

static void one_pair_in_so_many_is_kept_and_both_ways_alike(void **state)
{
  (void)state;
  random_state = 1;
  static const unsigned versions[] = {4, 6};
  for (unsigned v = 0; v < 2; v++) {
    for (unsigned shift = 0; shift <= 4; shift++) {
      attach(ETHERNET, shift, NULL, 0);
      unsigned expected = 4096U >> shift;
      for (int one = 0; one < 2; one++) {
        unsigned kept = count_kept(versions[v], one != 0, 4096);
        /* Six standard deviations of the binomial: sqrt(4096 p (1 - p)) <= sqrt(expected). */
        unsigned slack = 0;
        while (shift > 0 && slack * slack < 36 * expected) {
          slack++;
        }
        assert_in_range(kept, expected - (slack < expected ? slack : expected), expected + slack);
      }
    }
  }
}

static void a_finer_sample_is_part_of_a_coarser_one(void **state)
{
  (void)state;
  uint8_t frame[256];
  bool kept[512];
  for (unsigned shift = 1; shift <= 5; shift++) {
    attach(ETHERNET, shift, NULL, 0);
    for (unsigned i = 0; i < 512; i++) {
      const uint8_t source[16] = {192, 168, 0, 1};
      const uint8_t destination[16] = {10, 9, (uint8_t)(i >> 8), (uint8_t)i};
      bool is_now = is_kept(frame, make_frame(frame, 0, 4, source, destination), NULL);
      assert_true(shift == 1 || kept[i] || !is_now);
      kept[i] = is_now;
    }
  }
}

static void what_is_no_ip_is_kept_always(void **state)
{
  (void)state;
  attach(ETHERNET, SAMPLE_FILTER_SHIFT_MAX, NULL, 0);
  uint8_t arp[60] = {[12] = 0x08, [13] = 0x06};
  uint8_t mpls[100] = {[12] = 0x88, [13] = 0x47};
  uint8_t tagged_arp[64] = {[12] = 0x81, [16] = 0x08, [17] = 0x06};
  assert_true(is_kept(arp, sizeof(arp), NULL));
  assert_true(is_kept(mpls, sizeof(mpls), NULL));
  assert_true(is_kept(tagged_arp, sizeof(tagged_arp), NULL));
}

static void kept_packets_are_cut_to_the_snap_length(void **state)
{
  (void)state;
  attach(ETHERNET, 0, NULL, 0);
  uint8_t frame[256] = {[12] = 0x08, [13] = 0x06};
  size_t got = 0;
  assert_true(is_kept(frame, 200, &got));
  assert_int_equal(got, SNAP);
}

static void raw_ip_is_sampled_by_the_same_hash(void **state)
{
  (void)state;
  bool kept[512];
  for (int link = 0; link < 2; link++) {
    attach(link == 0 ? ETHERNET : RAW, 2, NULL, 0);
    for (unsigned i = 0; i < 512; i++) {
      uint8_t frame[256];
      const uint8_t source[16] = {172, 16, 0, 1};
      const uint8_t destination[16] = {172, 16, (uint8_t)(i >> 8), (uint8_t)i};
      size_t length = make_frame(frame, 0, i % 2 == 0 ? 4 : 6, source, destination);
      size_t skip = link == 0 ? 0 : 14;
      bool is_now = is_kept(frame + skip, length - skip, NULL);
      assert_true(link == 0 || is_now == kept[i]);
      kept[i] = is_now;
    }
  }
}

/* "before" as a compiler makes it: several accepting and refusing returns. */
static void a_capture_filter_goes_first(void **state)
{
  (void)state;
  const struct sock_filter only_udp[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0806, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 262144),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 262144),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const uint8_t source[16] = {10, 0, 0, 1};
  unsigned kept[2] = {0, 0};
  for (unsigned joined = 0; joined < 2; joined++) {
    attach(ETHERNET, 1, only_udp, joined == 0 ? 0 : sizeof(only_udp) / sizeof(only_udp[0]));
    for (unsigned i = 0; i < 256; i++) {
      uint8_t frame[256];
      const uint8_t destination[16] = {10, 0, 1, (uint8_t)i};
      size_t length = make_frame(frame, 0, 4, source, destination);
      frame[23] = 17;
      kept[joined] += is_kept(frame, length, NULL) ? 1 : 0;
      frame[23] = 6;
      assert_true(joined == 0 || !is_kept(frame, length, NULL));
    }
  }
  assert_int_equal(kept[1], kept[0]);
  uint8_t arp[60] = {[12] = 0x08, [13] = 0x06};
  assert_true(is_kept(arp, sizeof(arp), NULL));
}

static void other_link_types_are_refused(void **state)
{
  (void)state;
  static const int refused[] = {0, 113, 276, 105, -1};
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    struct sample_filter filter = {0, NULL};
    assert_int_equal(sample_filter_make(refused[i], 1, SEED, SNAP, NULL, 0, &filter),
                     ERR_UNSUPPORTED);
    assert_null(filter.program);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_pair_in_so_many_is_kept_and_both_ways_alike),
      cmocka_unit_test(a_finer_sample_is_part_of_a_coarser_one),
      cmocka_unit_test(what_is_no_ip_is_kept_always),
      cmocka_unit_test(kept_packets_are_cut_to_the_snap_length),
      cmocka_unit_test(raw_ip_is_sampled_by_the_same_hash),
      cmocka_unit_test(a_capture_filter_goes_first),
      cmocka_unit_test(other_link_types_are_refused),
  };
  return cmocka_run_group_tests(tests, open_sockets, close_sockets);
}
