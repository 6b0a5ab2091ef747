/* SPDX-License-Identifier: Apache-2.0 */
/* One interval's measures, counted straight into the summary that the close hands out. */
#include "sensor/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "sensor/window_rows.h"

/* Space-Saving's error is bytes / counters: four counters for each that is reported keep the
 * reported ones well above it. */
#define COUNTERS_PER_TALKER 4

/*   packets  -> open       totals, sizes, ledger
 *   deltas   -> rows       conversations      -> top        (what a second reports)
 *            -> talkers    Space-Saving       -> items      -> reported
 *            -> open.addresses                -> addresses  (for the minute's merge)
 *
 * Left: while the interval is open. Right: of the last close, lent to the summary that it handed
 * out. */
struct window {
  struct window_limits limits;
  struct summary open;
  struct window_rows *rows;
  struct topk *talkers;
  struct topk_item *items; /* of all counters, from the last close */
  size_t item_count;
  uint64_t item_floor;              /* what an address without counter moved at most */
  struct hll addresses;             /* of the last close, at the minute's precision */
  struct summary_talker *reported;  /* limits.talkers */
  struct summary_conversation *top; /* SECOND: limits.conversations */
};

/* The next interval begins with nothing but the kind of the window. */
static void empty(struct window *window)
{
  enum summary_kind kind = window->open.kind;
  summary_init(&window->open);
  window->open.kind = kind;
  /* A second is kept as finely as the minute that it is merged into, and folded at its close. */
  hll_init(&window->open.addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
}

static size_t at_most(size_t value, size_t limit)
{
  return value < limit ? value : limit;
}

/* What a record may not carry (proto/summary.h) is not collected either. */
static struct window_limits sane_limits(enum summary_kind kind, const struct window_limits *limits)
{
  size_t rows_max = kind == SUMMARY_SECOND ? SUMMARY_SECOND_ROWS_MAX : SUMMARY_CONVERSATIONS_MAX;
  struct window_limits sane = *limits;
  sane.talkers = at_most(limits->talkers > 0 ? limits->talkers : 1, SUMMARY_TALKERS_MAX);
  sane.conversations = at_most(limits->conversations, rows_max);
  /* A minute shows all that it holds. */
  if (kind == SUMMARY_MINUTE || sane.rows < sane.conversations) {
    sane.rows = sane.conversations;
  }
  return sane;
}

/* All memory of an interval is taken here: counting and closing allocate nothing. */
struct window *window_new(enum summary_kind kind, const struct window_limits *limits)
{
  struct window *window = calloc(1, sizeof *window);
  if (window == NULL) {
    return NULL;
  }
  window->limits = sane_limits(kind, limits);
  window->open.kind = kind;
  size_t counters = COUNTERS_PER_TALKER * window->limits.talkers;
  window->rows = window_rows_new(window->limits.rows);
  window->talkers = topk_new(counters);
  window->items = calloc(counters, sizeof *window->items);
  window->reported = calloc(window->limits.talkers, sizeof *window->reported);
  window->top = calloc(window->limits.conversations + 1, sizeof *window->top);
  if (window->rows == NULL || window->talkers == NULL || window->items == NULL ||
      window->reported == NULL || window->top == NULL) {
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
  window_rows_free(window->rows);
  topk_free(window->talkers);
  free(window->items);
  free(window->reported);
  free(window->top);
  free(window);
}

/* A packet may count under several events: SYN and FIN together is an event of each. */
static void count_tcp(struct summary *open, uint8_t tcp_flags)
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

/* Frames and their reasons are counted for all, the rest for IP alone. What was read before a later
 * header failed still counts. */
void window_packet(struct window *window, const struct packet *packet,
                   enum summary_direction direction)
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
  hist_add(&open->packet_sizes, packet->ip_bytes);
  struct counts one = {1, packet->ip_bytes, packet->payload_bytes};
  counts_add(&open->traffic[direction][summary_protocol_of(packet->ip_protocol)], &one);
  if (packet->tcp_flags != 0) {
    count_tcp(open, packet->tcp_flags);
  }
}

/* Sums add, histograms add, sketches merge: the minute is its seconds exactly. The second's talkers
 * are merged from all its counters, not from the reported ones, so that the error does not grow. */
void window_second(struct window *window, const struct window *second, const struct summary *closed)
{
  struct summary *open = &window->open;
  for (unsigned direction = 0; direction < SUMMARY_DIRECTIONS; direction++) {
    for (unsigned protocol = 0; protocol < SUMMARY_PROTOCOLS; protocol++) {
      counts_add(&open->traffic[direction][protocol], &closed->traffic[direction][protocol]);
    }
  }
  open->ipv4_packets += closed->ipv4_packets;
  open->ipv6_packets += closed->ipv6_packets;
  open->fragments += closed->fragments;
  open->non_ip_frames += closed->non_ip_frames;
  for (unsigned event = 0; event < SUMMARY_TCP_EVENTS; event++) {
    open->tcp_events[event] += closed->tcp_events[event];
  }
  hist_merge(&open->packet_sizes, &closed->packet_sizes);
  /* Each window counts the rows that it folds itself. */
  uint64_t rows_folded = open->ledger.rows_folded;
  summary_ledger_add(&open->ledger, &closed->ledger);
  open->ledger.rows_folded = rows_folded;
  topk_merge(window->talkers, second->items, second->item_count, second->item_floor);
  int err = hll_merge(&open->addresses, &second->addresses);
  assert(err == 0);
  (void)err;
}

/* Each flow feeds both its ends: what the client sent the server received. */
void window_flow(struct window *window, const struct flow_delta *delta)
{
  struct summary *open = &window->open;
  const struct flow_record *flow = &delta->flow;
  /* A minute counts a flow with the first second that it is active in. */
  bool is_first = open->kind == SUMMARY_SECOND || delta->is_first_in_span;
  open->flows_active += is_first;
  open->flows_new += delta->is_new;
  if (!window_rows_add(window->rows, flow, is_first ? 1 : 0)) {
    counts_add(&open->folded_out, &flow->out);
    counts_add(&open->folded_in, &flow->in);
    open->ledger.rows_folded++;
  }
  if (open->kind == SUMMARY_MINUTE) {
    return;
  }
  topk_add(window->talkers, &flow->client, &flow->out, &flow->in);
  topk_add(window->talkers, &flow->server, &flow->in, &flow->out);
  hll_add(&open->addresses, hash_addr(HASH_FLEET_SEED, &flow->client));
  hll_add(&open->addresses, hash_addr(HASH_FLEET_SEED, &flow->server));
}

struct summary_ledger *window_ledger(struct window *window)
{
  return &window->open.ledger;
}

/* By what is certainly their own, largest first, then by address. */
static int compare_talkers(const void *a, const void *b)
{
  const struct topk_item *x = a;
  const struct topk_item *y = b;
  uint64_t bytes_x = x->tx.bytes + x->rx.bytes;
  uint64_t bytes_y = y->tx.bytes + y->rx.bytes;
  if (bytes_x != bytes_y) {
    return bytes_x > bytes_y ? -1 : 1;
  }
  return addr_compare(&x->addr, &y->addr);
}

/* items by bytes:  [ reported: limits.talkers ] [ the rest ]
 *                                                floor = the largest count among these */
static void report_talkers(struct window *window, struct summary *out)
{
  size_t counters = COUNTERS_PER_TALKER * window->limits.talkers;
  size_t n = topk_list(window->talkers, window->items, counters);
  qsort(window->items, n, sizeof *window->items, compare_talkers);
  uint64_t floor = topk_floor(window->talkers);
  window->item_count = n;
  window->item_floor = floor;
  for (size_t i = 0; i < n; i++) {
    const struct topk_item *item = &window->items[i];
    if (i < window->limits.talkers) {
      window->reported[i] = (struct summary_talker){item->addr, item->error, item->tx, item->rx};
    } else if (item->count > floor) {
      floor = item->count;
    }
  }
  out->talkers = window->reported;
  out->talker_count = at_most(n, window->limits.talkers);
  out->talkers_floor = floor;
  topk_clear(window->talkers);
}

/* Adds what rows hold beyond the reported ones to the folded counters. */
static void fold_rest(const struct window_rows *rows, struct summary *out)
{
  struct counts rows_out;
  struct counts rows_in;
  window_rows_total(rows, &rows_out, &rows_in);
  for (size_t i = 0; i < out->conversation_count; i++) {
    rows_out = counts_since(&rows_out, &out->conversations[i].out);
    rows_in = counts_since(&rows_in, &out->conversations[i].in);
  }
  counts_add(&out->folded_out, &rows_out);
  counts_add(&out->folded_in, &rows_in);
  out->ledger.rows_folded += window_rows_count(rows) - out->conversation_count;
}

/* The fine sketch is kept for the minute, the folded one goes on the wire. */
static void report_addresses(struct window *window, struct summary *out)
{
  if (out->kind == SUMMARY_SECOND) {
    window->addresses = window->open.addresses;
    int err = hll_fold(&window->addresses, HLL_PRECISION_SECOND, &out->addresses);
    assert(err == 0);
    (void)err;
  }
}

/* A second chooses its largest rows; a minute shows all, sorted by key. */
static void report_conversations(struct window *window, struct summary *out)
{
  if (out->kind == SUMMARY_SECOND) {
    out->conversations = window->top;
    out->conversation_count =
        window_rows_top(window->rows, window->top, window->limits.conversations);
    fold_rest(window->rows, out);
  } else {
    out->conversations = window_rows_sort(window->rows);
    out->conversation_count = window_rows_count(window->rows);
  }
  window_rows_clear(window->rows);
}

/* Talkers, addresses and rows leave the window here; then it is empty, but for what it lent. */
void window_close(struct window *window, int64_t start_ns, struct summary *out)
{
  *out = window->open;
  out->start_ns = start_ns;
  out->length_ns = out->kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  report_talkers(window, out);
  report_addresses(window, out);
  report_conversations(window, out);
  empty(window);
}

bool window_is_empty(const struct window *window)
{
  static const struct summary_ledger nothing;
  return window->open.flows_active == 0 && window->open.flows_new == 0 &&
         memcmp(&window->open.ledger, &nothing, sizeof nothing) == 0;
}
