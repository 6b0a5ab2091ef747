/* SPDX-License-Identifier: Apache-2.0 */
/* A thin coat over libevent: the home of its event core. */
#include "common/run/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/err.h"

/* is_stopped: asked for by loop_stop, maybe before loop_run. */
struct loop {
  struct event_base *base;
  bool is_stopped;
};

/* Two events: the descriptor, and a timer without delay for whoever has not finished. */
struct loop_watch {
  struct event *event;
  struct event *again;
  unsigned what;
  int fd;
  void (*ready)(void *context, int fd, unsigned what);
  void *context;
};

struct loop_timer {
  struct event *event;
  void (*due)(void *context);
  void *context;
};

struct loop_signal {
  struct event *event;
  void (*caught)(void *context, int signal_number);
  void *context;
};

/* One thread: no locks are set up in libevent. */
struct loop *loop_new(void)
{
  struct loop *loop = calloc(1, sizeof(*loop));
  struct event_config *config = event_config_new();
  if (loop != NULL && config != NULL) {
    /* The coarse clock would move a second's close by up to 4 ms. */
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    loop->base = event_base_new_with_config(config);
  }
  if (config != NULL) {
    event_config_free(config);
  }
  if (loop != NULL && loop->base == NULL) {
    free(loop);
    return NULL;
  }
  return loop;
}

void loop_free(struct loop *loop)
{
  if (loop != NULL) {
    event_base_free(loop->base);
    free(loop);
  }
}

/* Without any event left it waits on: a daemon ends by loop_stop alone. */
int loop_run(struct loop *loop)
{
  int result = 0;
  /* A stop that came before the run counts: libevent itself would forget it. */
  while (!loop->is_stopped && result >= 0) {
    result = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
  }
  loop->is_stopped = false;
  return result < 0 ? ERR_IO : 0;
}

/* Ends after the callback that runs now: what else is ready waits. */
void loop_stop(struct loop *loop)
{
  loop->is_stopped = true;
  (void)event_base_loopbreak(loop->base);
}

struct event_base *loop_base(struct loop *loop)
{
  return loop->base;
}

/* Nothing of the watch is read after the call: it may have freed itself. The same holds for timers
 * and signals. */
static void watch_ready(evutil_socket_t fd, short events, void *context)
{
  const struct loop_watch *watch = context;
  unsigned what = 0;
  if ((events & EV_READ) != 0) {
    what |= LOOP_READ;
  }
  if ((events & EV_WRITE) != 0) {
    what |= LOOP_WRITE;
  }
  watch->ready(watch->context, fd, what);
}

/* What was asked for at the start: a drain looks for itself what is there. */
static void watch_again(evutil_socket_t fd, short events, void *context)
{
  (void)fd;
  (void)events;
  const struct loop_watch *watch = context;
  watch->ready(watch->context, watch->fd, watch->what);
}

/* The timer `again` is made here too, so that asking for another turn never needs memory. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what,
                                  void (*ready)(void *context, int fd, unsigned what),
                                  void *context)
{
  struct loop_watch *watch = calloc(1, sizeof(*watch));
  if (watch == NULL) {
    return NULL;
  }
  *watch = (struct loop_watch){.fd = fd, .what = what, .ready = ready, .context = context};
  int events = EV_PERSIST;
  events |= (what & LOOP_READ) != 0 ? EV_READ : 0;
  events |= (what & LOOP_WRITE) != 0 ? EV_WRITE : 0;
  watch->event = event_new(loop->base, fd, (short)events, watch_ready, watch);
  watch->again = evtimer_new(loop->base, watch_again, watch);
  if (watch->event == NULL || watch->again == NULL || event_add(watch->event, NULL) != 0) {
    loop_watch_free(watch);
    return NULL;
  }
  return watch;
}

void loop_watch_again(struct loop_watch *watch)
{
  /* Not event_active: that would run it again within this turn and starve all others. */
  static const struct timeval now = {0, 0};
  (void)evtimer_add(watch->again, &now);
}

void loop_watch_free(struct loop_watch *watch)
{
  if (watch == NULL) {
    return;
  }
  if (watch->event != NULL) {
    event_free(watch->event);
  }
  if (watch->again != NULL) {
    event_free(watch->again);
  }
  free(watch);
}

/* libevent takes a timer off its list before the call: it may be set again within. */
static void timer_due(evutil_socket_t fd, short events, void *context)
{
  (void)fd;
  (void)events;
  const struct loop_timer *timer = context;
  timer->due(timer->context);
}

/* One shot: whoever wants a period sets it again, from the clock and not from the last call. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*due)(void *context), void *context)
{
  struct loop_timer *timer = calloc(1, sizeof(*timer));
  if (timer == NULL) {
    return NULL;
  }
  timer->due = due;
  timer->context = context;
  timer->event = evtimer_new(loop->base, timer_due, timer);
  if (timer->event == NULL) {
    free(timer);
    return NULL;
  }
  return timer;
}

/* Adding a timer that is set moves it. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_ns)
{
  if (delay_ns < 0) {
    delay_ns = 0;
  }
  /* Rounded up: a timer never fires before its time. */
  int64_t microseconds = delay_ns / 1000 + (delay_ns % 1000 != 0);
  struct timeval delay = {.tv_sec = (time_t)(microseconds / 1000000),
                          .tv_usec = (suseconds_t)(microseconds % 1000000)};
  (void)evtimer_add(timer->event, &delay);
}

/* Harmless on a timer that is not set. */
void loop_timer_cancel(struct loop_timer *timer)
{
  (void)evtimer_del(timer->event);
}

void loop_timer_free(struct loop_timer *timer)
{
  if (timer != NULL) {
    event_free(timer->event);
    free(timer);
  }
}

static void signal_caught(evutil_socket_t number, short events, void *context)
{
  (void)events;
  const struct loop_signal *signal = context;
  signal->caught(signal->context, (int)number);
}

/* Signals arrive through libevent's own pipe, so `caught` is ordinary code, not a handler. */
struct loop_signal *loop_signal_new(struct loop *loop, int signal_number,
                                    void (*caught)(void *context, int signal_number), void *context)
{
  struct loop_signal *signal = calloc(1, sizeof(*signal));
  if (signal == NULL) {
    return NULL;
  }
  signal->caught = caught;
  signal->context = context;
  signal->event = evsignal_new(loop->base, signal_number, signal_caught, signal);
  if (signal->event == NULL || evsignal_add(signal->event, NULL) != 0) {
    loop_signal_free(signal);
    return NULL;
  }
  return signal;
}

void loop_signal_free(struct loop_signal *signal)
{
  if (signal == NULL) {
    return;
  }
  if (signal->event != NULL) {
    event_free(signal->event);
  }
  free(signal);
}
