/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over the collector's unix socket. libcurl speaks HTTP over the socket: keep-alive, time
 * limits and chunked bodies are its business. The host in the URL is a word that goes nowhere. */
#include "cli/conn.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Bounds of an answer: its bytes, the seconds to connect, the seconds to its end. */
#define CONN_ANSWER_MAX ((size_t)64 << 20)
#define CONN_CONNECT_S  5L
#define CONN_ANSWER_S   60L

/* One easy handle, so that --watch keeps its connection; body grows to the longest answer and is
 * used again. */
struct conn {
  CURL *curl;
  char *path;
  const volatile sig_atomic_t *stop;
  char *body;
  size_t length, capacity;
  bool is_too_long;
};

/* curl's body callback; less than size * n ends the transfer. */
static size_t conn_body(char *bytes, size_t size, size_t n, void *context)
{
  struct conn *conn = context;
  /* Bounded: whatever answers on the socket need not be a collector. */
  size_t more = size * n;
  if (more > CONN_ANSWER_MAX - conn->length) {
    conn->is_too_long = true;
    return 0;
  }
  /* Doubled, and kept for the next answer of a watch. */
  if (conn->length + more > conn->capacity) {
    size_t capacity = 2 * (conn->length + more);
    char *body = realloc(conn->body, capacity);
    if (body == NULL) {
      return 0;
    }
    conn->body = body;
    conn->capacity = capacity;
  }
  memcpy(conn->body + conn->length, bytes, more);
  conn->length += more;
  return more;
}

/* curl asks at least once a second: a Ctrl-C during a slow answer need not wait for its end. */
static int conn_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up)
{
  (void)down_total, (void)down, (void)up_total, (void)up;
  const struct conn *conn = context;
  return conn->stop != NULL && *conn->stop != 0;
}

/* libcurl's options take their values by type; each of these is the type it asks for. */
static bool conn_prepare(struct conn *conn)
{
  CURL *curl = conn->curl;
  CURLcode code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, conn->path);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, conn_body);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_WRITEDATA, conn);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, conn_progress);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_XFERINFODATA, conn);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONN_CONNECT_S);
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_TIMEOUT, CONN_ANSWER_S);
  /* A proxy of the environment has no say over a local socket. */
  code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_PROXY, "");
  return code == CURLE_OK;
}

/* Prepares only: nobody is reached before the first question. */
int conn_new(const char *path, const volatile sig_atomic_t *stop, struct conn **out,
             struct err_message *message)
{
  /* connect() would cut a longer path and reach another socket. */
  struct sockaddr_un room;
  if (strlen(path) >= sizeof room.sun_path) {
    return err_set(message, ERR_LIMIT, "the socket's path '%s' is longer than %zu bytes", path,
                   sizeof room.sun_path - 1);
  }
  struct conn *conn = calloc(1, sizeof *conn);
  if (conn == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
  }
  conn->path = strdup(path);
  conn->stop = stop;
  conn->curl = curl_easy_init();
  if (conn->path == NULL || conn->curl == NULL || !conn_prepare(conn)) {
    conn_free(conn);
    return err_set(message, ERR_NO_MEMORY, "cannot prepare a question to '%s': libcurl refuses",
                   path);
  }
  *out = conn;
  return 0;
}

/* Also half made. */
void conn_free(struct conn *conn)
{
  if (conn == NULL) {
    return;
  }
  if (conn->curl != NULL) {
    curl_easy_cleanup(conn->curl);
  }
  free(conn->path);
  free(conn->body);
  free(conn);
}

/* Why nobody answered, and what a person can do about it. */
static int conn_explain(const struct conn *conn, CURLcode code, struct err_message *message)
{
  long error = 0;
  curl_easy_getinfo(conn->curl, CURLINFO_OS_ERRNO, &error);
  /* Our own reason first: libcurl only knows that the callback took less than it was given. */
  if (conn->is_too_long) {
    return err_set(message, ERR_LIMIT, "the answer of '%s' is longer than 64 MB: ask for less",
                   conn->path);
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return err_set(message, ERR_AGAIN, "interrupted");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return err_set(message, ERR_IO,
                   "cannot reach the collector at '%s': no answer in time; is it overloaded or "
                   "stopped?",
                   conn->path);
  }
  if (code == CURLE_COULDNT_CONNECT && (error == EACCES || error == EPERM)) {
    return err_set(message, ERR_DENIED,
                   "cannot reach the collector at '%s': %s; become root or a member of the "
                   "socket's group (seine)",
                   conn->path, strerror((int)error));
  }
  const char *why = error != 0 ? strerror((int)error) : curl_easy_strerror(code);
  return err_set(message, ERR_IO,
                 "cannot reach the collector at '%s': %s; start seine-collector, or name its "
                 "socket by --socket or SEINE_SOCKET",
                 conn->path, why);
}

/* Three ways to fail, each with what to do: nobody is reached, what answers is no JSON, or (told by
 * *status, with the collector's own reason in *answer) the collector refuses. */
int conn_get(struct conn *conn, const char *path, long *status, json_t **answer,
             struct err_message *message)
{
  char url[512];
  conn->length = 0;
  conn->is_too_long = false;
  int length = snprintf(url, sizeof url, "http://collector%s", path);
  if (length < 0 || (size_t)length >= sizeof url) {
    return err_set(message, ERR_LIMIT, "a question of more than %zu bytes: '%.40s...'", sizeof url,
                   path);
  }
  /* The connection is kept from one question to the next as long as the collector keeps it. */
  CURLcode code = curl_easy_setopt(conn->curl, CURLOPT_URL, url);
  code = code != CURLE_OK ? code : curl_easy_perform(conn->curl);
  if (code != CURLE_OK) {
    return conn_explain(conn, code, message);
  }
  /* Every answer is an object, errors too (docs/API.md); anything else is not our collector. */
  json_error_t where;
  json_t *value = conn->length > 0 ? json_loadb(conn->body, conn->length, 0, &where) : NULL;
  if (!json_is_object(value)) {
    json_decref(value);
    return err_set(message, ERR_MALFORMED,
                   "what answers at '%s' is no seine-collector: no JSON object came back",
                   conn->path);
  }
  curl_easy_getinfo(conn->curl, CURLINFO_RESPONSE_CODE, status);
  *answer = value;
  return 0;
}
