/* SPDX-License-Identifier: Apache-2.0 */
/* What a person has to act on, in sentences: the store, deliveries, sensors, alerts, the gravest
 * first. `seine status` prints them as its first line and makes its exit code of them. */
#include "collector/queries.h"
#include "collector/queries_part.h"
#include "common/err.h"

/* Names that a sentence spells out. */
#define NAMES_MAX     3
#define RECEIVERS_MAX 64
#define ALERTS_MAX    1024

/* since 0: it is not known. */
__attribute__((format(printf, 4, 5))) static void add(json_t *troubles, const char *what,
                                                      int64_t since_ns, const char *format, ...)
{
  char text[FINDING_TEXT_MAX + 256];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  json_array_append_new(troubles, json_pack("{s:s, s:o, s:o}", "what", what, "since",
                                            render_time(since_ns), "text", json_text(text)));
}

/* "1 alert" "2 alerts" */
static const char *plural(uint64_t count)
{
  return count == 1 ? "" : "s";
}

/* History, and with it the acknowledgements: nobody else would say why the sensors' queues grow. */
static void add_store(json_t *troubles, const struct notify *notify)
{
  const char *why = "";
  int64_t since_ns = notify_refused_since(notify, &why);
  if (since_ns != 0) {
    add(troubles, "store", since_ns,
        "the store refuses writes, history and acknowledgements stand still: %s", why);
  }
}

/* Alerts that nobody got, or that only memory knows. */
static void add_deliveries(json_t *troubles, const struct notify *notify)
{
  struct notify_stats stats = notify_stats(notify);
  struct notify_failing failing[RECEIVERS_MAX];
  size_t count = notify_failing(notify, failing, RECEIVERS_MAX);
  for (size_t i = 0; i < count; i++) {
    add(troubles, "receiver", failing[i].since_ns,
        "receiver %s takes no alerts, %llu attempt%s in a row failed: %s", failing[i].receiver,
        (unsigned long long)failing[i].attempts, plural(failing[i].attempts), failing[i].why);
  }
  if (stats.unsaved > 0) {
    add(troubles, "unsaved", 0,
        "%llu alert%s in memory alone: the disk refuses, receivers are told all the same",
        (unsigned long long)stats.unsaved, stats.unsaved == 1 ? " is" : "s are");
  }
  if (stats.unstored > 0) {
    add(troubles, "lost", 0, "%llu alert%s lost: the disk refused, and there was no more room",
        (unsigned long long)stats.unstored, stats.unstored == 1 ? " is" : "s are");
  }
  if (stats.dead > 0) {
    add(troubles, "dead", 0, "%llu deliver%s given up: the log says why",
        (unsigned long long)stats.dead, stats.dead == 1 ? "y was" : "ies were");
  }
}

/* "web1, web2, web3 and 4 more", and since when the first of them. */
static void add_sensors(json_t *troubles, const struct hosts *hosts, int64_t now_ns)
{
  char names[NAMES_MAX * (KEYS_NAME_MAX + 2)] = "";
  size_t used = 0;
  uint64_t silent = 0;
  int64_t since_ns = INT64_MAX;
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const struct host *host = hosts_at(hosts, i);
    if (render_host_state(host, now_ns) != RENDER_HOST_SILENT) {
      continue;
    }
    since_ns = host->last_heard_ns < since_ns ? host->last_heard_ns : since_ns;
    if (silent++ < NAMES_MAX) {
      used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                               host->name);
    }
  }
  if (silent > NAMES_MAX) {
    add(troubles, "sensors", since_ns, "%llu sensors are silent: %s and %llu more",
        (unsigned long long)silent, names, (unsigned long long)(silent - NAMES_MAX));
  } else if (silent > 0) {
    add(troubles, "sensors", since_ns, "%llu sensor%s silent: %s", (unsigned long long)silent,
        silent == 1 ? " is" : "s are", names);
  }
}

/* Beyond the first thousand the storm is told, not counted. */
struct alert_sums queries_alert_sums(const struct queries *queries)
{
  const struct alert *alerts[ALERTS_MAX + 1];
  size_t live = pipeline_alerts(queries->pipeline, alerts, ALERTS_MAX);
  size_t looked_at = live < ALERTS_MAX ? live : ALERTS_MAX;
  const struct alert *own = queries->notify != NULL ? notify_own_alert(queries->notify) : NULL;
  if (own != NULL) {
    alerts[looked_at++] = own;
    live++;
  }
  struct alert_sums sums = {.live = live, .looked_at = looked_at, .first_ns = INT64_MAX};
  for (size_t i = 0; i < looked_at; i++) {
    if (alerts[i]->state == ALERT_FIRING) {
      sums.firing[alerts[i]->finding.severity]++;
      sums.first_ns = alerts[i]->fired_ns < sums.first_ns ? alerts[i]->fired_ns : sums.first_ns;
    }
  }
  return sums;
}

/* By severity, gravest first; which ones they are is the next question. */
static void add_alerts(json_t *troubles, const struct alert_sums *sums)
{
  char text[96] = "";
  uint64_t firing = 0;
  size_t used = 0;
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
    firing += sums->firing[severity];
    if (sums->firing[severity] > 0) {
      used +=
          (size_t)snprintf(text + used, sizeof text - used, "%s%llu %s", used > 0 ? ", " : "",
                           (unsigned long long)sums->firing[severity], severity_names[severity]);
    }
  }
  if (firing > 0) {
    add(troubles, "alerts", sums->first_ns, "%llu alert%s: %s", (unsigned long long)firing,
        firing == 1 ? " fires" : "s fire", text);
  }
}

json_t *queries_troubles(const struct question *question, const struct alert_sums *sums)
{
  const struct queries *queries = question->queries;
  json_t *troubles = json_array();
  if (queries->notify != NULL) {
    add_store(troubles, queries->notify);
    add_deliveries(troubles, queries->notify);
  }
  add_sensors(troubles, pipeline_hosts(queries->pipeline), question->now_ns);
  add_alerts(troubles, sums);
  return troubles;
}
