/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/JSON on a unix socket (evhttp): the other home of libevent. Only GET: nothing is changed
 * through this socket, so reading it is all that its mode grants. */
#ifndef COLLECTOR_API_H
#define COLLECTOR_API_H

#include "collector/queries.h"
#include "common/run/loop.h"

struct api;

/* Listens on path (mode 0660; a stale socket of a dead collector is replaced, a live one is an
 * ERR_CONFLICT). Bodies are limited to 64 KiB, headers to 16 KiB; other methods than GET get 405.
 */
int api_new(struct loop *loop, const char *path, const struct queries *queries, struct api **out,
            struct err_message *message);
void api_free(struct api *api);

#endif
