/* SPDX-License-Identifier: Apache-2.0 */
/* Where --watch draws: the terminal's other screen, redrawn in place, and given back at the end;
 * elsewhere the answers follow one another. Also the signals that end it. Taken and given back in
 * one place (question.c), so that no way out of a watch leaves the terminal without its cursor. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"

/* Non-zero once SIGINT, SIGTERM or SIGHUP came (after screen_catch). */
extern volatile sig_atomic_t screen_stop;

/* From here on those signals set screen_stop and do nothing else. */
void screen_catch(void);
/* Takes and gives back the terminal's other screen; nothing when out is no terminal. */
void screen_open(const struct output *out);
void screen_close(const struct output *out);
/* Draws text (several lines): in place on a terminal, as much as fits; else as it is. Flushes. */
void screen_draw(const struct output *out, const char *text);
/* Waits so long, less when a signal comes (or the terminal changes its size). */
void screen_wait(int64_t span_ns);

#endif
