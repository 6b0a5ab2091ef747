/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of HyperLogLog and the histogram over random streams; a failure prints its seed, and
 * SEINE_TEST_SEED repeats it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/hist.h"
#include "common/hll.h"
#include "tests/unit/sample_random.h"

static uint64_t hash_of(uint64_t item)
{
  return hash_seeded(HASH_FLEET_SEED, &item, sizeof(item));
}

static void assert_same_sketch(const struct hll *a, const struct hll *b)
{
  uint8_t x[HLL_ENCODED_MAX];
  uint8_t y[HLL_ENCODED_MAX];
  size_t length = hll_encode(a, x);
  assert_int_equal(length, hll_encode(b, y));
  assert_memory_equal(x, y, length);
}

static void merging_a_split_stream_gives_the_whole_streams_sketch(void **state)
{
  (void)state;
  for (unsigned p = HLL_PRECISION_MIN; p <= HLL_PRECISION_MAX; p++) {
    struct hll whole, part[3], merged;
    hll_init(&whole, p, HASH_FLEET_SEED);
    hll_init(&merged, p, HASH_FLEET_SEED);
    for (int i = 0; i < 3; i++) {
      hll_init(&part[i], p, HASH_FLEET_SEED);
    }
    uint64_t items = next_random() % 20000;
    for (uint64_t i = 0; i < items; i++) {
      uint64_t hash = hash_of(next_random() % 15000);
      hll_add(&whole, hash);
      hll_add(&part[next_random() % 3], hash);
    }
    for (int i = 2; i >= 0; i--) {
      assert_int_equal(hll_merge(&merged, &part[i]), 0);
    }
    assert_same_sketch(&merged, &whole);
    assert_int_equal(hll_merge(&merged, &part[0]), 0);
    assert_same_sketch(&merged, &whole);
  }
}

static void folding_commutes_with_merging_and_equals_the_smaller_sketch(void **state)
{
  (void)state;
  for (unsigned p = HLL_PRECISION_MIN; p <= HLL_PRECISION_MAX; p++) {
    struct hll a, b, direct, merged, fold_a, fold_b, fold_merged;
    hll_init(&a, HLL_PRECISION_MAX, 5);
    hll_init(&b, HLL_PRECISION_MAX, 5);
    hll_init(&direct, p, 5);
    for (int i = 0; i < 30000; i++) {
      uint64_t hash = next_random();
      hll_add((hash & 1) != 0 ? &a : &b, hash);
      hll_add(&direct, hash);
    }
    /* All that is behind the register number is zero: the largest rank. */
    hll_add(&a, 0);
    hll_add(&direct, 0);
    merged = a;
    assert_int_equal(hll_merge(&merged, &b), 0);
    assert_int_equal(hll_fold(&merged, p, &fold_merged), 0);
    assert_int_equal(hll_fold(&a, p, &fold_a), 0);
    assert_int_equal(hll_fold(&b, p, &fold_b), 0);
    assert_int_equal(hll_merge(&fold_a, &fold_b), 0);
    assert_same_sketch(&fold_merged, &fold_a);
    assert_same_sketch(&fold_merged, &direct);
  }
}

static void unlike_sketches_are_refused_and_unchanged(void **state)
{
  (void)state;
  struct hll a, other_seed, other_precision, before, out;
  hll_init(&a, 8, 1);
  hll_init(&other_seed, 8, 2);
  hll_init(&other_precision, 9, 1);
  hll_add(&a, 77);
  hll_add(&other_seed, 78);
  hll_add(&other_precision, 79);
  before = a;
  assert_int_equal(hll_merge(&a, &other_seed), ERR_CONFLICT);
  assert_int_equal(hll_merge(&a, &other_precision), ERR_CONFLICT);
  assert_int_equal(hll_fold(&a, 9, &out), ERR_CONFLICT);
  assert_memory_equal(&a, &before, sizeof(a));
}

static void estimates_lie_within_five_standard_errors(void **state)
{
  (void)state;
  static const unsigned sizes[] = {0, 1, 2, 10, 100, 1000, 5000, 20000, 300000};
  for (unsigned p = HLL_PRECISION_SECOND; p <= HLL_PRECISION_MINUTE; p += 4) {
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
      struct hll h;
      hll_init(&h, p, HASH_FLEET_SEED);
      uint64_t base = next_random();
      for (unsigned n = 0; n < sizes[i]; n++) {
        hll_add(&h, hash_of(base + n));
        hll_add(&h, hash_of(base + n / 2));
      }
      double sigma = 1.04 / sqrt((double)(1U << p));
      double error = fabs(hll_estimate(&h) - sizes[i]);
      /* The constant covers the collisions of a few items, which are no Gaussian matter. */
      assert_true(error <= 5 * sigma * sizes[i] + (sizes[i] > 0 ? 2 : 0));
    }
  }
}

static void zeros_are_counted_to_the_end_of_the_hash_and_no_further(void **state)
{
  (void)state;
  for (unsigned p = HLL_PRECISION_MIN; p <= HLL_PRECISION_MAX; p++) {
    struct hll h;
    hll_init(&h, p, 1);
    hll_add(&h, 1);
    assert_int_equal(h.rank[0], 64 - p);
    hll_add(&h, 0);
    assert_int_equal(h.rank[0], 64 - p + 1);
    hll_add(&h, UINT64_MAX);
    assert_int_equal(h.rank[(1U << p) - 1], 1);
  }
}

static void a_full_sketch_still_gives_a_number(void **state)
{
  (void)state;
  struct hll h;
  hll_init(&h, 4, 1);
  memset(h.rank, 61, 16);
  assert_true(isfinite(hll_estimate(&h)));
  assert_true(hll_estimate(&h) > 1e18);
}

static void encoded_sketches_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  static const unsigned counts[] = {0, 1, 60, 90, 1300, 1400, 50000};
  for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
    for (unsigned p = HLL_PRECISION_MIN; p <= HLL_PRECISION_MAX; p += 4) {
      struct hll h, back;
      uint8_t bytes[HLL_ENCODED_MAX + 1] = {0};
      hll_init(&h, p, next_random());
      for (unsigned n = 0; n < counts[i]; n++) {
        hll_add(&h, next_random());
      }
      size_t length = hll_encode(&h, bytes);
      assert_true(length <= 11 + (1U << p));
      assert_int_equal(hll_decode(bytes, length, &back), 0);
      assert_memory_equal(&back, &h, sizeof(h));
      for (size_t shorter = 0; shorter < length; shorter++) {
        assert_int_equal(hll_decode(bytes, shorter, &back), ERR_TRUNCATED);
      }
      assert_int_equal(hll_decode(bytes, length + 1, &back), ERR_MALFORMED);
      assert_memory_equal(&back, &h, sizeof(h));
    }
  }
}

static void broken_encodings_are_refused_by_kind(void **state)
{
  (void)state;
  struct hll h, back;
  uint8_t good[HLL_ENCODED_MAX];
  hll_init(&h, 8, 3);
  hll_add(&h, UINT64_C(0x0100000000000001));
  hll_add(&h, UINT64_C(0x0200000000000001));
  size_t length = hll_encode(&h, good);
  assert_int_equal(length, 11 + 2 + 2 * 3);
  static const struct {
    size_t at;
    uint8_t value;
    int err;
  } rows[] = {
      {0, 2, ERR_UNSUPPORTED}, {1, 3, ERR_MALFORMED},   {1, 13, ERR_MALFORMED},
      {10, 2, ERR_MALFORMED},  {11, 3, ERR_TRUNCATED},  {11, 1, ERR_MALFORMED},
      {14, 1, ERR_MALFORMED}, /* register 257 of 256 */
      {15, 0, ERR_MALFORMED},  {15, 58, ERR_MALFORMED}, {16, 1, ERR_MALFORMED},
      {16, 0, ERR_MALFORMED},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t bad[HLL_ENCODED_MAX];
    memcpy(bad, good, length);
    bad[rows[i].at] = rows[i].value;
    assert_int_equal(hll_decode(bad, length, &back), rows[i].err);
  }
}

static void buckets_cover_every_value_once_and_in_order(void **state)
{
  (void)state;
  unsigned bucket = 0;
  uint32_t low = 0;
  uint32_t high = 0;
  hist_bounds(0, &low, &high);
  for (uint32_t value = 0; value < (1U << 17); value++) {
    if (value > high) {
      bucket++;
      hist_bounds(bucket, &low, &high);
      assert_int_equal(low, value);
    }
    assert_true(value >= low && value <= high);
    assert_int_equal(hist_bucket(value), bucket);
    /* The middle stands for the value within 12.5 %. */
    double middle = (low + high) / 2.0;
    assert_true(fabs(middle - value) <= 0.125 * middle);
  }
  assert_int_equal(bucket, HIST_BUCKETS - 1);
  assert_int_equal(high, (1U << 17) - 1);
  assert_int_equal(hist_bucket(1U << 17), HIST_BUCKETS - 1);
  assert_int_equal(hist_bucket(UINT32_MAX), HIST_BUCKETS - 1);
}

static void histograms_merge_to_the_whole_streams_bits(void **state)
{
  (void)state;
  struct hist whole = {{0}}, a = {{0}}, b = {{0}};
  for (int i = 0; i < 50000; i++) {
    uint32_t value = (uint32_t)(next_random() >> (32 + next_random() % 32));
    hist_add(&whole, value);
    hist_add((next_random() & 1) != 0 ? &a : &b, value);
  }
  hist_merge(&a, &b);
  assert_memory_equal(&a, &whole, sizeof(a));
  assert_int_equal(hist_total(&a), 50000);
}

static void quantiles_name_the_bucket_that_holds_them(void **state)
{
  (void)state;
  struct hist h = {{0}};
  assert_int_equal(hist_quantile(&h, 0.5), 0);
  for (int i = 0; i < 90; i++) {
    hist_add(&h, 64);
  }
  for (int i = 0; i < 10; i++) {
    hist_add(&h, 1500);
  }
  assert_int_equal(hist_quantile(&h, 0.0), 64);
  assert_int_equal(hist_quantile(&h, 0.9), 64);
  assert_int_equal(hist_quantile(&h, 0.91), 1280);
  assert_int_equal(hist_quantile(&h, 1.0), 1280);
}

static void divergence_is_zero_for_like_one_for_disjoint_and_symmetric(void **state)
{
  (void)state;
  struct hist a = {{0}}, b = {{0}}, c = {{0}}, empty = {{0}};
  for (int i = 0; i < 1000; i++) {
    hist_add(&a, (uint32_t)(next_random() % 1000));
    hist_add(&b, 5000 + (uint32_t)(next_random() % 1000));
  }
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    c.bucket[i] = 3 * a.bucket[i];
  }
  assert_true(hist_divergence(&a, &c) < 1e-12);
  assert_true(fabs(hist_divergence(&a, &b) - 1.0) < 1e-12);
  assert_true(hist_divergence(&a, &empty) <= 0.0);
  hist_merge(&c, &b);
  double there = hist_divergence(&a, &c);
  assert_true(there > 0.0 && there < 1.0);
  assert_true(fabs(there - hist_divergence(&c, &a)) < 1e-12);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(merging_a_split_stream_gives_the_whole_streams_sketch),
      FROM_SEED(folding_commutes_with_merging_and_equals_the_smaller_sketch),
      FROM_SEED(unlike_sketches_are_refused_and_unchanged),
      FROM_SEED(estimates_lie_within_five_standard_errors),
      FROM_SEED(zeros_are_counted_to_the_end_of_the_hash_and_no_further),
      FROM_SEED(a_full_sketch_still_gives_a_number),
      FROM_SEED(encoded_sketches_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(broken_encodings_are_refused_by_kind),
      FROM_SEED(buckets_cover_every_value_once_and_in_order),
      FROM_SEED(histograms_merge_to_the_whole_streams_bits),
      FROM_SEED(quantiles_name_the_bucket_that_holds_them),
      FROM_SEED(divergence_is_zero_for_like_one_for_disjoint_and_symmetric),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
