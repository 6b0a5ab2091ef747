/* SPDX-License-Identifier: Apache-2.0 */
/* See the header: sample values for the tests of the collector's daemon. */
#include "tests/unit/collector_samples.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/hash.h"
#include "proto/summary_codec.h"

static void check(bool is_good, const char *what)
{
  if (!is_good) {
    perror(what);
    abort();
  }
}

const char *sample_folder(void)
{
  static char path[64];
  (void)snprintf(path, sizeof(path), "/tmp/seine-test-XXXXXX");
  check(mkdtemp(path) != NULL, path);
  return path;
}

const char *sample_path(const char *folder, const char *name)
{
  static char path[256];
  (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
  return path;
}

void sample_folder_remove(const char *folder)
{
  DIR *dir = opendir(folder);
  check(dir != NULL, folder);
  for (struct dirent *entry = NULL; (entry = readdir(dir)) != NULL;) {
    (void)unlink(sample_path(folder, entry->d_name));
  }
  (void)closedir(dir);
  check(rmdir(folder) == 0, folder);
}

void sample_write(const char *path, const char *text, unsigned mode)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
  check(fchmod(fd, (mode_t)mode) == 0 && close(fd) == 0, path);
}

struct alert sample_alert(const char *id, const char *subject)
{
  struct alert alert = {
      .state = ALERT_FIRING,
      .started_ns = 1000 * NS_PER_S,
      .fired_ns = 1001 * NS_PER_S,
      .last_seen_ns = 1002 * NS_PER_S,
      .windows = 2,
      .peak = 2500000,
      .finding = {.detector = "threshold",
                  .severity = SEVERITY_WARNING,
                  .for_ns = NS_PER_S,
                  .hold_ns = 10 * NS_PER_S,
                  .window_start_ns = 1001 * NS_PER_S,
                  .window_length_ns = NS_PER_S,
                  .observed = 2000000,
                  .expected_high = 1000000,
                  .unit = "bytes/s",
                  .completeness_percent = 100,
                  .evidence_count = 1,
                  .evidence = {{"host", "10.0.0.9", 1500000, 75}}},
  };
  (void)snprintf(alert.id, sizeof(alert.id), "%s", id);
  (void)snprintf(alert.finding.rule, sizeof(alert.finding.rule), "interface-load");
  (void)snprintf(alert.finding.subject, sizeof(alert.finding.subject), "%s", subject);
  (void)snprintf(alert.finding.summary, sizeof(alert.finding.summary),
                 "%s carries 2000000 bytes/s, more than 1000000", subject);
  (void)snprintf(alert.finding.command, sizeof(alert.finding.command), "seine alerts show %s", id);
  return alert;
}

static struct summary_conversation conversation(uint16_t port, uint64_t bytes)
{
  const uint8_t client[4] = {10, 0, 0, 9};
  const uint8_t server[4] = {10, 0, 0, 1};
  return (struct summary_conversation){.client = addr_from_v4(client),
                                       .server = addr_from_v4(server),
                                       .server_port = port,
                                       .protocol = 6,
                                       .flows = 1,
                                       .out = {10, bytes, bytes - 400},
                                       .in = {5, 500, 300},
                                       .first_ns = 1000 * NS_PER_S,
                                       .last_ns = 1001 * NS_PER_S};
}

struct summary *sample_summary(const char *sensor, enum summary_kind kind, int64_t start_ns,
                               uint64_t sequence)
{
  const uint8_t host[4] = {10, 0, 0, 9};
  struct summary_conversation rows[2] = {conversation(443, 5000), conversation(8080, 700)};
  struct summary_talker talker = {.addr = addr_from_v4(host), .tx = {10, 5000, 4600}};
  struct summary s;
  summary_init(&s);
  (void)snprintf(s.sensor, sizeof(s.sensor), "%s", sensor);
  s.boot_id = UINT64_C(0xfedcba9876543210); /* above INT64_MAX on purpose */
  s.sequence = sequence;
  s.kind = kind;
  s.start_ns = start_ns;
  s.length_ns = kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  hll_init(&s.addresses, kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE,
           HASH_FLEET_SEED);
  s.traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){20, 5700, 4900};
  s.ledger.frames = 20;
  s.ledger.wire_bytes = 6000;
  s.conversations = rows;
  s.conversation_count = 2;
  s.talkers = &talker;
  s.talker_count = 1;
  struct summary *clone = summary_clone(&s);
  check(clone != NULL, "summary_clone");
  return clone;
}

uint8_t *sample_encode(const struct summary *s, size_t *length)
{
  uint8_t *bytes = NULL;
  check(summary_encode(s, &bytes, length) == 0, "summary_encode");
  return bytes;
}
