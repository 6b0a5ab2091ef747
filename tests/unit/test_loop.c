/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop, and what a daemon does to its own process. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/run/daemon.h"
#include "common/run/loop.h"

struct scene {
  struct loop *loop;
  struct loop_watch *watch;
  struct loop_timer *timer;
  struct loop_signal *signal;
  int turns;
  int other_turns;
  int caught;
  int64_t due_ns;
};

static void count_and_stop(void *context)
{
  struct scene *scene = context;
  scene->turns++;
  scene->due_ns = clock_monotonic_ns();
  loop_stop(scene->loop);
}

static void a_timer_fires_once_and_never_before_its_time(void **state)
{
  (void)state;
  struct scene scene = {.loop = loop_new()};
  struct loop_timer *timer = loop_timer_new(scene.loop, count_and_stop, &scene);
  assert_non_null(timer);
  int64_t start_ns = clock_monotonic_ns();
  loop_timer_set(timer, NS_PER_MINUTE);
  loop_timer_set(timer, 20 * NS_PER_MS + 1); /* moved */
  assert_int_equal(loop_run(scene.loop), 0);
  assert_int_equal(scene.turns, 1);
  assert_true(scene.due_ns - start_ns >= 20 * NS_PER_MS);
  loop_timer_free(timer);
  loop_free(scene.loop);
}

static void a_cancelled_timer_stays_silent(void **state)
{
  (void)state;
  struct scene scene = {.loop = loop_new()};
  struct scene last = {.loop = scene.loop};
  struct loop_timer *cancelled = loop_timer_new(scene.loop, count_and_stop, &scene);
  struct loop_timer *timer = loop_timer_new(scene.loop, count_and_stop, &last);
  loop_timer_set(cancelled, 0);
  loop_timer_set(timer, NS_PER_MS);
  loop_timer_cancel(cancelled);
  assert_int_equal(loop_run(scene.loop), 0);
  assert_int_equal(scene.turns, 0);
  assert_int_equal(last.turns, 1);
  loop_timer_free(cancelled);
  loop_timer_free(timer);
  loop_free(scene.loop);
}

static void a_stop_before_the_run_is_not_forgotten(void **state)
{
  (void)state;
  struct loop *loop = loop_new();
  loop_stop(loop);
  assert_int_equal(loop_run(loop), 0);
  loop_free(loop);
}

/* Never drains its descriptor by itself but asks to be called again, as a drain over budget does;
 * the other must get its turn all the same. */
static void greedy(void *context, int fd, unsigned what)
{
  struct scene *scene = context;
  char byte = 0;
  assert_int_equal(what, LOOP_READ);
  if (scene->turns++ == 0) {
    assert_int_equal(read(fd, &byte, 1), 1);
  }
  loop_watch_again(scene->watch);
}

static void modest(void *context, int fd, unsigned what)
{
  struct scene *scene = context;
  assert_true(fd >= 0 && what == LOOP_READ);
  if (++scene->other_turns == 3) {
    loop_stop(scene->loop);
  }
}

static void calling_again_starves_nobody(void **state)
{
  (void)state;
  struct scene scene = {.loop = loop_new()};
  int a[2];
  int b[2];
  assert_int_equal(pipe(a), 0);
  assert_int_equal(pipe(b), 0);
  assert_int_equal(write(a[1], "x", 1), 1);
  assert_int_equal(write(b[1], "x", 1), 1);
  scene.watch = loop_watch_new(scene.loop, a[0], LOOP_READ, greedy, &scene);
  struct loop_watch *other = loop_watch_new(scene.loop, b[0], LOOP_READ, modest, &scene);
  assert_int_equal(loop_run(scene.loop), 0);
  assert_true(scene.turns >= 2);
  loop_watch_free(other);
  loop_watch_free(scene.watch);
  loop_free(scene.loop);
  for (int i = 0; i < 2; i++) {
    (void)close(a[i]);
    (void)close(b[i]);
  }
}

static void free_itself(void *context, int fd, unsigned what)
{
  struct scene *scene = context;
  (void)fd;
  scene->other_turns = (int)what;
  loop_watch_free(scene->watch);
  loop_stop(scene->loop);
}

static void a_watch_may_free_itself_and_tells_writability(void **state)
{
  (void)state;
  struct scene scene = {.loop = loop_new()};
  int a[2];
  assert_int_equal(pipe(a), 0);
  scene.watch = loop_watch_new(scene.loop, a[1], LOOP_WRITE, free_itself, &scene);
  assert_int_equal(loop_run(scene.loop), 0);
  assert_int_equal(scene.other_turns, LOOP_WRITE);
  loop_free(scene.loop);
  (void)close(a[0]);
  (void)close(a[1]);
}

static void take_signal(void *context, int signal_number)
{
  struct scene *scene = context;
  scene->caught = signal_number;
  loop_stop(scene->loop);
}

static void a_signal_reaches_its_watcher(void **state)
{
  (void)state;
  struct scene scene = {.loop = loop_new()};
  scene.signal = loop_signal_new(scene.loop, SIGUSR1, take_signal, &scene);
  assert_int_equal(raise(SIGUSR1), 0);
  assert_int_equal(loop_run(scene.loop), 0);
  assert_int_equal(scene.caught, SIGUSR1);
  loop_signal_free(scene.signal);
  loop_free(scene.loop);
}

/* A line of /proc/self/status, "" when it is not there. */
static void read_status(const char *name, char *out, size_t size)
{
  char line[256];
  FILE *file = fopen("/proc/self/status", "re");
  out[0] = '\0';
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0) {
      (void)snprintf(out, size, "%s", line + strlen(name));
    }
  }
  if (file != NULL) {
    (void)fclose(file);
  }
}

/* In the child: which step was not as it should be, 0 when all were. */
static int drop_and_look(void)
{
  struct err_message message;
  char line[256];
  if (daemon_drop_privileges("nobody", 1, &message) != 0) {
    return 1;
  }
  read_status("CapPrm:\t", line, sizeof(line));
  unsigned long long permitted = strtoull(line, NULL, 16);
  read_status("NoNewPrivs:\t", line, sizeof(line));
  bool has_no_new = line[0] == '1';
  read_status("Groups:\t", line, sizeof(line));
  unsigned long group = strtoul(line, NULL, 10);
  if ((permitted & ~(1ULL << 13)) != 0 || !has_no_new) {
    return 2;
  }
  if (geteuid() == 0 || getuid() != geteuid() || getegid() == 0 || group != getegid()) {
    return 3;
  }
  return setuid(0) == 0 ? 4 : 0;
}

static void root_becomes_the_user_with_one_capability_at_most(void **state)
{
  (void)state;
  if (geteuid() != 0) {
    skip();
  }
  int status = -1;
  (void)fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    _exit(drop_and_look());
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void an_unknown_user_is_named(void **state)
{
  (void)state;
  if (geteuid() != 0) {
    skip();
  }
  struct err_message message;
  assert_int_equal(daemon_drop_privileges("no-such-user", 0, &message), ERR_NOT_FOUND);
  assert_string_equal(message.text, "user 'no-such-user': no such user: expected one of this "
                                    "system, or \"\" to stay");
}

static void descriptors_are_raised_to_the_hard_limit(void **state)
{
  (void)state;
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_true(daemon_raise_descriptors() == limit.rlim_max);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_true(limit.rlim_cur == limit.rlim_max);
}

static void the_watchdog_asks_for_half_its_interval(void **state)
{
  (void)state;
  char pid[32];
  (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
  assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
  assert_int_equal(daemon_watchdog_ns(), 0);
  assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
  assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
  assert_int_equal(daemon_watchdog_ns(), 15 * NS_PER_S);
  assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_timer_fires_once_and_never_before_its_time),
      cmocka_unit_test(a_cancelled_timer_stays_silent),
      cmocka_unit_test(a_stop_before_the_run_is_not_forgotten),
      cmocka_unit_test(calling_again_starves_nobody),
      cmocka_unit_test(a_watch_may_free_itself_and_tells_writability),
      cmocka_unit_test(a_signal_reaches_its_watcher),
      cmocka_unit_test(root_becomes_the_user_with_one_capability_at_most),
      cmocka_unit_test(an_unknown_user_is_named),
      cmocka_unit_test(descriptors_are_raised_to_the_hard_limit),
      cmocka_unit_test(the_watchdog_asks_for_half_its_interval),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
