/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of sensor.yaml, and the checks that a row cannot express. Defaults stand here and
 * nowhere else; the example file and the man page are printed from these rows. */
#include "sensor/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/keys.h"
#include "common/log.h"
#include "proto/summary.h"
#include "sensor/capture_filter.h"
#include "sensor/fleet_peers.h"

/* Empty stands for the host's name, filled in after the load. */
static const char *check_name(const char *value)
{
  if (value[0] == '\0' || keys_check_name(value) == 0) {
    return NULL;
  }
  return "1 to 63 letters, digits, '.', '_' or '-', not starting with '.' or '-'";
}

/* The last colon parts host and port, so that IPv6 addresses in brackets pass. Empty is allowed
 * here: options.c asks for it only when the sensor is to run. */
static const char *check_endpoint(const char *value)
{
  const char *expected = "HOST:PORT with a port of 1 to 65535, such as collector.example.org:7461";
  const char *colon = strrchr(value, ':');
  if (value[0] == '\0') {
    return NULL;
  }
  if (colon == NULL || colon == value || strlen(value) > 200) {
    return expected;
  }
  char *end = NULL;
  long port = strtol(colon + 1, &end, 10);
  if (colon[1] == '\0' || *end != '\0' || port < 1 || port > 65535) {
    return expected;
  }
  return NULL;
}

/* Public keys may stand in the file; the secret one never does. */
static const char *check_key(const char *value)
{
  uint8_t key[KEYS_BYTES];
  if (value[0] == '\0' || keys_parse(value, key) == 0) {
    return NULL;
  }
  return "a public key: 40 characters of Z85 text, as seine-collector --make-key prints";
}

/* The same parser that is used on it later. */
static const char *check_network(const char *value)
{
  struct network network;
  if (network_parse(value, &network) == 0) {
    return NULL;
  }
  return "an address or a network, such as 10.0.0.0/8 or 2001:db8::/32";
}

/* Linux forbids '/' in names; whether the interface is there is found at the open. */
static const char *check_interface(const char *value)
{
  /* libpcap's pseudo-device: it shows a packet once for each device that it passes. */
  if (strcmp(value, "any") == 0) {
    return "an interface name, or auto: 'any' would count a packet once for each device it passes";
  }
  if (value[0] != '\0' && strlen(value) < SUMMARY_INTERFACE_NAME_MAX &&
      strchr(value, '/') == NULL) {
    return NULL;
  }
  return "an interface name, or auto";
}

/* Short, as it stands in every row. */
#define AT(member) offsetof(struct sensor_settings, member)

const struct conf_row sensor_settings_rows[] = {
    {.key = "name",
     .type = CONF_TEXT,
     .offset = AT(name),
     .fallback = "",
     .help = "this sensor's name, the same as NAME.pub at the collector; empty: the host's name",
     .check = check_name},
    {.key = "collector.address",
     .type = CONF_TEXT,
     .offset = AT(collector),
     .fallback = "",
     .help = "where the collector listens, HOST:PORT; required to run",
     .check = check_endpoint},
    {.key = "collector.key",
     .type = CONF_TEXT,
     .offset = AT(collector_key),
     .fallback = "",
     .help = "the collector's public key, 40 characters of Z85; required to run",
     .check = check_key},
    {.key = "key_file",
     .type = CONF_TEXT,
     .offset = AT(key_file),
     .fallback = "/etc/seine/keys/sensor.key",
     .help = "this sensor's secret key, mode 0600; made by seine-sensor --make-key"},
    {.key = "interfaces",
     .type = CONF_LIST,
     .offset = AT(interfaces),
     .fallback = "auto",
     .help = "interfaces to capture on; auto: those by which traffic leaves the host, each byte on "
             "one of them",
     .check = check_interface},
    {.key = "capture.filter",
     .type = CONF_TEXT,
     .offset = AT(capture_filter),
     .fallback = "",
     .help = "pcap-filter words; what they leave out is not measured, and interfaces are marked as "
             "filtered"},
    {.key = "capture.snap",
     .type = CONF_BYTES,
     .offset = AT(capture_snap_bytes),
     .fallback = "192",
     .help = "bytes kept of each packet",
     .min = 64,
     .max = 262144},
    {.key = "capture.buffer",
     .type = CONF_BYTES,
     .offset = AT(capture_buffer_bytes),
     .fallback = "8 MiB",
     .help = "capture ring of each interface, in bytes",
     .min = 1048576,
     .max = 1073741824},
    {.key = "capture.promiscuous",
     .type = CONF_BOOL,
     .offset = AT(capture_promiscuous),
     .fallback = "false",
     .help = "take packets that are not addressed to this host as well"},
    {.key = "capture.ports",
     .type = CONF_BOOL,
     .offset = AT(capture_ports),
     .fallback = "false",
     .help =
         "count the packets on ports of containers and guests as well (veth, tap), each port for "
         "itself and beside the host's traffic"},
    {.key = "local_networks",
     .type = CONF_LIST,
     .offset = AT(local_networks),
     .fallback = "",
     .help = "addresses or networks behind this host (pods, guests) that count as its own",
     .check = check_network},
    {.key = "fleet.networks",
     .type = CONF_LIST,
     .offset = AT(fleet_networks),
     .fallback = "",
     .help =
         "addresses or networks of the fleet, 256 at most: traffic is split into that with them "
         "and that with others; empty: not split",
     .check = check_network},
    {.key = "flows.slots",
     .type = CONF_COUNT,
     .offset = AT(flow_slots),
     .fallback = "65536",
     .help = "flows kept at once; colder ones are folded and counted",
     .min = 1024,
     .max = 16777216},
    {.key = "flows.idle",
     .type = CONF_DURATION,
     .offset = AT(flow_idle_ns),
     .fallback = "60s",
     .help = "a flow without packets for so long has ended",
     .min = 1e9,
     .max = 3600e9},
    {.key = "queue",
     .type = CONF_BYTES,
     .offset = AT(queue_bytes),
     .fallback = "64 MiB",
     .help = "records kept in memory until the collector has them on disk; the oldest give way",
     .min = 1048576,
     .max = 4294967296},
    {.key = "limits.cpu_percent",
     .type = CONF_COUNT,
     .offset = AT(cpu_percent_max),
     .fallback = "50",
     .help = "share of one core; above it flows are sampled in the kernel and the records say so; "
             "0: no limit",
     .min = 0,
     .max = 100000},
    {.key = "limits.memory",
     .type = CONF_BYTES,
     .offset = AT(memory_max_bytes),
     .fallback = "128 MiB",
     .help =
         "of this process, capture rings apart: the queue, then the flow table are made smaller "
         "to fit",
     .min = 16777216,
     .max = 68719476736},
    {.key = "user",
     .type = CONF_TEXT,
     .offset = AT(user),
     .fallback = "",
     .help = "change to this user after the captures are open; empty: stay"},
    {.key = "log_level",
     .type = CONF_CHOICE,
     .offset = AT(log_level),
     .fallback = "info",
     .help = "error, warning, info or debug",
     .choices = log_level_names},
    {.key = NULL},
};

/* A host's name that is no sensor's name is refused, not bent: it would match no key. */
static int fill_name(struct sensor_settings *settings)
{
  if (settings->name != NULL && settings->name[0] != '\0') {
    return 0;
  }
  char host[KEYS_NAME_MAX] = "";
  if (gethostname(host, sizeof(host) - 1) != 0 || keys_check_name(host) != 0) {
    return ERR_MALFORMED;
  }
  char *copy = strdup(host);
  if (copy == NULL) {
    return ERR_NO_MEMORY;
  }
  free(settings->name);
  settings->name = copy;
  return 0;
}

/* A row checks each entry; how many there are is asked here. */
static int check_fleet(const struct sensor_settings *settings, struct conf_mark mark,
                       struct conf_errors *errors)
{
  if (settings->fleet_networks.count <= FLEET_PEERS_NETWORKS_MAX) {
    return 0;
  }
  conf_errors_at(errors, mark, "fleet.networks: %zu entries: expected at most %d",
                 settings->fleet_networks.count, FLEET_PEERS_NETWORKS_MAX);
  return ERR_LIMIT;
}

/* An empty list would be read as auto, which nobody asked for. */
static int check_interfaces(const struct sensor_settings *settings, struct conf_mark mark,
                            struct conf_errors *errors)
{
  if (settings->interfaces.count > 0) {
    return 0;
  }
  conf_errors_at(errors, mark, "interfaces: '[]': expected at least one interface name, or auto");
  return ERR_MALFORMED;
}

/* libpcap's own words, with the place in the file. */
static int check_filter(const struct sensor_settings *settings, struct conf_mark mark,
                        struct conf_errors *errors)
{
  struct err_message message;
  char quoted[CONF_PATH_MAX];
  int err = capture_filter_check(settings->capture_filter, &message);
  if (err != 0) {
    conf_errors_at(errors, mark, "capture.filter: %s: expected pcap-filter words: libpcap says: %s",
                   conf_quote(settings->capture_filter, quoted, sizeof quoted), message.text);
  }
  return err;
}

/* What the rows cannot say, once they are good. Each mistake is told, the first one returned. */
static int check_rest(const char *file, struct sensor_settings *settings,
                      const struct conf_marks *marks, struct conf_errors *errors)
{
  int err = check_interfaces(settings, conf_mark_of(marks, "interfaces", file), errors);
  int fleet = check_fleet(settings, conf_mark_of(marks, "fleet.networks", file), errors);
  err = err != 0 ? err : fleet;
  int name = fill_name(settings);
  if (name != 0) {
    conf_errors_at(errors, (struct conf_mark){file, 0, 0},
                   "name: '': expected a name here, as the host's own cannot be used");
  }
  return err != 0 ? err : name;
}

/* Rows first; the name last, since only then it is known that no file gave one. A filter is looked
 * at in any case, so that one round tells all mistakes; a row's mistake may have left a NULL. */
int sensor_settings_load(const char *path, struct sensor_settings *out, struct conf_errors *errors)
{
  const char *file = path != NULL ? path : "settings";
  struct conf_marks marks = {.count = 0};
  int err = conf_load_marked(sensor_settings_rows, sizeof(*out), out, path, true, &marks, errors);
  if (out->capture_filter != NULL) {
    int filter = check_filter(out, conf_mark_of(&marks, "capture.filter", file), errors);
    err = err != 0 ? err : filter;
  }
  err = err != 0 ? err : check_rest(file, out, &marks, errors);
  conf_marks_free(&marks);
  return err;
}

void sensor_settings_free(struct sensor_settings *settings)
{
  conf_free(sensor_settings_rows, settings);
}
