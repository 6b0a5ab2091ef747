/* SPDX-License-Identifier: Apache-2.0 */
/* Options by argp. A configuration file must be there: a collector that ran with built-in paths
 * because its file was missing would look like one that had lost its data. What the command line
 * says stands above the file; what neither says is the row's default. */
#include "collector/options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/notify_files.h"
#include "common/keys.h"

#define DEFAULT_CONFIG "/etc/seine/collector.yaml"
#define DEFAULT_KEY    "/etc/seine/keys/collector.key"

/* Only --config has a letter; the others start beyond all characters. */
enum option_key {
  OPTION_CONFIG = 'c',
  OPTION_CHECK = 256,
  OPTION_MAKE_KEY,
  OPTION_PRINT_CONFIG,
  OPTION_PRINT_MAN_KEYS,
  OPTION_LISTEN,
  OPTION_STATE_DIR,
  OPTION_SOCKET,
};

/* argp makes --help and --usage of it; a lint test holds the manual page against it. */
static const struct argp_option option_table[] = {
    {"config", OPTION_CONFIG, "FILE", 0, "Configuration (default " DEFAULT_CONFIG ")", 0},
    {"listen", OPTION_LISTEN, "ADDRESS:PORT", 0, "Listen there, whatever the file says", 0},
    {"state-dir", OPTION_STATE_DIR, "DIR", 0, "Keep the database there", 0},
    {"socket", OPTION_SOCKET, "PATH", 0, "Answer questions on this unix socket", 0},
    {"check-config", OPTION_CHECK, NULL, 0, "Say every mistake in the configuration and end", 0},
    {"make-key", OPTION_MAKE_KEY, "FILE", OPTION_ARG_OPTIONAL,
     "Make a key pair in FILE and FILE.pub (default " DEFAULT_KEY "), say the public key and end",
     0},
    {"print-config", OPTION_PRINT_CONFIG, NULL, 0, "Print a commented example and end", 0},
    {"print-man-keys", OPTION_PRINT_MAN_KEYS, NULL, OPTION_HIDDEN, "Print the keys in mdoc", 0},
    {0},
};

/* The word behind `--make-key FILE`, which argp takes for an argument of its own. */
static error_t take_argument(struct collector_options *options, const char *word)
{
  if (options->job != COLLECTOR_MAKE_KEY || options->key_file != NULL) {
    return ARGP_ERR_UNKNOWN;
  }
  options->key_file = word;
  return 0;
}

/* Texts are kept as pointers into argv; values are checked with the settings. */
static error_t parse_option(int key, char *argument, struct argp_state *state)
{
  struct collector_options *options = state->input;
  switch (key) {
  case OPTION_CONFIG:
    options->config = argument;
    return 0;
  case OPTION_LISTEN:
    options->listen = argument;
    return 0;
  case OPTION_STATE_DIR:
    options->state_dir = argument;
    return 0;
  case OPTION_SOCKET:
    options->socket = argument;
    return 0;
  case OPTION_CHECK:
    options->job = COLLECTOR_CHECK_CONFIG;
    return 0;
  case OPTION_MAKE_KEY:
    options->job = COLLECTOR_MAKE_KEY;
    options->key_file = argument;
    return 0;
  case OPTION_PRINT_CONFIG:
    options->job = COLLECTOR_PRINT_CONFIG;
    return 0;
  case OPTION_PRINT_MAN_KEYS:
    options->job = COLLECTOR_PRINT_MAN_KEYS;
    return 0;
  case ARGP_KEY_ARG:
    return take_argument(options, argument);
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* For argp's --version. */
static void print_version(FILE *stream, struct argp_state *state)
{
  (void)state;
  (void)fputs("seine-collector " SEINE_VERSION "\n", stream);
}

/* argp ends the process itself on a mistake; 2 is the usage code of all our programs. */
void collector_options_parse(int argc, char **argv, struct collector_options *out)
{
  static const struct argp parser = {
      .options = option_table,
      .parser = parse_option,
      .doc = "Collects what Seine's sensors see and raises alerts.\v"
             "Exit code: 0 good, 1 trouble, 2 usage. SIGHUP reads the authorised keys again.",
  };
  argp_program_version_hook = print_version;
  argp_err_exit_status = 2;
  *out = (struct collector_options){.job = COLLECTOR_RUN};
  (void)argp_parse(&parser, argc, argv, 0, NULL, out);
}

/* An option's text takes the place of the file's; NULL: not given. */
static int replace(char **text, const char *with)
{
  if (with == NULL) {
    return 0;
  }
  char *copy = strdup(with);
  if (copy == NULL) {
    return ERR_NO_MEMORY;
  }
  free(*text);
  *text = copy;
  return 0;
}

/* All mistakes of the file are said, one a line, before anything is decided. A check also looks at
 * the files that it names; a start finds out by itself. */
static int read_settings(const struct collector_options *options, bool is_check,
                         struct collector_settings *settings)
{
  struct conf_errors errors = {NULL, 0};
  struct conf_marks marks = {.count = 0};
  const char *path = options->config != NULL ? options->config : DEFAULT_CONFIG;
  int err = collector_settings_load_marked(path, settings, &marks, &errors);
  if (is_check) {
    int checked = notify_files_check(settings, path, &marks, &errors);
    err = err != 0 ? err : checked;
  }
  for (size_t i = 0; i < errors.count; i++) {
    (void)fprintf(stderr, "%s\n", errors.line[i]);
  }
  /* The newcomer's first error: say how to get a file. */
  if (err == ERR_IO && options->config == NULL) {
    (void)fprintf(stderr, "name a file with --config; seine-collector --print-config gives one to "
                          "start with\n");
  }
  conf_errors_free(&errors);
  conf_marks_free(&marks);
  if (err == 0 && (replace(&settings->listen, options->listen) != 0 ||
                   replace(&settings->state_dir, options->state_dir) != 0 ||
                   replace(&settings->socket, options->socket) != 0)) {
    err = ERR_NO_MEMORY;
  }
  return err;
}

int collector_options_settings(const struct collector_options *options,
                               struct collector_settings *settings)
{
  return read_settings(options, false, settings);
}

/* The same way as a start reads it: a check that checks less would be none. */
static int check_config(const struct collector_options *options)
{
  struct collector_settings settings;
  int err = read_settings(options, true, &settings);
  if (err == 0) {
    (void)printf("%s: good: %zu rules, %zu receivers\n",
                 options->config != NULL ? options->config : DEFAULT_CONFIG, settings.rules.count,
                 settings.receivers.count);
  }
  collector_settings_free(&settings);
  return err == 0 ? 0 : 1;
}

/* The public key goes to standard output alone, so that scripts can take it. */
static int make_key(const char *path)
{
  char text[KEYS_TEXT_MAX];
  struct err_message message;
  if (keys_make(path, text, &message) != 0) {
    (void)fprintf(stderr, "%s\n", message.text);
    return 1;
  }
  (void)printf("%s\n", text);
  return 0;
}

/* conf_print_* write to a stream whose error, if any, is the job's. */
int collector_options_job(const struct collector_options *options)
{
  switch (options->job) {
  case COLLECTOR_CHECK_CONFIG:
    return check_config(options);
  case COLLECTOR_MAKE_KEY:
    return make_key(options->key_file != NULL ? options->key_file : DEFAULT_KEY);
  case COLLECTOR_PRINT_CONFIG:
    conf_print_example(collector_settings_rows, "seine-collector: /etc/seine/collector.yaml",
                       stdout);
    return ferror(stdout) != 0;
  case COLLECTOR_PRINT_MAN_KEYS:
    conf_print_mdoc(collector_settings_rows, stdout);
    return ferror(stdout) != 0;
  case COLLECTOR_RUN:
    break;
  }
  return 1;
}
