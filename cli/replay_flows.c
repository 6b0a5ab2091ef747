/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records as CSV. stdio does the buffering; errors are looked for once, at the close, since a
 * full disk stays full. */
#include "cli/replay_flows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sensor/meter.h"

/* One writer, so the stream is not locked either: a million flows are a million lines. */
#define REPLAY_FLOWS_BUFFER (1 << 18)

/* path is for messages. */
struct replay_flows {
  FILE *file;
  char *path;
};

bool replay_flows_is_same(const char *path, const char *capture)
{
  struct stat out, in;
  return stat(path, &out) == 0 && stat(capture, &in) == 0 && out.st_dev == in.st_dev &&
         out.st_ino == in.st_ino;
}

/* The file is made before anything is read: a bad path must not cost a long run. */
int replay_flows_new(const char *path, struct replay_flows **out, struct err_message *message)
{
  struct replay_flows *flows = calloc(1, sizeof *flows);
  char *name = strdup(path);
  if (flows == NULL || name == NULL) {
    free(flows);
    free(name);
    return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
  }
  flows->path = name;
  flows->file = fopen(path, "we");
  if (flows->file == NULL) {
    int err = err_set(message, ERR_IO, "cannot write flows to '%s': %s", path, strerror(errno));
    free(name);
    free(flows);
    return err;
  }
  setvbuf(flows->file, NULL, _IOFBF, REPLAY_FLOWS_BUFFER);
  __fsetlocking(flows->file, FSETLOCKING_BYCALLER);
  fputs("first,last,client,client_port,server,server_port,protocol,packets_out,packets_in,"
        "bytes_out,bytes_in,tcp_flags_out,tcp_flags_in\n",
        flows->file);
  *out = flows;
  return 0;
}

/* In the order of the header line above; addresses as text, the rest as numbers. */
void replay_flows_add(struct replay_flows *flows, const struct flow_record *record)
{
  char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
  fprintf(flows->file,
          "%" PRId64 ",%" PRId64 ",%s,%u,%s,%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
          ",%u,%u\n",
          record->first_ns, record->last_ns, addr_format(&record->client, client),
          record->client_port, addr_format(&record->server, server), record->server_port,
          record->protocol, record->out.packets, record->in.packets, record->out.bytes,
          record->in.bytes, record->tcp_flags_out, record->tcp_flags_in);
}

/* fclose flushes: an error may show only there. */
int replay_flows_close(struct replay_flows *flows, struct err_message *message)
{
  int err = 0;
  bool has_failed = ferror(flows->file) != 0;
  errno = 0;
  if (fclose(flows->file) != 0 || has_failed) {
    err = err_set(message, ERR_IO, "flows in '%s' are not whole: %s", flows->path,
                  errno != 0 ? strerror(errno) : "a write failed");
  }
  free(flows->path);
  free(flows);
  return err;
}
