/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet on one page. The order is that of the questions: is anything wrong, how much moves, was
 * any of it lost, are the sensors there, do alerts arrive, how old is what I see. */
#include "cli/status.h"

#include <string.h>

#include "cli/question.h"
#include "cli/words.h"
#include "common/clock.h"

/* Two numbers and a word between them. */
#define STATUS_RANGE_MAX ((size_t)3 * OUTPUT_TEXT_MAX)

/* "1.25 MB", or "1.25 MB to 1.30 MB" where a single number would be a guess. */
static const char *status_range(const struct output *out, const json_t *bound, bool is_bytes,
                                char text[STATUS_RANGE_MAX])
{
  char low[OUTPUT_TEXT_MAX], high[OUTPUT_TEXT_MAX];
  uint64_t least = json_get_count(bound, "low"), most = json_get_count(bound, "high");
  if (is_bytes) {
    output_bytes(out, least, low);
    output_bytes(out, most, high);
  } else {
    output_count(least, low);
    output_count(most, high);
  }
  bool is_exact = strcmp(low, high) == 0;
  snprintf(text, STATUS_RANGE_MAX, "%s%s%s", low, is_exact ? "" : " to ", is_exact ? "" : high);
  return text;
}

/* No window has closed yet. */
static bool status_is_starting(const json_t *answer)
{
  return strcmp(json_get_text(answer, "state", ""), "starting") == 0;
}

/* The verdict first, in words: each trouble is a sentence of the collector's own, with its start.
 */
static void status_print_head(const json_t *answer, const struct output *out)
{
  const json_t *troubles = json_object_get(answer, "troubles");
  char since[OUTPUT_TEXT_MAX];
  size_t i;
  json_t *trouble;
  json_array_foreach(troubles, i, trouble)
  {
    const char *start = json_get_text(trouble, "since", NULL);
    output_print(out, OUTPUT_BAD, "%s%s%s%s%s\n", i == 0 ? "trouble:  " : "          ",
                 json_get_text(trouble, "text", "?"), start != NULL ? " (since " : "",
                 start != NULL ? output_time_text(out, start, since) : "",
                 start != NULL ? ")" : "");
  }
  if (status_is_starting(answer)) {
    output_print(out, OUTPUT_WARN, "starting: no data yet. %s\n",
                 json_get_text(answer, "message", ""));
  } else if (json_array_size(troubles) == 0) {
    output_print(out, OUTPUT_GOOD,
                 "good: no sensor is silent, no alert fires, the store takes what comes\n");
  }
  fputc('\n', out->file);
}

/* What the total leaves out, where there is any: a host that talks to itself must not look idle. */
static void status_print_apart(const json_t *apart, const struct output *out)
{
  static const char *const keys[] = {"local_bytes_per_s", "transit_bytes_per_s",
                                     "multicast_bytes_per_s", "unknown_bytes_per_s"};
  static const char *const titles[] = {"local and loopback", "transit", "multicast",
                                       "of unknown direction"};
  char line[4 * (OUTPUT_TEXT_MAX + 32)] = "";
  size_t used = 0;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    char text[OUTPUT_TEXT_MAX];
    uint64_t bytes = json_get_count(apart, keys[i]);
    if (bytes > 0) {
      used += (size_t)snprintf(line + used, sizeof line - used, "%s%s %s", used > 0 ? ", " : "",
                               titles[i], output_bytes(out, bytes, text));
    }
  }
  if (used > 0) {
    output_print(out, OUTPUT_PLAIN, "apart       %s per second, as each sensor saw it\n", line);
  }
}

/* Rates of the last seconds, totals of five minutes, up to when they are, and what was lost. */
static void status_print_traffic(const json_t *answer, const struct output *out)
{
  char bytes[STATUS_RANGE_MAX], packets[STATUS_RANGE_MAX], until[OUTPUT_TEXT_MAX];
  /* Absent (null) while no window is on disk: then nothing is said rather than zero. */
  const json_t *rates = json_object_get(answer, "rates");
  const json_t *totals = json_object_get(answer, "totals_5m");
  if (json_is_object(rates)) {
    output_print(out, OUTPUT_PLAIN, "now         %s per second, %s packets per second, in total\n",
                 status_range(out, json_object_get(rates, "bytes_per_s"), true, bytes),
                 status_range(out, json_object_get(rates, "packets_per_s"), false, packets));
  }
  status_print_apart(json_object_get(answer, "apart"), out);
  if (json_is_object(totals)) {
    const json_t *window = json_object_get(totals, "window");
    char lost[OUTPUT_TEXT_MAX], undecoded[OUTPUT_TEXT_MAX], folded[OUTPUT_TEXT_MAX];
    output_print(out, OUTPUT_PLAIN, "5 minutes   %s, %s packets\n",
                 status_range(out, json_object_get(totals, "bytes"), true, bytes),
                 status_range(out, json_object_get(totals, "packets"), false, packets));
    output_print(out, OUTPUT_PLAIN, "            what is on disk, until %s\n",
                 output_time_text(out, json_get_text(window, "until", NULL), until));
    /* A loss is coloured as soon as there is any. */
    uint64_t dropped = json_get_count(totals, "dropped");
    output_print(out, dropped > 0 ? OUTPUT_WARN : OUTPUT_PLAIN,
                 "            frames dropped %s, undecoded %s, rows folded %s\n",
                 output_count(dropped, lost),
                 output_count(json_get_count(totals, "undecoded"), undecoded),
                 output_count(json_get_count(totals, "folded"), folded));
  }
}

/* Sensors and their records: late and missing ones are losses of the way, not of the capture. */
static void status_print_sensors(const json_t *answer, const struct output *out)
{
  char a[OUTPUT_TEXT_MAX], b[OUTPUT_TEXT_MAX], c[OUTPUT_TEXT_MAX], d[OUTPUT_TEXT_MAX];
  const json_t *sensors = json_object_get(answer, "sensors");
  bool has_silent = json_get_count(sensors, "silent") > 0;
  output_print(out, has_silent ? OUTPUT_BAD : OUTPUT_PLAIN,
               "sensors     %s known: %s live, %s silent, %s left\n",
               output_count(json_get_count(sensors, "known"), a),
               output_count(json_get_count(sensors, "live"), b),
               output_count(json_get_count(sensors, "silent"), c),
               output_count(json_get_count(sensors, "left"), d));
  const json_t *records = json_object_get(answer, "records");
  output_print(out, OUTPUT_PLAIN, "records     %s applied; %s late, %s missing, %s refused\n",
               output_count(json_get_count(records, "applied"), a),
               output_count(json_get_count(records, "late"), b),
               output_count(json_get_count(records, "gaps"), c),
               output_count(json_get_count(records, "refused"), d));
}

/* Alerts, and whether they reach anybody. */
static void status_print_alerts(const json_t *answer, const struct output *out)
{
  const json_t *alerts = json_object_get(answer, "alerts");
  unsigned long long firing = json_get_count(alerts, "firing");
  output_print(out, firing > 0 ? OUTPUT_BAD : OUTPUT_PLAIN,
               "alerts      %llu firing, %llu pending\n", firing,
               (unsigned long long)json_get_count(alerts, "pending"));
  const json_t *deliveries = json_object_get(answer, "deliveries");
  if (json_is_object(deliveries)) {
    unsigned long long dead = json_get_count(deliveries, "dead");
    unsigned long long unsaved = json_get_count(deliveries, "unsaved");
    output_print(out, dead + unsaved > 0 ? OUTPUT_BAD : OUTPUT_PLAIN,
                 "deliveries  %llu sent, %llu waiting, %llu given up, %llu alerts not saved\n",
                 (unsigned long long)json_get_count(deliveries, "sent"),
                 (unsigned long long)json_get_count(deliveries, "waiting"), dead, unsaved);
  }
}

/* The newest closed window, how far behind it is, and how it was counted. */
static void status_print_foot(const json_t *answer, const struct output *out)
{
  char newest[OUTPUT_TEXT_MAX], lag[OUTPUT_TEXT_MAX], up[OUTPUT_TEXT_MAX];
  const json_t *windows = json_object_get(answer, "windows");
  output_print(out, OUTPUT_PLAIN, "collector   %s, up %s\n\n",
               json_get_text(answer, "version", "?"),
               output_span(json_get_int(answer, "uptime_seconds", 0) * NS_PER_S, up));
  /* The age counts from the window's end: a second that has just closed is about a second old. */
  const char *start = json_get_text(windows, "newest", NULL);
  if (start != NULL) {
    output_print(out, OUTPUT_PLAIN, "window      newest closed: the second from %s, ended %s ago\n",
                 output_time_text(out, start, newest),
                 output_span(json_get_int(windows, "lag_ms", 0) * NS_PER_MS, lag));
  }
  question_footer(answer, out);
}

/* From the verdict to the details. */
static void status_print(const json_t *answer, const struct output *out)
{
  status_print_head(answer, out);
  status_print_traffic(answer, out);
  status_print_sensors(answer, out);
  status_print_alerts(answer, out);
  status_print_foot(answer, out);
}

/* Documented in seine(1): whatever the collector calls trouble. */
static int status_judge(const json_t *answer)
{
  return json_array_size(json_object_get(answer, "troubles")) == 0 ? OPTIONS_EXIT_GOOD
                                                                   : OPTIONS_EXIT_TROUBLE;
}

/* One path, one view, one verdict; all else is question.c's. */
int status_run(const struct options *options)
{
  if (options->word_count > 1) {
    return words_refuse("status: ", options->word[1], NULL, 0);
  }
  const struct question question = {"/v1/status", status_print, status_judge};
  return question_run(options, &question);
}
