/* SPDX-License-Identifier: Apache-2.0 */
/* The live alerts, sorted by the hash of their key.
 *
 * One entry a live alert. A finding that is raised again finds its entry by binary search over
 * hashes; there are few entries, so the walk for what is due is plain. Resolved alerts leave at
 * once: history is the store's. */
#include "collector/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/hash.h"

/* The alert, and what its life cycle needs beyond what is shown. */
struct entry {
  uint64_t key;
  int64_t absent_from_ns; /* hold counts from here: the last time it was seen */
  bool is_restored;       /* and not raised since */
  struct alert alert;
};

struct alerts {
  struct alerts_sink sink;
  size_t count, capacity;
  struct entry **entry;
  uint64_t refused;
  int64_t judged_ns; /* the latest alerts_advance */
  bool is_waiting;   /* nobody can tell yet what became of the restored ones */
};

/* These names are the API's and the store's: they never change. */
const char *alert_state_name(enum alert_state state)
{
  static const char *const names[] = {"pending", "firing", "resolved"};
  return names[state];
}

/* No entries yet: they come with the first trouble, up to ALERTS_LIVE_MAX. */
struct alerts *alerts_new(const struct alerts_sink *sink)
{
  struct alerts *alerts = calloc(1, sizeof(*alerts));
  if (alerts != NULL) {
    alerts->sink = *sink;
    alerts->judged_ns = INT64_MIN;
  }
  return alerts;
}

void alerts_free(struct alerts *alerts)
{
  if (alerts == NULL) {
    return;
  }
  for (size_t i = 0; i < alerts->count; i++) {
    free(alerts->entry[i]);
  }
  free(alerts->entry);
  free(alerts);
}

/* Ids must not depend on the process's own seed: the fleet's published one serves. */
static uint64_t key_of(const struct finding *finding)
{
  char text[32 + sizeof(finding->rule) + sizeof(finding->subject)];
  int n = snprintf(text, sizeof(text), "%.30s%c%s%c%s", finding->detector, 0, finding->rule, 0,
                   finding->subject);
  size_t length = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
  return hash_seeded(HASH_FLEET_SEED, text, length);
}

/* The key alone would name every alert of a rule and subject alike; the start makes it one of
 * them. */
static void id_set(struct alert *alert, uint64_t key)
{
  uint8_t bytes[16];
  uint64_t start = (uint64_t)alert->started_ns;
  for (size_t i = 0; i < 8; i++) {
    bytes[i] = (uint8_t)(key >> (8 * i));
    bytes[8 + i] = (uint8_t)(start >> (8 * i));
  }
  (void)snprintf(alert->id, sizeof(alert->id), "%016" PRIx64,
                 hash_seeded(HASH_FLEET_SEED, bytes, sizeof(bytes)));
}

/* The first place whose key is not below key. */
static size_t place_of(const struct alerts *alerts, uint64_t key)
{
  size_t low = 0;
  size_t high = alerts->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (alerts->entry[middle]->key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* A new entry at its place. */
static int entry_insert(struct alerts *alerts, size_t at, struct entry **out)
{
  /* A storm fills the table and no more than that (P5); what finds no room is counted (P2). */
  if (alerts->count >= ALERTS_LIVE_MAX) {
    return ERR_LIMIT;
  }
  if (alerts->count == alerts->capacity) {
    size_t capacity = alerts->capacity == 0 ? 16 : alerts->capacity * 2;
    struct entry **grown = realloc(alerts->entry, capacity * sizeof(struct entry *));
    if (grown == NULL) {
      return ERR_NO_MEMORY;
    }
    alerts->entry = grown;
    alerts->capacity = capacity;
  }
  struct entry *entry = calloc(1, sizeof(*entry));
  if (entry == NULL) {
    return ERR_NO_MEMORY;
  }
  memmove(&alerts->entry[at + 1], &alerts->entry[at],
          (alerts->count - at) * sizeof(struct entry *));
  alerts->entry[at] = entry;
  alerts->count++;
  *out = entry;
  return 0;
}

/* The order of hashes stays as it was. */
static void entry_remove(struct alerts *alerts, size_t at)
{
  free(alerts->entry[at]);
  alerts->count--;
  memmove(&alerts->entry[at], &alerts->entry[at + 1],
          (alerts->count - at) * sizeof(struct entry *));
}

/* How far the value lies outside the band that was expected. */
static double excess(const struct finding *finding, double observed)
{
  if (observed > finding->expected_high) {
    return observed - finding->expected_high;
  }
  return finding->expected_low > observed ? finding->expected_low - observed : 0;
}

/* The condition was seen once more: pending may become firing; what was announced stays as it was
 * announced, but for its peak and its count. */
static void entry_see(struct alerts *alerts, struct entry *entry, const struct finding *finding,
                      int64_t seen_ns, bool is_new)
{
  struct alert *alert = &entry->alert;
  alert->windows++;
  alert->last_seen_ns = seen_ns > alert->last_seen_ns ? seen_ns : alert->last_seen_ns;
  entry->absent_from_ns = alert->last_seen_ns;
  /* The trouble goes on after the restart: an ordinary alert again. */
  entry->is_restored = false;
  /* Outside the expected band by most, on whichever side: for a rule with `below` the smallest
   * value. */
  if (is_new || excess(finding, finding->observed) > excess(finding, alert->peak)) {
    alert->peak = finding->observed;
  }
  if (alert->state == ALERT_PENDING) {
    /* `for` is measured from the start of the first window to the end of this one: with for = 1 s
     * the first window fires. */
    int64_t end = finding->window_start_ns + finding->window_length_ns;
    /* While pending the newest finding is kept, so that a firing alert explains the window that
     * fired it. */
    alert->finding = *finding;
    if (end - alert->started_ns >= finding->for_ns) {
      alert->state = ALERT_FIRING;
      alert->fired_ns = end;
    }
    if (is_new || alert->state == ALERT_FIRING) {
      alerts->sink.changed(alerts->sink.context, alert);
    }
  }
}

/* A finding does three things to its entry, in this order: it is counted, it may be the worst so
 * far, and it may be the one with which `for` is over. */
void alerts_raise(struct alerts *alerts, const struct finding *finding, int64_t seen_ns)
{
  uint64_t key = key_of(finding);
  size_t at = place_of(alerts, key);
  if (at < alerts->count && alerts->entry[at]->key == key) {
    entry_see(alerts, alerts->entry[at], finding, seen_ns, false);
    return;
  }
  struct entry *entry = NULL;
  if (entry_insert(alerts, at, &entry) != 0) {
    alerts->refused++;
    return;
  }
  entry->key = key;
  entry->alert.state = ALERT_PENDING;
  entry->alert.started_ns = finding->window_start_ns;
  /* entry_see raises it to seen_ns and tells of the birth. */
  entry->alert.last_seen_ns = INT64_MIN;
  id_set(&entry->alert, key);
  entry_see(alerts, entry, finding, seen_ns, true);
}

/* When it resolves, if it is not seen again. */
static int64_t entry_due(const struct entry *entry)
{
  return entry->absent_from_ns + entry->alert.finding.hold_ns;
}

/* The firing alert that was due first, up to until_ns; alerts->count when none is. */
static size_t earliest_due(const struct alerts *alerts, int64_t until_ns)
{
  size_t best = alerts->count;
  for (size_t i = 0; i < alerts->count; i++) {
    const struct entry *entry = alerts->entry[i];
    bool is_held = entry->is_restored && alerts->is_waiting;
    bool is_due = entry->alert.state == ALERT_FIRING && !is_held &&
                  entry->absent_from_ns < until_ns && entry_due(entry) <= until_ns;
    if (is_due && (best == alerts->count || entry_due(entry) < entry_due(alerts->entry[best]))) {
      best = i;
    }
  }
  return best;
}

/* Told with the time that was due, not with the time at which it was noticed. */
static void entry_resolve(struct alerts *alerts, size_t at)
{
  struct entry *entry = alerts->entry[at];
  entry->alert.state = ALERT_RESOLVED;
  entry->alert.resolved_ns = entry_due(entry);
  (void)snprintf(entry->alert.resolution, sizeof(entry->alert.resolution), "%s",
                 entry->is_restored ? "recovered" : "cleared");
  alerts->sink.changed(alerts->sink.context, &entry->alert);
  entry_remove(alerts, at);
}

/* In the order of their due times, however long the jump was: two runs that advance in steps of
 * unlike size tell the same story in the same order (P4). */
static void resolve_due(struct alerts *alerts)
{
  for (size_t at = earliest_due(alerts, alerts->judged_ns); at < alerts->count;
       at = earliest_due(alerts, alerts->judged_ns)) {
    entry_resolve(alerts, at);
  }
}

/* First the pending ones that were not seen again, then the firing ones that are due. The former
 * are no news to anybody and go silently. */
void alerts_advance(struct alerts *alerts, int64_t until_ns)
{
  /* Time stands still or ran back: everything up to here is judged. */
  if (until_ns <= alerts->judged_ns) {
    return;
  }
  alerts->judged_ns = until_ns;
  /* From the end, so that a removal moves only entries that were looked at. */
  for (size_t i = alerts->count; i > 0; i--) {
    const struct entry *entry = alerts->entry[i - 1];
    if (entry->alert.state == ALERT_PENDING && entry->alert.last_seen_ns < until_ns) {
      entry_remove(alerts, i - 1);
    }
  }
  resolve_due(alerts);
}

/* What the wait held up is resolved at once, with the times that were due. */
void alerts_wait(struct alerts *alerts, bool is_waiting)
{
  alerts->is_waiting = is_waiting;
  resolve_due(alerts);
}

/* It was told to people: it may not vanish. It goes on, or it resolves as "recovered". */
int alerts_restore(struct alerts *alerts, const struct alert *alert)
{
  /* A pending one has told nobody anything: after a restart it begins again by itself. */
  if (alert->state != ALERT_FIRING || alert->finding.detector == NULL) {
    return 0;
  }
  uint64_t key = key_of(&alert->finding);
  size_t at = place_of(alerts, key);
  if (at < alerts->count && alerts->entry[at]->key == key) {
    return ERR_CONFLICT;
  }
  struct entry *entry = NULL;
  int err = entry_insert(alerts, at, &entry);
  if (err != 0) {
    return err;
  }
  *entry = (struct entry){
      .key = key, .absent_from_ns = alert->last_seen_ns, .is_restored = true, .alert = *alert};
  return 0;
}

/* By start, then by id: the order of pipeline_alerts. */
static int start_order(const void *left, const void *right)
{
  const struct alert *a = *(const struct alert *const *)left;
  const struct alert *b = *(const struct alert *const *)right;
  if (a->started_ns != b->started_ns) {
    return a->started_ns < b->started_ns ? -1 : 1;
  }
  return strcmp(a->id, b->id);
}

size_t alerts_list(const struct alerts *alerts, const struct alert **out, size_t n)
{
  /* Sorted for each question: questions are rare, and findings need the order of hashes. */
  const struct alert *all[ALERTS_LIVE_MAX];
  if (alerts->count == 0) {
    return 0;
  }
  for (size_t i = 0; i < alerts->count; i++) {
    all[i] = &alerts->entry[i]->alert;
  }
  qsort(all, alerts->count, sizeof(const struct alert *), start_order);
  for (size_t i = 0; i < n && i < alerts->count; i++) {
    out[i] = all[i];
  }
  return alerts->count;
}

uint64_t alerts_refused(const struct alerts *alerts)
{
  return alerts->refused;
}
