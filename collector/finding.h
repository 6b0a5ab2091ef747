/* SPDX-License-Identifier: Apache-2.0 */
/* What a detector says of one window: the condition holds, for this subject, for these reasons. It
 * is the only thing that travels from detect/ to alerts.c, and it carries all that P7 promises, so
 * that whoever reads the alert need not ask again: value, expectation, window, contributors,
 * completeness and the command. It has no pointers but the detector's static name: it is copied
 * freely. */
#ifndef COLLECTOR_FINDING_H
#define COLLECTOR_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/settings.h"

/* Room for text, with the NUL; a longer text is cut, never refused. */
#define FINDING_SUBJECT_MAX  160
#define FINDING_TEXT_MAX     256
#define FINDING_EVIDENCE_MAX 8

/* One contributor: a host, port, peer, interface or sensor, with its part of the whole. */
struct finding_evidence {
  char label[16]; /* "sensor" "interface" "host" "peer" "port" "conversation" "size" ... */
  char name[96];
  double value; /* in the finding's unit */
  double share_percent;
};

/* Rule and subject identify it: two findings of one (detector, rule, subject) are the same trouble,
 * seen twice. The severities and times of it are those of the rule, or of the detector's
 * settings. */
struct finding {
  const char *detector;              /* static: its name in the table */
  char rule[64];                     /* the operator's rule, or the detector's own name for it */
  char subject[FINDING_SUBJECT_MAX]; /* "web1/eth0", "10.0.0.9", "fleet" */
  enum severity severity;
  int64_t for_ns;  /* must hold so long before it fires */
  int64_t hold_ns; /* must be absent so long before it resolves */
  int64_t window_start_ns, window_length_ns;
  double observed;
  double expected_low, expected_high; /* the band it left */
  char unit[24];                      /* "bytes/s" */
  char summary[FINDING_TEXT_MAX];     /* one sentence for people */
  double completeness_percent;        /* of the window */
  unsigned evidence_count;
  struct finding_evidence evidence[FINDING_EVIDENCE_MAX];
  char command[FINDING_TEXT_MAX]; /* the `seine` command that shows it again */
};

#endif
