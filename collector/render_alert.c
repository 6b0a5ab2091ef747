/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts as JSON, and back: the store keeps what the API shows. So that a stored alert can be
 * shown, sent and restored by one path, and a restart loses nothing of what an alert explains (P7).
 * Times lose what lies below a millisecond, bounds that are open become null. */
#include "collector/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/detect/detect.h"
#include "common/clock.h"
#include "common/err.h"

/* Whole seconds as an integer: most are. */
static json_t *render_seconds(int64_t ns)
{
  return render_number((double)ns / (double)NS_PER_S);
}

/* Largest first, as evidence_add keeps them. */
static json_t *render_evidence(const struct finding *finding)
{
  json_t *array = json_array();
  for (unsigned i = 0; i < finding->evidence_count && i < FINDING_EVIDENCE_MAX; i++) {
    const struct finding_evidence *evidence = &finding->evidence[i];
    json_array_append_new(
        array, json_pack("{s:o, s:o, s:o, s:o}", "label", json_text(evidence->label), "name",
                         json_text(evidence->name), "value", render_number(evidence->value),
                         "share_percent", render_percent(evidence->share_percent)));
  }
  return array;
}

/* An open side is an infinity, which render_number makes null. */
static json_t *render_expected(const struct finding *finding)
{
  return json_pack("{s:o, s:o}", "low", render_number(finding->expected_low), "high",
                   render_number(finding->expected_high));
}

/* The window that the finding is of: the alert's own times are beside it. */
static json_t *render_finding_window(const struct finding *finding)
{
  return json_pack("{s:o, s:o}", "start", json_time(finding->window_start_ns), "seconds",
                   render_seconds(finding->window_length_ns));
}

/* The order of members is the order in which a person reads an alert. */
json_t *render_alert(const struct alert *alert)
{
  const struct finding *finding = &alert->finding;
  return json_pack(
      "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
      " s:o, s:o, s:o, s:o, s:o}",
      "id", alert->id, "state", alert_state_name(alert->state), "severity",
      severity_names[finding->severity], "detector",
      finding->detector != NULL ? finding->detector : "", "rule", json_text(finding->rule),
      "subject", json_text(finding->subject), "summary", json_text(finding->summary), "started",
      json_time(alert->started_ns), "fired", render_time(alert->fired_ns), "resolved",
      render_time(alert->resolved_ns), "last_seen", json_time(alert->last_seen_ns), "windows",
      json_u64(alert->windows), "observed", render_number(finding->observed), "peak",
      render_number(alert->peak), "expected", render_expected(finding), "unit",
      json_text(finding->unit), "window", render_finding_window(finding), "completeness_percent",
      render_percent(finding->completeness_percent), "evidence", render_evidence(finding),
      "command", json_text(finding->command), "resolution", json_text(alert->resolution),
      "for_seconds", render_seconds(finding->for_ns), "hold_seconds",
      render_seconds(finding->hold_ns));
}

json_t *render_alert_saved(const struct alert *alert, bool is_saved)
{
  json_t *object = render_alert(alert);
  if (object != NULL && !is_saved) {
    json_object_set_new(object, "saved", json_false());
  }
  return object;
}

/* Reading. The object comes from our own disk, yet it is checked like any other: a reader notes the
 * first member that is not what it should be. */
struct reader {
  const json_t *object;
  bool is_bad;
};

/* Too long a text is cut to its room: texts of an older version may have been longer. */
static void read_text(struct reader *reader, const char *key, char *out, size_t size)
{
  const char *text = json_get_text(reader->object, key, NULL);
  if (text == NULL) {
    reader->is_bad = true;
    return;
  }
  (void)snprintf(out, size, "%s", text);
}

/* when_null stands for an open or absent value. */
static double read_number(struct reader *reader, const char *key, double when_null)
{
  const json_t *member = json_object_get(reader->object, key);
  if (json_is_null(member)) {
    return when_null;
  }
  reader->is_bad = reader->is_bad || !json_is_number(member);
  return json_number_value(member);
}

/* Thirty years and more is no duration that anything here could mean. */
static int64_t read_duration(struct reader *reader, const char *key)
{
  double seconds = read_number(reader, key, 0);
  if (!(seconds >= 0 && seconds <= 1e9)) {
    reader->is_bad = true;
    return 0;
  }
  return (int64_t)llrint(seconds * (double)NS_PER_S);
}

/* null is 0: never. */
static int64_t read_time(struct reader *reader, const char *key)
{
  int64_t time_ns = 0;
  const json_t *member = json_object_get(reader->object, key);
  if (json_is_null(member)) {
    return 0;
  }
  if (!json_is_string(member) || render_time_read(json_string_value(member), &time_ns) != 0) {
    reader->is_bad = true;
  }
  return time_ns;
}

/* The place of a member's text among count names. */
static int read_choice(struct reader *reader, const char *key, const char *const *names, int count)
{
  const char *text = json_get_text(reader->object, key, "");
  for (int i = 0; i < count; i++) {
    if (strcmp(text, names[i]) == 0) {
      return i;
    }
  }
  reader->is_bad = true;
  return 0;
}

const char render_own_detector[] = "collector";

/* The table's text, since a finding borrows its detector's name for good. */
static const char *read_detector(struct reader *reader)
{
  const char *text = json_get_text(reader->object, "detector", "");
  for (size_t i = 0; detect_table[i] != NULL; i++) {
    if (strcmp(detect_table[i]->name, text) == 0) {
      return detect_table[i]->name;
    }
  }
  /* What the collector says of itself has no detector. */
  if (strcmp(text, render_own_detector) == 0) {
    return render_own_detector;
  }
  reader->is_bad = true;
  return NULL;
}

/* More entries than there is room for were not written by us. */
static void read_evidence(struct reader *reader, struct finding *finding)
{
  const json_t *array = json_object_get(reader->object, "evidence");
  size_t count = json_array_size(array);
  if (!json_is_array(array) || count > FINDING_EVIDENCE_MAX) {
    reader->is_bad = true;
    return;
  }
  finding->evidence_count = (unsigned)count;
  for (size_t i = 0; i < count; i++) {
    struct finding_evidence *evidence = &finding->evidence[i];
    struct reader item = {json_array_get(array, i), false};
    read_text(&item, "label", evidence->label, sizeof evidence->label);
    read_text(&item, "name", evidence->name, sizeof evidence->name);
    evidence->value = read_number(&item, "value", 0);
    evidence->share_percent = read_number(&item, "share_percent", 0);
    reader->is_bad = reader->is_bad || item.is_bad;
  }
}

/* Every member of a finding by its API name: what render_alert writes. */
static void read_finding(struct reader *reader, struct finding *finding)
{
  finding->detector = read_detector(reader);
  finding->severity = (enum severity)read_choice(reader, "severity", severity_names, 3);
  read_text(reader, "rule", finding->rule, sizeof finding->rule);
  read_text(reader, "subject", finding->subject, sizeof finding->subject);
  read_text(reader, "summary", finding->summary, sizeof finding->summary);
  read_text(reader, "unit", finding->unit, sizeof finding->unit);
  read_text(reader, "command", finding->command, sizeof finding->command);
  finding->observed = read_number(reader, "observed", 0);
  finding->completeness_percent = read_number(reader, "completeness_percent", 0);
  finding->for_ns = read_duration(reader, "for_seconds");
  finding->hold_ns = read_duration(reader, "hold_seconds");
  /* Members of members get readers of their own; one bad value anywhere makes the whole
   * unreadable. */
  struct reader expected = {json_object_get(reader->object, "expected"), false};
  finding->expected_low = read_number(&expected, "low", -HUGE_VAL);
  finding->expected_high = read_number(&expected, "high", HUGE_VAL);
  struct reader window = {json_object_get(reader->object, "window"), false};
  finding->window_start_ns = read_time(&window, "start");
  finding->window_length_ns = read_duration(&window, "seconds");
  reader->is_bad = reader->is_bad || expected.is_bad || window.is_bad;
  read_evidence(reader, finding);
}

/* Read into a copy: out stays as it was unless all of it is good. */
int render_alert_read(const json_t *object, struct alert *out)
{
  const char *const states[] = {alert_state_name(ALERT_PENDING), alert_state_name(ALERT_FIRING),
                                alert_state_name(ALERT_RESOLVED)};
  struct reader reader = {object, false};
  struct alert alert = {.id = ""};
  read_text(&reader, "id", alert.id, sizeof alert.id);
  alert.state = (enum alert_state)read_choice(&reader, "state", states, 3);
  alert.started_ns = read_time(&reader, "started");
  alert.fired_ns = read_time(&reader, "fired");
  alert.resolved_ns = read_time(&reader, "resolved");
  alert.last_seen_ns = read_time(&reader, "last_seen");
  /* A count came through a double: below 1e18 the conversion is defined. */
  double windows = read_number(&reader, "windows", 0);
  reader.is_bad = reader.is_bad || !(windows >= 0 && windows < 1e18);
  alert.windows = reader.is_bad ? 0 : (uint64_t)windows;
  alert.peak = read_number(&reader, "peak", 0);
  read_text(&reader, "resolution", alert.resolution, sizeof alert.resolution);
  read_finding(&reader, &alert.finding);
  if (reader.is_bad) {
    return ERR_MALFORMED;
  }
  *out = alert;
  return 0;
}

/* A fraction ".d..." of up to nine digits; *text is moved behind it. */
static int64_t read_fraction(const char **text)
{
  int64_t ns = 0;
  if (**text != '.') {
    return 0;
  }
  (*text)++;
  for (int64_t place = NS_PER_S / 10; **text >= '0' && **text <= '9'; (*text)++, place /= 10) {
    ns += (**text - '0') * place;
  }
  return ns;
}

/* json_time writes "@seconds" for years that the calendar form cannot say. */
int render_time_read(const char *text, int64_t *out_ns)
{
  struct tm tm = {0};
  const char *rest = NULL;
  long long seconds = 0;
  bool is_bare = text[0] == '@';
  if (is_bare) {
    char *end = NULL;
    seconds = strtoll(text + 1, &end, 10); /* at a limit when out of range: refused below */
    rest = end != text + 1 ? end : text;
  } else {
    rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL) {
      return ERR_MALFORMED;
    }
    seconds = timegm(&tm);
  }
  int64_t fraction = read_fraction(&rest);
  bool is_ended = is_bare ? *rest == '\0' : strcmp(rest, "Z") == 0;
  if (!is_ended || seconds > INT64_MAX / NS_PER_S - 1 || seconds < INT64_MIN / NS_PER_S + 1) {
    return ERR_MALFORMED;
  }
  *out_ns = (int64_t)seconds * NS_PER_S + fraction;
  return 0;
}
