/* SPDX-License-Identifier: Apache-2.0 */
/* A sensor's last minute as JSON. Names are those of render.c wherever it has the same measure. */
#include <math.h>

#include "collector/render.h"

/* The histogram's unit. */
#define HANDSHAKE_UNIT_US 10

/* The lower end of the quantile's bucket, in microseconds; null without any handshake. */
static json_t *render_handshake(const struct hist *handshakes, double quantile)
{
  if (hist_total(handshakes) == 0) {
    return json_null();
  }
  return json_u64((uint64_t)hist_quantile(handshakes, quantile) * HANDSHAKE_UNIT_US);
}

/* An answer that comes in a later record withdraws what an earlier one said: the sum tells what is
 * open still, as far as its own records know. */
static json_t *render_minute_tcp(const struct summary_tcp *tcp)
{
  json_t *object = render_tcp_flows(tcp);
  json_object_set_new(object, "half_open_still", json_u64(summary_tcp_open(tcp)));
  json_object_set_new(object, "handshakes", json_u64(hist_total(&tcp->handshake_10us)));
  json_object_set_new(object, "handshake_p50_us", render_handshake(&tcp->handshake_10us, 0.5));
  json_object_set_new(object, "handshake_p95_us", render_handshake(&tcp->handshake_10us, 0.95));
  return object;
}

/* Of the fragments: those whose first one never came, and those that found no room. */
static json_t *render_fragments(const struct sensor_minute *minute)
{
  return json_pack("{s:o, s:o, s:o}", "fragments", json_u64(minute->fragments), "unmatched",
                   json_u64(minute->ledger.fragments_unmatched), "folded",
                   json_u64(minute->ledger.fragments_folded));
}

/* Whole things: the error of an estimate is far above one. */
static json_t *render_estimate(const struct hll *sketch)
{
  return render_number(rint(hll_estimate(sketch)));
}

/* null: no record told it, which is no zero. */
static json_t *render_minute_distinct(const struct sensor_minute *minute)
{
  bool has = minute->has_sketches;
  return json_pack("{s:o, s:o, s:o, s:o, s:o}", "addresses_estimate",
                   render_estimate(&minute->addresses), "clients_estimate",
                   has ? render_estimate(&minute->clients) : json_null(), "servers_estimate",
                   has ? render_estimate(&minute->servers) : json_null(), "services_estimate",
                   has ? render_estimate(&minute->services) : json_null(), "refused",
                   json_u64(minute->sketches_refused));
}

/* The account of one capture: what the kernel counted is captured, own or lost. */
static json_t *render_minute_interface(const struct sensor_minute_interface *row)
{
  json_t *seen = json_null();
  if (row->compared_kernel > 0) {
    seen = render_percent(100.0 * (double)row->compared_seen / (double)row->compared_kernel);
  }
  return json_pack(
      "{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(row->name),
      "up", (int)row->is_up, "filtered", (int)row->is_filtered, "seen_percent", seen, "kernel",
      row->has_kernel ? render_kernel(&row->kernel) : json_null(), "captured_packets",
      json_u64(row->captured_packets), "captured_bytes", json_u64(row->captured_bytes),
      "own_packets", json_u64(row->own_packets), "own_bytes", json_u64(row->own_bytes),
      "capture_dropped", json_u64(row->capture_dropped), "interface_dropped",
      json_u64(row->interface_dropped), "uncounted_ns", json_integer(row->uncounted_ns));
}

/* All interfaces, in the order in which the records name them. */
static json_t *render_minute_interfaces(const struct sensor_minute *minute)
{
  json_t *array = json_array();
  for (uint32_t i = 0; i < minute->interface_count; i++) {
    json_array_append_new(array, render_minute_interface(&minute->interface[i]));
  }
  return array;
}

json_t *render_sensor_minute(const struct sensor_minute *minute)
{
  json_t *object = json_object();
  json_object_set_new(object, "records", json_u64(minute->records));
  json_object_set_new(object, "newest", render_time(minute->newest_ns));
  json_object_set_new(object, "sampling", render_sampling(minute->sample_shift));
  /* Without any record there is nothing that could be exact. */
  json_object_set_new(object, "quality",
                      minute->records > 0 ? render_quality(minute->quality) : json_null());
  json_object_set_new(object, "directions",
                      render_directions(minute->traffic,
                                        minute->has_fleet ? minute->split_traffic : NULL,
                                        minute->has_fleet ? minute->fleet_traffic : NULL));
  json_object_set_new(object, "protocols", render_protocols(minute->traffic));
  json_object_set_new(object, "ipv4_packets", json_u64(minute->ipv4_packets));
  json_object_set_new(object, "ipv6_packets", json_u64(minute->ipv6_packets));
  json_object_set_new(object, "non_ip_frames", json_u64(minute->non_ip_frames));
  json_object_set_new(object, "tunnelled_packets", json_u64(minute->tunnelled_packets));
  json_object_set_new(object, "flows_new", json_u64(minute->flows_new));
  json_object_set_new(object, "tcp_flows", render_minute_tcp(&minute->tcp));
  json_object_set_new(object, "dns", render_dns(&minute->dns));
  json_object_set_new(object, "fragments", render_fragments(minute));
  json_object_set_new(object, "super_segments", render_segments(&minute->segments));
  json_object_set_new(object, "distinct", render_minute_distinct(minute));
  json_object_set_new(object, "interfaces", render_minute_interfaces(minute));
  json_object_set_new(object, "ledger", render_ledger(&minute->ledger));
  return object;
}
