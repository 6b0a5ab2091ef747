/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the `expect` lines of a scenario against what a run gave. */
#include <string.h>

#include "collector/detect/detect.h"
#include "common/clock.h"
#include "tests/replay/scenario.h"

/* The words of a line, taken one by one. */
struct reader {
  const struct scenario *scenario;
  const struct outcome *outcome;
  const struct expect *expect;
  size_t at;
  const struct alert **last;
  struct err_message *why;
};

/* What a line asks of alerts; empty texts ask nothing. */
struct wanted {
  const char *detector, *rule, *subject, *severity;
  int64_t from, to; /* seconds, both included */
};

/* Always false, for a return. */
static bool fail(struct err_message *why, const char *text)
{
  return err_set(why, ERR_MALFORMED, "%s", text) == 0;
}

/* The next word, or NULL at the end of the line. */
static const char *next(struct reader *reader)
{
  return reader->at < reader->expect->count ? reader->expect->word[reader->at++] : NULL;
}

static bool is_next(struct reader *reader, const char *word)
{
  bool is_it =
      reader->at < reader->expect->count && strcmp(reader->expect->word[reader->at], word) == 0;
  reader->at += is_it ? 1 : 0;
  return is_it;
}

static bool next_seconds(struct reader *reader, int64_t *out)
{
  const char *word = next(reader);
  return word != NULL && scenario_seconds(word, out);
}

/* `within D of T`, `before T`, `after T`, `from A to B`; nothing: any time. */
static bool span_read(struct reader *reader, struct wanted *wanted)
{
  int64_t length = 0;
  if (is_next(reader, "within")) {
    bool is_good = next_seconds(reader, &length) && is_next(reader, "of") &&
                   next_seconds(reader, &wanted->from);
    wanted->to = wanted->from + length;
    return is_good;
  }
  if (is_next(reader, "before")) {
    return next_seconds(reader, &wanted->to) && wanted->to-- > 0;
  }
  if (is_next(reader, "after")) {
    return next_seconds(reader, &wanted->from);
  }
  if (is_next(reader, "from")) {
    return next_seconds(reader, &wanted->from) && is_next(reader, "to") &&
           next_seconds(reader, &wanted->to);
  }
  return true;
}

static bool is_detector(const char *name)
{
  for (size_t i = 0; detect_table[i] != NULL; i++) {
    if (strcmp(detect_table[i]->name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* [DETECTOR] [rule=R] [subject=S] [severity=V] and a span. */
static bool wanted_read(struct reader *reader, struct wanted *wanted)
{
  *wanted = (struct wanted){.from = INT64_MIN, .to = INT64_MAX};
  for (; reader->at < reader->expect->count; reader->at++) {
    const char *word = reader->expect->word[reader->at];
    if (strncmp(word, "rule=", 5) == 0) {
      wanted->rule = word + 5;
    } else if (strncmp(word, "subject=", 8) == 0) {
      wanted->subject = word + 8;
    } else if (strncmp(word, "severity=", 9) == 0) {
      wanted->severity = word + 9;
    } else if (is_detector(word)) {
      wanted->detector = word;
    } else {
      break;
    }
  }
  return span_read(reader, wanted) ||
         fail(reader->why, "expected `within D of T`, `before T`, `after T` or `from A to B`");
}

static bool is_like(const char *wanted, const char *text)
{
  return wanted == NULL || strcmp(wanted, text) == 0;
}

static bool is_wanted(const struct wanted *wanted, const struct alert *alert)
{
  const struct finding *f = &alert->finding;
  double at = (double)(alert->fired_ns - SCENARIO_BASE_NS) / (double)NS_PER_S;
  return is_like(wanted->detector, f->detector) && is_like(wanted->rule, f->rule) &&
         is_like(wanted->subject, f->subject) &&
         is_like(wanted->severity, severity_names[f->severity]) && at >= (double)wanted->from &&
         at <= (double)wanted->to;
}

/* The firings that are wanted: how many, and the first of them. */
static size_t firings(const struct reader *reader, const struct wanted *wanted,
                      const struct alert **first)
{
  size_t count = 0;
  *first = NULL;
  for (size_t i = 0; i < reader->outcome->alert_count; i++) {
    const struct alert *alert = &reader->outcome->alerts[i];
    if (alert->state == ALERT_FIRING && is_wanted(wanted, alert)) {
      *first = count++ == 0 ? alert : *first;
    }
  }
  return count;
}

/* alert ..., no alert ... */
static bool expect_alert(struct reader *reader, bool is_wanted_at_all)
{
  struct wanted wanted;
  const struct alert *first = NULL;
  if (!wanted_read(reader, &wanted)) {
    return false;
  }
  (void)firings(reader, &wanted, &first);
  if (!is_wanted_at_all && first != NULL) {
    (void)err_set(reader->why, ERR_CONFLICT, "an alert fired at %.2f s: %s",
                  (double)(first->fired_ns - SCENARIO_BASE_NS) / (double)NS_PER_S,
                  first->finding.summary);
    return false;
  }
  if (is_wanted_at_all) {
    *reader->last = first;
  }
  return !is_wanted_at_all || first != NULL || fail(reader->why, "no such alert fired");
}

/* Says both, what it is and what was expected. */
static bool in_range(struct reader *reader, const char *range, double value)
{
  double low = 0;
  double high = 0;
  if (range == NULL || !scenario_range(range, &low, &high)) {
    return fail(reader->why, "expected a range such as 5, 5..9, 5.. or ..9");
  }
  if (value >= low && value <= high) {
    return true;
  }
  (void)err_set(reader->why, ERR_CONFLICT, "it is %.10g, expected %s", value, range);
  return false;
}

/* alerts [DETECTOR ...] RANGE */
static bool expect_count(struct reader *reader)
{
  struct wanted wanted;
  const struct alert *first = NULL;
  return wanted_read(reader, &wanted) &&
         in_range(reader, next(reader), (double)firings(reader, &wanted, &first));
}

/* The same alert, resolved: NULL when it never was. */
static const struct alert *resolution(const struct reader *reader)
{
  for (size_t i = 0; *reader->last != NULL && i < reader->outcome->alert_count; i++) {
    const struct alert *alert = &reader->outcome->alerts[i];
    if (alert->state == ALERT_RESOLVED && strcmp(alert->id, (*reader->last)->id) == 0) {
      return alert;
    }
  }
  return NULL;
}

/* resolved [within D of T]: of the alert in the line before. */
static bool expect_resolved(struct reader *reader)
{
  struct wanted wanted = {.from = INT64_MIN, .to = INT64_MAX};
  const struct alert *alert = resolution(reader);
  if (!span_read(reader, &wanted) || alert == NULL) {
    return fail(reader->why, "the alert above never resolved");
  }
  double at = (double)(alert->resolved_ns - SCENARIO_BASE_NS) / (double)NS_PER_S;
  if (at < (double)wanted.from || at > (double)wanted.to) {
    (void)err_set(reader->why, ERR_CONFLICT, "it resolved at %.2f s", at);
    return false;
  }
  return true;
}

/* evidence LABEL NAME [share RANGE]: NAME is how it begins. */
static bool expect_evidence(struct reader *reader)
{
  const char *label = next(reader);
  const char *name = next(reader);
  if (*reader->last == NULL || label == NULL || name == NULL) {
    return fail(reader->why, "needs an alert in the line above, a label and a name");
  }
  const struct finding *f = &(*reader->last)->finding;
  for (unsigned i = 0; i < f->evidence_count; i++) {
    if (strcmp(f->evidence[i].label, label) == 0 &&
        strncmp(f->evidence[i].name, name, strlen(name)) == 0) {
      return !is_next(reader, "share") ||
             in_range(reader, next(reader), f->evidence[i].share_percent);
    }
  }
  return fail(reader->why, "the alert above has no such evidence");
}

/* summary "part of it" */
static bool expect_summary(struct reader *reader)
{
  const char *text = next(reader);
  if (*reader->last == NULL || text == NULL) {
    return fail(reader->why, "needs an alert in the line above and a text");
  }
  if (strstr((*reader->last)->finding.summary, text) == NULL) {
    (void)err_set(reader->why, ERR_CONFLICT, "its summary is: %s",
                  (*reader->last)->finding.summary);
    return false;
  }
  return true;
}

static bool window_value(const struct outcome_window *window, const char *key, double *value)
{
  const struct {
    const char *key;
    double value;
  } values[] = {
      {"low", (double)window->bytes.low},       {"high", (double)window->bytes.high},
      {"packets", (double)window->packets.low}, {"present", (double)window->present},
      {"expected", (double)window->expected},   {"completeness", window->completeness},
      {"revision", (double)window->revision},   {"total", window->has_total ? 1 : 0},
  };
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    if (strcmp(values[i].key, key) == 0) {
      *value = values[i].value;
      return true;
    }
  }
  return false;
}

/* window T [revised] KEY RANGE ...: the close of second T, or its first delta. */
static bool expect_window(struct reader *reader)
{
  int64_t second = 0;
  if (!next_seconds(reader, &second)) {
    return fail(reader->why, "expected the second that the window starts at");
  }
  bool is_delta = is_next(reader, "revised");
  for (size_t i = 0; i < reader->outcome->window_count; i++) {
    const struct outcome_window *window = &reader->outcome->windows[i];
    if (window->start_ns != SCENARIO_BASE_NS + second * NS_PER_S ||
        (window->revision > 0) != is_delta) {
      continue;
    }
    bool is_good = true;
    for (const char *key = next(reader); is_good && key != NULL; key = next(reader)) {
      double value = 0;
      is_good = window_value(window, key, &value) ? in_range(reader, next(reader), value)
                                                  : fail(reader->why, "no such value of a window");
    }
    return is_good;
  }
  return fail(reader->why, "there is no such window");
}

/* settled SENSOR RANGE: the sequence that an ACK may say at the end. */
static bool expect_settled(struct reader *reader)
{
  const char *name = next(reader);
  for (size_t i = 0; name != NULL && i < reader->scenario->sensor_count; i++) {
    if (strcmp(reader->scenario->sensor[i], name) == 0) {
      return in_range(reader, next(reader), (double)reader->outcome->settled[i]);
    }
  }
  return fail(reader->why, "expected a sensor's name");
}

/* COUNTER RANGE: of pipeline_stats. */
static bool expect_stat(struct reader *reader, const char *name)
{
  const struct pipeline_stats *stats = &reader->outcome->stats;
  const struct {
    const char *name;
    uint64_t value;
  } values[] = {
      {"records", stats->records},
      {"repeated", stats->repeated},
      {"refused", stats->refused},
      {"late", stats->late},
      {"gaps", stats->gaps},
      {"clamped", stats->clamped},
      {"windows", stats->windows_closed},
      {"revised", stats->windows_revised},
  };
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    if (strcmp(values[i].name, name) == 0) {
      return in_range(reader, next(reader), (double)values[i].value);
    }
  }
  return fail(reader->why, "unknown");
}

static bool expect_no(struct reader *reader)
{
  if (is_next(reader, "alert")) {
    return expect_alert(reader, false);
  }
  if (is_next(reader, "resolution")) {
    return resolution(reader) == NULL || fail(reader->why, "the alert above resolved");
  }
  return fail(reader->why, "expected `no alert` or `no resolution`");
}

/* The first word says what kind of line it is; the reader goes on behind it. */
bool outcome_meets(const struct scenario *scenario, const struct outcome *outcome,
                   const struct expect *expect, const struct alert **last, struct err_message *why)
{
  static const struct {
    const char *word;
    bool (*judge)(struct reader *reader);
  } kinds[] = {
      {"no", expect_no},
      {"alerts", expect_count},
      {"resolved", expect_resolved},
      {"evidence", expect_evidence},
      {"summary", expect_summary},
      {"window", expect_window},
      {"settled", expect_settled},
  };
  struct reader reader = {scenario, outcome, expect, 1, last, why};
  bool is_good = false;
  size_t i = 0;
  while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].word, expect->word[0]) != 0) {
    i++;
  }
  if (strcmp(expect->word[0], "alert") == 0) {
    is_good = expect_alert(&reader, true);
  } else if (i < sizeof(kinds) / sizeof(kinds[0])) {
    is_good = kinds[i].judge(&reader);
  } else {
    is_good = expect_stat(&reader, expect->word[0]);
  }
  return is_good && (reader.at == expect->count || fail(why, "words left over at its end"));
}
