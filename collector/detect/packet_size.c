/* SPDX-License-Identifier: Apache-2.0 */
/* packet_size: a sensor's packets have other sizes than usual.
 *
 * Source: Jensen-Shannon divergence (Lin 1991) between the second's size histogram and a decaying
 * mean of quiet seconds; 0 bits is alike, 1 bit is disjoint.
 * Parameters: learning (1 h: how many judged seconds are averaged before anything is told, and the
 * time constant of the mean's decay after that), divergence (0.3 bits), min_packets (1,000 in the
 * second), for (10 s).
 * Cost: 64 buckets for each sensor and window; 600 bytes a sensor.
 * Blind spots: sensors below min_packets a second; a change slow enough to stay quiet; a change
 * during learning. A change that lasts as long as learning becomes the usual.
 *
 *   learning   seconds 1 .. memory: usual = plain mean of all
 *   judging    divergence <= bound: quiet, usual moves 1/memory towards it;  > bound: odd, told
 *   odd for `memory` seconds in a row: what is odd is the usual now -> learning again */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/detect/detect.h"
#include "collector/detect/evidence.h"
#include "common/clock.h"

/* The mean holds shares of this whole, so that seconds of unlike traffic weigh alike. */
#define WHOLE (UINT64_C(1) << 40)
/* At least so many seconds are averaged, however short learning is. */
#define MEMORY_MIN 30
/* A finding clears below this part of the bound. */
#define CLEAR_PART 0.8

/* What is usual for one sensor. */
struct series {
  char sensor[KEYS_NAME_MAX];
  uint64_t learnt; /* seconds in the mean, at most `memory` */
  uint64_t odd;    /* seconds in a row that were over the bound */
  bool is_over;
  struct hist usual;
};

/* One series a sensor, made when the sensor first shows up; sensors_max bounds them. */
struct packet_size {
  const struct collector_settings *settings;
  uint64_t memory; /* seconds */
  size_t count, capacity;
  struct series **series; /* in order of sensor names */
};

/* Learning counts judged seconds, not hours on the clock: a sensor that is idle at night learns
 * nothing wrong from it. */
static void *packet_size_start(const struct collector_settings *settings)
{
  struct packet_size *state = calloc(1, sizeof(*state));
  if (state != NULL) {
    uint64_t learning = (uint64_t)(settings->packet_size_learning_ns / NS_PER_S);
    state->settings = settings;
    state->memory = learning > MEMORY_MIN ? learning : MEMORY_MIN;
  }
  return state;
}

static void packet_size_stop(void *context)
{
  struct packet_size *state = context;
  for (size_t i = 0; i < state->count; i++) {
    free(state->series[i]);
  }
  free(state->series);
  free(state);
}

/* Once for each sensor; in the first window they come in order and nothing moves. */
static struct series *series_insert(struct packet_size *state, size_t at, const char *sensor)
{
  if (state->count == state->capacity) {
    size_t capacity = state->capacity == 0 ? 16 : state->capacity * 2;
    struct series **grown = realloc(state->series, capacity * sizeof(struct series *));
    if (grown == NULL) {
      return NULL;
    }
    state->series = grown;
    state->capacity = capacity;
  }
  struct series *series = calloc(1, sizeof(*series));
  if (series == NULL) {
    return NULL;
  }
  (void)snprintf(series->sensor, sizeof(series->sensor), "%s", sensor);
  memmove(&state->series[at + 1], &state->series[at],
          (state->count - at) * sizeof(struct series *));
  state->series[at] = series;
  state->count++;
  return series;
}

/* Parts and series are both in order of names: the search goes on from *at. NULL without memory. */
static struct series *series_next(struct packet_size *state, size_t *at, const char *sensor)
{
  while (*at < state->count && strcmp(state->series[*at]->sensor, sensor) < 0) {
    (*at)++;
  }
  if (*at < state->count && strcmp(state->series[*at]->sensor, sensor) == 0) {
    return state->series[*at];
  }
  return series_insert(state, *at, sensor);
}

/* A bucket's part of the whole. */
static uint64_t share(uint64_t count, uint64_t total)
{
  return (uint64_t)((double)count / (double)total * (double)WHOLE);
}

/* Moves the mean towards this second: a plain mean while it learns, a decaying one after. */
static void learn(struct packet_size *state, struct series *series, const struct hist *now,
                  uint64_t total)
{
  series->learnt += series->learnt < state->memory ? 1 : 0;
  int64_t weight = (int64_t)series->learnt;
  for (size_t i = 0; i < HIST_BUCKETS; i++) {
    int64_t usual = (int64_t)series->usual.bucket[i];
    /* Integers, so that a mean over millions of seconds is the same on every machine (P4). */
    usual += ((int64_t)share(now->bucket[i], total) - usual) / weight;
    series->usual.bucket[i] = (uint64_t)usual;
  }
}

/* Shares are what people compare; the divergence itself means little to them. */
static double percent(const struct hist *h, unsigned bucket)
{
  uint64_t total = hist_total(h);
  return total == 0 ? 0 : 100.0 * (double)h->bucket[bucket] / (double)total;
}

/* Of two shares. */
static double distance(double a, double b)
{
  return a > b ? a - b : b - a;
}

/* The sizes whose shares moved most, each with what it was; value: its part of the divergence, as
 * far as the move of its share is part of all moves. */
static unsigned evidence_sizes(struct finding *finding, const struct hist *now,
                               const struct hist *usual)
{
  double moves = 0;
  unsigned most = 0;
  char name[96];
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    moves += distance(percent(now, i), percent(usual, i));
    bool is_more = percent(now, i) - percent(usual, i) > percent(now, most) - percent(usual, most);
    most = is_more ? i : most;
  }
  for (unsigned i = 0; i < HIST_BUCKETS && moves > 0; i++) {
    uint32_t low = 0;
    uint32_t high = 0;
    hist_bounds(i, &low, &high);
    (void)snprintf(name, sizeof(name), "%u to %u bytes: %.1f %% of packets, usually %.1f %%", low,
                   high, percent(now, i), percent(usual, i));
    double part = distance(percent(now, i), percent(usual, i)) / moves;
    evidence_add(finding, "size", name, finding->observed * part, finding->observed);
  }
  return most;
}

/* The largest gain in share is what the sentence names. */
static void raise_odd(const struct packet_size *state, const struct series *series,
                      const struct fleet_window *window, const struct hist *now, double divergence,
                      const struct detect_sink *sink)
{
  const struct collector_settings *settings = state->settings;
  struct finding finding = {.detector = detect_packet_size.name,
                            .rule = "size-shift",
                            .severity = SEVERITY_WARNING,
                            .for_ns = settings->packet_size_for_ns,
                            .hold_ns = settings->alert_hold_ns,
                            .window_start_ns = window->start_ns,
                            .window_length_ns = window->length_ns,
                            .observed = divergence,
                            .expected_high = settings->packet_size_divergence,
                            .unit = "bits",
                            .completeness_percent = window->completeness_percent,
                            .command = "seine top conversations --last 5m"};
  uint32_t low = 0;
  uint32_t high = 0;
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s", series->sensor);
  unsigned most = evidence_sizes(&finding, now, &series->usual);
  hist_bounds(most, &low, &high);
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "packet sizes on %s are not the usual ones: %.0f %% are %u to %u bytes now, "
                 "usually %.0f %% (divergence %.2f bits, limit %.2f)",
                 series->sensor, percent(now, most), low, high, percent(&series->usual, most),
                 divergence, settings->packet_size_divergence);
  sink->raise(sink->context, &finding);
}

/* While it learns, everything is usual; later only quiet seconds are. */
static void judge(struct packet_size *state, struct series *series,
                  const struct fleet_window *window, const struct hist *now,
                  const struct detect_sink *sink)
{
  uint64_t total = hist_total(now);
  /* Few packets make any histogram look odd. */
  if (total < (uint64_t)state->settings->packet_size_min_packets) {
    return;
  }
  if (series->learnt < state->memory) {
    learn(state, series, now, total);
    return;
  }
  double divergence = hist_divergence(now, &series->usual);
  double bound = state->settings->packet_size_divergence * (series->is_over ? CLEAR_PART : 1.0);
  series->is_over = divergence > bound;
  if (!series->is_over) {
    series->odd = 0;
    learn(state, series, now, total);
    return;
  }
  raise_odd(state, series, window, now, divergence, sink);
  if (++series->odd >= state->memory) {
    series->learnt = series->odd = 0; /* it is the usual now: learn it */
    series->is_over = false;
  }
}

/* Parts and series are in the same order: one walk through both. */
static void packet_size_window(void *context, const struct fleet_window *window,
                               const struct detect_sink *sink)
{
  struct packet_size *state = context;
  size_t at = 0;
  for (size_t i = 0; state->settings->packet_size_enabled && i < window->part_count; i++) {
    struct series *series = series_next(state, &at, window->parts[i]->sensor);
    if (series != NULL) {
      judge(state, series, window, &window->parts[i]->packet_sizes, sink);
    }
  }
}

const struct detector detect_packet_size = {
    .name = "packet_size",
    .help = "packets of other sizes than a sensor usually sees",
    .start = packet_size_start,
    .stop = packet_size_stop,
    .window = packet_size_window,
};
