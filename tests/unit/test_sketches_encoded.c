/* SPDX-License-Identifier: Apache-2.0 */
/* What all encoded sketches stand on (little-endian numbers, varints, arrays of counts), and the
 * histogram's form: one content, one encoding; anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/hist.h"
#include "common/hll.h"
#include "common/le.h"
#include "tests/unit/sample_random.h"

static void numbers_come_back_little_endian(void **state)
{
  (void)state;
  uint8_t bytes[10];
  assert_int_equal(le_put_u16(bytes, 0x1234), 2);
  assert_int_equal(le_put_u64(bytes + 2, UINT64_C(0x0102030405060708)), 8);
  static const uint8_t expected[10] = {0x34, 0x12, 8, 7, 6, 5, 4, 3, 2, 1};
  assert_memory_equal(bytes, expected, sizeof(expected));
  struct rd r = rd_init(bytes, sizeof(bytes));
  assert_int_equal(le_u16(&r), 0x1234);
  assert_true(le_u64(&r) == UINT64_C(0x0102030405060708));
  assert_false(r.has_failed);
  (void)le_u16(&r);
  assert_true(r.has_failed);
}

static void varints_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  for (int i = 0; i < 5000; i++) {
    uint64_t value = i < 128 ? UINT64_MAX >> i / 2 : next_random() >> next_random() % 64;
    uint64_t back = ~value;
    uint8_t bytes[LE_VARINT_MAX];
    size_t length = le_put_varint(bytes, value);
    assert_true(length <= LE_VARINT_MAX);
    for (size_t shorter = 0; shorter < length; shorter++) {
      struct rd r = rd_init(bytes, shorter);
      assert_int_equal(le_varint(&r, &back), ERR_TRUNCATED);
      assert_true(back == ~value);
    }
    struct rd r = rd_init(bytes, length);
    assert_int_equal(le_varint(&r, &back), 0);
    assert_true(back == value && rd_left(&r) == 0);
  }
}

static void varints_that_are_longer_than_need_be_are_refused(void **state)
{
  (void)state;
  static const struct {
    size_t length;
    uint8_t bytes[11];
  } rows[] = {
      {2, {0x80, 0x00}},
      {3, {0xff, 0x80, 0x00}},
      {10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}},
      {11, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01}},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct rd r = rd_init(rows[i].bytes, rows[i].length);
    uint64_t value = 7;
    assert_int_equal(le_varint(&r, &value), ERR_MALFORMED);
    assert_int_equal(value, 7);
  }
}

static void encoded_histograms_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  for (int round = 0; round < 100; round++) {
    struct hist h = {{0}}, back = {{0}}, merged = {{0}};
    uint8_t bytes[HIST_ENCODED_MAX + 1] = {0};
    for (int i = 0; i < round; i++) {
      h.bucket[next_random() % HIST_BUCKETS] = next_random() >> next_random() % 64;
    }
    size_t length = hist_encode(&h, bytes);
    assert_true(length <= HIST_ENCODED_MAX);
    assert_int_equal(hist_decode(bytes, length, &back), 0);
    assert_true(hist_equal(&h, &back));
    for (size_t shorter = 0; shorter < length; shorter++) {
      assert_int_equal(hist_decode(bytes, shorter, &back), ERR_TRUNCATED);
    }
    assert_int_equal(hist_decode(bytes, length + 1, &back), ERR_MALFORMED);
    assert_true(hist_equal(&h, &back));
    /* A forged one cannot wrap the sum. */
    hist_merge(&merged, &h);
    hist_merge(&merged, &back);
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
      assert_true(merged.bucket[i] >= h.bucket[i]);
    }
  }
}

static void few_used_buckets_of_a_histogram_cost_few_bytes(void **state)
{
  (void)state;
  struct hist h = {{0}};
  uint8_t bytes[HIST_ENCODED_MAX];
  assert_int_equal(hist_encode(&h, bytes), 4);
  hist_add(&h, 64);
  hist_add(&h, 1500);
  assert_int_equal(hist_encode(&h, bytes), 8);
  memset(&h, 0xff, sizeof(h));
  assert_int_equal(hist_encode(&h, bytes), HIST_ENCODED_MAX);
}

static void broken_histograms_are_refused_by_kind(void **state)
{
  (void)state;
  struct hist h = {{0}}, back = {{0}};
  uint8_t good[HIST_ENCODED_MAX];
  hist_add(&h, 2);
  hist_add(&h, 3);
  size_t length = hist_encode(&h, good);
  static const struct {
    size_t at;
    uint8_t value;
    int err;
  } rows[] = {
      {0, 2, ERR_UNSUPPORTED}, {1, 32, ERR_CONFLICT}, {2, 2, ERR_MALFORMED},
      {2, 0, ERR_TRUNCATED},   {3, 3, ERR_TRUNCATED}, {3, 1, ERR_MALFORMED},
      {4, 64, ERR_MALFORMED},  {4, 3, ERR_MALFORMED}, {5, 0, ERR_MALFORMED},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t bad[HIST_ENCODED_MAX];
    memcpy(bad, good, length);
    bad[rows[i].at] = rows[i].value;
    assert_int_equal(hist_decode(bad, length, &back), rows[i].err);
    assert_int_equal(hist_total(&back), 0);
  }
}

static void the_longer_form_is_refused(void **state)
{
  (void)state;
  /* Dense counts where few are used. */
  uint8_t counts[2 + 1 + HIST_BUCKETS] = {1, HIST_BUCKETS, 0, 5};
  struct hist h = {{0}};
  assert_int_equal(hist_decode(counts, sizeof(counts), &h), ERR_MALFORMED);
  /* Sparse counts where all are used. */
  uint8_t sparse[2 + 2 + 2 * HIST_BUCKETS] = {1, HIST_BUCKETS, 1, HIST_BUCKETS};
  for (uint8_t i = 0; i < HIST_BUCKETS; i++) {
    sparse[4 + 2 * i] = i;
    sparse[5 + 2 * i] = 1;
  }
  assert_int_equal(hist_decode(sparse, sizeof(sparse), &h), ERR_MALFORMED);
  assert_int_equal(hist_total(&h), 0);
  /* Dense registers where few are used. */
  uint8_t ranks[11 + 256] = {1, 8};
  ranks[11] = 1;
  struct hll sketch;
  assert_int_equal(hll_decode(ranks, sizeof(ranks), &sketch), ERR_MALFORMED);
}

static void like_sketches_are_equal_and_unlike_ones_are_not(void **state)
{
  (void)state;
  struct hll a, b;
  hll_init(&a, 8, 1);
  b = a;
  assert_true(hll_equal(&a, &b));
  hll_add(&b, next_random());
  assert_false(hll_equal(&a, &b));
  hll_init(&b, 8, 2);
  assert_false(hll_equal(&a, &b));
  hll_init(&b, 9, 1);
  assert_false(hll_equal(&a, &b));
  struct hist x = {{0}}, y = {{0}};
  assert_true(hist_equal(&x, &y));
  hist_add(&y, 9);
  assert_false(hist_equal(&x, &y));
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(numbers_come_back_little_endian),
      FROM_SEED(varints_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(varints_that_are_longer_than_need_be_are_refused),
      FROM_SEED(encoded_histograms_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(few_used_buckets_of_a_histogram_cost_few_bytes),
      FROM_SEED(broken_histograms_are_refused_by_kind),
      FROM_SEED(the_longer_form_is_refused),
      FROM_SEED(like_sketches_are_equal_and_unlike_ones_are_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
