/* SPDX-License-Identifier: Apache-2.0 */
/* Measure, cut, measure again: what a row costs depends on its numbers and on which addresses it
 * shares with others, so that the average of its kind is only a guess at how many must go. */
#include "proto/summary_fit.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "proto/summary_encoder.h"

/* A name, sixteen counters and their share of the fields. */
#define INTERFACE_BYTES    96
#define INTERFACES_COVERED 4

/* What each kind of rows takes, with its share of the addresses. */
struct cost {
  size_t total;
  size_t group[SUMMARY_GROUPS];
};

/* Interfaces are never cut: each is a check of the capture (P2), and there are few of them. */
size_t summary_bytes_max(const struct summary *s)
{
  size_t most = s->kind == SUMMARY_SECOND ? SUMMARY_SECOND_BYTES_MAX : SUMMARY_MINUTE_BYTES_MAX;
  size_t more =
      s->interface_count > INTERFACES_COVERED ? s->interface_count - INTERFACES_COVERED : 0;
  return most + more * INTERFACE_BYTES;
}

static size_t group_count(const struct summary *s, unsigned g)
{
  const void *rows = NULL;
  return summary_group_rows(s, (enum summary_group)g, &rows);
}

/* What is absent costs nothing. */
static size_t packed_size(const void *message)
{
  return message == NULL ? 0 : protobuf_c_message_get_packed_size(message);
}

/* An address that several rows share is shared out among them. */
static void cost_of_wire(const struct encoder *e, struct cost *cost)
{
  const void *messages[SUMMARY_GROUPS] = {[GROUP_TALKERS] = e->wire.talkers,
                                          [GROUP_CONVERSATIONS] = e->wire.conversations,
                                          [GROUP_FIRST_SEEN] = e->wire.first_seen,
                                          [GROUP_EDGES] = e->wire.edges};
  size_t named[SUMMARY_GROUPS];
  size_t named_all = 0;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    named[g] = group_count(e->s, g) * summary_group_addresses((enum summary_group)g);
    named_all += named[g];
  }
  size_t addresses = packed_size(e->wire.addresses);
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    size_t share = named_all > 0 ? addresses * named[g] / named_all : 0;
    cost->group[g] = packed_size(messages[g]) + share;
  }
  cost->total = seine__summary__get_packed_size(&e->wire);
}

struct summary_fitter {
  size_t room;
  struct addr scratch[];
};

/* As dictionary_room counts for a record of that size. */
struct summary_fitter *summary_fitter_new(const struct summary_sizes *most)
{
  size_t room = 1 + most->talkers + 2 * most->conversations + most->first_seen + 2 * most->edges;
  struct summary_fitter *fitter = malloc(sizeof(*fitter) + room * sizeof(struct addr));
  if (fitter != NULL) {
    fitter->room = room;
  }
  return fitter;
}

void summary_fitter_free(struct summary_fitter *fitter)
{
  free(fitter);
}

/* Lengths alone: no numbers are written, no memory is taken. */
static int measure(struct summary_fitter *fitter, const struct summary *s, struct cost *cost)
{
  if (dictionary_room(s) > fitter->room) {
    return ERR_LIMIT;
  }
  struct encoder e;
  int err = encoder_measure(&e, s, fitter->scratch);
  if (err == 0) {
    cost_of_wire(&e, cost);
  }
  encoder_fini(&e);
  return err;
}

static uint64_t conversation_bytes(const struct summary_conversation *row)
{
  return row->out.bytes + row->in.bytes;
}

/* Totals stay exact: what a row showed goes where unshown traffic is (P5). */
static void fold(struct summary *s, const struct summary_conversation *row)
{
  counts_add(&s->folded_out, &row->out);
  counts_add(&s->folded_in, &row->in);
  s->ledger.rows_folded++;
}

/* How many conversations have fewer bytes. */
static size_t count_below(const struct summary *s, uint64_t bytes)
{
  size_t count = 0;
  for (size_t i = 0; i < s->conversation_count; i++) {
    count += conversation_bytes(&s->conversations[i]) < bytes ? 1 : 0;
  }
  return count;
}

/* The largest number of bytes such that at most n conversations have fewer: found by bits, since
 * sorting would take memory or the order of the rows. */
static uint64_t find_bar(const struct summary *s, size_t n)
{
  uint64_t bar = 0;
  for (uint64_t bit = SUMMARY_COUNTER_MAX << 1; bit > 0; bit >>= 1) {
    if (count_below(s, bar | bit) <= n) {
      bar |= bit;
    }
  }
  return bar;
}

/* All below the bar, and as many of those at it as are missing to n; the rest closes up. A second
 * has its rows by bytes: they are its last ones. */
static void cut_conversations(struct summary *s, size_t n)
{
  uint64_t bar = find_bar(s, n);
  size_t at_bar = n - count_below(s, bar);
  size_t kept = s->conversation_count;
  /* From the end, so that among equals the last ones go; kept rows are gathered there first. */
  for (size_t i = s->conversation_count; i-- > 0;) {
    const struct summary_conversation *row = &s->conversations[i];
    uint64_t bytes = conversation_bytes(row);
    bool is_cut = bytes < bar || (bytes == bar && at_bar > 0);
    at_bar -= bytes == bar && is_cut ? 1 : 0;
    if (is_cut) {
      fold(s, row);
    } else {
      kept--;
      s->conversations[kept] = *row;
    }
  }
  s->conversation_count -= kept;
  memmove(s->conversations, s->conversations + kept,
          s->conversation_count * sizeof(*s->conversations));
}

/* What went is bounded by the largest of it: the first, as talkers come by bytes; but a bound must
 * not hang on that. */
static void cut_talkers(struct summary *s, size_t n)
{
  for (size_t i = s->talker_count - n; i < s->talker_count; i++) {
    const struct summary_talker *gone = &s->talkers[i];
    uint64_t most = gone->error_bytes + gone->tx.bytes + gone->rx.bytes;
    s->talkers_floor = most > s->talkers_floor ? most : s->talkers_floor;
  }
  s->talker_count -= n;
}

/* Every cut is told in the record itself (P2). */
static void cut(struct summary *s, unsigned group, size_t n)
{
  switch ((enum summary_group)group) {
  case GROUP_CONVERSATIONS:
    cut_conversations(s, n);
    break;
  case GROUP_TALKERS:
    cut_talkers(s, n);
    break;
  case GROUP_FIRST_SEEN:
    s->first_seen_count -= n;
    s->ledger.first_seen_folded += n;
    break;
  case GROUP_EDGES:
    s->edge_count -= n;
    s->ledger.first_seen_folded += n;
    break;
  case SUMMARY_GROUPS:
    break;
  }
}

/* SUMMARY_GROUPS when there are no rows left. */
static unsigned largest_group(const struct summary *s, const struct cost *cost)
{
  unsigned largest = SUMMARY_GROUPS;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    bool is_larger = largest == SUMMARY_GROUPS || cost->group[g] > cost->group[largest];
    if (group_count(s, g) > 0 && is_larger) {
      largest = g;
    }
  }
  return largest;
}

/* So many bytes each group may take: those that need less have what they need, the others share the
 * rest evenly. */
static size_t fair_share(const struct cost *cost, size_t max_bytes)
{
  size_t rows_bytes = 0;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    rows_bytes += cost->group[g];
  }
  size_t base = cost->total - rows_bytes;
  size_t room = max_bytes > base ? max_bytes - base : 0;
  size_t share = room / SUMMARY_GROUPS;
  /* Each round may find one more that needs less: what it leaves raises the share of the others. */
  for (unsigned round = 0; round < SUMMARY_GROUPS; round++) {
    size_t left = room;
    unsigned large = 0;
    for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
      left -= cost->group[g] <= share ? cost->group[g] : 0;
      large += cost->group[g] <= share ? 0 : 1;
    }
    share = large > 0 ? left / large : share;
  }
  return share;
}

/* By the average of each kind's rows. Rounded down: too little is mended in the next round, too
 * much would be lost. At least one row, so that it ends. */
static void cut_to_share(struct summary *s, const struct cost *cost, size_t share, unsigned largest)
{
  size_t cut_rows = 0;
  for (unsigned g = 0; g < SUMMARY_GROUPS; g++) {
    size_t count = group_count(s, g);
    if (count > 0 && cost->group[g] > share) {
      size_t n = (cost->group[g] - share) * count / cost->group[g];
      if (n > 0) {
        cut(s, g, n);
      }
      cut_rows += n;
    }
  }
  if (cut_rows == 0) {
    cut(s, largest, 1);
  }
}

/* A record that fits, which is nearly every one, costs one measuring. */
int summary_fitter_fit(struct summary_fitter *fitter, struct summary *s, size_t max_bytes)
{
  for (;;) {
    struct cost cost;
    int err = measure(fitter, s, &cost);
    if (err != 0 || cost.total <= max_bytes) {
      return err;
    }
    unsigned largest = largest_group(s, &cost);
    if (largest == SUMMARY_GROUPS) {
      return ERR_LIMIT;
    }
    cut_to_share(s, &cost, fair_share(&cost, max_bytes), largest);
  }
}

/* Cutting lessens the rows: the scratch of the uncut record is enough for all rounds. */
int summary_fit(struct summary *s, size_t max_bytes)
{
  const struct summary_sizes most = {.talkers = s->talker_count,
                                     .conversations = s->conversation_count,
                                     .first_seen = s->first_seen_count,
                                     .edges = s->edge_count};
  struct summary_fitter *fitter = summary_fitter_new(&most);
  if (fitter == NULL) {
    return ERR_NO_MEMORY;
  }
  int err = summary_fitter_fit(fitter, s, max_bytes);
  summary_fitter_free(fitter);
  return err;
}
