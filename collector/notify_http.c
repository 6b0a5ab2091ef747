/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl tells which descriptors and which time it waits for; the loop tells when they are due.
 *
 *   notify_http_post -> libcurl -> on_socket, on_timer: what to wait for -> the loop
 *   the loop -> socket_ready, timer_due -> libcurl -> finish_transfers -> done
 *
 * Nothing here waits: a receiver that answers after ten seconds costs the loop nothing (FACTS). */
#include "collector/notify_http.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

struct notify_http {
  struct loop *loop;
  CURLM *multi;
  struct loop_timer *timer;
};

struct notify_http_client {
  struct notify_http *http;
  CURL *easy;
  struct curl_slist *headers;
  bool is_busy;
  char error[CURL_ERROR_SIZE];
  char said[80]; /* the start of the answer's body */
  size_t said_length;
  void (*done)(void *context, const struct notify_http_answer *answer);
  void *context;
};

static void finish_transfers(struct notify_http *http);

/* The loop: a descriptor is ready. */
static void socket_ready(void *context, int fd, unsigned what)
{
  struct notify_http *http = context;
  int running = 0;
  int action = 0;
  action |= (what & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0;
  action |= (what & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
  (void)curl_multi_socket_action(http->multi, fd, action, &running);
  finish_transfers(http);
}

/* The loop: a time-out of libcurl's own is due, or a new transfer wants its first step. */
static void timer_due(void *context)
{
  struct notify_http *http = context;
  int running = 0;
  (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  finish_transfers(http);
}

/* libcurl: wait for this on that descriptor from now on. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
  (void)easy;
  struct notify_http *http = context;
  /* A watch is made anew at each change: sockets change their wish two or three times in a
   * transfer. */
  loop_watch_free(socket_context);
  struct loop_watch *watch = NULL;
  unsigned wanted = 0;
  wanted |= (what & CURL_POLL_IN) != 0 ? LOOP_READ : 0U;
  wanted |= (what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0U;
  if (what != CURL_POLL_REMOVE && wanted != 0) {
    /* Without memory the transfer's own time-out ends it. */
    watch = loop_watch_new(http->loop, fd, wanted, socket_ready, http);
  }
  (void)curl_multi_assign(http->multi, fd, watch);
  return 0;
}

/* libcurl: call me after so long; -1: no more. */
static int on_timer(CURLM *multi, long delay_ms, void *context)
{
  (void)multi;
  const struct notify_http *http = context;
  if (delay_ms < 0) {
    loop_timer_cancel(http->timer);
  } else {
    loop_timer_set(http->timer, delay_ms * NS_PER_MS);
  }
  return 0;
}

/* Keeps the first printable characters for the log, drops the rest. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
  struct notify_http_client *client = context;
  for (size_t i = 0; i < size * count && client->said_length + 1 < sizeof(client->said); i++) {
    char c = bytes[i];
    client->said[client->said_length++] = c >= ' ' && c <= '~' ? c : ' ';
  }
  client->said[client->said_length] = '\0';
  return size * count;
}

/* A body that says why (PagerDuty does) is worth more in the log than the number alone. */
static void read_answer(const struct notify_http_client *client, CURLcode result,
                        struct notify_http_answer *answer)
{
  long status = 0;
  curl_off_t retry_after_s = 0;
  (void)curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
  /* Seconds, or a date less the present time. */
  (void)curl_easy_getinfo(client->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
  const curl_off_t longest_s = 86400;
  retry_after_s = retry_after_s > longest_s ? longest_s : retry_after_s;
  *answer = (struct notify_http_answer){.retry_after_ns = retry_after_s * NS_PER_S};
  /* An HTTP error is a good transfer with a bad status (FACTS): the status is judged by the
   * caller. */
  if (result == CURLE_OK) {
    answer->status = (int)status;
    (void)snprintf(answer->text, sizeof(answer->text), "HTTP %ld%s%s", status,
                   client->said_length > 0 ? ": " : "", client->said);
  } else {
    const char *why = client->error[0] != '\0' ? client->error : curl_easy_strerror(result);
    (void)snprintf(answer->text, sizeof(answer->text), "%.*s", (int)sizeof(answer->text) - 1, why);
  }
}

/* After every action: transfers that ended are only told of here. done may start the next one: it
 * is outside of libcurl's callbacks. */
static void finish_transfers(struct notify_http *http)
{
  CURLMsg *message = NULL;
  int left = 0;
  while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
    char *private = NULL;
    CURL *easy = message->easy_handle;
    CURLcode result = message->data.result;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct notify_http_client *client = (struct notify_http_client *)(void *)private;
    struct notify_http_answer answer;
    read_answer(client, result, &answer);
    (void)curl_multi_remove_handle(http->multi, easy);
    client->is_busy = false;
    client->done(client->context, &answer);
  }
}

/* One multi handle for all receivers: it shares connections' names and TLS sessions. */
int notify_http_new(struct loop *loop, struct notify_http **out, struct err_message *message)
{
  struct notify_http *http = calloc(1, sizeof(*http));
  /* Once a process, and balanced in notify_http_free. */
  if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(http);
    return err_set(message, ERR_NO_MEMORY, "receivers: the HTTP client does not start");
  }
  http->loop = loop;
  http->multi = curl_multi_init();
  http->timer = loop_timer_new(loop, timer_due, http);
  if (http->multi == NULL || http->timer == NULL) {
    notify_http_free(http);
    return err_set(message, ERR_NO_MEMORY, "receivers: the HTTP client does not start");
  }
  (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
  (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
  *out = http;
  return 0;
}

/* The multi handle first: it calls on_timer and on_socket once more. */
void notify_http_free(struct notify_http *http)
{
  if (http == NULL) {
    return;
  }
  if (http->multi != NULL) {
    (void)curl_multi_cleanup(http->multi);
  }
  loop_timer_free(http->timer);
  free(http);
  curl_global_cleanup();
}

/* Everything that does not change from one post to the next. Redirects are off: a receiver must not
 * send our alerts on to another host. */
static CURLcode set_options(struct notify_http_client *client,
                            const struct notify_http_config *config)
{
  CURL *easy = client->easy;
  long timeout_ms = (long)(config->timeout_ns / NS_PER_MS);
  const char *protocols = config->allow_http ? "http,https" : "https";
  CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, config->url);
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_USERAGENT, "seine/" SEINE_VERSION) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEDATA, client) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->error) : rc;
  rc = rc == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PRIVATE, client) : rc;
  if (rc == CURLE_OK && config->ca_file[0] != '\0') {
    rc = curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
  }
  return rc;
}

/* The handle is kept for the receiver's life: the first TLS use loads the CA bundle, about 50 ms
 * (FACTS). */
int notify_http_client_new(struct notify_http *http, const struct notify_http_config *config,
                           struct notify_http_client **out, struct err_message *message)
{
  struct notify_http_client *client = calloc(1, sizeof(*client));
  if (client == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
  }
  client->http = http;
  client->done = config->done;
  client->context = config->context;
  client->easy = curl_easy_init();
  CURLcode rc = client->easy == NULL ? CURLE_OUT_OF_MEMORY : set_options(client, config);
  if (rc != CURLE_OK) {
    notify_http_client_free(client);
    return err_set(message, ERR_UNSUPPORTED, "%s", curl_easy_strerror(rc));
  }
  *out = client;
  return 0;
}

/* A transfer under way is cut off; the receiver may have it, and will know it by its key when it
 * comes again. */
void notify_http_client_free(struct notify_http_client *client)
{
  if (client == NULL) {
    return;
  }
  if (client->is_busy) {
    (void)curl_multi_remove_handle(client->http->multi, client->easy);
  }
  curl_easy_cleanup(client->easy);
  curl_slist_free_all(client->headers);
  free(client);
}

/* Adds "NAME: VALUE" to the headers; false without memory. */
static bool add_header(struct notify_http_client *client, const char *name, const char *value)
{
  char line[256];
  (void)snprintf(line, sizeof(line), "%s: %s", name, value);
  struct curl_slist *longer = curl_slist_append(client->headers, line);
  if (longer != NULL) {
    client->headers = longer;
  }
  return longer != NULL;
}

/* The handle is used again and again; what belongs to one post is set anew. */
int notify_http_post(struct notify_http_client *client, const char *body,
                     const char *idempotency_key, const char *signature)
{
  if (client->is_busy) {
    return ERR_CONFLICT;
  }
  curl_slist_free_all(client->headers);
  client->headers = NULL;
  client->error[0] = '\0';
  client->said[0] = '\0';
  client->said_length = 0;
  if (!add_header(client, "Content-Type", "application/json") ||
      !add_header(client, "Idempotency-Key", idempotency_key) ||
      (signature[0] != '\0' && !add_header(client, "Seine-Signature", signature)) ||
      curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, client->headers) != CURLE_OK ||
      curl_easy_setopt(client->easy, CURLOPT_POSTFIELDSIZE, -1L) != CURLE_OK ||
      curl_easy_setopt(client->easy, CURLOPT_COPYPOSTFIELDS, body) != CURLE_OK ||
      curl_multi_add_handle(client->http->multi, client->easy) != CURLM_OK) {
    return ERR_NO_MEMORY;
  }
  client->is_busy = true;
  return 0;
}
