/* SPDX-License-Identifier: Apache-2.0 */
/* Values as JSON, and alerts back from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "collector/detect/detect.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/hash.h"

#define START_NS (INT64_C(1764021239) * NS_PER_S) /* 2025-11-24T21:53:59Z */

static struct alert firing_alert(void)
{
  struct alert alert = {.id = "00c0ffee00c0ffee",
                        .state = ALERT_FIRING,
                        .started_ns = START_NS,
                        .fired_ns = START_NS + NS_PER_S + 250 * NS_PER_MS,
                        .last_seen_ns = START_NS + 3 * NS_PER_S,
                        .windows = 3,
                        .peak = 2500000.5};
  struct finding *finding = &alert.finding;
  finding->detector = detect_threshold.name;
  strcpy(finding->rule, "interface-load");
  strcpy(finding->subject, "web1/eth0");
  strcpy(finding->unit, "bytes/s");
  strcpy(finding->summary, "web1/eth0 moved \"2.5 MB\"");
  strcpy(finding->command, "seine top hosts");
  finding->severity = SEVERITY_WARNING;
  finding->for_ns = NS_PER_S;
  finding->hold_ns = 10 * NS_PER_S;
  finding->window_start_ns = START_NS;
  finding->window_length_ns = NS_PER_S;
  finding->observed = 2000000;
  finding->expected_low = -HUGE_VAL;
  finding->expected_high = 1000000;
  finding->completeness_percent = 99.9;
  finding->evidence_count = 1;
  finding->evidence[0] = (struct finding_evidence){"host", "10.0.0.9", 1500000, 75};
  return alert;
}

static void an_alert_is_read_back_as_it_was(void **state)
{
  (void)state;
  struct alert alert = firing_alert();
  json_t *object = render_alert(&alert);
  assert_non_null(object);
  struct alert read;
  assert_int_equal(render_alert_read(object, &read), 0);
  json_decref(object);
  assert_string_equal(read.id, alert.id);
  assert_int_equal(read.state, ALERT_FIRING);
  assert_int_equal(read.started_ns, alert.started_ns);
  assert_int_equal(read.fired_ns, alert.fired_ns);
  assert_int_equal(read.resolved_ns, 0);
  assert_int_equal(read.last_seen_ns, alert.last_seen_ns);
  assert_int_equal(read.windows, 3);
  assert_true(read.peak == alert.peak);
  assert_string_equal(read.resolution, "");
  const struct finding *finding = &read.finding;
  assert_ptr_equal(finding->detector, detect_threshold.name);
  assert_string_equal(finding->rule, "interface-load");
  assert_string_equal(finding->subject, "web1/eth0");
  assert_string_equal(finding->summary, alert.finding.summary);
  assert_string_equal(finding->command, "seine top hosts");
  assert_int_equal(finding->severity, SEVERITY_WARNING);
  assert_int_equal(finding->for_ns, NS_PER_S);
  assert_int_equal(finding->hold_ns, 10 * NS_PER_S);
  assert_int_equal(finding->window_start_ns, START_NS);
  assert_int_equal(finding->window_length_ns, NS_PER_S);
  assert_true(finding->observed == 2000000);
  assert_true(isinf(finding->expected_low) && finding->expected_low < 0);
  assert_true(finding->expected_high == 1000000);
  assert_int_equal(finding->evidence_count, 1);
  assert_string_equal(finding->evidence[0].name, "10.0.0.9");
  assert_true(finding->evidence[0].share_percent == 75);
}

static void an_alert_has_the_documented_members(void **state)
{
  (void)state;
  struct alert alert = firing_alert();
  json_t *object = render_alert(&alert);
  assert_string_equal(json_get_text(object, "state", ""), "firing");
  assert_string_equal(json_get_text(object, "severity", ""), "warning");
  assert_string_equal(json_get_text(object, "detector", ""), "threshold");
  assert_string_equal(json_get_text(object, "started", ""), "2025-11-24T21:53:59Z");
  assert_string_equal(json_get_text(object, "fired", ""), "2025-11-24T21:54:00.250Z");
  assert_true(json_is_null(json_object_get(object, "resolved")));
  assert_int_equal(json_get_int(object, "observed", 0), 2000000);
  const json_t *expected = json_object_get(object, "expected");
  assert_true(json_is_null(json_object_get(expected, "low")));
  assert_int_equal(json_get_int(expected, "high", 0), 1000000);
  assert_int_equal(json_get_int(json_object_get(object, "window"), "seconds", 0), 1);
  json_decref(object);
}

/* Each member in turn is taken away, and then made an object: both are refused, unless null is a
 * value that it may have. */
static void an_alert_with_a_member_amiss_is_refused(void **state)
{
  (void)state;
  struct alert alert = firing_alert();
  json_t *good = render_alert(&alert);
  const char *key;
  json_t *value;
  json_object_foreach(good, key, value)
  {
    struct alert read = {.id = "untouched"};
    json_t *without = json_copy(good);
    json_object_del(without, key);
    assert_int_equal(render_alert_read(without, &read), ERR_MALFORMED);
    json_object_set_new(without, key, json_object());
    assert_int_equal(render_alert_read(without, &read), ERR_MALFORMED);
    assert_string_equal(read.id, "untouched");
    json_decref(without);
  }
  json_object_set_new(good, "detector", json_string("astrology"));
  struct alert read;
  assert_int_equal(render_alert_read(good, &read), ERR_MALFORMED);
  json_decref(good);
}

static void times_are_read_as_they_are_written(void **state)
{
  (void)state;
  static const int64_t times[] = {START_NS,  START_NS + 7 * NS_PER_MS,    0,
                                  -NS_PER_S, NS_PER_S / 4 - 3 * NS_PER_S, INT64_C(7) * NS_PER_MS};
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    char text[CLOCK_TEXT_MAX];
    int64_t read = 1;
    assert_int_equal(render_time_read(clock_format(times[i], text), &read), 0);
    assert_int_equal(read, times[i]);
  }
  static const char *const bad[] = {"",
                                    "@",
                                    "@x",
                                    "2025-11-24",
                                    "2025-11-24T21:53:59",
                                    "Z",
                                    "@1Z",
                                    "x",
                                    "2025-11-24T21:53:59+01",
                                    "99999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t read = 1;
    assert_int_equal(render_time_read(bad[i], &read), ERR_MALFORMED);
    assert_int_equal(read, 1);
  }
  int64_t read = 1;
  assert_int_equal(render_time_read("@99999999999999999999", &read), ERR_MALFORMED);
}

static void numbers_that_json_cannot_say_are_null(void **state)
{
  (void)state;
  json_t *nothing = render_number(HUGE_VAL);
  json_t *whole = render_number(1e6);
  json_t *part = render_percent(99.98765);
  json_t *large = render_number(1e300);
  assert_true(json_is_null(nothing));
  assert_true(json_is_integer(whole));
  assert_true(fabs(json_real_value(part) - 99.988) < 1e-9);
  assert_true(json_real_value(large) == 1e300);
  json_decref(nothing);
  json_decref(whole);
  json_decref(part);
  json_decref(large);
}

static void a_window_shows_bounds_and_every_reason(void **state)
{
  (void)state;
  struct fleet_window *window = calloc(1, sizeof *window);
  hll_init(&window->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  window->start_ns = START_NS;
  window->length_ns = NS_PER_S;
  window->traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){1, 100, 60};
  window->traffic[SUMMARY_RX][SUMMARY_TCP] = (struct counts){2, 300, 200};
  window->ledger.undecoded[SUMMARY_TOO_DEEP] = 5;
  json_t *object = render_window(window);
  assert_true(json_is_null(json_object_get(object, "total")));
  const json_t *directions = json_object_get(object, "directions");
  const json_t *protocols = json_object_get(object, "protocols");
  assert_int_equal(json_object_size(directions), SUMMARY_DIRECTIONS);
  assert_int_equal(json_get_int(json_object_get(directions, "rx"), "bytes", 0), 300);
  assert_int_equal(json_get_int(json_object_get(protocols, "tcp"), "bytes", 0), 400);
  const json_t *undecoded = json_object_get(json_object_get(object, "ledger"), "undecoded");
  assert_int_equal(json_object_size(undecoded), SUMMARY_UNDECODED_REASONS - 1);
  assert_int_equal(json_get_int(undecoded, "too_deep", 0), 5);
  json_decref(object);
  window->has_total = true;
  window->total_bytes = (struct fleet_bound){300, 400};
  object = render_window(window);
  const json_t *bytes = json_object_get(json_object_get(object, "total"), "bytes");
  assert_int_equal(json_get_int(bytes, "low", 0), 300);
  assert_int_equal(json_get_int(bytes, "high", 0), 400);
  json_decref(object);
  free(window);
}

static void what_was_sent_and_received_is_split_where_the_fleet_is_known(void **state)
{
  (void)state;
  struct fleet_window *window = calloc(1, sizeof *window);
  assert_non_null(window);
  window->traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){20, 2000, 600};
  json_t *object = render_window(window);
  const json_t *tx = json_object_get(json_object_get(object, "directions"), "tx");
  assert_true(json_is_null(json_object_get(tx, "fleet")));
  assert_true(json_is_null(json_object_get(tx, "outside")));
  assert_true(json_is_null(json_object_get(object, "fleet_map")));
  json_decref(object);
  window->split_traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){10, 1000, 300};
  window->fleet_traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){4, 500, 100};
  window->split_parts = 2;
  window->fleet_map_high = 8;
  window->is_fleet_mixed = true;
  object = render_window(window);
  tx = json_object_get(json_object_get(object, "directions"), "tx");
  const json_t *local = json_object_get(json_object_get(object, "directions"), "local");
  assert_int_equal(json_get_int(tx, "packets", 0), 20);
  assert_int_equal(json_get_int(json_object_get(tx, "fleet"), "bytes", 0), 500);
  assert_int_equal(json_get_int(json_object_get(tx, "outside"), "packets", 0), 6);
  assert_int_equal(json_get_int(json_object_get(tx, "outside"), "payload_bytes", 0), 200);
  assert_null(json_object_get(local, "fleet"));
  const json_t *map = json_object_get(object, "fleet_map");
  assert_int_equal(json_get_int(map, "parts", 0), 2);
  assert_int_equal(json_get_int(map, "high", 0), 8);
  assert_true(json_is_true(json_object_get(map, "mixed")));
  json_decref(object);
  free(window);
}

static void an_interface_shows_how_much_of_its_speed_is_used(void **state)
{
  (void)state;
  struct host *host = calloc(1, sizeof *host);
  assert_non_null(host);
  host->interface_count = 3;
  struct summary_interface *known = &host->interface[0];
  struct summary_interface *uncounted = &host->interface[1];
  struct summary_interface *slow = &host->interface[2];
  known->has_kernel = slow->has_kernel = true;
  known->speed_mbit = uncounted->speed_mbit = 1000;
  known->kernel = (struct summary_kernel){.rx_bytes = 12500000, .tx_bytes = 125000000};
  json_t *object = render_host(host, START_NS);
  const json_t *rows = json_object_get(object, "interfaces");
  const json_t *used = json_object_get(json_array_get(rows, 0), "utilisation_percent");
  assert_true(json_get_number(used, "rx", 0) == 10);
  assert_true(json_get_number(used, "tx", 0) == 100);
  assert_int_equal(json_get_int(json_array_get(rows, 0), "speed_bps", 0), 1000000000);
  for (size_t i = 1; i < 3; i++) {
    assert_true(json_is_null(json_object_get(json_array_get(rows, i), "utilisation_percent")));
  }
  assert_true(json_is_null(json_object_get(json_array_get(rows, 2), "speed_bps")));
  json_decref(object);
  free(host);
}

static void a_sensor_is_live_silent_or_gone(void **state)
{
  (void)state;
  struct host *host = calloc(1, sizeof *host);
  strcpy(host->name, "web1");
  host->boot_id = UINT64_MAX;
  host->is_connected = true;
  host->last_heard_ns = START_NS;
  host->cpu_ns = 12 * NS_PER_MS;
  host->interface_count = 1;
  strcpy(host->interface[0].name, "eth0");
  json_t *object = render_host(host, START_NS + NS_PER_S);
  assert_string_equal(json_get_text(object, "state", ""), "live");
  assert_string_equal(json_get_text(object, "boot", ""), "ffffffffffffffff");
  assert_true(json_is_null(json_object_get(object, "clock_offset_ns")));
  assert_true(fabs(json_get_number(object, "cpu_percent", 0) - 1.2) < 1e-9);
  const json_t *interface = json_array_get(json_object_get(object, "interfaces"), 0);
  assert_true(json_is_null(json_object_get(interface, "kernel")));
  json_decref(object);
  assert_int_equal(render_host_state(host, START_NS + 16 * NS_PER_S), RENDER_HOST_SILENT);
  host->is_connected = false;
  host->has_left = true;
  assert_int_equal(render_host_state(host, START_NS + NS_PER_S), RENDER_HOST_LEFT);
  free(host);
}

static void a_window_shows_what_flows_did_and_how_well_it_is_known(void **state)
{
  (void)state;
  static struct summary_sketches sketches;
  struct fleet_window *window = calloc(1, sizeof *window);
  assert_non_null(window);
  window->length_ns = NS_PER_S;
  window->tcp.half_open = 3;
  window->dns.questions = 4;
  window->segments.wire_packets = 50;
  window->tunnelled_packets = 6;
  window->ledger.fragments_folded = 7;
  window->quality[SUMMARY_MEASURE_FLOWS] = SUMMARY_SCALED;
  window->quality[SUMMARY_MEASURE_DISTINCT] = SUMMARY_ABSENT;
  json_t *object = render_window(window);
  assert_int_equal(json_get_int(json_object_get(object, "tcp_flows"), "half_open", 0), 3);
  assert_int_equal(json_get_int(json_object_get(object, "dns"), "questions", 0), 4);
  assert_int_equal(json_get_int(json_object_get(object, "super_segments"), "wire_packets", 0), 50);
  assert_int_equal(json_get_int(object, "tunnelled_packets", 0), 6);
  assert_int_equal(json_get_int(json_object_get(object, "ledger"), "fragments_folded", 0), 7);
  const json_t *quality = json_object_get(object, "quality");
  assert_string_equal(json_get_text(quality, "traffic", ""), "exact");
  assert_string_equal(json_get_text(quality, "flows", ""), "scaled");
  assert_string_equal(json_get_text(quality, "distinct", ""), "absent");
  assert_true(json_is_null(json_object_get(object, "distinct")));
  json_decref(object);
  summary_sketches_init(&sketches, SUMMARY_SECOND);
  hll_add(&sketches.servers, UINT64_C(0x123456789abcdef0));
  window->sketches = &sketches;
  object = render_window(window);
  assert_int_equal(json_get_int(json_object_get(object, "distinct"), "servers_estimate", 0), 1);
  json_decref(object);
  free(window);
}

static void a_sensor_says_whether_it_looks_at_all_flows(void **state)
{
  (void)state;
  struct host *host = calloc(1, sizeof *host);
  assert_non_null(host);
  json_t *object = render_host(host, START_NS);
  assert_string_equal(json_get_text(object, "sampling", ""), "exact");
  json_decref(object);
  host->sample_shift = 3;
  host->quality[SUMMARY_MEASURE_TRAFFIC] = SUMMARY_SCALED;
  object = render_host(host, START_NS);
  assert_string_equal(json_get_text(object, "sampling", ""), "scaled 1/8");
  assert_string_equal(json_get_text(json_object_get(object, "quality"), "traffic", ""), "scaled");
  json_decref(object);
  free(host);
}

static void many_clients_in_one_row_are_null(void **state)
{
  (void)state;
  struct ranking_conversation row = {.witnesses = 1};
  (void)addr_parse("192.0.2.1", &row.row.server);
  json_t *object = render_ranking_conversation(&row);
  assert_true(json_is_null(json_object_get(object, "client")));
  assert_string_equal(json_get_text(object, "server", ""), "192.0.2.1");
  json_decref(object);
  /* 0.0.0.0 asks for an address: it is one. */
  (void)addr_parse("0.0.0.0", &row.row.client);
  object = render_ranking_conversation(&row);
  assert_string_equal(json_get_text(object, "client", ""), "0.0.0.0");
  json_decref(object);
}

static void protocols_have_names_or_numbers(void **state)
{
  (void)state;
  char text[8];
  assert_string_equal(render_protocol(6, text), "tcp");
  assert_string_equal(render_protocol(58, text), "icmpv6");
  assert_string_equal(render_protocol(255, text), "255");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_alert_is_read_back_as_it_was),
      cmocka_unit_test(an_alert_has_the_documented_members),
      cmocka_unit_test(an_alert_with_a_member_amiss_is_refused),
      cmocka_unit_test(times_are_read_as_they_are_written),
      cmocka_unit_test(numbers_that_json_cannot_say_are_null),
      cmocka_unit_test(a_window_shows_bounds_and_every_reason),
      cmocka_unit_test(what_was_sent_and_received_is_split_where_the_fleet_is_known),
      cmocka_unit_test(an_interface_shows_how_much_of_its_speed_is_used),
      cmocka_unit_test(a_sensor_is_live_silent_or_gone),
      cmocka_unit_test(a_window_shows_what_flows_did_and_how_well_it_is_known),
      cmocka_unit_test(a_sensor_says_whether_it_looks_at_all_flows),
      cmocka_unit_test(many_clients_in_one_row_are_null),
      cmocka_unit_test(protocols_have_names_or_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
