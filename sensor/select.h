/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing and ordering without memory of its own, in bounded time for any input: the C library's
 * qsort allocates above 1 KB, and a quickselect is slow on input that was made for it. Pure. */
#ifndef SENSOR_SELECT_H
#define SENSOR_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The k-th smallest (the smallest: k = 0) of n > k numbers, by counting their digits from the
 * highest on: at most six passes over the numbers, two or three for numbers below 2^30. */
uint64_t select_nth(const uint64_t *value, size_t n, size_t k);

/* Whether item a stands before item b: a strict total order of the caller's items. */
typedef bool select_before_fn(const void *context, uint32_t a, uint32_t b);

/* Orders a list of item numbers (heap sort, Williams 1964). */
void select_sort(uint32_t *list, size_t n, select_before_fn *is_before, const void *context);
/* The first k of the items 0..n-1, in order, into first[k]; returns how many: k, or n if that is
 * less. */
size_t select_first(uint32_t *first, size_t k, size_t n, select_before_fn *is_before,
                    const void *context);

#endif
