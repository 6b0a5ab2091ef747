/* SPDX-License-Identifier: Apache-2.0 */
/* Two sets of rows that add up: the open one, and the closed one that is lent out. Frames count as
 * they come, the kernel's part arrives as samples near the end of each second. */
#include "sensor/interface_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

/*   frames, samples -> open[i]  --close-->  closed[i]  -> lent to the summary */
struct interval {
  struct summary_interface open[SUMMARY_INTERFACES_MAX];
  struct summary_interface closed[SUMMARY_INTERFACES_MAX];
  bool has_part[SUMMARY_INTERFACES_MAX]; /* samples; closed seconds */
  bool has_gap[SUMMARY_INTERFACES_MAX];  /* one of them without kernel counters */
};

struct interface_rows {
  size_t count; /* places in use, free ones among them */
  bool is_retired[SUMMARY_INTERFACES_MAX];
  bool is_sampled;
  struct interval second, minute;
};

struct interface_rows *interface_rows_new(void)
{
  return calloc(1, sizeof(struct interface_rows));
}

void interface_rows_free(struct interface_rows *rows)
{
  free(rows);
}

/* An empty row keeps name and state: an interface that is down and silent still shows so. */
static void begin(struct summary_interface *row, const char *name, bool is_up, uint32_t speed_mbit)
{
  *row = (struct summary_interface){.is_up = is_up, .speed_mbit = speed_mbit};
  memcpy(row->name, name, strlen(name) + 1);
}

/* The place of a name, or the first free one, or one behind all. */
static size_t place_of(const struct interface_rows *rows, const char *name)
{
  size_t place = rows->count;
  for (size_t i = rows->count; i-- > 0;) {
    if (strcmp(rows->second.open[i].name, name) == 0) {
      return i;
    }
    if (rows->second.open[i].name[0] == '\0') {
      place = i;
    }
  }
  return place;
}

/* By name: an interface that went and came again keeps its row. */
int interface_rows_add(struct interface_rows *rows, const char *name)
{
  size_t length = strlen(name);
  if (length == 0 || length >= SUMMARY_INTERFACE_NAME_MAX) {
    return ERR_LIMIT;
  }
  size_t i = place_of(rows, name);
  if (i == SUMMARY_INTERFACES_MAX) {
    return ERR_LIMIT;
  }
  if (i == rows->count || rows->second.open[i].name[0] == '\0') {
    begin(&rows->second.open[i], name, true, 0);
    begin(&rows->minute.open[i], name, true, 0);
    rows->count += i == rows->count ? 1 : 0;
  }
  rows->is_retired[i] = false;
  return (int)i;
}

void interface_rows_retire(struct interface_rows *rows, unsigned index)
{
  assert(index < rows->count);
  rows->is_retired[index] = true;
}

/* Per packet: an index, no look-up. */
void interface_rows_frame(struct interface_rows *rows, unsigned index, uint32_t wire_bytes,
                          bool is_own)
{
  assert(index < rows->count);
  struct summary_interface *row = &rows->second.open[index];
  if (is_own) {
    row->own_packets++;
    row->own_bytes += wire_bytes;
  } else {
    row->captured_packets++;
    row->captured_bytes += wire_bytes;
  }
}

/* Adds what a sample says to a row: all but what was captured. */
static void add_sample(struct interval *interval, unsigned index,
                       const struct summary_interface *part)
{
  struct summary_interface *row = &interval->open[index];
  interval->has_part[index] = true;
  if (part->has_kernel) {
    summary_kernel_add(&row->kernel, &part->kernel);
  } else {
    interval->has_gap[index] = true;
  }
  row->is_up = part->is_up;
  row->speed_mbit = part->speed_mbit;
  row->is_filtered = row->is_filtered || part->is_filtered;
  row->capture_dropped += part->capture_dropped;
  row->interface_dropped += part->interface_dropped;
  row->uncounted_ns += part->uncounted_ns;
}

/* Several samples in one second add up too. */
void interface_rows_sample(struct interface_rows *rows, unsigned index,
                           const struct summary_interface *sample)
{
  assert(index < rows->count);
  add_sample(&rows->second, index, sample);
  rows->is_sampled = true;
}

bool interface_rows_is_sampled(const struct interface_rows *rows)
{
  return rows->is_sampled;
}

/* Moves the open rows to the closed ones; the state stays for the next interval. */
static struct summary_interface *close_interval(struct interval *interval, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    struct summary_interface *row = &interval->open[i];
    /* A sum with a gap would look like loss beside what was captured: none is shown. */
    row->has_kernel = interval->has_part[i] && !interval->has_gap[i];
    interval->closed[i] = *row;
    begin(row, interval->closed[i].name, row->is_up, row->speed_mbit);
    interval->has_part[i] = false;
    interval->has_gap[i] = false;
  }
  return interval->closed;
}

/* Nothing was captured, lost or missed. */
static bool is_quiet(const struct summary_interface *row)
{
  return row->captured_packets == 0 && row->own_packets == 0 && row->capture_dropped == 0 &&
         row->interface_dropped == 0 && row->uncounted_ns == 0 && !row->has_kernel;
}

/* Closes the gaps of free places and of retired rows that have nothing to tell. */
static size_t lend(struct interface_rows *rows, struct summary_interface *closed)
{
  size_t kept = 0;
  for (size_t i = 0; i < rows->count; i++) {
    bool is_gone = closed[i].name[0] == '\0' || (rows->is_retired[i] && is_quiet(&closed[i]));
    if (!is_gone) {
      closed[kept++] = closed[i];
    }
  }
  return kept;
}

/* What was captured is added to the minute here; the kernel's part comes as a sample of one second.
 */
struct summary_interface *interface_rows_close_second(struct interface_rows *rows, size_t *count)
{
  struct summary_interface *closed = close_interval(&rows->second, rows->count);
  for (unsigned i = 0; i < rows->count; i++) {
    struct summary_interface *minute = &rows->minute.open[i];
    /* A free place has no gap: who takes it within this minute begins there. */
    if (closed[i].name[0] == '\0') {
      continue;
    }
    add_sample(&rows->minute, i, &closed[i]);
    minute->captured_packets += closed[i].captured_packets;
    minute->captured_bytes += closed[i].captured_bytes;
    minute->own_packets += closed[i].own_packets;
    minute->own_bytes += closed[i].own_bytes;
  }
  rows->is_sampled = false;
  *count = lend(rows, closed);
  return closed;
}

/* A retired row's place is free once a whole minute had nothing of it. */
struct summary_interface *interface_rows_close_minute(struct interface_rows *rows, size_t *count)
{
  struct summary_interface *closed = close_interval(&rows->minute, rows->count);
  for (size_t i = 0; i < rows->count; i++) {
    if (rows->is_retired[i] && is_quiet(&closed[i]) && is_quiet(&rows->second.open[i])) {
      rows->second.open[i].name[0] = '\0';
      rows->minute.open[i].name[0] = '\0';
      closed[i].name[0] = '\0';
      rows->is_retired[i] = false;
    }
  }
  *count = lend(rows, closed);
  return closed;
}
