/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files as sensors: each has a name, a meter of its own, and a turn by packet time.
 *
 * The life of a file: opened, its first packet read; it begins when the merged time reaches that
 * packet; its closed intervals come out as records in order of time over all files (to the second);
 * at its end its meter is emptied and it ends. Only the file whose time is earliest reads on, so
 * every record that comes out is the earliest that is still to come. */
#ifndef CLI_REPLAY_FILES_H
#define CLI_REPLAY_FILES_H

#include <signal.h>

#include "cli/replay_local.h"
#include "common/keys.h"
#include "proto/summary.h"

#define REPLAY_TROUBLE_MAX 512

struct flow_record;
struct replay_files;

/* One file, as it stands; borrowed. Files stay in the order of the command line. */
struct replay_file {
  const char *path;
  char name[KEYS_NAME_MAX]; /* of the sensor: the file's name, made valid and unique */
  char link[64];            /* "DLT 1 (EN10MB)", "several link types", "": not opened */
  uint64_t boot_id;         /* 1, 2, 3 ... by place */
  uint64_t frames;
  uint64_t unknown_link_frames;
  char trouble[REPLAY_TROUBLE_MAX]; /* "": none */
  struct replay_local local;
};

/* What comes out, in order of time. */
struct replay_files_sinks {
  void *context;
  void (*begins)(void *context, const struct replay_file *file, int64_t now_ns);
  /* sensor, boot_id and sequence are set; borrowed. */
  void (*record)(void *context, const struct replay_file *file, const struct summary *s);
  /* The file has nothing more before until_ns. */
  void (*passed)(void *context, const struct replay_file *file, int64_t until_ns);
  /* No file has anything more before now_ns. */
  void (*merged)(void *context, int64_t now_ns);
  void (*ends)(void *context, const struct replay_file *file, int64_t now_ns);
  /* Each flow record as it ends; NULL: not asked for, which saves memory. */
  void (*flow)(void *context, const struct flow_record *record);
};

/* Names the files; opens nothing. paths are borrowed. NULL without memory. */
struct replay_files *replay_files_new(char *const *paths, size_t count,
                                      const struct replay_files_sinks *sinks);
void replay_files_free(struct replay_files *files);
size_t replay_files_count(const struct replay_files *files);
const struct replay_file *replay_files_at(const struct replay_files *files, size_t i);
/* Before the run. Copied. */
void replay_files_set_local(struct replay_files *files, size_t i, const struct replay_local *local);
/* Flows that a file's meter holds at once; before the run. 0: the sensor's default. */
void replay_files_set_flow_slots(struct replay_files *files, size_t slots);
/* Reads all files to their ends, or until *stop is non-zero: then every begun file ends where it
 * is. A file's trouble stays in the file and is said on standard error; the others go on. */
void replay_files_run(struct replay_files *files, const volatile sig_atomic_t *stop);

#endif
