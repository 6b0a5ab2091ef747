/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the collector, once or repeatedly.
 *
 *   question_run -> once:  ask -> show -> verdict is the exit code
 *                -> watch: ask -> draw -> wait -> ask ...   until a signal;   exit code 0 */
#include "cli/question.h"

#include <stdlib.h>

#include "cli/conn.h"
#include "cli/screen.h"
#include "common/clock.h"

/* Sensors that a line spells out. */
#define QUESTION_NAMES 8

/* One question, its connection and where its answers go. */
struct question_run {
  const struct options *options;
  const struct question *question;
  struct conn *conn;
  int exit_code;
};

/* The exit code of what went wrong before there was an answer. "Nobody answers" has a code of its
 * own for scripts; what a collector refuses has not. */
static int question_exit(int err)
{
  return err == ERR_IO || err == ERR_DENIED || err == ERR_MALFORMED ? OPTIONS_EXIT_UNREACHABLE
                                                                    : OPTIONS_EXIT_TROUBLE;
}

/* Asks; 0 with the answer, or an error with its sentence and the run's exit code set. */
static int question_ask(struct question_run *run, json_t **answer, struct err_message *message)
{
  long status = 0;
  int err = conn_get(run->conn, run->question->path, &status, answer, message);
  if (err != 0) {
    run->exit_code = question_exit(err);
    return err;
  }
  /* The collector's own sentence says more than a number would. */
  if (status != 200) {
    err = err_set(message, ERR_NOT_FOUND, "the collector says: %s",
                  json_get_text(*answer, "error", "no answer, and not why"));
    run->exit_code = status == 400 ? OPTIONS_EXIT_USAGE : OPTIONS_EXIT_TROUBLE;
    json_decref(*answer);
    return err;
  }
  run->exit_code = run->question->judge != NULL ? run->question->judge(*answer) : OPTIONS_EXIT_GOOD;
  return 0;
}

/* The same answer, for a program or for a person. */
static void question_show(const struct question_run *run, const json_t *answer,
                          const struct output *out)
{
  if (run->options->is_json) {
    json_write(answer, out->file);
  } else {
    run->question->print(answer, out);
  }
}

/* Without --watch the verdict becomes the exit code. */
static int question_once(struct question_run *run)
{
  json_t *answer;
  struct err_message message;
  if (question_ask(run, &answer, &message) != 0) {
    output_complain("%s", message.text);
    return run->exit_code;
  }
  struct output out;
  options_output(run->options, stdout, &out);
  question_show(run, answer, &out);
  json_decref(answer);
  return run->exit_code;
}

/* The frame as text: the answer, or in its place why there is none. NULL without memory. */
static char *question_frame(const struct question_run *run, const struct output *screen,
                            const json_t *answer, const struct err_message *message)
{
  char *text = NULL, now[OUTPUT_TEXT_MAX];
  size_t size;
  /* Looks like the screen (width, colour), but is written into memory: the frame is drawn in one
   * go. */
  struct output out = *screen;
  out.file = open_memstream(&text, &size);
  if (out.file == NULL) {
    return NULL;
  }
  if (screen->height > 0) {
    output_print(&out, OUTPUT_BOLD, "seine  %s  every %.3g s  (Ctrl-C ends)\n\n",
                 output_time(screen, clock_now_ns(), now),
                 (double)run->options->watch_ns / (double)NS_PER_S);
  }
  if (answer != NULL) {
    question_show(run, answer, &out);
  } else {
    output_print(&out, OUTPUT_BAD, "%s (asking again)\n", message->text);
  }
  if (screen->height == 0 && !run->options->is_json) {
    fputc('\n', out.file);
  }
  fclose(out.file);
  return text;
}

/* Draws one answer. Without a terminal trouble goes to standard error, so that the stream of
 * answers stays clean. */
static void question_draw(const struct question_run *run, const json_t *answer,
                          const struct err_message *message)
{
  struct output screen;
  options_output(run->options, stdout, &screen);
  if (answer == NULL && screen.height == 0) {
    output_complain("%s (asking again)", message->text);
    return;
  }
  char *text = question_frame(run, &screen, answer, message);
  if (text != NULL) {
    screen_draw(&screen, text);
  }
  free(text);
}

/* A first question that fails is an ordinary failure with its exit code; later ones are told and
 * asked again, since a collector that restarts should not end a watch. */
static int question_watch(struct question_run *run)
{
  struct output first;
  bool is_open = false;
  screen_catch();
  options_output(run->options, stdout, &first);
  while (screen_stop == 0 && ferror(stdout) == 0) {
    json_t *answer = NULL;
    struct err_message message;
    int err = question_ask(run, &answer, &message);
    /* Ctrl-C during the question: an ordinary end. */
    if (err == ERR_AGAIN) {
      break;
    }
    /* Before the screen is taken, so that the reason stands where it can be read. */
    if (err != 0 && !is_open) {
      output_complain("%s", message.text);
      return run->exit_code;
    }
    if (!is_open) {
      screen_open(&first);
      is_open = true;
    }
    question_draw(run, err == 0 ? answer : NULL, &message);
    json_decref(err == 0 ? answer : NULL);
    screen_wait(run->options->watch_ns);
  }
  if (is_open) {
    screen_close(&first);
  }
  return OPTIONS_EXIT_GOOD;
}

/* The stop flag is read only where the signals are caught: without --watch Ctrl-C ends the program
 * at once, as ever. */
int question_run(const struct options *options, const struct question *question)
{
  struct question_run run = {.options = options, .question = question};
  struct err_message message;
  const volatile sig_atomic_t *stop = options->is_watch ? &screen_stop : NULL;
  if (conn_new(options->socket, stop, &run.conn, &message) != 0) {
    output_complain("%s", message.text);
    return OPTIONS_EXIT_UNREACHABLE;
  }
  int code = options->is_watch ? question_watch(&run) : question_once(&run);
  conn_free(run.conn);
  return code;
}

bool question_is_partial(const json_t *answer)
{
  return json_array_size(json_object_get(answer, "partial")) > 0;
}

/* "web1 (1 in 4 flows), db1 (capture.filter)": the first few by name, then how many more. */
static void question_partial(const json_t *answer, const struct output *out)
{
  const json_t *rows = json_object_get(answer, "partial");
  char line[QUESTION_NAMES * 128] = "";
  size_t used = 0, i, count = json_array_size(rows);
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    char sampling[OUTPUT_TEXT_MAX] = "";
    long long factor = (long long)json_get_int(row, "factor", 1);
    bool is_filtered = json_is_true(json_object_get(row, "filtered"));
    if (factor > 1) {
      snprintf(sampling, sizeof sampling, "1 in %lld flows%s", factor, is_filtered ? ", " : "");
    }
    if (i < QUESTION_NAMES) {
      used += (size_t)snprintf(line + used, sizeof line - used, "%s%.63s (%s%s)", i > 0 ? ", " : "",
                               json_get_text(row, "sensor", "?"), sampling,
                               is_filtered ? "capture.filter" : "");
    }
  }
  bool is_limited = json_is_true(json_object_get(answer, "partial_limited"));
  char more[OUTPUT_TEXT_MAX] = "";
  if (count > QUESTION_NAMES) {
    snprintf(more, sizeof more, " and %zu more%s", count - QUESTION_NAMES,
             is_limited ? " at least" : "");
  }
  output_print(
      out, OUTPUT_WARN,
      "partial     %s%s: what they saw is not multiplied, and what they did not is not known\n",
      line, more);
}

/* Window, completeness and rule end every answer: numbers without them cannot be judged (P1,
 * P2). */
void question_footer(const json_t *answer, const struct output *out)
{
  char from[OUTPUT_TEXT_MAX], until[OUTPUT_TEXT_MAX], percent[OUTPUT_TEXT_MAX];
  const json_t *window = json_object_get(answer, "window");
  if (json_is_object(window)) {
    output_print(out, OUTPUT_PLAIN, "window      %s .. %s\n",
                 output_time_text(out, json_get_text(window, "from", NULL), from),
                 output_time_text(out, json_get_text(window, "until", NULL), until));
  }
  if (json_is_null(json_object_get(answer, "completeness_percent"))) {
    output_print(out, OUTPUT_WARN, "complete    not known\n");
  }
  double complete = json_get_number(answer, "completeness_percent", -1);
  /* Of what: records may be in the answer that no window on disk vouches for. */
  const json_t *of = json_object_get(answer, "completeness_of");
  bool has_of = json_is_object(of);
  if (complete >= 0) {
    bool is_partial = question_is_partial(answer);
    output_print(out, complete < 100 || is_partial ? OUTPUT_WARN : OUTPUT_PLAIN,
                 "complete    %s%s%s%s\n", output_percent(complete, percent),
                 has_of ? " of what is on disk, until " : "",
                 has_of ? output_time_text(out, json_get_text(of, "until", NULL), until) : "",
                 is_partial ? "; with sensors that look at a part of the traffic" : "");
  }
  if (question_is_partial(answer)) {
    question_partial(answer, out);
  }
  const char *rule = json_get_text(answer, "rule", NULL);
  if (rule != NULL) {
    output_print(out, OUTPUT_PLAIN, "counted     %s\n", rule);
  }
}
