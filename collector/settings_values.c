/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of single values of collector.yaml, which its rows name: NULL when good, else what was
 * expected. What needs more than one key is in settings_check.c. */
#include "collector/settings.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/addr.h"
#include "common/keys.h"

const char *settings_check_filled(const char *value)
{
  return value[0] != '\0' ? NULL : "a path";
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

/* Behind the '[' of a pattern: the place of its ']', or NULL. As fnmatch reads it: a ']' that comes
 * first is one of the set, and "[:alpha:]" within it has brackets of its own. */
static const char *bracket_end(const char *at)
{
  at += *at == '!' || *at == '^';
  at += *at == ']';
  while (*at != '\0' && *at != ']') {
    const char *class_end = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;
    if (class_end != NULL) {
      at = class_end + 2;
    } else {
      at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
  }
  return *at == ']' ? at : NULL;
}

/* fnmatch takes an open bracket for itself, which no subject holds: the rule would be silent for
 * good. */
const char *settings_check_pattern(const char *value)
{
  for (const char *at = value; *at != '\0'; at++) {
    if (*at == '[') {
      at = bracket_end(at + 1);
    } else if (*at == '\\') {
      at = at[1] != '\0' ? at + 1 : NULL;
    }
    if (at == NULL) {
      return "a shell pattern whose every '[' has its ']', and without a '\\' at the end";
    }
  }
  return NULL;
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

/* No address, no feed. */
const char *settings_check_feed(const char *value)
{
  return value[0] == '\0' ? NULL : settings_check_endpoint(value);
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
