/* SPDX-License-Identifier: Apache-2.0 */
/* sensor.yaml: the one table of keys, and the structure it fills. */
#ifndef SENSOR_SETTINGS_H
#define SENSOR_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"

/* Filled by the rows' offsets; conf owns all text in it. */
struct sensor_settings {
  char *name;                  /* default: the host's name */
  char *collector;             /* host:port */
  char *collector_key;         /* Z85 text */
  char *key_file;              /* /etc/seine/keys/sensor.key */
  struct conf_list interfaces; /* names, or "auto" (the default) */
  char *capture_filter;
  int64_t capture_snap_bytes;
  int64_t capture_buffer_bytes;
  bool capture_promiscuous;
  bool capture_ports; /* of containers and guests, each an observation point of its own */
  struct conf_list local_networks; /* addresses behind this host, its own too */
  struct conf_list fleet_networks; /* whose addresses are fleet peers */
  int64_t flow_slots;
  int64_t flow_idle_ns;
  int64_t queue_bytes;
  int64_t cpu_percent_max; /* of one core; 0: no limit */
  int64_t memory_max_bytes;
  char *user; /* to run as; "" stays */
  int log_level;
  /* Not from the file: */
  const char *read_path; /* --read */
};

extern const struct conf_row sensor_settings_rows[];

/* Rows, then what the rows cannot say (no empty list of interfaces, a capture filter that libpcap
 * compiles, a name). */
int sensor_settings_load(const char *path, struct sensor_settings *out, struct conf_errors *errors);
void sensor_settings_free(struct sensor_settings *settings);

#endif
