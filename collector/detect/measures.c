/* SPDX-License-Identifier: Apache-2.0 */
/* One row a metric: its unit, and how each scope reads it.
 *
 *                fleet        sensor        interface        host
 *   bytes/s      fleet_bytes  sensor_bytes  interface_bytes  host_bytes
 *   drops/s      fleet_drops  sensor_drops  interface_drops  -
 *
 * Values are doubles: sums of counters of 64 bits stay exact up to 2^53, far above any second. */
#include "collector/detect/measures.h"

#include "common/clock.h"

/* NULL in a column: the metric has no meaning there. */
struct metric {
  const char *unit;
  bool is_rate;    /* divided by the window's seconds */
  bool is_traffic; /* hosts and conversations have shares in it */
  double (*fleet)(const struct fleet_window *window);
  double (*sensor)(const struct summary *s);
  double (*interface)(const struct summary_interface *interface);
  double (*host)(const struct topk_item *talker);
};

/* Sent, received, and what has no direction because no own address is known. */
static struct counts traffic_sum(const struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS])
{
  static const enum summary_direction counted[] = {SUMMARY_TX, SUMMARY_RX, SUMMARY_UNKNOWN};
  struct counts sum = {0};
  for (size_t d = 0; d < sizeof(counted) / sizeof(counted[0]); d++) {
    for (size_t p = 0; p < SUMMARY_PROTOCOLS; p++) {
      counts_add(&sum, &traffic[counted[d]][p]);
    }
  }
  return sum;
}

/* Observations, not counted once: a rule on the fleet means what all sensors saw. */
static double fleet_bytes(const struct fleet_window *window)
{
  return (double)traffic_sum(window->traffic).bytes;
}

/* The sensor's IP bytes by its own capture; its interfaces' counters have layer 2 and what was
 * missed. */
static double sensor_bytes(const struct summary *s)
{
  return (double)traffic_sum(s->traffic).bytes;
}

/* The kernel's counters hold what the capture missed as well. */
static double interface_bytes(const struct summary_interface *i)
{
  return (double)(i->has_kernel ? i->kernel.rx_bytes + i->kernel.tx_bytes : i->captured_bytes);
}

/* A host's counters are those of its merged row: a lower bound when it was folded somewhere. */
static double host_bytes(const struct topk_item *talker)
{
  return (double)(talker->tx.bytes + talker->rx.bytes);
}

static double fleet_packets(const struct fleet_window *window)
{
  return (double)traffic_sum(window->traffic).packets;
}

static double sensor_packets(const struct summary *s)
{
  return (double)traffic_sum(s->traffic).packets;
}

static double interface_packets(const struct summary_interface *i)
{
  return (double)(i->has_kernel ? i->kernel.rx_packets + i->kernel.tx_packets
                                : i->captured_packets);
}

static double host_packets(const struct topk_item *talker)
{
  return (double)(talker->tx.packets + talker->rx.packets);
}

/* ps_ifdrop is left out: the kernel's rx_dropped counts the same packets. */
static double interface_drops(const struct summary_interface *i)
{
  uint64_t kernel = i->has_kernel ? i->kernel.rx_dropped + i->kernel.tx_dropped : 0;
  return (double)(kernel + i->capture_dropped);
}

/* Captures see no errors: without the kernel's counters there are none to tell. */
static double interface_errors(const struct summary_interface *i)
{
  return (double)(i->has_kernel ? i->kernel.rx_errors + i->kernel.tx_errors : 0);
}

/* A sensor's sum is that of its interfaces. */
static double sensor_drops(const struct summary *s)
{
  double sum = 0;
  for (size_t i = 0; i < s->interface_count; i++) {
    sum += interface_drops(&s->interfaces[i]);
  }
  return sum;
}

static double sensor_errors(const struct summary *s)
{
  double sum = 0;
  for (size_t i = 0; i < s->interface_count; i++) {
    sum += interface_errors(&s->interfaces[i]);
  }
  return sum;
}

/* For what the merged window does not carry. */
static double parts_sum(const struct fleet_window *window, double (*read)(const struct summary *s))
{
  double sum = 0;
  for (size_t i = 0; i < window->part_count; i++) {
    sum += read(window->parts[i]);
  }
  return sum;
}

/* The merged window keeps no interfaces. */
static double fleet_drops(const struct fleet_window *window)
{
  return parts_sum(window, sensor_drops);
}

static double fleet_errors(const struct fleet_window *window)
{
  return parts_sum(window, sensor_errors);
}

/* SYN without ACK: attempts to open a connection. */
static double fleet_syn(const struct fleet_window *window)
{
  return (double)window->tcp_events[SUMMARY_TCP_SYN];
}

static double sensor_syn(const struct summary *s)
{
  return (double)s->tcp_events[SUMMARY_TCP_SYN];
}

/* Of all sensors: a flow between two of them is active at both. */
static double fleet_flows(const struct fleet_window *window)
{
  return (double)window->flows_active;
}

static double sensor_flows(const struct summary *s)
{
  return (double)s->flows_active;
}

/* An estimate (HyperLogLog): 6.5 % at the second's precision. */
static double fleet_addresses(const struct fleet_window *window)
{
  return hll_estimate(&window->addresses);
}

static double sensor_addresses(const struct summary *s)
{
  return hll_estimate(&s->addresses);
}

/* NULL: the metric does not exist in that scope; settings_check.c refuses such a rule. */
static const struct metric metrics[] = {
    [RULE_BYTES_PER_S] = {"bytes/s", true, true, fleet_bytes, sensor_bytes, interface_bytes,
                          host_bytes},
    [RULE_PACKETS_PER_S] = {"packets/s", true, true, fleet_packets, sensor_packets,
                            interface_packets, host_packets},
    [RULE_DROPS_PER_S] = {"drops/s", true, false, fleet_drops, sensor_drops, interface_drops, NULL},
    [RULE_ERRORS_PER_S] = {"errors/s", true, false, fleet_errors, sensor_errors, interface_errors,
                           NULL},
    [RULE_SYN_PER_S] = {"SYN/s", true, false, fleet_syn, sensor_syn, NULL, NULL},
    [RULE_FLOWS] = {"flows", false, false, fleet_flows, sensor_flows, NULL, NULL},
    [RULE_ADDRESSES] = {"addresses", false, false, fleet_addresses, sensor_addresses, NULL, NULL},
};

/* Every metric has a row: the settings' choice is the same enum. */
const char *measure_unit(enum rule_metric metric)
{
  return metrics[metric].unit;
}

bool measure_is_traffic(enum rule_metric metric)
{
  return metrics[metric].is_traffic;
}

/* Windows are a second long; a rate must not depend on that. */
static double seconds_of(const struct fleet_window *window)
{
  return (double)window->length_ns / (double)NS_PER_S;
}

/* One cell of the table; a rate is brought to a second, a level (flows, addresses) is not. */
bool measure_read(enum rule_metric metric, enum rule_scope scope,
                  const struct measure_subject *subject, double *value)
{
  const struct metric *row = &metrics[metric];
  double raw = 0;
  if (scope == RULE_FLEET && row->fleet != NULL) {
    raw = row->fleet(subject->window);
  } else if (scope == RULE_SENSOR && row->sensor != NULL) {
    raw = row->sensor(subject->part);
  } else if (scope == RULE_INTERFACE && row->interface != NULL) {
    raw = row->interface(subject->interface);
  } else if (scope == RULE_HOST && row->host != NULL) {
    raw = row->host(subject->talker);
  } else {
    return false;
  }
  *value = row->is_rate ? raw / seconds_of(subject->window) : raw;
  return true;
}

double measure_counts(enum rule_metric metric, const struct fleet_window *window,
                      const struct counts *a, const struct counts *b)
{
  uint64_t sum = metric == RULE_PACKETS_PER_S ? a->packets + b->packets : a->bytes + b->bytes;
  return (double)sum / seconds_of(window);
}
