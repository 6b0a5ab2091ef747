/* SPDX-License-Identifier: Apache-2.0 */
/* Which path asks what; sensors and alerts. The status is in queries_status.c, one sensor's page in
 * queries_sensor.c, rankings are in queries_top.c.
 *
 *   path -> find_route -> answer function -> JSON and an HTTP status -> api.c
 *
 * Answers are made on the loop: each has a limit, and says when it left something out. */
#include "collector/queries.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "collector/queries_part.h"
#include "common/err.h"

/* Most rows that one answer may have. */
#define ALERTS_MAX  1000
#define SENSORS_MAX 100000

int queries_fail(json_t **out, int status, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  *out = json_pack("{s:o}", "error", json_text(text));
  return status;
}

/* The range of time that an answer is about, by the same names everywhere. */
json_t *queries_window(int64_t from_ns, int64_t until_ns)
{
  return json_pack("{s:o, s:o}", "from", json_time(from_ns), "until", json_time(until_ns));
}

/* Digits alone: strtoll would take signs and spaces. */
int queries_read_limit(const struct question *question, int64_t fallback, int64_t max,
                       int64_t *value, json_t **out)
{
  const char *text = question->get(question->get_context, "limit");
  *value = fallback;
  if (text == NULL) {
    return 0;
  }
  char *end = NULL;
  long long number = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
  if (end == NULL || *end != '\0' || number < 1 || number > max) {
    return queries_fail(out, 400, "limit: '%.40s': expected a number from 1 to %lld", text,
                        (long long)max);
  }
  *value = number;
  return 0;
}

/* In order of names, which is the order of hosts_at. */
static int answer_sensors(const struct question *question, json_t **out)
{
  const struct hosts *hosts = pipeline_hosts(question->queries->pipeline);
  size_t known = hosts_count(hosts);
  int64_t limit;
  int status = queries_read_limit(question, 1000, SENSORS_MAX, &limit, out);
  if (status != 0) {
    return status;
  }
  json_t *array = json_array();
  for (size_t i = 0; i < known && i < (size_t)limit; i++) {
    json_array_append_new(array, render_host(hosts_at(hosts, i), question->now_ns));
  }
  *out = json_pack("{s:o, s:o, s:b, s:o}", "now", json_time(question->now_ns), "known",
                   json_u64(known), "limited", (int)(known > (size_t)limit), "sensors", array);
  return 200;
}

/* The pipeline's live alerts, in order of start; their number in *count. NULL without memory. */
static const struct alert **live_alerts(const struct question *question, size_t *count)
{
  struct pipeline *pipeline = question->queries->pipeline;
  size_t n = pipeline_alerts(pipeline, NULL, 0);
  const struct alert **alerts = calloc(n + 1, sizeof(struct alert *));
  if (alerts != NULL) {
    *count = pipeline_alerts(pipeline, alerts, n);
  }
  return alerts;
}

/* Whether an alert waits for the disk; the last state is the one that counts. */
struct unsaved_search {
  const char *id;
  struct alert *out;
  bool is_found;
};

static void unsaved_look(void *context, const struct alert *alert)
{
  struct unsaved_search *search = context;
  if (strcmp(alert->id, search->id) == 0) {
    *search->out = *alert;
    search->is_found = true;
  }
}

static bool find_unsaved(const struct queries *queries, const char *id, struct alert *out)
{
  struct unsaved_search search = {id, out, false};
  if (queries->notify != NULL) {
    notify_unsaved_each(queries->notify, unsaved_look, &search);
  }
  return search.is_found;
}

/* Alerts into an array up to a limit; one more only sets is_limited. */
struct alert_list {
  const struct queries *queries;
  json_t *array;
  size_t limit;
  bool is_limited;
};

/* Also the store's callback: live and resolved alerts end in one list. */
static void alert_list_add(void *context, const struct alert *alert)
{
  struct alert_list *list = context;
  if (json_array_size(list->array) >= list->limit) {
    list->is_limited = true;
    return;
  }
  struct alert unsaved = {.id = ""};
  bool is_saved = !find_unsaved(list->queries, alert->id, &unsaved);
  json_array_append_new(list->array, render_alert_saved(alert, is_saved));
}

/* Resolved, and not on disk yet: of no pipeline and of no store any more. */
static void list_unsaved(void *context, const struct alert *alert)
{
  if (alert->state == ALERT_RESOLVED) {
    alert_list_add(context, alert);
  }
}

/* Live alerts as the pipeline has them now, newest first; state < 0: pending and firing. */
static int list_live(const struct question *question, int state, struct alert_list *list)
{
  size_t count = 0;
  const struct alert **alerts = live_alerts(question, &count);
  if (alerts == NULL) {
    return ERR_NO_MEMORY;
  }
  const struct notify *notify = question->queries->notify;
  const struct alert *own = notify != NULL ? notify_own_alert(notify) : NULL;
  if (own != NULL && (state < 0 || (int)own->state == state)) {
    alert_list_add(list, own);
  }
  /* The pipeline lists oldest first, answers newest first. */
  for (size_t i = count; i > 0; i--) {
    if (state < 0 || (int)alerts[i - 1]->state == state) {
      alert_list_add(list, alerts[i - 1]);
    }
  }
  free(alerts);
  return 0;
}

/* -1: any; -2: none of them. */
static int read_state(const char *text)
{
  if (text == NULL || text[0] == '\0') {
    return -1;
  }
  for (int state = ALERT_PENDING; state <= ALERT_RESOLVED; state++) {
    if (strcmp(text, alert_state_name((enum alert_state)state)) == 0) {
      return state;
    }
  }
  return -2;
}

/* Live ones from the pipeline, resolved ones from the store: an alert is in the store
 * as resolved when it leaves the pipeline, so none is in both. */
static int answer_alerts(const struct question *question, json_t **out)
{
  int64_t limit;
  int status = queries_read_limit(question, 100, ALERTS_MAX, &limit, out);
  if (status != 0) {
    return status;
  }
  const char *text = question->get(question->get_context, "state");
  int state = read_state(text);
  if (state == -2) {
    return queries_fail(out, 400, "state: '%.40s': expected pending, firing or resolved", text);
  }
  struct alert_list list = {question->queries, json_array(), (size_t)limit, false};
  int err = state == ALERT_RESOLVED ? 0 : list_live(question, state, &list);
  if (err == 0 && (state < 0 || state == ALERT_RESOLVED)) {
    if (question->queries->notify != NULL) {
      notify_unsaved_each(question->queries->notify, list_unsaved, &list);
    }
    /* One more than fits, to know whether there are more. */
    size_t room = list.limit - json_array_size(list.array);
    err = store_alerts_each(question->queries->store, ALERT_RESOLVED, room + 1, alert_list_add,
                            &list);
  }
  if (err != 0) {
    json_decref(list.array);
    return queries_fail(out, 500, "the alerts cannot be read: %s", err_text(err));
  }
  *out = json_pack("{s:o, s:b, s:o}", "now", json_time(question->now_ns), "limited",
                   (int)list.is_limited, "alerts", list.array);
  return 200;
}

/* The live alert of that id as JSON: the pipeline's, or the collector's own; NULL when there is
 * none. */
static json_t *show_live(const struct question *question, const char *id, bool is_saved, int *err)
{
  size_t count = 0;
  const struct alert **alerts = live_alerts(question, &count);
  const struct notify *notify = question->queries->notify;
  const struct alert *found = notify != NULL ? notify_own_alert(notify) : NULL;
  found = found != NULL && strcmp(found->id, id) == 0 ? found : NULL;
  *err = alerts == NULL ? ERR_NO_MEMORY : 0;
  for (size_t i = 0; alerts != NULL && i < count && found == NULL; i++) {
    found = strcmp(alerts[i]->id, id) == 0 ? alerts[i] : NULL;
  }
  json_t *object = found != NULL ? render_alert_saved(found, is_saved) : NULL;
  free(alerts);
  return object;
}

/* Live alerts first: they are newer than what waits for the disk, and that than the store's. */
static int answer_alert(const struct question *question, json_t **out)
{
  /* find_route has seen to it that there is a '/' and exactly one part behind it. */
  const char *id = strrchr(question->path, '/') + 1;
  struct alert stored = {.id = ""};
  int err = 0;
  bool is_unsaved = find_unsaved(question->queries, id, &stored);
  json_t *found = show_live(question, id, !is_unsaved, &err);
  if (err != 0) {
    return queries_fail(out, 500, "%s", err_text(err));
  }
  if (found == NULL && !is_unsaved) {
    err = store_alert_find(question->queries->store, id, &stored);
  }
  if (err != 0 && err != ERR_NOT_FOUND) {
    return queries_fail(out, 500, "the alert cannot be read: %s", err_text(err));
  }
  if (err == ERR_NOT_FOUND) {
    return queries_fail(out, 404, "no alert has the id '%.40s'; `seine alerts` lists them", id);
  }
  json_t *alert = found != NULL ? found : render_alert_saved(&stored, !is_unsaved);
  *out = json_pack("{s:o, s:o}", "now", json_time(question->now_ns), "alert", alert);
  return 200;
}

/* A path that ends in '/' stands for all that begin with it and go on. */
static const struct route {
  const char *path;
  int (*answer)(const struct question *question, json_t **out);
  const char *parameters[3];
} routes[] = {
    {"/v1/status", queries_status, {NULL}},
    {"/v1/top/hosts", queries_top, {"last", "limit", NULL}},
    {"/v1/top/conversations", queries_top, {"last", "limit", NULL}},
    {"/v1/top/ports", queries_top, {"last", "limit", NULL}},
    {"/v1/sensors", answer_sensors, {"limit", NULL}},
    {"/v1/sensors/", queries_sensor, {NULL}},
    {"/v1/alerts", answer_alerts, {"state", "limit", NULL}},
    {"/v1/alerts/", answer_alert, {NULL}},
};

/* Exactly one part may follow a prefix: no path reaches further than the table says. */
static const struct route *find_route(const char *path)
{
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    const char *known = routes[i].path;
    size_t length = strlen(known);
    bool is_prefix = known[length - 1] == '/' && strncmp(path, known, length) == 0;
    if (strcmp(path, known) == 0 ? !is_prefix : is_prefix && strchr(path + length, '/') == NULL) {
      return &routes[i];
    }
  }
  return NULL;
}

/* A mistyped parameter must not be ignored: the answer would be to another question. */
bool queries_takes(const char *path, const char *name)
{
  const struct route *route = find_route(path);
  for (size_t i = 0; route != NULL && route->parameters[i] != NULL; i++) {
    if (strcmp(route->parameters[i], name) == 0) {
      return true;
    }
  }
  return false;
}

int queries_answer(const struct queries *queries, const char *path,
                   const char *(*get)(void *context, const char *name), void *get_context,
                   int64_t now_ns, json_t **out)
{
  const struct question question = {queries, path, get, get_context, now_ns};
  const struct route *route = find_route(path);
  json_t *answer = NULL;
  int status = route != NULL ? route->answer(&question, &answer)
                             : queries_fail(&answer, 404, "no such path: '%.100s'", path);
  /* json_pack gives NULL without memory, wherever that was. */
  if (answer == NULL) {
    status = queries_fail(&answer, 500, "%s", err_text(ERR_NO_MEMORY));
  }
  *out = answer;
  return status;
}
