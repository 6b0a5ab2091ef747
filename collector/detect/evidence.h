/* SPDX-License-Identifier: Apache-2.0 */
/* What all detectors need to say something: numbers for people, and the largest contributors. */
#ifndef COLLECTOR_DETECT_EVIDENCE_H
#define COLLECTOR_DETECT_EVIDENCE_H

#include "collector/finding.h"

#define EVIDENCE_QUANTITY_MAX 40

/* "1.25 MB/s" for "bytes/s", "12,000 packets/s" for others: the value with its unit. Returns out.
 */
const char *evidence_quantity(double value, const char *unit, char out[EVIDENCE_QUANTITY_MAX]);
/* "250 ms", "15 s", "1 h 5 min". Returns out. */
const char *evidence_duration(int64_t duration_ns, char out[EVIDENCE_QUANTITY_MAX]);

/* Adds a contributor; whole, when above 0, gives its share, which is 100 % at most. Kept are the
 * FINDING_EVIDENCE_MAX largest, by value, then by label and name; what is 0 is left out. */
void evidence_add(struct finding *finding, const char *label, const char *name, double value,
                  double whole);

#endif
