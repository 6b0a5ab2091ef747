/* SPDX-License-Identifier: Apache-2.0 */
/* The open windows, oldest first, each with the records of its second.
 *
 *   closed_ns |  open[0]   open[1]   open[2]
 *   ----------+---------+---------+---------+--> event time
 *     deltas  |  parts: records of one second each, in the order of arrival
 *
 * Records are only collected here. They are put in order and added up when the window closes, so
 * that the order of arrival leaves no trace in what comes out (P4). Their sketches alone are merged
 * as they come, into one set a window: with ten thousand sensors they would be 200 MB a second, and
 * maxima and sums are the same in any order. */
#include "collector/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "collector/fleet_merge.h"
#include "common/err.h"

/* The parts belong to the window. */
struct open_window {
  int64_t start_ns, end_ns;
  size_t count, capacity;
  struct summary **parts;
  struct summary_sketches *sketches; /* of all parts; NULL until one has some */
};

struct fleet {
  struct fleet_merge *merge;
  int64_t closed_ns;
  uint32_t revisions;
  size_t windows_max, count;
  struct open_window *open;   /* windows_max + 1, ascending */
  struct open_window closing; /* its parts are lent to the caller until the next call */
};

struct fleet *fleet_new(const struct hosts *hosts, size_t windows_max)
{
  struct fleet *fleet = calloc(1, sizeof(*fleet));
  if (fleet == NULL) {
    return NULL;
  }
  fleet->closed_ns = INT64_MIN;
  fleet->windows_max = windows_max;
  /* One more than the bound: the pipeline adds first, and then closes the oldest. */
  fleet->open = calloc(windows_max + 1, sizeof(*fleet->open));
  fleet->merge = fleet_merge_new(hosts);
  if (fleet->open == NULL || fleet->merge == NULL) {
    fleet_free(fleet);
    return NULL;
  }
  return fleet;
}

/* Frees the parts too. */
static void window_empty(struct open_window *window)
{
  for (size_t i = 0; i < window->count; i++) {
    summary_free(window->parts[i]);
  }
  free(window->parts);
  free(window->sketches);
  *window = (struct open_window){0};
}

void fleet_free(struct fleet *fleet)
{
  if (fleet == NULL) {
    return;
  }
  for (size_t i = 0; i < fleet->count; i++) {
    window_empty(&fleet->open[i]);
  }
  window_empty(&fleet->closing);
  fleet_merge_free(fleet->merge);
  free(fleet->open);
  free(fleet);
}

int64_t fleet_closed_ns(const struct fleet *fleet)
{
  return fleet->closed_ns;
}

int64_t fleet_oldest_end_ns(const struct fleet *fleet)
{
  return fleet->count == 0 ? INT64_MAX : fleet->open[0].end_ns;
}

size_t fleet_open_count(const struct fleet *fleet)
{
  return fleet->count;
}

/* The open window that starts there, opened when it is not there yet; NULL when all places are
 * taken, which only windows that found no memory for their parts can do. */
static struct open_window *window_at(struct fleet *fleet, int64_t start_ns, int64_t length_ns)
{
  /* From the newest end: records of the running second are nearly all of them. */
  size_t i = fleet->count;
  while (i > 0 && fleet->open[i - 1].start_ns >= start_ns) {
    i--;
  }
  if (i < fleet->count && fleet->open[i].start_ns == start_ns) {
    return &fleet->open[i];
  }
  if (fleet->count > fleet->windows_max) {
    return NULL;
  }
  /* At most windows_max places, and mostly none: seconds come in order. */
  memmove(&fleet->open[i + 1], &fleet->open[i], (fleet->count - i) * sizeof(*fleet->open));
  fleet->open[i] = (struct open_window){.start_ns = start_ns, .end_ns = start_ns + length_ns};
  fleet->count++;
  return &fleet->open[i];
}

/* Doubled: a window of 10,000 sensors grows eleven times, and the next one again. */
static int window_grow(struct open_window *window)
{
  size_t capacity = window->capacity == 0 ? 8 : window->capacity * 2;
  struct summary **grown = realloc(window->parts, capacity * sizeof(struct summary *));
  if (grown == NULL) {
    return ERR_NO_MEMORY;
  }
  window->parts = grown;
  window->capacity = capacity;
  return 0;
}

/* Taken with the first record that has any: most replays and small fleets' windows are few. */
static int window_take_sketches(struct open_window *window)
{
  if (window->sketches == NULL) {
    window->sketches = malloc(sizeof(*window->sketches));
    if (window->sketches == NULL) {
      return ERR_NO_MEMORY;
    }
    summary_sketches_init(window->sketches, SUMMARY_SECOND);
  }
  return 0;
}

/* On failure the window may stay without parts; fleet_close passes over it. */
int fleet_add(struct fleet *fleet, struct summary *placed, const struct summary_sketches *sketches)
{
  struct open_window *window = window_at(fleet, placed->start_ns, placed->length_ns);
  if (window == NULL || (window->count == window->capacity && window_grow(window) != 0) ||
      (sketches != NULL && window_take_sketches(window) != 0)) {
    return ERR_NO_MEMORY;
  }
  if (sketches != NULL) {
    fleet_merge_sketches(fleet->merge, window->sketches, sketches);
  }
  window->parts[window->count++] = placed;
  return 0;
}

/* For qsort, without the overflow of a subtraction. */
static int number_order(uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

/* A total order, so that the order of arrival leaves no trace. A sensor is there twice when its
 * clock was stepped back. */
static int part_order(const void *left, const void *right)
{
  const struct summary *a = *(struct summary *const *)left;
  const struct summary *b = *(struct summary *const *)right;
  int order = strcmp(a->sensor, b->sensor);
  order = order != 0 ? order : number_order(a->clock_epoch, b->clock_epoch);
  order = order != 0 ? order : number_order(a->boot_id, b->boot_id);
  return order != 0 ? order : number_order(a->sequence, b->sequence);
}

/* One window a call, the oldest first: the caller judges it before the next one is merged, so that
 * one merge's memory is enough. */
struct fleet_window *fleet_close(struct fleet *fleet, int64_t until_ns)
{
  window_empty(&fleet->closing);
  /* A window without parts is one whose first record found no memory. */
  while (fleet->closing.count == 0 && fleet_oldest_end_ns(fleet) <= until_ns) {
    /* Moved out before it is handed out: the callback may lead to a new record of another
     * second. */
    window_empty(&fleet->closing);
    fleet->closing = fleet->open[0];
    fleet->closed_ns = fleet->closing.end_ns;
    fleet->count--;
    memmove(&fleet->open[0], &fleet->open[1], fleet->count * sizeof(*fleet->open));
  }
  if (fleet->closing.count == 0) {
    fleet->closed_ns = until_ns > fleet->closed_ns ? until_ns : fleet->closed_ns;
    return NULL;
  }
  struct open_window *window = &fleet->closing;
  qsort(window->parts, window->count, sizeof(struct summary *), part_order);
  return fleet_merge_parts(fleet->merge, 0, (const struct summary *const *)window->parts,
                           window->count, window->sketches);
}

/* A delta has one part, and expects nobody else. */
struct fleet_window *fleet_revise(struct fleet *fleet, const struct summary *placed,
                                  const struct summary_sketches *sketches)
{
  const struct summary *parts[1] = {placed};
  struct fleet_window *window =
      fleet_merge_parts(fleet->merge, ++fleet->revisions, parts, 1, sketches);
  fleet_expect(window, 1);
  return window;
}

/* Two losses multiply: sensors that are missing, and frames that the present ones dropped or left
 * out by sampling (P2). */
void fleet_expect(struct fleet_window *window, uint32_t sensors_expected)
{
  window->sensors_expected = sensors_expected;
  double lost = (double)(window->ledger.capture_dropped + window->ledger.interface_dropped +
                         window->sampled_out_frames);
  double seen = (double)window->ledger.frames;
  double present = 1.0;
  if (sensors_expected > 0) {
    present = (double)window->sensors_present / (double)sensors_expected;
  }
  double captured = seen + lost > 0 ? seen / (seen + lost) : 1.0;
  window->completeness_percent = 100.0 * present * captured;
}

uint64_t fleet_sketches_refused(const struct fleet *fleet)
{
  return fleet_merge_refused(fleet->merge);
}
