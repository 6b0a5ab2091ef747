/* SPDX-License-Identifier: Apache-2.0 */
/* One function a type of receiver, in a table. An alert is rendered once more for each kind of
 * reader: programs get the API's own form, people get a sentence, its numbers and the command that
 * shows it again (P7). */
#include "collector/notify_body.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/render.h"
#include "common/clock.h"
#include "common/json.h"

/* "12345.5 bytes/s, expected 0 .. 1000000": what the all-clear says too. */
static void say_values(const struct finding *f, double value, char *out, size_t size)
{
  (void)snprintf(out, size, "%.10g %s, expected %.10g to %.10g", value, f->unit, f->expected_low,
                 f->expected_high);
}

/* One line a contributor, as many as fit. */
static void say_evidence(const struct finding *f, char *out, size_t size)
{
  size_t used = 0;
  out[0] = '\0';
  for (unsigned i = 0; i < f->evidence_count && i < FINDING_EVIDENCE_MAX && used < size; i++) {
    const struct finding_evidence *e = &f->evidence[i];
    int n = snprintf(out + used, size - used, "%s%s %s: %.10g %s (%.1f %%)", i > 0 ? "\n" : "",
                     e->label, e->name, e->value, f->unit, e->share_percent);
    used += n > 0 ? (size_t)n : 0;
  }
}

/* Programs read this one: the alert as the API shows it, nothing twice. */
static json_t *body_generic(const char *routing_key, const struct alert *alert, bool is_saved)
{
  (void)routing_key;
  return json_pack("{s:i, s:o*}", "version", 1, "alert", render_alert_saved(alert, is_saved));
}

/* Slack reads <...> as links and mentions: what comes from the network must not be taken so. */
static json_t *slack_text(const char *from)
{
  /* Longer texts than any finding has are cut, always between two characters of ours. */
  char to[2048];
  size_t used = 0;
  for (; *from != '\0' && used + sizeof("&amp;") < sizeof(to); from++) {
    const char *as = *from == '&' ? "&amp;" : *from == '<' ? "&lt;" : *from == '>' ? "&gt;" : NULL;
    if (as == NULL) {
      to[used++] = *from;
    } else {
      used += (size_t)snprintf(to + used, sizeof(to) - used, "%s", as);
    }
  }
  to[used] = '\0';
  return json_text(to);
}

/* Short fields stand two in a row. */
static json_t *slack_field(const char *title, const char *value, bool is_short)
{
  return json_pack("{s:s, s:o, s:b}", "title", title, "value", slack_text(value), "short",
                   (int)is_short);
}

/* What a person asks first stands first; the all-clear tells the peak instead of the first
 * value. */
static json_t *slack_fields(const struct alert *alert, bool is_saved)
{
  const struct finding *f = &alert->finding;
  char values[160];
  char complete[32];
  char started[CLOCK_TEXT_MAX];
  char evidence[1024];
  bool is_over = alert->state == ALERT_RESOLVED;
  say_values(f, is_over ? alert->peak : f->observed, values, sizeof(values));
  (void)snprintf(complete, sizeof(complete), "%.1f %%", f->completeness_percent);
  json_t *fields = json_array();
  (void)json_array_append_new(fields, slack_field("Subject", f->subject, true));
  (void)json_array_append_new(fields, slack_field("Rule", f->rule, true));
  (void)json_array_append_new(fields, slack_field(is_over ? "Peak" : "Observed", values, false));
  (void)json_array_append_new(
      fields, slack_field("Started", clock_format(alert->started_ns, started), true));
  (void)json_array_append_new(fields, slack_field("Completeness", complete, true));
  if (f->evidence_count > 0) {
    say_evidence(f, evidence, sizeof(evidence));
    (void)json_array_append_new(fields, slack_field("Evidence", evidence, false));
  }
  if (f->command[0] != '\0') {
    (void)json_array_append_new(fields, slack_field("Show it", f->command, false));
  }
  if (!is_saved) {
    (void)json_array_append_new(fields,
                                slack_field("Not saved", "the collector's disk refuses it", true));
  }
  return fields;
}

/* Attachments rather than blocks: they have colours, and Mattermost shows them too. */
static json_t *body_slack(const char *routing_key, const struct alert *alert, bool is_saved)
{
  static const char *const colours[] = {
      [SEVERITY_INFO] = "#439fe0", [SEVERITY_WARNING] = "#daa038", [SEVERITY_CRITICAL] = "#a30200"};
  (void)routing_key;
  const struct finding *f = &alert->finding;
  char text[FINDING_TEXT_MAX + 64];
  bool is_over = alert->state == ALERT_RESOLVED;
  (void)snprintf(text, sizeof(text), "[%s] %s: %s", is_over ? "resolved" : "firing",
                 severity_names[f->severity], f->summary);
  return json_pack("{s:o, s:[{s:s, s:o, s:o, s:s, s:I}]}", "text", slack_text(text), "attachments",
                   "color", is_over ? "#2eb886" : colours[f->severity], "fallback",
                   slack_text(text), "fields", slack_fields(alert, is_saved), "footer", "seine",
                   "ts",
                   (json_int_t)((is_over ? alert->resolved_ns : alert->started_ns) / NS_PER_S));
}

/* A resolve needs the key alone, but people read the rest in the incident's log. */
static json_t *body_pagerduty(const char *routing_key, const struct alert *alert, bool is_saved)
{
  const struct finding *f = &alert->finding;
  bool is_over = alert->state == ALERT_RESOLVED;
  return json_pack("{s:s, s:s, s:s, s:s, s:{s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o*}}",
                   "routing_key", routing_key, "event_action", is_over ? "resolve" : "trigger",
                   "dedup_key", alert->id, "client", "seine", "payload", "summary",
                   json_text(f->summary), "source", json_text(f->subject), "severity",
                   severity_names[f->severity], "timestamp",
                   json_time(is_over ? alert->resolved_ns : alert->fired_ns), "component",
                   json_text(f->subject), "group", json_text(f->rule), "class", f->detector,
                   "custom_details", render_alert_saved(alert, is_saved));
}

/* By enum receiver_type. */
static json_t *(*const bodies[])(const char *routing_key, const struct alert *alert,
                                 bool is_saved) = {
    [RECEIVER_GENERIC] = body_generic,
    [RECEIVER_SLACK] = body_slack,
    [RECEIVER_PAGERDUTY] = body_pagerduty,
};

char *notify_body(int type, const char *routing_key, const struct alert *alert, bool is_saved)
{
  json_t *body = bodies[type](routing_key, alert, is_saved);
  char *text = body == NULL ? NULL : json_dumps(body, JSON_FORM);
  json_decref(body);
  return text;
}
