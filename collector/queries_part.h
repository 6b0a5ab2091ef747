/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that answer questions share; queries.c alone is called from outside. An arrow goes
 * from each of them to here and to queries.h, none goes back. */
#ifndef COLLECTOR_QUERIES_PART_H
#define COLLECTOR_QUERIES_PART_H

#include <stdint.h>

#include "common/json.h"

struct queries;

/* One question under way: what was asked, and of whom. Borrowed by everything that answers it. */
struct question {
  const struct queries *queries;
  const char *path;
  const char *(*get)(void *context, const char *name);
  void *get_context;
  int64_t now_ns;
};

/* *out := {"error": ...}; returns status, so that an answer can end in it. */
int queries_fail(json_t **out, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A count parameter within 1..max. 0, or the status 400 with *out set. */
int queries_read_limit(const struct question *question, int64_t fallback, int64_t max,
                       int64_t *value, json_t **out);
/* {"from","until"} */
json_t *queries_window(int64_t from_ns, int64_t until_ns);

/* Live alerts, the collector's own among them. */
struct alert_sums {
  uint64_t live, looked_at; /* the rest of a storm is in live alone */
  uint64_t firing[3];       /* enum severity */
  int64_t first_ns;         /* the earliest that fires; INT64_MAX when none does */
};
struct alert_sums queries_alert_sums(const struct queries *queries);

/* [{"what","since","text"}], the gravest first; empty: all is well. */
json_t *queries_troubles(const struct question *question, const struct alert_sums *sums);
/* Rates by direction that fleet totals leave out, over the seconds before until_ns. */
int queries_apart(const struct question *question, int64_t until_ns, json_t **out, json_t **peers);

/* /v1/status */
int queries_status(const struct question *question, json_t **out);
/* /v1/sensors/NAME */
int queries_sensor(const struct question *question, json_t **out);
/* /v1/top/... */
int queries_top(const struct question *question, json_t **out);

#endif
