/* SPDX-License-Identifier: Apache-2.0 */
/* What each address moved: exact while there is room, within the stated error beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/hash.h"
#include "sensor/window_hosts.h"
#include "tests/unit/sample_deltas.h"

#define SEED  UINT64_C(4711)
#define HOSTS 3000

static void add(struct window_hosts *hosts, uint32_t host, uint64_t sent, uint64_t received)
{
  struct addr addr = sample_addr(host);
  const struct counts tx = {1, sent, 0};
  const struct counts rx = {1, received, 0};
  window_hosts_add(hosts, &addr, hash_bytes(addr.byte, sizeof addr.byte), &tx, &rx);
}

/* Skewed random load; truth[] and the sum grow with it. */
static uint64_t feed(struct window_hosts *hosts, uint64_t *random, size_t count, uint64_t *truth)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t host = sample_zipf(random, HOSTS);
    uint64_t sent = sample_below(random, 1500);
    uint64_t received = sample_below(random, 90);
    add(hosts, host, sent, received);
    truth[host] += sent + received;
    sum += sent + received;
  }
  return sum;
}

static uint64_t shown_bytes(const struct summary_talker *talker)
{
  return talker->tx.bytes + talker->rx.bytes;
}

/* Every host lies within its talker's error, or below the floor; the list is in order. */
static void assert_true_to(const struct summary *s, const uint64_t *truth)
{
  bool is_listed[HOSTS] = {false};
  for (size_t i = 0; i < s->talker_count; i++) {
    const struct summary_talker *talker = &s->talkers[i];
    uint32_t host = sample_host(&talker->addr);
    is_listed[host] = true;
    assert_true(shown_bytes(talker) <= truth[host]);
    assert_true(truth[host] <= shown_bytes(talker) + talker->error_bytes);
    assert_true(i == 0 || shown_bytes(talker) <= shown_bytes(talker - 1));
  }
  for (uint32_t host = 0; host < HOSTS; host++) {
    assert_true(is_listed[host] || truth[host] <= s->talkers_floor);
  }
}

static void talkers_are_exact_while_the_table_holds_all(void **state)
{
  (void)state;
  struct window_hosts *hosts = window_hosts_new(HOSTS, 20);
  assert_non_null(hosts);
  uint64_t random = SEED;
  for (unsigned round = 0; round < 3; round++) {
    uint64_t truth[HOSTS] = {0};
    feed(hosts, &random, 20000, truth);
    struct summary s = {0};
    window_hosts_close(hosts, &s);
    assert_int_equal(s.talker_count, 20);
    assert_true_to(&s, truth);
    for (size_t i = 0; i < s.talker_count; i++) {
      assert_int_equal(s.talkers[i].error_bytes, 0);
      assert_int_equal(shown_bytes(&s.talkers[i]), truth[sample_host(&s.talkers[i].addr)]);
    }
  }
  window_hosts_free(hosts);
}

/* Far more hosts than counters: the floor is at most 2 N/m. */
static void a_full_table_stays_within_its_stated_error(void **state)
{
  (void)state;
  const size_t capacities[] = {2, 3, 16, 100, 500};
  for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
    uint64_t random = SEED + c;
    struct window_hosts *hosts = window_hosts_new(capacities[c], 10);
    assert_non_null(hosts);
    uint64_t truth[HOSTS] = {0};
    uint64_t sum = feed(hosts, &random, 50000, truth);
    struct summary s = {0};
    window_hosts_close(hosts, &s);
    assert_true_to(&s, truth);
    for (size_t i = 0; i < s.talker_count; i++) {
      assert_true(s.talkers[i].error_bytes <= 2 * sum / capacities[c]);
    }
    window_hosts_free(hosts);
  }
}

static void equal_hosts_are_dropped_together_whatever_the_seed(void **state)
{
  (void)state;
  struct window_hosts *hosts = window_hosts_new(8, 8);
  assert_non_null(hosts);
  for (uint32_t i = 0; i < 8; i++) {
    add(hosts, i, 60, 0);
  }
  add(hosts, 100, 10, 0);
  struct summary s = {0};
  window_hosts_close(hosts, &s);
  assert_int_equal(s.talker_count, 1);
  assert_int_equal(sample_host(&s.talkers[0].addr), 100);
  assert_int_equal(s.talkers[0].error_bytes, 60);
  assert_int_equal(s.talkers_floor, 60);
  window_hosts_free(hosts);
}

/* Small and large tables on either side, so that both, one or none of them was ever full. */
static void merged_tables_are_true_to_the_whole(void **state)
{
  (void)state;
  const size_t capacities[][2] = {{HOSTS, HOSTS}, {64, HOSTS}, {HOSTS, 64}, {64, 64}, {300, 40}};
  for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
    uint64_t random = SEED + c;
    struct window_hosts *second = window_hosts_new(capacities[c][0], 5);
    struct window_hosts *minute = window_hosts_new(capacities[c][1], 12);
    assert_non_null(second);
    assert_non_null(minute);
    uint64_t truth[HOSTS] = {0};
    struct summary s = {0};
    for (unsigned i = 0; i < 12; i++) {
      feed(second, &random, i == 5 ? 0 : 4000, truth);
      window_hosts_close(second, &s);
      window_hosts_merge(minute, second);
    }
    window_hosts_close(minute, &s);
    assert_int_equal(s.talker_count, 12);
    assert_true_to(&s, truth);
    window_hosts_close(minute, &s);
    assert_int_equal(s.talker_count, 0);
    assert_int_equal(s.talkers_floor, 0);
    window_hosts_free(second);
    window_hosts_free(minute);
  }
}

int main(void)
{
  print_message("seed %llu\n", (unsigned long long)SEED);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(talkers_are_exact_while_the_table_holds_all),
      cmocka_unit_test(a_full_table_stays_within_its_stated_error),
      cmocka_unit_test(equal_hosts_are_dropped_together_whatever_the_seed),
      cmocka_unit_test(merged_tables_are_true_to_the_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
