/* SPDX-License-Identifier: Apache-2.0 */
/* The options' table and what reads it. A new option is a bit in options.h, a row and a setter
 * here; help, parser and the "did you mean" follow from the row. Values are checked before anything
 * is asked or read: a mistake costs nothing. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

/* Two seconds: every closed window can be seen, and the collector hardly notices. */
#define OPTIONS_WATCH_DEFAULT_NS (2 * NS_PER_S)
#define OPTIONS_WORD_MAX         64

/* One row an option: the parser, the help and the list of known words all come from it. */
struct options_row {
  unsigned bit;
  const char *name;
  const char *value; /* NULL: takes none; "[...]": may take one */
  const char *help;
  /* Stores the value (NULL when none was given). ERR_MALFORMED: *expected says what was. */
  int (*set)(struct options *out, const char *value, const char **expected);
};

/* Setters: one a row, each checks its own value and says what it expected. */
static int options_set_json(struct options *out, const char *value, const char **expected)
{
  (void)value, (void)expected;
  out->is_json = true;
  return 0;
}

/* Below 0.1 s the terminal would flicker and the collector would work for nothing. */
static int options_set_watch(struct options *out, const char *value, const char **expected)
{
  out->is_watch = true;
  out->watch_ns = OPTIONS_WATCH_DEFAULT_NS;
  if (value == NULL) {
    return 0;
  }
  char *end;
  errno = 0;
  double seconds = strtod(value, &end);
  if (errno != 0 || end == value || *end != '\0' || !(seconds >= 0.1 && seconds <= 86400)) {
    *expected = "seconds from 0.1 to 86400";
    return ERR_MALFORMED;
  }
  out->watch_ns = (int64_t)(seconds * (double)NS_PER_S);
  return 0;
}

/* Whether anybody answers there is found out by asking. */
static int options_set_socket(struct options *out, const char *value, const char **expected)
{
  if (*value == '\0') {
    *expected = "the path of a socket";
    return ERR_MALFORMED;
  }
  out->socket = value;
  return 0;
}

/* Volumes only: packets and flows are counts in any case. */
static int options_set_bits(struct options *out, const char *value, const char **expected)
{
  (void)value, (void)expected;
  out->is_bits = true;
  return 0;
}

/* The last one of --utc and --tz decides. */
static int options_set_utc(struct options *out, const char *value, const char **expected)
{
  (void)value, (void)expected;
  out->is_local_time = false;
  return 0;
}

/* Only two zones: the collector's times are UTC, and "local" is whatever this terminal's person
 * lives by. */
static int options_set_tz(struct options *out, const char *value, const char **expected)
{
  if (strcmp(value, "local") != 0 && strcmp(value, "utc") != 0) {
    *expected = "'utc' or 'local'";
    return ERR_MALFORMED;
  }
  out->is_local_time = strcmp(value, "local") == 0;
  return 0;
}

/* Kept as text: the collector reads it itself. Checked here all the same, so that a typing mistake
 * costs no question. */
static int options_set_last(struct options *out, const char *value, const char **expected)
{
  int64_t span_ns;
  if (duration_parse(value, &span_ns) != 0 || span_ns <= 0) {
    *expected = "a duration such as 90s, 5m, 6h or 7d";
    return ERR_MALFORMED;
  }
  out->last = value;
  return 0;
}

/* The whole text must be a number within its bounds. */
static int options_read_number(const char *value, long least, long most, long *out)
{
  char *end;
  errno = 0;
  long number = strtol(value, &end, 10);
  if (errno != 0 || end == value || *end != '\0' || number < least || number > most) {
    return ERR_MALFORMED;
  }
  *out = number;
  return 0;
}

/* The collector's own bound: a larger number would be refused there. */
static int options_set_limit(struct options *out, const char *value, const char **expected)
{
  long limit = 0;
  *expected = "a number from 1 to 1000";
  int err = options_read_number(value, 1, OPTIONS_LIMIT_MAX, &limit);
  out->limit = (int)limit;
  return err;
}

/* The bounds of the sensor's own setting, flows.slots. */
static int options_set_flow_slots(struct options *out, const char *value, const char **expected)
{
  *expected = "a number from 1024 to 16777216";
  return options_read_number(value, 1024, OPTIONS_FLOW_SLOTS_MAX, &out->flow_slots);
}

/* The collector would refuse another word too; here it costs no question. */
static int options_set_state(struct options *out, const char *value, const char **expected)
{
  if (strcmp(value, "firing") != 0 && strcmp(value, "pending") != 0 &&
      strcmp(value, "resolved") != 0) {
    *expected = "'firing', 'pending' or 'resolved'";
    return ERR_MALFORMED;
  }
  out->state = value;
  return 0;
}

/* Whether the file can be read is found out, and said, where it is read. */
static int options_set_config(struct options *out, const char *value, const char **expected)
{
  (void)expected;
  out->config = value;
  return 0;
}

/* Made anew by replay; an empty name fails there with its reason. */
static int options_set_flows_csv(struct options *out, const char *value, const char **expected)
{
  (void)expected;
  out->flows_csv = value;
  return 0;
}

/* Kept as text: an address and a network are told apart where they are used. */
static int options_add_network(struct options_networks *out, const char *value,
                               const char **expected)
{
  struct network network;
  if (network_parse(value, &network) != 0) {
    *expected = "an address or a network such as 10.0.0.0/8 (no bits behind the prefix)";
    return ERR_MALFORMED;
  }
  if (out->count == OPTIONS_NETWORKS_MAX) {
    *expected = "at most 256 of them";
    return ERR_MALFORMED;
  }
  out->text[out->count++] = value;
  return 0;
}

static int options_set_local(struct options *out, const char *value, const char **expected)
{
  return options_add_network(&out->local, value, expected);
}

static int options_set_fleet(struct options *out, const char *value, const char **expected)
{
  return options_add_network(&out->fleet, value, expected);
}

static const struct options_row options_rows[] = {
    {OPTIONS_JSON, "json", NULL, "print JSON, one object a line", options_set_json},
    {OPTIONS_WATCH, "watch", "[SECONDS]", "ask again every SECONDS (2) until Ctrl-C",
     options_set_watch},
    {OPTIONS_LAST, "last", "SPAN", "the span that ends now: 90s, 5m, 6h, 7d (5m)",
     options_set_last},
    {OPTIONS_LIMIT, "limit", "N", "show at most N rows", options_set_limit},
    {OPTIONS_STATE, "state", "STATE", "only alerts that are firing, pending or resolved",
     options_set_state},
    {OPTIONS_CONFIG, "config", "FILE", "rules and sensors' addresses from this collector.yaml",
     options_set_config},
    {OPTIONS_LOCAL, "local", "NET", "an address or network of the capturing host; may be repeated",
     options_set_local},
    {OPTIONS_FLEET, "fleet", "NET",
     "an address or network of the fleet: splits traffic; may be repeated", options_set_fleet},
    {OPTIONS_FLOWS_CSV, "flows-csv", "FILE", "write each flow record to FILE as it ends",
     options_set_flows_csv},
    {OPTIONS_FLOW_SLOTS, "flow-slots", "N",
     "flows kept at once, as the sensor's flows.slots (65536)", options_set_flow_slots},
    {OPTIONS_SOCKET, "socket", "PATH",
     "the collector's socket (SEINE_SOCKET, " OPTIONS_DEFAULT_SOCKET ")", options_set_socket},
    {OPTIONS_BITS, "bits", NULL, "volumes in bits instead of bytes", options_set_bits},
    {OPTIONS_UTC, "utc", NULL, "times in UTC (the default)", options_set_utc},
    {OPTIONS_TZ, "tz", "ZONE", "times in 'utc' or 'local' time", options_set_tz},
    {OPTIONS_HELP, "help", NULL, "show help and leave", NULL},
    {OPTIONS_VERSION, "version", NULL, "show the version and leave", NULL},
};
#define OPTIONS_ROWS (sizeof options_rows / sizeof options_rows[0])

/* getopt_long's own view of the table; letters stay below 256, rows above. */
static void options_getopt_table(struct option *table)
{
  for (size_t i = 0; i < OPTIONS_ROWS; i++) {
    const char *value = options_rows[i].value;
    int takes = required_argument;
    if (value == NULL) {
      takes = no_argument;
    } else if (*value == '[') {
      takes = optional_argument;
    }
    table[i] = (struct option){options_rows[i].name, takes, NULL, 256 + (int)i};
  }
  table[OPTIONS_ROWS] = (struct option){0};
}

/* The word as it was typed, and the nearest option; "=VALUE" is no part of the name. */
static int options_unknown(const char *word, struct err_message *message)
{
  const char *names[OPTIONS_ROWS];
  char typed[OPTIONS_WORD_MAX];
  for (size_t i = 0; i < OPTIONS_ROWS; i++) {
    names[i] = options_rows[i].name;
  }
  /* getopt gives the word with its dashes and value; the nearest name is looked for without
   * them. */
  snprintf(typed, sizeof typed, "%s", word + strspn(word, "-"));
  typed[strcspn(typed, "=")] = '\0';
  const char *nearest = options_nearest(typed, names, OPTIONS_ROWS);
  if (nearest != NULL) {
    return err_set(message, ERR_MALFORMED, "unknown option '%s': did you mean '--%s'?", word,
                   nearest);
  }
  return err_set(message, ERR_MALFORMED, "unknown option '%s'; 'seine help' lists them", word);
}

/* What getopt_long could not use: "?" or ":" with the row or letter in optopt. */
static int options_refuse(int code, const char *word, struct err_message *message)
{
  /* Three kinds: an unknown letter, an unknown word, a known option with a wrong number of
   * values. */
  if (optopt > 0 && optopt < 256) {
    char letter[] = {'-', (char)optopt, '\0'};
    return options_unknown(letter, message);
  }
  if (optopt == 0) {
    return options_unknown(word, message);
  }
  const struct options_row *row = &options_rows[optopt - 256];
  if (code == ':') {
    return err_set(message, ERR_MALFORMED, "option '--%s' needs a value: %s", row->name,
                   row->value);
  }
  return err_set(message, ERR_MALFORMED, "option '--%s' takes no value: '%s'", row->name, word);
}

/* Stores one option, or says in one line what was expected of its value. */
static int options_take(struct options *out, const struct options_row *row, const char *value,
                        struct err_message *message)
{
  const char *expected = "";
  out->given |= row->bit;
  if (row->set != NULL && row->set(out, value, &expected) != 0) {
    return err_set(message, ERR_MALFORMED, "--%s '%s': expected %s", row->name, value, expected);
  }
  return 0;
}

/* getopt_long permutes argv, so options may stand anywhere; its own messages are off (opterr),
 * since ours name the nearest word. */
int options_parse(int argc, char **argv, struct options *out, struct err_message *message)
{
  struct option table[OPTIONS_ROWS + 1];
  options_getopt_table(table);
  const char *socket = getenv("SEINE_SOCKET");
  *out = (struct options){
      .socket = socket != NULL && *socket != '\0' ? socket : OPTIONS_DEFAULT_SOCKET,
  };
  opterr = 0;
  optind = 0; /* glibc: start afresh */
  for (;;) {
    int code = getopt_long(argc, argv, ":h", table, NULL);
    if (code == -1) {
      break;
    }
    int err = 0;
    if (code == 'h') {
      out->given |= OPTIONS_HELP;
    } else if (code < 256) {
      err = options_refuse(code, argv[optind - 1], message);
    } else {
      err = options_take(out, &options_rows[code - 256], optarg, message);
    }
    if (err != 0) {
      return err;
    }
  }
  /* Behind the permuted options only operands are left. */
  out->word = argv + optind;
  out->word_count = argc - optind;
  return 0;
}

/* In the order of the table, so that the same mistake is always named. */
const char *options_stranger(unsigned given, unsigned allowed)
{
  for (size_t i = 0; i < OPTIONS_ROWS; i++) {
    if ((given & ~allowed & options_rows[i].bit) != 0) {
      return options_rows[i].name;
    }
  }
  return NULL;
}

/* From the rows: there is no other list of options to keep true. */
void options_help(unsigned allowed, FILE *out)
{
  for (size_t i = 0; i < OPTIONS_ROWS; i++) {
    const struct options_row *row = &options_rows[i];
    if ((row->bit & allowed) == 0) {
      continue;
    }
    char left[OPTIONS_WORD_MAX];
    if (row->value != NULL && *row->value == '[') {
      snprintf(left, sizeof left, "--%s[=%s", row->name, row->value + 1);
    } else {
      snprintf(left, sizeof left, "--%s%s%s", row->name, row->value != NULL ? " " : "",
               row->value != NULL ? row->value : "");
    }
    fprintf(out, "  %-20s %s\n", left, row->help);
  }
}

void options_output(const struct options *options, FILE *file, struct output *out)
{
  output_init(out, file);
  out->is_bits = options->is_bits;
  out->is_local_time = options->is_local_time;
  if (options->is_json) {
    /* JSON is for programs, even on a terminal: lines in a stream, no colour. */
    out->width = 0;
    out->height = 0;
    out->has_color = false;
  }
}
