/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is made in the order of the data's way, and taken down in the opposite one.
 *
 *   sensors -> collector_bus -> pipeline -> checkpoint -> store        every 5 s, then ACKs
 *                                 |-> notify -> outbox -> receivers    at once
 *   seine -> api -> queries -> pipeline, store
 *
 * One thread, one loop, no locks: whatever runs here runs alone, and must be short. */
#include "collector/collector.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "collector/api.h"
#include "collector/checkpoint.h"
#include "collector/collector_bus.h"
#include "collector/feed.h"
#include "collector/notify.h"
#include "collector/pipeline.h"
#include "collector/restore.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/run/daemon.h"

/* A tenth of a second: how late a window may close beyond its lateness. */
#define TICK_NS             (100 * NS_PER_MS)
#define CHECKPOINT_LEAST_NS NS_PER_S /* between two urgent ones */

enum { SIGNAL_TERM, SIGNAL_INT, SIGNAL_HUP, SIGNALS };

/* In the order in which they are made; take_down goes the other way. */
struct collector {
  const struct collector_settings *settings;
  struct key_pair key;
  struct loop *loop;
  struct store *store;
  struct pipeline *pipeline;
  struct peers *peers;
  struct checkpoint *checkpoint;
  struct notify *notify;
  struct feed *feed;
  struct collector_bus *bus;
  struct queries queries;
  struct api *api;
  struct loop_timer *tick;
  struct loop_timer *checkpoint_timer;
  struct loop_timer *watchdog;
  struct loop_signal *signal[SIGNALS];
  int64_t checkpoint_ns; /* monotonic: of the newest one */
  bool is_catching_up;   /* as it was told */
};

/* The pipeline's sinks. They are called from within an input, and must not give it another. */
static void on_window(void *context, const struct fleet_window *window)
{
  const struct collector *collector = context;
  checkpoint_window(collector->checkpoint, window);
  feed_window(collector->feed, window);
}

/* Exactly once for each record: with it the record becomes ours to keep. */
static void on_record(void *context, const struct summary *placed)
{
  const struct collector *collector = context;
  checkpoint_record(collector->checkpoint, placed);
}

/* On disk before anybody is told (notify.h); a pending alert is no news yet. */
static void on_alert(void *context, const struct alert *alert)
{
  const struct collector *collector = context;
  struct err_message message = {""};
  if (alert->state != ALERT_PENDING) {
    log_info("alert %s %s: %s", alert->id, alert_state_name(alert->state), alert->finding.summary);
  }
  if (notify_alert(collector->notify, alert, &message) != 0) {
    log_error("%s", message.text);
  }
  feed_alert(collector->feed, alert);
}

/* Answers see what the disk does not have yet. */
static void unstored_each(void *context, void (*each)(void *each_context, const struct summary *s),
                          void *each_context)
{
  checkpoint_unstored_each(context, each, each_context);
}

/* Failed or not, the ACKs go out: they say what is on disk, and that we are alive. */
static void write_checkpoint(struct collector *collector)
{
  collector->checkpoint_ns = clock_monotonic_ns();
  (void)checkpoint_write(collector->checkpoint, collector->pipeline, clock_now_ns());
  collector_bus_acks(collector->bus);
}

/* Why alerts come later than usual, for who reads the log of such a night. */
static void say_catching_up(struct collector *collector)
{
  bool is_catching_up = pipeline_stats(collector->pipeline).is_catching_up;
  if (is_catching_up != collector->is_catching_up) {
    log_info(is_catching_up ? "catching up: windows wait for what the sensors have kept"
                            : "caught up: windows close by the clock again");
  }
  collector->is_catching_up = is_catching_up;
}

/* Windows close by time when a sensor is late; much unstored data does not wait for its turn. */
static void on_tick(void *context)
{
  struct collector *collector = context;
  pipeline_tick(collector->pipeline, clock_now_ns());
  say_catching_up(collector);
  if (checkpoint_is_urgent(collector->checkpoint) &&
      clock_monotonic_ns() - collector->checkpoint_ns >= CHECKPOINT_LEAST_NS) {
    write_checkpoint(collector);
  }
  loop_timer_set(collector->tick, TICK_NS);
}

/* Set anew after the work: a slow disk stretches the interval instead of piling up. */
static void on_checkpoint(void *context)
{
  struct collector *collector = context;
  write_checkpoint(collector);
  loop_timer_set(collector->checkpoint_timer, collector->settings->checkpoint_ns);
}

/* Sent from the loop, so that systemd's watchdog notices a loop that hangs. */
static void on_watchdog(void *context)
{
  const struct collector *collector = context;
  daemon_alive();
  loop_timer_set(collector->watchdog, daemon_watchdog_ns());
}

/* Signals arrive as events of the loop: all of this runs between two inputs. */
static void on_signal(void *context, int signal_number)
{
  struct collector *collector = context;
  if (signal_number == SIGHUP) {
    collector_bus_reload(collector->bus);
    feed_reload(collector->feed);
    return;
  }
  loop_stop(collector->loop);
}

/* The one message for all small things that are made at the start. */
static int out_of_memory(struct err_message *message)
{
  return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
}

/* What needs the rights that we may have been started with. */
static int prepare(struct collector *collector, struct err_message *message)
{
  /* Tables that strangers fill are seeded (DESIGN section 9); without entropy the built-in seed
   * stays. */
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed)) {
    hash_set_seed(seed);
  }
  (void)signal(SIGPIPE, SIG_IGN); /* a peer that hangs up is an error code */
  (void)signal(SIGUSR1, SIG_IGN); /* kept free; a stray one must not end us */
  /* The key's file may be root's alone: it is read before the rights are dropped. */
  int err = keys_load(collector->settings->key_file, &collector->key, message);
  if (err != 0) {
    return err;
  }
  const char *user = collector->settings->user;
  return daemon_drop_privileges(user[0] != '\0' ? user : NULL, 0, message);
}

/* Nothing that listens: whatever is wrong here must show before a sensor connects. */
static int make_core(struct collector *collector, struct err_message *message)
{
  const struct collector_settings *settings = collector->settings;
  const struct pipeline_sinks sinks = {collector, on_window, on_record, on_alert};
  collector->loop = loop_new();
  collector->pipeline = pipeline_new(settings, true, &sinks);
  collector->peers = peers_new((size_t)settings->sensors_max);
  if (collector->loop == NULL || collector->pipeline == NULL || collector->peers == NULL) {
    return out_of_memory(message);
  }
  int err = store_open(settings->state_dir, &collector->store, message);
  if (err != 0) {
    return err;
  }
  collector->checkpoint = checkpoint_new(collector->store, collector->peers, settings);
  if (collector->checkpoint == NULL) {
    return out_of_memory(message);
  }
  /* Receivers before anything can raise an alert. */
  err = notify_new(collector->loop, collector->store, settings, &collector->notify, message);
  return err != 0 ? err
                  : restore_all(collector->store, collector->peers, collector->pipeline, message);
}

/* The bus before the socket: who can ask gets answers of a collector that collects. */
static int make_ends(struct collector *collector, struct err_message *message)
{
  const struct collector_bus_config config = {
      .loop = collector->loop,
      .settings = collector->settings,
      .key = &collector->key,
      .pipeline = collector->pipeline,
      .peers = collector->peers,
      .checkpoint = collector->checkpoint,
  };
  int err =
      feed_new(collector->loop, collector->settings, &collector->key, &collector->feed, message);
  if (err == 0) {
    err = collector_bus_new(&config, &collector->bus, message);
  }
  if (err != 0) {
    return err;
  }
  collector->queries = (struct queries){
      .pipeline = collector->pipeline,
      .store = collector->store,
      .notify = collector->notify,
      .feed = collector->feed,
      .settings = collector->settings,
      .started_ns = clock_now_ns(),
      .unstored_each = unstored_each,
      .context = collector->checkpoint,
  };
  return api_new(collector->loop, collector->settings->socket, &collector->queries, &collector->api,
                 message);
}

/* Last, so that no timer or signal meets a half-made collector. */
static int make_events(struct collector *collector, struct err_message *message)
{
  static const int numbers[SIGNALS] = {
      [SIGNAL_TERM] = SIGTERM, [SIGNAL_INT] = SIGINT, [SIGNAL_HUP] = SIGHUP};
  collector->tick = loop_timer_new(collector->loop, on_tick, collector);
  collector->checkpoint_timer = loop_timer_new(collector->loop, on_checkpoint, collector);
  collector->watchdog = loop_timer_new(collector->loop, on_watchdog, collector);
  if (collector->tick == NULL || collector->checkpoint_timer == NULL ||
      collector->watchdog == NULL) {
    return out_of_memory(message);
  }
  for (size_t i = 0; i < SIGNALS; i++) {
    collector->signal[i] = loop_signal_new(collector->loop, numbers[i], on_signal, collector);
    if (collector->signal[i] == NULL) {
      return out_of_memory(message);
    }
  }
  loop_timer_set(collector->tick, TICK_NS);
  loop_timer_set(collector->checkpoint_timer, collector->settings->checkpoint_ns);
  if (daemon_watchdog_ns() > 0) {
    loop_timer_set(collector->watchdog, daemon_watchdog_ns());
  }
  return 0;
}

/* Ready is told when a sensor could connect, and not before. */
static void say_started(const struct collector *collector)
{
  char key[KEYS_TEXT_MAX];
  keys_format(collector->key.public_key, key);
  log_info("collector " SEINE_VERSION " listens at %s, public key %s, %u authorised sensors",
           collector_bus_endpoint(collector->bus), key, collector_bus_authorized(collector->bus));
  if (collector->feed != NULL) {
    log_info("feed for other programs at %s", feed_endpoint(collector->feed));
  }
  daemon_ready("collecting");
}

/* The sums that an operator compares with what the sensors say (P2). */
static void say_stopped(const struct collector *collector)
{
  struct pipeline_stats pipeline = pipeline_stats(collector->pipeline);
  struct collector_bus_stats bus = collector_bus_stats(collector->bus);
  struct notify_stats notify = notify_stats(collector->notify);
  log_info("stops: %llu records, %llu repeated, %llu gaps, %llu refused, %llu held, %llu before "
           "hello, %llu malformed; %llu alerts sent, %llu wait",
           (unsigned long long)pipeline.records, (unsigned long long)pipeline.repeated,
           (unsigned long long)pipeline.gaps, (unsigned long long)bus.refused,
           (unsigned long long)bus.held, (unsigned long long)bus.unasked,
           (unsigned long long)bus.malformed, (unsigned long long)notify.sent,
           (unsigned long long)notify.waiting);
}

/* Also after a start that failed half way: what was not made is NULL. */
static void take_down(struct collector *collector)
{
  for (size_t i = 0; i < SIGNALS; i++) {
    loop_signal_free(collector->signal[i]);
  }
  loop_timer_free(collector->watchdog);
  loop_timer_free(collector->checkpoint_timer);
  loop_timer_free(collector->tick);
  if (collector->api != NULL) {
    api_free(collector->api);
  }
  collector_bus_free(collector->bus);
  feed_free(collector->feed);
  notify_free(collector->notify);
  checkpoint_free(collector->checkpoint);
  store_close(collector->store);
  peers_free(collector->peers);
  if (collector->pipeline != NULL) {
    pipeline_free(collector->pipeline);
  }
  loop_free(collector->loop);
  /* The secret key must not stay in memory that is used again. */
  explicit_bzero(&collector->key, sizeof(collector->key));
}

/* What is closed at the end is written and acknowledged; the rest is still with the sensors. */
static int run(struct collector *collector)
{
  say_started(collector);
  if (loop_run(collector->loop) != 0) {
    log_error("the event loop failed");
    return 1;
  }
  /* From here on: a last tick closes what is due, a last checkpoint writes it, ACKs tell the
   * sensors. */
  daemon_stopping();
  pipeline_tick(collector->pipeline, clock_now_ns());
  write_checkpoint(collector);
  say_stopped(collector);
  return 0;
}

/* prepare (rights), core (nothing listens), ends (somebody may come), events; then the loop. The
 * error of any step ends here, in one line. */
int collector_run(const struct collector_settings *settings)
{
  struct collector collector = {.settings = settings};
  struct err_message message = {""};
  int err = prepare(&collector, &message);
  if (err == 0) {
    err = make_core(&collector, &message);
  }
  if (err == 0) {
    err = make_ends(&collector, &message);
  }
  if (err == 0) {
    err = make_events(&collector, &message);
  }
  /* Whatever failed on the way has filled message. */
  int code = 1;
  if (err == 0) {
    code = run(&collector);
  } else {
    log_error("%s", message.text);
  }
  take_down(&collector);
  return code;
}
