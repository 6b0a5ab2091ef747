/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server on the test's own loop: answers as planned and keeps what it was sent. */
#ifndef TESTS_UNIT_HTTP_RECEIVER_H
#define TESTS_UNIT_HTTP_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/run/loop.h"

#define HTTP_RECEIVER_REQUESTS 16

struct http_receiver_request {
  char path[64];
  char body[4096];
  char key[64];       /* Idempotency-Key */
  char signature[80]; /* Seine-Signature */
  char agent[64];
};

/* status 0: never answers. header: "Name: value" or NULL. */
struct http_receiver_plan {
  int status;
  const char *header_name, *header_value;
};

struct http_receiver {
  struct evhttp *http;
  unsigned short port;
  size_t planned; /* requests beyond the plan get 200 */
  struct http_receiver_plan plan[HTTP_RECEIVER_REQUESTS];
  size_t count;
  struct http_receiver_request request[HTTP_RECEIVER_REQUESTS];
  void (*on_request)(void *context); /* may be NULL */
  void *context;
};

void http_receiver_init(struct http_receiver *receiver, struct loop *loop);
void http_receiver_fini(struct http_receiver *receiver);

#endif
