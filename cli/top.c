/* SPDX-License-Identifier: Apache-2.0 */
/* Rankings for people. The three views share their volume columns; replay prints its rankings
 * through the same functions, so that both look alike. */
#include "cli/top.h"

#include <string.h>

#include "cli/question.h"
#include "cli/table.h"
#include "cli/words.h"

/* What can be ranked; the collector has a path of the same name for each. */
struct top_kind {
  const char *name; /* the word, and the answer's key */
  void (*print)(const json_t *rows, const struct output *out);
};

/* The word of the command line, the path's last part and the answer's key are one and the same. */
static const struct top_kind top_kinds[] = {
    {"hosts", top_print_hosts},
    {"conversations", top_print_conversations},
    {"ports", top_print_ports},
};
#define TOP_KINDS (sizeof top_kinds / sizeof top_kinds[0])

/* One number of a member {"packets","bytes","payload_bytes"}. */
static uint64_t top_number(const json_t *row, const char *way, const char *key)
{
  int64_t value = json_get_int(json_object_get(row, way), key, 0);
  return value > 0 ? (uint64_t)value : 0;
}

/* The volume each way, the sum, and the packets: four cells. */
static void top_cells(struct table *table, const struct output *out, const json_t *row,
                      const char *one, const char *other)
{
  char text[OUTPUT_TEXT_MAX];
  uint64_t first = top_number(row, one, "bytes"), second = top_number(row, other, "bytes");
  uint64_t packets = top_number(row, one, "packets") + top_number(row, other, "packets");
  table_cell(table, OUTPUT_BOLD, "%s", output_bytes(out, first + second, text));
  table_cell(table, OUTPUT_PLAIN, "%s", output_bytes(out, first, text));
  table_cell(table, OUTPUT_PLAIN, "%s", output_bytes(out, second, text));
  table_cell(table, OUTPUT_PLAIN, "%s", output_count(packets, text));
}

/* "443/tcp"; without a port the protocol alone. */
static void top_service(struct table *table, const json_t *row, const char *port_key)
{
  long long port = (long long)json_get_int(row, port_key, 0);
  const char *protocol = json_get_text(row, "protocol", "?");
  if (port > 0) {
    table_cell(table, OUTPUT_PLAIN, "%lld/%s", port, protocol);
  } else {
    table_cell(table, OUTPUT_PLAIN, "%s", protocol);
  }
}

/* No bound holds for what nobody looked at. */
static void top_error_cell(struct table *table, const json_t *row, const struct output *out)
{
  char text[OUTPUT_TEXT_MAX];
  int64_t error = json_get_int(row, "error_bytes", 0);
  if (json_is_true(json_object_get(row, "partial"))) {
    table_cell(table, OUTPUT_WARN, "not known");
  } else {
    table_cell(table, OUTPUT_PLAIN, "%s",
               error > 0 ? output_bytes(out, (uint64_t)error, text) : "exact");
  }
}

/* A host with a sensor names it; how much more it may have moved stands in the last column. */
void top_print_hosts(const json_t *rows, const struct output *out)
{
  static const struct table_column columns[] = {
      {"HOST", TABLE_LEFT, 0},          {"SENSOR", TABLE_LEFT, 1},    {"TOTAL", TABLE_RIGHT, 0},
      {"SENT", TABLE_RIGHT, 0},         {"RECEIVED", TABLE_RIGHT, 0}, {"PACKETS", TABLE_RIGHT, 2},
      {"AT MOST MORE", TABLE_RIGHT, 3},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "address", "?"));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "sensor", "-"));
    top_cells(table, out, row, "tx", "rx");
    top_error_cell(table, row, out);
  }
  table_print(table, out);
  table_free(table);
}

/* Who was taken for the client, and by how many sensors the conversation was seen, tell how far to
 * trust a row. */
void top_print_conversations(const json_t *rows, const struct output *out)
{
  static const struct table_column columns[] = {
      {"CLIENT", TABLE_LEFT, 0},    {"SERVER", TABLE_LEFT, 0},     {"SERVICE", TABLE_LEFT, 0},
      {"TOTAL", TABLE_RIGHT, 0},    {"TO SERVER", TABLE_RIGHT, 1}, {"TO CLIENT", TABLE_RIGHT, 1},
      {"PACKETS", TABLE_RIGHT, 3},  {"FLOWS", TABLE_RIGHT, 2},     {"SEEN BY", TABLE_RIGHT, 4},
      {"CLIENT IS", TABLE_LEFT, 5},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    char text[OUTPUT_TEXT_MAX];
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "client", "(many)"));
    table_cell(table, OUTPUT_PLAIN, "%s", json_get_text(row, "server", "(many)"));
    top_service(table, row, "server_port");
    top_cells(table, out, row, "out", "in");
    table_cell(table, OUTPUT_PLAIN, "%s",
               output_count((uint64_t)json_get_int(row, "flows", 0), text));
    table_cell(table, OUTPUT_PLAIN, "%lld", (long long)json_get_int(row, "witnesses", 0));
    table_cell(table, OUTPUT_PLAIN, "%s",
               json_is_true(json_object_get(row, "guessed")) ? "guessed" : "known");
  }
  table_print(table, out);
  table_free(table);
}

/* By service port, all clients and servers together. */
void top_print_ports(const json_t *rows, const struct output *out)
{
  static const struct table_column columns[] = {
      {"SERVICE", TABLE_LEFT, 0},    {"TOTAL", TABLE_RIGHT, 0},   {"TO SERVER", TABLE_RIGHT, 0},
      {"TO CLIENT", TABLE_RIGHT, 0}, {"PACKETS", TABLE_RIGHT, 2}, {"FLOWS", TABLE_RIGHT, 1},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    char text[OUTPUT_TEXT_MAX];
    top_service(table, row, "port");
    top_cells(table, out, row, "out", "in");
    table_cell(table, OUTPUT_PLAIN, "%s",
               output_count((uint64_t)json_get_int(row, "flows", 0), text));
  }
  table_print(table, out);
  table_free(table);
}

/* How far the numbers may be off stands beside them (P1), not in a footnote. */
void top_print_totals(const json_t *totals, const struct output *out)
{
  bool is_partial = json_is_true(json_object_get(totals, "partial"));
  const char *bound = is_partial ? "; " : "; at most ";
  char counted[OUTPUT_TEXT_MAX], packets[OUTPUT_TEXT_MAX], error[OUTPUT_TEXT_MAX];
  int64_t error_bytes = json_get_int(totals, "error_bytes", 0);
  output_print(out, error_bytes > 0 || is_partial ? OUTPUT_WARN : OUTPUT_PLAIN,
               "total       %s, %s packets in all conversations%s%s%s%s\n",
               output_bytes(out, top_number(totals, "counted", "bytes"), counted),
               output_count(top_number(totals, "counted", "packets"), packets),
               error_bytes > 0 ? bound : "",
               error_bytes > 0 ? output_bytes(out, (uint64_t)error_bytes, error) : "",
               error_bytes > 0 ? " more, folded or unconfirmed" : "",
               is_partial ? "; and what was not looked at" : "");
}

/* What was asked and what the records cover need not be the same: both are told. */
static void top_print_foot(const json_t *answer, const struct output *out)
{
  char from[OUTPUT_TEXT_MAX], until[OUTPUT_TEXT_MAX];
  const json_t *asked = json_object_get(answer, "asked");
  if (json_is_object(json_object_get(answer, "totals"))) {
    top_print_totals(json_object_get(answer, "totals"), out);
  }
  if (json_is_object(asked)) {
    output_print(out, OUTPUT_PLAIN, "asked       %s .. %s\n",
                 output_time_text(out, json_get_text(asked, "from", NULL), from),
                 output_time_text(out, json_get_text(asked, "until", NULL), until));
  }
  if (json_is_true(json_object_get(answer, "limited"))) {
    output_print(out, OUTPUT_WARN,
                 "limited     older records of the range were not read: ask for a shorter one\n");
  }
  question_footer(answer, out);
}

/* The answer has one array of rows, under the name of its kind. */
static void top_print(const json_t *answer, const struct output *out)
{
  for (size_t k = 0; k < TOP_KINDS; k++) {
    const json_t *rows = json_object_get(answer, top_kinds[k].name);
    if (rows != NULL && json_array_size(rows) == 0) {
      output_print(out, OUTPUT_WARN, "nothing to show: %s\n",
                   json_get_text(answer, "message", "no IP traffic in this range"));
    } else if (rows != NULL) {
      top_kinds[k].print(rows, out);
    }
  }
  fputc('\n', out->file);
  top_print_foot(answer, out);
}

/* Defaults are the manual page's: hosts, five minutes, ten rows. */
int top_run(const struct options *options)
{
  /* The known words are the table's; the first row is the default. */
  const char *names[TOP_KINDS], *kind = "hosts";
  bool is_known = options->word_count < 2;
  for (size_t k = 0; k < TOP_KINDS; k++) {
    names[k] = top_kinds[k].name;
    if (options->word_count >= 2 && strcmp(options->word[1], names[k]) == 0) {
      kind = names[k];
      is_known = true;
    }
  }
  if (!is_known) {
    return words_refuse("top: ", options->word[1], names, TOP_KINDS);
  }
  if (options->word_count > 2) {
    return words_refuse("top: ", options->word[2], NULL, 0);
  }
  char path[128];
  /* --last was checked by options.c: nothing but a duration can get into the path. */
  snprintf(path, sizeof path, "/v1/top/%s?last=%s&limit=%d", kind,
           options->last != NULL ? options->last : "5m", options->limit > 0 ? options->limit : 10);
  struct question question = {path, top_print, NULL};
  return question_run(options, &question);
}
