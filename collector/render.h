/* SPDX-License-Identifier: Apache-2.0 */
/* Values -> JSON, the one place where the names of the API, the webhooks and `seine replay` come
 * from. Every function gives a new reference, NULL without memory. */
#ifndef COLLECTOR_RENDER_H
#define COLLECTOR_RENDER_H

#include "collector/alerts.h"
#include "collector/fleet.h"
#include "collector/hosts.h"
#include "collector/partial.h"
#include "collector/ranking.h"
#include "collector/sensor_minute.h"
#include "common/json.h"

/* {"id","state","severity","detector","rule","subject","summary","started","fired","resolved",
 *  "last_seen","windows","observed","peak","expected":{"low","high"},"unit","window":{"start","seconds"},
 *  "completeness_percent","evidence":[{"label","name","value","share_percent"}],"command","resolution",
 *  "for_seconds","hold_seconds"}
 * times RFC 3339 or null; a side of "expected" that is open is null. */
json_t *render_alert(const struct alert *alert);
/* The detector's name in alerts that the collector raises about itself. */
extern const char render_own_detector[];
/* The same, with "saved": false when it is not on disk. */
json_t *render_alert_saved(const struct alert *alert, bool is_saved);
/* And back: what the store kept, times to the millisecond. ERR_MALFORMED. finding.detector is
 * looked up in detect_table, or the collector's own. */
int render_alert_read(const json_t *object, struct alert *out);
/* {"start","seconds","revision","sensors_expected","sensors_present","completeness_percent",
 *  "directions":{"tx":{"packets","bytes","payload_bytes","fleet","outside"},...},"protocols":{...},"total":{"bytes":{"low",
 *  "high"},"packets":{...}} or null,"distinct_addresses_estimate","flows_active","flows_new",
 *  "interface_bytes","tcp":{"syn","syn_ack","fin","rst"},"ledger":{...},"tcp_flows","dns",
 *  "super_segments","tunnelled_packets","distinct":{"clients_estimate",...} or null,"quality",
 *  "fleet_map":{"parts","low","high","mixed"} or null} */
json_t *render_window(const struct fleet_window *window);
/* Into the counts of one direction (borrowed): "fleet" and "outside", what of its total went to or
 * came from whom; both null without fleet, when the split is absent. */
void render_split(json_t *way, const struct counts *total, const struct counts *fleet);
/* {"frames","wire_bytes","undecoded":{reason:count},"own_frames","capture_dropped",...} */
json_t *render_ledger(const struct summary_ledger *ledger);
/* {"attempts","answered","refused","half_open","withdrawn","resets","retransmitted"} */
json_t *render_tcp_flows(const struct summary_tcp *tcp);
/* {"questions","answers","failures"} */
json_t *render_dns(const struct summary_dns *dns);
/* {"segments","wire_packets","header_bytes"} */
json_t *render_segments(const struct summary_segments *segments);
/* {"traffic":"exact|scaled|absent","flows":...,"distinct":...,"first_seen":...} */
json_t *render_quality(const uint8_t quality[SUMMARY_MEASURES]);
/* "exact", or which part of the flows was looked at: "scaled 1/4". */
json_t *render_sampling(uint8_t shift);
/* {"tx":{"packets","bytes","payload_bytes","fleet","outside"},...} over all protocols; fleet is the
 * part of split that has a fleet peer, both NULL where that is not known. {"tcp":{...},...} over
 * all directions. */
json_t *render_directions(const struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS],
                          const struct counts split[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS],
                          const struct counts fleet[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS]);
json_t *render_protocols(const struct counts traffic[SUMMARY_DIRECTIONS][SUMMARY_PROTOCOLS]);
/* {"rx_packets","tx_packets","rx_bytes",...} */
json_t *render_kernel(const struct summary_kernel *kernel);
/* An integer when the value is one; rounded to six decimals otherwise; null when not finite. */
json_t *render_number(double value);
/* The same with three decimals. */
json_t *render_percent(double value);
/* null for INT64_MIN and 0: never. */
json_t *render_time(int64_t time_ns);
/* RFC 3339 with Z, as json_time writes it ("@seconds" too). ERR_MALFORMED. */
int render_time_read(const char *text, int64_t *out_ns);
/* {"low","high"} */
json_t *render_bound(const struct fleet_bound *bound);

enum render_host_state { RENDER_HOST_LIVE, RENDER_HOST_SILENT, RENDER_HOST_LEFT };
/* Silent: nothing heard for 15 s. Left: it said BYE and has not come back. */
enum render_host_state render_host_state(const struct host *host, int64_t now_ns);
/* {"name","state":"live|silent|left","software","boot","last_heard","progress","clock_offset_ns",
 *  "clock_uncertainty_ns","shift_seconds","records","repeated","late","gaps","refused","frames",...,
 *  "cpu_percent","resident_bytes","sampling":"exact" or "scaled
 * 1/n","quality":{...},"addresses":[...], "interfaces":[{"name","up","kernel":{...} or
 * null,"captured_packets",...}], "interface_totals":[{"name","kernel_packets",...}]} */
json_t *render_host(const struct host *host, int64_t now_ns);
/* {"records","newest","sampling","quality","directions","protocols","ipv4_packets",...,
 *  "tcp_flows":{...,"half_open_still","handshakes","handshake_p50_us","handshake_p95_us"},"dns",
 *  "fragments":{"fragments","unmatched","folded"},"super_segments","distinct","interfaces":[...],
 *  "ledger"} */
json_t *render_sensor_minute(const struct sensor_minute *minute);
/* {"address","sensor" or null,"tx":{...},"rx":{...},"error_bytes"} */
json_t *render_ranking_host(const struct ranking_host *row);
/* {"client" (null:
 * many),"server","server_port","protocol","client_sensor","server_sensor","out":{...},"in":{...},
 *  "flows","guessed","witnesses","first","last"} */
json_t *render_ranking_conversation(const struct ranking_conversation *row);
/* {"port","protocol","out":{...},"in":{...},"flows"} */
json_t *render_ranking_port(const struct ranking_port *row);
/* Sets "partial":[{"sensor","factor","filtered"}] and "partial_limited" of an answer,
 * and "rule" to the sentence and, when there is any of them, what that means for it. */
void render_partial(json_t *answer, const struct partial *partial, const char *rule);
/* "tcp" "udp" "icmp" "icmpv6" "sctp", else the number as text. */
const char *render_protocol(uint8_t protocol, char out[8]);

#endif
