/* SPDX-License-Identifier: Apache-2.0 */
/* collector.yaml: the one table of keys, and the structure it fills. `seine replay --config` reads
 * the same file. The rows are the single source of the parser, of --print-config, of the manual
 * page's key list and of the checks, so a new key is a row in settings.c and a member here, and
 * nothing else. */
#ifndef COLLECTOR_SETTINGS_H
#define COLLECTOR_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/conf.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };
extern const char *const severity_names[]; /* "info" "warning" "critical", NULL */

/* What a threshold rule measures; each per second of the window, but the last two. */
enum rule_metric {
  RULE_BYTES_PER_S, /* interface: kernel counters rx + tx, captured frame bytes where there are
                       none; fleet, sensor: IP bytes tx + rx (unknown direction too); host: tx + rx
                     */
  RULE_PACKETS_PER_S,
  RULE_DROPS_PER_S,  /* kernel rx + tx drops, and what the capture dropped */
  RULE_ERRORS_PER_S, /* kernel rx + tx errors */
  RULE_SYN_PER_S,    /* SYN without ACK: fleet, sensor */
  RULE_FLOWS,        /* active flows: fleet, sensor */
  RULE_ADDRESSES,    /* distinct addresses: fleet, sensor */
};
extern const char *const rule_metric_names[]; /* "bytes_per_s" ..., NULL */
enum rule_scope { RULE_FLEET, RULE_SENSOR, RULE_INTERFACE, RULE_HOST };
extern const char *const rule_scope_names[]; /* "fleet" "sensor" "interface" "host", NULL */

/* One entry of `rules:`. Exactly one of above and below is set (checked). */
struct rule_setting {
  char *name;
  int metric;   /* enum rule_metric */
  int scope;    /* enum rule_scope */
  char *match;  /* shell pattern on the subject ("web*", "db1/eth0", "10.0.0.*"); "" = any */
  double above; /* < 0: not set */
  double below; /* < 0: not set */
  double clear_percent; /* hysteresis: 90 = clears when 10 % on the good side of the bound */
  int64_t for_ns;
  int64_t hold_ns; /* good that long before it resolves */
  int severity;
  bool is_enabled;
  /* As written, "1 MB/s": the check makes above and below of them. */
  char *above_text;
  char *below_text;
};

/* A type is a row in notify_body.c and a check in settings_check.c. */
enum receiver_type { RECEIVER_GENERIC, RECEIVER_SLACK, RECEIVER_PAGERDUTY };
extern const char *const receiver_type_names[]; /* "generic" "slack" "pagerduty", NULL */

/* One entry of `receivers:`. Secrets by file only. */
struct receiver_setting {
  char *name;
  int type;
  char *url;              /* https, or http when allow_http; pagerduty has a default */
  char *url_file;         /* the URL itself is a secret (slack): first line of this file */
  char *secret_file;      /* generic: HMAC-SHA256 key for Seine-Signature */
  char *routing_key_file; /* pagerduty */
  char *ca_file;          /* "" = the system's */
  bool allow_http;
  int min_severity;
  int64_t timeout_ns;     /* one attempt */
  int64_t retry_first_ns; /* 1 s, doubled with jitter up to retry_max_ns */
  int64_t retry_max_ns;
};

/* One entry of `sensors:` NAME -> mapping. */
struct sensor_setting {
  char *name;
  struct conf_list addresses; /* the host's own (replay), or more of them; networks too */
};

/* Everything that the collector can be told. Durations are ns, sizes are plain numbers; the
 * comments give the defaults of the rows. Texts are heap, freed by collector_settings_free. */
struct collector_settings {
  char *listen; /* "0.0.0.0:7461" */
  char *key_file;
  char *authorized_dir;
  char *state_dir; /* /var/lib/seine */
  char *socket;    /* /run/seine/collector.sock */
  char *user;
  int log_level;
  int64_t checkpoint_ns;   /* 5 s */
  int64_t keep_seconds_ns; /* second records: 1 h */
  int64_t keep_minutes_ns; /* minute rows: 7 d */
  int64_t keep_windows_ns; /* closed windows: 7 d */
  int64_t sensors_max;     /* 10,000 */
  char *feed_listen;       /* "": no feed */
  char *feed_readers_dir;

  int64_t window_lateness_ns; /* 1 s: a window closes so long after its end at the latest */
  int64_t alert_hold_ns;      /* hold-down of detectors other than threshold: 60 s */

  struct conf_array rules; /* struct rule_setting */

  /* The detectors: what each parameter does stands at the top of its file in detect/. */
  bool newcomer_enabled;
  int64_t newcomer_learning_ns;    /* 24 h from the first window */
  int64_t newcomer_forget_ns;      /* 30 d */
  int64_t newcomer_memory;         /* addresses: 262,144 */
  int64_t newcomer_burst;          /* so many new addresses within a minute are a warning: 50 */
  struct conf_list newcomer_known; /* networks that are never new */

  bool packet_size_enabled;
  int64_t packet_size_learning_ns; /* 1 h */
  double packet_size_divergence;   /* bits, 0.3 */
  int64_t packet_size_min_packets; /* in a window: 1,000 */
  int64_t packet_size_for_ns;      /* 10 s */

  bool silence_enabled;
  int64_t silence_sensor_ns;    /* 15 s without a record */
  int64_t silence_interface_ns; /* 10 s: down, or kernel counts and the capture sees nothing */

  struct conf_array receivers; /* struct receiver_setting */
  struct conf_array sensors;   /* struct sensor_setting */
};

extern const struct conf_row collector_settings_rows[];

/* The rows, then what they cannot say: rule bounds, networks and addresses, receiver URLs,
 * endpoint. path NULL: the defaults, with the shipped seed rule (an interface above 1,000,000
 * bytes/s in one second). A file that has no `rules:` keeps the seed rule; `rules: []` has none. */
int collector_settings_load(const char *path, struct collector_settings *out,
                            struct conf_errors *errors);
int collector_settings_load_text(const char *name, const char *text, struct collector_settings *out,
                                 struct conf_errors *errors);
void collector_settings_free(struct collector_settings *settings);
/* The addresses that `sensors:` gives the sensor of that name, at most max; returns how many were
 * written. Networks among them are left out: they are the meter's business. */
size_t collector_settings_addresses(const struct collector_settings *settings, const char *name,
                                    struct addr *out, size_t max);

/* As collector_settings_load, and fills marks (all zero before; freed by the caller), for further
 * checks that want to name the place. */
int collector_settings_load_marked(const char *path, struct collector_settings *out,
                                   struct conf_marks *marks, struct conf_errors *errors);

/* What the rows cannot say, of settings that the rows have filled: parses the rules' bounds, fills
 * the receivers' default URLs, adds every mistake to errors. name stands for the file, marks (may
 * be NULL) for the places in it. Returns 0 or ERR_MALFORMED; ERR_NO_MEMORY. The functions above
 * call it. */
int collector_settings_check(struct collector_settings *settings, const char *name,
                             const struct conf_marks *marks, struct conf_errors *errors);
/* NULL when a receiver may be reached at url, else what was expected; notify asks it of url_file's
 * line. */
const char *collector_settings_check_url(const char *url, bool allow_http);
/* "1 MB/s", "1000000", "10k", "8 Mbit/s" (k M G T: powers of 1000, Ki Mi Gi Ti: of 1024) to a
 * number of bytes or of things; *is_bytes tells whether it names bytes or bits. ERR_MALFORMED. */
int collector_settings_parse_bound(const char *text, double *out, bool *is_bytes);

/* Row checks of settings_values.c: NULL when good, else what was expected. */
const char *settings_check_endpoint(const char *value);
const char *settings_check_feed(const char *value); /* an endpoint, or "" */
const char *settings_check_network(const char *value);
const char *settings_check_bound(const char *value); /* "" is good: not set */
const char *settings_check_pattern(const char *value);
const char *settings_check_name(const char *value); /* of a rule, a receiver */
const char *settings_check_sensor(const char *value);
const char *settings_check_socket(const char *value);
const char *settings_check_filled(const char *value);

#endif
