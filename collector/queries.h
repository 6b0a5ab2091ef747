/* SPDX-License-Identifier: Apache-2.0 */
/* Questions -> answers in JSON. Reads the pipeline's state and the store; knows no HTTP. */
#ifndef COLLECTOR_QUERIES_H
#define COLLECTOR_QUERIES_H

#include "collector/feed.h"
#include "collector/notify.h"
#include "collector/pipeline.h"
#include "collector/store/store.h"
#include "common/json.h"

/* What a question may look at. unstored_each visits the applied records that the next checkpoint
 * will write, so that answers are fresh. */
struct queries {
  struct pipeline *pipeline;
  struct store *store;
  struct notify *notify;   /* NULL: no deliveries to tell of */
  const struct feed *feed; /* NULL: there is none */
  const struct collector_settings *settings;
  int64_t started_ns;
  void (*unstored_each)(void *context, void (*each)(void *each_context, const struct summary *s),
                        void *each_context);
  void *context;
};

/* path: "/v1/status", "/v1/top/hosts|conversations|ports?last=5m&limit=10", "/v1/sensors",
 * "/v1/sensors/NAME", "/v1/alerts?state=firing|resolved|pending&limit=100", "/v1/alerts/ID"
 * (docs/API.md). Parameters are decoded by the caller: get(name) gives a value or NULL. Returns an
 * HTTP status (200, 400, 404, 500) and a new reference in *out: the answer, or {"error": "..."}.
 * Every answer has "now", "window":{"from","until"}, "completeness_percent" and "rule" where they
 * make sense. */
int queries_answer(const struct queries *queries, const char *path,
                   const char *(*get)(void *context, const char *name), void *get_context,
                   int64_t now_ns, json_t **out);

/* Whether the path takes a parameter of that name; the caller refuses others (400). */
bool queries_takes(const char *path, const char *name);

#endif
