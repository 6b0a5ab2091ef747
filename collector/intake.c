/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of applied sequence numbers, boot by boot, and the records that wait for a close.
 *
 * A record walks through here twice: intake_check asks whether it may come in and changes nothing;
 * intake_apply takes its number, when nothing can fail any more. What follows from that (P3): a
 * number that was refused for want of memory is still free when it comes again. */
#include "collector/intake.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

/* Both ends are applied. */
struct range {
  uint64_t first, last;
};

/* One start of a sensor. The ranges are few in practice: one while all goes well, two or three
 * while live records and resent ones come mixed. */
struct boot {
  uint64_t boot_id;
  uint64_t used;      /* the larger, the more recently said HELLO */
  uint64_t passed;    /* holes up to here are given up */
  int64_t stalled_ns; /* since then nothing came that lies before the newest */
  size_t range_count;
  struct range range[INTAKE_RANGES + 1]; /* ascending; one spare for an insertion */
};

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
  struct boot boot[INTAKE_BOOTS];
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
static struct boot *boot_make(struct sensor *sensor, uint64_t boot_id)
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
    sensor->boot[at] = (struct boot){.boot_id = boot_id};
  }
  sensor->boot[at].used = ++sensor->uses;
  return &sensor->boot[at];
}

/* A boot that was pushed out by eight newer ones is unknown again: its records find no boot. */
int intake_hello(struct intake *intake, uint32_t sensor, uint64_t boot_id)
{
  struct sensor *s = sensor_make(intake, sensor);
  if (s == NULL) {
    return ERR_NO_MEMORY;
  }
  (void)boot_make(s, boot_id);
  return 0;
}

/* Numbers begin at 1, so what the store says is one range without holes. */
int intake_restore(struct intake *intake, uint32_t sensor, uint64_t boot_id, uint64_t sequence)
{
  struct sensor *s = sensor_make(intake, sensor);
  if (s == NULL) {
    return ERR_NO_MEMORY;
  }
  struct boot *boot = boot_make(s, boot_id);
  if (sequence > 0) {
    boot->range[0] = (struct range){1, sequence};
    boot->range_count = 1;
  }
  return 0;
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
      s->first_seen_count > SUMMARY_FIRST_SEEN_MAX) {
    return ERR_LIMIT;
  }
  return 0;
}

/* The first range that contains sequence, touches it from below, or lies behind it. Linear: there
 * are at most INTAKE_RANGES of them. */
static size_t range_near(const struct boot *boot, uint64_t sequence)
{
  size_t i = 0;
  while (i < boot->range_count && boot->range[i].last + 1 < sequence) {
    i++;
  }
  return i;
}

/* At most INTAKE_RANGES steps; in order, it is the last range. */
static bool boot_has(const struct boot *boot, uint64_t sequence)
{
  for (size_t i = 0; i < boot->range_count; i++) {
    if (sequence >= boot->range[i].first && sequence <= boot->range[i].last) {
      return true;
    }
  }
  return false;
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
  return boot_has(&entry->boot[at], s->sequence) ? ERR_CONFLICT : 0;
}

/* The highest applied number; 0 before the first. */
static uint64_t boot_newest(const struct boot *boot)
{
  return boot->range_count == 0 ? 0 : boot->range[boot->range_count - 1].last;
}

/* How many numbers of the hole before range i are not given up yet. */
static uint64_t hole_size(const struct boot *boot, size_t i)
{
  uint64_t before = i == 0 ? 0 : boot->range[i - 1].last;
  before = before > boot->passed ? before : boot->passed;
  uint64_t last = boot->range[i].first - 1;
  return last > before ? last - before : 0;
}

/* Numbers that have not come and are not given up. */
static uint64_t boot_holes(const struct boot *boot)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < boot->range_count; i++) {
    sum += hole_size(boot, i);
  }
  return sum;
}

/* Two ranges have met. */
static void range_remove(struct boot *boot, size_t i)
{
  boot->range_count--;
  memmove(&boot->range[i], &boot->range[i + 1], (boot->range_count - i) * sizeof(struct range));
}

/* Adds a sequence that is in no range. Returns how many numbers of the lowest hole had to be given
 * up to make room. */
static uint64_t range_insert(struct boot *boot, uint64_t sequence)
{
  /* Four cases: it lengthens a range (and may join it to the next), it comes just before one, it
   * stands alone, or it stands alone and there is no room for one more range. */
  size_t i = range_near(boot, sequence);
  if (i < boot->range_count && boot->range[i].last + 1 == sequence) {
    boot->range[i].last = sequence;
    if (i + 1 < boot->range_count && boot->range[i + 1].first == sequence + 1) {
      boot->range[i].last = boot->range[i + 1].last;
      range_remove(boot, i + 1);
    }
    return 0;
  }
  if (i < boot->range_count && boot->range[i].first == sequence + 1) {
    boot->range[i].first = sequence;
    return 0;
  }
  memmove(&boot->range[i + 1], &boot->range[i], (boot->range_count - i) * sizeof(struct range));
  boot->range[i] = (struct range){sequence, sequence};
  boot->range_count++;
  if (boot->range_count <= INTAKE_RANGES) {
    return 0;
  }
  /* Too many holes: the oldest is the least likely to be filled. Joining the two lowest ranges
   * gives it up, and its numbers are told as gaps rather than forgotten (P2). */
  uint64_t lost = hole_size(boot, 1);
  boot->range[0].last = boot->range[1].last;
  range_remove(boot, 1);
  return lost;
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
  struct boot *boot = &entry->boot[boot_find(entry, s->boot_id)];
  int64_t gaps = s->sequence <= boot->passed ? -1 : 0;
  bool is_older = s->sequence < boot_newest(boot);
  bool had_holes = boot_holes(boot) > 0;
  gaps += (int64_t)range_insert(boot, s->sequence);
  /* Something old came: the resend is going on, and the holes get their full grace again. */
  if (!had_holes || is_older) {
    boot->stalled_ns = now_ns;
  } else if (now_ns - boot->stalled_ns >= INTAKE_GRACE_NS) {
    gaps += (int64_t)boot_holes(boot);
    boot->passed = boot_newest(boot);
  }
  /* Here, not at the close: a sensor's list is looked at only when the sensor sends. */
  waiting_settle(entry, closed_ns);
  if (until_ns > closed_ns) {
    waiting_add(entry, &(struct waiting){s->boot_id, s->sequence, until_ns});
  }
  return gaps;
}

/* Asked at each checkpoint and each ACK, of one sensor: it walks two short lists. */
int intake_settled(const struct intake *intake, uint32_t sensor, int64_t closed_ns,
                   uint64_t *boot_id, uint64_t *sequence)
{
  const struct sensor *entry = sensor_at(intake, sensor);
  if (entry == NULL || entry->boot_count == 0) {
    return ERR_NOT_FOUND;
  }
  /* The boot that said HELLO last is the one that ACKs speak of. */
  const struct boot *boot = &entry->boot[0];
  for (size_t i = 1; i < entry->boot_count; i++) {
    boot = entry->boot[i].used > boot->used ? &entry->boot[i] : boot;
  }
  /* As far as ranges and given-up holes lie side by side without a break ... */
  uint64_t settled = boot->passed;
  for (size_t i = 0; i < boot->range_count && boot->range[i].first <= settled + 1; i++) {
    settled = boot->range[i].last > settled ? boot->range[i].last : settled;
  }
  /* ... and no further than just before the first record whose window is still open. */
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
