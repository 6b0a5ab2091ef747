/* SPDX-License-Identifier: Apache-2.0 */
/* Three rows of the matrix on the stack; every place looks left, up, and back by a swap. */
#include "common/edit_distance.h"

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Optimal string alignment: insertion, deletion, change, and a swap of neighbours, each 1. */
size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
  size_t cell[3][EDIT_DISTANCE_MAX + 1];
  size_t n = least(a_length, EDIT_DISTANCE_MAX);
  size_t m = least(b_length, EDIT_DISTANCE_MAX);
  for (size_t j = 0; j <= m; j++) {
    cell[0][j] = j;
  }
  /* Three rows of the matrix are enough: a swap looks back by two. */
  for (size_t i = 1; i <= n; i++) {
    const size_t *before = cell[(i - 1) % 3];
    size_t *row = cell[i % 3];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      row[j] = least(least(before[j] + 1, row[j - 1] + 1), before[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = least(row[j], cell[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return cell[n % 3][m];
}
