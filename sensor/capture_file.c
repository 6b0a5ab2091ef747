/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a file, tells its format by its magic number, and says how it ended.
 *
 *   path -> descriptor -> capture_stream -> capture_reading -> capture_pcap | capture_pcapng */
#include "sensor/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/capture_link.h"
#include "sensor/capture_pcap.h"
#include "sensor/capture_pcapng.h"
#include "sensor/capture_reading.h"

#define MAGIC_BYTES 4

struct capture_file {
  char *name;
  int fd; /* -1: not ours */
  struct capture_reading reading;
  bool is_pcapng;
  struct capture_pcap pcap;
  struct capture_pcapng pcapng;
  char link_name[32];
};

/* Packings that are known by sight alone, with the program that takes them off. */
static const struct {
  uint8_t magic[MAGIC_BYTES];
  size_t bytes;
  const char *name, *program;
} other_packings[] = {
    {{0xfd, '7', 'z', 'X'}, 4, "xz", "xz -dc"},
    {{'B', 'Z', 'h'}, 3, "bzip2", "bzip2 -dc"},
    {{0x04, 0x22, 0x4d, 0x18}, 4, "lz4", "lz4 -dc"},
};

/* A signal ends the reading, as Ctrl-C must while a pipe gives nothing. */
static ssize_t read_descriptor(void *context, uint8_t *into, size_t size)
{
  const struct capture_file *file = context;
  return read(file->fd, into, size);
}

/* NULL without memory. */
static struct capture_file *file_new(const char *name)
{
  struct capture_file *file = calloc(1, sizeof(*file));
  char *copy = strdup(name);
  if (file == NULL || copy == NULL) {
    free(file);
    free(copy);
    return NULL;
  }
  file->name = copy;
  file->fd = -1;
  return file;
}

/* Also for half-made files. */
void capture_file_close(struct capture_file *file)
{
  if (file == NULL) {
    return;
  }
  capture_pcapng_fini(&file->pcapng);
  capture_reading_fini(&file->reading);
  if (file->fd >= 0) {
    (void)close(file->fd);
  }
  free(file->name);
  free(file);
}

/* The bytes are no capture's. */
static int refuse_magic(const struct capture_file *file, const uint8_t *magic,
                        struct err_message *message)
{
  for (size_t i = 0; i < sizeof(other_packings) / sizeof(other_packings[0]); i++) {
    if (memcmp(magic, other_packings[i].magic, other_packings[i].bytes) == 0) {
      return err_set(message, ERR_MALFORMED,
                     "%s: is packed by %s, which is not read here: unpack it with %s", file->name,
                     other_packings[i].name, other_packings[i].program);
    }
  }
  return err_set(message, ERR_MALFORMED, "%s: is not a capture file (pcap or pcapng)", file->name);
}

/* The first four bytes are not there: an empty file, or one that cannot be read. */
static int refuse_start(const struct capture_file *file, struct err_message *message)
{
  const struct capture_reading *reading = &file->reading;
  switch (reading->stream_end) {
  case ERR_NO_MEMORY:
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", file->name);
  case ERR_IO:
    return err_set(message, ERR_IO, "%s: %s", file->name, capture_stream_why(reading->stream));
  case ERR_END:
    if (rd_left(&reading->unread) == 0) {
      return err_set(message, ERR_TRUNCATED, "%s: is empty, expected a capture file", file->name);
    }
    return err_set(message, ERR_TRUNCATED, "%s: ends within its file header", file->name);
  default:
    return err_set(message, ERR_TRUNCATED, "%s: ends within its file header: %s", file->name,
                   capture_stream_why(reading->stream));
  }
}

/* The format's own open has failed. */
static int refuse_header(const struct capture_file *file, int result, struct err_message *message)
{
  const struct capture_reading *reading = &file->reading;
  if (result == ERR_MALFORMED) {
    return err_set(message, result, "%s: is not a capture file (pcap or pcapng): %s", file->name,
                   reading->why);
  }
  if (reading->end == 0) {
    return refuse_start(file, message);
  }
  return err_set(message, result, "%s: breaks off or is damaged within its file header: %s",
                 file->name, reading->why);
}

/* Tells the format, and reads its header. */
static int open_format(struct capture_file *file, struct err_message *message)
{
  struct capture_reading *reading = &file->reading;
  if (!capture_reading_has(reading, MAGIC_BYTES)) {
    return refuse_start(file, message);
  }
  struct rd r = rd_init(reading->unread.next, MAGIC_BYTES);
  uint32_t magic = rd_u32(&r);
  int result = 0;
  if (magic == CAPTURE_PCAPNG_MAGIC) {
    file->is_pcapng = true;
    result = capture_pcapng_open(&file->pcapng, reading);
  } else if (capture_pcap_is_magic(magic, __builtin_bswap32(magic))) {
    result = capture_pcap_open(&file->pcap, reading);
  } else {
    return refuse_magic(file, reading->unread.next, message);
  }
  if (result != 0) {
    return refuse_header(file, result, message);
  }
  capture_link_text(reading->link_type, file->link_name, sizeof(file->link_name));
  return 0;
}

/* Takes file. */
static int open_stream(struct capture_file *file, capture_bytes_fn *read, void *context,
                       struct capture_file **out, struct err_message *message)
{
  struct capture_stream *stream = capture_stream_new(read, context);
  int result = 0;
  if (stream == NULL || capture_reading_init(&file->reading, stream) != 0) {
    capture_stream_free(stream);
    result = err_set(message, ERR_NO_MEMORY, "%s: out of memory", file->name);
  } else {
    result = open_format(file, message);
  }
  if (result != 0) {
    capture_file_close(file);
    return result;
  }
  *out = file;
  return 0;
}

/* By errno: not there, not allowed, or anything else. */
static int refuse_path(const char *path, struct err_message *message)
{
  int code = ERR_IO;
  if (errno == ENOENT || errno == ENOTDIR) {
    code = ERR_NOT_FOUND;
  } else if (errno == EACCES || errno == EPERM) {
    code = ERR_DENIED;
  }
  return err_set(message, code, "%s: cannot be opened: %s", path, strerror(errno));
}

int capture_file_open(const char *path, struct capture_file **out, struct err_message *message)
{
  struct capture_file *file = file_new(path);
  if (file == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", path);
  }
  /* The copy of standard input is closed with the file, standard input itself stays. */
  bool is_input = strcmp(path, "-") == 0;
  file->fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  int result = 0;
  if (file->fd < 0 || fstat(file->fd, &status) != 0) {
    result = refuse_path(path, message);
  } else if (S_ISDIR(status.st_mode)) {
    result = err_set(message, ERR_IO, "%s: is a directory, expected a capture file", path);
  }
  if (result != 0) {
    capture_file_close(file);
    return result;
  }
  (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a pipe has no such thing */
  return open_stream(file, read_descriptor, file, out, message);
}

int capture_file_open_bytes(const char *name, capture_bytes_fn *read, void *context,
                            struct capture_file **out, struct err_message *message)
{
  struct capture_file *file = file_new(name);
  if (file == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", name);
  }
  return open_stream(file, read, context, out, message);
}

/* Told again whenever asked again. */
static int tell_end(const struct capture_file *file, struct err_message *message)
{
  const struct capture_reading *reading = &file->reading;
  unsigned long long packets = reading->packets, at = reading->end_offset;
  const char *packing = capture_stream_packing(reading->stream);
  if (reading->end == ERR_END) {
    return err_set(message, ERR_END, "%s: ends after %llu packets", file->name, packets);
  }
  return err_set(message, reading->end, "%s: %s after %llu packets, at byte %llu%s: %s", file->name,
                 reading->end == ERR_TRUNCATED ? "breaks off or is damaged" : "is read no further",
                 packets, at, packing[0] != '\0' ? " unpacked" : "", reading->why);
}

int capture_file_read(struct capture_file *file, int budget, uint16_t index, capture_frame_fn *fn,
                      void *context, struct err_message *message)
{
  struct capture_reading *reading = &file->reading;
  const struct capture_sink sink = {fn, context, index};
  int count = 0;
  if (reading->end == 0) {
    count = file->is_pcapng ? capture_pcapng_read(&file->pcapng, reading, budget, &sink)
                            : capture_pcap_read(&file->pcap, reading, budget, &sink);
  }
  return count > 0 ? count : tell_end(file, message);
}

int capture_file_link_type(const struct capture_file *file)
{
  return file->reading.link_type;
}

const char *capture_file_link_name(const struct capture_file *file)
{
  return file->reading.has_several_links ? "several link types" : file->link_name;
}

bool capture_file_has_several_links(const struct capture_file *file)
{
  return file->reading.has_several_links;
}
