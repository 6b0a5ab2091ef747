/* SPDX-License-Identifier: Apache-2.0 */
/* Small records of two hosts, and what a ranking makes of them, for the tests of rankings. */
#ifndef TESTS_UNIT_SAMPLE_RANKING_H
#define TESTS_UNIT_SAMPLE_RANKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "collector/ranking.h"

#define CLIENT "10.0.0.1"
#define SERVER "10.0.0.2"

static inline struct addr address(const char *text)
{
  struct addr a;
  assert_int_equal(addr_parse(text, &a), 0);
  return a;
}

/* 10.0.0.1 is web1's and 10.0.0.2 is db1's. */
static inline const char *owner_of(void *context, const struct addr *a)
{
  (void)context;
  struct addr client = address(CLIENT);
  struct addr server = address(SERVER);
  if (addr_equal(a, &client)) {
    return "web1";
  }
  return addr_equal(a, &server) ? "db1" : NULL;
}

static inline struct counts bytes(uint64_t n)
{
  return (struct counts){.packets = n / 100, .bytes = n, .payload_bytes = n / 2};
}

static inline struct summary_conversation row(const char *client, const char *server, uint16_t port,
                                              uint64_t out, uint64_t in)
{
  return (struct summary_conversation){.client = address(client),
                                       .server = address(server),
                                       .server_port = port,
                                       .protocol = 6,
                                       .flows = 1,
                                       .out = bytes(out),
                                       .in = bytes(in),
                                       .first_ns = 1000,
                                       .last_ns = 2000};
}

/* Borrows rows. */
static inline struct summary *record(const char *sensor, struct summary_conversation *rows,
                                     size_t count)
{
  struct summary *s = calloc(1, sizeof *s);
  assert_non_null(s);
  summary_init(s);
  (void)snprintf(s->sensor, sizeof s->sensor, "%s", sensor);
  s->kind = SUMMARY_SECOND;
  s->conversations = rows;
  s->conversation_count = count;
  return s;
}

static inline void add_bucket(struct ranking *ranking, struct summary **parts, size_t count)
{
  assert_int_equal(ranking_bucket(ranking, (const struct summary *const *)parts, count), 0);
  for (size_t i = 0; i < count; i++) {
    free(parts[i]);
  }
}

static inline struct ranking_conversation only_conversation(struct ranking *ranking)
{
  struct ranking_conversation found[2];
  assert_int_equal(ranking_conversations(ranking, found, 2), 1);
  return found[0];
}

static inline struct ranking_host host_of(struct ranking *ranking, const char *text)
{
  struct ranking_host found[16];
  struct addr wanted = address(text);
  size_t count = ranking_hosts(ranking, found, 16);
  for (size_t i = 0; i < count; i++) {
    if (addr_equal(&found[i].addr, &wanted)) {
      return found[i];
    }
  }
  fail_msg("%s is not among the hosts", text);
  return found[0];
}

#endif
