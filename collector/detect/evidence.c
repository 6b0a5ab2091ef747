/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people at 3 am, and the list of the largest contributors. A finding is read by
 * somebody who was just woken: few digits, known units, a list that is sorted. */
#include "collector/detect/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

/* A whole number with a comma each three digits. */
static void whole_format(double value, char *out, size_t size)
{
  char digits[32];
  int n = snprintf(digits, sizeof(digits), "%.0f", value);
  size_t at = 0;
  for (int i = 0; i < n && at + 2 < size; i++) {
    if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') {
      out[at++] = ',';
    }
    out[at++] = digits[i];
  }
  out[at] = '\0';
}

/* Bytes in powers of 1000, as the rules write them; all else as a grouped number with its unit. */
const char *evidence_quantity(double value, const char *unit, char out[EVIDENCE_QUANTITY_MAX])
{
  static const char *const scales[] = {"", "k", "M", "G", "T"};
  if (strncmp(unit, "bytes", 5) == 0) {
    size_t scale = 0;
    double scaled = value;
    while (scaled >= 999.5 && scale + 1 < sizeof(scales) / sizeof(scales[0])) {
      scaled /= 1000;
      scale++;
    }
    (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%.3g %sB%.8s", scaled, scales[scale], unit + 5);
    return out;
  }
  /* Beyond fifteen digits a double has nothing to say. */
  char number[24];
  if (fabs(value) >= 100 && fabs(value) < 1e15) {
    whole_format(value, number, sizeof(number));
  } else {
    (void)snprintf(number, sizeof(number), "%.3g", value);
  }
  (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%s %.14s", number, unit);
  return out;
}

/* Whole units: nobody needs the third digit of how long it has been. */
const char *evidence_duration(int64_t duration_ns, char out[EVIDENCE_QUANTITY_MAX])
{
  int64_t seconds = duration_ns / NS_PER_S;
  if (duration_ns < NS_PER_S) {
    (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%lld ms", (long long)(duration_ns / NS_PER_MS));
  } else if (seconds < 120) {
    (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%lld s", (long long)seconds);
  } else if (seconds < 7200) {
    (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%lld min", (long long)(seconds / 60));
  } else {
    (void)snprintf(out, EVIDENCE_QUANTITY_MAX, "%lld h %lld min", (long long)(seconds / 3600),
                   (long long)(seconds / 60 % 60));
  }
  return out;
}

/* Whether a stands before b in the list. */
static bool is_before(const struct finding_evidence *a, const struct finding_evidence *b)
{
  if (a->value > b->value || a->value < b->value) {
    return a->value > b->value;
  }
  int order = strcmp(a->label, b->label);
  return order != 0 ? order < 0 : strcmp(a->name, b->name) < 0;
}

/* Called once for each row of a window: the list stays at its eight largest, and nothing is
 * allocated. */
void evidence_add(struct finding *finding, const char *label, const char *name, double value,
                  double whole)
{
  if (!(value > 0)) {
    return;
  }
  /* Nobody has a part above the whole, whatever was counted twice or estimated on the way. */
  double share = whole > 0 ? 100.0 * value / whole : 0;
  struct finding_evidence item = {.value = value, .share_percent = share < 100 ? share : 100};
  (void)snprintf(item.label, sizeof(item.label), "%s", label);
  (void)snprintf(item.name, sizeof(item.name), "%s", name);
  /* An insertion into a sorted list of eight: the smallest falls off the end, ties by name (P4). */
  unsigned at = finding->evidence_count;
  while (at > 0 && is_before(&item, &finding->evidence[at - 1])) {
    at--;
  }
  if (at == FINDING_EVIDENCE_MAX) {
    return;
  }
  unsigned moved = finding->evidence_count - at;
  if (finding->evidence_count == FINDING_EVIDENCE_MAX) {
    moved--;
  } else {
    finding->evidence_count++;
  }
  memmove(&finding->evidence[at + 1], &finding->evidence[at], moved * sizeof(item));
  finding->evidence[at] = item;
}
