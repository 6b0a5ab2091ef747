/* SPDX-License-Identifier: Apache-2.0 */
/* bench-run: runs a program and writes what it cost. A small program of its own, because a child's
 * peak resident memory begins at that of the process it was forked from: a large parent, such as an
 * interpreter, would be measured in its children's place. Processes that the program leaves behind
 * are waited for and counted with it. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program is idle when it took less than so many ticks of CPU in a second, so many times. */
#define IDLE_TICKS   2ULL
#define IDLE_SECONDS 3

struct arguments {
  const char *result;
  int core; /* -1: any */
  int seconds;
  bool is_interrupted_idle;
  char **command;
};

struct cost {
  double cpu_s;
  long resident_kib; /* of the largest process */
  int status;        /* of the program itself, as waitpid gives it */
};

static const struct argp_option option_rows[] = {
    {"result", 'o', "FILE", 0, "Where the line of JSON goes (default standard error)", 0},
    {"core", 'c', "N", 0, "Run on this core alone", 0},
    {"seconds", 't', "N", 0, "Kill it after so long (default 600)", 0},
    {"interrupt-idle", 'i', NULL, 0,
     "SIGINT once it has begun and is idle: for a program that does not end by itself", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* Looked at once a second. */
struct watch {
  int seconds, idle_seconds;
  unsigned long long ticks; /* CPU of the program's group, when last looked at */
  bool is_late;
};

static pid_t program;

static int number_of(const char *text, int max, struct argp_state *state)
{
  char *end = NULL;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 0 || value > max) {
    argp_error(state, "'%s' is not a number from 0 to %d", text, max);
  }
  return (int)value;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
  struct arguments *arguments = state->input;
  switch (key) {
  case 'o':
    arguments->result = text;
    return 0;
  case 'c':
    arguments->core = number_of(text, CPU_SETSIZE - 1, state);
    return 0;
  case 't':
    arguments->seconds = number_of(text, 86400, state);
    return 0;
  case 'i':
    arguments->is_interrupted_idle = true;
    return 0;
  case ARGP_KEY_ARG:
    arguments->command = state->argv + state->next - 1;
    state->next = state->argc;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "no program named");
    return EINVAL;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* Only there to wake the wait. */
static void on_alarm(int number)
{
  (void)number;
}

static _Noreturn void become(const struct arguments *arguments)
{
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (arguments->core >= 0) {
    CPU_SET((size_t)arguments->core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) != 0) {
      perror("bench-run: core");
      _exit(126);
    }
  }
  (void)setpgid(0, 0);
  (void)execvp(arguments->command[0], arguments->command);
  perror(arguments->command[0]);
  _exit(127);
}

static double seconds_of(const struct timeval *time)
{
  return (double)time->tv_sec + (double)time->tv_usec * 1e-6;
}

/* The numbers behind the name and the state: the first is the parent's id. */
enum stat_number { STAT_GROUP = 1, STAT_USER = 10, STAT_SYSTEM, STAT_COUNT };

/* CPU ticks of one process, if it is of the program's group; else 0. The name in /proc/PID/stat may
 * hold anything but a last ')'. */
static unsigned long long ticks_of(const char *pid)
{
  char path[64], line[1024];
  unsigned long long number[STAT_COUNT] = {0};
  (void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return 0;
  }
  char *at = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
  (void)fclose(file);
  if (at == NULL || strlen(at) < 4) {
    return 0;
  }
  at += 4; /* past ") S " */
  for (unsigned i = 0; i < STAT_COUNT; i++) {
    number[i] = strtoull(at, &at, 10);
  }
  return number[STAT_GROUP] == (unsigned long long)program ? number[STAT_USER] + number[STAT_SYSTEM]
                                                           : 0;
}

static unsigned long long group_ticks(void)
{
  unsigned long long sum = 0;
  DIR *all = opendir("/proc");
  if (all == NULL) {
    return 0;
  }
  for (struct dirent *one = readdir(all); one != NULL; one = readdir(all)) {
    if (one->d_name[0] >= '1' && one->d_name[0] <= '9') {
      sum += ticks_of(one->d_name);
    }
  }
  (void)closedir(all);
  return sum;
}

/* Its first work may be some seconds off: idle counts from when it has taken CPU at all. */
static void look_idle(struct watch *watch)
{
  unsigned long long ticks = group_ticks();
  bool is_idle = ticks > 10 * IDLE_TICKS && ticks < watch->ticks + IDLE_TICKS;
  watch->idle_seconds = is_idle ? watch->idle_seconds + 1 : 0;
  watch->ticks = ticks;
  if (watch->idle_seconds == IDLE_SECONDS) {
    (void)kill(program, SIGINT);
  }
}

/* Once a second; at the limit the program's group dies, and with it all that it started. */
static void look(const struct arguments *arguments, struct watch *watch)
{
  watch->seconds++;
  if (watch->seconds >= arguments->seconds) {
    watch->is_late = true;
    (void)kill(-program, SIGKILL);
  } else if (arguments->is_interrupted_idle) {
    look_idle(watch);
  }
}

static void add_cost(struct cost *cost, const struct rusage *usage)
{
  cost->cpu_s += seconds_of(&usage->ru_utime) + seconds_of(&usage->ru_stime);
  if (usage->ru_maxrss > cost->resident_kib) {
    cost->resident_kib = usage->ru_maxrss;
  }
}

/* Until nobody is left: a child that waits for its own children brings their cost along. */
static void wait_all(const struct arguments *arguments, struct watch *watch, struct cost *cost)
{
  for (;;) {
    struct rusage usage;
    int status;
    pid_t pid = wait4(-1, &status, 0, &usage);
    if (pid < 0 && errno == EINTR) {
      look(arguments, watch);
    } else if (pid < 0) {
      return;
    } else {
      add_cost(cost, &usage);
      cost->status = pid == program ? status : cost->status;
    }
  }
}

static int write_cost(const struct arguments *arguments, const struct cost *cost, bool is_late)
{
  FILE *out = arguments->result != NULL ? fopen(arguments->result, "we") : stderr;
  int code = WIFEXITED(cost->status) ? WEXITSTATUS(cost->status) : 128 + WTERMSIG(cost->status);
  if (out == NULL ||
      fprintf(out, "{\"cpu_s\": %.6f, \"resident_kib\": %ld, \"code\": %d, \"is_late\": %s}\n",
              cost->cpu_s, cost->resident_kib, code, is_late ? "true" : "false") < 0 ||
      fflush(out) != 0) {
    perror("bench-run: result");
    return 1;
  }
  return 0;
}

int main(int argc, char **argv)
{
  static const struct argp parser = {
      .options = option_rows,
      .parser = parse_option,
      .args_doc = "PROGRAM [ARGUMENT...]",
      .doc = "Runs a program and writes its user and system CPU seconds, peak resident memory and "
             "exit code, children included.",
  };
  struct arguments arguments = {NULL, -1, 600, false, NULL};
  struct watch watch = {0, 0, 0, false};
  struct cost cost = {0, 0, 0};
  argp_program_version = "bench-run " SEINE_VERSION;
  argp_err_exit_status = 2;
  if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &arguments) != 0) {
    return 2;
  }
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
  program = fork();
  if (program == 0) {
    become(&arguments);
  }
  if (program < 0) {
    perror("bench-run: fork");
    return 1;
  }
  const struct itimerval second = {{1, 0}, {1, 0}};
  struct sigaction action = {.sa_handler = on_alarm};
  (void)sigaction(SIGALRM, &action, NULL);
  (void)setitimer(ITIMER_REAL, &second, NULL);
  wait_all(&arguments, &watch, &cost);
  return write_cost(&arguments, &cost, watch.is_late);
}
