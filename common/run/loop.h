/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of a daemon, over libevent: descriptors, timers, signals. One thread. */
#ifndef COMMON_RUN_LOOP_H
#define COMMON_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;
struct loop_signal;
struct event_base;

enum loop_what { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop *loop_new(void); /* NULL without memory */
void loop_free(struct loop *loop);
/* Runs until loop_stop. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* For the two other users of libevent: evhttp in collector/api.c. Borrowed. */
struct event_base *loop_base(struct loop *loop);

/* Calls ready for each readiness of fd (level-triggered for ordinary descriptors). */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what,
                                  void (*ready)(void *context, int fd, unsigned what),
                                  void *context);
/* Calls ready once more at the next turn of the loop: a drain that met its budget. */
void loop_watch_again(struct loop_watch *watch);
void loop_watch_free(struct loop_watch *watch);

/* A timer, not yet set. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*due)(void *context), void *context);
/* Fires once after delay_ns (>= 0); a set timer is moved. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_ns);
void loop_timer_cancel(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

struct loop_signal *loop_signal_new(struct loop *loop, int signal_number,
                                    void (*caught)(void *context, int signal_number),
                                    void *context);
void loop_signal_free(struct loop_signal *signal);

#endif
