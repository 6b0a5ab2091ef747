/* SPDX-License-Identifier: Apache-2.0 */
/* How the table of taps follows the devices: which have one, under which name, open or not. */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "sensor/sensor_capture_table.h"

/* A device that `auto` found and that is gone for so long is not waited for: its place is given
 * away. */
#define FORGET_NS (10 * NS_PER_S)
/* A choice from an unchanged list may still differ: a place has become free. */
#define CHOOSE_NS (60 * NS_PER_S)

int taps_list(struct taps *taps, struct err_message *message)
{
  int n = interfaces_list(taps->list, INTERFACES_MAX, message);
  taps->list_count = n < 0 ? 0 : (size_t)n;
  return n < 0 ? n : 0;
}

/* By name: an index changes when a device is made anew. */
const struct interface_state *taps_find(const struct taps *taps, const char *name)
{
  for (size_t i = 0; i < taps->list_count; i++) {
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

int taps_add(struct taps *taps, const char *name, enum tap_origin origin)
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
      .boundary = &taps->boundary,
      .meter = taps->meter,
      .settings = taps->settings,
      .origin = origin,
      .sample_shift = taps->sample_shift,
      .meter_index = (unsigned)index,
      .away_since_ns = clock_monotonic_ns(),
  };
  (void)strncpy(tap->name, name, sizeof(tap->name) - 1);
  return 0;
}

/* Ends a tap: what it saw is counted, its row leaves, its place is free. */
static void taps_remove(struct taps *taps, struct tap *tap)
{
  if (tap->capture != NULL) {
    tap_drain(tap);
    tap_close(tap);
    tap_sample(tap, taps_find(taps, tap->name));
  }
  meter_retire_interface(taps->meter, tap->meter_index);
  *tap = (struct tap){.name = ""};
}

static bool is_among(const struct taps *taps, const char *name, const size_t *chosen, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (strcmp(taps->list[chosen[i]].name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* A device that is up and is no way out (any more), as a card that went into a bond: what it
 * carries is counted elsewhere. One that is down stays, to be told as down. */
static void taps_drop_others(struct taps *taps, enum tap_origin origin, const size_t *chosen,
                             size_t count)
{
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    const struct interface_state *link = taps_find(taps, tap->name);
    if (tap->name[0] != '\0' && tap->origin == origin && link != NULL && link->is_up &&
        !is_among(taps, tap->name, chosen, count)) {
      log_info("interface %s: no longer chosen", tap->name);
      taps_remove(taps, tap);
    }
  }
}

static void taps_add_chosen(struct taps *taps, enum tap_origin origin, const size_t *chosen,
                            size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const char *name = taps->list[chosen[i]].name;
    if (taps_add(taps, name, origin) != 0 && !taps->has_warned) {
      taps->has_warned = true;
      log_warning("interface %s: left out: more than %d interfaces", name, SUMMARY_INTERFACES_MAX);
    }
  }
}

/* One more than there is room for, so that a lack of room is noticed. Others go first. */
void taps_choose(struct taps *taps)
{
  if (!taps->is_auto && !taps->settings->capture_ports) {
    return;
  }
  int64_t now_ns = clock_monotonic_ns();
  uint64_t shape = interfaces_shape(taps->list, taps->list_count);
  if (shape == taps->shape && now_ns - taps->chosen_ns < CHOOSE_NS) {
    return;
  }
  taps->shape = shape;
  taps->chosen_ns = now_ns;
  interfaces_stack(INTERFACES_SYSFS, taps->list, taps->list_count);
  size_t chosen[SUMMARY_INTERFACES_MAX + 1];
  size_t ports[SUMMARY_INTERFACES_MAX + 1];
  size_t max = sizeof(chosen) / sizeof(chosen[0]);
  size_t count = 0;
  size_t port_count = 0;
  if (taps->is_auto) {
    count = interfaces_choose(taps->list, taps->list_count, chosen, max);
  }
  if (taps->settings->capture_ports) {
    port_count = interfaces_ports(taps->list, taps->list_count, ports, max);
  }
  taps_drop_others(taps, TAP_AUTO, chosen, count);
  taps_drop_others(taps, TAP_PORT, ports, port_count);
  taps_add_chosen(taps, TAP_AUTO, chosen, count);
  taps_add_chosen(taps, TAP_PORT, ports, port_count);
}

/* A device that is gone: one that the settings name is waited for, others only for a while. */
static void taps_forget(struct taps *taps, struct tap *tap)
{
  int64_t now_ns = clock_monotonic_ns();
  if (taps_find(taps, tap->name) != NULL) {
    tap->gone_since_ns = 0;
  } else if (tap->gone_since_ns == 0) {
    tap->gone_since_ns = now_ns;
  } else if (tap->origin != TAP_NAMED && now_ns - tap->gone_since_ns >= FORGET_NS) {
    log_info("interface %s: no longer waited for", tap->name);
    taps_remove(taps, tap);
  }
}

size_t taps_open(struct taps *taps)
{
  struct err_message message;
  size_t opened = 0;
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    if (tap->name[0] != '\0' && tap->capture == NULL) {
      taps_forget(taps, tap);
    }
    if (tap->name[0] == '\0' || tap->capture != NULL || taps_find(taps, tap->name) == NULL) {
      continue;
    }
    if (tap_open(tap, &message) == 0) {
      opened++;
    } else {
      log_debug("%s", message.text);
    }
  }
  return opened;
}

/* By index: the device is the same, and so is the socket that is bound to it. */
static const struct interface_state *taps_find_device(const struct taps *taps, int device)
{
  for (size_t i = 0; i < taps->list_count; i++) {
    if (taps->list[i].index == device) {
      return &taps->list[i];
    }
  }
  return NULL;
}

/* The new name of a tap that follows its device; NULL: it has none. */
static const char *taps_new_name(const struct taps *taps, const struct tap *tap)
{
  if (tap->name[0] == '\0' || tap->origin == TAP_NAMED || tap->capture == NULL) {
    return NULL;
  }
  const struct interface_state *link = taps_find_device(taps, tap->device);
  return link != NULL && strcmp(link->name, tap->name) != 0 ? link->name : NULL;
}

/* A name that another tap waits for: the one that the settings name gets it, else the one that has
 * the device. */
static void taps_clear_name(struct taps *taps, struct tap *tap, const char *name)
{
  struct tap *holder = taps_place(taps, name);
  if (holder == NULL || holder == tap || holder->name[0] == '\0' ||
      taps_new_name(taps, holder) != NULL) {
    return;
  }
  taps_remove(taps, holder->origin == TAP_NAMED ? tap : holder);
}

/* Two names may have been exchanged: all rows of old names leave before the new ones come. What was
 * until now counts under the old ones, packets and counters alike. */
void taps_rename(struct taps *taps)
{
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    const char *name = taps_new_name(taps, tap);
    if (name != NULL) {
      taps_clear_name(taps, tap, name);
    }
    if (taps_new_name(taps, tap) != NULL) {
      tap_drain(tap);
      tap_sample(tap, taps_find_device(taps, tap->device));
      meter_retire_interface(taps->meter, tap->meter_index);
    }
  }
  for (size_t i = 0; i < taps->count; i++) {
    struct tap *tap = &taps->tap[i];
    const char *name = taps_new_name(taps, tap);
    int index = name != NULL ? meter_add_interface(taps->meter, name) : 0;
    if (name == NULL || index < 0) {
      continue;
    }
    log_info("interface %s: its name is %s now", tap->name, name);
    (void)strncpy(tap->name, name, sizeof(tap->name) - 1);
    tap->meter_index = (unsigned)index;
    tap->mtu = 0; /* the new row was not told yet */
  }
}
