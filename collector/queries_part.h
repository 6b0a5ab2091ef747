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

/* /v1/status */
int queries_status(const struct question *question, json_t **out);
/* /v1/top/... */
int queries_top(const struct question *question, json_t **out);

#endif
