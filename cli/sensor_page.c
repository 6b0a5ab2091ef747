/* SPDX-License-Identifier: Apache-2.0 */
/* One sensor for people. From who it is to what it saw, and last what it could not: each measure
 * that its records carry has a line, also where it is zero, so that two pages compare. */
#include "cli/sensor_page.h"

#include <string.h>

#include "cli/question.h"
#include "cli/table.h"
#include "common/clock.h"
#include "common/keys.h"

/* A list of words and numbers on one line. */
#define PAGE_LINE_MAX 1024

/* A line in the making. */
struct page_line {
  char text[PAGE_LINE_MAX];
  size_t used;
};

/* One more part behind a comma; what does not fit is left out as a whole. */
__attribute__((format(printf, 2, 3))) static void page_add(struct page_line *line,
                                                           const char *format, ...)
{
  char part[128];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(part, sizeof part, format, arguments);
  va_end(arguments);
  if (line->used + strlen(part) + 3 < sizeof line->text) {
    line->used += (size_t)snprintf(line->text + line->used, sizeof line->text - line->used, "%s%s",
                                   line->used > 0 ? ", " : "", part);
  }
}

/* "12 answers": the member's number and words of our own. */
static void page_add_count(struct page_line *line, const json_t *object, const char *key,
                           const char *words)
{
  char text[OUTPUT_TEXT_MAX];
  page_add(line, "%s %s", output_count(json_get_count(object, key), text), words);
}

/* By the collector's clock on both sides. */
static const char *page_heard(const json_t *answer, const json_t *sensor, char text[64])
{
  char span[OUTPUT_TEXT_MAX];
  const char *since = output_span_between(json_get_text(sensor, "last_heard", ""),
                                          json_get_text(answer, "now", ""), span);
  if (since == NULL) {
    return "never heard";
  }
  snprintf(text, 64, "heard %s ago", since);
  return text;
}

/* Name and state first, in the state's tone; then what does not change while it runs. */
static void page_print_identity(const json_t *answer, const json_t *sensor,
                                const struct output *out)
{
  char heard[64];
  struct page_line line = {.used = 0};
  const char *state = json_get_text(sensor, "state", "?");
  enum output_tone tone = strcmp(state, "silent") == 0 ? OUTPUT_BAD : OUTPUT_PLAIN;
  output_print(out, strcmp(state, "live") == 0 ? OUTPUT_GOOD : tone, "sensor      %s, %s, %s\n",
               json_get_text(sensor, "name", "?"), state, page_heard(answer, sensor, heard));
  output_print(out, OUTPUT_PLAIN, "software    %s, started as %s\n",
               json_get_text(sensor, "software", "?"), json_get_text(sensor, "boot", "?"));
  size_t i;
  json_t *address;
  json_array_foreach(json_object_get(sensor, "addresses"), i, address)
  {
    page_add(&line, "%s", json_is_string(address) ? json_string_value(address) : "?");
  }
  output_print(out, OUTPUT_PLAIN, "addresses   %s\n", line.used > 0 ? line.text : "none told");
}

/* "+1.250 ms, known to 0.080 ms". */
static void page_print_clock(const json_t *sensor, const struct output *out)
{
  bool is_bad = json_is_true(json_object_get(sensor, "clock_bad"));
  int64_t shift = json_get_int(sensor, "shift_seconds", 0);
  if (!json_is_integer(json_object_get(sensor, "clock_offset_ns"))) {
    output_print(out, OUTPUT_PLAIN, "clock       not measured\n");
    return;
  }
  double ms = (double)json_get_int(sensor, "clock_offset_ns", 0) / (double)NS_PER_MS;
  double within_ms = (double)json_get_int(sensor, "clock_uncertainty_ns", 0) / (double)NS_PER_MS;
  output_print(out, is_bad ? OUTPUT_BAD : OUTPUT_PLAIN,
               "clock       the collector's is %+.3f ms from it, known to %.3f ms; its seconds are "
               "shifted by %lld\n",
               ms, within_ms, (long long)shift);
}

/* Its records since the collector started, and what it costs its host. */
static void page_print_health(const json_t *sensor, const struct output *out)
{
  char memory[OUTPUT_TEXT_MAX];
  struct output bytes = *out;
  struct page_line line = {.used = 0};
  bytes.is_bits = false; /* nobody asks for memory in bits */
  page_add_count(&line, sensor, "records", "records");
  page_add_count(&line, sensor, "late", "late");
  page_add_count(&line, sensor, "repeated", "repeated");
  page_add_count(&line, sensor, "gaps", "missing");
  page_add_count(&line, sensor, "refused", "refused");
  bool is_lost = json_get_count(sensor, "gaps") + json_get_count(sensor, "refused") > 0;
  output_print(out, is_lost ? OUTPUT_WARN : OUTPUT_PLAIN, "sent        %s\n", line.text);
  output_print(out, OUTPUT_PLAIN, "costs       %.2f %% of a core, %s of memory\n",
               json_get_number(sensor, "cpu_percent", 0),
               output_bytes(&bytes, json_get_count(sensor, "resident_bytes"), memory));
}

/* How far the numbers below can be trusted: the part of the flows, and each measure by name. */
static void page_print_sampling(const json_t *minute, const struct output *out)
{
  struct page_line line = {.used = 0};
  const char *sampling = json_get_text(minute, "sampling", "?");
  bool is_exact = strcmp(sampling, "exact") == 0;
  const char *measure;
  json_t *quality;
  json_object_foreach(json_object_get(minute, "quality"), measure, quality)
  {
    const char *word = json_is_string(quality) ? json_string_value(quality) : "?";
    is_exact = is_exact && strcmp(word, "exact") == 0;
    page_add(&line, "%s %s", measure, word);
  }
  output_print(out, is_exact ? OUTPUT_PLAIN : OUTPUT_WARN, "sampling    %s%s%s\n", sampling,
               line.used > 0 ? "; measures: " : "", line.text);
}

/* Captured, own and lost packets of those that the kernel counted. */
static void page_seen_cell(struct table *table, const json_t *interface)
{
  bool is_filtered = json_is_true(json_object_get(interface, "filtered"));
  if (is_filtered) {
    table_cell(table, OUTPUT_WARN, "filtered");
  } else if (json_is_number(json_object_get(interface, "seen_percent"))) {
    table_cell(table, OUTPUT_PLAIN, "%.2f %%", json_get_number(interface, "seen_percent", 0));
  } else {
    table_cell(table, OUTPUT_PLAIN, "-");
  }
}

/* One row: the account in packets, as SEEN is one of packets; the volume beside it. */
static void page_interface_row(struct table *table, const json_t *interface,
                               const struct output *out)
{
  char text[OUTPUT_TEXT_MAX];
  const json_t *kernel = json_object_get(interface, "kernel");
  bool is_up = json_is_true(json_object_get(interface, "up"));
  uint64_t packets = json_get_count(kernel, "rx_packets") + json_get_count(kernel, "tx_packets");
  table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(interface, "name", "?"));
  table_cell(table, is_up ? OUTPUT_GOOD : OUTPUT_BAD, "%s", is_up ? "up" : "down");
  table_cell(table, OUTPUT_PLAIN, "%s", json_is_object(kernel) ? output_count(packets, text) : "-");
  table_cell(table, OUTPUT_PLAIN, "%s",
             output_count(json_get_count(interface, "captured_packets"), text));
  table_cell(table, OUTPUT_PLAIN, "%s",
             output_count(json_get_count(interface, "own_packets"), text));
  table_count(table, json_get_count(interface, "capture_dropped"), OUTPUT_WARN);
  table_count(table, json_get_count(interface, "interface_dropped"), OUTPUT_WARN);
  page_seen_cell(table, interface);
  table_cell(table, OUTPUT_PLAIN, "%s",
             output_bytes(out, json_get_count(interface, "captured_bytes"), text));
  table_count(table, json_get_count(kernel, "rx_errors") + json_get_count(kernel, "tx_errors"),
              OUTPUT_WARN);
  table_count(table, json_get_count(kernel, "rx_dropped") + json_get_count(kernel, "tx_dropped"),
              OUTPUT_WARN);
}

/* Each interface with its account over the minute. */
static void page_print_interfaces(const json_t *minute, const struct output *out)
{
  static const struct table_column columns[] = {
      {"INTERFACE", TABLE_LEFT, 0},     {"LINK", TABLE_LEFT, 4},
      {"KERNEL", TABLE_RIGHT, 0},       {"CAPTURED", TABLE_RIGHT, 0},
      {"OWN", TABLE_RIGHT, 3},          {"RING DROPS", TABLE_RIGHT, 0},
      {"DEVICE DROPS", TABLE_RIGHT, 2}, {"SEEN", TABLE_RIGHT, 0},
      {"VOLUME", TABLE_RIGHT, 1},       {"ERRORS", TABLE_RIGHT, 5},
      {"KERNEL DROPS", TABLE_RIGHT, 6},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *interface;
  json_array_foreach(json_object_get(minute, "interfaces"), i, interface)
  {
    page_interface_row(table, interface, out);
  }
  table_print(table, out);
  table_free(table);
}

/* Rows of {"packets","bytes","payload_bytes"}: by direction, or by protocol. */
static void page_print_traffic(json_t *rows, const char *title, const struct output *out)
{
  const struct table_column columns[] = {
      {title, TABLE_LEFT, 0},
      {"VOLUME", TABLE_RIGHT, 0},
      {"PAYLOAD", TABLE_RIGHT, 1},
      {"PACKETS", TABLE_RIGHT, 0},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  const char *name;
  json_t *row;
  json_object_foreach(rows, name, row)
  {
    char text[OUTPUT_TEXT_MAX];
    table_cell(table, OUTPUT_PLAIN, "%s", name);
    table_cell(table, OUTPUT_BOLD, "%s", output_bytes(out, json_get_count(row, "bytes"), text));
    table_cell(table, OUTPUT_PLAIN, "%s",
               output_bytes(out, json_get_count(row, "payload_bytes"), text));
    table_cell(table, OUTPUT_PLAIN, "%s", output_count(json_get_count(row, "packets"), text));
  }
  fputc('\n', out->file);
  table_print(table, out);
  table_free(table);
}

/* "0.25 ms": handshakes of a data centre and of a mobile network alike. */
static const char *page_ms(const json_t *tcp, const char *key, char text[OUTPUT_TEXT_MAX])
{
  snprintf(text, OUTPUT_TEXT_MAX, "%.3g ms", json_get_number(tcp, key, 0) / 1000);
  return text;
}

/* Connections, then how long their handshakes took. */
static void page_print_tcp(const json_t *tcp, const struct output *out)
{
  char p50[OUTPUT_TEXT_MAX], p95[OUTPUT_TEXT_MAX], count[OUTPUT_TEXT_MAX];
  struct page_line line = {.used = 0};
  page_add_count(&line, tcp, "attempts", "attempts");
  page_add_count(&line, tcp, "answered", "answered");
  page_add_count(&line, tcp, "refused", "refused");
  page_add_count(&line, tcp, "half_open_still", "half open still");
  page_add_count(&line, tcp, "resets", "resets");
  page_add_count(&line, tcp, "retransmitted", "segments retransmitted");
  output_print(out, OUTPUT_PLAIN, "tcp         %s\n", line.text);
  if (json_is_number(json_object_get(tcp, "handshake_p50_us"))) {
    output_print(out, OUTPUT_PLAIN, "handshakes  half within %s, 95 %% within %s, of %s\n",
                 page_ms(tcp, "handshake_p50_us", p50), page_ms(tcp, "handshake_p95_us", p95),
                 output_count(json_get_count(tcp, "handshakes"), count));
  } else {
    output_print(out, OUTPUT_PLAIN, "handshakes  none\n");
  }
}

/* What is no conversation: DNS, fragments, what offloads joined, tunnels. */
static void page_print_packets(const json_t *minute, const struct output *out)
{
  char headers[OUTPUT_TEXT_MAX];
  struct page_line dns = {.used = 0}, fragments = {.used = 0}, segments = {.used = 0};
  const json_t *object = json_object_get(minute, "dns");
  page_add_count(&dns, object, "questions", "questions");
  page_add_count(&dns, object, "answers", "answers");
  page_add_count(&dns, object, "failures", "failures");
  output_print(out, OUTPUT_PLAIN, "dns         %s\n", dns.text);
  object = json_object_get(minute, "fragments");
  page_add_count(&fragments, object, "fragments", "fragments");
  page_add_count(&fragments, object, "unmatched", "without a first one");
  page_add_count(&fragments, object, "folded", "without room in the table");
  output_print(out, OUTPUT_PLAIN, "fragments   %s\n", fragments.text);
  object = json_object_get(minute, "super_segments");
  page_add_count(&segments, object, "segments", "super-segments");
  page_add_count(&segments, object, "wire_packets", "packets that they were on the wire");
  page_add(&segments, "%s of headers left out",
           output_bytes(out, json_get_count(object, "header_bytes"), headers));
  output_print(out, OUTPUT_PLAIN, "offloads    %s (an estimate)\n", segments.text);
  output_print(out, OUTPUT_PLAIN, "tunnels     %s packets with an inner flow\n",
               output_count(json_get_count(minute, "tunnelled_packets"), headers));
}

/* Estimates; what no record told is not there. */
static void page_print_distinct(const json_t *distinct, const struct output *out)
{
  static const char *const keys[] = {"addresses_estimate", "clients_estimate", "servers_estimate",
                                     "services_estimate"};
  static const char *const titles[] = {"addresses", "clients", "servers", "services"};
  struct page_line line = {.used = 0};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (json_is_number(json_object_get(distinct, keys[i]))) {
      page_add_count(&line, distinct, keys[i], titles[i]);
    }
  }
  output_print(out, OUTPUT_PLAIN, "distinct    about %s\n", line.text);
}

/* Every counter of a ledger that is not zero, by its name; "none" is a good word. */
static void page_print_losses(json_t *counters, const char *title, const struct output *out)
{
  /* Sums of everything, and what has lines of its own. */
  static const char *const passed[] = {"frames", "wire_bytes", "own_frames", "fragments_unmatched",
                                       "fragments_folded"};
  struct page_line line = {.used = 0};
  const char *name;
  json_t *count;
  json_object_foreach(counters, name, count)
  {
    bool is_passed = !json_is_integer(count) || json_integer_value(count) == 0;
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
      is_passed = is_passed || strcmp(name, passed[i]) == 0;
    }
    if (!is_passed) {
      char text[OUTPUT_TEXT_MAX];
      page_add(&line, "%s %s", name, output_count((uint64_t)json_integer_value(count), text));
    }
  }
  output_print(out, line.used > 0 ? OUTPUT_WARN : OUTPUT_PLAIN, "%s%s\n", title,
               line.used > 0 ? line.text : "none");
}

/* The whole page; the last lines say of which time it speaks, as every answer does. */
static void page_print(const json_t *answer, const struct output *out)
{
  char from[OUTPUT_TEXT_MAX], until[OUTPUT_TEXT_MAX], records[OUTPUT_TEXT_MAX];
  const json_t *sensor = json_object_get(answer, "sensor");
  const json_t *minute = json_object_get(answer, "minute");
  const json_t *window = json_object_get(minute, "window");
  json_t *ledger = json_object_get(minute, "ledger");
  page_print_identity(answer, sensor, out);
  page_print_clock(sensor, out);
  page_print_health(sensor, out);
  page_print_sampling(minute, out);
  fputc('\n', out->file);
  page_print_interfaces(minute, out);
  page_print_traffic(json_object_get(minute, "directions"), "DIRECTION", out);
  page_print_traffic(json_object_get(minute, "protocols"), "PROTOCOL", out);
  fputc('\n', out->file);
  page_print_tcp(json_object_get(minute, "tcp_flows"), out);
  page_print_packets(minute, out);
  page_print_distinct(json_object_get(minute, "distinct"), out);
  page_print_losses(json_object_get(ledger, "undecoded"), "undecoded   ", out);
  page_print_losses(ledger, "lost        ", out);
  output_print(
      out, json_get_count(minute, "records") > 0 ? OUTPUT_PLAIN : OUTPUT_WARN,
      "window      %s .. %s, records of %s of its seconds; 'sent' since the collector started\n",
      output_time_text(out, json_get_text(window, "from", NULL), from),
      output_time_text(out, json_get_text(window, "until", NULL), until),
      output_count(json_get_count(minute, "records"), records));
}

/* The verdict of `sensors`, of one. */
static int page_judge(const json_t *answer)
{
  const json_t *sensor = json_object_get(answer, "sensor");
  return strcmp(json_get_text(sensor, "state", ""), "silent") == 0 ? OPTIONS_EXIT_TROUBLE
                                                                   : OPTIONS_EXIT_GOOD;
}

/* The name goes into a path: it is checked here, so that nothing but a name can get there. */
int sensor_page_run(const struct options *options)
{
  char path[128];
  const char *name = options->word[1];
  if (keys_check_name(name) != 0) {
    output_complain("sensors: '%s' is no sensor's name: expected 1 to 63 letters, digits, '.', "
                    "'_' or '-', not starting with '.' or '-'",
                    name);
    return OPTIONS_EXIT_USAGE;
  }
  snprintf(path, sizeof path, "/v1/sensors/%s", name);
  const struct question question = {path, page_print, page_judge};
  return question_run(options, &question);
}
