/* SPDX-License-Identifier: Apache-2.0 */
/* See the header: a real HTTP receiver for the tests of delivery. */
#include "tests/unit/http_receiver.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void copy_header(struct evhttp_request *from, const char *name, char *out, size_t size)
{
  const char *value = evhttp_find_header(evhttp_request_get_input_headers(from), name);
  (void)snprintf(out, size, "%s", value == NULL ? "" : value);
}

static void on_request(struct evhttp_request *from, void *context)
{
  struct http_receiver *receiver = context;
  if (receiver->count == HTTP_RECEIVER_REQUESTS) {
    abort();
  }
  struct http_receiver_request *to = &receiver->request[receiver->count];
  struct http_receiver_plan plan = {.status = 200};
  if (receiver->count < receiver->planned) {
    plan = receiver->plan[receiver->count];
  }
  receiver->count++;
  (void)snprintf(to->path, sizeof(to->path), "%s", evhttp_request_get_uri(from));
  copy_header(from, "Idempotency-Key", to->key, sizeof(to->key));
  copy_header(from, "Seine-Signature", to->signature, sizeof(to->signature));
  copy_header(from, "User-Agent", to->agent, sizeof(to->agent));
  ev_ssize_t length =
      evbuffer_remove(evhttp_request_get_input_buffer(from), to->body, sizeof(to->body) - 1);
  to->body[length < 0 ? 0 : length] = '\0';
  if (receiver->on_request != NULL) {
    receiver->on_request(receiver->context);
  }
  if (plan.header_name != NULL) {
    (void)evhttp_add_header(evhttp_request_get_output_headers(from), plan.header_name,
                            plan.header_value);
  }
  if (plan.status != 0) {
    evhttp_send_reply(from, plan.status, "as planned", NULL);
  }
}

void http_receiver_init(struct http_receiver *receiver, struct loop *loop)
{
  memset(receiver, 0, sizeof(*receiver));
  receiver->http = evhttp_new(loop_base(loop));
  struct evhttp_bound_socket *bound =
      receiver->http == NULL ? NULL
                             : evhttp_bind_socket_with_handle(receiver->http, "127.0.0.1", 0);
  struct sockaddr_in address = {.sin_port = 0};
  socklen_t length = sizeof(address);
  if (bound == NULL ||
      getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length) != 0) {
    abort();
  }
  receiver->port = ntohs(address.sin_port);
  evhttp_set_gencb(receiver->http, on_request, receiver);
}

void http_receiver_fini(struct http_receiver *receiver)
{
  evhttp_free(receiver->http);
}
