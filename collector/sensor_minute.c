/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up a sensor's second records. Sketches of second records are small (p = 8), so each is
 * united as it comes. */
#include "collector/sensor_minute.h"

#include <string.h>

#include "common/hash.h"

void sensor_minute_init(struct sensor_minute *minute)
{
  memset(minute, 0, sizeof *minute);
  minute->newest_ns = INT64_MIN;
  struct hll *const sketches[] = {&minute->addresses, &minute->clients, &minute->servers,
                                  &minute->services};
  for (size_t i = 0; i < sizeof sketches / sizeof sketches[0]; i++) {
    hll_init(sketches[i], HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  }
}

/* The row of that name, made when it is not there yet; NULL beyond the bound. */
static struct sensor_minute_interface *interface_at(struct sensor_minute *minute, const char *name)
{
  for (uint32_t i = 0; i < minute->interface_count; i++) {
    if (strcmp(minute->interface[i].name, name) == 0) {
      return &minute->interface[i];
    }
  }
  if (minute->interface_count == SUMMARY_INTERFACES_MAX) {
    return NULL;
  }
  struct sensor_minute_interface *row = &minute->interface[minute->interface_count++];
  memcpy(row->name, name, sizeof row->name);
  return row;
}

/* captured + own + lost is the kernel's number only where nothing was left out on purpose. */
static void compare_add(struct sensor_minute_interface *row, const struct summary_interface *from,
                        bool is_sampled)
{
  if (from->has_kernel && !from->is_filtered && !is_sampled && from->uncounted_ns == 0) {
    row->compared_kernel += from->kernel.rx_packets + from->kernel.tx_packets;
    row->compared_seen += from->captured_packets + from->own_packets + from->capture_dropped;
  }
}

/* One interface of one record. */
static void interface_add(struct sensor_minute *minute, const struct summary_interface *from,
                          bool is_newest, bool is_sampled)
{
  struct sensor_minute_interface *row = interface_at(minute, from->name);
  if (row == NULL) {
    minute->interfaces_refused++;
    return;
  }
  if (from->has_kernel) {
    row->has_kernel = true;
    summary_kernel_add(&row->kernel, &from->kernel);
  }
  row->is_up = is_newest ? from->is_up : row->is_up;
  row->is_filtered = row->is_filtered || from->is_filtered;
  row->captured_packets += from->captured_packets;
  row->captured_bytes += from->captured_bytes;
  row->own_packets += from->own_packets;
  row->own_bytes += from->own_bytes;
  row->capture_dropped += from->capture_dropped;
  row->interface_dropped += from->interface_dropped;
  row->uncounted_ns += from->uncounted_ns;
  compare_add(row, from, is_sampled);
}

/* Each alone: one that does not fit keeps out no other. */
static void sketches_add(struct sensor_minute *minute, const struct summary *s)
{
  minute->sketches_refused += hll_merge(&minute->addresses, &s->addresses) != 0;
  if (s->sketches != NULL) {
    minute->has_sketches = true;
    minute->sketches_refused += hll_merge(&minute->clients, &s->sketches->clients) != 0;
    minute->sketches_refused += hll_merge(&minute->servers, &s->sketches->servers) != 0;
    minute->sketches_refused += hll_merge(&minute->services, &s->sketches->services) != 0;
  }
}

/* Counters that need no more than a sum. */
static void counters_add(struct sensor_minute *minute, const struct summary *s)
{
  summary_traffic_add(&minute->traffic[0][0], &s->traffic[0][0]);
  if (s->has_fleet) {
    minute->has_fleet = true;
    summary_traffic_add(&minute->split_traffic[0][0], &s->traffic[0][0]);
    summary_traffic_add(&minute->fleet_traffic[0][0], &s->fleet_traffic[0][0]);
  }
  minute->ipv4_packets += s->ipv4_packets;
  minute->ipv6_packets += s->ipv6_packets;
  minute->fragments += s->fragments;
  minute->non_ip_frames += s->non_ip_frames;
  minute->tunnelled_packets += s->tunnelled_packets;
  minute->flows_new += s->flows_new;
  summary_tcp_add(&minute->tcp, &s->tcp);
  summary_dns_add(&minute->dns, &s->dns);
  summary_segments_add(&minute->segments, &s->segments);
  summary_ledger_add(&minute->ledger, &s->ledger);
}

void sensor_minute_add(struct sensor_minute *minute, const struct summary *s)
{
  bool is_newest = s->start_ns >= minute->newest_ns;
  minute->newest_ns = is_newest ? s->start_ns : minute->newest_ns;
  minute->records++;
  counters_add(minute, s);
  sketches_add(minute, s);
  summary_quality_add(minute->quality, s->quality);
  if (s->sample_shift > minute->sample_shift) {
    minute->sample_shift = s->sample_shift;
  }
  for (size_t i = 0; i < s->interface_count; i++) {
    interface_add(minute, &s->interfaces[i], is_newest, s->sample_shift > 0);
  }
}
