/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of collector.yaml cannot say: bounds of rules, which measure fits which scope,
 * names that come twice, where receivers may be. Every mistake goes into the list of errors and the
 * check goes on, so that one run of --check-config tells all of them; each names file, key, value
 * and what was expected. */
#include "collector/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

/* Bounds of what is judged a window, and of what is opened to the outside. */
#define RULES_MAX     1000
#define RECEIVERS_MAX 64
#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

/* A row with a mistake may have left a NULL: an empty text is as good here. */
static const char *text_of(const char *value)
{
  return value != NULL ? value : "";
}

/* Absent and empty are the same: the rows give "" as default. */
static bool is_set(const char *value)
{
  return value != NULL && value[0] != '\0';
}

/* What is measured of whom: fleet, sensor, interface, host. detect/measures.c has the functions for
 * the same cells. */
static const bool metric_scopes[][4] = {
    [RULE_BYTES_PER_S] = {true, true, true, true},  [RULE_PACKETS_PER_S] = {true, true, true, true},
    [RULE_DROPS_PER_S] = {true, true, true, false}, [RULE_ERRORS_PER_S] = {true, true, true, false},
    [RULE_SYN_PER_S] = {true, true, false, false},  [RULE_FLOWS] = {true, true, false, false},
    [RULE_ADDRESSES] = {true, true, false, false},
};

/* Where a mistake is: entry `index` of rules or receivers, which people know by its name. */
struct place {
  struct conf_errors *errors;
  const struct conf_marks *marks;
  const char *file, *list, *name;
  size_t index;
};

/* Every message of this file has this form: "FILE:LINE:COL: rules.NAME.KEY: 'VALUE': expected". */
static void place_add(const struct place *place, const char *key, const char *value,
                      const char *expected)
{
  char path[CONF_PATH_MAX];
  char quoted[CONF_PATH_MAX];
  (void)snprintf(path, sizeof path, "%s[%zu].%s", place->list, place->index, key);
  conf_errors_at(place->errors, conf_mark_of(place->marks, path, place->file),
                 "%s.%s.%s: %s: expected %s", place->list, place->name, key,
                 conf_quote(value, quoted, sizeof quoted), expected);
}

/* One bound's text to its number; -1 when it is not set. */
static double check_bound(const struct place *place, const char *key, const char *text, int metric)
{
  double value = -1;
  bool is_bytes = false;
  if (!is_set(text) || collector_settings_parse_bound(text, &value, &is_bytes) != 0) {
    return -1; /* the row has told of a malformed one */
  }
  if (is_bytes && metric != RULE_BYTES_PER_S) {
    place_add(place, key, text, "a bare number: bytes and bits are units of bytes_per_s alone");
  }
  return value;
}

/* Whether the row has refused the key's value: then it counts as set, and is told already. */
static bool is_told(const struct place *place, const char *key)
{
  char words[CONF_PATH_MAX];
  bool is_found = false;
  (void)snprintf(words, sizeof words, " %s[%zu].%s: ", place->list, place->index, key);
  for (size_t i = 0; i < place->errors->count && !is_found; i++) {
    is_found = strstr(place->errors->line[i], words) != NULL;
  }
  return is_found;
}

/* A scope that the detector cannot measure is said here, not found silent at run time. */
static void check_rule(const struct place *place, struct rule_setting *rule)
{
  rule->above = check_bound(place, "above", rule->above_text, rule->metric);
  rule->below = check_bound(place, "below", rule->below_text, rule->metric);
  bool has_above = is_set(rule->above_text) || is_told(place, "above");
  bool has_below = is_set(rule->below_text) || is_told(place, "below");
  if (has_above == has_below) {
    place_add(place, "above", text_of(rule->above_text), "exactly one of above and below");
  }
  if (!metric_scopes[rule->metric][rule->scope]) {
    bool is_any = metric_scopes[rule->metric][RULE_INTERFACE];
    place_add(place, "scope", rule_scope_names[rule->scope],
              is_any ? "fleet, sensor or interface for this metric"
                     : "fleet or sensor for this metric");
  }
  if (rule->scope == RULE_FLEET && is_set(rule->match)) {
    place_add(place, "match", rule->match, "nothing: there is one fleet");
  }
}

/* PagerDuty has one address for everybody, so it need not be written. */
static int receiver_default_url(struct receiver_setting *receiver)
{
  if (receiver->type != RECEIVER_PAGERDUTY || is_set(receiver->url) || is_set(receiver->url_file)) {
    return 0;
  }
  char *url = strdup(PAGERDUTY_URL);
  if (url == NULL) {
    return ERR_NO_MEMORY;
  }
  free(receiver->url);
  receiver->url = url;
  return 0;
}

/* Whether the files can be read is notify's to say: they may come later than the settings. */
static int check_receiver(const struct place *place, struct receiver_setting *receiver)
{
  int err = receiver_default_url(receiver);
  if (err != 0) {
    return err;
  }
  bool is_pagerduty = receiver->type == RECEIVER_PAGERDUTY;
  if (is_set(receiver->url) == is_set(receiver->url_file)) {
    place_add(place, "url", text_of(receiver->url), "exactly one of url and url_file");
  } else if (is_set(receiver->url)) {
    const char *expected = collector_settings_check_url(receiver->url, receiver->allow_http);
    if (expected != NULL) {
      place_add(place, "url", receiver->url, expected);
    }
  }
  if (is_pagerduty != is_set(receiver->routing_key_file)) {
    place_add(place, "routing_key_file", text_of(receiver->routing_key_file),
              is_pagerduty ? "a file with the routing key" : "nothing: it is pagerduty's");
  }
  if (receiver->type != RECEIVER_GENERIC && is_set(receiver->secret_file)) {
    place_add(place, "secret_file", receiver->secret_file, "nothing: only generic is signed");
  }
  if (receiver->retry_max_ns < receiver->retry_first_ns) {
    char text[DURATION_TEXT_MAX];
    place_add(place, "retry_max", duration_format(receiver->retry_max_ns, text),
              "at least retry_first");
  }
  return 0;
}

/* Whether item i of an array, each of which begins with its name, has the name of an earlier one.
 */
static bool is_repeated(const struct conf_array *array, size_t item_size, size_t i)
{
  const char *items = array->item;
  const char *name = text_of(*(char *const *)(const void *)(items + i * item_size));
  for (size_t j = 0; j < i; j++) {
    if (strcmp(name, text_of(*(char *const *)(const void *)(items + j * item_size))) == 0) {
      return true;
    }
  }
  return false;
}

/* The count first: is_repeated looks at all pairs. */
static void check_array(struct place place, const struct conf_array *array, size_t item_size,
                        size_t max)
{
  if (array->count > max) {
    conf_errors_at(place.errors, conf_mark_of(place.marks, place.list, place.file),
                   "%s: '%zu entries': expected at most %zu", place.list, array->count, max);
    return;
  }
  for (size_t i = 0; i < array->count; i++) {
    const char *items = array->item;
    place.index = i;
    place.name = text_of(*(char *const *)(const void *)(items + i * item_size));
    if (is_repeated(array, item_size, i)) {
      place_add(&place, "name", place.name, "a name that no other entry has");
    }
  }
}

/* Entry by entry, in the order of the file. */
int collector_settings_check(struct collector_settings *settings, const char *name,
                             const struct conf_marks *marks, struct conf_errors *errors)
{
  /* check_array is written once for both kinds of entry, and finds the name by its place. */
  _Static_assert(offsetof(struct rule_setting, name) == 0, "check_array reads names there");
  _Static_assert(offsetof(struct receiver_setting, name) == 0, "check_array reads names there");
  size_t before = errors->count;
  struct place place = {errors, marks, name, "rules", "", 0};
  check_array(place, &settings->rules, sizeof(struct rule_setting), RULES_MAX);
  struct rule_setting *rules = settings->rules.item;
  for (size_t i = 0; i < settings->rules.count; i++) {
    place.index = i;
    place.name = text_of(rules[i].name);
    check_rule(&place, &rules[i]);
  }
  /* Their default URLs are filled in here, which may find no memory: no mistake of the file, so it
   * ends the check. */
  place.list = "receivers";
  check_array(place, &settings->receivers, sizeof(struct receiver_setting), RECEIVERS_MAX);
  struct receiver_setting *receivers = settings->receivers.item;
  for (size_t i = 0; i < settings->receivers.count; i++) {
    place.index = i;
    place.name = text_of(receivers[i].name);
    int err = check_receiver(&place, &receivers[i]);
    if (err != 0) {
      return err;
    }
  }
  return errors->count == before ? 0 : ERR_MALFORMED;
}
