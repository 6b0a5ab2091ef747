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

/* A count out of JSON, which has no unsigned numbers. */
static uint64_t status_number(const json_t *object, const char *key)
{
  int64_t value = json_get_int(object, key, 0);
  return value > 0 ? (uint64_t)value : 0;
}

/* "1.25 MB", or "1.25 MB to 1.30 MB" where a single number would be a guess. */
static const char *status_range(const struct output *out, const json_t *bound, bool is_bytes,
                                char text[STATUS_RANGE_MAX])
{
  char low[OUTPUT_TEXT_MAX], high[OUTPUT_TEXT_MAX];
  uint64_t least = status_number(bound, "low"), most = status_number(bound, "high");
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

/* The verdict first, in words. Silent sensors and firing alerts are what a person has to act on. */
static void status_print_head(const json_t *answer, const struct output *out)
{
  const json_t *sensors = json_object_get(answer, "sensors");
  const json_t *alerts = json_object_get(answer, "alerts");
  unsigned long long silent = status_number(sensors, "silent");
  unsigned long long firing = status_number(alerts, "firing");
  if (status_is_starting(answer)) {
    output_print(out, OUTPUT_WARN, "starting: no data yet. %s\n\n",
                 json_get_text(answer, "message", ""));
  } else if (silent > 0 || firing > 0) {
    output_print(out, OUTPUT_BAD, "trouble: sensors silent %llu, alerts firing %llu\n\n", silent,
                 firing);
  } else {
    output_print(out, OUTPUT_GOOD, "good: no sensor is silent, no alert fires\n\n");
  }
}

/* Rates of the last seconds, totals of five minutes, and what of them was lost. */
static void status_print_traffic(const json_t *answer, const struct output *out)
{
  char bytes[STATUS_RANGE_MAX], packets[STATUS_RANGE_MAX];
  /* Absent (null) while no window is on disk: then nothing is said rather than zero. */
  const json_t *rates = json_object_get(answer, "rates");
  const json_t *totals = json_object_get(answer, "totals_5m");
  if (json_is_object(rates)) {
    output_print(out, OUTPUT_PLAIN, "now         %s per second, %s packets per second\n",
                 status_range(out, json_object_get(rates, "bytes_per_s"), true, bytes),
                 status_range(out, json_object_get(rates, "packets_per_s"), false, packets));
  }
  if (json_is_object(totals)) {
    char lost[OUTPUT_TEXT_MAX], undecoded[OUTPUT_TEXT_MAX], folded[OUTPUT_TEXT_MAX];
    output_print(out, OUTPUT_PLAIN, "5 minutes   %s, %s packets\n",
                 status_range(out, json_object_get(totals, "bytes"), true, bytes),
                 status_range(out, json_object_get(totals, "packets"), false, packets));
    /* A loss is coloured as soon as there is any. */
    uint64_t dropped = status_number(totals, "dropped");
    output_print(out, dropped > 0 ? OUTPUT_WARN : OUTPUT_PLAIN,
                 "            frames dropped %s, undecoded %s, rows folded %s\n",
                 output_count(dropped, lost),
                 output_count(status_number(totals, "undecoded"), undecoded),
                 output_count(status_number(totals, "folded"), folded));
  }
}

/* Sensors and their records: late and missing ones are losses of the way, not of the capture. */
static void status_print_sensors(const json_t *answer, const struct output *out)
{
  char a[OUTPUT_TEXT_MAX], b[OUTPUT_TEXT_MAX], c[OUTPUT_TEXT_MAX], d[OUTPUT_TEXT_MAX];
  const json_t *sensors = json_object_get(answer, "sensors");
  bool has_silent = status_number(sensors, "silent") > 0;
  output_print(out, has_silent ? OUTPUT_BAD : OUTPUT_PLAIN,
               "sensors     %s known: %s live, %s silent, %s left\n",
               output_count(status_number(sensors, "known"), a),
               output_count(status_number(sensors, "live"), b),
               output_count(status_number(sensors, "silent"), c),
               output_count(status_number(sensors, "left"), d));
  const json_t *records = json_object_get(answer, "records");
  output_print(out, OUTPUT_PLAIN, "records     %s applied; %s late, %s missing, %s refused\n",
               output_count(status_number(records, "applied"), a),
               output_count(status_number(records, "late"), b),
               output_count(status_number(records, "gaps"), c),
               output_count(status_number(records, "refused"), d));
}

/* Alerts, and whether they reach anybody. */
static void status_print_alerts(const json_t *answer, const struct output *out)
{
  const json_t *alerts = json_object_get(answer, "alerts");
  unsigned long long firing = status_number(alerts, "firing");
  output_print(out, firing > 0 ? OUTPUT_BAD : OUTPUT_PLAIN,
               "alerts      %llu firing, %llu pending\n", firing,
               (unsigned long long)status_number(alerts, "pending"));
  const json_t *deliveries = json_object_get(answer, "deliveries");
  if (json_is_object(deliveries)) {
    unsigned long long dead = status_number(deliveries, "dead");
    output_print(out, dead > 0 ? OUTPUT_BAD : OUTPUT_PLAIN,
                 "deliveries  %llu sent, %llu waiting, %llu given up\n",
                 (unsigned long long)status_number(deliveries, "sent"),
                 (unsigned long long)status_number(deliveries, "waiting"), dead);
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
  output_print(
      out, OUTPUT_PLAIN,
      "counted     each byte once: what the fleet's hosts sent, and what came to them from "
      "outside\n");
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

/* Documented in seine(1): a silent sensor, a firing alert or a lost delivery is trouble. */
static int status_judge(const json_t *answer)
{
  bool is_good = status_number(json_object_get(answer, "sensors"), "silent") == 0 &&
                 status_number(json_object_get(answer, "alerts"), "firing") == 0 &&
                 status_number(json_object_get(answer, "deliveries"), "dead") == 0;
  return is_good ? OPTIONS_EXIT_GOOD : OPTIONS_EXIT_TROUBLE;
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
