/* SPDX-License-Identifier: Apache-2.0 */
/* newcomer: addresses that the fleet has never seen.
 *
 * Source: the sensors' lists of first-seen addresses, against one fleet-wide memory.
 * Parameters: learning (24 h from the first window: all are learnt, none is told), forget (30 d),
 * memory (262,144 addresses), burst (50 a minute), known (networks that are never new).
 * Cost: one look-up for each first-seen address; once a minute one for each listed talker.
 * Findings: a new address is INFO (rule new-address; more than FINDING_EVIDENCE_MAX in one window
 * are one finding, new-addresses); `burst` of them within a minute are one WARNING (rule burst) and
 * are not told one by one.
 * Blind spots: what comes late is history and teaches nothing; a sensor's own list is bounded (its
 * ledger counts what it folded); a full memory judges no address that it cannot keep, and says so
 * (rule memory-full); it is empty after a restart, and learns again.
 *
 *   sensor's first-seen list -> known network? -> in memory? -> learning? -> burst? -> one by one
 *                               |yes             |yes          |yes
 *                               nothing          renewed       remembered in silence */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/claims.h"
#include "collector/detect/detect.h"
#include "collector/detect/evidence.h"
#include "common/addr_set.h"
#include "common/clock.h"

#define BURST_SECONDS 60
#define FULL_EVERY_NS NS_PER_MINUTE

/* A new address, as first met in this window. */
struct newcomer_item {
  const struct summary *part;
  const struct addr *addr;
};

struct newcomer {
  const struct collector_settings *settings;
  struct network *known;
  size_t known_count;
  struct addr_set *seen;
  uint64_t generation; /* of the fleet's own addresses that were taken in */
  bool has_begun;
  int64_t learnt_ns; /* end of learning */
  int64_t renewed_ns;
  uint64_t unkept;                /* addresses that found no room */
  int64_t second[BURST_SECONDS];  /* which second each count below is of */
  uint64_t count[BURST_SECONDS];  /* new addresses in it */
  size_t item_count;              /* new in this window, the first of them */
  uint64_t new_count;             /* new in this window, all */
  struct newcomer_item item[256]; /* examples */
};

/* Also of a state that is half made. */
static void newcomer_stop(void *context)
{
  struct newcomer *state = context;
  addr_set_free(state->seen);
  free(state->known);
  free(state);
}

/* All memory at once, by newcomer.memory (P5). */
static void *newcomer_start(const struct collector_settings *settings)
{
  struct newcomer *state = calloc(1, sizeof(*state));
  if (state == NULL) {
    return NULL;
  }
  const struct conf_list *known = &settings->newcomer_known;
  state->settings = settings;
  state->seen = addr_set_new((size_t)settings->newcomer_memory);
  state->known = calloc(known->count + 1, sizeof(*state->known));
  if (state->seen == NULL || state->known == NULL) {
    newcomer_stop(state);
    return NULL;
  }
  for (size_t i = 0; i < known->count; i++) {
    /* Checked when they were loaded; what does not parse is no network. */
    if (network_parse(known->item[i], &state->known[state->known_count]) == 0) {
      state->known_count++;
    }
  }
  return state;
}

/* Never news: what many hosts have by nature, and the operator's own networks. */
static bool is_known(const struct newcomer *state, const struct addr *a)
{
  if (claims_is_shared(a)) {
    return true;
  }
  for (size_t i = 0; i < state->known_count; i++) {
    if (network_contains(&state->known[i], a)) {
      return true;
    }
  }
  return false;
}

/* Remembers an address; tells whether it was new and could be kept. Renewing is the same step: an
 * address that is there gets the new time. */
static bool learn(struct newcomer *state, const struct addr *a, int64_t now_ns)
{
  bool is_new = false;
  if (addr_set_add(state->seen, a, now_ns, &is_new) != 0) {
    state->unkept++;
    return false;
  }
  return is_new;
}

/* The fleet's own addresses are no strangers. */
static void newcomer_tick(void *context, int64_t now_ns, const struct hosts *hosts,
                          const struct detect_sink *sink)
{
  struct newcomer *state = context;
  (void)sink;
  /* Ticks come ten times a second, HELLOs rarely. */
  if (hosts_generation(hosts) == state->generation) {
    return;
  }
  state->generation = hosts_generation(hosts);
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    for (size_t n = 0; n < host->address_count; n++) {
      (void)learn(state, &host->address[n], now_ns);
    }
  }
}

/* Once a minute: what talks stays known, what was silent for long is forgotten. */
static void renew(struct newcomer *state, const struct fleet_window *window)
{
  if (window->start_ns - state->renewed_ns < NS_PER_MINUTE) {
    return;
  }
  state->renewed_ns = window->start_ns;
  for (size_t i = 0; i < window->part_count; i++) {
    const struct summary *part = window->parts[i];
    for (size_t t = 0; t < part->talker_count; t++) {
      if (addr_set_contains(state->seen, &part->talkers[t].addr)) {
        (void)learn(state, &part->talkers[t].addr, window->start_ns);
      }
    }
  }
  (void)addr_set_expire(state->seen, window->start_ns - state->settings->newcomer_forget_ns);
}

/* What of the sensors' lists is new to the fleet. Two sensors may bring the same address: the first
 * in order of names is its finder. */
static void collect(struct newcomer *state, const struct fleet_window *window)
{
  state->item_count = 0;
  state->new_count = 0;
  for (size_t i = 0; i < window->part_count; i++) {
    const struct summary *part = window->parts[i];
    for (size_t n = 0; n < part->first_seen_count; n++) {
      const struct addr *a = &part->first_seen[n];
      if (is_known(state, a) || !learn(state, a, window->start_ns)) {
        continue;
      }
      state->new_count++;
      if (state->item_count < sizeof(state->item) / sizeof(state->item[0])) {
        state->item[state->item_count++] = (struct newcomer_item){part, a};
      }
    }
  }
}

/* New addresses within the minute that ends with this window. */
static uint64_t minute_count(struct newcomer *state, const struct fleet_window *window)
{
  int64_t now = window->start_ns / NS_PER_S;
  size_t slot = (size_t)(now % BURST_SECONDS);
  uint64_t sum = 0;
  /* A ring of 60 counters, each stamped with its second: gaps between windows need no clearing. */
  state->second[slot] = now;
  state->count[slot] = state->new_count;
  for (size_t i = 0; i < BURST_SECONDS; i++) {
    sum += state->second[i] > now - BURST_SECONDS ? state->count[i] : 0;
  }
  return sum;
}

/* What all of its findings have in common. */
static struct finding finding_make(const struct newcomer *state, const struct fleet_window *window,
                                   const char *rule, const char *subject)
{
  struct finding finding = {.detector = detect_newcomer.name,
                            .severity = SEVERITY_INFO,
                            .hold_ns = state->settings->alert_hold_ns,
                            .window_start_ns = window->start_ns,
                            .window_length_ns = window->length_ns,
                            .completeness_percent = window->completeness_percent,
                            .unit = "addresses"};
  (void)snprintf(finding.rule, sizeof(finding.rule), "%s", rule);
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s", subject);
  (void)snprintf(finding.command, sizeof(finding.command), "seine top conversations --last 5m");
  return finding;
}

/* What the sensor that saw it first says of its traffic. */
static uint64_t item_bytes(const struct newcomer_item *item)
{
  for (size_t i = 0; i < item->part->talker_count; i++) {
    const struct summary_talker *at = &item->part->talkers[i];
    if (addr_equal(&at->addr, item->addr)) {
      return at->tx.bytes + at->rx.bytes;
    }
  }
  return 0;
}

/* How many each sensor met in this window, and examples. */
static void evidence_items(const struct newcomer *state, const struct fleet_window *window,
                           struct finding *finding)
{
  char text[ADDR_TEXT_MAX];
  char name[96];
  for (size_t i = 0; i < window->part_count; i++) {
    double count = 0;
    for (size_t n = 0; n < state->item_count; n++) {
      count += state->item[n].part == window->parts[i] ? 1 : 0;
    }
    evidence_add(finding, "sensor", window->parts[i]->sensor, count, (double)state->item_count);
  }
  for (size_t i = 0; i < state->item_count; i++) {
    (void)snprintf(name, sizeof(name), "%s on %.40s", addr_format(state->item[i].addr, text),
                   state->item[i].part->sensor);
    evidence_add(finding, "host", name, 1, (double)state->new_count);
  }
}

/* One address: information, not an alarm; the sensor that met it first is named. */
static void raise_one(const struct newcomer *state, const struct fleet_window *window,
                      const struct newcomer_item *item, const struct detect_sink *sink)
{
  char address[ADDR_TEXT_MAX];
  char bytes[EVIDENCE_QUANTITY_MAX];
  (void)addr_format(item->addr, address);
  struct finding finding = finding_make(state, window, "new-address", address);
  double moved = (double)item_bytes(item);
  finding.observed = 1;
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "%s was never seen before: first met on %s, %s in its first second", address,
                 item->part->sensor, evidence_quantity(moved, "bytes", bytes));
  evidence_add(&finding, "sensor", item->part->sensor, 1, 1);
  sink->raise(sink->context, &finding);
}

/* A count and an example: nobody reads a hundred addresses at night. */
static void raise_many(const struct newcomer *state, const struct fleet_window *window,
                       uint64_t count, bool is_burst, const struct detect_sink *sink)
{
  struct finding finding =
      finding_make(state, window, is_burst ? "burst" : "new-addresses", "fleet");
  char text[ADDR_TEXT_MAX];
  finding.observed = (double)count;
  if (is_burst) {
    finding.severity = SEVERITY_WARNING;
    finding.expected_high = (double)state->settings->newcomer_burst;
  }
  evidence_items(state, window, &finding);
  int n = snprintf(finding.summary, sizeof(finding.summary),
                   "%llu addresses that were never seen before came within %s",
                   (unsigned long long)count, is_burst ? "a minute" : "a second");
  if (state->item_count > 0 && n > 0 && (size_t)n < sizeof(finding.summary)) {
    (void)snprintf(finding.summary + n, sizeof(finding.summary) - (size_t)n,
                   ", such as %s on %.60s", addr_format(state->item[0].addr, text),
                   state->item[0].part->sensor);
  }
  sink->raise(sink->context, &finding);
}

/* Held for longer than the minute between two tellings, so that it stays one alert. */
static void raise_full(struct newcomer *state, const struct fleet_window *window,
                       const struct detect_sink *sink)
{
  struct finding finding = finding_make(state, window, "memory-full", "fleet");
  finding.observed = (double)state->unkept;
  finding.hold_ns += FULL_EVERY_NS;
  (void)snprintf(finding.summary, sizeof(finding.summary),
                 "%llu addresses could not be judged: all %lld places of newcomer.memory are taken",
                 (unsigned long long)state->unkept, (long long)state->settings->newcomer_memory);
  (void)snprintf(finding.command, sizeof(finding.command), "seine status");
  state->unkept = 0;
  sink->raise(sink->context, &finding);
}

/* Renew before collect: what was silent for too long is forgotten first, and may be new
 * again in this very window. */
static void newcomer_window(void *context, const struct fleet_window *window,
                            const struct detect_sink *sink)
{
  struct newcomer *state = context;
  if (!state->settings->newcomer_enabled) {
    return;
  }
  if (!state->has_begun) {
    state->has_begun = true;
    state->renewed_ns = window->start_ns;
    state->learnt_ns = window->start_ns + state->settings->newcomer_learning_ns;
  }
  renew(state, window);
  collect(state, window);
  /* Everything was learnt above; nothing is told yet (P9). */
  if (window->start_ns < state->learnt_ns) {
    return;
  }
  /* A burst swallows its members: one alert, not fifty. */
  uint64_t within = minute_count(state, window);
  if (within >= (uint64_t)state->settings->newcomer_burst) {
    raise_many(state, window, within, true, sink);
  } else if (state->new_count > FINDING_EVIDENCE_MAX) {
    raise_many(state, window, state->new_count, false, sink);
  } else {
    for (size_t i = 0; i < state->item_count; i++) {
      raise_one(state, window, &state->item[i], sink);
    }
  }
  if (state->unkept > 0) {
    raise_full(state, window, sink);
  }
}

const struct detector detect_newcomer = {
    .name = "newcomer",
    .help = "addresses that the fleet has never seen, one by one and in bursts",
    .start = newcomer_start,
    .stop = newcomer_stop,
    .window = newcomer_window,
    .tick = newcomer_tick,
};
