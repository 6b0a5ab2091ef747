/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on standard error: one line a matter, written where it is decided, never per packet.
 * Under systemd (JOURNAL_STREAM set) lines carry the <N> priority prefix and no time of their own.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* In the order of the levels, NULL at the end: the choices of `log_level` in every configuration.
 */
extern const char *const log_level_names[];

void log_set_level(enum log_level level);
/* "error", "warning", "info", "debug"; ERR_NOT_FOUND. */
int log_parse_level(const char *text, enum log_level *out);

/* Control characters in the result are written as \xNN: a peer's text cannot forge lines. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies text into out (cut at size, always ended), control characters as \xNN. Returns out. */
const char *log_escape(const char *text, char *out, size_t size);

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
