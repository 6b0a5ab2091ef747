/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets from files, and the signature that is made with one. A secret is never in the
 * configuration, in the arguments or in the log; a file that others can read is refused, since then
 * it is none (DESIGN section 9). */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/notify_receiver.h"

/* More than any token is long. */
#define SECRET_MAX 4096

/* Of the descriptor, not of the path: the file that was checked is the file that is read. */
static int check_mode(int fd, const char *path, struct err_message *message)
{
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return err_set(message, ERR_IO, "%s: %s", path, strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return err_set(message, ERR_MALFORMED, "%s: not an ordinary file", path);
  }
  if ((status.st_mode & 077) != 0) {
    return err_set(message, ERR_DENIED,
                   "%s: others can read it (mode %04o, owner %u); expected mode 0600", path,
                   (unsigned)(status.st_mode & 07777), (unsigned)status.st_uid);
  }
  return 0;
}

/* O_NONBLOCK, so that a pipe in place of the file does not stop the start; the first line alone,
 * since editors and `echo` end files with a newline. */
int notify_read_secret(const char *path, char **out, struct err_message *message)
{
  char text[SECRET_MAX + 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return err_set(message, ERR_IO, "%s: cannot read: %s", path, strerror(errno));
  }
  int err = check_mode(fd, path, message);
  ssize_t length = err == 0 ? read(fd, text, SECRET_MAX) : 0;
  if (err == 0 && length < 0) {
    err = err_set(message, ERR_IO, "%s: cannot read: %s", path, strerror(errno));
  }
  (void)close(fd);
  if (err != 0) {
    return err;
  }
  text[length] = '\0';
  size_t line = strcspn(text, "\r\n");
  if (line == 0 || line == SECRET_MAX) {
    return err_set(message, ERR_MALFORMED, "%s: expected a first line of 1 to %d characters", path,
                   SECRET_MAX - 1);
  }
  *out = strndup(text, line);
  OPENSSL_cleanse(text, sizeof(text));
  return *out != NULL ? 0 : err_set(message, ERR_NO_MEMORY, "%s: out of memory", path);
}

/* The receiver computes the same over the body as it came, and knows that it is ours and whole. ""
 * on failure: an unsigned body is refused by who asks for a signature. */
void notify_sign(const char *secret, const char *body, char out[NOTIFY_SIGNATURE_MAX])
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  out[0] = '\0';
  if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body),
           digest, &length) == NULL) {
    return;
  }
  int used = snprintf(out, NOTIFY_SIGNATURE_MAX, "sha256=");
  for (unsigned i = 0; i < length && used + 2 < NOTIFY_SIGNATURE_MAX; i++) {
    used += snprintf(out + used, NOTIFY_SIGNATURE_MAX - (size_t)used, "%02x", digest[i]);
  }
}
