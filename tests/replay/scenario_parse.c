/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a scenario -> struct scenario. Every mistake names its line. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tests/replay/scenario.h"

struct parser {
  struct scenario *scenario;
  int line;
  bool is_in_settings;
};

static bool complain(const struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(const struct parser *parser, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  (void)fprintf(stderr, "%s:%d: %s\n", parser->scenario->path, parser->line, text);
  return false;
}

/* By name; a scenario names its sensors before it speaks of them. */
static bool sensor_find(const struct parser *parser, const char *name, size_t *out)
{
  for (size_t i = 0; i < parser->scenario->sensor_count; i++) {
    if (strcmp(parser->scenario->sensor[i], name) == 0) {
      *out = i;
      return true;
    }
  }
  return complain(parser, "no sensor '%s': it must stand in a `sensors` line above", name);
}

/* What may follow a verb as KEY NUMBER. */
static const struct {
  const char *key;
  size_t offset;
} numbers[] = {
    {"peers", offsetof(struct action, peers)},     {"bytes", offsetof(struct action, bytes)},
    {"packets", offsetof(struct action, packets)}, {"syn", offsetof(struct action, syn)},
    {"vary", offsetof(struct action, vary)},       {"drops", offsetof(struct action, drops)},
    {"errors", offsetof(struct action, errors)},
};

static bool option_parse(const struct parser *parser, struct action *action, const char *key,
                         const char *value)
{
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    if (strcmp(key, numbers[i].key) == 0) {
      uint64_t *at = (uint64_t *)(void *)((char *)action + numbers[i].offset);
      return scenario_number(value, at) ||
             complain(parser, "%s '%s': expected a number such as 20 or 2M", key, value);
    }
  }
  double low = 0;
  double high = 0;
  if (strcmp(key, "size") == 0 && scenario_range(value, &low, &high)) {
    action->size_low = (uint64_t)low;
    action->size_high = (uint64_t)high;
    return true;
  }
  if (strcmp(key, "to") == 0) {
    return sensor_find(parser, value, &action->other);
  }
  return complain(parser, "'%s %s': unknown", key, value);
}

/* How the first word behind a verb is read. */
enum argument { ARGUMENT_NONE, ARGUMENT_NUMBER, ARGUMENT_DURATION, ARGUMENT_NAME, ARGUMENT_WHOM };

static const struct {
  const char *name;
  enum verb verb;
  enum argument argument;
  size_t offset; /* of the number */
} verbs[] = {
    {"flows", VERB_FLOWS, ARGUMENT_NUMBER, offsetof(struct action, flows)},
    {"sends", VERB_SENDS, ARGUMENT_NUMBER, offsetof(struct action, bytes)},
    {"meets", VERB_MEETS, ARGUMENT_WHOM, 0},
    {"drops", VERB_DROPS, ARGUMENT_NUMBER, offsetof(struct action, drops)},
    {"interface", VERB_INTERFACE, ARGUMENT_NAME, 0},
    {"silent", VERB_SILENT, ARGUMENT_NONE, 0},
    {"late", VERB_LATE, ARGUMENT_DURATION, 0},
    {"backlog", VERB_BACKLOG, ARGUMENT_NONE, 0},
    {"repeated", VERB_REPEATED, ARGUMENT_NUMBER, offsetof(struct action, count)},
    {"clock", VERB_CLOCK, ARGUMENT_NONE, 0},
    {"leaves", VERB_LEAVES, ARGUMENT_NONE, 0},
    {"returns", VERB_RETURNS, ARGUMENT_NONE, 0},
    {"restarts", VERB_RESTARTS, ARGUMENT_NONE, 0},
    {"stalls", VERB_STALLS, ARGUMENT_NONE, 0},
};

static bool argument_parse(const struct parser *parser, struct action *action, size_t verb,
                           const char *word)
{
  uint64_t *number = (uint64_t *)(void *)((char *)action + verbs[verb].offset);
  switch (verbs[verb].argument) {
  case ARGUMENT_NONE:
    return true;
  case ARGUMENT_NUMBER:
    return scenario_number(word, number) || complain(parser, "'%s': expected a number", word);
  case ARGUMENT_DURATION:
    return duration_parse(word, &action->duration_ns) == 0 ||
           complain(parser, "'%s': expected a duration such as 5s", word);
  case ARGUMENT_NAME:
    (void)snprintf(action->interface, sizeof(action->interface), "%s", word);
    return true;
  case ARGUMENT_WHOM:
    action->has_addr = addr_parse(word, &action->addr) == 0;
    return action->has_addr || scenario_number(word, &action->count) ||
           complain(parser, "'%s': expected an address or how many strangers", word);
  }
  return false;
}

/* Words that stand alone, and `clock ahead|behind DURATION`. Sets how many words were taken. */
static bool flag_parse(const struct parser *parser, struct action *action, char *const *word,
                       size_t count, size_t *taken)
{
  *taken = 1;
  if (strcmp(word[0], "down") == 0) {
    action->is_down = true;
  } else if (strcmp(word[0], "blind") == 0) {
    action->is_blind = true;
  } else if (strcmp(word[0], "sampled") == 0) {
    action->is_sampled = true;
  } else if (strcmp(word[0], "measured") == 0) {
    action->is_measured = true;
  } else if (strcmp(word[0], "strangers") == 0) {
    return !action->has_addr;
  } else if (strcmp(word[0], "ahead") == 0 || strcmp(word[0], "behind") == 0) {
    *taken = 2;
    if (count < 2 || duration_parse(word[1], &action->duration_ns) != 0) {
      return complain(parser, "%s: expected a duration such as 1h", word[0]);
    }
    action->duration_ns *= word[0][0] == 'b' ? -1 : 1;
  } else {
    *taken = 2;
    return count >= 2 ? option_parse(parser, action, word[0], word[1])
                      : complain(parser, "'%s': unknown, or without its value", word[0]);
  }
  return true;
}

static bool action_parse(const struct parser *parser, struct action *action, char *const *word,
                         size_t count)
{
  size_t verb = 0;
  if (count < 2) {
    return complain(parser, "expected SENSOR VERB ... behind the colon");
  }
  while (verb < sizeof(verbs) / sizeof(verbs[0]) && strcmp(word[1], verbs[verb].name) != 0) {
    verb++;
  }
  if (verb == sizeof(verbs) / sizeof(verbs[0])) {
    return complain(parser, "'%s': no such verb", word[1]);
  }
  action->verb = verbs[verb].verb;
  size_t at = 2;
  if (verbs[verb].argument != ARGUMENT_NONE) {
    if (count < 3 || !argument_parse(parser, action, verb, word[2])) {
      return complain(parser, "%s: what behind it is missing or wrong", word[1]);
    }
    at = 3;
  }
  for (size_t taken = 0; at < count; at += taken) {
    if (!flag_parse(parser, action, word + at, count - at, &taken)) {
      return complain(parser, "'%s': does not fit", word[at]);
    }
  }
  /* The one verb that is not a sensor's. */
  bool is_collector = strcmp(word[0], "collector") == 0;
  if (is_collector != (action->verb == VERB_STALLS)) {
    return complain(parser, "%s %s: it is the collector that stalls, and nothing else", word[0],
                    word[1]);
  }
  action->sensor = SIZE_MAX;
  return is_collector || sensor_find(parser, word[0], &action->sensor);
}

/* [every E] [from A] [to B]: ACTION, or at A: ACTION. */
static bool span_parse(struct parser *parser, char *const *word, size_t count)
{
  struct scenario *scenario = parser->scenario;
  struct action action = {.line = parser->line, .to = SCENARIO_END, .every = 1};
  size_t at = 0;
  bool is_open = true;
  while (is_open && at + 1 < count) {
    char value[64];
    (void)snprintf(value, sizeof(value), "%s", word[at + 1]);
    char *colon = strchr(value, ':');
    is_open = colon == NULL;
    value[is_open ? strlen(value) : (size_t)(colon - value)] = '\0';
    bool is_at = strcmp(word[at], "at") == 0;
    int64_t *into = strcmp(word[at], "every") == 0 ? &action.every
                    : strcmp(word[at], "to") == 0  ? &action.to
                                                   : &action.from;
    if (!scenario_seconds(value, into)) {
      return complain(parser, "%s '%s': expected seconds or a duration", word[at], value);
    }
    action.to = is_at ? action.from + 1 : action.to;
    at += 2;
  }
  if (is_open || action.every < 1 || scenario->action_count == SCENARIO_ACTIONS_MAX) {
    return complain(parser, "expected `[every E] [from A] [to B]: SENSOR VERB ...`");
  }
  if (!action_parse(parser, &action, word + at, count - at)) {
    return false;
  }
  scenario->action[scenario->action_count++] = action;
  return true;
}

/* The n-th sensor's host is 10.0.0.n. */
static bool sensors_parse(struct parser *parser, char *const *word, size_t count)
{
  struct scenario *scenario = parser->scenario;
  for (size_t i = 0; i < count; i++) {
    if (scenario->sensor_count == SCENARIO_SENSORS_MAX) {
      return complain(parser, "more than %d sensors", SCENARIO_SENSORS_MAX);
    }
    (void)snprintf(scenario->sensor[scenario->sensor_count++], KEYS_NAME_MAX, "%s", word[i]);
  }
  return true;
}

static bool expect_parse(struct parser *parser, char *const *word, size_t count, bool should_fail)
{
  struct scenario *scenario = parser->scenario;
  if (scenario->expect_count == SCENARIO_EXPECTS_MAX || count == 0) {
    return complain(parser, "expect what? (at most %d lines)", SCENARIO_EXPECTS_MAX);
  }
  struct expect *expect = &scenario->expect[scenario->expect_count++];
  *expect = (struct expect){.line = parser->line, .should_fail = should_fail, .count = count};
  for (size_t i = 0; i < count; i++) {
    expect->word[i] = strdup(word[i]);
  }
  return true;
}

/* The first word of a line says what it is. */
static bool words_parse(struct parser *parser, char *const *word, size_t count, bool should_fail)
{
  struct scenario *scenario = parser->scenario;
  static const char *const spans[] = {"every", "from", "to", "at"};
  for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
    if (strcmp(word[0], spans[i]) == 0) {
      return span_parse(parser, word, count);
    }
  }
  if (strcmp(word[0], "scenario") == 0) {
    return true;
  }
  if (strcmp(word[0], "sensors") == 0) {
    return sensors_parse(parser, word + 1, count - 1);
  }
  if (strcmp(word[0], "expect") == 0) {
    return expect_parse(parser, word + 1, count - 1, should_fail);
  }
  if (strcmp(word[0], "settings") == 0) {
    parser->is_in_settings = true;
    return true;
  }
  if (strcmp(word[0], "end") == 0 && count == 2) {
    return scenario_seconds(word[1], &scenario->end) || complain(parser, "end: expected seconds");
  }
  if (strcmp(word[0], "mode") == 0 && count == 2) {
    scenario->is_replay = strcmp(word[1], "replay") == 0;
    return true;
  }
  if (strcmp(word[0], "order") == 0 && count == 2 && strcmp(word[1], "matters") == 0) {
    scenario->is_order_dependent = true;
    return true;
  }
  return complain(parser, "'%s': unknown", word[0]);
}

static bool line_parse(struct parser *parser, char *line)
{
  struct scenario *scenario = parser->scenario;
  char *word[SCENARIO_WORDS_MAX];
  if (parser->is_in_settings && isspace((unsigned char)line[0])) {
    size_t used = strlen(scenario->settings_text);
    if (used + strlen(line) + 1 > sizeof(scenario->settings_text)) {
      return complain(parser, "the settings are too long");
    }
    memcpy(scenario->settings_text + used, line, strlen(line) + 1);
    return true;
  }
  parser->is_in_settings = false;
  bool should_fail = strstr(line, "# fails") != NULL;
  size_t count = scenario_split(line, word);
  return count == 0 || words_parse(parser, word, count, should_fail);
}

/* Through the same reader as collector.yaml, with its mistakes told as they are. */
static bool settings_parse(const struct parser *parser)
{
  struct scenario *scenario = parser->scenario;
  struct conf_errors errors = {0};
  int err = collector_settings_load_text(scenario->path, scenario->settings_text,
                                         &scenario->settings, &errors);
  scenario->has_settings = true;
  for (size_t i = 0; i < errors.count; i++) {
    (void)fprintf(stderr, "%s: in its settings: %s\n", scenario->path, errors.line[i]);
  }
  conf_errors_free(&errors);
  return err == 0;
}

bool scenario_parse(const char *path, struct scenario *out)
{
  struct parser parser = {.scenario = out};
  char line[1024];
  bool is_good = true;
  memset(out, 0, sizeof(*out));
  out->path = path;
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    (void)fprintf(stderr, "%s: cannot be read\n", path);
    return false;
  }
  while (fgets(line, sizeof(line), file) != NULL) {
    parser.line++;
    is_good = line_parse(&parser, line) && is_good;
  }
  (void)fclose(file);
  is_good = settings_parse(&parser) && is_good;
  if (is_good && (out->sensor_count == 0 || out->expect_count == 0 || out->end == 0)) {
    return complain(&parser, "a scenario needs `sensors`, `end` and at least one `expect`");
  }
  return is_good;
}

void scenario_free(struct scenario *scenario)
{
  for (size_t i = 0; i < scenario->expect_count; i++) {
    for (size_t w = 0; w < scenario->expect[i].count; w++) {
      free(scenario->expect[i].word[w]);
    }
  }
  if (scenario->has_settings) {
    collector_settings_free(&scenario->settings);
  }
}
