/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of collector.yaml cannot say: bounds of rules, which measure fits which scope,
 * names that come twice, where receivers may be. Every mistake goes into the list of errors and the
 * check goes on, so that one run of --check-config tells all of them; each names file, key, value
 * and what was expected. */
#include "collector/settings.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/addr.h"
#include "common/clock.h"
#include "common/keys.h"

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

const char *settings_check_filled(const char *value)
{
  return is_set(value) ? NULL : "a path";
}

/* A path that bind() would cut is refused here, where the key's name can be said. */
const char *settings_check_socket(const char *value)
{
  const struct sockaddr_un address;
  bool fits = value[0] == '/' && strlen(value) < sizeof address.sun_path;
  return fits ? NULL : "an absolute path of at most 107 bytes";
}

/* Names of rules and receivers go into alerts, the outbox and log lines: no spaces, no quoting. */
const char *settings_check_name(const char *value)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  size_t length = strlen(value);
  if (length >= 1 && length <= 63 && strspn(value, allowed) == length) {
    return NULL;
  }
  return "1 to 63 of letters, digits, '.', '_' and '-'";
}

/* Wider than the name rule of keys: a replay names its sensors after capture files. */
const char *settings_check_sensor(const char *value)
{
  size_t length = strlen(value);
  bool is_good = length >= 1 && length < KEYS_NAME_MAX;
  for (size_t i = 0; is_good && i < length; i++) {
    is_good = !iscntrl((unsigned char)value[i]) && value[i] != '/';
  }
  return is_good ? NULL : "1 to 63 bytes without control characters or '/'";
}

/* Host bits behind the prefix are a typing mistake more often than a wish. */
const char *settings_check_network(const char *value)
{
  struct network network;
  if (network_parse(value, &network) == 0) {
    return NULL;
  }
  return "an address, or a network such as 10.0.0.0/8 whose host bits are zero";
}

/* Port 0 is refused: it would listen where nobody can know. */
static bool is_port(const char *text)
{
  size_t digits = strspn(text, "0123456789");
  if (digits < 1 || digits > 5 || text[digits] != '\0') {
    return false;
  }
  long port = strtol(text, NULL, 10);
  return port >= 1 && port <= 65535;
}

/* The same text goes to ZeroMQ behind "tcp://", which would resolve names, and late: only
 * addresses. */
const char *settings_check_endpoint(const char *value)
{
  static const char expected[] = "ADDRESS:PORT, such as 0.0.0.0:7461, [::]:7461 or *:7461";
  const char *colon = strrchr(value, ':');
  char host[ADDR_TEXT_MAX];
  if (colon == NULL || !is_port(colon + 1)) {
    return expected;
  }
  size_t length = (size_t)(colon - value);
  const char *start = value;
  bool is_bracketed = length >= 2 && value[0] == '[' && colon[-1] == ']';
  if (is_bracketed) {
    start++;
    length -= 2;
  }
  if (length == 0 || length >= sizeof host) {
    return expected;
  }
  memcpy(host, start, length);
  host[length] = '\0';
  struct addr address;
  if (!is_bracketed && strcmp(host, "*") == 0) {
    return NULL;
  }
  /* Only IPv6 wears brackets, and it must: its own colons would be read as the port's. */
  bool is_good = addr_parse(host, &address) == 0 && is_bracketed == (strchr(host, ':') != NULL);
  return is_good ? NULL : expected;
}

/* The power that a prefix stands for; *text is moved behind it. */
static double bound_prefix(const char **text)
{
  static const char prefixes[] = "kMGT";
  const char *at = **text == 'K' ? prefixes : strchr(prefixes, **text);
  if (**text == '\0' || at == NULL) {
    return 1;
  }
  (*text)++;
  double base = 1000;
  if (**text == 'i') {
    base = 1024;
    (*text)++;
  }
  return pow(base, (double)(at - prefixes + 1));
}

/* "NUMBER[ ][k|M|G|T|Ki|Mi|Gi|Ti][B|bit][/s]": what people write of rates. Bits become bytes, since
 * that is what is measured. */
int collector_settings_parse_bound(const char *text, double *out, bool *is_bytes)
{
  size_t digits = strspn(text, "0123456789.");
  char *end = NULL;
  if (digits == 0 || digits > 30 || !isdigit((unsigned char)text[0])) {
    return ERR_MALFORMED;
  }
  /* Copied, since strtod alone would take "0x10" and "1e999" too. */
  char number[32];
  memcpy(number, text, digits);
  number[digits] = '\0';
  double value = strtod(number, &end);
  if (*end != '\0') {
    return ERR_MALFORMED;
  }
  const char *unit = text + digits;
  unit += strspn(unit, " ");
  value *= bound_prefix(&unit);
  bool has_unit = true;
  if (strncmp(unit, "bit", 3) == 0) {
    unit += 3;
    value /= 8;
  } else if (*unit == 'B') {
    unit++;
  } else {
    has_unit = false;
  }
  unit += strncmp(unit, "/s", 2) == 0 ? 2 : 0;
  if (*unit != '\0' || !isfinite(value)) {
    return ERR_MALFORMED;
  }
  *out = value;
  *is_bytes = has_unit;
  return 0;
}

/* Whether the unit fits the metric only check_bound can tell: it needs two rows. */
const char *settings_check_bound(const char *value)
{
  double number;
  bool is_bytes;
  if (value[0] == '\0' || collector_settings_parse_bound(value, &number, &is_bytes) == 0) {
    return NULL;
  }
  return "a number such as 1000000, 10k, 1 MB/s or 8 Mbit/s";
}

/* What is measured of whom: fleet, sensor, interface, host. detect/measures.c has the functions for
 * the same cells. */
static const bool metric_scopes[][4] = {
    [RULE_BYTES_PER_S] = {true, true, true, true},  [RULE_PACKETS_PER_S] = {true, true, true, true},
    [RULE_DROPS_PER_S] = {true, true, true, false}, [RULE_ERRORS_PER_S] = {true, true, true, false},
    [RULE_SYN_PER_S] = {true, true, false, false},  [RULE_FLOWS] = {true, true, false, false},
    [RULE_ADDRESSES] = {true, true, false, false},
};

/* Where a mistake is: "FILE: rules.NAME". */
struct place {
  struct conf_errors *errors;
  const char *file, *list, *name;
};

/* Every message of this file has this form. */
static void place_add(const struct place *place, const char *key, const char *value,
                      const char *expected)
{
  conf_errors_add(place->errors, "%s: %s.%s.%s: '%s': expected %s", place->file, place->list,
                  place->name, key, value, expected);
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

/* A scope that the detector cannot measure is said here, not found silent at run time. */
static void check_rule(const struct place *place, struct rule_setting *rule)
{
  rule->above = check_bound(place, "above", rule->above_text, rule->metric);
  rule->below = check_bound(place, "below", rule->below_text, rule->metric);
  if (is_set(rule->above_text) == is_set(rule->below_text)) {
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

/* Strict, since the URL decides who gets to read alerts: https unless asked otherwise, no white
 * space that could end a header, a host that is there. */
const char *collector_settings_check_url(const char *url, bool allow_http)
{
  const char *host = NULL;
  if (strncmp(url, "https://", 8) == 0) {
    host = url + 8;
  } else if (allow_http && strncmp(url, "http://", 7) == 0) {
    host = url + 7;
  } else {
    return allow_http ? "a URL with https:// or http://"
                      : "a URL with https:// (http:// needs allow_http: true)";
  }
  for (const char *c = url; *c != '\0'; c++) {
    if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c)) {
      return "a URL without spaces or control characters";
    }
  }
  return strcspn(host, "/?#") > 0 ? NULL : "a URL that names a host";
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
    conf_errors_add(place.errors, "%s: %s: %zu entries: expected at most %zu", place.file,
                    place.list, array->count, max);
    return;
  }
  for (size_t i = 0; i < array->count; i++) {
    const char *items = array->item;
    place.name = text_of(*(char *const *)(const void *)(items + i * item_size));
    if (is_repeated(array, item_size, i)) {
      place_add(&place, "name", place.name, "a name that no other entry has");
    }
  }
}

/* Entry by entry, in the order of the file. */
int collector_settings_check(struct collector_settings *settings, const char *name,
                             struct conf_errors *errors)
{
  /* check_array is written once for both kinds of entry, and finds the name by its place. */
  _Static_assert(offsetof(struct rule_setting, name) == 0, "check_array reads names there");
  _Static_assert(offsetof(struct receiver_setting, name) == 0, "check_array reads names there");
  size_t before = errors->count;
  struct place place = {errors, name, "rules", ""};
  check_array(place, &settings->rules, sizeof(struct rule_setting), RULES_MAX);
  struct rule_setting *rules = settings->rules.item;
  for (size_t i = 0; i < settings->rules.count; i++) {
    place.name = text_of(rules[i].name);
    check_rule(&place, &rules[i]);
  }
  /* Their default URLs are filled in here, which may find no memory: no mistake of the file, so it
   * ends the check. */
  place.list = "receivers";
  check_array(place, &settings->receivers, sizeof(struct receiver_setting), RECEIVERS_MAX);
  struct receiver_setting *receivers = settings->receivers.item;
  for (size_t i = 0; i < settings->receivers.count; i++) {
    place.name = text_of(receivers[i].name);
    int err = check_receiver(&place, &receivers[i]);
    if (err != 0) {
      return err;
    }
  }
  return errors->count == before ? 0 : ERR_MALFORMED;
}
