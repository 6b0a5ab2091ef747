/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP POSTs on the loop: libcurl's multi socket interface, and the home of libcurl. */
#ifndef COLLECTOR_NOTIFY_HTTP_H
#define COLLECTOR_NOTIFY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/run/loop.h"

struct notify_http;        /* all transfers of a process */
struct notify_http_client; /* one receiver's handle: kept, as the first TLS use is expensive */

struct notify_http_answer {
  int status;             /* 0: no answer came */
  int64_t retry_after_ns; /* what Retry-After asked for; 0: nothing */
  char text[128];         /* "HTTP 500", and what the receiver or libcurl said */
};

int notify_http_new(struct loop *loop, struct notify_http **out, struct err_message *message);
/* Every client must be gone before. */
void notify_http_free(struct notify_http *http);

/* Texts are copied. done comes on the loop, once for each post that was accepted, and may post
 * again. */
struct notify_http_config {
  const char *url;
  const char *ca_file; /* "": the system's */
  bool allow_http;
  int64_t timeout_ns;
  void (*done)(void *context, const struct notify_http_answer *answer);
  void *context;
};
int notify_http_client_new(struct notify_http *http, const struct notify_http_config *config,
                           struct notify_http_client **out, struct err_message *message);
/* Gives up a post under way: done does not come. */
void notify_http_client_free(struct notify_http_client *client);
/* Starts a POST of a JSON body (copied). signature: the value of Seine-Signature, "" for none.
 * ERR_CONFLICT while one is under way, ERR_NO_MEMORY. */
int notify_http_post(struct notify_http_client *client, const char *body,
                     const char *idempotency_key, const char *signature);

#endif
