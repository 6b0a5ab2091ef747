/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an alert, in event time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/alerts.h"
#include "common/err.h"
#include "tests/unit/sample_summary.h"

#define LOG_MAX 64

/* Every change, in order. */
struct book {
  size_t count;
  struct alert alert[LOG_MAX];
};

static void on_change(void *context, const struct alert *alert)
{
  struct book *book = context;
  if (book->count < LOG_MAX) {
    book->alert[book->count] = *alert;
  }
  book->count++;
}

static struct alerts *fresh(struct book *book)
{
  book->count = 0;
  struct alerts *alerts = alerts_new(&(struct alerts_sink){book, on_change});
  assert_non_null(alerts);
  return alerts;
}

static struct finding finding_of(const char *subject, double start, double for_s, double hold_s)
{
  struct finding f = {.detector = "threshold",
                      .rule = "load",
                      .for_ns = (int64_t)(for_s * 1e9),
                      .hold_ns = (int64_t)(hold_s * 1e9),
                      .window_start_ns = sample_ns(start),
                      .window_length_ns = NS_PER_S,
                      .observed = 10,
                      .expected_high = 5};
  (void)snprintf(f.subject, sizeof(f.subject), "%s", subject);
  return f;
}

static void raise_at(struct alerts *alerts, double start, double for_s, double hold_s)
{
  struct finding f = finding_of("web1", start, for_s, hold_s);
  alerts_raise(alerts, &f, sample_ns(start + 1));
}

static void an_alert_waits_fires_and_resolves_at_its_due_time(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  for (int second = 10; second < 16; second++) {
    raise_at(alerts, second, 3, 5);
    alerts_advance(alerts, sample_ns(second + 1));
  }
  assert_int_equal(book.count, 2);
  assert_int_equal(book.alert[0].state, ALERT_PENDING);
  assert_int_equal(book.alert[0].started_ns, sample_ns(10));
  assert_int_equal(book.alert[1].state, ALERT_FIRING);
  assert_int_equal(book.alert[1].fired_ns, sample_ns(13));
  alerts_advance(alerts, sample_ns(20.9));
  assert_int_equal(book.count, 2);
  alerts_advance(alerts, sample_ns(100000));
  assert_int_equal(book.count, 3);
  assert_int_equal(book.alert[2].state, ALERT_RESOLVED);
  assert_int_equal(book.alert[2].resolved_ns, sample_ns(21));
  assert_int_equal(book.alert[2].last_seen_ns, sample_ns(16));
  assert_int_equal(book.alert[2].windows, 6);
  assert_string_equal(book.alert[2].resolution, "cleared");
  assert_string_equal(book.alert[2].id, book.alert[0].id);
  assert_int_equal(strlen(book.alert[0].id), 16);
  assert_int_equal(alerts_list(alerts, NULL, 0), 0);
  alerts_free(alerts);
}

static void one_window_without_it_ends_what_is_pending(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  raise_at(alerts, 10, 3, 5);
  raise_at(alerts, 11, 3, 5);
  alerts_advance(alerts, sample_ns(13));
  assert_int_equal(alerts_list(alerts, NULL, 0), 0);
  raise_at(alerts, 13, 3, 5);
  alerts_advance(alerts, sample_ns(14));
  assert_int_equal(book.count, 2); /* pending twice, nothing else */
  assert_string_not_equal(book.alert[0].id, book.alert[1].id);
  alerts_free(alerts);
}

static void a_finding_within_the_hold_keeps_it_firing(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  raise_at(alerts, 10, 1, 5);
  alerts_advance(alerts, sample_ns(15.5));
  raise_at(alerts, 15, 1, 5);
  alerts_advance(alerts, sample_ns(20));
  assert_int_equal(book.count, 1);
  assert_int_equal(book.alert[0].state, ALERT_FIRING); /* at once: never told as pending */
  alerts_advance(alerts, sample_ns(21));
  assert_int_equal(book.count, 2);
  alerts_free(alerts);
}

static void alerts_resolve_in_the_order_of_their_due_times(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  static const struct {
    const char *subject;
    double hold;
  } rows[] = {{"a", 30}, {"b", 10}, {"c", 20}, {"d", 10}};
  for (size_t i = 0; i < 4; i++) {
    struct finding f = finding_of(rows[i].subject, 10, 0, rows[i].hold);
    alerts_raise(alerts, &f, sample_ns(11));
  }
  alerts_advance(alerts, sample_ns(1000));
  assert_int_equal(book.count, 8);
  for (size_t i = 5; i < 8; i++) {
    assert_true(book.alert[i - 1].resolved_ns <= book.alert[i].resolved_ns);
  }
  assert_string_equal(book.alert[6].finding.subject, "c");
  assert_string_equal(book.alert[7].finding.subject, "a");
  alerts_free(alerts);
}

static void the_peak_is_the_value_farthest_from_the_band(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  static const double values[] = {10, 30, 20};
  for (int i = 0; i < 3; i++) {
    struct finding f = finding_of("web1", 10 + i, 0, 5);
    f.observed = values[i];
    alerts_raise(alerts, &f, sample_ns(11 + i));
  }
  alerts_advance(alerts, sample_ns(100));
  assert_float_equal(book.alert[book.count - 1].peak, 30, 1e-9);
  assert_float_equal(book.alert[book.count - 1].finding.observed, 10, 1e-9);
  struct finding low = finding_of("web2", 200, 0, 5);
  low.observed = 2;
  low.expected_low = 5;
  low.expected_high = 9;
  alerts_raise(alerts, &low, sample_ns(201));
  low.observed = 1;
  alerts_raise(alerts, &low, sample_ns(202));
  low.observed = 4;
  alerts_raise(alerts, &low, sample_ns(203));
  const struct alert *live[1];
  assert_int_equal(alerts_list(alerts, live, 1), 1);
  assert_float_equal(live[0]->peak, 1, 1e-9);
  alerts_free(alerts);
}

static void a_restored_alert_goes_on_with_its_id(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  raise_at(alerts, 10, 0, 5);
  struct alert kept = book.alert[0];
  alerts_free(alerts);
  alerts = fresh(&book);
  assert_int_equal(alerts_restore(alerts, &kept), 0);
  assert_int_equal(alerts_restore(alerts, &kept), ERR_CONFLICT);
  alerts_wait(alerts, true);
  alerts_advance(alerts, sample_ns(500));
  raise_at(alerts, 510, 0, 5);
  assert_int_equal(book.count, 0); /* announced already */
  alerts_wait(alerts, false);
  alerts_advance(alerts, sample_ns(600));
  assert_int_equal(book.count, 1);
  assert_string_equal(book.alert[0].id, kept.id);
  assert_string_equal(book.alert[0].resolution, "cleared");
  assert_int_equal(book.alert[0].resolved_ns, sample_ns(516));
  alerts_free(alerts);
}

static void a_restored_alert_that_does_not_come_again_is_recovered(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  struct alert kept = {.id = "0123456789abcdef",
                       .state = ALERT_FIRING,
                       .started_ns = sample_ns(10),
                       .fired_ns = sample_ns(11),
                       .last_seen_ns = sample_ns(20)};
  kept.finding = finding_of("web1", 10, 0, 5);
  assert_int_equal(alerts_restore(alerts, &kept), 0);
  kept.state = ALERT_RESOLVED;
  (void)snprintf(kept.finding.subject, sizeof(kept.finding.subject), "web2");
  assert_int_equal(alerts_restore(alerts, &kept), 0);
  assert_int_equal(alerts_list(alerts, NULL, 0), 1);
  /* Nobody can tell yet; then it was due its hold after it was last seen, as ever. */
  alerts_wait(alerts, true);
  alerts_advance(alerts, sample_ns(1000));
  assert_int_equal(book.count, 0);
  alerts_wait(alerts, false);
  assert_int_equal(book.count, 1);
  assert_string_equal(book.alert[0].resolution, "recovered");
  assert_int_equal(book.alert[0].resolved_ns, sample_ns(25));
  alerts_free(alerts);
}

static void a_full_table_refuses_and_counts(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  for (int i = 0; i < ALERTS_LIVE_MAX + 3; i++) {
    char name[32];
    (void)snprintf(name, sizeof(name), "host%d", i);
    struct finding f = finding_of(name, 10, 0, 5);
    alerts_raise(alerts, &f, sample_ns(11));
  }
  assert_int_equal(alerts_list(alerts, NULL, 0), ALERTS_LIVE_MAX);
  assert_int_equal(alerts_refused(alerts), 3);
  alerts_advance(alerts, sample_ns(100));
  assert_int_equal(alerts_list(alerts, NULL, 0), 0);
  alerts_free(alerts);
}

static void ids_do_not_depend_on_the_process_seed(void **state)
{
  (void)state;
  static struct book book;
  struct alerts *alerts = fresh(&book);
  hash_set_seed(123);
  raise_at(alerts, 10, 0, 5);
  hash_set_seed(456);
  alerts_advance(alerts, sample_ns(100));
  alerts_free(alerts);
  struct alert first = book.alert[0];
  alerts = fresh(&book);
  raise_at(alerts, 10, 0, 5);
  assert_string_equal(first.id, book.alert[0].id);
  alerts_free(alerts);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_alert_waits_fires_and_resolves_at_its_due_time),
      cmocka_unit_test(one_window_without_it_ends_what_is_pending),
      cmocka_unit_test(a_finding_within_the_hold_keeps_it_firing),
      cmocka_unit_test(alerts_resolve_in_the_order_of_their_due_times),
      cmocka_unit_test(the_peak_is_the_value_farthest_from_the_band),
      cmocka_unit_test(a_restored_alert_goes_on_with_its_id),
      cmocka_unit_test(a_restored_alert_that_does_not_come_again_is_recovered),
      cmocka_unit_test(a_full_table_refuses_and_counts),
      cmocka_unit_test(ids_do_not_depend_on_the_process_seed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
