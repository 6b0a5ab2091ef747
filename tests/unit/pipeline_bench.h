/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline, and a book of what came out of it. Include cmocka.h first. */
#ifndef TESTS_UNIT_PIPELINE_BENCH_H
#define TESTS_UNIT_PIPELINE_BENCH_H

#include <stdlib.h>

#include "collector/pipeline.h"
#include "tests/unit/sample_summary.h"

#define BENCH_WINDOWS_MAX 256

struct book {
  unsigned closes, deltas, records, minutes, firing, resolved;
  int64_t close_start[BENCH_WINDOWS_MAX];
  uint32_t close_expected[BENCH_WINDOWS_MAX], close_present[BENCH_WINDOWS_MAX];
  struct alert last;
};

struct bench {
  struct collector_settings settings;
  struct book book;
  struct pipeline *pipeline;
};

static inline void on_window(void *context, const struct fleet_window *window)
{
  struct book *book = context;
  if (window->revision > 0) {
    book->deltas++;
  } else {
    unsigned at = book->closes++ % BENCH_WINDOWS_MAX;
    book->close_start[at] = window->start_ns;
    book->close_expected[at] = window->sensors_expected;
    book->close_present[at] = window->sensors_present;
  }
}

static inline void on_record(void *context, const struct summary *summary)
{
  struct book *book = context;
  book->records++;
  book->minutes += summary->kind == SUMMARY_MINUTE ? 1 : 0;
}

static inline void on_alert(void *context, const struct alert *alert)
{
  struct book *book = context;
  book->firing += alert->state == ALERT_FIRING ? 1 : 0;
  book->resolved += alert->state == ALERT_RESOLVED ? 1 : 0;
  book->last = *alert;
}

static inline void pipeline_start(struct bench *bench, bool is_live)
{
  const struct pipeline_sinks sinks = {&bench->book, on_window, on_record, on_alert};
  bench->pipeline = pipeline_new(&bench->settings, is_live, &sinks);
  assert_non_null(bench->pipeline);
}

static inline struct bench *bench_new(bool is_live)
{
  struct bench *bench = calloc(1, sizeof(*bench));
  struct conf_errors errors = {0};
  assert_non_null(bench);
  assert_int_equal(collector_settings_load_text("test", "alerts:\n  hold: 10s\nsensors_max: 4\n",
                                                &bench->settings, &errors),
                   0);
  pipeline_start(bench, is_live);
  return bench;
}

static inline void bench_free(struct bench *bench)
{
  pipeline_free(bench->pipeline);
  collector_settings_free(&bench->settings);
  free(bench);
}

static inline void hello(struct bench *bench, const char *name, uint64_t boot, double now)
{
  struct message_hello h = sample_hello(name, boot, NULL);
  assert_int_equal(pipeline_hello(bench->pipeline, &h, sample_ns(now)), 0);
}

static inline int record(struct bench *bench, const char *name, uint64_t sequence, int64_t second,
                         double now)
{
  struct summary s = sample_second(name, 1, sequence, second);
  return pipeline_record(bench->pipeline, &s, false, sample_ns(now));
}

static inline uint64_t settled(const struct bench *bench, const char *name)
{
  uint64_t boot = 0;
  uint64_t sequence = 0;
  assert_int_equal(pipeline_settled(bench->pipeline, name, &boot, &sequence), 0);
  return sequence;
}

/* A tick each second, both included. */
static inline void tick_through(struct bench *bench, int64_t from, int64_t to)
{
  for (int64_t second = from; second <= to; second++) {
    pipeline_tick(bench->pipeline, sample_ns((double)second));
  }
}

#endif
