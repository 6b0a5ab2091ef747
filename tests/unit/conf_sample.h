/* SPDX-License-Identifier: Apache-2.0 */
/* A small table that uses every type, for the tests and the fuzz target of the configuration. */
#ifndef TESTS_UNIT_CONF_SAMPLE_H
#define TESTS_UNIT_CONF_SAMPLE_H

#include "common/conf.h"

struct sample_rule {
  char *name;
  double above;
  int64_t for_ns;
  struct conf_list hosts;
};

struct sample_sensor {
  char *name;
  struct conf_list addresses;
  char *note;
};

struct sample {
  char *collector;
  bool is_on;
  int64_t slots;
  int64_t buffer_bytes;
  int64_t idle_ns;
  double share;
  char *filter;
  int level;
  struct conf_list interfaces;
  struct conf_array rules;
  struct conf_array sensors;
};

static const char *const sample_levels[] = {"error", "warning", "info", NULL};

static const char *sample_check_name(const char *value)
{
  for (const char *at = value; *at != '\0'; at++) {
    if ((*at < 'a' || *at > 'z') && (*at < '0' || *at > '9')) {
      return "small letters and digits";
    }
  }
  return value[0] != '\0' ? NULL : "small letters and digits";
}

static const struct conf_row sample_rule_rows[] = {
    {"name", CONF_TEXT, offsetof(struct sample_rule, name), NULL, "What the rule is called", 0, 0,
     NULL, NULL, 0, sample_check_name},
    {"above", CONF_NUMBER, offsetof(struct sample_rule, above), "-1", "The bound", 0, 1e12, NULL,
     NULL, 0, NULL},
    {"for", CONF_DURATION, offsetof(struct sample_rule, for_ns), "1s", "How long", 0, 0, NULL, NULL,
     0, NULL},
    {"match.hosts", CONF_LIST, offsetof(struct sample_rule, hosts), "", "Which hosts", 0, 0, NULL,
     NULL, 0, NULL},
    {.key = NULL},
};

static const struct conf_row sample_sensor_rows[] = {
    {"name", CONF_TEXT, offsetof(struct sample_sensor, name), NULL, "Its name", 0, 0, NULL, NULL, 0,
     sample_check_name},
    {"addresses", CONF_LIST, offsetof(struct sample_sensor, addresses), "", "Its addresses", 0, 0,
     NULL, NULL, 0, NULL},
    {"note", CONF_TEXT, offsetof(struct sample_sensor, note), "", "Words of the operator's", 0, 0,
     NULL, NULL, 0, NULL},
    {.key = NULL},
};

static const struct conf_row sample_rows[] = {
    {"collector", CONF_TEXT, offsetof(struct sample, collector), "localhost:7461",
     "Where the collector listens", 0, 0, NULL, NULL, 0, NULL},
    {"enabled", CONF_BOOL, offsetof(struct sample, is_on), "true", "Whether it runs", 0, 0, NULL,
     NULL, 0, NULL},
    {"capture.slots", CONF_COUNT, offsetof(struct sample, slots), "65536", "Flow slots", 16, 1e9,
     NULL, NULL, 0, NULL},
    {"capture.buffer", CONF_BYTES, offsetof(struct sample, buffer_bytes), "8 MiB", "Ring", 65536,
     1073741824, NULL, NULL, 0, NULL},
    {"capture.filter", CONF_TEXT, offsetof(struct sample, filter), "",
     "A \"pcap-filter\" expression \\ what it excludes is declared", 0, 0, NULL, NULL, 0, NULL},
    {"capture.idle", CONF_DURATION, offsetof(struct sample, idle_ns), "90s", "Idle time-out", 1e9,
     0, NULL, NULL, 0, NULL},
    {"share", CONF_NUMBER, offsetof(struct sample, share), "0.5", "Share of a core", 0, 1, NULL,
     NULL, 0, NULL},
    {"log.level", CONF_CHOICE, offsetof(struct sample, level), "info", "How much is logged", 0, 0,
     sample_levels, NULL, 0, NULL},
    {"interfaces", CONF_LIST, offsetof(struct sample, interfaces), "auto", "Names, or auto", 0, 0,
     NULL, NULL, 0, sample_check_name},
    {"rules", CONF_SEQUENCE, offsetof(struct sample, rules), "", "Rules", 0, 0, NULL,
     sample_rule_rows, sizeof(struct sample_rule), NULL},
    {"sensors", CONF_NAMED, offsetof(struct sample, sensors), "", "Sensors", 0, 0, NULL,
     sample_sensor_rows, sizeof(struct sample_sensor), NULL},
    {.key = NULL},
};

#endif
