/* SPDX-License-Identifier: Apache-2.0 */
/* What the fleet's total leaves out, by direction: local and loopback traffic, transit, multicast,
 * and what nobody knows the direction of. A host that talks to itself alone would else look idle.
 * And with whom the hosts talked, by what their sensors know of the fleet.
 * Windows on disk have no sums of these: they are added up from the newest second records. */
#include "collector/queries.h"
#include "collector/queries_part.h"
#include "common/clock.h"

/* A status must be quick, and each record has to be decoded. */
#define RECORDS_MAX 1000
#define SECONDS_MAX 10

/* Bytes by direction; whole seconds are shared by all sensors. Those of records with a split by
 * fleet and outside peers once more, and the versions of the maps that they used. */
struct apart_sums {
  int64_t from_ns, until_ns;
  uint64_t bytes[SUMMARY_DIRECTIONS];
  uint64_t split_bytes[SUMMARY_DIRECTIONS], fleet_bytes[SUMMARY_DIRECTIONS];
  uint64_t records, split_records;
  uint64_t map_low, map_high;
};

static void add_split(struct apart_sums *sums, const struct summary *s)
{
  uint64_t version = s->fleet_map_version;
  sums->map_low = sums->split_records == 0 || version < sums->map_low ? version : sums->map_low;
  sums->map_high = version > sums->map_high ? version : sums->map_high;
  sums->split_records++;
  for (int way = SUMMARY_TX; way <= SUMMARY_RX; way++) {
    sums->split_bytes[way] += summary_direction_total(s, (enum summary_direction)way).bytes;
    sums->fleet_bytes[way] += summary_fleet_total(s, (enum summary_direction)way).bytes;
  }
}

/* Observations are added up: what two sensors see of one packet counts twice. */
static void add_record(void *context, const struct summary *s)
{
  struct apart_sums *sums = context;
  if (s->kind != SUMMARY_SECOND || s->start_ns < sums->from_ns || s->start_ns >= sums->until_ns) {
    return;
  }
  for (int direction = 0; direction < SUMMARY_DIRECTIONS; direction++) {
    sums->bytes[direction] += summary_direction_total(s, (enum summary_direction)direction).bytes;
  }
  sums->records++;
  if (s->has_fleet) {
    add_split(sums, s);
  }
}

/* One direction; what is with whom is null where no sensor knows who is of the fleet. */
static json_t *render_way(const struct apart_sums *sums, enum summary_direction way,
                          uint64_t seconds)
{
  json_t *fleet = json_null();
  json_t *outside = json_null();
  if (sums->split_records > 0) {
    fleet = json_u64(sums->fleet_bytes[way] / seconds);
    outside = json_u64((sums->split_bytes[way] - sums->fleet_bytes[way]) / seconds);
  }
  return json_pack("{s:o, s:o, s:o}", "bytes_per_s", json_u64(sums->bytes[way] / seconds),
                   "fleet_bytes_per_s", fleet, "outside_bytes_per_s", outside);
}

static json_t *render_peers(const struct apart_sums *sums, uint64_t seconds)
{
  json_t *map = json_null();
  if (sums->split_records > 0) {
    map = json_pack("{s:o, s:o}", "low", json_u64(sums->map_low), "high", json_u64(sums->map_high));
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "window",
                   queries_window(sums->from_ns, sums->until_ns), "records",
                   json_u64(sums->records), "records_split", json_u64(sums->split_records),
                   "map_version", map, "tx", render_way(sums, SUMMARY_TX, seconds), "rx",
                   render_way(sums, SUMMARY_RX, seconds));
}

/* Over the seconds that end at until_ns, which are on disk; null for a fleet that is too large. */
int queries_apart(const struct question *question, int64_t until_ns, json_t **out, json_t **peers)
{
  size_t known = hosts_count(pipeline_hosts(question->queries->pipeline));
  int64_t seconds = known > 0 ? RECORDS_MAX / (int64_t)known : 0;
  seconds = seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
  *out = json_null();
  *peers = json_null();
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
  json_decref(*peers);
  *peers = render_peers(&sums, n);
  *out =
      json_pack("{s:o, s:o, s:o, s:o, s:o}", "window", queries_window(sums.from_ns, sums.until_ns),
                "local_bytes_per_s", json_u64(sums.bytes[SUMMARY_LOCAL] / n), "transit_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_TRANSIT] / n), "multicast_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_MULTICAST] / n), "unknown_bytes_per_s",
                json_u64(sums.bytes[SUMMARY_UNKNOWN] / n));
  return 0;
}
