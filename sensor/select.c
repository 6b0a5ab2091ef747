/* SPDX-License-Identifier: Apache-2.0 */
/* Radix selection of numbers; a heap of item numbers for what has an order of its own. */
#include "sensor/select.h"

#include <assert.h>

#define DIGIT_BITS 11
#define DIGITS     (1U << DIGIT_BITS)

/* Bits that no number has need no pass. */
static unsigned highest_bits(const uint64_t *value, size_t n)
{
  uint64_t all = 0;
  for (size_t i = 0; i < n; i++) {
    all |= value[i];
  }
  return all == 0 ? 0 : 64U - (unsigned)__builtin_clzll(all);
}

/*   bits   | known: the k-th number begins so | digit to find | later |
 *
 * Each pass counts the digits of those numbers that begin as the k-th does. */
uint64_t select_nth(const uint64_t *value, size_t n, size_t k)
{
  assert(k < n);
  unsigned shift = (highest_bits(value, n) + DIGIT_BITS - 1) / DIGIT_BITS * DIGIT_BITS;
  uint64_t known = 0;
  while (shift > 0) {
    uint32_t count[DIGITS] = {0};
    uint64_t above = shift < 64 ? known >> shift : 0;
    for (size_t i = 0; i < n; i++) {
      uint64_t begin = shift < 64 ? value[i] >> shift : 0;
      count[value[i] >> (shift - DIGIT_BITS) & (DIGITS - 1)] += begin == above;
    }
    shift -= DIGIT_BITS;
    uint64_t digit = 0;
    while (k >= count[digit]) {
      k -= count[digit++];
    }
    known |= digit << shift;
  }
  return known;
}

/* heap[0] is the last of the heap in order; restores that below `at`. */
static void sift_down(uint32_t *heap, size_t n, size_t at, select_before_fn *is_before,
                      const void *context)
{
  uint32_t moved = heap[at];
  for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && is_before(context, heap[child], heap[child + 1])) {
      child++;
    }
    if (!is_before(context, moved, heap[child])) {
      break;
    }
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

static void build_heap(uint32_t *heap, size_t n, select_before_fn *is_before, const void *context)
{
  for (size_t at = n / 2; at-- > 0;) {
    sift_down(heap, n, at, is_before, context);
  }
}

/* Taking the last off, one after the other, fills the list from its end. */
static void unload(uint32_t *heap, size_t n, select_before_fn *is_before, const void *context)
{
  for (size_t left = n; left > 1; left--) {
    uint32_t last = heap[0];
    heap[0] = heap[left - 1];
    heap[left - 1] = last;
    sift_down(heap, left - 1, 0, is_before, context);
  }
}

void select_sort(uint32_t *list, size_t n, select_before_fn *is_before, const void *context)
{
  build_heap(list, n, is_before, context);
  unload(list, n, is_before, context);
}

/* The heap holds the k first so far; who stands before its last takes that one's place. */
size_t select_first(uint32_t *first, size_t k, size_t n, select_before_fn *is_before,
                    const void *context)
{
  size_t size = k < n ? k : n;
  for (size_t i = 0; i < size; i++) {
    first[i] = (uint32_t)i;
  }
  build_heap(first, size, is_before, context);
  for (size_t i = size; i < n && size > 0; i++) {
    if (is_before(context, (uint32_t)i, first[0])) {
      first[0] = (uint32_t)i;
      sift_down(first, size, 0, is_before, context);
    }
  }
  unload(first, size, is_before, context);
  return size;
}
