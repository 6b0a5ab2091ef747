/* SPDX-License-Identifier: Apache-2.0 */
/* The taps that the settings name and those that `auto` finds, as devices come, go and are renamed.
 */
#include "sensor/sensor_capture.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "sensor/interfaces.h"
#include "sensor/tap.h"

/* A device that `auto` found and that is gone for so long is not waited for: its place is given
 * away. */
#define FORGET_NS (10 * NS_PER_S)
/* A full ring is read so often, not for ever: the next turn goes on. */
#define DRAIN_TURNS 1024

struct taps {
  struct loop *loop;
  struct meter *meter;
  const struct sensor_settings *settings;
  bool is_auto;
  bool has_warned; /* once of too many interfaces, not every second */
  size_t count;    /* places in use, free ones among them */
  struct tap tap[SUMMARY_INTERFACES_MAX];
  int list_count;
  struct interface_state list[INTERFACES_MAX]; /* the devices, as last listed */
};

/* The devices as they are now; none when the kernel will not say. */
static int taps_list(struct taps *taps, struct err_message *message)
{
  int n = interfaces_list(taps->list, INTERFACES_MAX, message);
  taps->list_count = n < 0 ? 0 : n;
  return n < 0 ? n : 0;
}

/* By name: an index changes when a device is made anew. */
static const struct interface_state *taps_find(const struct taps *taps, const char *name)
{
  for (int i = 0; i < taps->list_count; i++) {
    if (strcmp(taps->list[i].name, name) == 0) {
      return &taps->list[i];
    }
  }
  return NULL;
}

/* The tap of a name, else a free place, else a new one; NULL when there is none. */
static struct tap *taps_place(struct taps *taps, const char *name)
{
  struct tap *place = NULL;
  for (size_t i = 0; i < taps->count; i++) {
    if (strcmp(taps->tap[i].name, name) == 0) {
      return &taps->tap[i];
    }
    if (place == NULL && taps->tap[i].name[0] == '\0') {
      place = &taps->tap[i];
    }
  }
  if (place == NULL && taps->count < SUMMARY_INTERFACES_MAX) {
    place = &taps->tap[taps->count++];
  }
  return place;
}

static int taps_add(struct taps *taps, const char *name, bool is_named)
{
  struct tap *tap = taps_place(taps, name);
  if (tap != NULL && tap->name[0] != '\0') {
    return 0;
  }
  int index = tap != NULL ? meter_add_interface(taps->meter, name) : ERR_LIMIT;
  if (index < 0) {
    return index;
  }
  *tap = (struct tap){
      .loop = taps->loop,
      .meter = taps->meter,
      .settings = taps->settings,
      .is_named = is_named,
      .meter_index = (unsigned)index,
      .away_since_ns = clock_monotonic_ns(),
  };
  (void)strncpy(tap->name, name, sizeof(tap->name) - 1);
  return 0;
}

static int taps_add_named(struct taps *taps, struct err_message *message)
{
  const struct conf_list *names = &taps->settings->interfaces;
  taps->is_auto = names->count == 0;
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->item[i], "auto") == 0) {
      taps->is_auto = true;
    } else if (taps_add(taps, names->item[i], true) != 0) {
      return err_set(message, ERR_LIMIT, "interface %s: more than %d interfaces", names->item[i],
                     SUMMARY_INTERFACES_MAX);
    }
  }
  return 0;
}

/* A tap for every device that `auto` chooses now. */
static void taps_add_chosen(struct taps *taps)
{
  size_t chosen[SUMMARY_INTERFACES_MAX];
  size_t count =
      interfaces_choose(taps->list, (size_t)taps->list_count, chosen, SUMMARY_INTERFACES_MAX);
  for (size_t i = 0; i < count; i++) {
    if (taps_add(taps, taps->list[chosen[i]].name, false) != 0 && !taps->has_warned) {
      taps->has_warned = true;
      log_warning("interface %s: left out: more than %d interfaces", taps->list[chosen[i]].name,
                  SUMMARY_INTERFACES_MAX);
    }
  }
}

static int taps_start(struct taps *taps, struct err_message *message)
{
  int err = taps_add_named(taps, message);
  err = err != 0 ? err : taps_list(taps, message);
  if (err == 0 && taps->is_auto) {
    taps_add_chosen(taps);
    if (taps->count == 0) {
      err = err_set(message, ERR_NOT_FOUND,
                    "interfaces: 'auto': no interface is up but loopback; name one");
    }
  }
  for (size_t i = 0; i < taps->count && err == 0; i++) {
    err = tap_open(&taps->tap[i], message);
  }
  /* Once more, now that the captures are open: from here on the two are compared. */
  err = err != 0 ? err : taps_list(taps, message);
  for (size_t i = 0; i < taps->count && err == 0; i++) {
    tap_base(&taps->tap[i], taps_find(taps, taps->tap[i].name));
    taps->tap[i].away_since_ns = 0;
  }
  return err;
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
  int err = taps_start(taps, message);
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
  free(taps);
}

void taps_sample(struct taps *taps)
{
  struct err_message message;
  if (taps_list(taps, &message) != 0) {
    log_warning("%s; this second has no kernel counters", message.text);
    return;
  }
  for (size_t i = 0; i < taps->count; i++) {
    if (taps->tap[i].name[0] != '\0') {
      tap_sample(&taps->tap[i], taps_find(taps, taps->tap[i].name));
    }
  }
}

void taps_drain(struct taps *taps)
{
  for (size_t i = 0; i < taps->count; i++) {
    for (int turn = 0; turn < DRAIN_TURNS && taps->tap[i].capture != NULL; turn++) {
      if (!tap_read(&taps->tap[i])) {
        break;
      }
    }
  }
}

/* A device that is gone: one that the settings name is waited for, one of `auto` only for a while.
 */
static void taps_forget(struct taps *taps, struct tap *tap)
{
  int64_t now_ns = clock_monotonic_ns();
  if (taps_find(taps, tap->name) != NULL) {
    tap->gone_since_ns = 0;
  } else if (tap->gone_since_ns == 0) {
    tap->gone_since_ns = now_ns;
  } else if (!tap->is_named && now_ns - tap->gone_since_ns >= FORGET_NS) {
    log_info("interface %s: no longer waited for", tap->name);
    meter_retire_interface(taps->meter, tap->meter_index);
    *tap = (struct tap){.name = ""};
  }
}

void taps_follow(struct taps *taps)
{
  struct err_message message;
  if (taps->is_auto) {
    taps_add_chosen(taps);
  }
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    if (tap->name[0] != '\0' && tap->capture == NULL) {
      taps_forget(taps, tap);
    }
    if (tap->name[0] != '\0' && tap->capture == NULL && tap_open(tap, &message) != 0) {
      log_debug("%s", message.text);
    }
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
