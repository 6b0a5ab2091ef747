/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline and a store without a daemon around them, in virtual time, that queries can ask. */
#ifndef TESTS_UNIT_ANSWERS_FIXTURE_H
#define TESTS_UNIT_ANSWERS_FIXTURE_H

#include "collector/queries.h"

#define FIXTURE_PENDING_MAX 4096
#define FIXTURE_BASE_NS     INT64_C(1764021240000000000) /* a whole minute: 2025-11-24T21:54:00Z */

struct fixture {
  char folder[256];
  struct collector_settings settings;
  struct store *store;
  struct pipeline *pipeline;
  struct queries queries;
  /* Applied and not stored yet. */
  struct summary *pending[FIXTURE_PENDING_MAX];
  size_t pending_count;
  uint64_t sequence;
  int64_t now_ns;
  uint64_t local_bytes;            /* loopback traffic of each further record */
  void (*more)(struct summary *s); /* what else each further record says; NULL: nothing */
  uint64_t fleet_bytes; /* of each further record: sent to fleet peers, as many to others; not 0:
                           known */
};

/* The settings' text is collector.yaml's; detectors that learn are best off. */
struct fixture *fixture_new(const char *settings);
void fixture_free(struct fixture *fixture);
/* A HELLO of the sensor, which owns the address. */
void fixture_hello(struct fixture *fixture, const char *sensor, uint64_t boot_id,
                   const char *address);
/* One record with one TCP conversation client -> server:port; now becomes its end. */
void fixture_record(struct fixture *fixture, const char *sensor, uint64_t boot_id,
                    enum summary_kind kind, int64_t start_ns,
                    const struct summary_conversation *row);
struct summary_conversation fixture_row(const char *client, const char *server, uint16_t port,
                                        uint64_t out, uint64_t in);
/* Time goes on. */
void fixture_tick(struct fixture *fixture, int64_t now_ns);
/* A checkpoint: what is pending is in the store. */
void fixture_store(struct fixture *fixture);
/* Asks path with parameters "name=value&..." or ""; the answer is the caller's. */
json_t *fixture_ask(struct fixture *fixture, const char *path, const char *parameters, int status);

#endif
