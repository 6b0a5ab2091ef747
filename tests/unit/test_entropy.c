/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of bucket entropy over random streams; a failure prints its seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/entropy.h"
#include "common/err.h"
#include "common/hash.h"
#include "tests/unit/sample_random.h"

enum { ITEMS = 1000 };

static uint64_t hash_of(uint64_t item)
{
  return hash_seeded(HASH_FLEET_SEED, &item, sizeof(item));
}

/* Small numbers come much more often than large ones. */
static uint64_t random_item(void)
{
  return next_random() % (1 + next_random() % ITEMS);
}

static void assert_same_bytes(const struct entropy *a, const struct entropy *b)
{
  uint8_t x[ENTROPY_ENCODED_MAX];
  uint8_t y[ENTROPY_ENCODED_MAX];
  size_t length = entropy_encode(a, x);
  assert_int_equal(length, entropy_encode(b, y));
  assert_memory_equal(x, y, length);
  assert_true(entropy_equal(a, b));
}

static void merging_a_split_stream_gives_the_whole_streams_buckets(void **state)
{
  (void)state;
  for (unsigned buckets = 2; buckets <= ENTROPY_BUCKETS_MAX; buckets *= 2) {
    struct entropy whole, part[3], merged;
    entropy_init(&whole, buckets, HASH_FLEET_SEED);
    entropy_init(&merged, buckets, HASH_FLEET_SEED);
    for (int i = 0; i < 3; i++) {
      entropy_init(&part[i], buckets, HASH_FLEET_SEED);
    }
    uint64_t total = 0;
    for (uint64_t left = next_random() % 5000; left > 0; left--) {
      uint64_t hash = hash_of(random_item());
      uint64_t weight = 1 + next_random() % 100;
      entropy_add(&whole, hash, weight);
      entropy_add(&part[next_random() % 3], hash, weight);
      total += weight;
    }
    for (int i = 2; i >= 0; i--) {
      assert_int_equal(entropy_merge(&merged, &part[i]), 0);
    }
    assert_same_bytes(&merged, &whole);
    assert_true(entropy_total(&merged) == total);
  }
}

static void folding_commutes_with_merging_and_equals_the_smaller_array(void **state)
{
  (void)state;
  for (unsigned buckets = 2; buckets <= ENTROPY_BUCKETS_MAX; buckets *= 2) {
    struct entropy a, b, direct, merged, fold_a, fold_b, fold_merged;
    entropy_init(&a, ENTROPY_BUCKETS_MAX, 5);
    entropy_init(&b, ENTROPY_BUCKETS_MAX, 5);
    entropy_init(&direct, buckets, 5);
    for (int i = 0; i < 5000; i++) {
      uint64_t hash = next_random();
      entropy_add((hash & 1) != 0 ? &a : &b, hash, 3);
      entropy_add(&direct, hash, 3);
    }
    merged = a;
    assert_int_equal(entropy_merge(&merged, &b), 0);
    assert_int_equal(entropy_fold(&merged, buckets, &fold_merged), 0);
    assert_int_equal(entropy_fold(&a, buckets, &fold_a), 0);
    assert_int_equal(entropy_fold(&b, buckets, &fold_b), 0);
    assert_int_equal(entropy_merge(&fold_a, &fold_b), 0);
    assert_same_bytes(&fold_merged, &fold_a);
    assert_same_bytes(&fold_merged, &direct);
    assert_true(entropy_bits(&fold_merged) <= entropy_bits(&merged) + 1e-9);
  }
}

static void unlike_arrays_are_refused_and_unchanged(void **state)
{
  (void)state;
  struct entropy a, other_seed, other_size, before, out;
  entropy_init(&a, 32, 1);
  entropy_init(&other_seed, 32, 2);
  entropy_init(&other_size, 64, 1);
  entropy_add(&a, 77, 1);
  entropy_add(&other_seed, 78, 1);
  entropy_add(&other_size, 79, 1);
  before = a;
  out = other_size;
  assert_int_equal(entropy_merge(&a, &other_seed), ERR_CONFLICT);
  assert_int_equal(entropy_merge(&a, &other_size), ERR_CONFLICT);
  assert_memory_equal(&a, &before, sizeof(a));
  static const unsigned refused[] = {0, 1, 3, 24, 64};
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    assert_int_equal(entropy_fold(&a, refused[i], &out), ERR_CONFLICT);
  }
  assert_memory_equal(&out, &other_size, sizeof(out));
  assert_false(entropy_equal(&a, &other_seed));
  assert_false(entropy_equal(&a, &other_size));
}

static void known_shares_give_their_bits(void **state)
{
  (void)state;
  static const struct {
    unsigned buckets, used; /* so many of them have `each` */
    uint64_t each;
    double bits;
  } rows[] = {
      {32, 0, 0, 0.0},  {32, 1, 9, 0.0}, {32, 2, 9, 1.0},     {32, 8, 1000, 3.0},
      {32, 32, 1, 5.0}, {2, 2, 1, 1.0},  {256, 64, 100, 6.0}, {256, 256, UINT64_MAX, 8.0},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct entropy e;
    entropy_init(&e, rows[i].buckets, 1);
    uint64_t step = UINT64_C(1) << 63; /* of hashes from bucket to bucket */
    step /= rows[i].buckets / 2;
    for (unsigned k = 0; k < rows[i].used; k++) {
      entropy_add(&e, k * step + next_random() % step, rows[i].each);
    }
    assert_true(fabs(entropy_bits(&e) - rows[i].bits) < 1e-9);
  }
}

static void buckets_never_tell_more_than_the_items_do(void **state)
{
  (void)state;
  for (unsigned buckets = 8; buckets <= ENTROPY_BUCKETS_MAX; buckets *= 2) {
    struct entropy e;
    uint64_t count[ITEMS] = {0};
    const double total = 20000;
    entropy_init(&e, buckets, HASH_FLEET_SEED);
    for (int i = 0; i < 20000; i++) {
      uint64_t item = random_item();
      entropy_add(&e, hash_of(item), 1);
      count[item]++;
    }
    double exact = 0.0;
    for (unsigned i = 0; i < ITEMS; i++) {
      double share = (double)count[i] / total;
      exact -= count[i] > 0 ? share * log2(share) : 0.0;
    }
    assert_true(entropy_bits(&e) <= exact + 1e-9);
    assert_true(entropy_bits(&e) <= log2(buckets));
    /* Far more items than buckets, none of them dominant: nearly all that the buckets can tell. */
    assert_true(entropy_bits(&e) > log2(buckets) - 1.0);
  }
}

static void forged_counts_saturate_instead_of_wrapping(void **state)
{
  (void)state;
  struct entropy a, b, folded;
  entropy_init(&a, 4, 1);
  a.bucket[0] = a.bucket[1] = UINT64_MAX;
  b = a;
  assert_int_equal(entropy_merge(&a, &b), 0);
  assert_true(a.bucket[0] == UINT64_MAX && a.bucket[2] == 0);
  assert_true(entropy_total(&a) == UINT64_MAX);
  assert_true(fabs(entropy_bits(&a) - 1.0) < 1e-9);
  assert_int_equal(entropy_fold(&a, 2, &folded), 0);
  assert_true(folded.bucket[0] == UINT64_MAX && folded.bucket[1] == 0);
}

static void encoded_arrays_come_back_and_every_shorter_length_is_refused(void **state)
{
  (void)state;
  for (int round = 0; round < 40; round++) {
    struct entropy e, back;
    uint8_t bytes[ENTROPY_ENCODED_MAX + 1] = {0};
    entropy_init(&e, 2U << round % 8, next_random());
    unsigned used = (unsigned)(next_random() % (2 * e.buckets));
    for (unsigned i = 0; i < used; i++) {
      entropy_add(&e, next_random(), next_random() >> next_random() % 64);
    }
    size_t length = entropy_encode(&e, bytes);
    assert_int_equal(entropy_decode(bytes, length, &back), 0);
    assert_memory_equal(&back, &e, sizeof(e));
    for (size_t shorter = 0; shorter < length; shorter++) {
      assert_int_equal(entropy_decode(bytes, shorter, &back), ERR_TRUNCATED);
    }
    assert_int_equal(entropy_decode(bytes, length + 1, &back), ERR_MALFORMED);
    assert_memory_equal(&back, &e, sizeof(e));
  }
}

static void few_used_buckets_cost_few_bytes(void **state)
{
  (void)state;
  struct entropy e;
  uint8_t bytes[ENTROPY_ENCODED_MAX];
  entropy_init(&e, ENTROPY_BUCKETS_MINUTE, HASH_FLEET_SEED);
  assert_int_equal(entropy_encode(&e, bytes), 10 + 2);
  for (uint64_t i = 0; i < 5; i++) {
    entropy_add(&e, i << 60, 100);
  }
  assert_int_equal(entropy_encode(&e, bytes), 10 + 2 + 5 * 2);
  /* One of all bits set: the largest of both forms. */
  memset(e.bucket, 0xff, sizeof(e.bucket));
  assert_int_equal(entropy_encode(&e, bytes), ENTROPY_ENCODED_MAX - 1);
}

static void broken_encodings_are_refused_by_kind(void **state)
{
  (void)state;
  struct entropy e, back, before;
  uint8_t good[ENTROPY_ENCODED_MAX];
  entropy_init(&e, 32, 3);
  entropy_add(&e, UINT64_C(1) << 60, 5);
  entropy_add(&e, UINT64_C(2) << 60, 6);
  size_t length = entropy_encode(&e, good);
  /* form, n, (2, 5), (4, 6) */
  assert_int_equal(length, 10 + 2 + 2 * 2);
  static const struct {
    size_t at;
    uint8_t value;
    int err;
  } rows[] = {
      {0, 0, ERR_UNSUPPORTED}, {0, 2, ERR_UNSUPPORTED},   {1, 0, ERR_MALFORMED},
      {1, 9, ERR_MALFORMED},   {1, 255, ERR_MALFORMED},   {1, 1, ERR_MALFORMED},
      {10, 2, ERR_MALFORMED},  {10, 0, ERR_TRUNCATED}, /* dense has 32 counts */
      {11, 3, ERR_TRUNCATED},  {11, 1, ERR_MALFORMED},    {12, 32, ERR_MALFORMED},
      {12, 4, ERR_MALFORMED},  {14, 2, ERR_MALFORMED},    {13, 0, ERR_MALFORMED},
      {15, 0, ERR_MALFORMED},  {15, 0x80, ERR_TRUNCATED},
  };
  entropy_init(&back, 2, 9);
  before = back;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    uint8_t bad[ENTROPY_ENCODED_MAX];
    memcpy(bad, good, length);
    bad[rows[i].at] = rows[i].value;
    assert_int_equal(entropy_decode(bad, length, &back), rows[i].err);
    assert_memory_equal(&back, &before, sizeof(back));
  }
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(merging_a_split_stream_gives_the_whole_streams_buckets),
      FROM_SEED(folding_commutes_with_merging_and_equals_the_smaller_array),
      FROM_SEED(unlike_arrays_are_refused_and_unchanged),
      FROM_SEED(known_shares_give_their_bits),
      FROM_SEED(buckets_never_tell_more_than_the_items_do),
      FROM_SEED(forged_counts_saturate_instead_of_wrapping),
      FROM_SEED(encoded_arrays_come_back_and_every_shorter_length_is_refused),
      FROM_SEED(few_used_buckets_cost_few_bytes),
      FROM_SEED(broken_encodings_are_refused_by_kind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
