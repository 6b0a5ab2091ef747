/* SPDX-License-Identifier: Apache-2.0 */
/* What the fleet's total leaves out, by direction: local and loopback traffic, transit, multicast,
 * and what nobody knows the direction of. A host that talks to itself alone would else look idle.
 * Windows on disk have no sums of these: they are added up from the newest second records. */
#include "collector/queries.h"
#include "collector/queries_part.h"
#include "common/clock.h"

/* A status must be quick, and each record has to be decoded. */
#define RECORDS_MAX 1000
#define SECONDS_MAX 10

/* Bytes by direction; whole seconds are shared by all sensors. */
struct apart_sums {
  int64_t from_ns, until_ns;
  uint64_t bytes[SUMMARY_DIRECTIONS];
};

/* Observations are added up: what two sensors see of one packet counts twice. */
static void add_record(void *context, const struct summary *s)
{
  struct apart_sums *sums = context;
  if (s->kind != SUMMARY_SECOND || s->start_ns < sums->from_ns || s->start_ns >= sums->until_ns) {
    return;
  }
  for (int direction = 0; direction < SUMMARY_DIRECTIONS; direction++) {
    for (int protocol = 0; protocol < SUMMARY_PROTOCOLS; protocol++) {
      sums->bytes[direction] += s->traffic[direction][protocol].bytes;
    }
  }
}

/* Over the seconds that end at until_ns, which are on disk; null for a fleet that is too large. */
int queries_apart(const struct question *question, int64_t until_ns, json_t **out)
{
  size_t known = hosts_count(pipeline_hosts(question->queries->pipeline));
  int64_t seconds = known > 0 ? RECORDS_MAX / (int64_t)known : 0;
  seconds = seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
  *out = json_null();
  if (seconds == 0) {
    return 0;
  }
  struct apart_sums sums = {.from_ns = until_ns - seconds * NS_PER_S, .until_ns = until_ns};
  int err = store_records_each(question->queries->store, SUMMARY_SECOND, sums.from_ns,
                               sums.until_ns, add_record, &sums);
  if (err != 0) {
    return err;
  }
  /* A rate is of the seconds that are on disk. */
  struct store_span span = {.seconds = 0};
  err = store_span(question->queries->store, sums.from_ns, sums.until_ns, &span);
  if (err != 0 || span.seconds == 0) {
    return err;
  }
  uint64_t n = span.seconds;
  json_decref(*out);
  *out =
      json_pack("{s:o, s:o, s:o, s:o, s:o}", "window", queries_window(sums.from_ns, sums.until_ns),
                "local_bytes_per_s", json_u64(sums.bytes[SUMMARY_LOCAL] / n), "transit_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_TRANSIT] / n), "multicast_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_MULTICAST] / n), "unknown_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_UNKNOWN] / n));
  return 0;
}
