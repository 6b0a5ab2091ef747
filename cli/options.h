/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `seine`: one table for parser, help and checks. Every command reads the same
 * options; a bit each tells which ones a command takes, so that one that is given in vain is
 * refused instead of ignored. The exit codes stand here too, as every command ends in one. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"
#include "common/err.h"

/* What the programs of other people get to see; documented in seine(1). */
enum options_exit {
  OPTIONS_EXIT_GOOD = 0,
  OPTIONS_EXIT_TROUBLE = 1,       /* a finding, a damaged file, a failed write */
  OPTIONS_EXIT_USAGE = 2,         /* the command line, or the configuration file it names */
  OPTIONS_EXIT_UNREACHABLE = 3,   /* no collector answers */
  OPTIONS_EXIT_INTERRUPTED = 130, /* replay stopped by Ctrl-C; what was read is shown */
};

#define OPTIONS_DEFAULT_SOCKET "/run/seine/collector.sock"
#define OPTIONS_NETWORKS_MAX   256
#define OPTIONS_LIMIT_MAX      1000
#define OPTIONS_FLOW_SLOTS_MAX 16777216

/* Which option: bits, so that a command says which it takes. */
enum options_bit {
  OPTIONS_JSON = 1 << 0,
  OPTIONS_WATCH = 1 << 1,
  OPTIONS_SOCKET = 1 << 2,
  OPTIONS_BITS = 1 << 3,
  OPTIONS_UTC = 1 << 4,
  OPTIONS_TZ = 1 << 5,
  OPTIONS_LAST = 1 << 6,
  OPTIONS_LIMIT = 1 << 7,
  OPTIONS_STATE = 1 << 8,
  OPTIONS_CONFIG = 1 << 9,
  OPTIONS_LOCAL = 1 << 10,
  OPTIONS_FLOWS_CSV = 1 << 11,
  OPTIONS_HELP = 1 << 12,
  OPTIONS_VERSION = 1 << 13,
  OPTIONS_FLOW_SLOTS = 1 << 14,
  OPTIONS_FLEET = 1 << 15,
  /* The looks that every command with output takes, and those of a question to the collector. */
  OPTIONS_LOOK = OPTIONS_JSON | OPTIONS_BITS | OPTIONS_UTC | OPTIONS_TZ | OPTIONS_HELP,
  OPTIONS_ASK = OPTIONS_LOOK | OPTIONS_WATCH | OPTIONS_SOCKET,
};

/* Of an option that may be repeated: addresses and networks, checked. */
struct options_networks {
  const char *text[OPTIONS_NETWORKS_MAX];
  size_t count;
};

/* As they were given. Texts are borrowed from argv and the environment. */
struct options {
  unsigned given; /* enum options_bit */
  const char *socket;
  bool is_json, is_bits, is_local_time;
  bool is_watch;
  int64_t watch_ns;
  const char *last;  /* "5m", checked; NULL: not given */
  int limit;         /* 0: not given */
  const char *state; /* of alerts; NULL: not given */
  const char *config;
  const char *flows_csv;
  long flow_slots; /* 0: not given */
  struct options_networks local, fleet;
  char **word; /* the command and its operands, borrowed from argv */
  int word_count;
};

/* Reads all of argv (options may stand anywhere; "--" ends them). ERR_MALFORMED with one line that
 * names the bad word, and the nearest known one. */
int options_parse(int argc, char **argv, struct options *out, struct err_message *message);
/* The long name of the lowest bit in given that is not in allowed ("--last"); NULL when all are. */
const char *options_stranger(unsigned given, unsigned allowed);
/* Help lines for the options in allowed. */
void options_help(unsigned allowed, FILE *out);
/* How options make the output look. */
void options_output(const struct options *options, FILE *file, struct output *out);

/* The word of n that is nearest to what was typed (Levenshtein distance at most a third of its
 * length, at least 2), or NULL. */
const char *options_nearest(const char *typed, const char *const *known, size_t n);

#endif
