/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's wiring: captures or a file -> meter -> publish, on one loop, second by second. */
#include "sensor/sensor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/run/daemon.h"
#include "common/run/loop.h"
#include "common/run/resident.h"
#include "sensor/capture.h"
#include "sensor/decode.h"
#include "sensor/interfaces.h"
#include "sensor/meter.h"
#include "sensor/self.h"
#include "sensor/sensor_budget.h"
#include "sensor/sensor_capture.h"
#include "sensor/sensor_fleet.h"
#include "sensor/sensor_link.h"

/* A ring's block comes at most its time-out (20 ms) late; then the second is complete. */
#define CLOSE_GRACE_NS (60 * NS_PER_MS)
#define READ_BUDGET    4096
#define ADDRESSES_MAX  4096 /* own addresses that directions are told by; HELLO holds fewer */
/* A clean stop waits so long for the collector to acknowledge what was captured last. */
#define DRAIN_NS (8 * NS_PER_S)

/*   taps or file -> meter -> on_summary -> link -> collector
 *        ^                      the loop's timers drive it:
 *        boundary: samples      close: drains, advances, follows, describes, ticks */
struct sensor {
  const struct sensor_settings *settings;
  struct loop *loop;
  struct meter *meter;
  struct taps *taps;    /* live */
  struct capture *file; /* --read */
  int file_index;       /* the meter's interface of the file */
  struct link *link;
  struct loop_timer *boundary; /* at the end of each second: samples counters */
  struct loop_timer *close;    /* a little later: closes the second */
  struct loop_timer *reader;   /* --read: the next part of the file */
  struct loop_timer *watchdog;
  struct message_hello hello;
  bool has_warned;      /* once of addresses that HELLO cannot hold */
  unsigned connections; /* of the link, when own traffic was last told apart */
  int64_t cpu_ns;       /* at the last second record */
  struct sensor_budget budget;
  int64_t stop_at_ns; /* monotonic, while the last records drain; 0 before */
  bool is_stopping;
  int exit_code;
};

/* What the meter cannot know (it is pure): the sensor's own costs. Then the record goes out. */
static void on_summary(void *context, struct summary *s)
{
  struct sensor *sensor = context;
  if (s->kind == SUMMARY_SECOND) {
    int64_t now_ns = self_cpu_ns();
    s->cpu_ns = (uint64_t)(now_ns - sensor->cpu_ns);
    sensor->cpu_ns = now_ns;
  }
  s->resident_bytes = self_resident_bytes();
  link_summary(sensor->link, s);
}

static bool hello_is_same(const struct message_hello *a, const struct message_hello *b)
{
  return a->address_count == b->address_count && a->interface_count == b->interface_count &&
         memcmp(a->address, b->address, sizeof(a->address)) == 0 &&
         memcmp(a->interface, b->interface, sizeof(a->interface)) == 0;
}

/* The meter's idea of what is own: the host's addresses and the networks that are declared. */
static void set_local(struct sensor *sensor, const struct addr *addrs, size_t count)
{
  const struct conf_list *declared = &sensor->settings->local_networks;
  struct network *networks = calloc(declared->count + 1, sizeof(*networks));
  size_t network_count = 0;
  for (size_t i = 0; networks != NULL && i < declared->count; i++) {
    network_count += network_parse(declared->item[i], &networks[network_count]) == 0 ? 1 : 0;
  }
  if (networks == NULL ||
      meter_set_local(sensor->meter, addrs, count, networks, network_count) != 0) {
    log_error("own addresses: %zu, with %zu local_networks: cannot be kept", count,
              declared->count);
  }
  free(networks);
}

/* Which packets are the sensor's own traffic: asked anew for each connection, as the collector's
 * name may lead elsewhere then, or could not be resolved before. */
static void set_own(struct sensor *sensor)
{
  struct meter_endpoint endpoints[METER_OWN_MAX];
  size_t count = link_endpoints(sensor->link, endpoints, METER_OWN_MAX);
  sensor->connections = link_connections(sensor->link);
  if (count > 0) {
    (void)meter_set_own(sensor->meter, endpoints, count);
  }
}

/* Tells the collector and the meter which addresses are this host's, when that has changed. */
static void describe(struct sensor *sensor)
{
  struct message_hello *hello = &sensor->hello;
  struct addr addrs[ADDRESSES_MAX];
  const char *names[MESSAGE_INTERFACES_MAX];
  struct err_message message;
  int n = interfaces_addresses(addrs, ADDRESSES_MAX, &message);
  if (n < 0) {
    log_warning("%s", message.text);
    return;
  }
  size_t name_count =
      sensor->taps != NULL ? taps_names(sensor->taps, names, MESSAGE_INTERFACES_MAX) : 0;
  struct message_hello before = *hello;
  memset(hello->address, 0, sizeof(hello->address));
  memset(hello->interface, 0, sizeof(hello->interface));
  hello->address_count = (size_t)n < MESSAGE_ADDRESSES_MAX ? (size_t)n : MESSAGE_ADDRESSES_MAX;
  memcpy(hello->address, addrs, hello->address_count * sizeof(addrs[0]));
  if ((size_t)n > hello->address_count && !sensor->has_warned) {
    sensor->has_warned = true;
    log_warning("%d addresses: only the first %zu are claimed at the collector", n,
                hello->address_count);
  }
  for (size_t i = 0; i < name_count; i++) {
    (void)strncpy(hello->interface[i], names[i], sizeof(hello->interface[i]) - 1);
  }
  hello->interface_count = name_count;
  if (hello_is_same(&before, hello)) {
    return;
  }
  set_local(sensor, addrs, (size_t)n);
  link_describe(sensor->link, hello);
}

/* Takes effect after the callback that runs. */
static void stop_loop(struct sensor *sensor, int exit_code)
{
  sensor->exit_code = exit_code;
  loop_stop(sensor->loop);
}

/* No more packets: the last records go out, then the loop ends when they are acknowledged. */
static void begin_stop(struct sensor *sensor, int exit_code)
{
  if (sensor->is_stopping) {
    stop_loop(sensor, exit_code);
    return;
  }
  sensor->is_stopping = true;
  sensor->exit_code = exit_code;
  daemon_stopping();
  loop_timer_cancel(sensor->boundary);
  loop_timer_cancel(sensor->reader);
  if (sensor->taps != NULL) {
    taps_drain(sensor->taps);
    taps_sample(sensor->taps);
    /* Or each ACK is a frame, which makes a record, which asks for an ACK. */
    taps_free(sensor->taps);
    sensor->taps = NULL;
  }
  meter_finish(sensor->meter);
  sensor->stop_at_ns = clock_monotonic_ns() + DRAIN_NS;
  loop_timer_set(sensor->close, 0);
}

static void finish_stop(struct sensor *sensor)
{
  bool is_late = clock_monotonic_ns() >= sensor->stop_at_ns;
  /* A file has nobody to read it again: it waits for the collector as long as it takes. */
  if (link_is_drained(sensor->link) || (is_late && sensor->file == NULL)) {
    struct publish_stats stats = link_stats(sensor->link);
    if (stats.queued_records > 0) {
      log_warning("stopped with %llu records that the collector has not acknowledged",
                  (unsigned long long)stats.queued_records);
      sensor->exit_code = 1;
    }
    stop_loop(sensor, sensor->exit_code);
    return;
  }
  link_tick(sensor->link);
  loop_timer_set(sensor->close, 50 * NS_PER_MS);
}

/* To the next full second of the wall clock; a clock that is set moves it at the next turn. */
static int64_t until_boundary_ns(void)
{
  int64_t now_ns = clock_now_ns();
  return clock_floor_ns(now_ns, NS_PER_S) + NS_PER_S - now_ns;
}

/* Counters are read at the end of the second that they are told for; a millisecond late, so as to
 * be surely beyond it. */
static void on_boundary(void *context)
{
  struct sensor *sensor = context;
  if (sensor->taps != NULL) {
    taps_sample(sensor->taps);
  }
  loop_timer_set(sensor->close, CLOSE_GRACE_NS);
  loop_timer_set(sensor->boundary, until_boundary_ns() + NS_PER_MS);
}

/* The second is complete: every ring's block of it has come. Also the turn that waits for ACKs
 * while stopping. */
static void on_close(void *context)
{
  struct sensor *sensor = context;
  if (sensor->is_stopping) {
    finish_stop(sensor);
    return;
  }
  if (sensor->taps != NULL) {
    taps_drain(sensor->taps);
    meter_advance(sensor->meter, clock_now_ns());
    taps_follow(sensor->taps);
    describe(sensor);
    sensor_budget_second(&sensor->budget, sensor->taps, sensor->meter);
  }
  if (sensor->connections != link_connections(sensor->link)) {
    set_own(sensor);
  }
  link_tick(sensor->link);
}

/* Frames of a file go the same way as live ones. */
static void on_file_frame(void *context, const struct frame *frame)
{
  struct sensor *sensor = context;
  meter_frame(sensor->meter, frame);
}

/* A part of the file, then a turn of the loop: the link is served in between. */
static void on_reader(void *context)
{
  struct sensor *sensor = context;
  struct err_message message = {""};
  int n = capture_read(sensor->file, READ_BUDGET, (uint16_t)sensor->file_index, on_file_frame,
                       sensor, &message);
  if (n >= 0) {
    loop_timer_set(sensor->reader, 0);
    return;
  }
  if (n != ERR_END) {
    log_error("%s", message.text);
  }
  begin_stop(sensor, n == ERR_END ? 0 : 1);
}

/* Alive as long as the loop turns: that is what the watchdog asks. */
static void on_watchdog(void *context)
{
  struct sensor *sensor = context;
  daemon_alive();
  loop_timer_set(sensor->watchdog, daemon_watchdog_ns());
}

/* A second signal while stopping ends at once (begin_stop). */
static void on_signal(void *context, int signal_number)
{
  struct sensor *sensor = context;
  log_info("signal %d: stopping", signal_number);
  begin_stop(sensor, 0);
}

/* A file has no silence to measure: its empty seconds are skipped. */
static int make_meter(struct sensor *sensor, struct err_message *message)
{
  struct meter_config config;
  meter_config_init(&config);
  config.flow_slots = (size_t)sensor->settings->flow_slots;
  config.flow_idle_ns = sensor->settings->flow_idle_ns;
  config.is_dense = sensor->settings->read_path == NULL;
  struct meter_sinks sinks = {.context = sensor, .summary = on_summary};
  sensor->meter = meter_new(&config, &sinks);
  return sensor->meter != NULL ? 0 : err_set(message, ERR_NO_MEMORY, "flow table: out of memory");
}

static int open_source(struct sensor *sensor, struct err_message *message)
{
  const char *path = sensor->settings->read_path;
  if (path == NULL) {
    return taps_new(sensor->loop, sensor->meter, sensor->settings, &sensor->taps, message);
  }
  int err = capture_open_file(path, &sensor->file, message);
  if (err != 0) {
    return err;
  }
  /* Of a file with several link types the frames that can be read are worth it. */
  if (!decode_knows_link(capture_link_type(sensor->file)) &&
      !capture_has_several_links(sensor->file)) {
    return err_set(message, ERR_UNSUPPORTED, "%s: no decoder for its link type, %s", path,
                   capture_link_name(sensor->file));
  }
  sensor->file_index = meter_add_interface(sensor->meter, "file");
  return 0;
}

/* All are made, whether used or not: that spares cases everywhere else. */
static int make_timers(struct sensor *sensor, struct err_message *message)
{
  sensor->boundary = loop_timer_new(sensor->loop, on_boundary, sensor);
  sensor->close = loop_timer_new(sensor->loop, on_close, sensor);
  sensor->reader = loop_timer_new(sensor->loop, on_reader, sensor);
  sensor->watchdog = loop_timer_new(sensor->loop, on_watchdog, sensor);
  if (sensor->boundary == NULL || sensor->close == NULL || sensor->reader == NULL ||
      sensor->watchdog == NULL) {
    return err_set(message, ERR_NO_MEMORY, "timers: out of memory");
  }
  loop_timer_set(sensor->boundary, until_boundary_ns() + NS_PER_MS);
  if (sensor->file != NULL) {
    loop_timer_set(sensor->reader, 0);
  }
  if (daemon_watchdog_ns() > 0) {
    loop_timer_set(sensor->watchdog, daemon_watchdog_ns());
  }
  return 0;
}

/* Privileges go as soon as captures and keys are open, and before the first byte from outside is
 * read. */
static int sensor_start(struct sensor *sensor, struct err_message *message)
{
  const struct sensor_settings *settings = sensor->settings;
  uint64_t boot_id = self_random();
  hash_set_seed(self_random());
  sensor->loop = loop_new();
  if (sensor->loop == NULL) {
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  /* The captures first: the connection's own first packets are counted too. */
  int err = make_meter(sensor, message);
  err = err != 0 ? err : sensor_fleet_start(sensor->meter, settings, message);
  err = err != 0 ? err : open_source(sensor, message);
  err = err != 0 ? err : link_new(sensor->loop, settings, boot_id, &sensor->link, message);
  const char *user = settings->user[0] != '\0' ? settings->user : NULL;
  err = err != 0 ? err : daemon_drop_privileges(user, 1, message);
  if (err != 0) {
    return err;
  }
  set_own(sensor);
  sensor->hello.version = MESSAGE_VERSION;
  sensor->hello.boot_id = boot_id;
  (void)strncpy(sensor->hello.name, settings->name, sizeof(sensor->hello.name) - 1);
  (void)strncpy(sensor->hello.software, SEINE_VERSION, sizeof(sensor->hello.software) - 1);
  describe(sensor);
  return make_timers(sensor, message);
}

/* Watches before the loop that they hang in; the link last of the users, for its BYE. */
static void sensor_stop(struct sensor *sensor)
{
  loop_timer_free(sensor->boundary);
  loop_timer_free(sensor->close);
  loop_timer_free(sensor->reader);
  loop_timer_free(sensor->watchdog);
  taps_free(sensor->taps);
  capture_close(sensor->file);
  meter_free(sensor->meter);
  link_free(sensor->link);
  loop_free(sensor->loop);
}

/* Started, or everything is taken down again: one way out. */
int sensor_run(const struct sensor_settings *wished)
{
  struct sensor_settings settings =
      *wished; /* what fits into the limits; texts stay the caller's */
  struct sensor sensor = {.settings = &settings};
  struct err_message message = {""};
  if (sensor_budget_fit(&settings, &message) != 0 || sensor_start(&sensor, &message) != 0) {
    log_error("%s", message.text);
    sensor_stop(&sensor);
    return 1;
  }
  struct loop_signal *term = loop_signal_new(sensor.loop, SIGTERM, on_signal, &sensor);
  struct loop_signal *interrupt = loop_signal_new(sensor.loop, SIGINT, on_signal, &sensor);
  log_info("sensor %s: started, for collector %s", settings.name, settings.collector);
  sensor_budget_init(&sensor.budget, &settings);
  resident_trim();
  daemon_ready("capturing");
  if (loop_run(sensor.loop) != 0) {
    log_error("the event loop failed");
    sensor.exit_code = 1;
  }
  loop_signal_free(term);
  loop_signal_free(interrupt);
  sensor_stop(&sensor);
  return sensor.exit_code;
}
