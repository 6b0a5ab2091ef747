/* SPDX-License-Identifier: Apache-2.0 */
/* A window of the fleet as JSON. */
#include <math.h>

#include "collector/render.h"
#include "common/clock.h"

void render_split(json_t *way, const struct counts *total, const struct counts *fleet)
{
  if (fleet == NULL) {
    json_object_set_new(way, "fleet", json_null());
    json_object_set_new(way, "outside", json_null());
    return;
  }
  const struct counts outside = {total->packets - fleet->packets, total->bytes - fleet->bytes,
                                 total->payload_bytes - fleet->payload_bytes};
  json_object_set_new(way, "fleet", json_counts(fleet));
  json_object_set_new(way, "outside", json_counts(&outside));
}

/* All protocols of each direction; render_protocols is the same table read the other way. */
json_t *render_directions(const struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS],
                          const struct counts split[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS],
                          const struct counts fleet[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS])
{
  json_t *object = json_object();
  for (int direction = 0; direction < SUMMARY_DIRECTIONS; direction++) {
    const struct counts sum = summary_protocols_total(traffic[direction]);
    json_t *way = json_counts(&sum);
    bool is_split = split != NULL && fleet != NULL;
    if (direction == SUMMARY_TX || direction == SUMMARY_RX) {
      const struct counts total = is_split ? summary_protocols_total(split[direction]) : sum;
      const struct counts part = is_split ? summary_protocols_total(fleet[direction]) : sum;
      render_split(way, &total, is_split ? &part : NULL);
    }
    json_object_set_new(object, summary_direction_name((enum summary_direction)direction), way);
  }
  return object;
}

/* Over all directions. */
json_t *render_protocols(const struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS])
{
  json_t *object = json_object();
  for (int protocol = 0; protocol < SUMMARY_PROTOCOLS; protocol++) {
    struct counts sum = {0, 0, 0};
    for (int direction = 0; direction < SUMMARY_DIRECTIONS; direction++) {
      counts_add(&sum, &traffic[direction][protocol]);
    }
    json_object_set_new(object, summary_protocol_name((enum summary_protocol)protocol),
                        json_counts(&sum));
  }
  return object;
}

/* null, not 0, where no sensor knows its own addresses: then nothing can be counted once. */
static json_t *render_total(const struct fleet_window *window)
{
  if (!window->has_total) {
    return json_null();
  }
  return json_pack("{s:o, s:o}", "bytes", render_bound(&window->total_bytes), "packets",
                   render_bound(&window->total_packets));
}

/* The four events that summaries count. */
static json_t *render_tcp(const uint64_t events[SUMMARY_TCP_EVENTS])
{
  return json_pack("{s:o, s:o, s:o, s:o}", "syn", json_u64(events[SUMMARY_TCP_SYN]), "syn_ack",
                   json_u64(events[SUMMARY_TCP_SYN_ACK]), "fin", json_u64(events[SUMMARY_TCP_FIN]),
                   "rst", json_u64(events[SUMMARY_TCP_RST]));
}

/* By whose word: null where no sensor knows who is of the fleet. */
static json_t *render_fleet_map(const struct fleet_window *window)
{
  if (window->split_parts == 0) {
    return json_null();
  }
  return json_pack("{s:o, s:o, s:o, s:b}", "parts", json_u64(window->split_parts), "low",
                   json_u64(window->fleet_map_low), "high", json_u64(window->fleet_map_high),
                   "mixed", (int)window->is_fleet_mixed);
}

/* null where no sensor told it. */
static json_t *render_distinct(const struct fleet_window *window)
{
  const struct summary_sketches *sketches = window->sketches;
  if (sketches == NULL) {
    return json_null();
  }
  return json_pack("{s:o, s:o, s:o}", "clients_estimate",
                   render_number(rint(hll_estimate(&sketches->clients))), "servers_estimate",
                   render_number(rint(hll_estimate(&sketches->servers))), "services_estimate",
                   render_number(rint(hll_estimate(&sketches->services))));
}

/* What came after the first release of these names. */
static void window_set_more(json_t *object, const struct fleet_window *window)
{
  json_object_set_new(object, "tcp_flows", render_tcp_flows(&window->tcp));
  json_object_set_new(object, "dns", render_dns(&window->dns));
  json_object_set_new(object, "super_segments", render_segments(&window->segments));
  json_object_set_new(object, "tunnelled_packets", json_u64(window->tunnelled_packets));
  json_object_set_new(object, "distinct", render_distinct(window));
  json_object_set_new(object, "quality", render_quality(window->quality));
  json_object_set_new(object, "fleet_map", render_fleet_map(window));
}

/* The estimate is rounded to whole addresses: its error (6.5 %) is far above one. */
json_t *render_window(const struct fleet_window *window)
{
  double addresses = hll_estimate(&window->addresses);
  bool is_split = window->split_parts > 0;
  json_t *directions = render_directions(window->traffic, is_split ? window->split_traffic : NULL,
                                         is_split ? window->fleet_traffic : NULL);
  json_t *object =
      json_pack("{s:o, s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "start", json_time(window->start_ns), "seconds",
                render_number((double)window->length_ns / (double)NS_PER_S), "revision",
                (int)window->revision, "sensors_expected", (int)window->sensors_expected,
                "sensors_present", (int)window->sensors_present, "completeness_percent",
                render_percent(window->completeness_percent), "directions", directions, "protocols",
                render_protocols(window->traffic), "total", render_total(window),
                "distinct_addresses_estimate", render_number(rint(addresses)), "flows_active",
                json_u64(window->flows_active), "flows_new", json_u64(window->flows_new),
                "interface_bytes", json_u64(window->interface_bytes), "tcp",
                render_tcp(window->tcp_events), "ledger", render_ledger(&window->ledger));
  window_set_more(object, window);
  return object;
}
