/* SPDX-License-Identifier: Apache-2.0 */
/* A plain file is read by stdio with a large buffer and without its lock, which halves the cost of
 * a packet. All else (gzip, pipes, standard input) goes through zlib, which passes on unchanged
 * what is not gzip. */
#include "sensor/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_BYTES ((size_t)256 * 1024)
#define UNZIP_BYTES  (64 * 1024) /* what a damaged spot can take along is bounded by this */

/* stdio's read for gzip: 0 is the end, -1 an error with errno set. */
static ssize_t read_unzipped(void *cookie, char *buffer, size_t size)
{
  gzFile file = cookie;
  unsigned ask = size < INT_MAX ? (unsigned)size : INT_MAX;
  int got = gzread(file, buffer, ask);
  if (got > 0) {
    return got;
  }
  /* A file that ends within a gzip stream looks like an end but for this error. */
  int error = Z_OK;
  (void)gzerror(file, &error);
  if (got == 0 && error == Z_OK) {
    return 0;
  }
  if (error != Z_ERRNO) {
    errno = EIO;
  }
  return -1;
}

/* Checked: a stream that ends early is told at the close, too. */
static int close_unzipped(void *cookie)
{
  return gzclose_r(cookie) == Z_OK ? 0 : -1;
}

/* Takes fd. NULL without memory (fd is closed then too). */
static FILE *open_unzipped(int fd)
{
  gzFile file = gzdopen(fd, "rb");
  if (file == NULL) {
    (void)close(fd);
    return NULL;
  }
  (void)gzbuffer(file, UNZIP_BYTES);
  cookie_io_functions_t functions = {.read = read_unzipped, .close = close_unzipped};
  FILE *stream = fopencookie(file, "rb", functions);
  if (stream == NULL) {
    (void)gzclose_r(file);
  }
  return stream;
}

/* Takes fd. */
static FILE *open_plain(int fd)
{
  FILE *stream = fdopen(fd, "rb");
  if (stream == NULL) {
    (void)close(fd);
  }
  return stream;
}

/* A regular file that does not begin as gzip does. */
static bool is_plain(int fd, const struct stat *status)
{
  unsigned char magic[2] = {0, 0};
  return S_ISREG(status->st_mode) && pread(fd, magic, sizeof(magic), 0) >= 0 &&
         !(magic[0] == 0x1f && magic[1] == 0x8b);
}

/* By errno: not there, not allowed, or anything else. */
static int refuse(const char *path, struct err_message *message)
{
  int code = ERR_IO;
  if (errno == ENOENT || errno == ENOTDIR) {
    code = ERR_NOT_FOUND;
  } else if (errno == EACCES || errno == EPERM) {
    code = ERR_DENIED;
  }
  return err_set(message, code, "%s: cannot be opened: %s", path, strerror(errno));
}

/* libpcap's message for an empty file speaks of headers: this one is plain. */
static int check_not_empty(const char *path, FILE *stream, struct err_message *message)
{
  int first = getc(stream);
  if (first != EOF) {
    (void)ungetc(first, stream);
    return 0;
  }
  if (ferror(stream) != 0) {
    return err_set(message, ERR_TRUNCATED, "%s: cannot be read: %s, or a damaged gzip file", path,
                   strerror(errno));
  }
  return err_set(message, ERR_TRUNCATED, "%s: is empty, expected a capture file", path);
}

/*   "-", pipe, gzip     fd -> zlib  -> stdio (fopencookie) -> libpcap
 *   plain regular file  fd          -> stdio               -> libpcap */
int capture_file_open(const char *path, FILE **out, struct err_message *message)
{
  bool is_input = strcmp(path, "-") == 0;
  /* The copy of standard input is closed with the stream, standard input itself stays. */
  int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return refuse(path, message);
  }
  struct stat status;
  if (fstat(fd, &status) != 0) {
    int result = refuse(path, message);
    (void)close(fd);
    return result;
  }
  if (S_ISDIR(status.st_mode)) {
    (void)close(fd);
    return err_set(message, ERR_IO, "%s: is a directory, expected a capture file", path);
  }
  FILE *stream = !is_input && is_plain(fd, &status) ? open_plain(fd) : open_unzipped(fd);
  if (stream == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", path);
  }
  (void)setvbuf(stream, NULL, _IOFBF, BUFFER_BYTES);
  (void)__fsetlocking(stream, FSETLOCKING_BYCALLER);
  int result = check_not_empty(path, stream, message);
  if (result != 0) {
    (void)fclose(stream);
    return result;
  }
  *out = stream;
  return 0;
}
