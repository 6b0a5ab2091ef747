/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the collector: asked once, or again and again with --watch. A command gives a
 * path, a view and a verdict; all else (connection, JSON or text, repetition, screen, exit code) is
 * the same for all of them and stands in question.c. */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include "cli/options.h"

struct question {
  const char *path; /* "/v1/status" */
  /* Shows the answer to people. */
  void (*print)(const json_t *answer, const struct output *out);
  /* The exit code that the answer deserves (without --watch); NULL: 0. */
  int (*judge)(const json_t *answer);
};

/* Asks, prints (as JSON with --json), and gives the exit code. With --watch until SIGINT, SIGTERM
 * or SIGHUP: on a terminal in place, elsewhere one answer behind the other, each flushed; ends
 * with 0. A collector that goes away during --watch is said and asked again. */
int question_run(const struct options *options, const struct question *question);

/* Whether the answer stands on sensors that looked at a part of their traffic. */
bool question_is_partial(const json_t *answer);
/* How every answer ends: "window ..., complete ..., partial ..., counted: ...". */
void question_footer(const json_t *answer, const struct output *out);

#endif
