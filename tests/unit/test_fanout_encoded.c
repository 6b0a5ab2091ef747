/* SPDX-License-Identifier: Apache-2.0 */
/* The fan-out sketch as bytes: what comes back, what it costs, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/fanout.h"
#include "common/hash.h"
#include "tests/unit/sample_random.h"

#define LONGEST_BYTES (14 + 2 * 157 * 52) /* each cell an entry: 1 + 2 + 16 + 33 */

static uint8_t bytes[FANOUT_ENCODED_MAX + 1];

static struct fanout *fanout(void)
{
  struct fanout *f = fanout_new(HASH_FLEET_SEED);
  assert_non_null(f);
  return f;
}

static struct addr random_addr(bool is_v6)
{
  uint64_t number[2] = {0x120, next_random()};
  return is_v6 ? addr_from_v6((const uint8_t *)number) : addr_from_v4((const uint8_t *)&number[1]);
}

static void feed(struct fanout *f, unsigned hosts, unsigned items)
{
  for (unsigned i = 0; i < hosts; i++) {
    struct addr a = random_addr(i % 3 == 2);
    for (unsigned n = 0; n < items; n++) {
      fanout_add(f, &a, next_random());
    }
  }
}

static void encoded_sketches_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  static const struct {
    unsigned hosts, items;
  } rows[] = {{0, 0}, {1, 1}, {1, 15}, {1, 40}, {3, 2}, {50, 5}, {120, 30}, {400, 2}, {2000, 20}};
  struct fanout *f = fanout();
  struct fanout *back = fanout();
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fanout_clear(f);
    feed(f, rows[i].hosts, rows[i].items);
    size_t length = fanout_encode(f, bytes);
    assert_true(length <= LONGEST_BYTES);
    assert_int_equal(fanout_decode(bytes, length, back), 0);
    assert_true(fanout_equal(f, back));
    for (size_t shorter = 0; shorter < length; shorter++) {
      assert_int_equal(fanout_decode(bytes, shorter, back), ERR_TRUNCATED);
    }
    bytes[length] = 0;
    assert_int_equal(fanout_decode(bytes, length + 1, back), ERR_MALFORMED);
    assert_true(fanout_equal(f, back));
  }
  fanout_free(f);
  fanout_free(back);
}

static void a_quiet_hosts_minute_costs_a_few_dozen_bytes(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  assert_int_equal(fanout_encode(f, bytes), 14);
  struct addr a = random_addr(false);
  fanout_add(f, &a, next_random());
  /* tag, priority, address, 1, one rank. */
  assert_int_equal(fanout_encode(f, bytes), 14 + 1 + 2 + 4 + 1 + 2);
  fanout_clear(f);
  for (unsigned i = 0; i < 3; i++) {
    a = random_addr(false);
    fanout_add(f, &a, next_random());
    fanout_add(f, &a, next_random());
  }
  /* When two of the three share a cell, it is written apart. */
  assert_in_range(fanout_encode(f, bytes), 14 + 3 * 10, 14 + 3 * 12 + 2 * 9);
  fanout_free(f);
}

static void a_storm_of_long_addresses_stays_within_the_limit(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  for (unsigned i = 0; i < 100000; i++) {
    struct addr a = random_addr(true);
    fanout_add(f, &a, next_random());
  }
  /* A candidate that holds both its cells is written once. */
  assert_in_range(fanout_encode(f, bytes), LONGEST_BYTES * 8 / 10, LONGEST_BYTES);
  fanout_free(f);
}

/* One host with one item:
 *   0..11  version, size, seed   12  entries   14  tag 0x23: both rows, the second like the first
 *   15  priority   17  address   21  n   22  register and rank */
static void broken_encodings_are_refused_by_kind(void **state)
{
  (void)state;
  static const struct {
    size_t at;
    uint8_t value;
    int err;
  } rows[] = {
      {0, 2, ERR_UNSUPPORTED},   {1, 3, ERR_CONFLICT},      {2, 156, ERR_CONFLICT},
      {3, 32, ERR_CONFLICT},     {4, 0xff, ERR_CONFLICT},   {12, 2, ERR_TRUNCATED},
      {12, 0, ERR_MALFORMED},    {14, 0, ERR_MALFORMED},    /* holds no row */
      {14, 0x27, ERR_MALFORMED}, {14, 0x2b, ERR_MALFORMED}, /* a row that is none */
      {14, 0x33, ERR_MALFORMED},                            /* the first like itself */
      {14, 0x63, ERR_MALFORMED}, {14, 0x21, ERR_MALFORMED}, /* like the first, and not held */
      {14, 0x03, ERR_TRUNCATED},                            /* ranks of a second row */
      {14, 0xa3, ERR_TRUNCATED},                            /* a long address */
      {21, 2, ERR_TRUNCATED},    {21, 0, ERR_TRUNCATED},    {21, 16, ERR_MALFORMED},
      {23, 0x04, ERR_MALFORMED}, /* register 64 */
      {22, 0xf0, ERR_MALFORMED}, /* rank 0 */
  };
  struct fanout *f = fanout();
  struct fanout *back = fanout();
  struct fanout *empty = fanout();
  uint8_t good[24];
  const struct addr a = addr_from_v4((const uint8_t *)"\x0a\x01\x02\x03");
  fanout_add(f, &a, 1);
  size_t length = fanout_encode(f, bytes);
  assert_int_equal(length, sizeof(good));
  assert_int_equal(bytes[14], 0x23);
  memcpy(good, bytes, length);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t bad[sizeof(good)];
    memcpy(bad, good, length);
    bad[rows[i].at] = rows[i].value;
    assert_int_equal(fanout_decode(bad, length, back), rows[i].err);
    assert_true(fanout_equal(back, empty));
  }
  good[15] = good[16] = 0; /* no priority */
  assert_int_equal(fanout_decode(good, length, back), ERR_MALFORMED);
  fanout_free(empty);
  fanout_free(f);
  fanout_free(back);
}

static void entries_out_of_order_or_twice_are_refused(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  struct fanout *back = fanout();
  struct fanout *empty = fanout();
  /* Two hosts that share no cell: entries of ten bytes each. */
  size_t length = 0;
  do {
    fanout_clear(f);
    for (int i = 0; i < 2; i++) {
      struct addr a = random_addr(false);
      fanout_add(f, &a, next_random());
    }
    length = fanout_encode(f, bytes);
  } while (length != 14 + 2 * 10);
  uint8_t bad[34];
  memcpy(bad, bytes, 14);
  memcpy(bad + 14, bytes + 24, 10);
  memcpy(bad + 24, bytes + 14, 10);
  assert_int_equal(fanout_decode(bad, sizeof(bad), back), ERR_MALFORMED);
  memcpy(bad + 24, bytes + 24, 10);
  assert_int_equal(fanout_decode(bad, sizeof(bad), back), ERR_MALFORMED);
  /* One host as two entries, a row each. */
  memcpy(bad + 14, bytes + 14, 10);
  memcpy(bad + 24, bytes + 14, 10);
  bad[14] = 0x01;
  bad[24] = 0x02;
  assert_int_equal(fanout_decode(bad, sizeof(bad), back), ERR_MALFORMED);
  assert_true(fanout_equal(back, empty));
  fanout_free(empty);
  fanout_free(f);
  fanout_free(back);
}

/* Entries as broken_encodings_are_refused_by_kind draws them. */
static void a_second_way_to_write_the_same_is_refused(void **state)
{
  (void)state;
  struct fanout *f = fanout();
  struct fanout *empty = fanout();
  size_t length = fanout_encode(f, bytes);
  bytes[12] = 1;
  /* Tag, priority, address, ranks of the first row, ranks of the second. */
  static const uint8_t alike[] = {0x03, 1, 0, 10, 0, 0, 1, 1, 0x55, 0, 1, 0x55, 0};
  static const uint8_t few[1 + 2 + 4 + 1 + 32] = {0x23, 1, 0, 10, 0, 0, 1, 0, [8] = 0x11, 0x11};
  static const uint8_t mapped[1 + 2 + 16 + 1 + 2] = {0xa3, 1, 0, [13] = 0xff, 0xff, 10,
                                                     0,    0, 1, 1,           0x55, 0};
  memcpy(bytes + length, alike, sizeof(alike));
  assert_int_equal(fanout_decode(bytes, length + sizeof(alike), f), ERR_MALFORMED);
  memcpy(bytes + length, few, sizeof(few));
  assert_int_equal(fanout_decode(bytes, length + sizeof(few), f), ERR_MALFORMED);
  memcpy(bytes + length, mapped, sizeof(mapped));
  assert_int_equal(fanout_decode(bytes, length + sizeof(mapped), f), ERR_MALFORMED);
  assert_true(fanout_equal(f, empty));
  fanout_free(f);
  fanout_free(empty);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(encoded_sketches_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(a_quiet_hosts_minute_costs_a_few_dozen_bytes),
      FROM_SEED(a_storm_of_long_addresses_stays_within_the_limit),
      FROM_SEED(broken_encodings_are_refused_by_kind),
      FROM_SEED(a_second_way_to_write_the_same_is_refused),
      FROM_SEED(entries_out_of_order_or_twice_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
