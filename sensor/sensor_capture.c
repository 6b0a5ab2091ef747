/* SPDX-License-Identifier: Apache-2.0 */
/* The taps' life: start, each second, end. How they follow the devices: sensor_capture_follow.c. */
#include "sensor/sensor_capture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "sensor/sensor_capture_table.h"

/* Devices change in bursts (made, named, moved, up): one look behind them. */
#define SOON_NS (20 * NS_PER_MS)

static int taps_add_named(struct taps *taps, struct err_message *message)
{
  const struct conf_list *names = &taps->settings->interfaces;
  taps->is_auto = names->count == 0;
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->item[i], "auto") == 0) {
      taps->is_auto = true;
    } else if (taps_add(taps, names->item[i], TAP_NAMED) != 0) {
      return err_set(message, ERR_LIMIT, "interface %s: more than %d interfaces", names->item[i],
                     SUMMARY_INTERFACES_MAX);
    }
  }
  return 0;
}

/* What is named is taken; that it counts some bytes twice is said. */
static void taps_warn_twice(const struct taps *taps)
{
  for (size_t i = 0; i < taps->count; i++) {
    const struct interface_state *a = taps_find(taps, taps->tap[i].name);
    for (size_t k = i + 1; k < taps->count && a != NULL; k++) {
      const struct interface_state *b = taps_find(taps, taps->tap[k].name);
      if (b != NULL && taps->tap[i].origin != TAP_PORT && taps->tap[k].origin != TAP_PORT &&
          interfaces_share_bytes(taps->list, taps->list_count, a, b)) {
        log_warning(
            "interfaces %s and %s: one carries packets of the other: they are counted twice",
            a->name, b->name);
      }
    }
  }
}

/* A host whose card has no carrier yet waits for it; one without a card is told so. */
static int taps_find_ways_out(struct taps *taps, struct err_message *message)
{
  taps_choose(taps);
  if (taps->count > 0 || !taps->is_auto) {
    return 0;
  }
  if (interfaces_has_way_out(taps->list, taps->list_count)) {
    log_warning("interfaces: 'auto': none is up yet: waiting for one");
    return 0;
  }
  return err_set(message, ERR_NOT_FOUND,
                 "interfaces: 'auto': no interface is up but loopback; name one");
}

/* Captures first, then the counters: from here on the two are compared. */
static int taps_start(struct taps *taps, struct err_message *message)
{
  int err = taps_add_named(taps, message);
  err = err != 0 ? err : taps_list(taps, message);
  err = err != 0 ? err : taps_find_ways_out(taps, message);
  for (size_t i = 0; i < taps->count && err == 0; i++) {
    err = tap_open(&taps->tap[i], message);
  }
  if (err != 0) {
    return err;
  }
  if (taps->settings->capture_filter[0] != '\0') {
    log_warning("capture.filter \"%s\": what it leaves out is not measured, and captured packets "
                "are not to be compared with the kernel's",
                taps->settings->capture_filter);
  }
  taps_warn_twice(taps);
  err = taps_list(taps, message);
  for (size_t i = 0; i < taps->count && err == 0; i++) {
    tap_base(&taps->tap[i], taps_find(taps, taps->tap[i].name));
    taps->tap[i].away_since_ns = 0;
  }
  return err;
}

/* The ways of devices are watched in any case; the turn of each second finds what was missed. */
static void on_change(void *context, int fd, unsigned what)
{
  (void)what;
  struct taps *taps = context;
  interfaces_watch_drain(fd);
  loop_timer_set(taps->soon, SOON_NS);
}

static void on_soon(void *context)
{
  struct taps *taps = context;
  struct err_message message;
  if (taps_list(taps, &message) == 0) {
    taps_follow(taps);
  }
}

static int taps_watch(struct taps *taps, struct err_message *message)
{
  taps->watch_fd = interfaces_watch(message);
  if (taps->watch_fd < 0) {
    return taps->watch_fd;
  }
  taps->soon = loop_timer_new(taps->loop, on_soon, taps);
  taps->watch = loop_watch_new(taps->loop, taps->watch_fd, LOOP_READ, on_change, taps);
  if (taps->soon == NULL || taps->watch == NULL) {
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  return 0;
}

/* The next full second of the wall clock; a clock that is set back makes it late, and the caller's
 * own turn is then the first. */
static void taps_begin_second(struct taps *taps)
{
  taps->boundary.end_ns = clock_floor_ns(clock_now_ns(), NS_PER_S) + NS_PER_S;
}

/* A frame of the new second is first: the counters belong to the one before. Called from within a
 * read, so that nothing is closed here. */
static void taps_passed(void *context)
{
  struct taps *taps = context;
  struct err_message message;
  taps_begin_second(taps);
  if (taps_list(taps, &message) != 0) {
    return; /* taps_sample says so */
  }
  for (size_t i = 0; i < taps->count; i++) {
    const struct interface_state *link = taps_find(taps, taps->tap[i].name);
    if (taps->tap[i].name[0] != '\0' && !tap_is_lost(&taps->tap[i], link)) {
      tap_sample(&taps->tap[i], link);
    }
  }
}

int taps_new(struct loop *loop, struct meter *meter, const struct sensor_settings *settings,
             struct taps **out, struct err_message *message)
{
  struct taps *taps = calloc(1, sizeof(*taps));
  if (taps == NULL) {
    return err_set(message, ERR_NO_MEMORY, "out of memory");
  }
  taps->loop = loop;
  taps->meter = meter;
  taps->settings = settings;
  taps->boundary = (struct tap_boundary){.passed = taps_passed, .context = taps};
  taps_begin_second(taps);
  taps->watch_fd = -1;
  /* The watch first: no change falls between the list and it. */
  int err = taps_watch(taps, message);
  err = err != 0 ? err : taps_start(taps, message);
  if (err != 0) {
    taps_free(taps);
    return err;
  }
  *out = taps;
  return 0;
}

void taps_free(struct taps *taps)
{
  if (taps == NULL) {
    return;
  }
  for (size_t i = 0; i < taps->count; i++) {
    tap_close(&taps->tap[i]);
  }
  loop_watch_free(taps->watch);
  loop_timer_free(taps->soon);
  if (taps->watch_fd >= 0) {
    (void)close(taps->watch_fd);
  }
  free(taps);
}

void taps_sample(struct taps *taps)
{
  taps_begin_second(taps);
  struct err_message message;
  if (taps_list(taps, &message) != 0) {
    log_warning("%s; this second has no kernel counters", message.text);
    return;
  }
  taps_rename(taps);
  for (size_t i = 0; i < taps->count; i++) {
    if (taps->tap[i].name[0] != '\0') {
      tap_sample(&taps->tap[i], taps_find(taps, taps->tap[i].name));
    }
  }
}

void taps_drain(struct taps *taps)
{
  for (size_t i = 0; i < taps->count; i++) {
    if (taps->tap[i].capture != NULL) {
      tap_drain(&taps->tap[i]);
    }
  }
}

bool taps_set_sampling(struct taps *taps, unsigned shift)
{
  bool is_any = false;
  taps->sample_shift = shift;
  for (size_t i = 0; i < taps->count; i++) {
    if (taps->tap[i].name[0] != '\0') {
      bool is_taken = tap_set_sampling(&taps->tap[i], shift) == 0;
      is_any = is_any || (is_taken && taps->tap[i].capture != NULL);
    }
  }
  return is_any;
}

/* A capture that was opened just now is compared with its device's counters from now on. */
void taps_follow(struct taps *taps)
{
  struct err_message message;
  taps_rename(taps);
  taps_choose(taps);
  if (taps_open(taps) == 0 || taps_list(taps, &message) != 0) {
    return;
  }
  for (size_t i = 0; i < taps->count; i++) {
    tap_base(&taps->tap[i], taps_find(taps, taps->tap[i].name));
  }
}

size_t taps_names(const struct taps *taps, const char **out, size_t max)
{
  size_t n = 0;
  for (size_t i = 0; i < taps->count && n < max; i++) {
    if (taps->tap[i].capture != NULL) {
      out[n++] = taps->tap[i].name;
    }
  }
  return n;
}
