/* SPDX-License-Identifier: Apache-2.0 */
/* silence: what should speak and does not.
 *
 * Source: a deadman's switch for each sensor; the kernel's counters against the capture.
 * Parameters: sensor (15 s without a record), interface (10 s down, or blind).
 * Findings: a sensor that was heard and stops without BYE (CRITICAL, rule sensor); an interface
 * that was up and is down (WARNING, rule interface-down); an interface whose packets the kernel
 * counts while the capture sees none (WARNING, rule capture-blind). Cost: one comparison for each
 * sensor and tick, one look-up for each interface and window. Blind spots: a sensor that never
 * came; an interface that was never seen up, or that its sensor does not list any more; a host that
 * fell silent behind a sensor that goes on.
 *
 * Sensors are watched by ticks, since silence brings no data; interfaces by windows, as their state
 * comes with each record. Only the time in which the collector itself was awake counts: what it
 * slept through, or was not there for, it cannot tell from silence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/detect/detect.h"
#include "collector/detect/evidence.h"
#include "common/clock.h"

/* So few packets in a second may well be none that the capture should have seen. */
#define BLIND_PACKETS 10

/* An interface that some sensor lists, or listed. */
struct silence_interface {
  char sensor[KEYS_NAME_MAX];
  char name[SUMMARY_INTERFACE_NAME_MAX];
  bool was_up;
};

struct silence {
  const struct collector_settings *settings;
  size_t count, capacity;
  struct silence_interface *interface; /* in order of sensor, name */
};

static void *silence_start(const struct collector_settings *settings)
{
  struct silence *state = calloc(1, sizeof(*state));
  if (state != NULL) {
    state->settings = settings;
  }
  return state;
}

static void silence_stop(void *context)
{
  struct silence *state = context;
  free(state->interface);
  free(state);
}

/* By sensor, then by name, as windows list them. */
static int interface_order(const struct silence_interface *a, const char *sensor, const char *name)
{
  int order = strcmp(a->sensor, sensor);
  return order != 0 ? order : strcmp(a->name, name);
}

/* What is known of the interface; made when it is new. NULL without memory. */
static struct silence_interface *interface_at(struct silence *state, const char *sensor,
                                              const char *name)
{
  /* Interfaces of all sensors in one sorted array: thousands of them, looked at once a window
   * each. */
  size_t low = 0;
  size_t high = state->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (interface_order(&state->interface[middle], sensor, name) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < state->count && interface_order(&state->interface[low], sensor, name) == 0) {
    return &state->interface[low];
  }
  if (state->count == state->capacity) {
    size_t capacity = state->capacity == 0 ? 16 : state->capacity * 2;
    struct silence_interface *grown = realloc(state->interface, capacity * sizeof(*grown));
    if (grown == NULL) {
      return NULL;
    }
    state->interface = grown;
    state->capacity = capacity;
  }
  struct silence_interface *made = &state->interface[low];
  memmove(made + 1, made, (state->count - low) * sizeof(*made));
  state->count++;
  *made = (struct silence_interface){.was_up = false};
  (void)snprintf(made->sensor, sizeof(made->sensor), "%s", sensor);
  (void)snprintf(made->name, sizeof(made->name), "%s", name);
  return made;
}

/* Pending for silence.interface, by the life cycle that every alert has. */
static struct finding interface_finding(const struct silence *state,
                                        const struct fleet_window *window, const char *sensor,
                                        const struct summary_interface *at, const char *rule)
{
  struct finding finding = {.detector = detect_silence.name,
                            .severity = SEVERITY_WARNING,
                            .for_ns = state->settings->silence_interface_ns,
                            .hold_ns = state->settings->alert_hold_ns,
                            .window_start_ns = window->start_ns,
                            .window_length_ns = window->length_ns,
                            .unit = "packets/s",
                            .completeness_percent = window->completeness_percent,
                            .command = "seine sensors"};
  (void)snprintf(finding.rule, sizeof(finding.rule), "%s", rule);
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s/%s", sensor, at->name);
  evidence_add(&finding, "interface", at->name,
               (double)(at->kernel.rx_packets + at->kernel.tx_packets), 0);
  return finding;
}

/* `for` has it pending until the patience is over. */
static void raise_down(const struct silence *state, const struct fleet_window *window,
                       const char *sensor, const struct summary_interface *at,
                       const struct detect_sink *sink)
{
  char text[EVIDENCE_QUANTITY_MAX];
  struct finding finding = interface_finding(state, window, sensor, at, "interface-down");
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "interface %s of %s was up and has been down for %s or longer", at->name, sensor,
                 evidence_duration(finding.for_ns, text));
  sink->raise(sink->context, &finding);
}

/* Both numbers are in the sentence: what the kernel counted, and that the capture saw nothing of
 * it. */
static void raise_blind(const struct silence *state, const struct fleet_window *window,
                        const char *sensor, const struct summary_interface *at,
                        const struct detect_sink *sink)
{
  char packets[EVIDENCE_QUANTITY_MAX];
  char text[EVIDENCE_QUANTITY_MAX];
  struct finding finding = interface_finding(state, window, sensor, at, "capture-blind");
  double seen = (double)(at->kernel.rx_packets + at->kernel.tx_packets);
  finding.expected_low = seen;
  finding.expected_high = seen;
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "the capture on %s of %s has seen nothing for %s or longer, while the kernel "
                 "counts %s",
                 at->name, sensor, evidence_duration(finding.for_ns, text),
                 evidence_quantity(seen, finding.unit, packets));
  sink->raise(sink->context, &finding);
}

/* Down only counts for an interface that was up once: spare ports are down for ever. */
static void silence_window(void *context, const struct fleet_window *window,
                           const struct detect_sink *sink)
{
  struct silence *state = context;
  for (size_t i = 0; state->settings->silence_enabled && i < window->part_count; i++) {
    const struct summary *part = window->parts[i];
    for (size_t n = 0; n < part->interface_count; n++) {
      const struct summary_interface *at = &part->interfaces[n];
      struct silence_interface *known = interface_at(state, part->sensor, at->name);
      bool was_up = known != NULL && known->was_up;
      /* Own traffic and what the ring dropped were seen as well: only a capture that saw nothing is
       * blind. */
      uint64_t counted = at->kernel.rx_packets + at->kernel.tx_packets;
      uint64_t captured = at->captured_packets + at->own_packets + at->capture_dropped;
      if (known != NULL && at->is_up) {
        known->was_up = true;
      }
      if (!at->is_up && was_up) {
        raise_down(state, window, part->sensor, at, sink);
      } else if (at->is_up && at->has_kernel && !at->is_filtered && part->sample_shift == 0 &&
                 counted >= BLIND_PACKETS && captured == 0) {
        raise_blind(state, window, part->sensor, at, sink);
      }
    }
  }
}

/* Fires at the moment it was due, whatever the distance of ticks: the window is the patience
 * itself. */
static void raise_sensor(const struct silence *state, const struct host *host, int64_t since_ns,
                         int64_t now_ns, const struct detect_sink *sink)
{
  char silent[EVIDENCE_QUANTITY_MAX];
  char heard[CLOCK_TEXT_MAX];
  struct finding finding = {.detector = detect_silence.name,
                            .rule = "sensor",
                            .severity = SEVERITY_CRITICAL,
                            .hold_ns = detect_tick_hold_ns(state->settings),
                            .window_start_ns = since_ns,
                            .window_length_ns = state->settings->silence_sensor_ns,
                            .observed = (double)(now_ns - since_ns) / (double)NS_PER_S,
                            .unit = "s",
                            .completeness_percent = 100,
                            .command = "seine sensors"};
  finding.expected_high = (double)state->settings->silence_sensor_ns / (double)NS_PER_S;
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s", host->name);
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "sensor %s has sent nothing for %s: last heard %s, its connection is %s",
                 host->name, evidence_duration(now_ns - since_ns, silent),
                 clock_format(host->last_heard_ns, heard), host->is_connected ? "open" : "lost");
  evidence_add(&finding, "sensor", host->name, finding.observed, 0);
  sink->raise(sink->context, &finding);
}

/* The deadman's switch. A BYE takes a sensor out of it; what the collector slept does not count
 * (host.h). */
static void silence_tick(void *context, int64_t now_ns, const struct hosts *hosts,
                         const struct detect_sink *sink)
{
  struct silence *state = context;
  if (!state->settings->silence_enabled) {
    return;
  }
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    int64_t since = host->quiet_from_ns;
    bool is_watched = !host->has_left && since != INT64_MIN;
    if (is_watched && now_ns - since >= state->settings->silence_sensor_ns) {
      raise_sensor(state, host, since, now_ns, sink);
    }
  }
}

const struct detector detect_silence = {
    .name = "silence",
    .help = "sensors that stop without BYE, interfaces that are down, captures that see nothing",
    .start = silence_start,
    .stop = silence_stop,
    .window = silence_window,
    .tick = silence_tick,
};
