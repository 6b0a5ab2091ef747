/* SPDX-License-Identifier: Apache-2.0 */
/* The indent is read off the line itself: "title     text" hangs below its text, "     text" below
 * itself, a plain sentence by two. So whoever prints need not know of terminals. */
#include "cli/fold.h"

#include <stdbool.h>
#include <string.h>

/* A text that begins further right is no text behind a title, or there is no room below it. */
#define HANG_MAX     16
#define SENTENCE_GAP 2

size_t fold_width(const char *text, size_t length)
{
  size_t width = 0;
  for (size_t i = 0; i < length; i++) {
    width += ((unsigned char)text[i] & 0xc0) != 0x80;
  }
  return width;
}

/* The length of the title with its blanks; 0 when there is none. */
static size_t title_length(const char *line)
{
  size_t blanks = strspn(line, " ");
  const char *gap = blanks > 0 ? NULL : strstr(line, "  ");
  if (blanks > 0) {
    return blanks <= HANG_MAX ? blanks : 0;
  }
  if (gap == NULL) {
    return 0;
  }
  size_t length = (size_t)(gap - line) + strspn(gap, " ");
  return length <= HANG_MAX && line[length] != '\0' ? length : 0;
}

void fold_line(const char *line, int width, FILE *out)
{
  size_t room = width > 0 ? (size_t)width : 0;
  if (room == 0 || fold_width(line, strlen(line)) <= room) {
    fputs(line, out);
    return;
  }
  size_t title = title_length(line);
  size_t hang = title > 0 ? fold_width(line, title) : SENTENCE_GAP;
  hang = 2 * hang <= room ? hang : SENTENCE_GAP;
  /* The title is no word: its blanks stay. */
  fwrite(line, 1, title, out);
  size_t column = fold_width(line, title);
  bool is_first = true;
  for (const char *at = line + title; *at != '\0';) {
    size_t blanks = strspn(at, " ");
    size_t length = strcspn(at + blanks, " ");
    size_t wide = fold_width(at + blanks, length);
    if (!is_first && column + blanks + wide > room) {
      /* A long word moves to the left rather than over the edge. */
      size_t indent = hang + wide <= room ? hang : SENTENCE_GAP;
      fprintf(out, "\n%*s", (int)indent, "");
      column = indent + wide;
    } else {
      fprintf(out, "%*s", (int)blanks, "");
      column += blanks + wide;
    }
    fwrite(at + blanks, 1, length, out);
    is_first = false;
    at += blanks + length;
  }
}
