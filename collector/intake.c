/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors' starts (intake_boot.h), and their records that wait for a close.
 *
 * A record walks through here twice: intake_check asks whether it may come in and changes nothing;
 * intake_apply takes its number, when nothing can fail any more. What follows from that (P3): a
 * number that was refused for want of memory is still free when it comes again. */
#include "collector/intake.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

/* A record whose window is still open: no ACK may pass it. */
struct waiting {
  uint64_t boot_id, sequence;
  int64_t until_ns;
};

/* Everything of one sensor in one block, made at its first HELLO: intake_apply allocates
 * nothing. */
struct sensor {
  /* Counts HELLOs, as the clock of `used`: boots are ordered by it, without asking a clock. */
  uint64_t uses;
  size_t boot_count;
  struct intake_boot boot[INTAKE_BOOTS];
  size_t waiting_count;
  struct waiting waiting[INTAKE_WAITING];
};

struct intake {
  struct sensor **sensor; /* by host.id; NULL where none said HELLO */
  size_t capacity;
};

struct intake *intake_new(void)
{
  return calloc(1, sizeof(struct intake));
}

void intake_free(struct intake *intake)
{
  if (intake == NULL) {
    return;
  }
  for (size_t i = 0; i < intake->capacity; i++) {
    free(intake->sensor[i]);
  }
  free(intake->sensor);
  free(intake);
}

/* NULL for a sensor that never said HELLO. */
static const struct sensor *sensor_at(const struct intake *intake, uint32_t id)
{
  return id < intake->capacity ? intake->sensor[id] : NULL;
}

/* Makes room for the sensor. NULL without memory. */
static struct sensor *sensor_make(struct intake *intake, uint32_t id)
{
  if (id >= intake->capacity) {
    size_t capacity = intake->capacity == 0 ? 16 : intake->capacity;
    while (capacity <= id) {
      capacity *= 2;
    }
    struct sensor **grown = realloc(intake->sensor, capacity * sizeof(struct sensor *));
    if (grown == NULL) {
      return NULL;
    }
    memset(grown + intake->capacity, 0, (capacity - intake->capacity) * sizeof(struct sensor *));
    intake->sensor = grown;
    intake->capacity = capacity;
  }
  if (intake->sensor[id] == NULL) {
    intake->sensor[id] = calloc(1, sizeof(struct sensor));
  }
  return intake->sensor[id];
}

/* The boot's place, or boot_count. */
static size_t boot_find(const struct sensor *sensor, uint64_t boot_id)
{
  size_t at = 0;
  while (at < sensor->boot_count && sensor->boot[at].boot_id != boot_id) {
    at++;
  }
  return at;
}

/* The boot that says HELLO, new or known; the least recently used one makes room. */
static struct intake_boot *boot_make(struct sensor *sensor, uint64_t boot_id)
{
  size_t at = boot_find(sensor, boot_id);
  if (at == sensor->boot_count) {
    if (sensor->boot_count < INTAKE_BOOTS) {
      sensor->boot_count++;
    } else {
      at = 0;
      for (size_t i = 1; i < INTAKE_BOOTS; i++) {
        at = sensor->boot[i].used < sensor->boot[at].used ? i : at;
      }
    }
    sensor->boot[at] = (struct intake_boot){.boot_id = boot_id};
  }
  sensor->boot[at].used = ++sensor->uses;
  return &sensor->boot[at];
}

/* What the codec cannot know, and what later steps rely on without asking again. */
static int shape_check(const struct summary *s)
{
  int64_t length = s->kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  /* An unknown kind has no length that could be right. */
  bool is_kind = s->kind == SUMMARY_SECOND || s->kind == SUMMARY_MINUTE;
  /* Half the range of time is enough for anybody, and leaves room to add without overflow. */
  if (!is_kind || s->length_ns != length || s->start_ns < 0 || s->start_ns > INT64_MAX / 2 ||
      s->start_ns % length != 0 || s->sequence == 0 || s->sequence > INT64_MAX) {
    return ERR_MALFORMED;
  }
  if (s->interface_count > SUMMARY_INTERFACES_MAX || s->talker_count > SUMMARY_TALKERS_MAX ||
      s->conversation_count > SUMMARY_CONVERSATIONS_MAX ||
      s->first_seen_count > SUMMARY_FIRST_SEEN_MAX || s->edge_count > SUMMARY_EDGES_MAX) {
    return ERR_LIMIT;
  }
  return 0;
}

/* Changes nothing, so that a record may be refused later for other reasons. */
int intake_check(const struct intake *intake, uint32_t sensor, const struct summary *s)
{
  int err = shape_check(s);
  if (err != 0) {
    return err;
  }
  const struct sensor *entry = sensor_at(intake, sensor);
  size_t at = entry == NULL ? 0 : boot_find(entry, s->boot_id);
  if (entry == NULL || at == entry->boot_count) {
    return ERR_NOT_FOUND;
  }
  return intake_boot_has(&entry->boot[at], s->sequence) ? ERR_CONFLICT : 0;
}

/* A boot that was pushed out by eight newer ones is unknown again: its records find no boot. */
int intake_hello(struct intake *intake, uint32_t sensor, uint64_t boot_id, uint64_t next_sequence,
                 int64_t now_ns, int64_t *gaps)
{
  struct sensor *s = sensor_make(intake, sensor);
  if (s == NULL) {
    return ERR_NO_MEMORY;
  }
  struct intake_boot *boot = boot_make(s, boot_id);
  /* A resend begins, or goes on: what it will fill gets its full grace. */
  boot->stalled_ns = now_ns;
  *gaps = next_sequence > 1 ? (int64_t)intake_boot_give_up(boot, next_sequence - 1) : 0;
  return 0;
}

/* Numbers begin at 1, so what the store says is one range without holes. */
int intake_restore(struct intake *intake, uint32_t sensor, uint64_t boot_id, uint64_t sequence)
{
  struct sensor *s = sensor_make(intake, sensor);
  if (s == NULL) {
    return ERR_NO_MEMORY;
  }
  struct intake_boot *boot = boot_make(s, boot_id);
  if (sequence > 0) {
    boot->range[0] = (struct intake_range){1, sequence, INT64_MIN};
    boot->range_count = 1;
  }
  return 0;
}

/* Its window is closed, or it had none: it moves nobody's progress. */
int intake_restore_beyond(struct intake *intake, uint32_t sensor, uint64_t boot_id,
                          uint64_t sequence)
{
  struct sensor *s = sensor < intake->capacity ? intake->sensor[sensor] : NULL;
  size_t at = s == NULL ? 0 : boot_find(s, boot_id);
  if (s == NULL || at == s->boot_count) {
    return ERR_NOT_FOUND;
  }
  if (!intake_boot_has(&s->boot[at], sequence)) {
    (void)intake_boot_insert(&s->boot[at], sequence, INT64_MIN);
  }
  return 0;
}

/* Drops what waits no more. */
static void waiting_settle(struct sensor *sensor, int64_t closed_ns)
{
  size_t kept = 0;
  for (size_t i = 0; i < sensor->waiting_count; i++) {
    if (sensor->waiting[i].until_ns > closed_ns) {
      sensor->waiting[kept++] = sensor->waiting[i];
    }
  }
  sensor->waiting_count = kept;
}

/* Full: the newest place stands for both, with the lower number and the later close. That errs
 * towards an ACK that comes later, never towards one that comes too soon. */
static void waiting_add(struct sensor *sensor, const struct waiting *w)
{
  if (sensor->waiting_count < INTAKE_WAITING) {
    sensor->waiting[sensor->waiting_count++] = *w;
    return;
  }
  struct waiting *last = &sensor->waiting[INTAKE_WAITING - 1];
  if (last->boot_id != w->boot_id || last->sequence > w->sequence) {
    last->sequence = w->sequence;
  }
  last->boot_id = w->boot_id;
  last->until_ns = last->until_ns > w->until_ns ? last->until_ns : w->until_ns;
}

int64_t intake_apply(struct intake *intake, uint32_t sensor, const struct summary *s,
                     int64_t until_ns, int64_t closed_ns, int64_t now_ns)
{
  /* A number below `passed` was counted as a gap when it was given up: it is none after all. */
  struct sensor *entry = intake->sensor[sensor];
  struct intake_boot *boot = &entry->boot[boot_find(entry, s->boot_id)];
  int64_t gaps = s->sequence <= boot->passed ? -1 : 0;
  bool is_older = s->sequence < intake_boot_newest(boot);
  bool had_holes = intake_boot_holes(boot) > 0;
  bool is_second = s->kind == SUMMARY_SECOND;
  gaps += (int64_t)intake_boot_insert(boot, s->sequence,
                                      is_second ? s->start_ns + s->length_ns : INT64_MIN);
  /* Something old came: the resend is going on, and the holes get their full grace again. */
  if (!had_holes || is_older) {
    boot->stalled_ns = now_ns;
  } else if (now_ns - boot->stalled_ns >= INTAKE_GRACE_NS) {
    gaps += (int64_t)intake_boot_holes(boot);
    boot->passed = intake_boot_newest(boot);
  }
  /* Here, not at the close: a sensor's list is looked at only when the sensor sends. */
  waiting_settle(entry, closed_ns);
  if (until_ns > closed_ns) {
    waiting_add(entry, &(struct waiting){s->boot_id, s->sequence, until_ns});
  }
  return gaps;
}

/* The boot that said HELLO last is the one that ACKs speak of. There is one at least. */
static const struct intake_boot *boot_current(const struct sensor *entry)
{
  const struct intake_boot *boot = &entry->boot[0];
  for (size_t i = 1; i < entry->boot_count; i++) {
    boot = entry->boot[i].used > boot->used ? &entry->boot[i] : boot;
  }
  return boot;
}

/* A record beyond a hole does not count: what the hole holds is still to come. */
int64_t intake_reached(const struct intake *intake, uint32_t sensor)
{
  const struct sensor *entry = sensor_at(intake, sensor);
  if (entry == NULL || entry->boot_count == 0) {
    return INT64_MIN;
  }
  int64_t reached_ns = INT64_MIN;
  (void)intake_boot_prefix(boot_current(entry), &reached_ns);
  return reached_ns;
}

/* Asked at each checkpoint and each ACK, of one sensor: it walks two short lists. */
int intake_settled(const struct intake *intake, uint32_t sensor, int64_t closed_ns,
                   uint64_t *boot_id, uint64_t *sequence)
{
  const struct sensor *entry = sensor_at(intake, sensor);
  if (entry == NULL || entry->boot_count == 0) {
    return ERR_NOT_FOUND;
  }
  /* As far as the prefix goes, and no further than just before the first record whose window is
   * still open. */
  const struct intake_boot *boot = boot_current(entry);
  int64_t reached_ns = INT64_MIN;
  uint64_t settled = intake_boot_prefix(boot, &reached_ns);
  for (size_t i = 0; i < entry->waiting_count; i++) {
    const struct waiting *w = &entry->waiting[i];
    if (w->boot_id == boot->boot_id && w->until_ns > closed_ns && w->sequence <= settled) {
      settled = w->sequence - 1;
    }
  }
  *boot_id = boot->boot_id;
  *sequence = settled;
  return 0;
}
