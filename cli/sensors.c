/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors for people. Each way in which a sensor can lose something has a column: ring and device
 * drops, frames that could not be decoded, records that never came or came late (P2). */
#include "cli/sensors.h"

#include <math.h>
#include <string.h>

#include "cli/question.h"
#include "cli/sensor_page.h"
#include "cli/table.h"
#include "cli/words.h"
#include "common/clock.h"

/* Who left said goodbye: that is neither good nor bad. */
static enum output_tone sensors_tone(const json_t *sensor)
{
  const char *state = json_get_text(sensor, "state", "");
  if (strcmp(state, "live") == 0) {
    return OUTPUT_GOOD;
  }
  return strcmp(state, "silent") == 0 ? OUTPUT_BAD : OUTPUT_PLAIN;
}

/* "+1.2 ms", "-" while it is not measured. */
static void sensors_clock_cell(struct table *table, const json_t *sensor)
{
  const json_t *offset = json_object_get(sensor, "clock_offset_ns");
  bool is_bad = json_is_true(json_object_get(sensor, "clock_bad"));
  if (!json_is_integer(offset)) {
    table_cell(table, OUTPUT_PLAIN, "-");
    return;
  }
  /* Milliseconds where clocks are good, seconds where they are not. */
  double ms = (double)json_integer_value(offset) / (double)NS_PER_MS;
  enum output_tone tone = is_bad ? OUTPUT_BAD : OUTPUT_PLAIN;
  if (fabs(ms) >= 1000) {
    table_cell(table, tone, "%+.2f s", ms / 1000);
  } else {
    table_cell(table, tone, "%+.1f ms", ms);
  }
}

/* By the collector's clock on both sides, so that ours does not matter. */
static void sensors_heard_cell(struct table *table, const json_t *answer, const json_t *sensor)
{
  char text[OUTPUT_TEXT_MAX];
  const char *since = output_span_between(json_get_text(sensor, "last_heard", ""),
                                          json_get_text(answer, "now", ""), text);
  table_cell(table, OUTPUT_PLAIN, "%s%s", since != NULL ? since : "never",
             since != NULL ? " ago" : "");
}

/* One sensor: liveness, clock, what it saw, what it lost, what it costs. */
static void sensors_row(struct table *table, const json_t *answer, const json_t *sensor,
                        const struct output *out)
{
  char text[OUTPUT_TEXT_MAX];
  struct output bytes = *out;
  bytes.is_bits = false; /* nobody asks for memory in bits */
  table_cell(table, OUTPUT_BOLD, "%s", json_get_text(sensor, "name", "?"));
  table_cell(table, sensors_tone(sensor), "%s", json_get_text(sensor, "state", "?"));
  sensors_heard_cell(table, answer, sensor);
  sensors_clock_cell(table, sensor);
  table_count(table, json_get_count(sensor, "frames"), OUTPUT_PLAIN);
  table_cell(table, OUTPUT_PLAIN, "%s",
             output_bytes(out, json_get_count(sensor, "wire_bytes"), text));
  table_count(table, json_get_count(sensor, "dropped"), OUTPUT_WARN);
  table_count(table, json_get_count(sensor, "undecoded"), OUTPUT_PLAIN);
  table_count(table, json_get_count(sensor, "gaps"), OUTPUT_WARN);
  table_count(table, json_get_count(sensor, "late"), OUTPUT_PLAIN);
  table_cell(table, OUTPUT_PLAIN, "%.2f %%", json_get_number(sensor, "cpu_percent", 0));
  table_cell(table, OUTPUT_PLAIN, "%s",
             output_bytes(&bytes, json_get_count(sensor, "resident_bytes"), text));
  const char *sampling = json_get_text(sensor, "sampling", "-");
  bool is_scaled = strncmp(sampling, "scaled", strlen("scaled")) == 0;
  table_cell(table, is_scaled ? OUTPUT_WARN : OUTPUT_PLAIN, "%s", sampling);
}

/* Captured, own and dropped packets of those that the kernel counted. */
static void sensors_seen_cell(struct table *table, const json_t *interface)
{
  if (json_is_true(json_object_get(interface, "filtered"))) {
    table_cell(table, OUTPUT_PLAIN, "filtered");
  } else if (json_is_number(json_object_get(interface, "seen_percent"))) {
    table_cell(table, OUTPUT_PLAIN, "%.1f %%", json_get_number(interface, "seen_percent", 0));
  } else {
    table_cell(table, OUTPUT_PLAIN, "-");
  }
}

/* The link's speed, and how much of it the fuller of its two ways takes. */
static void sensors_speed_cells(struct table *table, const json_t *interface,
                                const struct output *out)
{
  char text[OUTPUT_TEXT_MAX];
  struct output bits = *out;
  bits.is_bits = true; /* as everybody says it */
  uint64_t speed_bps = json_get_count(interface, "speed_bps");
  const json_t *used = json_object_get(interface, "utilisation_percent");
  double rx = json_get_number(used, "rx", 0);
  double tx = json_get_number(used, "tx", 0);
  table_cell(table, OUTPUT_PLAIN, "%s%s",
             speed_bps > 0 ? output_bytes(&bits, speed_bps / 8, text) : "-",
             speed_bps > 0 ? "/s" : "");
  if (json_is_object(used)) {
    table_cell(table, OUTPUT_PLAIN, "%.1f %%", rx > tx ? rx : tx);
  } else {
    table_cell(table, OUTPUT_PLAIN, "-");
  }
}

/* Kernel counters beside what was captured: the two should agree up to own traffic and drops. */
static void sensors_print_interfaces(const json_t *sensors, const struct output *out)
{
  static const struct table_column columns[] = {
      {"INTERFACE", TABLE_LEFT, 0},     {"LINK", TABLE_LEFT, 1},
      {"KERNEL RX", TABLE_RIGHT, 0},    {"KERNEL TX", TABLE_RIGHT, 0},
      {"CAPTURED", TABLE_RIGHT, 0},     {"OWN", TABLE_RIGHT, 4},
      {"SEEN", TABLE_RIGHT, 1},         {"RING DROPS", TABLE_RIGHT, 2},
      {"DEVICE DROPS", TABLE_RIGHT, 3}, {"SPEED", TABLE_RIGHT, 6},
      {"USED", TABLE_RIGHT, 5},
  };
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i, k;
  json_t *sensor, *interface;
  json_array_foreach(sensors, i, sensor)
  {
    json_array_foreach(json_object_get(sensor, "interfaces"), k, interface)
    {
      char text[OUTPUT_TEXT_MAX];
      const json_t *kernel = json_object_get(interface, "kernel");
      bool is_up = json_is_true(json_object_get(interface, "up"));
      table_cell(table, OUTPUT_PLAIN, "%s/%s", json_get_text(sensor, "name", "?"),
                 json_get_text(interface, "name", "?"));
      table_cell(table, is_up ? OUTPUT_GOOD : OUTPUT_BAD, "%s", is_up ? "up" : "down");
      /* Both directions of the kernel's counters; "-" where the kernel gave none (replay,
       * reset). */
      for (int way = 0; way < 2; way++) {
        uint64_t bytes = json_get_count(kernel, way == 0 ? "rx_bytes" : "tx_bytes");
        table_cell(table, OUTPUT_PLAIN, "%s",
                   json_is_object(kernel) ? output_bytes(out, bytes, text) : "-");
      }
      table_cell(table, OUTPUT_PLAIN, "%s",
                 output_bytes(out, json_get_count(interface, "captured_bytes"), text));
      table_cell(table, OUTPUT_PLAIN, "%s",
                 output_bytes(out, json_get_count(interface, "own_bytes"), text));
      sensors_seen_cell(table, interface);
      table_count(table, json_get_count(interface, "capture_dropped"), OUTPUT_WARN);
      table_count(table, json_get_count(interface, "interface_dropped"), OUTPUT_WARN);
      sensors_speed_cells(table, interface, out);
    }
  }
  table_print(table, out);
  table_free(table);
}

/* Whose counters these are, and since when. */
static void sensors_print_foot(const json_t *answer, const struct output *out)
{
  char now[OUTPUT_TEXT_MAX], known[OUTPUT_TEXT_MAX];
  output_print(out, OUTPUT_PLAIN,
               "\nwindow      counters since the collector first heard each sensor; interfaces: "
               "its newest second\nasked       %s; %s sensors known%s\n",
               output_time_text(out, json_get_text(answer, "now", NULL), now),
               output_count(json_get_count(answer, "known"), known),
               json_is_true(json_object_get(answer, "limited")) ? " (not all are shown)" : "");
  output_print(out, OUTPUT_PLAIN,
               "counted     frames by each sensor that saw them; dropped: by ring and device; "
               "missing: records that never came\n");
}

/* Columns that say "all is well" leave first on a narrow terminal, losses last. */
static void sensors_print(const json_t *answer, const struct output *out)
{
  static const struct table_column columns[] = {
      {"SENSOR", TABLE_LEFT, 0},   {"STATE", TABLE_LEFT, 0},      {"HEARD", TABLE_RIGHT, 0},
      {"CLOCK", TABLE_RIGHT, 3},   {"FRAMES", TABLE_RIGHT, 1},    {"ON THE WIRE", TABLE_RIGHT, 2},
      {"DROPPED", TABLE_RIGHT, 0}, {"UNDECODED", TABLE_RIGHT, 7}, {"MISSING", TABLE_RIGHT, 4},
      {"LATE", TABLE_RIGHT, 8},    {"CPU", TABLE_RIGHT, 5},       {"MEMORY", TABLE_RIGHT, 6},
      {"SAMPLING", TABLE_LEFT, 9},
  };
  /* No early return: the footer says who was asked, and when. */
  const json_t *sensors = json_object_get(answer, "sensors");
  if (json_array_size(sensors) == 0) {
    output_print(out, OUTPUT_WARN, "no sensor has said HELLO yet\n");
  }
  struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
  size_t i;
  json_t *sensor;
  json_array_foreach(sensors, i, sensor)
  {
    sensors_row(table, answer, sensor, out);
  }
  table_print(table, out);
  table_free(table);
  fputc('\n', out->file);
  sensors_print_interfaces(sensors, out);
  sensors_print_foot(answer, out);
}

/* A sensor that left is no trouble; one that fell silent is. */
static int sensors_judge(const json_t *answer)
{
  size_t i;
  json_t *sensor;
  json_array_foreach(json_object_get(answer, "sensors"), i, sensor)
  {
    if (strcmp(json_get_text(sensor, "state", ""), "silent") == 0) {
      return OPTIONS_EXIT_TROUBLE;
    }
  }
  return OPTIONS_EXIT_GOOD;
}

/* All of them, or one on a page. */
int sensors_run(const struct options *options)
{
  if (options->word_count > 2) {
    return words_refuse("sensors: ", options->word[2], NULL, 0);
  }
  if (options->word_count == 2) {
    return sensor_page_run(options);
  }
  const struct question question = {"/v1/sensors", sensors_print, sensors_judge};
  return question_run(options, &question);
}
