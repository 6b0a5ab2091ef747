/* SPDX-License-Identifier: Apache-2.0 */
/* A replay's answer as JSON, by the same names as the collector's. Alerts, ledgers and ranking rows
 * come from collector/render.h, so that a program reads a replay as it reads the API. Members are
 * never left out: null, 0 or [] says that there is nothing. */
#include <math.h>
#include <stdlib.h>

#include "cli/replay.h"
#include "collector/pipeline.h"
#include "common/clock.h"

/* Every reason, zero or not: names that are always there are easier on programs. */
static json_t *replay_json_undecoded(const struct summary_ledger *ledger)
{
  json_t *object = json_object();
  for (int i = SUMMARY_DECODED + 1; i < SUMMARY_UNDECODED_REASONS; i++) {
    json_object_set_new(object, summary_undecoded_name((enum summary_undecoded)i),
                        json_u64(ledger->undecoded[i]));
  }
  return object;
}

/* The names that seine(1) promises; each frame once, by its outermost IP header. */
static json_t *replay_json_totals(const struct replay_sum *sum)
{
  struct counts protocol[SUMMARY_PROTOCOLS];
  uint64_t ip_bytes = 0;
  for (int p = 0; p < SUMMARY_PROTOCOLS; p++) {
    protocol[p] = replay_sum_protocol(sum, (enum summary_protocol)p);
    ip_bytes += protocol[p].bytes;
  }
  /* SCTP has no line of its own in the totals that seine(1) promises. */
  uint64_t other = protocol[SUMMARY_SCTP].packets + protocol[SUMMARY_OTHER_IP].packets;
  json_t *totals = json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "frames",
      json_u64(sum->ledger.frames), "wire_bytes", json_u64(sum->ledger.wire_bytes), "ipv4_packets",
      json_u64(sum->ipv4_packets), "ipv6_packets", json_u64(sum->ipv6_packets), "tcp_packets",
      json_u64(protocol[SUMMARY_TCP].packets), "udp_packets",
      json_u64(protocol[SUMMARY_UDP].packets), "icmp_packets",
      json_u64(protocol[SUMMARY_ICMP].packets), "other_ip_packets", json_u64(other), "ip_bytes",
      json_u64(ip_bytes), "non_ip_frames", json_u64(sum->non_ip_frames), "fragments",
      json_u64(sum->fragments), "undecoded", replay_json_undecoded(&sum->ledger));
  json_object_set_new(totals, "tcp_flows", render_tcp_flows(&sum->tcp));
  json_object_set_new(totals, "dns", render_dns(&sum->dns));
  json_object_set_new(totals, "super_segments", render_segments(&sum->segments));
  json_object_set_new(totals, "tunnelled_packets", json_u64(sum->tunnelled_packets));
  return totals;
}

/* All directions, those that never occurred as zeros. Of what was sent and received also how much
 * of it with fleet peers and how much with others; null where nobody said who is of the fleet. */
static json_t *replay_json_directions(const struct replay_sum *sum)
{
  json_t *object = json_object();
  for (int d = 0; d < SUMMARY_DIRECTIONS; d++) {
    struct counts total = replay_sum_direction(sum, (enum summary_direction)d);
    struct counts fleet = replay_sum_fleet(sum, (enum summary_direction)d);
    json_t *way = json_counts(&total);
    if (d == SUMMARY_TX || d == SUMMARY_RX) {
      render_split(way, &total, sum->lacks_fleet ? NULL : &fleet);
    }
    json_object_set_new(object, summary_direction_name((enum summary_direction)d), way);
  }
  return object;
}

/* The fleet's sum, each byte once; null when no sensor knew its own addresses. */
static json_t *replay_json_total(const struct replay_sum *sum)
{
  if (!sum->has_total) {
    return json_null();
  }
  return json_pack("{s:{s:o, s:o}, s:{s:o, s:o}}", "bytes", "low", json_u64(sum->total_bytes.low),
                   "high", json_u64(sum->total_bytes.high), "packets", "low",
                   json_u64(sum->total_packets.low), "high", json_u64(sum->total_packets.high));
}

/* What was read, and what stood in the way. */
static json_t *replay_json_files(const struct replay_files *files)
{
  json_t *array = json_array();
  for (size_t i = 0; i < replay_files_count(files); i++) {
    const struct replay_file *file = replay_files_at(files, i);
    json_t *trouble = file->trouble[0] != '\0' ? json_text(file->trouble) : json_null();
    json_array_append_new(array,
                          json_pack("{s:o, s:s, s:o, s:o, s:o}", "path", json_text(file->path),
                                    "sensor", file->name, "link", json_text(file->link), "frames",
                                    json_u64(file->frames), "trouble", trouble));
  }
  return array;
}

/* Rankings have at most replay->limit rows. */
static json_t *replay_json_hosts(const struct replay *replay)
{
  struct ranking_host *rows = calloc(replay->limit, sizeof *rows);
  json_t *array = json_array();
  size_t n = rows != NULL ? ranking_hosts(replay->sum.ranking, rows, replay->limit) : 0;
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(array, render_ranking_host(&rows[i]));
  }
  free(rows);
  return array;
}

/* As in the API's answers. */
static json_t *replay_json_conversations(const struct replay *replay)
{
  struct ranking_conversation *rows = calloc(replay->limit, sizeof *rows);
  json_t *array = json_array();
  size_t n = rows != NULL ? ranking_conversations(replay->sum.ranking, rows, replay->limit) : 0;
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(array, render_ranking_conversation(&rows[i]));
  }
  free(rows);
  return array;
}

/* By the names of the API's top answers. */
static json_t *replay_json_top_totals(const struct ranking *ranking)
{
  struct ranking_totals totals = ranking_totals(ranking);
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "counted", json_counts(&totals.counted),
                   "folded", json_counts(&totals.folded), "unconfirmed",
                   json_counts(&totals.unconfirmed), "error_bytes",
                   json_u64(totals.folded.bytes + totals.unconfirmed.bytes), "rows_refused",
                   json_u64(totals.rows_refused), "hosts_refused", json_u64(totals.hosts_refused));
}

/* In the order in which they fired. */
static json_t *replay_json_alerts(const struct replay_sum *sum)
{
  json_t *array = json_array();
  for (size_t i = 0; i < sum->alert_count; i++) {
    json_array_append_new(array, render_alert(&sum->alert[i]));
  }
  return array;
}

/* What was read of what is there. A file that could not be read to its end has no percentage: how
 * much it lacks is not known. */
static json_t *replay_json_completeness(const struct replay *replay)
{
  if (replay->is_interrupted || replay->sum.refused > 0 || replay->sum.has_failed) {
    return json_null();
  }
  for (size_t i = 0; i < replay_files_count(replay->files); i++) {
    if (replay_files_at(replay->files, i)->trouble[0] != '\0') {
      return json_null();
    }
  }
  return json_integer(100);
}

/* Late ones are in the totals; the detectors did not see them. Refused ones are in the totals only.
 */
static json_t *replay_json_records(const struct replay_sum *sum, const struct pipeline_stats *stats)
{
  return json_pack("{s:o, s:o, s:o, s:o}", "applied", json_u64(stats->records), "late",
                   json_u64(stats->late), "gaps", json_u64(stats->gaps), "refused",
                   json_u64(sum->refused));
}

/* From the first second with a frame to the end of the last; null when there was none. */
static json_t *replay_json_window(const struct replay_sum *sum)
{
  if (sum->from_ns > sum->until_ns) {
    return json_null();
  }
  return json_pack("{s:o, s:o}", "from", json_time(sum->from_ns), "until",
                   json_time(sum->until_ns));
}

/* The order is that of the printed answer: files, totals, rankings, alerts, and how it was
 * counted. */
json_t *replay_json(const struct replay *replay)
{
  const struct replay_sum *sum = &replay->sum;
  struct pipeline_stats stats = pipeline_stats(replay->pipeline);
  json_int_t addresses = (json_int_t)rint(hll_estimate(&sum->addresses));
  json_t *answer = json_object();
  json_object_set_new(answer, "files", replay_json_files(replay->files));
  json_object_set_new(answer, "totals", replay_json_totals(sum));
  json_object_set_new(answer, "distinct_addresses_estimate", json_integer(addresses));
  json_object_set_new(answer, "flows", json_u64(sum->flows));
  json_object_set_new(answer, "windows", json_u64(stats.windows_closed));
  json_object_set_new(answer, "ledger", render_ledger(&sum->ledger));
  json_object_set_new(answer, "records", replay_json_records(sum, &stats));
  json_object_set_new(answer, "directions", replay_json_directions(sum));
  json_object_set_new(answer, "total", replay_json_total(sum));
  json_object_set_new(answer, "top_hosts", replay_json_hosts(replay));
  json_object_set_new(answer, "top_conversations", replay_json_conversations(replay));
  json_object_set_new(answer, "top_totals", replay_json_top_totals(sum->ranking));
  json_object_set_new(answer, "alerts", replay_json_alerts(sum));
  json_object_set_new(answer, "alerts_omitted", json_u64(sum->alerts_omitted));
  json_object_set_new(answer, "window", replay_json_window(sum));
  json_object_set_new(answer, "completeness_percent", replay_json_completeness(replay));
  json_object_set_new(answer, "rule", json_string(ranking_rule));
  json_object_set_new(answer, "interrupted", json_boolean(replay->is_interrupted));
  return answer;
}
