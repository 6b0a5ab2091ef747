/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: read with their permissions checked, written whole or not at all. Secrets are wiped
 * from every buffer that held them, also where an error ends the way. */
#include "common/keys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

#define KEYS_TEXT_LENGTH (KEYS_TEXT_MAX - 1)

/* Into a buffer of its own, since a failing decoder may have written half of it. */
int keys_parse(const char *text, uint8_t out[KEYS_BYTES])
{
  uint8_t key[KEYS_BYTES];
  if (strnlen(text, KEYS_TEXT_MAX) != KEYS_TEXT_LENGTH || zmq_z85_decode(key, text) == NULL) {
    return ERR_MALFORMED;
  }
  memcpy(out, key, sizeof(key));
  explicit_bzero(key, sizeof(key));
  return 0;
}

/* Cannot fail: 32 is a multiple of 4, as Z85 wants it. */
void keys_format(const uint8_t key[KEYS_BYTES], char out[KEYS_TEXT_MAX])
{
  (void)zmq_z85_encode(out, key, KEYS_BYTES);
}

/* The first line of an open file, without its end. A longer file is no key file. */
static int keys_read_line(int fd, const char *path, char out[KEYS_TEXT_MAX],
                          struct err_message *message)
{
  char text[KEYS_TEXT_MAX + 2]; /* key, CR, LF */
  ssize_t length = read(fd, text, sizeof(text));
  int err = 0;
  if (length < 0) {
    err = err_set(message, ERR_IO, "cannot read %s: %s", path, strerror(errno));
  }
  size_t end = length > 0 ? (size_t)length : 0;
  while (end > 0 && isspace((unsigned char)text[end - 1])) {
    end--;
  }
  if (err == 0 && (end != KEYS_TEXT_LENGTH || (size_t)length == sizeof(text))) {
    err = err_set(message, ERR_MALFORMED, "%s is no key file: expected one line of %d characters",
                  path, KEYS_TEXT_LENGTH);
  }
  if (err == 0) {
    memcpy(out, text, KEYS_TEXT_LENGTH);
    out[KEYS_TEXT_LENGTH] = '\0';
  }
  explicit_bzero(text, sizeof(text));
  return err;
}

/* By the descriptor that will be read: a name could change its file in between. */
static int keys_check_secret_file(int fd, const char *path, struct err_message *message)
{
  struct stat info;
  if (fstat(fd, &info) != 0) {
    return err_set(message, ERR_IO, "cannot examine %s: %s", path, strerror(errno));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return err_set(message, ERR_DENIED,
                   "%s has mode %04o (owner: user %u): others than its owner may use it; expected "
                   "0600 or stricter",
                   path, (unsigned)(info.st_mode & 07777), (unsigned)info.st_uid);
  }
  return 0;
}

/* Opens path, checks it when it is to hold a secret, and reads its key. */
static int keys_read(const char *path, bool is_secret, uint8_t out[KEYS_BYTES],
                     struct err_message *message)
{
  /* Not blocking: a pipe put in the file's place must not hang the start. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return err_set(message, ERR_IO, "cannot open key file %s: %s", path, strerror(errno));
  }
  char text[KEYS_TEXT_MAX];
  int err = is_secret ? keys_check_secret_file(fd, path, message) : 0;
  if (err == 0) {
    err = keys_read_line(fd, path, text, message);
  }
  if (err == 0 && keys_parse(text, out) != 0) {
    err = err_set(message, ERR_MALFORMED, "%s is no key file: not Z85 text", path);
  }
  explicit_bzero(text, sizeof(text));
  (void)close(fd);
  return err;
}

/* The file holds the secret half alone, so that the two can never disagree: the public one is
 * derived. Every copy on the stack is wiped before it is left. */
int keys_load(const char *path, struct key_pair *out, struct err_message *message)
{
  struct key_pair pair = {{0}, {0}};
  int err = keys_read(path, true, pair.secret_key, message);
  if (err != 0) {
    return err;
  }
  char secret_text[KEYS_TEXT_MAX];
  char public_text[KEYS_TEXT_MAX];
  keys_format(pair.secret_key, secret_text);
  if (zmq_curve_public(public_text, secret_text) != 0 ||
      keys_parse(public_text, pair.public_key) != 0) {
    err = err_set(message, ERR_UNSUPPORTED, "%s: this ZeroMQ library knows no CURVE", path);
  } else {
    *out = pair;
  }
  explicit_bzero(secret_text, sizeof(secret_text));
  explicit_bzero(&pair, sizeof(pair));
  return err;
}

int keys_load_public(const char *path, uint8_t out[KEYS_BYTES], struct err_message *message)
{
  return keys_read(path, false, out, message);
}

/* The mode is set on the draft, before there is anything to read in it. */
static int keys_write_all(int fd, const char *text, mode_t mode)
{
  char line[KEYS_TEXT_MAX + 1];
  int length = snprintf(line, sizeof(line), "%s\n", text);
  bool is_written =
      fchmod(fd, mode) == 0 && write(fd, line, (size_t)length) == length && fsync(fd) == 0;
  explicit_bzero(line, sizeof(line));
  return is_written ? 0 : ERR_IO;
}

/* Writes text to a new file beside path, then links it there: path appears whole, and never in the
 * place of another. */
static int keys_write(const char *path, const char *text, mode_t mode, struct err_message *message)
{
  char draft[PATH_MAX];
  int length = snprintf(draft, sizeof(draft), "%s.XXXXXX", path);
  if (length < 0 || (size_t)length >= sizeof(draft)) {
    return err_set(message, ERR_LIMIT, "key file name %.64s... is too long", path);
  }
  int fd = mkostemp(draft, O_CLOEXEC);
  if (fd < 0) {
    return err_set(message, ERR_IO, "cannot make a file beside %s: %s", path, strerror(errno));
  }
  int err = 0;
  if (keys_write_all(fd, text, mode) != 0) {
    err = err_set(message, ERR_IO, "cannot write %s: %s", draft, strerror(errno));
  } else if (link(draft, path) != 0) {
    /* link, not rename: it refuses a name that is taken, and there is no moment between asking and
     * making. */
    err = errno == EEXIST
              ? err_set(message, ERR_CONFLICT, "%s is there already; it is not overwritten", path)
              : err_set(message, ERR_IO, "cannot make %s: %s", path, strerror(errno));
  }
  (void)close(fd);
  (void)unlink(draft);
  return err;
}

/* Both files, or none. */
static int keys_write_pair(const char *path, const char *secret_text, const char *public_text,
                           struct err_message *message)
{
  char public_path[PATH_MAX];
  int length = snprintf(public_path, sizeof(public_path), "%s.pub", path);
  if (length < 0 || (size_t)length >= sizeof(public_path)) {
    return err_set(message, ERR_LIMIT, "key file name %.64s... is too long", path);
  }
  int err = keys_write(path, secret_text, 0600, message);
  if (err != 0) {
    return err;
  }
  err = keys_write(public_path, public_text, 0644, message);
  if (err != 0) {
    (void)unlink(path);
  }
  return err;
}

/* The caller learns the public key only when both files are there. */
int keys_make(const char *path, char public_text[KEYS_TEXT_MAX], struct err_message *message)
{
  char public_made[KEYS_TEXT_MAX];
  char secret_made[KEYS_TEXT_MAX];
  if (zmq_curve_keypair(public_made, secret_made) != 0) {
    return err_set(message, ERR_UNSUPPORTED, "cannot make a key: %s", zmq_strerror(errno));
  }
  int err = keys_write_pair(path, secret_made, public_made, message);
  explicit_bzero(secret_made, sizeof(secret_made));
  if (err == 0) {
    memcpy(public_text, public_made, sizeof(public_made));
  }
  return err;
}
