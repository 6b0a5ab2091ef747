/* SPDX-License-Identifier: Apache-2.0 */
/* Space-Saving held against a model that keeps a plain list, looks through all of it and raises
 * each counter for itself: whatever is added and merged, with absurd numbers too, both agree. A
 * failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/topk.h"
#include "tests/unit/sample_random.h"

enum { CAPACITY = 12, HOSTS = 40, REPORTED = 30 };

struct model {
  struct topk_item item[CAPACITY];
  bool is_named[CAPACITY]; /* by the merge under way */
  size_t count;
  uint64_t floor;
};

static uint64_t sum(uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool ranks_behind(const struct topk_item *a, const struct topk_item *b)
{
  return a->count != b->count ? a->count < b->count : addr_compare(&a->addr, &b->addr) > 0;
}

static struct topk_item *model_find(struct model *m, const struct addr *addr)
{
  for (size_t i = 0; i < m->count; i++) {
    if (addr_equal(&m->item[i].addr, addr)) {
      return &m->item[i];
    }
  }
  return NULL;
}

static size_t model_least(const struct model *m)
{
  size_t least = 0;
  for (size_t i = 1; i < m->count; i++) {
    least = ranks_behind(&m->item[i], &m->item[least]) ? i : least;
  }
  return least;
}

static void model_add(struct model *m, const struct addr *addr, const struct counts *c)
{
  struct topk_item *known = model_find(m, addr);
  if (known != NULL) {
    known->count = sum(known->count, c->bytes);
    counts_add(&known->tx, c);
    return;
  }
  if (c->bytes == 0) {
    return;
  }
  size_t place = m->count;
  if (m->count == CAPACITY) {
    place = model_least(m);
    m->floor = m->item[place].count > m->floor ? m->item[place].count : m->floor;
  } else {
    m->count++;
  }
  m->item[place] = (struct topk_item){*addr, sum(m->floor, c->bytes), m->floor, *c, {0}};
}

static void model_merge_known(struct model *m, const struct topk_item *from)
{
  struct topk_item *known = model_find(m, &from->addr);
  if (known != NULL) {
    known->error = sum(known->error, from->error);
    known->count = sum(known->count, sum(from->error, sum(from->tx.bytes, from->rx.bytes)));
    counts_add(&known->tx, &from->tx);
    counts_add(&known->rx, &from->rx);
    m->is_named[known - m->item] = true;
  }
}

static void model_merge_unknown(struct model *m, const struct topk_item *from, uint64_t old_floor)
{
  if (model_find(m, &from->addr) != NULL) {
    return;
  }
  struct topk_item item = *from;
  item.error = sum(from->error, old_floor);
  item.count = sum(item.error, sum(from->tx.bytes, from->rx.bytes));
  if (m->count < CAPACITY) {
    m->item[m->count++] = item;
    return;
  }
  size_t least = model_least(m);
  bool is_refused = ranks_behind(&item, &m->item[least]);
  uint64_t lost = is_refused ? item.count : m->item[least].count;
  m->floor = lost > m->floor ? lost : m->floor;
  if (!is_refused) {
    m->item[least] = item;
  }
}

static void model_merge(struct model *m, const struct topk_item *items, size_t n, uint64_t floor)
{
  uint64_t old_floor = m->floor;
  memset(m->is_named, 0, sizeof m->is_named);
  for (size_t i = 0; i < n; i++) {
    model_merge_known(m, &items[i]);
  }
  for (size_t i = 0; i < m->count; i++) {
    m->item[i].error = sum(m->item[i].error, m->is_named[i] ? 0 : floor);
    m->item[i].count = sum(m->item[i].count, m->is_named[i] ? 0 : floor);
  }
  m->floor = sum(old_floor, floor);
  for (size_t i = 0; i < n; i++) {
    model_merge_unknown(m, &items[i], old_floor);
  }
}

/* Mostly below bound; at times, when absurd, anything. */
static uint64_t number_below(uint64_t bound, bool is_absurd)
{
  return next_random() % (is_absurd && next_random() % 9 == 0 ? UINT64_MAX : bound);
}

static struct addr some_host(void)
{
  uint8_t v4[4] = {10, 0, 0, (uint8_t)(next_random() % HOSTS)};
  return addr_from_v4(v4);
}

static void expect_equal(const struct topk *t, struct model *m)
{
  struct topk_item listed[CAPACITY];
  assert_int_equal(topk_list(t, listed, CAPACITY), m->count);
  assert_true(topk_floor(t) == m->floor);
  for (size_t i = 0; i < m->count; i++) {
    const struct topk_item *item = model_find(m, &listed[i].addr);
    assert_non_null(item);
    assert_memory_equal(item, &listed[i], sizeof *item);
    assert_true(i == 0 || ranks_behind(&listed[i], &listed[i - 1]));
  }
}

static void one_step(struct topk *t, struct model *m, bool is_absurd)
{
  struct topk_item items[REPORTED];
  if (next_random() % 3 == 0) {
    struct addr addr = some_host();
    struct counts c = {1, number_below(1000, is_absurd), 7};
    static const struct counts none = {0};
    topk_add(t, &addr, &c, &none);
    model_add(m, &addr, &c);
    return;
  }
  size_t n = next_random() % REPORTED;
  for (size_t i = 0; i < n; i++) {
    items[i] = (struct topk_item){some_host(),
                                  next_random(),
                                  number_below(500, is_absurd),
                                  {1, next_random() % 2000, 1},
                                  {2, next_random() % 10, 0}};
  }
  uint64_t floor = next_random() % 4 == 0 ? 0 : number_below(800, is_absurd);
  topk_merge(t, items, n, floor);
  model_merge(m, items, n, floor);
}

static void whatever_is_added_and_merged_the_model_agrees(void **state)
{
  (void)state;
  struct topk *t = topk_new(CAPACITY);
  for (unsigned run = 0; run < 400; run++) {
    struct model m = {.count = 0};
    topk_clear(t);
    for (unsigned step = 0; step < 40; step++) {
      one_step(t, &m, run % 4 == 0);
      expect_equal(t, &m);
    }
  }
  topk_free(t);
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(whatever_is_added_and_merged_the_model_agrees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
