/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, help, and the way into one.
 *
 *   argv -> options.c -> commands_run -> a row of the table -> NAME_run -> exit code
 *
 *   NAME_run -> question.c -> conn.c -> the collector's socket
 *   replay_run -> replay.c: capture files, no collector */
#include "cli/commands.h"

#include <string.h>

#include "cli/alerts.h"
#include "cli/replay.h"
#include "cli/sensors.h"
#include "cli/status.h"
#include "cli/top.h"
#include "cli/words.h"

/* Room for the names in a refusal; the table has fewer. */
#define COMMANDS_MAX 16

/* Declared here, since help is a row of the table and reads it too. */
static int commands_help_run(const struct options *options);

/* In the order of the help: from the overview to the details, then what needs no collector. */
const struct command commands_table[] = {
    {"status", "", "how the fleet and the collector are", OPTIONS_ASK, status_run},
    {"top", "[hosts|conversations|ports]", "who moved the most, each byte counted once",
     OPTIONS_ASK | OPTIONS_LAST | OPTIONS_LIMIT, top_run},
    {"sensors", "[NAME]", "every sensor: state, clock, losses, interfaces; or all of one",
     OPTIONS_ASK, sensors_run},
    {"alerts", "[show ID]", "alerts, or one with its evidence",
     OPTIONS_ASK | OPTIONS_LIMIT | OPTIONS_STATE, alerts_run},
    {"replay", "CAPTURE...", "capture files through meter and detectors, without a daemon",
     OPTIONS_LOOK | OPTIONS_LIMIT | OPTIONS_CONFIG | OPTIONS_LOCAL | OPTIONS_FLEET |
         OPTIONS_FLOWS_CSV | OPTIONS_FLOW_SLOTS,
     replay_run},
    {"help", "[COMMAND]", "this list, or one command", OPTIONS_HELP, commands_help_run},
};
const size_t commands_count = sizeof commands_table / sizeof commands_table[0];

/* By its whole name; NULL when there is none. */
static const struct command *commands_find(const char *name)
{
  for (size_t i = 0; i < commands_count; i++) {
    if (strcmp(commands_table[i].name, name) == 0) {
      return &commands_table[i];
    }
  }
  return NULL;
}

/* Commands, then options: one screen. */
static void commands_print_all(FILE *out)
{
  fputs("usage: seine COMMAND [OPTION]...\n\n", out);
  for (size_t i = 0; i < commands_count; i++) {
    char left[64];
    snprintf(left, sizeof left, "%s %s", commands_table[i].name, commands_table[i].operands);
    fprintf(out, "  %-33s %s\n", left, commands_table[i].help);
  }
  fputs("\n", out);
  options_help(~0U, out);
  fputs("\nExit codes: 0 good, 1 trouble found, 2 usage, 3 no collector answers. See seine(1).\n",
        out);
}

/* Only the options that the command takes. */
static void commands_print_one(const struct command *command, FILE *out)
{
  fprintf(out, "usage: seine %s%s%s [OPTION]...\n%s\n\n", command->name,
          *command->operands != '\0' ? " " : "", command->operands, command->help);
  options_help(command->options, out);
}

/* The table itself is the list of known words. */
static int commands_refuse_command(const char *word)
{
  const char *names[COMMANDS_MAX];
  size_t n = commands_count < COMMANDS_MAX ? commands_count : COMMANDS_MAX;
  for (size_t i = 0; i < n; i++) {
    names[i] = commands_table[i].name;
  }
  return words_refuse("", word, names, n);
}

/* `seine help` and `seine help COMMAND`. */
static int commands_help_run(const struct options *options)
{
  if (options->word_count < 2) {
    commands_print_all(stdout);
    return OPTIONS_EXIT_GOOD;
  }
  const struct command *command = commands_find(options->word[1]);
  if (command == NULL) {
    return commands_refuse_command(options->word[1]);
  }
  commands_print_one(command, stdout);
  return OPTIONS_EXIT_GOOD;
}

/* From parsed options into a command. --help and --version win over everything that is wrong with
 * the rest, since whoever asks for them is looking for just that. */
static int commands_run(const struct options *options)
{
  if ((options->given & OPTIONS_VERSION) != 0) {
    puts("seine " SEINE_VERSION);
    return OPTIONS_EXIT_GOOD;
  }
  if (options->word_count == 0) {
    if ((options->given & OPTIONS_HELP) != 0) {
      commands_print_all(stdout);
      return OPTIONS_EXIT_GOOD;
    }
    output_complain("no command given; 'seine help' lists them");
    return OPTIONS_EXIT_USAGE;
  }
  const struct command *command = commands_find(options->word[0]);
  if (command == NULL) {
    return commands_refuse_command(options->word[0]);
  }
  if ((options->given & OPTIONS_HELP) != 0) {
    commands_print_one(command, stdout);
    return OPTIONS_EXIT_GOOD;
  }
  /* An option that the command would not look at is a misunderstanding: said, not ignored. */
  const char *stranger = options_stranger(options->given, command->options);
  if (stranger != NULL) {
    output_complain("'%s' takes no option '--%s'; 'seine help %s' lists its options", command->name,
                    stranger, command->name);
    return OPTIONS_EXIT_USAGE;
  }
  return command->run(options);
}

/* One place where every command ends, so that none forgets what was not written. */
int commands_main(int argc, char **argv)
{
  struct options options;
  struct err_message message;
  if (options_parse(argc, argv, &options, &message) != 0) {
    output_complain("%s", message.text);
    return OPTIONS_EXIT_USAGE;
  }
  int code = commands_run(&options);
  /* A full disk must not pass for a good answer. */
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    output_complain("cannot write the answer to standard output");
    return code == OPTIONS_EXIT_GOOD ? OPTIONS_EXIT_TROUBLE : code;
  }
  return code;
}
