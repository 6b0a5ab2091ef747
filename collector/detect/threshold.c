/* SPDX-License-Identifier: Apache-2.0 */
/* threshold: the rules that an operator wrote.
 *
 * Source: none but the operator; hysteresis after Schmitt (1938): what is over the bound stays over
 * until it is `clear_percent` of it.
 * Parameters: each entry of `rules:` (metric, scope, match, above or below, clear_percent, for,
 * hold, severity).
 * Cost: a comparison for each rule and subject of each window; a name is made only near the bound.
 * Evidence: shares are of the observed value, 100 % at most. Those of sensors overlap for
 * `addresses` and for a host: several see the same one.
 * Blind spots: scope host sees the FLEET_TALKERS largest hosts of the window; a subject that is
 * absent from a window is not judged in it (silence finds those).
 *
 *   above ----------------------- raised here
 *   above x clear_percent ------- still raised here when it was over; below it, no more
 *   time  ->  raise, raise, raise ... absent for `hold`: resolved (alerts.c) */
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/detect/detect.h"
#include "collector/detect/evidence.h"
#include "collector/detect/measures.h"
#include "common/addr_set.h"
#include "common/hash.h"

/* Subjects over their bound at the same time; beyond it they merely lose their hysteresis. */
#define OVER_MAX 8192

/* The rules themselves are the settings'. */
struct threshold {
  const struct collector_settings *settings;
  /* Who is over its bound: hashes of (rule, subject), stamped with the window's end. A set of
   * addresses holds any 16-byte keys. */
  struct addr_set *over;
};

/* One set for all rules: its keys have the rule in them. */
static void *threshold_start(const struct collector_settings *settings)
{
  struct threshold *state = calloc(1, sizeof(*state));
  if (state == NULL) {
    return NULL;
  }
  state->settings = settings;
  state->over = addr_set_new(OVER_MAX);
  if (state->over == NULL) {
    free(state);
    return NULL;
  }
  return state;
}

static void threshold_stop(void *context)
{
  struct threshold *state = context;
  addr_set_free(state->over);
  free(state);
}

/* 128 bits of (rule, subject): nobody chooses both names to collide. */
static struct addr over_key(const struct rule_setting *rule, const char *subject)
{
  char text[64 + FINDING_SUBJECT_MAX];
  int n = snprintf(text, sizeof(text), "%.62s\n%s", rule->name, subject);
  size_t length = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
  struct addr key;
  uint64_t half[2] = {hash_seeded(1, text, length), hash_seeded(2, text, length)};
  memcpy(key.byte, half, sizeof(key.byte));
  return key;
}

/* Whether value is beyond the bound; scale 1 for the bound itself, else where it clears. */
static bool is_beyond(const struct rule_setting *rule, double value, bool was_over)
{
  double slack = was_over ? 1.0 - rule->clear_percent / 100.0 : 0;
  if (rule->above >= 0) {
    return value > rule->above * (1.0 - slack);
  }
  return value < rule->below * (1.0 + slack);
}

/* Hosts and conversations of one sensor, each with its part of the observed value. They are the
 * whole sensor's: of which interface they are, a record does not say. */
static void evidence_of_part(struct finding *finding, enum rule_metric metric,
                             const struct measure_subject *subject)
{
  const struct summary *part = subject->part;
  char from[ADDR_TEXT_MAX];
  char to[ADDR_TEXT_MAX];
  char name[2 * ADDR_TEXT_MAX + 16];
  double whole = finding->observed;
  /* A host that talks to itself is in its row twice, as sender and as receiver; it cannot have more
   * than all that its sensor saw. */
  double most = subject->interface == NULL ? whole : HUGE_VAL;
  for (size_t i = 0; i < part->talker_count; i++) {
    const struct summary_talker *at = &part->talkers[i];
    double value = measure_counts(metric, subject->window, &at->tx, &at->rx);
    evidence_add(finding, "host", addr_format(&at->addr, from), value < most ? value : most, whole);
  }
  for (size_t i = 0; i < part->conversation_count; i++) {
    const struct summary_conversation *at = &part->conversations[i];
    const char *client =
        summary_addr_is_many(&at->client) ? "(many)" : addr_format(&at->client, from);
    const char *server =
        summary_addr_is_many(&at->server) ? "(many)" : addr_format(&at->server, to);
    (void)snprintf(name, sizeof(name), "%s > %s port %u", client, server, at->server_port);
    evidence_add(finding, "conversation", name,
                 measure_counts(metric, subject->window, &at->out, &at->in), whole);
  }
}

/* Every observer of the host, by its own row for it. */
static void evidence_of_host(struct finding *finding, enum rule_metric metric,
                             const struct measure_subject *subject)
{
  for (size_t i = 0; i < subject->window->part_count; i++) {
    const struct summary *part = subject->window->parts[i];
    for (size_t t = 0; t < part->talker_count; t++) {
      const struct summary_talker *at = &part->talkers[t];
      if (addr_equal(&at->addr, &subject->talker->addr)) {
        evidence_add(finding, "sensor", part->sensor,
                     measure_counts(metric, subject->window, &at->tx, &at->rx), finding->observed);
      }
    }
  }
}

/* The parts that the value is the sum of: sensors of the fleet, interfaces of a sensor. */
static void evidence_of_scope(struct finding *finding, const struct rule_setting *rule,
                              const struct measure_subject *subject)
{
  enum rule_metric metric = (enum rule_metric)rule->metric;
  /* The subject in a smaller scope, for the same metric. */
  struct measure_subject part = *subject;
  double value = 0;
  if (rule->scope == RULE_FLEET) {
    for (size_t i = 0; i < subject->window->part_count; i++) {
      part.part = subject->window->parts[i];
      if (measure_read(metric, RULE_SENSOR, &part, &value)) {
        evidence_add(finding, "sensor", part.part->sensor, value, finding->observed);
      }
    }
  } else if (rule->scope == RULE_HOST) {
    evidence_of_host(finding, metric, subject);
  } else if (measure_is_traffic(metric)) {
    evidence_of_part(finding, metric, subject);
  } else if (rule->scope == RULE_SENSOR) {
    for (size_t i = 0; i < subject->part->interface_count; i++) {
      part.interface = &subject->part->interfaces[i];
      if (measure_read(metric, RULE_INTERFACE, &part, &value)) {
        evidence_add(finding, "interface", part.interface->name, value, finding->observed);
      }
    }
  }
}

/* The largest conversation where there is one: the largest host is mostly the sensor's own. */
static const struct finding_evidence *evidence_telling(const struct finding *finding)
{
  for (unsigned i = 0; i < finding->evidence_count; i++) {
    if (strcmp(finding->evidence[i].label, "conversation") == 0) {
      return &finding->evidence[i];
    }
  }
  return &finding->evidence[0];
}

/* What a person reads first: who, how much, against which limit, and mostly by whom. */
static void describe(struct finding *finding, const struct rule_setting *rule)
{
  char value[EVIDENCE_QUANTITY_MAX];
  char bound[EVIDENCE_QUANTITY_MAX];
  bool is_above = rule->above >= 0;
  int n = snprintf(finding->summary, sizeof(finding->summary), "%.90s: %s, %s the limit of %s",
                   finding->subject, evidence_quantity(finding->observed, finding->unit, value),
                   is_above ? "above" : "below",
                   evidence_quantity(is_above ? rule->above : rule->below, finding->unit, bound));
  if (finding->evidence_count > 0 && n > 0 && (size_t)n < sizeof(finding->summary)) {
    const struct finding_evidence *top = evidence_telling(finding);
    (void)snprintf(finding->summary + n, sizeof(finding->summary) - (size_t)n,
                   "; most by %s %.60s (%.0f %%)", top->label, top->name, top->share_percent);
  }
  bool is_traffic = measure_is_traffic((enum rule_metric)rule->metric);
  (void)snprintf(finding->command, sizeof(finding->command), "%s",
                 is_traffic ? "seine top conversations --last 5m" : "seine sensors");
}

/* Everything an alert needs to explain itself (P7): value, band, window, contributors, sentence,
 * command. */
static void raise_rule(const struct rule_setting *rule, const char *name,
                       const struct measure_subject *subject, double value,
                       const struct detect_sink *sink)
{
  struct finding finding = {.detector = detect_threshold.name,
                            .severity = (enum severity)rule->severity,
                            .for_ns = rule->for_ns,
                            .hold_ns = rule->hold_ns,
                            .window_start_ns = subject->window->start_ns,
                            .window_length_ns = subject->window->length_ns,
                            .observed = value,
                            .completeness_percent = subject->window->completeness_percent};
  finding.expected_low = rule->above >= 0 ? 0 : rule->below;
  finding.expected_high = rule->above >= 0 ? rule->above : HUGE_VAL;
  (void)snprintf(finding.rule, sizeof(finding.rule), "%s", rule->name);
  (void)snprintf(finding.subject, sizeof(finding.subject), "%s", name);
  (void)snprintf(finding.unit, sizeof(finding.unit), "%s",
                 measure_unit((enum rule_metric)rule->metric));
  /* Before the sentence, which names the largest contributor. */
  evidence_of_scope(&finding, rule, subject);
  describe(&finding, rule);
  sink->raise(sink->context, &finding);
}

/* The name that `match` is held against, and that the alert carries. */
static void subject_name(char out[FINDING_SUBJECT_MAX], int scope,
                         const struct measure_subject *subject)
{
  char text[ADDR_TEXT_MAX];
  switch ((enum rule_scope)scope) {
  case RULE_FLEET:
    (void)snprintf(out, FINDING_SUBJECT_MAX, "fleet");
    break;
  case RULE_SENSOR:
    (void)snprintf(out, FINDING_SUBJECT_MAX, "%s", subject->part->sensor);
    break;
  case RULE_INTERFACE:
    (void)snprintf(out, FINDING_SUBJECT_MAX, "%s/%s", subject->part->sensor,
                   subject->interface->name);
    break;
  case RULE_HOST:
    (void)snprintf(out, FINDING_SUBJECT_MAX, "%s", addr_format(&subject->talker->addr, text));
    break;
  }
}

/* The common case ends at the comparison, before any name is made. */
static void judge(struct threshold *state, const struct rule_setting *rule,
                  const struct measure_subject *subject, const struct detect_sink *sink)
{
  double value = 0;
  char name[FINDING_SUBJECT_MAX];
  if (!measure_read((enum rule_metric)rule->metric, (enum rule_scope)rule->scope, subject,
                    &value)) {
    return;
  }
  /* Three cases: over; not over but in the band where it would still hold if it was; neither. */
  bool is_over = is_beyond(rule, value, false);
  if (!is_over && (addr_set_count(state->over) == 0 || !is_beyond(rule, value, true))) {
    return; /* the mark of one that cleared goes with its hold */
  }
  subject_name(name, rule->scope, subject);
  /* The pattern is asked last: it is the dearest of the questions. */
  if (rule->match[0] != '\0' && fnmatch(rule->match, name, 0) != 0) {
    return;
  }
  /* The names are known now, so that hysteresis can be asked of this one subject. */
  struct addr key = over_key(rule, name);
  if (is_over || addr_set_contains(state->over, &key)) {
    int64_t end = subject->window->start_ns + subject->window->length_ns;
    (void)addr_set_add(state->over, &key, end, NULL);
    raise_rule(rule, name, subject, value, sink);
  }
}

/* Every subject of the rule's scope, in order of names; hosts by bytes. */
static void judge_all(struct threshold *state, const struct rule_setting *rule,
                      const struct fleet_window *window, const struct detect_sink *sink)
{
  struct measure_subject subject = {.window = window};
  if (rule->scope == RULE_FLEET) {
    judge(state, rule, &subject, sink);
  }
  for (size_t i = 0; rule->scope == RULE_HOST && i < window->talker_count; i++) {
    subject.talker = &window->talkers[i];
    judge(state, rule, &subject, sink);
  }
  bool is_in_part = rule->scope == RULE_SENSOR || rule->scope == RULE_INTERFACE;
  for (size_t i = 0; is_in_part && i < window->part_count; i++) {
    subject.part = window->parts[i];
    size_t interfaces = rule->scope == RULE_INTERFACE ? subject.part->interface_count : 1;
    for (size_t n = 0; n < interfaces; n++) {
      subject.interface = rule->scope == RULE_INTERFACE ? &subject.part->interfaces[n] : NULL;
      judge(state, rule, &subject, sink);
    }
  }
}

/* Rules in the order of the file, subjects in order of names: the findings' order is fixed (P4). */
static void threshold_window(void *context, const struct fleet_window *window,
                             const struct detect_sink *sink)
{
  struct threshold *state = context;
  const struct rule_setting *rules = state->settings->rules.item;
  for (size_t i = 0; i < state->settings->rules.count; i++) {
    if (rules[i].is_enabled) {
      judge_all(state, &rules[i], window, sink);
    }
  }
  /* A subject stays over only from one window to the next. */
  if (addr_set_count(state->over) > 0) {
    (void)addr_set_expire(state->over, window->start_ns + window->length_ns);
  }
}

const struct detector detect_threshold = {
    .name = "threshold",
    .help = "rules that an operator wrote: a metric above or below a bound",
    .start = threshold_start,
    .stop = threshold_stop,
    .window = threshold_window,
};
