/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts for people. The verdict of both is the same, so that scripts can wait for an alert to end:
 * code 1 while one fires. */
#include "cli/alerts.h"

#include <ctype.h>
#include <string.h>

#include "cli/question.h"
#include "cli/table.h"
#include "cli/words.h"

/* Two values with their units and a word between them. */
#define ALERTS_RANGE_MAX ((size_t)3 * OUTPUT_TEXT_MAX)

/* How loud: red only for what fires and wants a person; an information that fires is no alarm. */
static enum output_tone alerts_tone(const json_t *alert)
{
  const char *state = json_get_text(alert, "state", "");
  if (strcmp(state, "firing") != 0) {
    return strcmp(state, "resolved") == 0 ? OUTPUT_GOOD : OUTPUT_WARN;
  }
  return strcmp(json_get_text(alert, "severity", ""), "info") == 0 ? OUTPUT_WARN : OUTPUT_BAD;
}

/* What the exit code asks of each alert. */
static bool alerts_is_firing(const json_t *alert)
{
  return strcmp(json_get_text(alert, "state", ""), "firing") == 0;
}

/* "<= 1.00 M bytes/s", ">= 5", "64 to 1.50 k": the side that is open is null. */
static const char *alerts_expected(const json_t *alert, char text[ALERTS_RANGE_MAX])
{
  const json_t *expected = json_object_get(alert, "expected");
  const char *unit = json_get_text(alert, "unit", "");
  /* A lower end of 0 is no bound that anybody could fall below. */
  bool has_low = json_is_number(json_object_get(expected, "low"));
  bool has_high = json_is_number(json_object_get(expected, "high"));
  double low = json_get_number(expected, "low", 0), high = json_get_number(expected, "high", 0);
  char a[OUTPUT_TEXT_MAX], b[OUTPUT_TEXT_MAX];
  if (has_low && has_high && low > 0) {
    snprintf(text, ALERTS_RANGE_MAX, "%s to %s", output_value(low, "", a),
             output_value(high, unit, b));
  } else if (has_high) {
    snprintf(text, ALERTS_RANGE_MAX, "<= %s", output_value(high, unit, a));
  } else if (has_low) {
    snprintf(text, ALERTS_RANGE_MAX, ">= %s", output_value(low, unit, a));
  } else {
    snprintf(text, ALERTS_RANGE_MAX, "-");
  }
  return text;
}

/* Since when: firing, or the start of what may become so. */
static const char *alerts_since(const json_t *alert)
{
  const char *fired = json_get_text(alert, "fired", NULL);
  return fired != NULL ? fired : json_get_text(alert, "started", NULL);
}

/* Peak, not the first value: how bad it was is what a list is read for. */
void alerts_print_rows(const json_t *rows, const struct output *out)
{
  static const struct table_column columns[] = {
      {"ALERT", TABLE_LEFT, 0},  {"STATE", TABLE_LEFT, 0},     {"SEVERITY", TABLE_LEFT, 1},
      {"RULE", TABLE_LEFT, 0},   {"SUBJECT", TABLE_LEFT, 0},   {"SINCE", TABLE_LEFT, 2},
      {"WORST", TABLE_RIGHT, 3}, {"EXPECTED", TABLE_RIGHT, 4},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    char text[OUTPUT_TEXT_MAX], expected[ALERTS_RANGE_MAX];
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "id", "?"));
    table_cell(table, alerts_tone(row), "%s", json_get_text(row, "state", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "severity", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "rule", "?"));
    table_cell(table, OUTPUT_BOLD, "%s", json_get_text(row, "subject", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s", output_time_text(out, alerts_since(row), text));
    table_cell(table, OUTPUT_PLAIN, "%s",
               output_value(json_get_number(row, "peak", 0), json_get_text(row, "unit", ""), text));
    table_cell(table, OUTPUT_PLAIN, "%s", alerts_expected(row, expected));
  }
  table_print(table, out);
  table_free(table);
}

/* The contributors, largest first as they come: who did it, and what part of the whole was theirs.
 */
static void alerts_print_evidence(const json_t *evidence, const char *unit,
                                  const struct output *out)
{
  static const struct table_column columns[] = {
      {"EVIDENCE", TABLE_LEFT, 0},
      {"", TABLE_LEFT, 0},
      {"VALUE", TABLE_RIGHT, 0},
      {"SHARE", TABLE_RIGHT, 0},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *row;
  json_array_foreach(evidence, i, row)
  {
    char text[OUTPUT_TEXT_MAX];
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "label", "?"));
    table_cell(table, OUTPUT_BOLD, "%s", json_get_text(row, "name", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s",
               output_value(json_get_number(row, "value", 0), unit, text));
    table_cell(table, OUTPUT_PLAIN, "%.1f %%", json_get_number(row, "share_percent", 0));
  }
  if (json_array_size(evidence) > 0) {
    fputc('\n', out->file);
    table_print(table, out);
  }
  table_free(table);
}

/* The life of the alert, as far as it has come: what has not happened yet has no line. */
static void alerts_print_times(const json_t *alert, const struct output *out)
{
  static const char *const keys[] = {"started", "fired", "last_seen", "resolved"};
  static const char *const titles[] = {"started     ", "fired       ", "last seen   ",
                                       "resolved    "};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char *time = json_get_text(alert, keys[i], NULL);
    char text[OUTPUT_TEXT_MAX];
    if (time != NULL) {
      /* "cleared", or "recovered" after a restart, belongs to the end alone. */
      const char *how = i == 3 ? json_get_text(alert, "resolution", "") : "";
      output_print(out, OUTPUT_PLAIN, "%s%s%s%s\n", titles[i], output_time_text(out, time, text),
                   *how != '\0' ? ", " : "", how);
    }
  }
}

/* Everything an operator needs to judge the alert without asking again (DESIGN: an alert explains
 * itself): what, by which rule, against what, since when, who, how complete the data was. */
static void alerts_print_alert(const json_t *alert, const struct output *out)
{
  char text[OUTPUT_TEXT_MAX], peak[OUTPUT_TEXT_MAX], expected[ALERTS_RANGE_MAX];
  const char *unit = json_get_text(alert, "unit", "");
  output_print(out, alerts_tone(alert), "%s: %s\n", json_get_text(alert, "state", "?"),
               json_get_text(alert, "summary", ""));
  bool is_unsaved = json_is_false(json_object_get(alert, "saved"));
  output_print(out, OUTPUT_PLAIN, "\nalert       %s, %s%s\n", json_get_text(alert, "id", "?"),
               json_get_text(alert, "severity", "?"),
               is_unsaved ? "; not saved: the collector's disk refuses it" : "");
  output_print(out, OUTPUT_PLAIN, "rule        %s (%s)\n", json_get_text(alert, "rule", "?"),
               json_get_text(alert, "detector", "?"));
  output_print(out, OUTPUT_PLAIN, "subject     %s\n", json_get_text(alert, "subject", "?"));
  output_print(out, OUTPUT_PLAIN, "observed    %s when it fired, %s at its worst\n",
               output_value(json_get_number(alert, "observed", 0), unit, text),
               output_value(json_get_number(alert, "peak", 0), unit, peak));
  output_print(out, OUTPUT_PLAIN, "expected    %s\n", alerts_expected(alert, expected));
  alerts_print_times(alert, out);
  alerts_print_evidence(json_object_get(alert, "evidence"), unit, out);
  fputc('\n', out->file);
  /* How sure it is stands below what was seen: the window, and how complete it was (P2). */
  const json_t *window = json_object_get(alert, "window");
  output_print(out, OUTPUT_PLAIN, "window      %s, %g s; seen in %lld windows\n",
               output_time_text(out, json_get_text(window, "start", NULL), text),
               json_get_number(window, "seconds", 0), (long long)json_get_int(alert, "windows", 0));
  output_print(out, OUTPUT_PLAIN, "complete    %s\n",
               output_percent(json_get_number(alert, "completeness_percent", 0), text));
  output_print(out, OUTPUT_PLAIN, "show again  %s\n", json_get_text(alert, "command", "-"));
}

/* The answer wraps the alert, so that the time of the question stands beside it. */
static void alerts_print_show(const json_t *answer, const struct output *out)
{
  alerts_print_alert(json_object_get(answer, "alert"), out);
}

/* Live alerts stand first, as the collector orders them. */
static void alerts_print(const json_t *answer, const struct output *out)
{
  char now[OUTPUT_TEXT_MAX];
  const json_t *alerts = json_object_get(answer, "alerts");
  if (json_array_size(alerts) == 0) {
    output_print(out, OUTPUT_GOOD, "no alerts\n");
  }
  alerts_print_rows(alerts, out);
  output_print(
      out, OUTPUT_PLAIN, "\nasked       %s; %zu alerts, live ones first%s\n",
      output_time_text(out, json_get_text(answer, "now", NULL), now), json_array_size(alerts),
      json_is_true(json_object_get(answer, "limited")) ? " (more are kept: raise --limit)" : "");
  if (json_array_size(alerts) > 0) {
    output_print(out, OUTPUT_PLAIN, "explained   by 'seine alerts show ID'\n");
  }
}

/* Trouble: at least one fires. */
static int alerts_judge(const json_t *answer)
{
  size_t i;
  json_t *alert;
  json_array_foreach(json_object_get(answer, "alerts"), i, alert)
  {
    if (alerts_is_firing(alert)) {
      return OPTIONS_EXIT_TROUBLE;
    }
  }
  return OPTIONS_EXIT_GOOD;
}

/* One alert, the same verdict. */
static int alerts_show_judge(const json_t *answer)
{
  return alerts_is_firing(json_object_get(answer, "alert")) ? OPTIONS_EXIT_TROUBLE
                                                            : OPTIONS_EXIT_GOOD;
}

/* The ID goes into a path: it is checked here, so that nothing but an ID can get there. */
static int alerts_show_run(const struct options *options)
{
  char path[64];
  if (options->word_count != 3) {
    output_complain("alerts show: expected one ID; 'seine alerts' lists them");
    return OPTIONS_EXIT_USAGE;
  }
  const char *id = options->word[2];
  if (strlen(id) != 16 || strspn(id, "0123456789abcdef") != 16) {
    output_complain("alerts show: '%s' is no ID: expected 16 digits of 0-9 and a-f", id);
    return OPTIONS_EXIT_USAGE;
  }
  snprintf(path, sizeof path, "/v1/alerts/%s", id);
  const struct question question = {path, alerts_print_show, alerts_show_judge};
  return question_run(options, &question);
}

/* `show` is the only operand; everything else is told what there is. */
int alerts_run(const struct options *options)
{
  static const char *const words[] = {"show"};
  if (options->word_count > 1 && strcmp(options->word[1], "show") == 0) {
    return alerts_show_run(options);
  }
  if (options->word_count > 1) {
    return words_refuse("alerts: ", options->word[1], words, 1);
  }
  char path[96];
  snprintf(path, sizeof path, "/v1/alerts?limit=%d%s%s", options->limit > 0 ? options->limit : 100,
           options->state != NULL ? "&state=" : "", options->state != NULL ? options->state : "");
  const struct question question = {path, alerts_print, alerts_judge};
  return question_run(options, &question);
}
