/* SPDX-License-Identifier: Apache-2.0 */
/* A summary as a value: empty, copied whole into one block, its small sums and names.
 *
 *   one block:  | struct summary | interfaces | talkers | conversations | first_seen |
 *                     \______________^____________^____________^_____________^  pointers
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

/* A minute's owner sets the finer precision itself (sensor/window.c). */
void summary_init(struct summary *s)
{
  memset(s, 0, sizeof(*s));
  hll_init(&s->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
}

/* Places size bytes at *at within a block and moves *at to the next place fit for any type. */
static size_t summary_place(size_t *at, size_t size)
{
  size_t place = *at;
  size_t align = _Alignof(max_align_t);
  *at += (size + align - 1) / align * align;
  return place;
}

/* The head first, then the arrays in the order of their counts. */
struct summary *summary_new(const struct summary_sizes *sizes)
{
  size_t end = 0;
  (void)summary_place(&end, sizeof(struct summary));
  size_t interfaces = summary_place(&end, sizes->interfaces * sizeof(struct summary_interface));
  size_t talkers = summary_place(&end, sizes->talkers * sizeof(struct summary_talker));
  size_t conversations =
      summary_place(&end, sizes->conversations * sizeof(struct summary_conversation));
  size_t first_seen = summary_place(&end, sizes->first_seen * sizeof(struct addr));
  unsigned char *block = calloc(1, end);
  if (block == NULL) {
    return NULL;
  }
  /* calloc's block fits any type, and so does each place in it. */
  struct summary *s = (struct summary *)(void *)block;
  summary_init(s);
  s->interfaces = (struct summary_interface *)(void *)(block + interfaces);
  s->talkers = (struct summary_talker *)(void *)(block + talkers);
  s->conversations = (struct summary_conversation *)(void *)(block + conversations);
  s->first_seen = (struct addr *)(void *)(block + first_seen);
  s->interface_count = sizes->interfaces;
  s->talker_count = sizes->talkers;
  s->conversation_count = sizes->conversations;
  s->first_seen_count = sizes->first_seen;
  return s;
}

/* memcpy must not be given NULL, even for no bytes; an empty array may be. */
static void summary_copy_rows(void *to, const void *from, size_t count, size_t size)
{
  if (count > 0) {
    memcpy(to, from, count * size);
  }
}

/* The head by assignment, then the four pointers turned to the copy's own arrays. */
struct summary *summary_clone(const struct summary *s)
{
  struct summary_sizes sizes = {s->interface_count, s->talker_count, s->conversation_count,
                                s->first_seen_count};
  struct summary *copy = summary_new(&sizes);
  if (copy == NULL) {
    return NULL;
  }
  struct summary arrays = *copy;
  *copy = *s;
  copy->interfaces = arrays.interfaces;
  copy->talkers = arrays.talkers;
  copy->conversations = arrays.conversations;
  copy->first_seen = arrays.first_seen;
  summary_copy_rows(copy->interfaces, s->interfaces, sizes.interfaces, sizeof(*s->interfaces));
  summary_copy_rows(copy->talkers, s->talkers, sizes.talkers, sizeof(*s->talkers));
  summary_copy_rows(copy->conversations, s->conversations, sizes.conversations,
                    sizeof(*s->conversations));
  summary_copy_rows(copy->first_seen, s->first_seen, sizes.first_seen, sizeof(*s->first_seen));
  return copy;
}

void summary_free(struct summary *s)
{
  free(s);
}

/* A sum over the row of one direction in the matrix traffic[direction][protocol]. */
struct counts summary_direction_total(const struct summary *s, enum summary_direction direction)
{
  struct counts total = {0, 0, 0};
  for (unsigned p = 0; p < SUMMARY_PROTOCOLS; p++) {
    counts_add(&total, &s->traffic[direction][p]);
  }
  return total;
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
  into->queue_evicted += from->queue_evicted;
}
