/* SPDX-License-Identifier: Apache-2.0 */
/* The API over its real socket: what HTTP adds to the answers, and whose the socket file is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "answers_fixture.h"
#include "collector/api.h"
#include "collector_samples.h"
#include "common/clock.h"

#define REPLY_MAX 65536

/* One exchange: the request goes out whole, the reply comes until the end of the connection. */
struct exchange {
  struct loop *loop;
  char reply[REPLY_MAX];
  size_t length;
  bool is_hung;
};

static struct sockaddr_un address_of(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  assert_true(strlen(path) < sizeof address.sun_path);
  memcpy(address.sun_path, path, strlen(path) + 1);
  return address;
}

static void on_reply(void *context, int fd, unsigned what)
{
  struct exchange *exchange = context;
  (void)what;
  ssize_t got = recv(fd, exchange->reply + exchange->length, REPLY_MAX - 1 - exchange->length, 0);
  if (got <= 0) {
    loop_stop(exchange->loop);
    return;
  }
  exchange->length += (size_t)got;
}

static void on_hang(void *context)
{
  struct exchange *exchange = context;
  exchange->is_hung = true;
  loop_stop(exchange->loop);
}

/* The reply to the raw request; borrowed until the next. */
static const char *ask(struct loop *loop, const char *path, const char *request)
{
  static struct exchange exchange;
  struct sockaddr_un address = address_of(path);
  exchange = (struct exchange){.loop = loop};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
  struct loop_watch *watch = loop_watch_new(loop, fd, LOOP_READ, on_reply, &exchange);
  struct loop_timer *timer = loop_timer_new(loop, on_hang, &exchange);
  loop_timer_set(timer, 60 * NS_PER_S);
  assert_int_equal(loop_run(loop), 0);
  assert_false(exchange.is_hung);
  loop_timer_free(timer);
  loop_watch_free(watch);
  close(fd);
  exchange.reply[exchange.length] = '\0';
  return exchange.reply;
}

static void requests_are_answered_in_json(void **state)
{
  (void)state;
  static const struct {
    const char *request;
    const char *part[3];
  } cases[] = {
      {"GET /v1/status", {"HTTP/1.1 200", "Content-Type: application/json", "\"starting\""}},
      {"GET /v1/top/hosts?last=90s&limit=3", {"HTTP/1.1 200", "\"hosts\":[]", "\"rule\":"}},
      {"GET /nowhere", {"HTTP/1.1 404", "{\"error\":", "'/nowhere'"}},
      {"GET /", {"HTTP/1.1 404", "{\"error\":", "'/'"}},
      {"GET /v1/top/hosts?last=%35%30x", {"HTTP/1.1 400", "'50x'", "expected"}},
      {"GET /v1/top/hosts?lsat=5m", {"HTTP/1.1 400", "'lsat'", "takes"}},
      {"GET /v1/top/hosts?last=5m&last=6m", {"HTTP/1.1 400", "'last'", "once"}},
      {"GET /v1/top/hosts?last", {"HTTP/1.1 400", "{\"error\":", "NAME=VALUE"}},
      {"GET /v1/alerts/%22%0aX", {"HTTP/1.1 404", "{\"error\":", "no alert"}},
      {"POST /v1/status", {"HTTP/1.1 405", "Allow: GET", "{\"error\":"}},
      {"DELETE /v1/alerts/1", {"HTTP/1.1 405", "Allow: GET", "{\"error\":"}},
  };
  struct fixture *fixture = fixture_new("silence: {enabled: false}\n");
  char path[300];
  (void)snprintf(path, sizeof path, "%s/api.sock", fixture->folder);
  struct loop *loop = loop_new();
  struct api *api = NULL;
  struct err_message message = {""};
  assert_int_equal(api_new(loop, path, &fixture->queries, &api, &message), 0);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char request[256];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: seine\r\nConnection: close\r\n\r\n", cases[i].request);
    const char *reply = ask(loop, path, request);
    for (size_t j = 0; j < 3; j++) {
      if (strstr(reply, cases[i].part[j]) == NULL) {
        fail_msg("%s: no '%s' in:\n%s", cases[i].request, cases[i].part[j], reply);
      }
    }
  }
  api_free(api);
  loop_free(loop);
  fixture_free(fixture);
}

static void a_request_beyond_the_limits_is_refused(void **state)
{
  (void)state;
  struct fixture *fixture = fixture_new("silence: {enabled: false}\n");
  char path[300];
  (void)snprintf(path, sizeof path, "%s/api.sock", fixture->folder);
  struct loop *loop = loop_new();
  struct api *api = NULL;
  struct err_message message = {""};
  assert_int_equal(api_new(loop, path, &fixture->queries, &api, &message), 0);
  static char request[20000];
  (void)snprintf(request, sizeof request, "GET /v1/status HTTP/1.1\r\nX-Long: %017000d\r\n\r\n", 0);
  assert_null(strstr(ask(loop, path, request), "HTTP/1.1 200"));
  assert_null(strstr(ask(loop, path,
                         "GET /v1/status HTTP/1.1\r\nConnection: close\r\n"
                         "Content-Length: 70000\r\n\r\n"),
                     "HTTP/1.1 200"));
  assert_null(strstr(ask(loop, path, "nonsense\r\n\r\n"), "HTTP/1.1 200"));
  /* It still answers. */
  assert_non_null(strstr(ask(loop, path, "GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n"),
                         "HTTP/1.1 200"));
  api_free(api);
  loop_free(loop);
  fixture_free(fixture);
}

/* A socket file that nobody listens at any more. */
static void leave_stale_socket(const char *path)
{
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

static void the_socket_file_is_replaced_only_when_it_is_stale(void **state)
{
  (void)state;
  const char *folder = sample_folder();
  char path[300];
  (void)snprintf(path, sizeof path, "%s/api.sock", folder);
  struct loop *loop = loop_new();
  const struct queries queries = {.started_ns = 0};
  struct api *first = NULL;
  struct api *second = NULL;
  struct err_message message = {""};
  struct stat found;
  leave_stale_socket(path);
  assert_int_equal(api_new(loop, path, &queries, &first, &message), 0);
  assert_int_equal(stat(path, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0660);
  assert_int_equal(api_new(loop, path, &queries, &second, &message), ERR_CONFLICT);
  assert_non_null(strstr(message.text, path));
  assert_null(second);
  api_free(first);
  assert_int_not_equal(stat(path, &found), 0);
  sample_write(path, "precious", 0600);
  assert_int_equal(api_new(loop, path, &queries, &second, &message), ERR_CONFLICT);
  assert_int_equal(stat(path, &found), 0);
  assert_int_equal(found.st_size, 8);
  assert_int_equal(unlink(path), 0);
  loop_free(loop);
  sample_folder_remove(folder);
}

static void a_path_that_cannot_be_is_named(void **state)
{
  (void)state;
  const struct queries queries = {.started_ns = 0};
  struct loop *loop = loop_new();
  struct api *api = NULL;
  struct err_message message = {""};
  char longest[200];
  memset(longest, 'a', sizeof longest);
  longest[0] = '/';
  longest[sizeof longest - 1] = '\0';
  assert_int_equal(api_new(loop, longest, &queries, &api, &message), ERR_LIMIT);
  assert_int_equal(api_new(loop, "/nowhere/at/all.sock", &queries, &api, &message), ERR_IO);
  assert_non_null(strstr(message.text, "/nowhere/at/all.sock"));
  assert_null(api);
  loop_free(loop);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_are_answered_in_json),
      cmocka_unit_test(a_request_beyond_the_limits_is_refused),
      cmocka_unit_test(the_socket_file_is_replaced_only_when_it_is_stale),
      cmocka_unit_test(a_path_that_cannot_be_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
