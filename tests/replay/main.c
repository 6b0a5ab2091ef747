/* SPDX-License-Identifier: Apache-2.0 */
/* Runs scenarios: each three times, which must give the same bytes (P4).
 *
 *   scenario [--verbose] FILE...       exit 0: every expectation is met
 *   scenario --must-fail FILE...       exit 0: exactly the lines marked "# fails" are not met */
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "tests/replay/scenario.h"

struct mode {
  bool is_verbose, must_fail;
};

static unsigned judge(const struct scenario *scenario, const struct outcome *outcome,
                      const struct mode *mode)
{
  const struct alert *last = NULL;
  unsigned wrong = 0;
  for (size_t i = 0; i < scenario->expect_count; i++) {
    const struct expect *expect = &scenario->expect[i];
    struct err_message why = {"met, although it is marked as failing"};
    bool is_met = outcome_meets(scenario, outcome, expect, &last, &why);
    bool should_be_met = !(mode->must_fail && expect->should_fail);
    if (is_met != should_be_met) {
      (void)fprintf(stderr, "%s:%d: %s\n", scenario->path, expect->line, why.text);
      wrong++;
    } else if (!is_met && mode->is_verbose) {
      (void)printf("%s:%d: fails as it should: %s\n", scenario->path, expect->line, why.text);
    }
  }
  return wrong;
}

/* The same input twice gives the same bytes; another order of arrival gives the same closes, and
 * with them the same bytes. */
static unsigned compare(const struct scenario *scenario, const struct outcome *first,
                        bool is_reversed)
{
  struct outcome again;
  unsigned wrong = 0;
  bool is_good = outcome_run(scenario, is_reversed, &again);
  const char *what = is_reversed ? "in another order of arrival" : "a second time";
  if (!is_good || strcmp(first->window_text, again.window_text) != 0) {
    (void)fprintf(stderr, "%s: other windows %s\n", scenario->path, what);
    wrong++;
  } else if (strcmp(first->alert_text, again.alert_text) != 0) {
    (void)fprintf(stderr, "%s: other alerts %s:\n%s--- and\n%s", scenario->path, what,
                  first->alert_text, again.alert_text);
    wrong++;
  }
  outcome_free(&again);
  return wrong;
}

static unsigned run(const char *path, const struct mode *mode)
{
  static struct scenario scenario;
  struct outcome outcome;
  if (!scenario_parse(path, &scenario) || !outcome_run(&scenario, false, &outcome)) {
    scenario_free(&scenario);
    return 1;
  }
  if (mode->is_verbose) {
    (void)fputs(outcome.alert_text, stdout);
  }
  unsigned wrong = judge(&scenario, &outcome, mode);
  wrong += compare(&scenario, &outcome, false);
  if (!scenario.is_order_dependent) {
    wrong += compare(&scenario, &outcome, true);
  }
  outcome_free(&outcome);
  scenario_free(&scenario);
  return wrong;
}

int main(int argc, char **argv)
{
  struct mode mode = {false, false};
  unsigned wrong = 0;
  unsigned files = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--verbose") == 0) {
      mode.is_verbose = true;
    } else if (strcmp(argv[i], "--must-fail") == 0) {
      mode.must_fail = true;
    } else {
      wrong += run(argv[i], &mode);
      files++;
    }
  }
  if (files == 0) {
    (void)fputs("usage: scenario [--verbose] [--must-fail] FILE...\n", stderr);
    return 2;
  }
  return wrong == 0 ? 0 : 1;
}
