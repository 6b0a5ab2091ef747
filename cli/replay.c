/* SPDX-License-Identifier: Apache-2.0 */
/* Files -> meters -> pipeline -> answer. Every callback of replay_files is an input of the
 * pipeline, given in order of packet time; the pipeline's callbacks go into the sum. No clock is
 * asked: two runs over the same files give the same answer, byte for byte. */
#include "cli/replay.h"

#include <string.h>

#include "cli/replay_flows.h"
#include "cli/replay_local.h"
#include "cli/screen.h"
#include "collector/pipeline.h"
#include "common/clock.h"

/* Rows of a ranking without --limit; alerts that may be live at the end. */
#define REPLAY_ROWS        10
#define REPLAY_ALERTS_LIVE 1024

/* The pipeline's time follows the merged time of the files, never backwards. */
static void replay_tick(struct replay *replay, int64_t now_ns)
{
  if (now_ns > replay->ticked_ns) {
    replay->ticked_ns = now_ns;
    pipeline_tick(replay->pipeline, now_ns);
  }
}

/* A file begins: its sensor says HELLO, as a live one would. */
static void replay_begins(void *context, const struct replay_file *file, int64_t now_ns)
{
  struct replay *replay = context;
  /* The same HELLO that seine-sensor sends: the file's own addresses make its directions. */
  struct message_hello hello = {
      .version = MESSAGE_VERSION,
      .boot_id = file->boot_id,
      .next_sequence = 1,
      .software = "seine replay",
      .address_count = file->local.addr_count,
  };
  memcpy(hello.name, file->name, sizeof hello.name);
  memcpy(hello.address, file->local.addr, sizeof hello.address);
  if (pipeline_hello(replay->pipeline, &hello, now_ns) != 0) {
    output_complain("%s: more sensors than sensors_max: only its totals are counted", file->path);
  }
}

/* The sum takes every record, also one that the pipeline should refuse: totals are of the files,
 * and what the pipeline lacks is counted beside them. */
static void replay_record(void *context, const struct replay_file *file, const struct summary *s)
{
  struct replay *replay = context;
  replay_sum_record(&replay->sum, s);
  /* The order of a live run: the others have passed, time has come there, then the record
   * itself. */
  if (s->kind == SUMMARY_SECOND) {
    /* Only the earliest file reads: none has anything more before this second. */
    pipeline_progress(replay->pipeline, file->name, s->start_ns);
    replay_tick(replay, s->start_ns);
  }
  if (pipeline_record(replay->pipeline, s, false, s->start_ns + s->length_ns) != 0) {
    replay->sum.refused++;
  }
}

/* Empty spans cost one step: the pipeline learns of them here, not second by second. */
static void replay_passed(void *context, const struct replay_file *file, int64_t until_ns)
{
  struct replay *replay = context;
  pipeline_progress(replay->pipeline, file->name, until_ns);
}

/* Nothing older will come from any file: windows may close and whole minutes be ranked. */
static void replay_merged(void *context, int64_t now_ns)
{
  struct replay *replay = context;
  replay_tick(replay, now_ns);
  replay_sum_merged(&replay->sum, now_ns);
}

/* The end of a file is a clean leave: nobody is missed afterwards. */
static void replay_ends(void *context, const struct replay_file *file, int64_t now_ns)
{
  struct replay *replay = context;
  pipeline_bye(replay->pipeline, file->name, now_ns);
}

/* Asked for only with --flows-csv: records cost memory of their own. */
static void replay_flow(void *context, const struct flow_record *record)
{
  const struct replay *replay = context;
  replay_flows_add(replay->flows, record);
}

/* Only what the fleet's counted-once total needs is kept of a window. */
static void replay_window(void *context, const struct fleet_window *window)
{
  struct replay *replay = context;
  replay_sum_window(&replay->sum, window);
}

/* The sum has the record already, as it came from the meter. */
static void replay_applied(void *context, const struct summary *summary)
{
  (void)context, (void)summary;
}

/* Each change of state: the newest one stands for the alert. */
static void replay_alert(void *context, const struct alert *alert)
{
  struct replay *replay = context;
  replay_sum_alert(&replay->sum, alert);
}

/* What fires still at the end has grown since it fired. */
static void replay_renew_alerts(struct replay *replay)
{
  const struct alert *live[REPLAY_ALERTS_LIVE];
  size_t n = pipeline_alerts(replay->pipeline, live, REPLAY_ALERTS_LIVE);
  for (size_t i = 0; i < n && i < REPLAY_ALERTS_LIVE; i++) {
    if (live[i]->state == ALERT_FIRING) {
      replay_sum_alert(&replay->sum, live[i]);
    }
  }
}

/* The run itself; whatever ended it, what was read is brought to its end: windows closed, minutes
 * ranked, alerts as they were last. */
static void replay_go(struct replay *replay)
{
  /* The first Ctrl-C ends the reading and not the program: what was read is still answered. */
  screen_catch();
  replay_files_run(replay->files, &screen_stop);
  replay->is_interrupted = screen_stop != 0;
  pipeline_finish(replay->pipeline);
  replay_sum_merged(&replay->sum, INT64_MAX);
  replay_renew_alerts(replay);
}

/* Takes all memory and opens what is written to. Returns an exit code; 0: ready. */
static int replay_prepare(struct replay *replay, const struct options *options,
                          const struct collector_settings *settings)
{
  const struct replay_files_sinks files_sinks = {replay,
                                                 replay_begins,
                                                 replay_record,
                                                 replay_passed,
                                                 replay_merged,
                                                 replay_ends,
                                                 options->flows_csv != NULL ? replay_flow : NULL};
  const struct pipeline_sinks pipeline_sinks = {replay, replay_window, replay_applied,
                                                replay_alert};
  struct err_message message;
  replay->pipeline = pipeline_new(settings, false, &pipeline_sinks);
  replay->files =
      replay_files_new(options->word + 1, (size_t)(options->word_count - 1), &files_sinks);
  if (replay->pipeline == NULL || replay->files == NULL ||
      replay_sum_init(&replay->sum, replay->pipeline) != 0) {
    output_complain("%s", err_text(ERR_NO_MEMORY));
    return OPTIONS_EXIT_TROUBLE;
  }
  replay_files_set_flow_slots(replay->files, (size_t)options->flow_slots);
  for (size_t i = 0; i < replay_files_count(replay->files); i++) {
    struct replay_local local;
    const char *name = replay_files_at(replay->files, i)->name;
    if (replay_local_read(options, settings, name, &local, &message) != 0) {
      output_complain("%s: own addresses: %s", name, message.text);
      return OPTIONS_EXIT_USAGE;
    }
    replay_files_set_local(replay->files, i, &local);
  }
  for (int i = 1; options->flows_csv != NULL && i < options->word_count; i++) {
    if (replay_flows_is_same(options->flows_csv, options->word[i])) {
      output_complain("--flows-csv: %s is one of the captures: it would be overwritten",
                      options->flows_csv);
      return OPTIONS_EXIT_USAGE;
    }
  }
  if (options->flows_csv != NULL &&
      replay_flows_new(options->flows_csv, &replay->flows, &message) != 0) {
    output_complain("%s", message.text);
    return OPTIONS_EXIT_TROUBLE;
  }
  return OPTIONS_EXIT_GOOD;
}

/* Prints what there is, and says what went wrong on the way. */
static int replay_answer(struct replay *replay, const struct options *options)
{
  struct err_message message;
  int code = OPTIONS_EXIT_GOOD;
  for (size_t i = 0; i < replay_files_count(replay->files); i++) {
    if (replay_files_at(replay->files, i)->trouble[0] != '\0') {
      code = OPTIONS_EXIT_TROUBLE;
    }
  }
  if (replay->flows != NULL && replay_flows_close(replay->flows, &message) != 0) {
    output_complain("%s", message.text);
    code = OPTIONS_EXIT_TROUBLE;
  }
  replay->flows = NULL;
  json_t *answer = replay_json(replay);
  if (answer == NULL || replay->sum.has_failed) {
    output_complain("out of memory: the answer is incomplete");
    code = OPTIONS_EXIT_TROUBLE;
  }
  struct output out;
  options_output(options, stdout, &out);
  if (options->is_json && answer != NULL) {
    json_write(answer, stdout);
  } else if (answer != NULL) {
    replay_print(answer, &out);
  }
  json_decref(answer);
  /* Said last, under an answer that would otherwise look whole. */
  if (replay->is_interrupted) {
    output_complain("interrupted: only what was read until then is counted");
    return OPTIONS_EXIT_INTERRUPTED;
  }
  return code;
}

/* All mistakes of the file at once, a line each, as the daemons say them. */
static int replay_settings(const char *path, struct collector_settings *settings)
{
  struct conf_errors errors = {0};
  int err = collector_settings_load(path, settings, &errors);
  for (size_t i = 0; i < errors.count; i++) {
    output_complain("%s", errors.line[i]);
  }
  conf_errors_free(&errors);
  return err;
}

/* Settings first: a bad file must not cost the reading of large captures. */
int replay_run(const struct options *options)
{
  if (options->word_count < 2) {
    output_complain("replay: no capture file given; 'seine help replay' shows how");
    return OPTIONS_EXIT_USAGE;
  }
  struct collector_settings settings;
  if (replay_settings(options->config, &settings) != 0) {
    collector_settings_free(&settings);
    return OPTIONS_EXIT_USAGE;
  }
  struct replay replay = {
      .ticked_ns = INT64_MIN,
      .limit = options->limit > 0 ? (size_t)options->limit : REPLAY_ROWS,
  };
  int code = replay_prepare(&replay, options, &settings);
  if (code == OPTIONS_EXIT_GOOD) {
    replay_go(&replay);
    code = replay_answer(&replay, options);
  }
  if (replay.flows != NULL) {
    replay_flows_close(replay.flows, NULL);
  }
  replay_sum_fini(&replay.sum);
  replay_files_free(replay.files);
  pipeline_free(replay.pipeline);
  collector_settings_free(&settings);
  return code;
}
