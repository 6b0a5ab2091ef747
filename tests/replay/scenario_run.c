/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the pipeline through a scenario in virtual time.
 *
 * A record of second k is sent at k + 1.1 s, all sensors at the same moment; ticks come four times
 * a second. Nothing here waits, and nothing asks for the time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tests/replay/scenario.h"

#define SEND_DELAY_NS (100 * NS_PER_MS)
#define TICK_NS       (250 * NS_PER_MS)

/* A record on its way. */
struct delivery {
  int64_t due_ns;
  size_t sensor;
  uint64_t order; /* of its making */
  bool is_backlog;
  struct summary *record;
};

struct run {
  const struct scenario *scenario;
  bool is_reversed;
  struct traffic *traffic;
  struct pipeline *pipeline;
  struct outcome *outcome;
  FILE *alert_text, *window_text;
  uint64_t boot[SCENARIO_SENSORS_MAX];
  uint64_t sequence[SCENARIO_SENSORS_MAX];
  bool is_away[SCENARIO_SENSORS_MAX];
  int64_t woken_ns; /* what came while the collector stood still comes then */
  size_t count, capacity;
  struct delivery *delivery;
  uint64_t made;
};

/* Grows an array by doubling; ends the program without memory, as a test may. */
static void *room_for(void *items, size_t count, size_t *capacity, size_t size)
{
  if (count < *capacity) {
    return items;
  }
  *capacity = *capacity == 0 ? 64 : *capacity * 2;
  void *grown = realloc(items, *capacity * size);
  if (grown == NULL) {
    (void)fputs("out of memory\n", stderr);
    exit(3);
  }
  return grown;
}

/* Sinks: what comes out is kept for the expectations, and as text to compare runs by. */
static void on_window(void *context, const struct fleet_window *window)
{
  struct run *run = context;
  struct outcome *outcome = run->outcome;
  outcome->windows = room_for(outcome->windows, outcome->window_count, &outcome->window_capacity,
                              sizeof(*outcome->windows));
  outcome->windows[outcome->window_count++] =
      (struct outcome_window){.start_ns = window->start_ns,
                              .revision = window->revision,
                              .present = window->sensors_present,
                              .expected = window->sensors_expected,
                              .completeness = window->completeness_percent,
                              .bytes = window->total_bytes,
                              .packets = window->total_packets,
                              .has_total = window->has_total};
  if (window->revision == 0) {
    (void)fprintf(run->window_text, "%" PRId64, window->start_ns);
    for (size_t i = 0; i < window->part_count; i++) {
      (void)fprintf(run->window_text, " %s", window->parts[i]->sensor);
    }
    (void)fputc('\n', run->window_text);
  }
}

static void on_record(void *context, const struct summary *summary)
{
  (void)context;
  (void)summary;
}

static void on_alert(void *context, const struct alert *alert)
{
  struct run *run = context;
  struct outcome *outcome = run->outcome;
  const struct finding *f = &alert->finding;
  outcome->alerts = room_for(outcome->alerts, outcome->alert_count, &outcome->alert_capacity,
                             sizeof(*outcome->alerts));
  outcome->alerts[outcome->alert_count++] = *alert;
  (void)fprintf(run->alert_text,
                "%s %s %s/%s %s severity %d started %" PRId64 " fired %" PRId64 " resolved %" PRId64
                " seen %" PRId64 " windows %" PRIu64 " peak %.17g [%s]\n"
                "  %s\n  observed %.17g expected %.17g..%.17g %s complete %.17g; %s\n",
                alert_state_name(alert->state), alert->id, f->detector, f->rule, f->subject,
                (int)f->severity, alert->started_ns, alert->fired_ns, alert->resolved_ns,
                alert->last_seen_ns, alert->windows, alert->peak, alert->resolution, f->summary,
                f->observed, f->expected_low, f->expected_high, f->unit, f->completeness_percent,
                f->command);
  for (unsigned i = 0; i < f->evidence_count; i++) {
    (void)fprintf(run->alert_text, "  %s %s %.17g %.17g\n", f->evidence[i].label,
                  f->evidence[i].name, f->evidence[i].value, f->evidence[i].share_percent);
  }
}

/* A new boot starts again at sequence 1. */
static void hello(struct run *run, size_t sensor, bool is_new_boot, int64_t now_ns)
{
  struct message_hello hello = {.version = MESSAGE_VERSION, .address_count = 1};
  if (is_new_boot) {
    run->boot[sensor] = run->boot[sensor] * 16 + sensor + 1;
    run->sequence[sensor] = 0;
  }
  hello.boot_id = run->boot[sensor];
  hello.next_sequence = 1; /* nothing is ever evicted here */
  hello.address[0] = traffic_address(sensor);
  (void)snprintf(hello.name, sizeof(hello.name), "%s", run->scenario->sensor[sensor]);
  (void)pipeline_hello(run->pipeline, &hello, now_ns);
  run->is_away[sensor] = false;
}

static void delivery_add(struct run *run, const struct summary *s, size_t sensor, int64_t due_ns,
                         bool is_backlog)
{
  struct summary *copy = summary_clone(s);
  if (copy == NULL) {
    exit(3);
  }
  copy->boot_id = run->boot[sensor];
  copy->sequence = run->sequence[sensor];
  run->delivery = room_for(run->delivery, run->count, &run->capacity, sizeof(*run->delivery));
  run->delivery[run->count++] = (struct delivery){due_ns, sensor, run->made++, is_backlog, copy};
}

/* The sensor's clock is ahead by whole seconds, which move the interval's name, and a rest, by
 * which the interval ends earlier. */
static void clock_apply(struct summary *s, const struct action *action, int64_t *due_ns)
{
  int64_t whole = clock_floor_ns(action->duration_ns, NS_PER_S);
  s->start_ns += whole;
  *due_ns -= action->duration_ns - whole;
  if (action->is_measured) {
    s->clock_offset_ns = -action->duration_ns;
    s->clock_uncertainty_ns = 2 * NS_PER_MS;
  }
}

/* What a sensor sends for its second, bent by what the actions say of the way there. */
static void send(struct run *run, size_t sensor, int64_t second)
{
  struct summary s = *traffic_record(run->traffic, sensor, second);
  int64_t due = SCENARIO_BASE_NS + (second + 1) * NS_PER_S + SEND_DELAY_NS;
  uint64_t copies = 1;
  bool is_backlog = false;
  for (size_t i = 0; i < run->scenario->action_count; i++) {
    const struct action *action = &run->scenario->action[i];
    if (action->sensor != sensor || !action_is_on(action, second)) {
      continue;
    }
    if (action->verb == VERB_SILENT) {
      return;
    }
    if (action->verb == VERB_LATE) {
      due += action->duration_ns;
    } else if (action->verb == VERB_BACKLOG) {
      due = SCENARIO_BASE_NS + action->to * NS_PER_S + SEND_DELAY_NS;
      is_backlog = true;
    } else if (action->verb == VERB_REPEATED) {
      copies += action->count;
    } else if (action->verb == VERB_CLOCK) {
      clock_apply(&s, action, &due);
    }
  }
  run->sequence[sensor]++;
  for (uint64_t i = 0; i < copies; i++) {
    delivery_add(run, &s, sensor, due, is_backlog);
  }
}

/* BYE, HELLO and new boots happen at the start of their second. */
static void come_and_go(struct run *run, int64_t second)
{
  int64_t now = SCENARIO_BASE_NS + second * NS_PER_S;
  for (size_t i = 0; i < run->scenario->action_count; i++) {
    const struct action *action = &run->scenario->action[i];
    if (!action_is_on(action, second)) {
      continue;
    }
    if (action->verb == VERB_LEAVES) {
      pipeline_bye(run->pipeline, run->scenario->sensor[action->sensor], now);
      run->is_away[action->sensor] = true;
    } else if (action->verb == VERB_RETURNS || action->verb == VERB_RESTARTS) {
      hello(run, action->sensor, action->verb == VERB_RESTARTS, now);
    }
  }
}

static bool is_punctual(const struct run *run, const struct delivery *at)
{
  return hosts_find(pipeline_hosts(run->pipeline), at->record->sensor)->is_punctual;
}

/* Whether a goes before b: by time, then by sensor (in either order), then as it was made. A sensor
 * that is coming back goes first in any order: whether a close waits for it depends on that. */
static bool is_before(const struct run *run, const struct delivery *a, const struct delivery *b)
{
  if (a->due_ns != b->due_ns) {
    return a->due_ns < b->due_ns;
  }
  if (is_punctual(run, a) != is_punctual(run, b)) {
    return is_punctual(run, b);
  }
  if (a->sensor != b->sensor) {
    return (a->sensor < b->sensor) != run->is_reversed;
  }
  return a->order < b->order;
}

/* Everything that is due by then, each at its own time. */
static void deliver(struct run *run, int64_t until_ns)
{
  for (;;) {
    size_t next = run->count;
    for (size_t i = 0; i < run->count; i++) {
      const struct delivery *at = &run->delivery[i];
      bool is_due = at->due_ns <= until_ns;
      if (is_due && (next == run->count || is_before(run, at, &run->delivery[next]))) {
        next = i;
      }
    }
    if (next == run->count) {
      return;
    }
    struct delivery due = run->delivery[next];
    run->delivery[next] = run->delivery[--run->count];
    if (run->scenario->is_replay) {
      pipeline_progress(run->pipeline, due.record->sensor, due.record->start_ns);
    }
    int64_t now = due.due_ns > run->woken_ns ? due.due_ns : run->woken_ns;
    (void)pipeline_record(run->pipeline, due.record, due.is_backlog, now);
    summary_free(due.record);
  }
}

static bool is_stalled(const struct scenario *scenario, int64_t second)
{
  for (size_t i = 0; i < scenario->action_count; i++) {
    const struct action *action = &scenario->action[i];
    if (action->verb == VERB_STALLS && action_is_on(action, second)) {
      return true;
    }
  }
  return false;
}

/* Ticks are 250 ms apart, as live; a replay has them by event time. */
static void run_second(struct run *run, int64_t second)
{
  int64_t start = SCENARIO_BASE_NS + second * NS_PER_S;
  come_and_go(run, second);
  for (size_t i = 0; i < run->scenario->sensor_count; i++) {
    if (!run->is_away[i]) {
      send(run, i, second);
    }
  }
  if (is_stalled(run->scenario, second)) {
    run->woken_ns = start + NS_PER_S;
    return;
  }
  for (int64_t now = start; now < start + NS_PER_S; now += TICK_NS) {
    deliver(run, now);
    pipeline_tick(run->pipeline, now);
  }
  /* Files that have nothing more before this second say so. */
  for (size_t i = 0; run->scenario->is_replay && i < run->scenario->sensor_count; i++) {
    pipeline_progress(run->pipeline, run->scenario->sensor[i], start);
  }
}

static void run_all(struct run *run)
{
  const struct scenario *scenario = run->scenario;
  for (size_t i = 0; i < scenario->sensor_count; i++) {
    hello(run, run->is_reversed ? scenario->sensor_count - 1 - i : i, true, SCENARIO_BASE_NS);
  }
  for (int64_t second = 0; second < scenario->end; second++) {
    run_second(run, second);
  }
  if (scenario->is_replay) {
    deliver(run, INT64_MAX);
    for (size_t i = 0; i < scenario->sensor_count; i++) {
      pipeline_bye(run->pipeline, scenario->sensor[i], SCENARIO_BASE_NS + scenario->end * NS_PER_S);
    }
    pipeline_finish(run->pipeline);
  }
  run->outcome->stats = pipeline_stats(run->pipeline);
  for (size_t i = 0; i < scenario->sensor_count; i++) {
    uint64_t boot = 0;
    (void)pipeline_settled(run->pipeline, scenario->sensor[i], &boot, &run->outcome->settled[i]);
  }
}

bool outcome_run(const struct scenario *scenario, bool is_reversed, struct outcome *out)
{
  const size_t size = sizeof(*out);
  size_t alert_size = 0;
  size_t window_size = 0;
  struct run run = {.scenario = scenario, .is_reversed = is_reversed, .outcome = out};
  memset(out, 0, size);
  run.alert_text = open_memstream(&out->alert_text, &alert_size);
  run.window_text = open_memstream(&out->window_text, &window_size);
  run.traffic = traffic_new(scenario);
  const struct pipeline_sinks sinks = {&run, on_window, on_record, on_alert};
  run.pipeline = pipeline_new(&scenario->settings, !scenario->is_replay, &sinks);
  bool is_good = run.alert_text != NULL && run.window_text != NULL && run.traffic != NULL &&
                 run.pipeline != NULL;
  if (is_good) {
    run_all(&run);
  }
  for (size_t i = 0; i < run.count; i++) {
    summary_free(run.delivery[i].record);
  }
  free(run.delivery);
  pipeline_free(run.pipeline);
  traffic_free(run.traffic);
  (void)fclose(run.alert_text);
  (void)fclose(run.window_text);
  return is_good;
}

void outcome_free(struct outcome *outcome)
{
  free(outcome->alerts);
  free(outcome->windows);
  free(outcome->alert_text);
  free(outcome->window_text);
}
