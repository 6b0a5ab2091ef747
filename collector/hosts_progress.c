/* SPDX-License-Identifier: Apache-2.0 */
/* How far the sensors are: records, clocks, and whom a closing window waits for.
 *
 * A window closes when no punctual sensor is behind. With 10,000 sensors nobody can be asked at
 * each record; so the answer is kept as a count:
 *
 *   watched_ns   the end of the oldest open window
 *   punctual     sensors that are waited for
 *   behind       of those, the ones whose passed_ns lies before watched_ns;  0: close
 *
 * Every change of passed_ns or is_punctual goes through hosts_move, which keeps the counts. */
#include <string.h>

#include "collector/hosts.h"
#include "collector/hosts_internal.h"

/* One late record is the network's; two in a row are the sensor's. */
#define MISSES_MAX 2

void hosts_move(struct hosts *hosts, struct host *host, bool is_punctual, int64_t passed_ns)
{
  /* Out of the counts as it was, into them as it is. */
  hosts->punctual -= host->is_punctual ? 1 : 0;
  hosts->behind -= host->is_punctual && host->passed_ns < hosts->watched_ns ? 1 : 0;
  host->is_punctual = is_punctual;
  host->passed_ns = passed_ns;
  hosts->punctual += is_punctual ? 1 : 0;
  hosts->behind += is_punctual && passed_ns < hosts->watched_ns ? 1 : 0;
}

/* Of a clock that runs back nothing is believed. */
void hosts_hear(struct host *host, int64_t now_ns)
{
  host->last_heard_ns = now_ns > host->last_heard_ns ? now_ns : host->last_heard_ns;
  host->quiet_from_ns = now_ns > host->quiet_from_ns ? now_ns : host->quiet_from_ns;
}

/* Either way it begins anew: misses are counted in a row. */
void hosts_set_punctual(struct hosts *hosts, struct host *host, bool is_punctual)
{
  host->misses = 0;
  hosts_move(hosts, host, is_punctual, host->passed_ns);
}

/* Never back: a sensor whose clock was set back has passed what it has passed. */
void hosts_pass(struct hosts *hosts, struct host *host, int64_t until_ns)
{
  if (until_ns > host->passed_ns) {
    hosts_move(hosts, host, host->is_punctual, until_ns);
  }
}

/* Called once or twice a window, so that it may look at every sensor. */
void hosts_watch(struct hosts *hosts, int64_t end_ns)
{
  if (end_ns == hosts->watched_ns) {
    return;
  }
  hosts->watched_ns = end_ns;
  hosts->behind = 0;
  for (size_t i = 0; i < hosts->count; i++) {
    const struct host *host = hosts->by_id[i];
    hosts->behind += host->is_punctual && host->passed_ns < end_ns ? 1 : 0;
  }
}

/* Without punctual sensors nobody has passed anything: lateness decides. */
bool hosts_all_passed(const struct hosts *hosts)
{
  return hosts->punctual > 0 && hosts->behind == 0;
}

int64_t hosts_slowest_ns(const struct hosts *hosts)
{
  int64_t slowest = INT64_MAX;
  for (size_t i = 0; i < hosts->count; i++) {
    const struct host *host = hosts->by_id[i];
    if (host->is_punctual && host->passed_ns < slowest) {
      slowest = host->passed_ns;
    }
  }
  return slowest == INT64_MAX ? INT64_MIN : slowest;
}

bool hosts_have_passed(const struct hosts *hosts, int64_t until_ns)
{
  for (size_t i = 0; i < hosts->count; i++) {
    const struct host *host = hosts->by_id[i];
    if (host->is_punctual && host->passed_ns < until_ns) {
      return false;
    }
  }
  return true;
}

/* How long the sensor was silent when the collector went is known; how long it was silent
 * meanwhile is not. So the clock of its silence stood still. */
static void host_slept(struct hosts *hosts, struct host *host, int64_t gap_ns, int64_t now_ns,
                       int64_t patience_ns)
{
  bool is_known = host->is_punctual || host->is_connected || host->is_restored;
  bool is_begun = host->quiet_from_ns != INT64_MIN;
  bool is_silent = is_begun && now_ns - gap_ns - host->quiet_from_ns >= patience_ns;
  if (!is_begun || host->quiet_from_ns > now_ns - gap_ns) {
    host->quiet_from_ns = now_ns;
  } else {
    host->quiet_from_ns += gap_ns;
  }
  if (host->has_left || !is_known) {
    return;
  }
  /* One that was silent long before is not waited for: or stall after stall would hold all others.
   */
  if (is_silent) {
    hosts_move(hosts, host, false, host->passed_ns);
    return;
  }
  host->misses = 0;
  host->awaited_until_ns = INT64_MAX;
  hosts_move(hosts, host, true, host->passed_ns);
}

void hosts_slept(struct hosts *hosts, int64_t gap_ns, int64_t now_ns, int64_t patience_ns)
{
  hosts->is_catching_up = true;
  for (size_t i = 0; i < hosts->count; i++) {
    host_slept(hosts, hosts->by_id[i], gap_ns, now_ns, patience_ns);
  }
}

void hosts_caught_up(struct hosts *hosts, int64_t until_ns)
{
  hosts->is_catching_up = false;
  for (size_t i = 0; i < hosts->count; i++) {
    struct host *host = hosts->by_id[i];
    host->awaited_until_ns =
        host->awaited_until_ns == INT64_MAX ? until_ns : host->awaited_until_ns;
  }
}

/* Punctual, or there when the collector went: then it is missing however late it is. */
static bool is_expected(const struct host *host, int64_t start_ns)
{
  return (host->is_punctual && start_ns >= host->expected_from_ns) ||
         start_ns < host->awaited_until_ns;
}

uint32_t hosts_closed(struct hosts *hosts, int64_t start_ns, const struct summary *const *parts,
                      size_t n)
{
  /* Both lists are in order of names: one walk finds who is in the window and who is missing. */
  uint32_t expected = 0;
  size_t part = 0;
  for (size_t i = 0; i < hosts->count; i++) {
    struct host *host = hosts->by_name[i];
    /* A sensor may have two parts (two clock epochs): the walk passes over the second. */
    while (part < n && strcmp(parts[part]->sensor, host->name) < 0) {
      part++;
    }
    if (part < n && strcmp(parts[part]->sensor, host->name) == 0) {
      host->misses = 0;
      expected++;
    } else if (hosts->is_live && is_expected(host, start_ns)) {
      expected++;
      /* A sensor that has passed the second had nothing to say in it, and misses nothing. */
      host->misses += host->passed_ns <= start_ns ? 1 : 0;
      if (host->is_punctual && host->misses >= MISSES_MAX) {
        hosts_set_punctual(hosts, host, false);
      }
    }
  }
  return expected;
}

/* A clock is bad from 2 s on and good again below 1 s, so that one alert tells of it. */
static void clock_judge(struct host *host, int64_t offset_ns)
{
  int64_t size = offset_ns < 0 ? -offset_ns : offset_ns;
  if (size >= PLACEMENT_BAD_CLOCK_NS) {
    host->has_bad_clock = true;
  } else if (size <= PLACEMENT_GOOD_CLOCK_NS) {
    host->has_bad_clock = false;
  }
}

int64_t hosts_place(struct hosts *hosts, struct host *host, const struct summary *s,
                    bool is_backlog, int64_t now_ns, bool *is_clamped)
{
  *is_clamped = false;
  if (!hosts->is_live) {
    return 0;
  }
  /* Before the placement changes it: a clamp that has just ended is what makes the clock good
   * again. */
  bool was_clamped = host->placement.is_clamped;
  /* What waited for the collector is as old as backlog, and teaches as little. */
  bool is_old = is_backlog || hosts->is_catching_up;
  int64_t shift = placement_shift_ns(&host->placement, s, is_old, now_ns, is_clamped);
  if (is_backlog || s->kind != SUMMARY_SECOND) {
    return shift;
  }
  host->shift_intervals = host->placement.second_shift;
  host->clock_offset_ns = s->clock_offset_ns;
  host->clock_uncertainty_ns = s->clock_uncertainty_ns;
  /* The clamp itself is the evidence: without a measurement, how far records come from the
   * future. */
  if (*is_clamped) {
    clock_judge(host, shift);
  } else if (s->clock_uncertainty_ns > 0) {
    clock_judge(host, s->clock_offset_ns);
  } else if (was_clamped) {
    clock_judge(host, 0);
  }
  return shift;
}

/* The ledger of an interval into the sensor's sums. */
static void ledger_add(struct host *host, const struct summary_ledger *ledger)
{
  host->frames += ledger->frames;
  host->wire_bytes += ledger->wire_bytes;
  for (size_t i = 0; i < SUMMARY_UNDECODED_REASONS; i++) {
    host->undecoded += ledger->undecoded[i];
  }
  host->dropped += ledger->capture_dropped + ledger->interface_dropped;
  host->own_frames += ledger->own_frames;
  host->folded += ledger->flows_folded + ledger->rows_folded;
}

/* The sums of an interface by its name; names beyond the table share its last place. */
static struct host_total *total_of(struct host *host, const char *name)
{
  for (uint32_t i = 0; i < host->total_count; i++) {
    if (strcmp(host->total[i].name, name) == 0) {
      return &host->total[i];
    }
  }
  /* A host with more interfaces than that keeps true sums, in coarser rows (P5). */
  if (host->total_count == SUMMARY_INTERFACES_MAX) {
    return &host->total[SUMMARY_INTERFACES_MAX - 1];
  }
  struct host_total *total = &host->total[host->total_count++];
  memcpy(total->name, name, sizeof(total->name));
  return total;
}

/* Late and resent records too: these sums are held against the kernel's, and must miss nothing. */
static void totals_add(struct host *host, const struct summary *placed)
{
  for (size_t i = 0; i < placed->interface_count; i++) {
    const struct summary_interface *interface = &placed->interfaces[i];
    struct host_total *total = total_of(host, interface->name);
    if (interface->has_kernel) {
      total->kernel_packets += interface->kernel.rx_packets + interface->kernel.tx_packets;
      total->kernel_bytes += interface->kernel.rx_bytes + interface->kernel.tx_bytes;
    }
    total->captured_packets += interface->captured_packets;
    total->captured_bytes += interface->captured_bytes;
    total->own_packets += interface->own_packets;
    total->own_bytes += interface->own_bytes;
    total->dropped_packets += interface->capture_dropped;
  }
}

/* A minute record repeats what its seconds said: of it only arrival and number count. */
void hosts_record(struct host *host, const struct summary *placed, bool is_backlog, int64_t now_ns)
{
  host->records++;
  hosts_hear(host, now_ns);
  if (placed->boot_id == host->boot_id && placed->sequence > host->last_sequence) {
    host->last_sequence = placed->sequence;
  }
  if (placed->kind != SUMMARY_SECOND) {
    return;
  }
  ledger_add(host, &placed->ledger);
  totals_add(host, placed);
  int64_t end = placed->start_ns + placed->length_ns;
  /* What is shown as "now" (interfaces, CPU) is the newest second's; resent ones are older. */
  if (!is_backlog && end > host->progress_ns) {
    host->progress_ns = end;
    host->cpu_ns = placed->cpu_ns;
    host->resident_bytes = placed->resident_bytes;
    memcpy(host->quality, placed->quality, sizeof(host->quality));
    host->sample_shift = placed->sample_shift;
    host->interface_count = (uint32_t)placed->interface_count;
    for (size_t i = 0; i < placed->interface_count; i++) {
      host->interface[i] = placed->interfaces[i];
    }
  }
}
