/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal under --watch. Escape codes are written by hand: three of them are needed, on
 * terminals that all know them. */
#include "cli/screen.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

/* xterm's other screen (DEC private mode 1049) with the cursor hidden, and back. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"

/* The one thing that a signal handler may write. */
volatile sig_atomic_t screen_stop;

/* Nothing but the flag: all else happens in the loop. */
static void screen_caught(int signal_number)
{
  (void)signal_number;
  screen_stop = 1;
}

/* Its only work is to end the wait. */
static void screen_resized(int signal_number)
{
  (void)signal_number;
}

/* Without SA_RESTART, so that a wait ends. */
void screen_catch(void)
{
  struct sigaction action = {.sa_handler = screen_caught};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  /* A read goes on: only an end breaks off a capture from standard input. */
  struct sigaction resized = {.sa_handler = screen_resized, .sa_flags = SA_RESTART};
  sigemptyset(&resized.sa_mask);
  sigaction(SIGWINCH, &resized, NULL);
}

/* height is 0 where there is no terminal, and for JSON. */
void screen_open(const struct output *out)
{
  if (out->height > 0) {
    fputs(SCREEN_ENTER, out->file);
    fflush(out->file);
  }
}

/* The old screen comes back with its text; the last answer is not left behind. */
void screen_close(const struct output *out)
{
  if (out->height > 0) {
    fputs(SCREEN_LEAVE, out->file);
    fflush(out->file);
  }
}

/* Rows that a line takes on a terminal: colour codes take no room, long lines wrap. */
static int screen_rows(const char *line, size_t length, int width)
{
  int columns = 0;
  bool is_code = false;
  for (size_t i = 0; i < length; i++) {
    /* Bytes inside a code and continuation bytes of UTF-8 move no cursor. */
    unsigned char c = (unsigned char)line[i];
    if (is_code) {
      is_code = c != 'm';
    } else if (c == '\033') {
      is_code = true;
    } else {
      columns += (c & 0xc0) != 0x80;
    }
  }
  return width <= 0 || columns <= width ? 1 : (columns + width - 1) / width;
}

/* Over the old text, line by line, each cleared to its end: nothing flickers. What does not fit is
 * cut at the bottom and said. */
void screen_draw(const struct output *out, const char *text)
{
  if (out->height <= 0) {
    fputs(text, out->file);
    fflush(out->file);
    return;
  }
  /* The last row stays free for what is said when the rest does not fit. */
  int room = out->height - 1;
  fputs("\033[H", out->file);
  while (*text != '\0') {
    size_t length = strcspn(text, "\n");
    room -= screen_rows(text, length, out->width);
    if (room < 0) {
      fputs("(the screen is too small for the rest)\033[K", out->file);
      break;
    }
    fprintf(out->file, "%.*s\033[K\n", (int)length, text);
    text += length + (text[length] == '\n');
  }
  fputs("\033[J", out->file);
  fflush(out->file);
}

/* A signal that came before the wait ends it too: the flag is looked at with signals blocked. */
void screen_wait(int64_t span_ns)
{
  sigset_t ends, before;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGHUP);
  sigaddset(&ends, SIGWINCH);
  /* Blocked between the look and the wait, so that no signal falls between them. */
  sigprocmask(SIG_BLOCK, &ends, &before);
  if (screen_stop == 0) {
    struct timespec span = {.tv_sec = (time_t)(span_ns / NS_PER_S), .tv_nsec = span_ns % NS_PER_S};
    /* It unblocks the signals and waits in one step. */
    ppoll(NULL, 0, &span, &before);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
}
