/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario: who is there, what happens when, and what must come of it. The grammar is in
 * README.md beside this file.
 *
 *   scenario_parse.c  text -> struct scenario        scenario_run.c     drives the pipeline
 *   scenario_words.c  one line -> words, numbers     scenario_expect.c  judges what came of it
 *   scenario_traffic.c  actions -> one record */
#ifndef TESTS_REPLAY_SCENARIO_H
#define TESTS_REPLAY_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/pipeline.h"
#include "collector/settings.h"

#define SCENARIO_SENSORS_MAX 16
#define SCENARIO_ACTIONS_MAX 64
#define SCENARIO_EXPECTS_MAX 64
#define SCENARIO_WORDS_MAX   24
#define SCENARIO_TEXT_MAX    8192
#define SCENARIO_END         INT64_MAX
/* Second 0 of every scenario: 2026-01-01T00:00:00Z. */
#define SCENARIO_BASE_NS (INT64_C(1767225600) * NS_PER_S)

enum verb {
  VERB_FLOWS,     /* clients from outside use its service */
  VERB_SENDS,     /* bytes to another sensor's host */
  VERB_MEETS,     /* an address, or that many strangers */
  VERB_DROPS,     /* the capture loses packets */
  VERB_INTERFACE, /* counters or state of an interface */
  VERB_SILENT,    /* no records */
  VERB_LATE,      /* records come so much later */
  VERB_BACKLOG,   /* records come at the end of the span, marked as sent again */
  VERB_REPEATED,  /* each record comes so many times more */
  VERB_CLOCK,     /* the sensor's clock is wrong */
  VERB_LEAVES,    /* BYE */
  VERB_RETURNS,   /* HELLO again, same boot */
  VERB_RESTARTS,  /* HELLO with a new boot */
  VERB_STALLS,    /* the collector itself stands still */
};

struct action {
  int line;
  int64_t from, to, every; /* seconds: [from, to), every so many */
  enum verb verb;
  size_t sensor, other;
  uint64_t flows, peers, bytes, packets, size_low, size_high, syn, vary, count, drops, errors;
  char interface[SUMMARY_INTERFACE_NAME_MAX];
  bool has_addr, is_down, is_blind, is_sampled, is_measured;
  struct addr addr;
  int64_t duration_ns; /* late; clock: positive when ahead */
};

/* One `expect` line, as its words. */
struct expect {
  int line;
  bool should_fail; /* the runner's own check: the line ends in "# fails" */
  size_t count;
  char *word[SCENARIO_WORDS_MAX];
};

struct scenario {
  const char *path;
  bool is_replay, is_order_dependent;
  int64_t end; /* seconds to run */
  size_t sensor_count;
  char sensor[SCENARIO_SENSORS_MAX][KEYS_NAME_MAX];
  size_t action_count;
  struct action action[SCENARIO_ACTIONS_MAX];
  size_t expect_count;
  struct expect expect[SCENARIO_EXPECTS_MAX];
  char settings_text[SCENARIO_TEXT_MAX];
  struct collector_settings settings;
  bool has_settings;
};

/* Reads a file; says what is wrong as path:line: ... on standard error and returns false. */
bool scenario_parse(const char *path, struct scenario *out);
void scenario_free(struct scenario *scenario);

/* Words and numbers. Both return false on what is none. */
size_t scenario_split(char *line, char *word[SCENARIO_WORDS_MAX]);
bool scenario_number(const char *text, uint64_t *out);            /* 20, 2M, 1.5k */
bool scenario_seconds(const char *text, int64_t *out);            /* 600, 600s, 2h */
bool scenario_range(const char *text, double *low, double *high); /* 5, 5..9, 5.., ..9 */

/* The sensors' own side: builds the record of each second. */
struct traffic;
struct traffic *traffic_new(const struct scenario *scenario);
void traffic_free(struct traffic *traffic);
/* The address of a sensor's host. */
struct addr traffic_address(size_t sensor);
/* The record of the sensor's second; borrowed until the next call. */
const struct summary *traffic_record(struct traffic *traffic, size_t sensor, int64_t second);
/* Whether the action concerns this second. */
bool action_is_on(const struct action *action, int64_t second);

/* What a run gave. */
struct outcome_window {
  int64_t start_ns;
  uint32_t revision, present, expected;
  double completeness;
  struct fleet_bound bytes, packets;
  bool has_total;
};

struct outcome {
  size_t alert_count, alert_capacity;
  struct alert *alerts; /* each change of state, in order */
  size_t window_count, window_capacity;
  struct outcome_window *windows;
  struct pipeline_stats stats;
  uint64_t settled[SCENARIO_SENSORS_MAX];
  char *alert_text;  /* all that is known of each change */
  char *window_text; /* closes: start and members */
};

/* is_reversed: sensors that speak at the same moment do so in the other order. */
bool outcome_run(const struct scenario *scenario, bool is_reversed, struct outcome *out);
void outcome_free(struct outcome *outcome);
/* Judges one line; on failure says so in why. *last is the alert that the line before spoke of. */
bool outcome_meets(const struct scenario *scenario, const struct outcome *outcome,
                   const struct expect *expect, const struct alert **last, struct err_message *why);

#endif
