/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of collector.yaml, and how a file becomes settings. The table below is long and flat on
 * purpose: one row a key, in the order in which --print-config and the manual page show them. What
 * a row cannot say (two keys that exclude one another, which metric fits which scope) is in
 * settings_check.c. */
#include "collector/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* Rows carry their limits as doubles; durations count in nanoseconds. */
#define SECONDS(n) ((n)*1e9)
#define HOURS(n)   ((n)*3600e9)
#define DAYS(n)    ((n)*86400e9)

const char *const severity_names[] = {"info", "warning", "critical", NULL};
const char *const rule_metric_names[] = {
    "bytes_per_s", "packets_per_s", "drops_per_s", "errors_per_s",
    "syn_per_s",   "flows",         "addresses",   NULL};
const char *const rule_scope_names[] = {"fleet", "sensor", "interface", "host", NULL};
const char *const receiver_type_names[] = {"generic", "slack", "pagerduty", NULL};

/* The rule that everybody starts with, in the words of the file, so that one path reads both. */
static const char seed_rule_text[] = "rules:\n"
                                     "  - name: interface-load\n"
                                     "    metric: bytes_per_s\n"
                                     "    scope: interface\n"
                                     "    above: 1000000\n"
                                     "    clear_percent: 90\n"
                                     "    for: 1s\n"
                                     "    hold: 10s\n"
                                     "    severity: warning\n";

/* One entry of `rules:`. A row is {key, kind, offset, default, help, limits}; a default of NULL
 * means that the key must be given. */
#define RULE(member) offsetof(struct rule_setting, member)

static const struct conf_row rule_rows[] = {
    {"name", CONF_TEXT, RULE(name), NULL, "name of the rule, in alerts",
     .check = settings_check_name},
    {"metric", CONF_CHOICE, RULE(metric), NULL, "what is measured in each window of a second",
     .choices = rule_metric_names},
    {"scope", CONF_CHOICE, RULE(scope), NULL, "of what it is measured",
     .choices = rule_scope_names},
    {"match", CONF_TEXT, RULE(match), "",
     "shell pattern on the subject: \"web*\", \"db1/eth0\", \"10.0.0.*\"; empty: any",
     .check = settings_check_pattern},
    {"above", CONF_TEXT, RULE(above_text), "",
     "alert above this: 1000000, 10k, 1 MB/s, 8 Mbit/s; exactly one of above and below",
     .check = settings_check_bound},
    {"below", CONF_TEXT, RULE(below_text), "", "alert below this; written as above is",
     .check = settings_check_bound},
    {"clear_percent", CONF_NUMBER, RULE(clear_percent), "90",
     "percent of the bound: 90 clears when 10 % on the good side", .min = 1, .max = 100},
    {"for", CONF_DURATION, RULE(for_ns), "1s",
     "how long it must hold before it fires; 1s: the first window does", .max = DAYS(1)},
    {"hold", CONF_DURATION, RULE(hold_ns), "10s", "how long it must be good before it resolves",
     .max = DAYS(1)},
    {"severity", CONF_CHOICE, RULE(severity), "warning", "how much it matters",
     .choices = severity_names},
    {"enabled", CONF_BOOL, RULE(is_enabled), "true", "false keeps the rule and leaves it out",
     .check = NULL},
    {.key = NULL},
};

/* One entry of `receivers:`. Secrets are named by file, never written here: the configuration may
 * be read by more people than the keys (DESIGN section 9). */
#define RECEIVER(member) offsetof(struct receiver_setting, member)

static const struct conf_row receiver_rows[] = {
    {"name", CONF_TEXT, RECEIVER(name), NULL, "name of the receiver, in logs and in the outbox",
     .check = settings_check_name},
    {"type", CONF_CHOICE, RECEIVER(type), NULL, "the form of what it is sent",
     .choices = receiver_type_names},
    {"url", CONF_TEXT, RECEIVER(url), "",
     "where to send: https; pagerduty: https://events.pagerduty.com/v2/enqueue when empty",
     .check = NULL},
    {"url_file", CONF_TEXT, RECEIVER(url_file), "",
     "file whose first line is the URL, when the URL is a secret (slack)", .check = NULL},
    {"secret_file", CONF_TEXT, RECEIVER(secret_file), "",
     "generic: file with the HMAC-SHA256 key of Seine-Signature; empty: not signed", .check = NULL},
    {"routing_key_file", CONF_TEXT, RECEIVER(routing_key_file), "",
     "pagerduty: file with the integration's routing key", .check = NULL},
    {"ca_file", CONF_TEXT, RECEIVER(ca_file), "", "certificates to trust, PEM; empty: the system's",
     .check = NULL},
    {"allow_http", CONF_BOOL, RECEIVER(allow_http), "false",
     "true permits http:// URLs; needed on the loopback too", .check = NULL},
    {"min_severity", CONF_CHOICE, RECEIVER(min_severity), "warning",
     "lesser alerts are not sent here", .choices = severity_names},
    {"timeout", CONF_DURATION, RECEIVER(timeout_ns), "10s", "of one attempt", .min = SECONDS(0.1),
     .max = SECONDS(120)},
    {"retry_first", CONF_DURATION, RECEIVER(retry_first_ns), "1s",
     "wait before the second attempt; doubled each time, with jitter", .min = SECONDS(0.1),
     .max = HOURS(1)},
    {"retry_max", CONF_DURATION, RECEIVER(retry_max_ns), "5m", "longest wait between two attempts",
     .min = SECONDS(0.1), .max = DAYS(1)},
    {.key = NULL},
};

/* One entry below `sensors:`, whose key is the sensor's name. */
#define SENSOR(member) offsetof(struct sensor_setting, member)

static const struct conf_row sensor_rows[] = {
    {"name", CONF_TEXT, SENSOR(name), NULL,
     "the sensor's name; in a replay the capture's file name", .check = settings_check_sensor},
    {"addresses", CONF_LIST, SENSOR(addresses), "", "addresses or networks that are its own",
     .check = settings_check_network},
    {.key = NULL},
};

/* The file itself. Dots in a key are levels of YAML: keep.seconds is `seconds` below `keep`. */
#define TOP(member) offsetof(struct collector_settings, member)

/* Who and where; how long things are kept; windows and alerts; rules; detectors; receivers;
 * sensors. */
const struct conf_row collector_settings_rows[] = {
    {"listen", CONF_TEXT, TOP(listen), "0.0.0.0:7461", "address and port for the sensors",
     .check = settings_check_endpoint},
    {"key_file", CONF_TEXT, TOP(key_file), "/etc/seine/keys/collector.key",
     "the collector's secret key, mode 0600", .check = settings_check_filled},
    {"authorized_dir", CONF_TEXT, TOP(authorized_dir), "/etc/seine/authorized",
     "folder of NAME.pub, the sensors that may speak", .check = settings_check_filled},
    {"state_dir", CONF_TEXT, TOP(state_dir), "/var/lib/seine", "folder of the database",
     .check = settings_check_filled},
    {"socket", CONF_TEXT, TOP(socket), "/run/seine/collector.sock",
     "unix socket that answers `seine`", .check = settings_check_socket},
    {"user", CONF_TEXT, TOP(user), "", "user to run as when started as root; empty: stay",
     .check = NULL},
    {"log_level", CONF_CHOICE, TOP(log_level), "info", "least important line that is logged",
     .choices = log_level_names},
    {"checkpoint", CONF_DURATION, TOP(checkpoint_ns), "5s",
     "how often data is made durable and acknowledged", .min = SECONDS(0.1), .max = SECONDS(60)},
    {"sensors_max", CONF_COUNT, TOP(sensors_max), "10000", "most sensors at a time", .min = 1,
     .max = 100000},
    {"feed.listen", CONF_TEXT, TOP(feed_listen), "",
     "address and port where other programs read closed windows and alerts; empty: no feed",
     .check = settings_check_feed},
    {"feed.readers_dir", CONF_TEXT, TOP(feed_readers_dir), "/etc/seine/readers",
     "folder of NAME.pub, the programs that may read the feed", .check = settings_check_filled},
    {"keep.seconds", CONF_DURATION, TOP(keep_seconds_ns), "1h", "how long second records are kept",
     .min = SECONDS(60), .max = DAYS(3660)},
    {"keep.minutes", CONF_DURATION, TOP(keep_minutes_ns), "7d", "how long minute records are kept",
     .min = SECONDS(60), .max = DAYS(3660)},
    {"keep.windows", CONF_DURATION, TOP(keep_windows_ns), "7d", "how long closed windows are kept",
     .min = SECONDS(60), .max = DAYS(3660)},
    {"windows.lateness", CONF_DURATION, TOP(window_lateness_ns), "1s",
     "a window closes so long after its end at the latest", .min = SECONDS(0.1),
     .max = SECONDS(60)},
    {"alerts.hold", CONF_DURATION, TOP(alert_hold_ns), "60s",
     "how long a detector's finding must be gone before its alert resolves", .max = DAYS(1)},
    {"rules", CONF_SEQUENCE, TOP(rules), "",
     "threshold rules; without this key the one rule interface-load, [] for none",
     .rows = rule_rows, .item_size = sizeof(struct rule_setting)},
    {"newcomer.enabled", CONF_BOOL, TOP(newcomer_enabled), "true",
     "alert on addresses never seen before", .check = NULL},
    {"newcomer.learning", CONF_DURATION, TOP(newcomer_learning_ns), "24h",
     "from the first window: learn, do not alert", .max = DAYS(366)},
    {"newcomer.forget", CONF_DURATION, TOP(newcomer_forget_ns), "30d",
     "an address not seen so long is new again", .min = SECONDS(60), .max = DAYS(3660)},
    {"newcomer.memory", CONF_COUNT, TOP(newcomer_memory), "262144", "addresses remembered",
     .min = 1024, .max = 16777216},
    {"newcomer.burst", CONF_COUNT, TOP(newcomer_burst), "50",
     "so many new addresses within a minute are a warning", .min = 1, .max = 1000000},
    {"newcomer.known", CONF_LIST, TOP(newcomer_known), "", "networks that are never new",
     .check = settings_check_network},
    {"packet_size.enabled", CONF_BOOL, TOP(packet_size_enabled), "true",
     "alert on irregular packet sizes", .check = NULL},
    {"packet_size.learning", CONF_DURATION, TOP(packet_size_learning_ns), "1h",
     "of windows with traffic: learn, do not alert", .max = DAYS(366)},
    {"packet_size.divergence", CONF_NUMBER, TOP(packet_size_divergence), "0.3",
     "Jensen-Shannon divergence from the learnt sizes, in bits", .min = 0.001, .max = 1},
    {"packet_size.min_packets", CONF_COUNT, TOP(packet_size_min_packets), "1000",
     "windows with fewer packets are not judged", .min = 1, .max = 1e12},
    {"packet_size.for", CONF_DURATION, TOP(packet_size_for_ns), "10s",
     "how long it must hold before it fires", .max = DAYS(1)},
    {"silence.enabled", CONF_BOOL, TOP(silence_enabled), "true",
     "alert on sensors and interfaces that fall silent", .check = NULL},
    {"silence.sensor", CONF_DURATION, TOP(silence_sensor_ns), "15s",
     "without a record from a sensor", .min = SECONDS(2), .max = DAYS(30)},
    {"silence.interface", CONF_DURATION, TOP(silence_interface_ns), "10s",
     "an interface down, or counting in the kernel and not captured", .min = SECONDS(2),
     .max = DAYS(30)},
    {"receivers", CONF_SEQUENCE, TOP(receivers), "", "where alerts go", .rows = receiver_rows,
     .item_size = sizeof(struct receiver_setting)},
    {"sensors", CONF_NAMED, TOP(sensors), "", "what is known of each sensor beforehand",
     .rows = sensor_rows, .item_size = sizeof(struct sensor_setting)},
    {.key = NULL},
};

#define ROWS (sizeof collector_settings_rows / sizeof collector_settings_rows[0])

/* Where settings come from: a file with its conf.d, or a text. */
struct settings_source {
  const char *name; /* NULL: none, the defaults alone */
  const char *text; /* NULL: the file `name` */
};

/* Both sources end in the same rows; a file also brings its conf.d folder, read after it. */
static int settings_read(const struct settings_source *source, struct collector_settings *settings,
                         struct conf_marks *marks, struct conf_errors *errors)
{
  const struct conf_row *rows = collector_settings_rows;
  if (source->text != NULL) {
    return conf_load_text_marked(rows, sizeof *settings, settings, source->name, source->text,
                                 strlen(source->text), marks, errors);
  }
  return conf_load_marked(rows, sizeof *settings, settings, source->name, true, marks, errors);
}

/* Takes the array of rules out of a structure that was read from the text above, and frees the
 * rest: the array is moved, not copied. */
static int settings_add_seed_rule(struct collector_settings *settings, struct conf_errors *errors)
{
  const struct settings_source seed = {"the built-in rule", seed_rule_text};
  struct collector_settings built_in;
  int err = settings_read(&seed, &built_in, NULL, errors);
  if (err == 0) {
    settings->rules = built_in.rules;
    built_in.rules = (struct conf_array){NULL, 0};
  }
  conf_free(collector_settings_rows, &built_in);
  return err;
}

/* Rows first, then the checks that need more than one row. */
static int settings_load(const struct settings_source *source, struct collector_settings *out,
                         struct conf_marks *marks, struct conf_errors *errors)
{
  int err = settings_read(source, out, marks, errors);
  /* NULL: no file had the key; `rules: []` gives an array of none. */
  if (err == 0 && out->rules.item == NULL) {
    err = settings_add_seed_rule(out, errors);
  }
  /* After mistakes in the rows too, so that all are told at once. */
  const char *name = source->name != NULL ? source->name : "the defaults";
  int checked = collector_settings_check(out, name, marks, errors);
  return err != 0 ? err : checked;
}

/* NULL as path gives the defaults, by the same way. */
int collector_settings_load_marked(const char *path, struct collector_settings *out,
                                   struct conf_marks *marks, struct conf_errors *errors)
{
  const struct settings_source source = {path, NULL};
  return settings_load(&source, out, marks, errors);
}

/* The places are wanted while the mistakes are told, and by nobody afterwards. */
int collector_settings_load(const char *path, struct collector_settings *out,
                            struct conf_errors *errors)
{
  struct conf_marks marks = {.count = 0};
  int err = collector_settings_load_marked(path, out, &marks, errors);
  conf_marks_free(&marks);
  return err;
}

int collector_settings_load_text(const char *name, const char *text, struct collector_settings *out,
                                 struct conf_errors *errors)
{
  const struct settings_source source = {name, text};
  struct conf_marks marks = {.count = 0};
  int err = settings_load(&source, out, &marks, errors);
  conf_marks_free(&marks);
  return err;
}

void collector_settings_free(struct collector_settings *settings)
{
  conf_free(collector_settings_rows, settings);
}

size_t collector_settings_addresses(const struct collector_settings *settings, const char *name,
                                    struct addr *out, size_t max)
{
  size_t n = 0;
  const struct sensor_setting *sensors = settings->sensors.item;
  for (size_t i = 0; i < settings->sensors.count; i++) {
    const struct conf_list *list = &sensors[i].addresses;
    bool is_it = strcmp(sensors[i].name, name) == 0;
    /* A network does not parse as an address, and is passed over that way. */
    for (size_t a = 0; is_it && a < list->count && n < max; a++) {
      n += addr_parse(list->item[a], &out[n]) == 0 ? 1 : 0;
    }
  }
  return n;
}
