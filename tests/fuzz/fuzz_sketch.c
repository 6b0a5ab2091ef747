/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte that picks the sketch, then its encoded form. What is taken must come out again
 * byte for byte, bear merging with itself, and give finite answers; what is refused must change
 * nothing.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/entropy.h"
#include "common/fanout.h"
#include "common/hash.h"
#include "common/hist.h"
#include "common/hll.h"
#include "common/topk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOPK_CAPACITY = 64 };

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static bool is_same(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
  return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static void try_hll(const uint8_t *data, size_t size)
{
  static uint8_t bytes[HLL_ENCODED_MAX];
  struct hll h, twice, folded;
  hll_init(&h, HLL_PRECISION_MIN, 1);
  twice = h;
  if (hll_decode(data, size, &h) != 0) {
    require(hll_equal(&h, &twice));
    return;
  }
  require(is_same(bytes, hll_encode(&h, bytes), data, size));
  twice = h;
  require(hll_merge(&twice, &h) == 0 && hll_equal(&h, &twice));
  require(isfinite(hll_estimate(&h)) && hll_estimate(&h) >= 0.0);
  require(hll_fold(&h, HLL_PRECISION_MIN, &folded) == 0);
  require(isfinite(hll_estimate(&folded)));
}

static void try_hist(const uint8_t *data, size_t size)
{
  static uint8_t bytes[HIST_ENCODED_MAX];
  struct hist h = {{7}}, twice = {{7}};
  if (hist_decode(data, size, &h) != 0) {
    require(hist_equal(&h, &twice));
    return;
  }
  require(is_same(bytes, hist_encode(&h, bytes), data, size));
  twice = h;
  hist_merge(&twice, &h);
  require(hist_total(&twice) >= hist_total(&h));
  require(hist_quantile(&h, 0.5) <= hist_quantile(&h, 1.0));
  double divergence = hist_divergence(&h, &twice);
  require(divergence >= 0.0 && divergence <= 1.0);
}

static void try_entropy(const uint8_t *data, size_t size)
{
  static uint8_t bytes[ENTROPY_ENCODED_MAX];
  struct entropy e, twice, folded;
  entropy_init(&e, 2, 1);
  twice = e;
  if (entropy_decode(data, size, &e) != 0) {
    require(entropy_equal(&e, &twice));
    return;
  }
  require(is_same(bytes, entropy_encode(&e, bytes), data, size));
  twice = e;
  require(entropy_merge(&twice, &e) == 0);
  require(entropy_total(&twice) >= entropy_total(&e));
  require(entropy_bits(&e) >= 0.0 && entropy_bits(&e) <= log2(e.buckets));
  require(entropy_fold(&e, 2, &folded) == 0);
  require(entropy_total(&folded) == entropy_total(&e));
}

static void try_fanout(const uint8_t *data, size_t size)
{
  static uint8_t bytes[FANOUT_ENCODED_MAX];
  static struct fanout *f, *twice;
  if (f == NULL) {
    f = fanout_new(HASH_FLEET_SEED);
    twice = fanout_new(HASH_FLEET_SEED);
    require(f != NULL && twice != NULL);
  }
  fanout_clear(f);
  fanout_clear(twice);
  if (fanout_decode(data, size, f) != 0) {
    require(fanout_equal(f, twice));
    return;
  }
  require(is_same(bytes, fanout_encode(f, bytes), data, size));
  require(fanout_merge(twice, f) == 0 && fanout_merge(twice, f) == 0);
  require(fanout_equal(f, twice));
  struct fanout_item list[8];
  size_t n = fanout_list(f, 0.0, list, 8);
  for (size_t i = 0; i < n; i++) {
    require(isfinite(list[i].estimate) && list[i].estimate >= 0.0);
    require(i == 0 || list[i].estimate <= list[i - 1].estimate);
  }
}

static void try_topk(const uint8_t *data, size_t size)
{
  static uint8_t bytes[TOPK_ENCODED_MAX(TOPK_CAPACITY)];
  static struct topk *t, *empty;
  if (t == NULL) {
    t = topk_new(TOPK_CAPACITY);
    empty = topk_new(TOPK_CAPACITY);
    require(t != NULL && empty != NULL);
  }
  topk_clear(t);
  if (topk_decode(data, size, t) != 0) {
    require(topk_equal(t, empty));
    return;
  }
  size_t length = 0;
  require(topk_encode(t, bytes, sizeof(bytes), &length) == 0);
  require(is_same(bytes, length, data, size));
  struct topk_item list[TOPK_CAPACITY];
  size_t n = topk_list(t, list, TOPK_CAPACITY);
  topk_merge(t, list, n, topk_floor(t));
  require(topk_count(t) == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static void (*const tries[])(const uint8_t *, size_t) = {try_hll, try_hist, try_entropy,
                                                           try_fanout, try_topk};
  if (size > 0) {
    tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](data + 1, size - 1);
  }
  return 0;
}
