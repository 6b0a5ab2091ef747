/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's home in the CLI: questions to the collector by HTTP on its unix socket. */
#ifndef CLI_CONN_H
#define CLI_CONN_H

#include <signal.h>

#include "common/err.h"
#include "common/json.h"

struct conn;

/* One connection, kept between questions. path is copied. stop (may be NULL): a question in flight
 * ends with ERR_AGAIN when it becomes non-zero. The caller owns *out. */
int conn_new(const char *path, const volatile sig_atomic_t *stop, struct conn **out,
             struct err_message *message);
void conn_free(struct conn *conn);

/* GET. *answer: a new reference to the JSON object, *status: HTTP's number. ERR_IO: nobody answers
 * there; ERR_DENIED: the socket is not for this user; ERR_MALFORMED: an answer that is no JSON
 * object; ERR_LIMIT: one beyond 64 MB. message names the socket, why, and what to do. */
int conn_get(struct conn *conn, const char *path, long *status, json_t **answer,
             struct err_message *message);

#endif
