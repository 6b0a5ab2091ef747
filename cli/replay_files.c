/* SPDX-License-Identifier: Apache-2.0 */
/* Captures through their meters, merged by time.
 *
 *   web.pcap   |=====o============|     o  its meter's time: the packet read last
 *   db.pcap          |==o=====|
 *                    ^ the earliest: nothing older comes from any file (merged)
 *
 * The earliest file reads on until it has passed the second of the next one. Thousands of files may
 * be given: each is open, with a meter, until its end. */
#include "cli/replay_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/replay_local.h"
#include "cli/replay_name.h"
#include "common/clock.h"
#include "sensor/capture.h"
#include "sensor/decode.h"
#include "sensor/meter.h"

/* A batch of one file alone; rows of a minute record (it travels nowhere: as many as there may be),
 * the one interface of a file. */
#define REPLAY_BATCH       256
#define REPLAY_MINUTE_ROWS 4096
#define REPLAY_INTERFACE   "capture"

/* A file with what is ours alone: its capture and meter, from the open to its end. */
struct replay_source {
  struct replay_file file;
  struct replay_files *files; /* the way back from the meter's callbacks */
  struct capture *capture;
  struct meter *meter; /* NULL: not open, or at its end */
  uint16_t interface;
  bool has_begun;
  uint64_t sequence;
  int64_t passed_ns;
};

/* One block; sources never move, since captures and meters hold pointers to them. */
struct replay_files {
  struct replay_files_sinks sinks;
  size_t flow_slots; /* 0: the meter's default */
  size_t count;
  struct replay_source source[];
};

/* Among the first n files. */
static bool replay_files_has_name(const struct replay_files *files, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++) {
    if (strcmp(files->source[i].file.name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* web.pcap, then web.pcap-2, web.pcap-3. */
static void replay_files_name(struct replay_files *files, size_t i)
{
  char base[KEYS_NAME_MAX], name[KEYS_NAME_MAX];
  replay_name_make(files->source[i].file.path, base);
  memcpy(name, base, sizeof name);
  for (size_t k = 2; replay_files_has_name(files, i, name); k++) {
    char tail[24];
    /* The number must survive the cut, or two files would be one sensor. */
    int length = snprintf(tail, sizeof tail, "-%zu", k);
    snprintf(name, sizeof name, "%.*s%s", (int)(KEYS_NAME_MAX - 1) - length, base, tail);
  }
  memcpy(files->source[i].file.name, name, sizeof name);
}

/* Names only: whether the files can be read is found out when it is their turn. */
struct replay_files *replay_files_new(char *const *paths, size_t count,
                                      const struct replay_files_sinks *sinks)
{
  struct replay_files *files = calloc(1, sizeof *files + count * sizeof files->source[0]);
  if (files == NULL) {
    return NULL;
  }
  files->sinks = *sinks;
  files->count = count;
  for (size_t i = 0; i < count; i++) {
    struct replay_source *source = &files->source[i];
    source->files = files;
    source->file.path = paths[i];
    /* Any number that is never 0 and always the same (P4): the place. */
    source->file.boot_id = i + 1;
    source->passed_ns = INT64_MIN;
    replay_files_name(files, i);
  }
  return files;
}

/* Frees what a file needs only while it is read: thousands of files may follow one another. */
static void replay_files_close(struct replay_source *source)
{
  meter_free(source->meter);
  source->meter = NULL;
  if (source->capture != NULL) {
    capture_close(source->capture);
    source->capture = NULL;
  }
}

void replay_files_free(struct replay_files *files)
{
  if (files == NULL) {
    return;
  }
  for (size_t i = 0; i < files->count; i++) {
    replay_files_close(&files->source[i]);
  }
  free(files);
}

size_t replay_files_count(const struct replay_files *files)
{
  return files->count;
}

const struct replay_file *replay_files_at(const struct replay_files *files, size_t i)
{
  return &files->source[i].file;
}

void replay_files_set_local(struct replay_files *files, size_t i, const struct replay_local *local)
{
  files->source[i].file.local = *local;
}

void replay_files_set_flow_slots(struct replay_files *files, size_t slots)
{
  files->flow_slots = slots;
}

/* Kept for the answer and said at once, since the answer may be far away. */
static void replay_files_trouble(struct replay_source *source, const char *text)
{
  struct replay_file *file = &source->file;
  /* Most messages name the path already. */
  bool is_named = strstr(text, file->path) != NULL;
  snprintf(file->trouble, sizeof file->trouble, "%s%s%s", is_named ? "" : file->path,
           is_named ? "" : ": ", text);
  output_complain("%s", file->trouble);
}

/* The frame loop: one call a frame between the reader and the meter. */
static void replay_files_frame(void *context, const struct frame *frame)
{
  struct replay_source *source = context;
  source->file.frames++;
  meter_frame(source->meter, frame);
}

/* A closed interval gets its identity here, as publish gives it on a live sensor. */
static void replay_files_summary(void *context, struct summary *s)
{
  struct replay_source *source = context;
  snprintf(s->sensor, sizeof s->sensor, "%s", source->file.name);
  s->boot_id = source->file.boot_id;
  s->sequence = ++source->sequence;
  if (s->kind == SUMMARY_SECOND) {
    source->file.unknown_link_frames += s->ledger.undecoded[SUMMARY_UNKNOWN_LINK];
  }
  source->files->sinks.record(source->files->sinks.context, &source->file, s);
}

/* Flows end at the meter's time, not at the merged one: they are written as they end. */
static void replay_files_flow(void *context, const struct flow_record *record)
{
  const struct replay_source *source = context;
  source->files->sinks.flow(source->files->sinks.context, record);
}

/* Not dense: empty seconds are skipped. What travels nowhere needs no narrow bounds. */
static int replay_files_meter(struct replay_source *source)
{
  bool has_flow = source->files->sinks.flow != NULL;
  struct meter_sinks sinks = {source, replay_files_summary, has_flow ? replay_files_flow : NULL};
  struct meter_config config;
  meter_config_init(&config);
  config.is_dense = false;
  config.minute_rows = REPLAY_MINUTE_ROWS;
  if (source->files->flow_slots > 0) {
    config.flow_slots = source->files->flow_slots;
  }
  source->meter = meter_new(&config, &sinks);
  if (source->meter == NULL) {
    return ERR_NO_MEMORY;
  }
  int index = meter_add_interface(source->meter, REPLAY_INTERFACE);
  if (index < 0) {
    return index;
  }
  source->interface = (uint16_t)index;
  return replay_local_apply(&source->file.local, source->meter);
}

/* A pcapng file may name an interface of another link type at any place. */
static void replay_files_link(struct replay_source *source)
{
  const struct capture *capture = source->capture;
  struct replay_file *file = &source->file;
  if (capture_has_several_links(capture)) {
    snprintf(file->link, sizeof file->link, "%s", capture_link_name(capture));
  } else {
    snprintf(file->link, sizeof file->link, "DLT %d (%s)", capture_link_type(capture),
             capture_link_name(capture));
  }
}

/* A file of which no frame can be understood is no measurement: better refused than counted as
 * frames without meaning. With several link types its other frames are read. */
static bool replay_files_knows_link(const struct replay_source *source)
{
  int link_type = capture_link_type(source->capture);
  if (capture_has_several_links(source->capture) || decode_knows_link(link_type)) {
    return true;
  }
  /* Counted all the same, as not IP: SLIP, frame relay, ARCnet of Linux, virtual sockets. */
  return link_type == 8 || link_type == 107 || link_type == 129 || link_type == 271;
}

/* Ends the file where it is: its meter's rest comes out, then nothing more. */
static void replay_files_end(struct replay_source *source)
{
  const struct replay_files_sinks *sinks = &source->files->sinks;
  replay_files_link(source);
  if (source->has_begun) {
    meter_finish(source->meter);
    sinks->ends(sinks->context, &source->file, meter_time(source->meter));
  }
  if (source->file.unknown_link_frames > 0) {
    bool is_mixed = capture_has_several_links(source->capture);
    output_complain("%s: no decoder for %s: %llu frames counted as undecoded", source->file.path,
                    is_mixed ? "one of its link types" : source->file.link,
                    (unsigned long long)source->file.unknown_link_frames);
  }
  replay_files_close(source);
}

/* Reads at most budget frames; false at the end, with the trouble said when it is a bad one. */
static bool replay_files_read(struct replay_source *source, int budget)
{
  struct err_message message = {""};
  int n = capture_read(source->capture, budget, source->interface, replay_files_frame, source,
                       &message);
  if (n > 0) {
    return true;
  }
  /* A damaged file counts up to the damage; its trouble makes the answer's completeness unknown
   * (P2). */
  if (n < 0 && n != ERR_END) {
    replay_files_trouble(source, message.text[0] != '\0' ? message.text : err_text(n));
  }
  return false;
}

/* Opens a file and reads its first packet: only then is it known when the file begins. */
static void replay_files_open(struct replay_source *source)
{
  struct err_message message = {""};
  int err = capture_open_file(source->file.path, &source->capture, &message);
  if (err != 0) {
    replay_files_trouble(source, message.text);
    return;
  }
  replay_files_link(source);
  if (!replay_files_knows_link(source)) {
    char text[REPLAY_TROUBLE_MAX];
    snprintf(text, sizeof text, "%s: no decoder for its link type, %s: the file is not read",
             source->file.path, source->file.link);
    replay_files_trouble(source, text);
    replay_files_close(source);
    return;
  }
  err = replay_files_meter(source);
  if (err != 0) {
    replay_files_trouble(source, err_text(err));
  }
  if (err != 0 || !replay_files_read(source, 1)) {
    replay_files_close(source);
  }
}

/* The open file whose time is earliest (the first of equals), and the next one's time. */
static struct replay_source *replay_files_earliest(struct replay_files *files, int64_t *next_ns)
{
  struct replay_source *earliest = NULL;
  int64_t least = INT64_MAX, next = INT64_MAX;
  for (size_t i = 0; i < files->count; i++) {
    struct replay_source *source = &files->source[i];
    if (source->meter == NULL) {
      continue;
    }
    /* Linear in the number of files, once a turn of a second. */
    int64_t time_ns = meter_time(source->meter);
    if (earliest == NULL || time_ns < least) {
      next = least;
      least = time_ns;
      earliest = source;
    } else if (time_ns < next) {
      next = time_ns;
    }
  }
  *next_ns = next;
  return earliest;
}

/* Says, once a second, that the file's time has moved on. */
static void replay_files_pass(struct replay_source *source)
{
  const struct replay_files_sinks *sinks = &source->files->sinks;
  int64_t second_ns = clock_floor_ns(meter_time(source->meter), NS_PER_S);
  if (second_ns > source->passed_ns) {
    source->passed_ns = second_ns;
    sinks->passed(sinks->context, &source->file, second_ns);
  }
}

/* From here on the pipeline knows the file. */
static void replay_files_begin(struct replay_source *source)
{
  const struct replay_files_sinks *sinks = &source->files->sinks;
  source->has_begun = true;
  sinks->begins(sinks->context, &source->file, meter_time(source->meter));
  replay_files_pass(source);
}

/* Every file that starts within the second of bound_ns is known before another one passes it, so
 * that its window waits for all of them. */
static void replay_files_begin_until(struct replay_files *files, int64_t bound_ns)
{
  int64_t second_ns = clock_floor_ns(bound_ns, NS_PER_S);
  for (size_t i = 0; i < files->count; i++) {
    struct replay_source *source = &files->source[i];
    if (source->meter != NULL && !source->has_begun &&
        clock_floor_ns(meter_time(source->meter), NS_PER_S) <= second_ns) {
      replay_files_begin(source);
    }
  }
}

/* Lets one file read on until it has passed the second of the next one. */
static void replay_files_turn(struct replay_source *source, int64_t next_ns,
                              const volatile sig_atomic_t *stop)
{
  /* Alone, a file may run ahead of nobody: it reads in batches. */
  int budget = next_ns == INT64_MAX ? REPLAY_BATCH : 1;
  int64_t bound_ns = clock_floor_ns(next_ns, NS_PER_S);
  do {
    if (!replay_files_read(source, budget)) {
      replay_files_end(source);
      return;
    }
    replay_files_pass(source);
  } while (*stop == 0 && source->passed_ns <= bound_ns);
}

/* A turn: the earliest file reads on; before that the others may begin, and the pipeline learns how
 * far all are. Interrupted, every file ends where it is, in the order of their times. */
/* Not said at once: the answer's last line says it of all. */
static void replay_files_interrupted(struct replay_source *source)
{
  struct replay_file *file = &source->file;
  if (file->trouble[0] == '\0') {
    snprintf(file->trouble, sizeof file->trouble, "%s: interrupted before its end", file->path);
  }
}

void replay_files_run(struct replay_files *files, const volatile sig_atomic_t *stop)
{
  /* All are opened first: the earliest packet of all decides where time begins. */
  for (size_t i = 0; i < files->count; i++) {
    (*stop != 0 ? replay_files_interrupted : replay_files_open)(&files->source[i]);
  }
  for (;;) {
    int64_t next_ns;
    struct replay_source *source = replay_files_earliest(files, &next_ns);
    if (source == NULL) {
      return;
    }
    files->sinks.merged(files->sinks.context, clock_floor_ns(meter_time(source->meter), NS_PER_S));
    replay_files_begin_until(files, next_ns);
    if (*stop != 0) {
      replay_files_interrupted(source);
      replay_files_end(source);
    } else {
      replay_files_turn(source, next_ns, stop);
    }
  }
}
