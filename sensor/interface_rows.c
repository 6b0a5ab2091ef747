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
  size_t count;
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
static void begin(struct summary_interface *row, const char *name, bool is_up)
{
  *row = (struct summary_interface){.is_up = is_up};
  memcpy(row->name, name, strlen(name) + 1);
}

/* By name: an interface that went and came again keeps its row. */
int interface_rows_add(struct interface_rows *rows, const char *name)
{
  for (size_t i = 0; i < rows->count; i++) {
    if (strcmp(rows->second.open[i].name, name) == 0) {
      return (int)i;
    }
  }
  size_t length = strlen(name);
  if (rows->count == SUMMARY_INTERFACES_MAX || length == 0 ||
      length >= SUMMARY_INTERFACE_NAME_MAX) {
    return ERR_LIMIT;
  }
  begin(&rows->second.open[rows->count], name, true);
  begin(&rows->minute.open[rows->count], name, true);
  return (int)rows->count++;
}

size_t interface_rows_count(const struct interface_rows *rows)
{
  return rows->count;
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

/* Deltas add up. */
static void add_kernel(struct summary_kernel *into, const struct summary_kernel *from)
{
  into->rx_packets += from->rx_packets;
  into->tx_packets += from->tx_packets;
  into->rx_bytes += from->rx_bytes;
  into->tx_bytes += from->tx_bytes;
  into->rx_errors += from->rx_errors;
  into->tx_errors += from->tx_errors;
  into->rx_dropped += from->rx_dropped;
  into->tx_dropped += from->tx_dropped;
}

/* Adds what a sample says to a row: all but what was captured. */
static void add_sample(struct interval *interval, unsigned index,
                       const struct summary_interface *part)
{
  struct summary_interface *row = &interval->open[index];
  interval->has_part[index] = true;
  if (part->has_kernel) {
    add_kernel(&row->kernel, &part->kernel);
  } else {
    interval->has_gap[index] = true;
  }
  row->is_up = part->is_up;
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
    begin(row, interval->closed[i].name, row->is_up);
    interval->has_part[i] = false;
    interval->has_gap[i] = false;
  }
  return interval->closed;
}

/* What was captured is added to the minute here; the kernel's part comes as a sample of one second.
 */
struct summary_interface *interface_rows_close_second(struct interface_rows *rows)
{
  struct summary_interface *closed = close_interval(&rows->second, rows->count);
  for (unsigned i = 0; i < rows->count; i++) {
    struct summary_interface *minute = &rows->minute.open[i];
    add_sample(&rows->minute, i, &closed[i]);
    minute->captured_packets += closed[i].captured_packets;
    minute->captured_bytes += closed[i].captured_bytes;
    minute->own_packets += closed[i].own_packets;
    minute->own_bytes += closed[i].own_bytes;
  }
  rows->is_sampled = false;
  return closed;
}

struct summary_interface *interface_rows_close_minute(struct interface_rows *rows)
{
  return close_interval(&rows->minute, rows->count);
}
