/* SPDX-License-Identifier: Apache-2.0 */
/* A summary as a value: empty, copied whole into one block, its small sums and names.
 *
 *   one block:  | struct summary | interfaces | talkers | conversations | first_seen | edges | ...
 *                     \______________^____________^____________^_____________^___________^ pointers
 *
 * So a summary that was made here is freed by one call. */
#include "proto/summary.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

/* By what a program prints; the order is the enum's. */
static const char *const undecoded_names[SUMMARY_UNDECODED_REASONS] = {
    [SUMMARY_DECODED] = "decoded",
    [SUMMARY_NOT_IP] = "not_ip",
    [SUMMARY_UNKNOWN_LINK] = "unknown_link",
    [SUMMARY_TRUNCATED_LINK] = "truncated_link",
    [SUMMARY_TRUNCATED_NETWORK] = "truncated_network",
    [SUMMARY_BAD_NETWORK] = "bad_network",
    [SUMMARY_TRUNCATED_TRANSPORT] = "truncated_transport",
    [SUMMARY_BAD_TRANSPORT] = "bad_transport",
    [SUMMARY_TOO_DEEP] = "too_deep",
};

/* What programs print and scripts read: renaming one breaks them. */
static const char *const direction_names[SUMMARY_DIRECTIONS] = {
    [SUMMARY_UNKNOWN] = "unknown", [SUMMARY_TX] = "tx",           [SUMMARY_RX] = "rx",
    [SUMMARY_LOCAL] = "local",     [SUMMARY_TRANSIT] = "transit", [SUMMARY_MULTICAST] = "multicast",
};

static const char *const protocol_names[SUMMARY_PROTOCOLS] = {
    [SUMMARY_TCP] = "tcp",   [SUMMARY_UDP] = "udp",           [SUMMARY_ICMP] = "icmp",
    [SUMMARY_SCTP] = "sctp", [SUMMARY_OTHER_IP] = "other_ip",
};

static const char *const measure_names[SUMMARY_MEASURES] = {
    [SUMMARY_MEASURE_TRAFFIC] = "traffic",
    [SUMMARY_MEASURE_FLOWS] = "flows",
    [SUMMARY_MEASURE_DISTINCT] = "distinct",
    [SUMMARY_MEASURE_FIRST_SEEN] = "first_seen",
};

static const char *const quality_names[] = {
    [SUMMARY_EXACT] = "exact",
    [SUMMARY_SCALED] = "scaled",
    [SUMMARY_ABSENT] = "absent",
};

const char *summary_undecoded_name(enum summary_undecoded reason)
{
  return (unsigned)reason < SUMMARY_UNDECODED_REASONS ? undecoded_names[reason] : "invalid";
}

const char *summary_direction_name(enum summary_direction direction)
{
  return (unsigned)direction < SUMMARY_DIRECTIONS ? direction_names[direction] : "invalid";
}

const char *summary_protocol_name(enum summary_protocol protocol)
{
  return (unsigned)protocol < SUMMARY_PROTOCOLS ? protocol_names[protocol] : "invalid";
}

/* Numbers may come from anywhere: what is none of ours has a name too. */
const char *summary_measure_name(enum summary_measure measure)
{
  return (unsigned)measure < SUMMARY_MEASURES ? measure_names[measure] : "invalid";
}

const char *summary_quality_name(enum summary_quality quality)
{
  return (unsigned)quality <= SUMMARY_ABSENT ? quality_names[quality] : "invalid";
}

/* A minute's owner sets the finer precision itself (sensor/window.c). */
void summary_init(struct summary *s)
{
  memset(s, 0, sizeof(*s));
  hll_init(&s->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
}

/* The sizes of common/hll.h and common/entropy.h; the codec takes no others. */
void summary_sketches_init(struct summary_sketches *sketches, enum summary_kind kind)
{
  unsigned precision = kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE;
  unsigned buckets = kind == SUMMARY_SECOND ? ENTROPY_BUCKETS_SECOND : ENTROPY_BUCKETS_MINUTE;
  hll_init(&sketches->clients, precision, HASH_FLEET_SEED);
  hll_init(&sketches->servers, precision, HASH_FLEET_SEED);
  hll_init(&sketches->services, precision, HASH_FLEET_SEED);
  for (size_t i = 0; i < SUMMARY_ENTROPIES; i++) {
    entropy_init(&sketches->entropy[i], buckets, HASH_FLEET_SEED);
  }
}

/* Places size bytes at *at within a block and moves *at to the next place fit for any type. */
static size_t summary_place(size_t *at, size_t size)
{
  size_t place = *at;
  size_t align = _Alignof(max_align_t);
  *at += (size + align - 1) / align * align;
  return place;
}

/* Where everything lies in a block; the head is at 0. */
struct layout {
  size_t interfaces, talkers, conversations, first_seen, edges, sketches, spreaders, victims;
  size_t end;
};

/* The head first, then the arrays in the order of their counts. */
static struct layout layout_of(const struct summary_sizes *sizes)
{
  struct layout at = {.end = 0};
  (void)summary_place(&at.end, sizeof(struct summary));
  at.interfaces = summary_place(&at.end, sizes->interfaces * sizeof(struct summary_interface));
  at.talkers = summary_place(&at.end, sizes->talkers * sizeof(struct summary_talker));
  at.conversations =
      summary_place(&at.end, sizes->conversations * sizeof(struct summary_conversation));
  at.first_seen = summary_place(&at.end, sizes->first_seen * sizeof(struct addr));
  at.edges = summary_place(&at.end, sizes->edges * sizeof(struct summary_edge));
  at.sketches = summary_place(&at.end, sizes->has_sketches ? sizeof(struct summary_sketches) : 0);
  at.spreaders = summary_place(&at.end, sizes->spreaders);
  at.victims = summary_place(&at.end, sizes->victims);
  return at;
}

/* calloc's block fits any type, and so does each place in it. */
struct summary *summary_new(const struct summary_sizes *sizes)
{
  struct layout at = layout_of(sizes);
  unsigned char *block = calloc(1, at.end);
  if (block == NULL) {
    return NULL;
  }
  struct summary *s = (struct summary *)(void *)block;
  summary_init(s);
  s->interfaces = (struct summary_interface *)(void *)(block + at.interfaces);
  s->talkers = (struct summary_talker *)(void *)(block + at.talkers);
  s->conversations = (struct summary_conversation *)(void *)(block + at.conversations);
  s->first_seen = (struct addr *)(void *)(block + at.first_seen);
  s->edges = (struct summary_edge *)(void *)(block + at.edges);
  if (sizes->has_sketches) {
    s->sketches = (struct summary_sketches *)(void *)(block + at.sketches);
    summary_sketches_init(s->sketches, SUMMARY_SECOND);
  }
  s->spreaders = sizes->spreaders > 0 ? block + at.spreaders : NULL;
  s->victims = sizes->victims > 0 ? block + at.victims : NULL;
  s->interface_count = sizes->interfaces;
  s->talker_count = sizes->talkers;
  s->conversation_count = sizes->conversations;
  s->first_seen_count = sizes->first_seen;
  s->edge_count = sizes->edges;
  s->spreaders_length = sizes->spreaders;
  s->victims_length = sizes->victims;
  return s;
}

/* memcpy must not be given NULL, even for no bytes; an empty array may be. */
static void summary_copy_rows(void *to, const void *from, size_t count, size_t size)
{
  if (count > 0) {
    memcpy(to, from, count * size);
  }
}

/* What the copy's sizes leave out of s stays out. The head by assignment, then the pointers turned
 * to the copy's own arrays. */
static struct summary *copy_of(const struct summary *s, const struct summary_sizes *sizes)
{
  struct summary *copy = summary_new(sizes);
  if (copy == NULL) {
    return NULL;
  }
  struct summary own = *copy;
  *copy = *s;
  copy->interfaces = own.interfaces;
  copy->talkers = own.talkers;
  copy->conversations = own.conversations;
  copy->first_seen = own.first_seen;
  copy->edges = own.edges;
  copy->sketches = own.sketches;
  copy->spreaders = own.spreaders;
  copy->victims = own.victims;
  copy->spreaders_length = sizes->spreaders;
  copy->victims_length = sizes->victims;
  summary_copy_rows(copy->interfaces, s->interfaces, sizes->interfaces, sizeof(*s->interfaces));
  summary_copy_rows(copy->talkers, s->talkers, sizes->talkers, sizeof(*s->talkers));
  summary_copy_rows(copy->conversations, s->conversations, sizes->conversations,
                    sizeof(*s->conversations));
  summary_copy_rows(copy->first_seen, s->first_seen, sizes->first_seen, sizeof(*s->first_seen));
  summary_copy_rows(copy->edges, s->edges, sizes->edges, sizeof(*s->edges));
  summary_copy_rows(copy->sketches, s->sketches, sizes->has_sketches, sizeof(*s->sketches));
  summary_copy_rows(copy->spreaders, s->spreaders, sizes->spreaders, 1);
  summary_copy_rows(copy->victims, s->victims, sizes->victims, 1);
  return copy;
}

/* A second's rows take some 6 KB, its sketches 20: ten thousand sensors make the difference. */
struct summary *summary_clone_rows(const struct summary *s)
{
  struct summary_sizes sizes = {.interfaces = s->interface_count,
                                .talkers = s->talker_count,
                                .conversations = s->conversation_count,
                                .first_seen = s->first_seen_count,
                                .edges = s->edge_count};
  return copy_of(s, &sizes);
}

struct summary *summary_clone(const struct summary *s)
{
  struct summary_sizes sizes = {.interfaces = s->interface_count,
                                .talkers = s->talker_count,
                                .conversations = s->conversation_count,
                                .first_seen = s->first_seen_count,
                                .edges = s->edge_count,
                                .spreaders = s->spreaders_length,
                                .victims = s->victims_length,
                                .has_sketches = s->sketches != NULL};
  return copy_of(s, &sizes);
}

/* The bound of whoever gathers many (P5). */
size_t summary_rows_bytes(const struct summary *s)
{
  struct summary_sizes sizes = {.interfaces = s->interface_count,
                                .talkers = s->talker_count,
                                .conversations = s->conversation_count,
                                .first_seen = s->first_seen_count,
                                .edges = s->edge_count};
  return layout_of(&sizes).end;
}

void summary_free(struct summary *s)
{
  free(s);
}

void summary_traffic_add(struct counts *into, const struct counts *from)
{
  for (unsigned cell = 0; cell < SUMMARY_DIRECTIONS * SUMMARY_PROTOCOLS; cell++) {
    counts_add(&into[cell], &from[cell]);
  }
}

struct counts summary_protocols_total(const struct counts row[SUMMARY_PROTOCOLS])
{
  struct counts total = {0, 0, 0};
  for (unsigned p = 0; p < SUMMARY_PROTOCOLS; p++) {
    counts_add(&total, &row[p]);
  }
  return total;
}

struct counts summary_direction_total(const struct summary *s, enum summary_direction direction)
{
  return summary_protocols_total(s->traffic[direction]);
}

struct counts summary_fleet_total(const struct summary *s, enum summary_direction direction)
{
  return summary_protocols_total(s->fleet_traffic[direction]);
}

/* The order of minute records and of ties among the largest: without it equal traffic could give
 * unequal bytes. */
int summary_conversation_compare(const struct summary_conversation *a,
                                 const struct summary_conversation *b)
{
  int order = addr_compare(&a->client, &b->client);
  if (order == 0) {
    order = addr_compare(&a->server, &b->server);
  }
  if (order == 0) {
    order = (a->server_port > b->server_port) - (a->server_port < b->server_port);
  }
  if (order == 0) {
    order = (a->protocol > b->protocol) - (a->protocol < b->protocol);
  }
  return order;
}

/* UDP-Lite and DCCP count as other: they have ports, but no class of their own. */
enum summary_protocol summary_protocol_of(uint8_t ip_protocol)
{
  switch (ip_protocol) {
  case IPPROTO_TCP:
    return SUMMARY_TCP;
  case IPPROTO_UDP:
    return SUMMARY_UDP;
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    return SUMMARY_ICMP;
  case IPPROTO_SCTP:
    return SUMMARY_SCTP;
  default:
    return SUMMARY_OTHER_IP;
  }
}

/* The decoder's rule; the encoder makes any name fit it. */
bool summary_is_interface_name(const char *name)
{
  size_t length = strnlen(name, SUMMARY_INTERFACE_NAME_MAX);
  for (size_t i = 0; i < length; i++) {
    if (name[i] < ' ' || name[i] > '~') {
      return false;
    }
  }
  return length > 0 && length < SUMMARY_INTERFACE_NAME_MAX;
}

void summary_ledger_add(struct summary_ledger *into, const struct summary_ledger *from)
{
  into->frames += from->frames;
  into->wire_bytes += from->wire_bytes;
  for (size_t i = 0; i < SUMMARY_UNDECODED_REASONS; i++) {
    into->undecoded[i] += from->undecoded[i];
  }
  into->own_frames += from->own_frames;
  into->capture_dropped += from->capture_dropped;
  into->interface_dropped += from->interface_dropped;
  into->late_frames += from->late_frames;
  into->clamped_frames += from->clamped_frames;
  into->flows_folded += from->flows_folded;
  into->rows_folded += from->rows_folded;
  into->first_seen_folded += from->first_seen_folded;
  into->fragments_unmatched += from->fragments_unmatched;
  into->fragments_folded += from->fragments_folded;
  into->queue_evicted += from->queue_evicted;
}

void summary_kernel_add(struct summary_kernel *into, const struct summary_kernel *from)
{
  into->rx_packets += from->rx_packets;
  into->tx_packets += from->tx_packets;
  into->rx_bytes += from->rx_bytes;
  into->tx_bytes += from->tx_bytes;
  into->rx_errors += from->rx_errors;
  into->tx_errors += from->tx_errors;
  into->rx_dropped += from->rx_dropped;
  into->tx_dropped += from->tx_dropped;
}

/* Flows are a sensor's own: two that saw one flow both count it. */
void summary_tcp_add(struct summary_tcp *into, const struct summary_tcp *from)
{
  into->attempts += from->attempts;
  into->answered += from->answered;
  into->refused += from->refused;
  into->half_open += from->half_open;
  into->withdrawn += from->withdrawn;
  into->resets += from->resets;
  into->retransmitted += from->retransmitted;
  hist_merge(&into->handshake_10us, &from->handshake_10us);
}

/* Never below zero: the record that told the attempt may be missing. */
uint64_t summary_tcp_open(const struct summary_tcp *tcp)
{
  return tcp->half_open > tcp->withdrawn ? tcp->half_open - tcp->withdrawn : 0;
}

void summary_dns_add(struct summary_dns *into, const struct summary_dns *from)
{
  into->questions += from->questions;
  into->answers += from->answers;
  into->failures += from->failures;
}

void summary_segments_add(struct summary_segments *into, const struct summary_segments *from)
{
  into->super_segments += from->super_segments;
  into->wire_packets += from->wire_packets;
  into->header_bytes += from->header_bytes;
}

/* The enum is in the order of badness. */
void summary_quality_add(uint8_t into[SUMMARY_MEASURES], const uint8_t from[SUMMARY_MEASURES])
{
  for (size_t i = 0; i < SUMMARY_MEASURES; i++) {
    into[i] = from[i] > into[i] ? from[i] : into[i];
  }
}

/* Not 0.0.0.0, from which a host asks for its address. */
bool summary_addr_is_many(const struct addr *addr)
{
  static const struct addr many = {{0}};
  return addr_equal(addr, &many);
}

bool summary_conversation_is_folded(const struct summary_conversation *row)
{
  return summary_addr_is_many(&row->client) || summary_addr_is_many(&row->server);
}
