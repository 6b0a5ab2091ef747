/* SPDX-License-Identifier: Apache-2.0 */
/* Options over the configuration file, and the actions that end at once. What can be said in both
 * places is said in the file; the command line names files and actions only. */
#include "sensor/options.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/keys.h"
#include "common/log.h"

#define DEFAULT_FILE "/etc/seine/sensor.yaml"

/* Above all characters: these have no short form. */
enum option_key {
  OPTION_CHECK = 256,
  OPTION_MAKE_KEY,
  OPTION_PRINT_CONFIG,
  OPTION_PRINT_MAN_KEYS,
  OPTION_READ,
};

/* What the command line said; NULL where it said nothing. */
struct arguments {
  const char *config;
  const char *read_path;
  const char *make_key;
  bool has_make_key;
  bool is_check;
  bool is_print_config;
  bool is_print_man_keys;
};

static const struct argp_option option_rows[] = {
    {"config", 'c', "FILE", 0, "Configuration file (default " DEFAULT_FILE ")", 0},
    {"check-config", OPTION_CHECK, NULL, 0, "Check the configuration, tell every mistake, end", 0},
    {"read", 'r', "FILE", 0, "Read a capture file (- is standard input) instead of interfaces", 0},
    {"make-key", OPTION_MAKE_KEY, "FILE", OPTION_ARG_OPTIONAL,
     "Make this sensor's key pair, print the public key, end (default file: key_file)", 0},
    {"print-config", OPTION_PRINT_CONFIG, NULL, 0, "Print a commented example configuration", 0},
    {"print-man-keys", OPTION_PRINT_MAN_KEYS, NULL, OPTION_HIDDEN, NULL, 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* Only notes what was said: nothing is done before the line is read as a whole. */
static error_t parse_option(int key, char *argument, struct argp_state *state)
{
  struct arguments *arguments = state->input;
  switch (key) {
  case 'c':
    arguments->config = argument;
    return 0;
  case 'r':
    arguments->read_path = argument;
    return 0;
  case OPTION_CHECK:
    arguments->is_check = true;
    return 0;
  case OPTION_MAKE_KEY:
    arguments->has_make_key = true;
    arguments->make_key = argument;
    return 0;
  case OPTION_PRINT_CONFIG:
    arguments->is_print_config = true;
    return 0;
  case OPTION_PRINT_MAN_KEYS:
    arguments->is_print_man_keys = true;
    return 0;
  case ARGP_KEY_ARG:
    argp_error(state, "'%s' is not expected: seine-sensor takes options only", argument);
    return EINVAL;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* Without --config the default file must be there, but for --make-key: keys are made before a
 * configuration is written. NULL: the defaults alone. */
static const char *file_of(const struct arguments *arguments)
{
  if (arguments->config != NULL) {
    return arguments->config;
  }
  return access(DEFAULT_FILE, F_OK) == 0 || !arguments->has_make_key ? DEFAULT_FILE : NULL;
}

/* Every mistake of the file, a line each. */
static int load(const char *path, struct sensor_settings *settings)
{
  struct conf_errors errors = {NULL, 0};
  int err = sensor_settings_load(path, settings, &errors);
  for (size_t i = 0; i < errors.count; i++) {
    (void)fprintf(stderr, "%s\n", errors.line[i]);
  }
  conf_errors_free(&errors);
  return err;
}

/* Prints the public key alone, for a shell to take. */
static int make_key(const struct arguments *arguments, const struct sensor_settings *settings)
{
  const char *path = arguments->make_key != NULL ? arguments->make_key : settings->key_file;
  char text[KEYS_TEXT_MAX];
  struct err_message message;
  if (keys_make(path, text, &message) != 0) {
    (void)fprintf(stderr, "seine-sensor: %s\n", message.text);
    return 1;
  }
  (void)printf("%s\n", text);
  return 0;
}

/* What must be set before a sensor can run; the file alone may leave it open. */
static int check_required(const char *path, const struct sensor_settings *settings)
{
  int missing = 0;
  if (settings->collector[0] == '\0') {
    (void)fprintf(stderr, "%s: collector.address: missing: expected HOST:PORT\n", path);
    missing = 1;
  }
  if (settings->collector_key[0] == '\0') {
    (void)fprintf(stderr,
                  "%s: collector.key: missing: expected the public key that seine-collector "
                  "--make-key printed\n",
                  path);
    missing = 1;
  }
  return missing;
}

/* usage -> printing actions (no file needed) -> the file -> --make-key -> what a run requires */
enum options_action options_parse(int argc, char **argv, struct sensor_settings *settings,
                                  int *exit_code)
{
  const struct argp parser = {
      .options = option_rows,
      .parser = parse_option,
      .doc = "Captures packets on this host and sends summaries to the collector.",
  };
  struct arguments arguments = {NULL, NULL, NULL, false, false, false, false};
  memset(settings, 0, sizeof(*settings));
  /* argp's own globals: read by --version, and the exit code of a usage mistake. */
  argp_program_version = "seine-sensor " SEINE_VERSION;
  argp_err_exit_status = 2;
  *exit_code = 2;
  if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0) {
    return OPTIONS_DONE;
  }
  *exit_code = 0;
  if (arguments.is_print_config) {
    conf_print_example(sensor_settings_rows, "seine-sensor configuration: " DEFAULT_FILE, stdout);
    return OPTIONS_DONE;
  }
  if (arguments.is_print_man_keys) {
    conf_print_mdoc(sensor_settings_rows, stdout);
    return OPTIONS_DONE;
  }
  const char *path = file_of(&arguments);
  if (load(path, settings) != 0) {
    *exit_code = 1;
    return OPTIONS_DONE;
  }
  settings->read_path = arguments.read_path;
  if (arguments.has_make_key) {
    *exit_code = make_key(&arguments, settings);
    return OPTIONS_DONE;
  }
  *exit_code = check_required(path != NULL ? path : DEFAULT_FILE, settings);
  return arguments.is_check || *exit_code != 0 ? OPTIONS_DONE : OPTIONS_RUN;
}
