/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP around queries: one request, one JSON answer. Who may connect is the socket's mode.
 *
 *   remove_stale -> bind_socket (mode 0660 from its first instant) -> api_serve -> on_request
 *                                                                    path, parameters -> queries.c
 *
 * The collector's loop serves it: a slow reader holds a connection, never the loop. */
#include "collector/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "common/clock.h"
#include "common/log.h"

/* Bounds on what a client may send, and on how long it may say nothing. */
#define BACKLOG          64
#define HEADER_BYTES_MAX 16384
#define BODY_BYTES_MAX   65536
#define IDLE_SECONDS     30
#define SOCKET_MODE      0660
#define ANY_METHOD       0xffff /* all that evhttp knows: refused here, in JSON */

struct api {
  struct evhttp *http;
  struct queries queries;
  char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
  dev_t device; /* of our socket file: only that one is removed at the end */
  ino_t inode;
};

/* A whole answer at once; a newline at its end is kind to terminals. */
static void api_send(struct evhttp_request *request, int status, json_t *answer)
{
  /* Fifteen digits: all that a double is sure of, so that 99.9 is not 99.900000000000006. */
  char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(15));
  struct evbuffer *body = evbuffer_new();
  struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
  if (text == NULL || body == NULL || evbuffer_add(body, text, strlen(text)) != 0 ||
      evbuffer_add(body, "\n", 1) != 0) {
    evhttp_send_error(request, 500, NULL);
  } else {
    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_send_reply(request, status, NULL, body);
  }
  if (body != NULL) {
    evbuffer_free(body);
  }
  free(text);
}

/* The form of every mistake: what, the value, what was expected. */
static void api_refuse(struct evhttp_request *request, int status, const char *what,
                       const char *value, const char *expected)
{
  char text[256];
  (void)snprintf(text, sizeof text, "%s: '%.100s': expected %s", what, value, expected);
  json_t *answer = json_pack("{s:o}", "error", json_text(text));
  api_send(request, status, answer);
  json_decref(answer);
}

/* Who asks is told to those who debug; who may ask is decided by the file's mode. */
static void log_peer(struct evhttp_request *request)
{
  struct ucred peer = {0, (uid_t)-1, (gid_t)-1};
  socklen_t size = sizeof peer;
  struct evhttp_connection *connection = evhttp_request_get_connection(request);
  evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    log_debug("api: %s by process %ld of user %lu", evhttp_request_get_uri(request), (long)peer.pid,
              (unsigned long)peer.uid);
  }
}

/* queries.c knows names and values, not evhttp's lists. */
static const char *get_parameter(void *context, const char *name)
{
  const struct evkeyvalq *parameters = context;
  return evhttp_find_header(parameters, name);
}

/* A parameter that the path does not take, or has twice, is a mistake; NULL when there is none. */
static const struct evkeyval *find_mistake(const struct evkeyvalq *parameters, const char *path)
{
  const struct evkeyval *at;
  TAILQ_FOREACH(at, parameters, next)
  {
    if (!queries_takes(path, at->key) || evhttp_find_header(parameters, at->key) != at->value) {
      return at;
    }
  }
  return NULL;
}

/* What came decoded goes to queries.c; what comes back is sent as it is. */
static void api_answer(const struct api *api, struct evhttp_request *request, const char *path,
                       struct evkeyvalq *parameters)
{
  json_t *answer = NULL;
  int status =
      queries_answer(&api->queries, path, get_parameter, parameters, clock_now_ns(), &answer);
  api_send(request, status, answer);
  json_decref(answer);
}

static void on_request(struct evhttp_request *request, void *context)
{
  const struct api *api = context;
  log_peer(request);
  if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
    evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET");
    api_refuse(request, 405, "method", "not GET", "GET: nothing is changed through this socket");
    return;
  }
  /* The checks go from the method to the path's parameters; queries.c judges the path and the
   * values. */
  const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
  const char *path = evhttp_uri_get_path(uri);
  const char *query = evhttp_uri_get_query(uri);
  struct evkeyvalq parameters;
  path = path != NULL ? path : "";
  query = query != NULL ? query : "";
  if (evhttp_parse_query_str(query, &parameters) != 0) {
    api_refuse(request, 400, "query", query, "NAME=VALUE joined by '&'");
    return; /* evhttp has cleared the list */
  }
  const struct evkeyval *mistake = find_mistake(&parameters, path);
  if (mistake != NULL && queries_takes(path, mistake->key)) {
    api_refuse(request, 400, "parameter", mistake->key, "it once");
  } else if (mistake != NULL) {
    api_refuse(request, 400, "parameter", mistake->key, "a parameter that the path takes");
  } else {
    api_answer(api, request, path, &parameters);
  }
  evhttp_clear_headers(&parameters);
}

/* Whether somebody listens at the address: 1, 0 (nobody: ECONNREFUSED), or ERR_IO. */
static int is_answered(const struct sockaddr_un *address)
{
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return ERR_IO;
  }
  int result = 1;
  if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno != EAGAIN) {
    result = errno == ECONNREFUSED ? 0 : ERR_IO;
  }
  int saved = errno;
  (void)close(fd);
  errno = saved;
  return result;
}

/* Makes room at the path: a socket that nobody answers is removed, all else stays. */
static int remove_stale(const struct sockaddr_un *address, struct err_message *message)
{
  const char *path = address->sun_path;
  struct stat found;
  if (lstat(path, &found) != 0) {
    return errno == ENOENT ? 0 : err_set(message, ERR_IO, "%s: %s", path, strerror(errno));
  }
  /* A mistyped path must not cost somebody a file. */
  if (!S_ISSOCK(found.st_mode)) {
    return err_set(message, ERR_CONFLICT, "%s: expected a socket or nothing: another file is there",
                   path);
  }
  int answered = is_answered(address);
  if (answered < 0) {
    return err_set(message, ERR_IO, "%s: cannot tell whether a collector answers there: %s", path,
                   strerror(errno));
  }
  if (answered > 0) {
    return err_set(message, ERR_CONFLICT, "%s: another collector answers there", path);
  }
  if (unlink(path) != 0) {
    return err_set(message, ERR_IO, "%s: the stale socket cannot be removed: %s", path,
                   strerror(errno));
  }
  log_info("%s: the stale socket of a collector that has ended is replaced", path);
  return 0;
}

/* A bound socket in *out. The descriptor's mode before bind is the file's mode from its first
 * instant; chmod then undoes what the umask took. */
static int bind_socket(const struct sockaddr_un *address, int *out, struct err_message *message)
{
  /* The lock on the state folder is taken by now (store_open): a second collector does not get here
   * by mistake. */
  int err = remove_stale(address, message);
  if (err != 0) {
    return err;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || fchmod(fd, SOCKET_MODE) != 0 ||
      bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
      chmod(address->sun_path, SOCKET_MODE) != 0) {
    err =
        err_set(message, ERR_IO, "%s: cannot listen there: %s", address->sun_path, strerror(errno));
    if (fd >= 0) {
      (void)close(fd);
    }
    return err;
  }
  *out = fd;
  return 0;
}

/* Takes fd. */
static int api_serve(struct api *api, struct loop *loop, int fd, struct err_message *message)
{
  struct evconnlistener *listener = NULL;
  api->http = evhttp_new(loop_base(loop));
  if (api->http != NULL) {
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    listener = evconnlistener_new(loop_base(loop), NULL, NULL, flags, BACKLOG, fd);
  }
  if (listener == NULL || evhttp_bind_listener(api->http, listener) == NULL) {
    int saved = errno;
    if (listener != NULL) {
      evconnlistener_free(listener);
    } else {
      (void)close(fd);
    }
    return err_set(message, ERR_IO, "%s: cannot listen there: %s", api->path, strerror(saved));
  }
  evhttp_set_max_headers_size(api->http, HEADER_BYTES_MAX);
  evhttp_set_max_body_size(api->http, BODY_BYTES_MAX);
  evhttp_set_timeout(api->http, IDLE_SECONDS);
  evhttp_set_allowed_methods(api->http, ANY_METHOD);
  /* One callback for all paths: the table of paths is in queries.c. */
  evhttp_set_gencb(api->http, on_request, api);
  return 0;
}

/* Remembered, since another collector may have put its own socket there by the time we end. */
static void note_inode(struct api *api)
{
  struct stat made;
  if (lstat(api->path, &made) == 0) {
    api->device = made.st_dev;
    api->inode = made.st_ino;
  }
}

/* bind before listen before the callback: nobody connects to a socket that does not answer. */
int api_new(struct loop *loop, const char *path, const struct queries *queries, struct api **out,
            struct err_message *message)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    return err_set(message, ERR_LIMIT, "socket: '%s': expected a path of at most %zu bytes", path,
                   sizeof address.sun_path - 1);
  }
  memcpy(address.sun_path, path, strlen(path) + 1);
  struct api *api = calloc(1, sizeof *api);
  if (api == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
  }
  api->queries = *queries;
  memcpy(api->path, address.sun_path, sizeof api->path);
  int fd = -1;
  int err = bind_socket(&address, &fd, message);
  if (err == 0) {
    note_inode(api);
    err = api_serve(api, loop, fd, message);
  }
  if (err != 0) {
    api_free(api);
    return err;
  }
  *out = api;
  return 0;
}

/* Only our own file is removed: device and inode must be those of the socket that we made. */
void api_free(struct api *api)
{
  if (api == NULL) {
    return;
  }
  struct stat found;
  if (api->inode != 0 && lstat(api->path, &found) == 0 && found.st_dev == api->device &&
      found.st_ino == api->inode) {
    (void)unlink(api->path);
  }
  if (api->http != NULL) {
    evhttp_free(api->http);
  }
  free(api);
}
