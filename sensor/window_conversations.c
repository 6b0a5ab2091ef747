/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, rows of many, totals: where each delta goes, and what the close shows. */
#include "sensor/window_conversations.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/select.h"
#include "sensor/window_rows.h"

/* With so many bits a tenth of 50,000 conversations that were not folded is taken for folded. */
#define FILTER_BITS  19
#define FILTER_WORDS ((size_t)1 << (FILTER_BITS - 6))

static const struct addr nobody;

/*   delta --> rows --(table full, or not shown)--> folds --(no room, or not shown)--> totals
 *                 \__________________________________ \______ shown                           */
struct window_conversations {
  enum summary_kind kind;
  struct window_conversations_limits limits;
  window_is_local_fn *is_local;
  void *context;
  struct window_rows *rows, *folds;
  uint32_t second; /* of a minute */
  uint64_t floor;  /* the largest row that was dropped had so many bytes */
  bool has_dropped;
  uint64_t *filter; /* a bit for each hash of a conversation that was folded */
  struct counts total_out, total_in;
  uint64_t rows_folded;
  uint32_t *chosen, *chosen_folds;
  struct summary_conversation *shown;
};

struct window_conversations *
window_conversations_new(enum summary_kind kind, const struct window_conversations_limits *limits)
{
  assert(limits->shown_rows <= limits->rows && limits->shown_folds <= limits->folds);
  struct window_conversations *c = calloc(1, sizeof *c);
  if (c == NULL) {
    return NULL;
  }
  c->kind = kind;
  c->limits = *limits;
  c->rows = window_rows_new(limits->rows, kind == SUMMARY_MINUTE);
  c->folds = window_rows_new(limits->folds, false);
  c->filter = calloc(FILTER_WORDS, sizeof *c->filter);
  c->chosen = calloc(limits->shown_rows + 1, sizeof *c->chosen);
  c->chosen_folds = calloc(limits->shown_folds + 1, sizeof *c->chosen_folds);
  c->shown = calloc(limits->shown_rows + limits->shown_folds + 1, sizeof *c->shown);
  if (c->rows == NULL || c->folds == NULL || c->filter == NULL || c->chosen == NULL ||
      c->chosen_folds == NULL || c->shown == NULL) {
    window_conversations_free(c);
    return NULL;
  }
  return c;
}

void window_conversations_free(struct window_conversations *c)
{
  if (c == NULL) {
    return;
  }
  window_rows_free(c->rows);
  window_rows_free(c->folds);
  free(c->filter);
  free(c->chosen);
  free(c->chosen_folds);
  free(c->shown);
  free(c);
}

void window_conversations_set_local(struct window_conversations *c, window_is_local_fn *is_local,
                                    void *context)
{
  c->is_local = is_local;
  c->context = context;
}

/* The bits of the hash that the tables use least. */
static size_t filter_at(uint64_t hash)
{
  return (size_t)(hash >> (64 - FILTER_BITS)) / 64;
}

static uint64_t filter_bit(uint64_t hash)
{
  return UINT64_C(1) << (hash >> (64 - FILTER_BITS)) % 64;
}

/* The row of many for a conversation; NULL: there is no room. By the side that is here: a host's
 * clients are many to its service, and so are the servers of a local client. */
static struct summary_conversation *fold(struct window_conversations *c, const struct addr *client,
                                         const struct addr *server, uint16_t server_port,
                                         uint8_t protocol)
{
  bool is_by_client =
      c->is_local != NULL && c->is_local(c->context, client) && !c->is_local(c->context, server);
  struct window_key key = {is_by_client ? client : &nobody, is_by_client ? &nobody : server,
                           server_port, protocol, 0};
  key.hash = is_by_client
                 ? window_rows_hash(window_rows_hash_addr(client), 0, server_port, protocol)
                 : window_rows_hash(0, window_rows_hash_addr(server), server_port, protocol);
  c->rows_folded++;
  struct summary_conversation *many = window_rows_find(c->folds, &key);
  return many != NULL ? many : window_rows_insert(c->folds, &key);
}

static void fold_row(void *context, const struct summary_conversation *row)
{
  struct window_conversations *c = context;
  struct summary_conversation *many =
      fold(c, &row->client, &row->server, row->server_port, row->protocol);
  if (many != NULL) {
    window_rows_join(many, row);
  } else {
    counts_add(&c->total_out, &row->out);
    counts_add(&c->total_in, &row->in);
  }
}

static struct summary_conversation *fold_delta(struct window_conversations *c,
                                               const struct flow_delta *delta, uint32_t flows)
{
  const struct flow_record *flow = &delta->flow;
  struct summary_conversation *many =
      fold(c, &flow->client, &flow->server, flow->server_port, flow->protocol);
  if (many != NULL) {
    window_rows_join_delta(many, delta, flows);
  } else {
    counts_add(&c->total_out, &flow->out);
    counts_add(&c->total_in, &flow->in);
  }
  return many;
}

/* From now on all that comes of this conversation is folded. */
static void drop(void *context, const struct summary_conversation *row)
{
  struct window_conversations *c = context;
  uint64_t hash = window_rows_key(row).hash;
  c->filter[filter_at(hash)] |= filter_bit(hash);
  fold_row(c, row);
}

/* Half of the rows at least go. Equal ones go together, so that neither the hash seed nor the order
 * decides. */
static void make_room(struct window_conversations *c)
{
  c->floor = window_rows_median(c->rows);
  c->has_dropped = true;
  window_rows_drop(c->rows, c->floor, drop, c);
}

/* Whether a conversation without row is whole, as far as is known, and large enough for one. */
static bool is_admitted(const struct window_conversations *c, uint64_t bytes, uint64_t hash)
{
  return !c->has_dropped ||
         (bytes > c->floor && (c->filter[filter_at(hash)] & filter_bit(hash)) == 0);
}

/* A new row for the key; NULL when it is not admitted, also for what making room revealed. */
static struct summary_conversation *take_in(struct window_conversations *c,
                                            const struct window_key *key, uint64_t bytes)
{
  if (is_admitted(c, bytes, key->hash) && window_rows_count(c->rows) == c->limits.rows) {
    make_room(c);
  }
  if (!is_admitted(c, bytes, key->hash)) {
    c->filter[filter_at(key->hash)] |= filter_bit(key->hash);
    return NULL;
  }
  return window_rows_insert(c->rows, key);
}

/* The conversation's row with the delta in it; a row of many; or NULL: in the totals. */
static struct summary_conversation *
place(struct window_conversations *c, const struct flow_delta *delta, uint64_t hash, uint32_t flows)
{
  const struct flow_record *flow = &delta->flow;
  /* IPv6 hosts send from :: before they have an address. A row of it would look like one of many.
   */
  if (summary_addr_is_many(&flow->client) || summary_addr_is_many(&flow->server)) {
    return fold_delta(c, delta, flows);
  }
  struct window_key key = {&flow->client, &flow->server, flow->server_port, flow->protocol, hash};
  uint64_t bytes = flow->out.bytes + flow->in.bytes;
  struct summary_conversation *row = window_rows_find(c->rows, &key);
  row = row != NULL ? row : take_in(c, &key, bytes);
  if (row == NULL) {
    return fold_delta(c, delta, flows);
  }
  window_rows_join_delta(row, delta, flows);
  if (c->kind == SUMMARY_MINUTE) {
    window_rows_second(c->rows, row, c->second, bytes);
  }
  return row;
}

/* A failure that was counted in this minute and is withdrawn in it was none. (A second speaks for
 * itself: the withdrawal of another second's failure stands in summary_tcp.) */
void window_conversations_add(struct window_conversations *c, const struct flow_delta *delta,
                              uint64_t hash, uint32_t flows)
{
  struct summary_conversation *row = place(c, delta, hash, flows);
  bool is_failure_here = c->kind == SUMMARY_MINUTE && delta->has_begun_in_span;
  if (delta->tcp.is_withdrawn && is_failure_here && row != NULL && row->failed > 0) {
    row->failed--;
  }
}

void window_conversations_fetch_index(const struct window_conversations *c, uint64_t hash)
{
  window_rows_fetch_index(c->rows, hash);
  if (c->has_dropped) {
    __builtin_prefetch(&c->filter[filter_at(hash)], 1);
  }
}

void window_conversations_fetch_row(const struct window_conversations *c, uint64_t hash)
{
  window_rows_fetch_row(c->rows, hash);
}

void window_conversations_second(struct window_conversations *c)
{
  c->second++;
}

/* More bytes, then the smaller key. */
static bool is_larger(const void *context, uint32_t a, uint32_t b)
{
  struct window_rows *rows = *(struct window_rows *const *)context;
  const struct summary_conversation *x = window_rows_at(rows, a);
  const struct summary_conversation *y = window_rows_at(rows, b);
  uint64_t bytes_x = window_rows_bytes(x);
  uint64_t bytes_y = window_rows_bytes(y);
  if (bytes_x != bytes_y) {
    return bytes_x > bytes_y;
  }
  return summary_conversation_compare(x, y) < 0;
}

static bool is_key_before(const void *context, uint32_t a, uint32_t b)
{
  struct window_rows *rows = *(struct window_rows *const *)context;
  return summary_conversation_compare(window_rows_at(rows, a), window_rows_at(rows, b)) < 0;
}

/* Numbers of the largest rows into chosen; all others are handed to rest. */
static size_t choose(struct window_conversations *c, struct window_rows *rows, uint32_t *chosen,
                     size_t limit, void (*rest)(void *, const struct summary_conversation *))
{
  size_t count = window_rows_count(rows);
  size_t n = select_first(chosen, limit, count, is_larger, &rows);
  for (size_t i = 0; i < count && n < count; i++) {
    bool is_chosen = n > 0 && !is_larger(&rows, chosen[n - 1], (uint32_t)i);
    if (!is_chosen) {
      rest(c, window_rows_at(rows, i));
    }
  }
  return n;
}

static void total_rest(void *context, const struct summary_conversation *many)
{
  struct window_conversations *c = context;
  counts_add(&c->total_out, &many->out);
  counts_add(&c->total_in, &many->in);
}

/* Whether the next to be shown is a row, and not one of many: the two never have one key. */
static bool is_row_next(struct window_conversations *c, uint32_t row, uint32_t many)
{
  const struct summary_conversation *x = window_rows_at(c->rows, row);
  const struct summary_conversation *y = window_rows_at(c->folds, many);
  if (c->kind == SUMMARY_MINUTE) {
    return summary_conversation_compare(x, y) < 0;
  }
  return window_rows_bytes(x) >= window_rows_bytes(y);
}

/* Copies rows and rows of many, merged in the record's order. */
static size_t show(struct window_conversations *c, size_t rows, size_t folds)
{
  if (c->kind == SUMMARY_MINUTE) {
    select_sort(c->chosen, rows, is_key_before, &c->rows);
    select_sort(c->chosen_folds, folds, is_key_before, &c->folds);
  }
  size_t row = 0;
  size_t many = 0;
  while (row < rows || many < folds) {
    struct summary_conversation *shown = &c->shown[row + many];
    if (many == folds || (row < rows && is_row_next(c, c->chosen[row], c->chosen_folds[many]))) {
      *shown = *window_rows_at(c->rows, c->chosen[row++]);
    } else {
      *shown = *window_rows_at(c->folds, c->chosen_folds[many++]);
    }
  }
  return row + many;
}

static void clear(struct window_conversations *c)
{
  if (c->has_dropped) {
    memset(c->filter, 0, FILTER_WORDS * sizeof *c->filter);
  }
  window_rows_clear(c->rows);
  window_rows_clear(c->folds);
  c->has_dropped = false;
  c->floor = 0;
  c->rows_folded = 0;
  c->total_out = (struct counts){0};
  c->total_in = (struct counts){0};
}

/* Rows first, since what they do not show makes rows of many. */
void window_conversations_close(struct window_conversations *c, struct summary *out)
{
  if (c->kind == SUMMARY_MINUTE) {
    window_rows_end_seconds(c->rows);
  }
  size_t rows = choose(c, c->rows, c->chosen, c->limits.shown_rows, fold_row);
  size_t folds = choose(c, c->folds, c->chosen_folds, c->limits.shown_folds, total_rest);
  out->conversation_count = show(c, rows, folds);
  out->conversations = c->shown;
  counts_add(&out->folded_out, &c->total_out);
  counts_add(&out->folded_in, &c->total_in);
  out->ledger.rows_folded += c->rows_folded;
  clear(c);
}
