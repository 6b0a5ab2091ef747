/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a Space-Saving summary: the largest counters in order, sizes, comparison. */
#include <string.h>

#include "common/topk.h"
#include "common/topk_state.h"

/* The list: a heap of the n best within the caller's memory, its worst at the top. */

static void sift_list(struct topk_item *list, size_t n, size_t place)
{
  struct topk_item moved = list[place];
  for (size_t child = 2 * place + 1; child < n; child = 2 * place + 1) {
    if (child + 1 < n && topk_is_less(&list[child + 1], &list[child])) {
      child++;
    }
    if (!topk_is_less(&list[child], &moved)) {
      break;
    }
    list[place] = list[child];
    place = child;
  }
  list[place] = moved;
}

/* Selection in the caller's array: no copy of all counters, and qsort might allocate. */
size_t topk_list(const struct topk *t, struct topk_item *out, size_t n)
{
  if (n > t->count) {
    n = t->count;
  }
  for (size_t i = 0; i < n; i++) {
    out[i] = topk_raised(t, &t->node[i].item);
  }
  for (size_t place = n / 2; place-- > 0;) {
    sift_list(out, n, place);
  }
  for (size_t i = n; i < t->count && n > 0; i++) {
    struct topk_item item = topk_raised(t, &t->node[i].item);
    if (topk_is_less(&out[0], &item)) {
      out[0] = item;
      sift_list(out, n, 0);
    }
  }
  /* Taking the worst off, one after the other, fills the list from its end. */
  for (size_t left = n; left > 1; left--) {
    struct topk_item worst = out[0];
    out[0] = out[left - 1];
    out[left - 1] = worst;
    sift_list(out, left - 1, 0);
  }
  return n;
}

uint64_t topk_floor(const struct topk *t)
{
  return t->floor;
}

size_t topk_count(const struct topk *t)
{
  return t->count;
}

size_t topk_capacity(const struct topk *t)
{
  return t->capacity;
}

/* As many counters, and each of them found in the other: heaps of one content may differ. */
bool topk_equal(const struct topk *a, const struct topk *b)
{
  if (a->capacity != b->capacity || a->floor != b->floor || a->count != b->count) {
    return false;
  }
  for (size_t i = 0; i < a->count; i++) {
    struct topk_item item = topk_raised(a, &a->node[i].item);
    uint32_t n = b->index[topk_slot(b, &item.addr)];
    if (n == TOPK_NO_NODE) {
      return false;
    }
    struct topk_item other = topk_raised(b, &b->node[n].item);
    if (memcmp(&item, &other, sizeof item) != 0) {
      return false;
    }
  }
  return true;
}
