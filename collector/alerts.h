/* SPDX-License-Identifier: Apache-2.0 */
/* Findings -> alerts with a life cycle. Pure.
 *
 *   (none) --finding--> PENDING --held for `for`--> FIRING --absent for `hold`--> RESOLVED
 *                          |--absent--> (none)                                 --> (gone)
 *
 * One alert a key (detector, rule, subject). Its id is the hash of key and start, so that the same
 * inputs give the same ids (P4). Times are event times: an alert resolves at the moment it was due,
 * however late that is noticed. */
#ifndef COLLECTOR_ALERTS_H
#define COLLECTOR_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/finding.h"

#define ALERT_ID_MAX 17 /* 16 hex digits with the NUL */

enum alert_state { ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };
const char *alert_state_name(enum alert_state state);

struct alert {
  char id[ALERT_ID_MAX];
  enum alert_state state;
  int64_t started_ns;     /* start of the first window with the finding */
  int64_t fired_ns;       /* event time of firing; 0 before */
  int64_t resolved_ns;    /* event time; 0 before */
  int64_t last_seen_ns;   /* end of the last window with the finding */
  uint64_t windows;       /* windows with the finding */
  double peak;            /* the observed value farthest from what was expected */
  char resolution[32];    /* "cleared", "recovered" (after a restart), "" */
  struct finding finding; /* of the firing window; detector points to static text */
};

/* Live alerts that there is room for; a finding beyond is counted and refused. */
#define ALERTS_LIVE_MAX 4096

struct alerts;

struct alerts_sink {
  void *context;
  /* The alert was born pending, fired or resolved. Borrowed until the callback returns. */
  void (*changed)(void *context, const struct alert *alert);
};

/* NULL without memory. */
struct alerts *alerts_new(const struct alerts_sink *sink);
void alerts_free(struct alerts *alerts);

/* The condition of the finding holds, seen at seen_ns (the end of its window, or the time of the
 * tick that found it). */
void alerts_raise(struct alerts *alerts, const struct finding *finding, int64_t seen_ns);
/* Everything before until_ns is judged: pending alerts that were not raised again go, firing ones
 * that are due resolve, in the order of their due times. */
void alerts_advance(struct alerts *alerts, int64_t until_ns);
/* A firing alert that the store remembers: goes on when it is raised again; else it resolves as
 * "recovered", its hold after it was last seen. Alerts in other states are left out. ERR_CONFLICT
 * (two of one key), ERR_LIMIT, ERR_NO_MEMORY. */
int alerts_restore(struct alerts *alerts, const struct alert *alert);
/* Whether restored alerts that were not raised again have to wait with their resolution, since the
 * data that would tell is still on its way. */
void alerts_wait(struct alerts *alerts, bool is_waiting);
/* Live alerts in order of start, then id; at most n are written, borrowed until the next change.
 * Returns how many there are. */
size_t alerts_list(const struct alerts *alerts, const struct alert **out, size_t n);
/* Findings that found no room. */
uint64_t alerts_refused(const struct alerts *alerts);

#endif
