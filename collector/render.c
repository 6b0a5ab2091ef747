/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and sensors as JSON; windows, rankings and alerts are in files of their own. Names and
 * units are set here and nowhere else, so that the API, the webhooks and `seine replay` say the
 * same thing by the same name. json_pack takes over each new reference ("o"), also when it fails.
 */
#include "collector/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define SILENT_AFTER_NS (15 * NS_PER_S)
/* JSON's numbers are doubles to many readers: beyond 2^53 not every integer is one. */
#define INTEGER_EXACT_TO 9007199254740992.0 /* 2^53 */

/* A double that is whole is written as an integer: programs compare counts for equality. */
static json_t *render_rounded(double value, double steps)
{
  if (!isfinite(value)) {
    return json_null();
  }
  /* rint, not integer conversion: a value of any size may come in. */
  double whole = rint(value);
  if (whole == value && fabs(value) < INTEGER_EXACT_TO) {
    return json_integer((json_int_t)value);
  }
  return json_real(rint(value * steps) / steps);
}

/* Six decimals carry any measure; a percent needs three. */
json_t *render_number(double value)
{
  return render_rounded(value, 1e6);
}

json_t *render_percent(double value)
{
  return render_rounded(value, 1e3);
}

/* Each measure by name. */
json_t *render_quality(const uint8_t quality[SUMMARY_MEASURES])
{
  json_t *object = json_object();
  for (int i = 0; i < SUMMARY_MEASURES; i++) {
    json_object_set_new(object, summary_measure_name((enum summary_measure)i),
                        json_string(summary_quality_name((enum summary_quality)quality[i])));
  }
  return object;
}

json_t *render_time(int64_t time_ns)
{
  return time_ns == INT64_MIN || time_ns == 0 ? json_null() : json_time(time_ns);
}

/* Equal ends mean exact (P1); both are always there. */
json_t *render_bound(const struct fleet_bound *bound)
{
  return json_pack("{s:o, s:o}", "low", json_u64(bound->low), "high", json_u64(bound->high));
}

/* Every reason, zeros too: a reader need not know which may be absent. */
static json_t *render_undecoded(const struct summary_ledger *ledger)
{
  json_t *object = json_object();
  for (int reason = SUMMARY_DECODED + 1; reason < SUMMARY_UNDECODED_REASONS; reason++) {
    json_object_set_new(object, summary_undecoded_name((enum summary_undecoded)reason),
                        json_u64(ledger->undecoded[reason]));
  }
  return object;
}

/* All counters of loss by name, zeros too (P2). */
json_t *render_ledger(const struct summary_ledger *ledger)
{
  return json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "frames",
      json_u64(ledger->frames), "wire_bytes", json_u64(ledger->wire_bytes), "undecoded",
      render_undecoded(ledger), "own_frames", json_u64(ledger->own_frames), "capture_dropped",
      json_u64(ledger->capture_dropped), "interface_dropped", json_u64(ledger->interface_dropped),
      "late_frames", json_u64(ledger->late_frames), "clamped_frames",
      json_u64(ledger->clamped_frames), "flows_folded", json_u64(ledger->flows_folded),
      "rows_folded", json_u64(ledger->rows_folded), "first_seen_folded",
      json_u64(ledger->first_seen_folded), "queue_evicted", json_u64(ledger->queue_evicted),
      "fragments_unmatched", json_u64(ledger->fragments_unmatched), "fragments_folded",
      json_u64(ledger->fragments_folded));
}

/* Attempts that nobody has answered yet count as half open, until an answer withdraws them. */
json_t *render_tcp_flows(const struct summary_tcp *tcp)
{
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "attempts", json_u64(tcp->attempts),
                   "answered", json_u64(tcp->answered), "refused", json_u64(tcp->refused),
                   "half_open", json_u64(tcp->half_open), "withdrawn", json_u64(tcp->withdrawn),
                   "resets", json_u64(tcp->resets), "retransmitted", json_u64(tcp->retransmitted));
}

json_t *render_dns(const struct summary_dns *dns)
{
  return json_pack("{s:o, s:o, s:o}", "questions", json_u64(dns->questions), "answers",
                   json_u64(dns->answers), "failures", json_u64(dns->failures));
}

json_t *render_segments(const struct summary_segments *segments)
{
  return json_pack("{s:o, s:o, s:o}", "segments", json_u64(segments->super_segments),
                   "wire_packets", json_u64(segments->wire_packets), "header_bytes",
                   json_u64(segments->header_bytes));
}

enum render_host_state render_host_state(const struct host *host, int64_t now_ns)
{
  if (host->has_left && !host->is_connected) {
    return RENDER_HOST_LEFT;
  }
  /* Subtracted this way round, since a restored time may be anything. */
  bool is_silent = host->last_heard_ns < now_ns - SILENT_AFTER_NS;
  return is_silent ? RENDER_HOST_SILENT : RENDER_HOST_LIVE;
}

json_t *render_kernel(const struct summary_kernel *kernel)
{
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rx_packets",
                   json_u64(kernel->rx_packets), "tx_packets", json_u64(kernel->tx_packets),
                   "rx_bytes", json_u64(kernel->rx_bytes), "tx_bytes", json_u64(kernel->tx_bytes),
                   "rx_errors", json_u64(kernel->rx_errors), "tx_errors",
                   json_u64(kernel->tx_errors), "rx_dropped", json_u64(kernel->rx_dropped),
                   "tx_dropped", json_u64(kernel->tx_dropped));
}

/* captured + own + lost of what the kernel counted; null where the two are not to be compared. */
static json_t *render_seen(const struct summary_interface *interface, bool is_sampled)
{
  uint64_t kernel = interface->kernel.rx_packets + interface->kernel.tx_packets;
  uint64_t seen = interface->captured_packets + interface->own_packets + interface->capture_dropped;
  if (!interface->has_kernel || kernel == 0 || interface->is_filtered || is_sampled) {
    return json_null();
  }
  return render_percent(100.0 * (double)seen / (double)kernel);
}

/* Of the speed, each way, by the kernel's bytes of one second; null where one of the two is not
 * known. */
static json_t *render_utilisation(const struct summary_interface *interface)
{
  if (!interface->has_kernel || interface->speed_mbit == 0) {
    return json_null();
  }
  double percent_per_byte = 100.0 * 8 / (1e6 * interface->speed_mbit);
  return json_pack("{s:o, s:o}", "rx",
                   render_percent((double)interface->kernel.rx_bytes * percent_per_byte), "tx",
                   render_percent((double)interface->kernel.tx_bytes * percent_per_byte));
}

/* Kernel and capture side by side, as the sensor counted them in its newest second. */
static json_t *render_interface(const struct summary_interface *interface, bool is_sampled)
{
  uint64_t speed_bps = UINT64_C(1000000) * interface->speed_mbit;
  return json_pack(
      "{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
      json_text(interface->name), "up", (int)interface->is_up, "filtered",
      (int)interface->is_filtered, "seen_percent", render_seen(interface, is_sampled), "kernel",
      interface->has_kernel ? render_kernel(&interface->kernel) : json_null(), "captured_packets",
      json_u64(interface->captured_packets), "captured_bytes", json_u64(interface->captured_bytes),
      "own_packets", json_u64(interface->own_packets), "own_bytes", json_u64(interface->own_bytes),
      "capture_dropped", json_u64(interface->capture_dropped), "interface_dropped",
      json_u64(interface->interface_dropped), "uncounted_ns", json_integer(interface->uncounted_ns),
      "speed_bps", speed_bps > 0 ? json_u64(speed_bps) : json_null(), "utilisation_percent",
      render_utilisation(interface));
}

/* The same two over all time: kernel = captured + own + dropped is the check of a capture. */
static json_t *render_interface_total(const struct host_total *total)
{
  return json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(total->name), "kernel_packets",
      json_u64(total->kernel_packets), "kernel_bytes", json_u64(total->kernel_bytes),
      "captured_packets", json_u64(total->captured_packets), "captured_bytes",
      json_u64(total->captured_bytes), "own_packets", json_u64(total->own_packets), "own_bytes",
      json_u64(total->own_bytes), "dropped_packets", json_u64(total->dropped_packets));
}

/* An offset that was never measured is null: 0 would be a claim. */
static void host_set_clock(json_t *object, const struct host *host)
{
  bool is_measured = host->clock_uncertainty_ns != 0;
  json_object_set_new(object, "clock_offset_ns",
                      is_measured ? json_integer(host->clock_offset_ns) : json_null());
  json_object_set_new(object, "clock_uncertainty_ns",
                      is_measured ? json_integer(host->clock_uncertainty_ns) : json_null());
  json_object_set_new(object, "shift_seconds", json_integer(host->shift_intervals));
  json_object_set_new(object, "clock_bad", json_boolean(host->has_bad_clock));
}

json_t *render_sampling(uint8_t shift)
{
  return shift == 0 ? json_string("exact") : json_sprintf("scaled 1/%llu", 1ULL << (shift & 31U));
}

/* A table, as json_pack's formats grow unreadable beyond a dozen members. */
static void host_set_counts(json_t *object, const struct host *host)
{
  const struct {
    const char *key;
    uint64_t value;
  } counts[] = {
      {"records", host->records},
      {"repeated", host->repeated},
      {"late", host->late},
      {"gaps", host->gaps},
      {"refused", host->refused},
      {"frames", host->frames},
      {"wire_bytes", host->wire_bytes},
      {"undecoded", host->undecoded},
      {"dropped", host->dropped},
      {"own_frames", host->own_frames},
      {"folded", host->folded},
  };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    json_object_set_new(object, counts[i].key, json_u64(counts[i].value));
  }
  /* Of one core, in the newest interval: a second's nanoseconds are 100 %. */
  double cpu = (double)host->cpu_ns * 100 / (double)NS_PER_S;
  json_object_set_new(object, "cpu_percent", render_percent(cpu));
  json_object_set_new(object, "resident_bytes", json_u64(host->resident_bytes));
}

json_t *render_host(const struct host *host, int64_t now_ns)
{
  /* By enum render_host_state. */
  static const char *const states[] = {"live", "silent", "left"};
  /* A boot id is 64 random bits, more than JSON's numbers carry everywhere. */
  char boot[17];
  (void)snprintf(boot, sizeof boot, "%016llx", (unsigned long long)host->boot_id);
  /* Without memory a part is missing or the whole is NULL: jansson refuses a NULL and goes on. */
  json_t *addresses = json_array();
  for (uint32_t i = 0; i < host->address_count; i++) {
    json_array_append_new(addresses, json_addr(&host->address[i]));
  }
  json_t *interfaces = json_array();
  for (uint32_t i = 0; i < host->interface_count; i++) {
    json_array_append_new(interfaces,
                          render_interface(&host->interface[i], host->sample_shift > 0));
  }
  json_t *object = json_pack(
      "{s:o, s:s, s:o, s:s, s:b, s:b, s:o, s:o, s:o}", "name", json_text(host->name), "state",
      states[render_host_state(host, now_ns)], "software", json_text(host->software), "boot", boot,
      "connected", (int)host->is_connected, "punctual", (int)host->is_punctual, "first_heard",
      render_time(host->first_heard_ns), "last_heard", render_time(host->last_heard_ns), "progress",
      render_time(host->progress_ns));
  host_set_clock(object, host);
  host_set_counts(object, host);
  json_object_set_new(object, "sampling", render_sampling(host->sample_shift));
  json_object_set_new(object, "quality", render_quality(host->quality));
  json_object_set_new(object, "addresses", addresses);
  json_object_set_new(object, "interfaces", interfaces);
  json_t *totals = json_array();
  for (uint32_t i = 0; i < host->total_count; i++) {
    json_array_append_new(totals, render_interface_total(&host->total[i]));
  }
  json_object_set_new(object, "interface_totals", totals);
  return object;
}
