/* SPDX-License-Identifier: Apache-2.0 */
/* A replay's answer for people: made from the JSON, so that the two cannot differ. Tables and
 * colours as everywhere else (top.c, alerts.c, question.c): who knows one answer of `seine` can
 * read this one. */
#include <inttypes.h>
#include <string.h>

#include "cli/alerts.h"
#include "cli/question.h"
#include "cli/replay.h"
#include "cli/table.h"
#include "cli/top.h"

/* One line a file; what the trouble was has been said on standard error. */
static void replay_print_files(const json_t *files, const struct output *out)
{
  static const struct table_column columns[] = {
      {"SENSOR", TABLE_LEFT, 0},
      {"FRAMES", TABLE_RIGHT, 0},
      {"LINK", TABLE_LEFT, 1},
      {"READ", TABLE_LEFT, 0},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *file;
  json_array_foreach(files, i, file)
  {
    char text[OUTPUT_TEXT_MAX];
    bool is_whole = json_is_null(json_object_get(file, "trouble"));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(file, "sensor", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s", output_count(json_get_count(file, "frames"), text));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(file, "link", ""));
    table_cell(table, is_whole ? OUTPUT_PLAIN : OUTPUT_BAD, "%s", is_whole ? "whole" : "not whole");
  }
  table_print(table, out);
  table_free(table);
  fputc('\n', out->file);
}

/* "frames  1,723 (2.53 MB on the wire)", and what they were. */
static void replay_print_totals(const json_t *answer, const struct output *out)
{
  const json_t *totals = json_object_get(answer, "totals");
  char a[OUTPUT_TEXT_MAX], b[OUTPUT_TEXT_MAX], c[OUTPUT_TEXT_MAX], d[OUTPUT_TEXT_MAX];
  output_print(out, OUTPUT_PLAIN, "frames      %s, %s on the wire; %s not IP\n",
               output_count(json_get_count(totals, "frames"), a),
               output_bytes(out, json_get_count(totals, "wire_bytes"), b),
               output_count(json_get_count(totals, "non_ip_frames"), c));
  output_print(out, OUTPUT_PLAIN, "ip          %s: %s IPv4 packets, %s IPv6, %s fragments\n",
               output_bytes(out, json_get_count(totals, "ip_bytes"), a),
               output_count(json_get_count(totals, "ipv4_packets"), b),
               output_count(json_get_count(totals, "ipv6_packets"), c),
               output_count(json_get_count(totals, "fragments"), d));
  output_print(out, OUTPUT_PLAIN, "packets     tcp %s, udp %s, icmp %s, other %s\n",
               output_count(json_get_count(totals, "tcp_packets"), a),
               output_count(json_get_count(totals, "udp_packets"), b),
               output_count(json_get_count(totals, "icmp_packets"), c),
               output_count(json_get_count(totals, "other_ip_packets"), d));
  output_print(out, OUTPUT_PLAIN, "seen        %s flows, about %s addresses, %s windows\n",
               output_count(json_get_count(answer, "flows"), a),
               output_count(json_get_count(answer, "distinct_addresses_estimate"), b),
               output_count(json_get_count(answer, "windows"), c));
}

/* The members that are numbers above zero, behind a title; nothing when there is none. not_ip is no
 * loss: it stands with the frames. */
static void replay_print_nonzero(json_t *object, const char *title, const char *const *skip,
                                 const struct output *out)
{
  char line[1024] = "";
  size_t used = 0;
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value)
  {
    bool is_skipped = json_integer_value(value) <= 0;
    for (size_t i = 0; skip[i] != NULL; i++) {
      is_skipped = is_skipped || strcmp(skip[i], key) == 0;
    }
    if (!is_skipped && used < sizeof line) {
      char text[OUTPUT_TEXT_MAX];
      used += (size_t)snprintf(line + used, sizeof line - used, "%s%s %s", used > 0 ? ", " : "",
                               key, output_count((uint64_t)json_integer_value(value), text));
    }
  }
  if (used > 0) {
    output_print(out, OUTPUT_WARN, "%s%s\n", title, line);
  }
}

/* Only what is not zero: a clean replay has no such line. */
static void replay_print_losses(const json_t *answer, const struct output *out)
{
  static const char *const no_reason[] = {"not_ip", NULL};
  static const char *const no_trouble[] = {"applied", NULL};
  static const char *const no_loss[] = {"frames", "wire_bytes", "own_frames", NULL};
  const json_t *totals = json_object_get(answer, "totals");
  replay_print_nonzero(json_object_get(totals, "undecoded"), "undecoded   ", no_reason, out);
  replay_print_nonzero(json_object_get(answer, "ledger"), "ledger      ", no_loss, out);
  replay_print_nonzero(json_object_get(answer, "records"), "records     ", no_trouble, out);
}

/* The fleet's sum, or why there is none. */
static void replay_print_fleet(const json_t *answer, const struct output *out)
{
  const json_t *total = json_object_get(answer, "total");
  if (!json_is_object(total)) {
    output_print(out, OUTPUT_PLAIN,
                 "fleet       no sum: without --local nobody knows which way a packet went\n");
    return;
  }
  char low[OUTPUT_TEXT_MAX], high[OUTPUT_TEXT_MAX], tx[OUTPUT_TEXT_MAX], rx[OUTPUT_TEXT_MAX];
  const json_t *bytes = json_object_get(total, "bytes");
  /* Sent and received overlap where both ends have sensors; the sum above does not. */
  const json_t *ways = json_object_get(answer, "directions");
  /* Two numbers where one would be a guess (P1). */
  uint64_t least = json_get_count(bytes, "low"), most = json_get_count(bytes, "high");
  output_print(out, OUTPUT_PLAIN, "fleet       %s%s%s counted once (sent %s, received %s)\n",
               output_bytes(out, least, low), least != most ? " to " : "",
               least != most ? output_bytes(out, most, high) : "",
               output_bytes(out, json_get_count(json_object_get(ways, "tx"), "bytes"), tx),
               output_bytes(out, json_get_count(json_object_get(ways, "rx"), "bytes"), rx));
}

/* With whom, where --fleet says who belongs to it. */
static void replay_print_peers(const json_t *answer, const struct output *out)
{
  static const struct {
    const char *way, *fleet, *outside;
  } lines[] = {{"tx", "sent to it", "to others"}, {"rx", "received from it", "from others"}};
  const json_t *ways = json_object_get(answer, "directions");
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const json_t *way = json_object_get(ways, lines[i].way);
    const json_t *fleet = json_object_get(way, "fleet");
    const json_t *outside = json_object_get(way, "outside");
    char a[OUTPUT_TEXT_MAX], b[OUTPUT_TEXT_MAX];
    if (json_is_object(fleet)) {
      output_print(out, OUTPUT_PLAIN, "            %s %s, %s %s\n", lines[i].fleet,
                   output_bytes(out, json_get_count(fleet, "bytes"), a), lines[i].outside,
                   output_bytes(out, json_get_count(outside, "bytes"), b));
    }
  }
}

/* "No alerts" is an answer, so it is printed. */
static void replay_print_alerts(const json_t *answer, const struct output *out)
{
  const json_t *alerts = json_object_get(answer, "alerts");
  uint64_t omitted = json_get_count(answer, "alerts_omitted");
  if (json_array_size(alerts) == 0) {
    output_print(out, OUTPUT_GOOD, "no alerts\n");
  } else {
    alerts_print_rows(alerts, out);
  }
  if (omitted > 0) {
    output_print(out, OUTPUT_WARN, "and %" PRIu64 " more alerts, not kept\n", omitted);
  }
  fputc('\n', out->file);
}

/* Files, totals, rankings, alerts, and how it was counted. */
void replay_print(const json_t *answer, const struct output *out)
{
  replay_print_files(json_object_get(answer, "files"), out);
  replay_print_totals(answer, out);
  replay_print_fleet(answer, out);
  replay_print_peers(answer, out);
  replay_print_losses(answer, out);
  fputc('\n', out->file);
  if (json_array_size(json_object_get(answer, "top_hosts")) > 0) {
    top_print_hosts(json_object_get(answer, "top_hosts"), out);
    fputc('\n', out->file);
    top_print_conversations(json_object_get(answer, "top_conversations"), out);
    fputc('\n', out->file);
  }
  replay_print_alerts(answer, out);
  top_print_totals(json_object_get(answer, "top_totals"), out);
  question_footer(answer, out);
}
