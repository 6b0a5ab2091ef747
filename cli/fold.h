/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that fit the terminal: broken between words, and what follows hangs below the text, not
 * below its title.
 *
 *   counted     fleet total, each byte once:
 *               what the fleet's hosts sent */
#ifndef CLI_FOLD_H
#define CLI_FOLD_H

#include <stddef.h>
#include <stdio.h>

/* Writes one line without its newline, in pieces of at most width characters where words allow it
 * (a longer word stays whole); width 0 or less: as it is. */
void fold_line(const char *line, int width, FILE *out);

/* Characters that text takes on a terminal: bytes that go on a character of UTF-8 take none. */
size_t fold_width(const char *text, size_t length);

#endif
