/* SPDX-License-Identifier: Apache-2.0 */
/* The files that receivers name, looked at by --check-config: read the same way as a start reads
 * them, since a check that checks less would be none. */
#include "collector/notify_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/notify_receiver.h"

/* One file of one receiver. */
struct file_place {
  struct conf_errors *errors;
  struct conf_mark mark;
  const char *receiver, *key, *path;
};

/* The reader's words name the file already. */
static void say(const struct file_place *place, const char *what)
{
  conf_errors_at(place->errors, place->mark, "receivers.%s.%s: %s", place->receiver, place->key,
                 what);
}

/* A first line, in a file that nobody else can read; what it holds is never quoted. */
static void check_secret(const struct file_place *place, const struct receiver_setting *receiver)
{
  char *text = NULL;
  struct err_message message = {""};
  if (notify_read_secret(place->path, &text, &message) != 0) {
    say(place, message.text);
    return;
  }
  const char *expected = strcmp(place->key, "url_file") == 0
                             ? collector_settings_check_url(text, receiver->allow_http)
                             : NULL;
  if (expected != NULL) {
    (void)err_set(&message, ERR_MALFORMED, "%s: its first line: expected %s", place->path,
                  expected);
    say(place, message.text);
  }
  explicit_bzero(text, strlen(text));
  free(text);
}

/* Certificates are public: they need only be there. */
static void check_ca(const struct file_place *place)
{
  struct err_message message;
  if (access(place->path, R_OK) != 0) {
    (void)err_set(&message, ERR_IO, "%s: cannot read: %s", place->path, strerror(errno));
    say(place, message.text);
  }
}

int notify_files_check(const struct collector_settings *settings, const char *name,
                       const struct conf_marks *marks, struct conf_errors *errors)
{
  size_t before = errors->count;
  const struct receiver_setting *receivers = settings->receivers.item;
  for (size_t i = 0; i < settings->receivers.count; i++) {
    const struct receiver_setting *receiver = &receivers[i];
    const struct {
      const char *key, *path;
    } files[] = {{"url_file", receiver->url_file},
                 {"secret_file", receiver->secret_file},
                 {"routing_key_file", receiver->routing_key_file},
                 {"ca_file", receiver->ca_file}};
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
      if (files[k].path == NULL || files[k].path[0] == '\0') {
        continue;
      }
      char path[CONF_PATH_MAX];
      (void)snprintf(path, sizeof path, "receivers[%zu].%s", i, files[k].key);
      const struct file_place place = {errors, conf_mark_of(marks, path, name), receiver->name,
                                       files[k].key, files[k].path};
      if (strcmp(files[k].key, "ca_file") == 0) {
        check_ca(&place);
      } else {
        check_secret(&place, receiver);
      }
    }
  }
  return errors->count == before ? 0 : ERR_MALFORMED;
}
