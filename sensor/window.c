/* SPDX-License-Identifier: Apache-2.0 */
/* One interval's measures, counted straight into the summary that the close hands out. */
#include "sensor/window.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "sensor/window_conversations.h"
#include "sensor/window_hosts.h"
#include "sensor/window_rows.h"
#include "sensor/window_sketches.h"

/* About 1.4 MB a window in all. Held are more rows than are reported, so that the reported ones are
 * exact on all but the busiest hosts; a storm costs least when the tables stay in the fast caches.
 */
#define HOSTS          8192
#define ROWS_MAX       8192
#define SECOND_ROWS    4096
#define ROWS_PER_SHOWN 4 /* MINUTE */
#define FOLDS          256
#define SHOWN_PER_FOLD 8
#define US_PER_HIST    10 /* unit of summary_tcp.handshake_10us */
#define GROUP          16 /* flows whose memory is fetched together */
#define US_PER_HIST    10 /* unit of summary_tcp.handshake_10us */

/*   packets  -> open            totals, sizes, ledger
 *   deltas   -> open.tcp, flows
 *            -> conversations   rows, rows of many, totals
 *            -> hosts           what each address moved
 *            -> sketches        distinct, entropies, fan-out
 *
 * Each part lends what it reported until its next close. */
struct window {
  struct summary open;
  struct window_conversations *conversations;
  struct window_hosts *hosts;
  struct window_sketches *sketches;
};

/* The next interval begins with nothing but the kind of the window. */
static void empty(struct window *window)
{
  enum summary_kind kind = window->open.kind;
  summary_init(&window->open);
  window->open.kind = kind;
  if (kind == SUMMARY_MINUTE) {
    hll_init(&window->open.addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  }
}

static size_t at_most(size_t value, size_t limit)
{
  return value < limit ? value : limit;
}

static size_t at_least(size_t value, size_t limit)
{
  return value > limit ? value : limit;
}

/* What a record may not carry (proto/summary.h) is not collected either: rows and rows of many
 * together. A table twice as large as what is shown has it still after it dropped its half. */
static struct window_conversations_limits row_limits(enum summary_kind kind,
                                                     const struct window_limits *limits)
{
  size_t max = kind == SUMMARY_SECOND ? SUMMARY_SECOND_ROWS_MAX : SUMMARY_CONVERSATIONS_MAX;
  size_t shown = at_most(limits->conversations, max * SHOWN_PER_FOLD / (SHOWN_PER_FOLD + 1));
  size_t usual = kind == SUMMARY_SECOND ? SECOND_ROWS : ROWS_PER_SHOWN * shown;
  size_t rows = limits->rows > 0 ? limits->rows : usual;
  return (struct window_conversations_limits){
      .rows = at_most(at_least(rows, 2 * shown + 1), ROWS_MAX),
      .folds = at_least(FOLDS, shown / SHOWN_PER_FOLD),
      .shown_rows = shown,
      .shown_folds = (shown + SHOWN_PER_FOLD - 1) / SHOWN_PER_FOLD,
  };
}

struct window *window_new(enum summary_kind kind, const struct window_limits *limits)
{
  struct window *window = calloc(1, sizeof *window);
  if (window == NULL) {
    return NULL;
  }
  window->open.kind = kind;
  struct window_conversations_limits rows = row_limits(kind, limits);
  window->conversations = window_conversations_new(kind, &rows);
  window->hosts =
      window_hosts_new(HOSTS, at_most(at_least(limits->talkers, 1), SUMMARY_TALKERS_MAX));
  window->sketches = window_sketches_new(kind);
  if (window->conversations == NULL || window->hosts == NULL || window->sketches == NULL) {
    window_free(window);
    return NULL;
  }
  empty(window);
  return window;
}

void window_free(struct window *window)
{
  if (window == NULL) {
    return;
  }
  window_conversations_free(window->conversations);
  window_hosts_free(window->hosts);
  window_sketches_free(window->sketches);
  free(window);
}

void window_set_local(struct window *window,
                      bool (*is_local)(void *context, const struct addr *addr), void *context)
{
  window_conversations_set_local(window->conversations, is_local, context);
}

/* A packet may count under several events: SYN and FIN together is an event of each. */
static void count_tcp_flags(struct summary *open, uint8_t tcp_flags)
{
  if (tcp_flags & PACKET_TCP_SYN) {
    bool is_answer = (tcp_flags & PACKET_TCP_ACK) != 0;
    open->tcp_events[is_answer ? SUMMARY_TCP_SYN_ACK : SUMMARY_TCP_SYN]++;
  }
  if (tcp_flags & PACKET_TCP_FIN) {
    open->tcp_events[SUMMARY_TCP_FIN]++;
  }
  if (tcp_flags & PACKET_TCP_RST) {
    open->tcp_events[SUMMARY_TCP_RST]++;
  }
}

/* An answer that failed is an answer. */
static void count_dns(struct summary_dns *dns, uint8_t what)
{
  dns->questions += what == PACKET_DNS_QUESTION;
  dns->answers += what == PACKET_DNS_ANSWER || what == PACKET_DNS_FAILURE;
  dns->failures += what == PACKET_DNS_FAILURE;
}

/* Frames and their reasons are counted for all, the rest for IP alone. What was read before a later
 * header failed still counts. */
void window_packet(struct window *window, const struct packet *packet, struct direction_way way)
{
  struct summary *open = &window->open;
  open->ledger.frames++;
  open->ledger.wire_bytes += packet->wire_bytes;
  if (packet->undecoded != SUMMARY_DECODED) {
    open->ledger.undecoded[packet->undecoded]++;
  }
  if (packet->ip_version == 0) {
    open->non_ip_frames++;
    return;
  }
  open->ipv4_packets += packet->ip_version == 4;
  open->ipv6_packets += packet->ip_version == 6;
  open->fragments += packet->is_fragment;
  open->tunnelled_packets += packet->tunnel != PACKET_PLAIN;
  hist_add(&open->packet_sizes, packet->ip_bytes);
  struct counts one = {1, packet->ip_bytes, packet->payload_bytes};
  /* Either or, so that a fleet costs no second addition: window_close makes the sum. */
  struct counts(*split)[SUMMARY_PROTOCOLS] = way.is_fleet ? open->fleet_traffic : open->traffic;
  counts_add(&split[way.direction][summary_protocol_of(packet->ip_protocol)], &one);
  if ((packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_FIN | PACKET_TCP_RST)) != 0) {
    count_tcp_flags(open, packet->tcp_flags);
  }
  if (packet->dns != PACKET_NO_DNS) {
    count_dns(&open->dns, packet->dns);
  }
}

void window_segments(struct window *window, uint64_t wire_packets, uint64_t header_bytes)
{
  struct summary_segments *segments = &window->open.segments;
  segments->super_segments++;
  segments->wire_packets += wire_packets;
  segments->header_bytes += header_bytes;
}

/* What single packets said. */
static void add_packets(struct summary *into, const struct summary *from)
{
  summary_traffic_add(&into->traffic[0][0], &from->traffic[0][0]);
  summary_traffic_add(&into->fleet_traffic[0][0], &from->fleet_traffic[0][0]);
  into->ipv4_packets += from->ipv4_packets;
  into->ipv6_packets += from->ipv6_packets;
  into->fragments += from->fragments;
  into->tunnelled_packets += from->tunnelled_packets;
  into->non_ip_frames += from->non_ip_frames;
  for (unsigned event = 0; event < SUMMARY_TCP_EVENTS; event++) {
    into->tcp_events[event] += from->tcp_events[event];
  }
  summary_dns_add(&into->dns, &from->dns);
  summary_segments_add(&into->segments, &from->segments);
  hist_merge(&into->packet_sizes, &from->packet_sizes);
}

/* Sums add, histograms add, sketches merge: the minute is its seconds exactly. The second's talkers
 * are merged from all its counters, not from the reported ones, so that the error does not grow. */
void window_second(struct window *window, const struct window *second, const struct summary *closed)
{
  struct summary *open = &window->open;
  add_packets(open, closed);
  summary_tcp_add(&open->tcp, &closed->tcp);
  /* Each window counts the rows that it folds itself. */
  uint64_t rows_folded = open->ledger.rows_folded;
  summary_ledger_add(&open->ledger, &closed->ledger);
  open->ledger.rows_folded = rows_folded;
  window_conversations_second(window->conversations);
  window_hosts_merge(window->hosts, second->hosts);
  window_sketches_merge(window->sketches, second->sketches);
}

/* struct flow_tcp says when each is true; its flags are of this interval alone. */
static void count_tcp(struct summary_tcp *into, const struct flow_tcp *tcp)
{
  into->attempts += tcp->is_attempt;
  into->answered += tcp->is_answered;
  into->refused += tcp->is_refused;
  into->half_open += tcp->is_half_open;
  into->withdrawn += tcp->is_withdrawn;
  into->resets += tcp->is_reset;
  into->retransmitted += (uint64_t)tcp->retransmitted_out + tcp->retransmitted_in;
  if (tcp->handshake_us != 0) {
    hist_add(&into->handshake_10us, tcp->handshake_us / US_PER_HIST);
  }
}

/* By the process's seed: of the addresses, and of the conversation. */
struct hashes {
  uint64_t client, server, conversation;
};

/* Each flow feeds both its ends: what the client sent the server received. */
static void flow_of_second(struct window *window, const struct flow_delta *delta,
                           const struct hashes *hashes)
{
  const struct flow_record *flow = &delta->flow;
  window->open.flows_active++;
  count_tcp(&window->open.tcp, &delta->tcp);
  window_conversations_add(window->conversations, delta, hashes->conversation, 1);
  window_hosts_add(window->hosts, &flow->client, hashes->client, &flow->out, &flow->in);
  window_hosts_add(window->hosts, &flow->server, hashes->server, &flow->in, &flow->out);
  window_sketches_add(window->sketches, flow);
}

/* A minute counts a flow with the first second that it is active in. */
static void flow_of_minute(struct window *window, const struct flow_delta *delta,
                           const struct hashes *hashes)
{
  uint32_t flows = delta->is_first_in_span ? 1 : 0;
  window->open.flows_active += flows;
  window_conversations_add(window->conversations, delta, hashes->conversation, flows);
  if (delta->is_first_in_span) {
    window_sketches_spread(window->sketches, &delta->flow);
  }
}

/* The memory of the indexes is asked for here, that of rows and hosts in fetch. */
static void hash_flow(const struct window *window, const struct flow_record *flow,
                      struct hashes *hashes)
{
  hashes->client = hash_bytes(flow->client.byte, sizeof flow->client.byte);
  hashes->server = hash_bytes(flow->server.byte, sizeof flow->server.byte);
  hashes->conversation =
      window_rows_hash(hashes->client, hashes->server, flow->server_port, flow->protocol);
  window_conversations_fetch_index(window->conversations, hashes->conversation);
  if (window->open.kind == SUMMARY_SECOND) {
    window_hosts_fetch_index(window->hosts, hashes->client);
    window_hosts_fetch_index(window->hosts, hashes->server);
  }
}

static void fetch(const struct window *window, const struct hashes *hashes)
{
  window_conversations_fetch_row(window->conversations, hashes->conversation);
  if (window->open.kind == SUMMARY_SECOND) {
    window_hosts_fetch_host(window->hosts, hashes->client);
    window_hosts_fetch_host(window->hosts, hashes->server);
  }
}

/* The tables are larger than the fast caches: a group's accesses wait for memory together. */
static void add_group(struct window *window, const struct flow_delta *delta, size_t count)
{
  struct hashes hashes[GROUP];
  for (size_t i = 0; i < count; i++) {
    hash_flow(window, &delta[i].flow, &hashes[i]);
  }
  for (size_t i = 0; i < count; i++) {
    fetch(window, &hashes[i]);
  }
  for (size_t i = 0; i < count; i++) {
    window->open.flows_new += delta[i].is_new;
    if (window->open.kind == SUMMARY_SECOND) {
      flow_of_second(window, &delta[i], &hashes[i]);
    } else {
      flow_of_minute(window, &delta[i], &hashes[i]);
    }
  }
}

void window_flows(struct window *window, const struct flow_delta *delta, size_t count)
{
  for (size_t done = 0; done < count; done += GROUP) {
    add_group(window, delta + done, at_most(count - done, GROUP));
  }
}

struct summary_ledger *window_ledger(struct window *window)
{
  return &window->open.ledger;
}

void window_close(struct window *window, int64_t start_ns, struct summary *out)
{
  *out = window->open;
  out->start_ns = start_ns;
  out->length_ns = out->kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  if (out->kind == SUMMARY_SECOND) {
    summary_traffic_add(&out->traffic[0][0], &out->fleet_traffic[0][0]);
  }
  window_hosts_close(window->hosts, out);
  window_sketches_close(window->sketches, out);
  window_conversations_close(window->conversations, out);
  empty(window);
}

bool window_is_empty(const struct window *window)
{
  static const struct summary_ledger nothing;
  return window->open.flows_active == 0 && window->open.flows_new == 0 &&
         memcmp(&window->open.ledger, &nothing, sizeof nothing) == 0;
}
