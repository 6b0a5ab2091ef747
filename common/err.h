/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: one negative number for code, one sentence for people. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

/* Every function of ours that can fail returns 0 or one of these; output arguments stay untouched
 * on failure. */
enum err {
  ERR_NONE = 0,
  ERR_TRUNCATED = -1,   /* the input ends before it should */
  ERR_MALFORMED = -2,   /* the input breaks its own rules */
  ERR_LIMIT = -3,       /* more than the configured or stated bound */
  ERR_NO_MEMORY = -4,   /* allocation failed */
  ERR_UNSUPPORTED = -5, /* understood, and not done here */
  ERR_NOT_FOUND = -6,   /* no such thing */
  ERR_IO = -7,          /* the system refused; errno says why */
  ERR_DENIED = -8,      /* not allowed to this peer or user */
  ERR_CONFLICT = -9,    /* unlike seeds, sizes or versions; or a second claim on one name */
  ERR_AGAIN = -10,      /* nothing now; wait for the event */
  ERR_END = -11,        /* the end of the input, all read */
};

/* A lower-case phrase for an error number ("unknown error" for others); never NULL, static. */
const char *err_text(int err);

/* Room for one message to a person: what failed, on what, and what was expected. */
struct err_message {
  char text[512];
};

/* Formats into message->text (cut at its size) and returns err, so that a failing function can end
 * in `return err_set(message, ERR_IO, "...")`. message may be NULL. */
int err_set(struct err_message *message, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
