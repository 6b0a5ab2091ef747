/* SPDX-License-Identifier: Apache-2.0 */
/* History: closed windows, records as they came, the rows of minute records. Records are kept as
 * the bytes that came: what a later version reads out of them is not lost now. Only what questions
 * select by (kind, start, sensor) has columns of its own. */
#include <string.h>

#include "collector/store/db.h"
#include "common/clock.h"
#include "proto/summary_codec.h"

/* The sums alone: sketches, talkers and parts of a window are made anew from its records when asked
 * for. */
void store_window_of(const struct fleet_window *window, struct store_window *out)
{
  const struct summary_ledger *ledger = &window->ledger;
  *out = (struct store_window){
      .start_ns = window->start_ns,
      .length_ns = window->length_ns,
      .revision = window->revision,
      .sensors_expected = window->sensors_expected,
      .sensors_present = window->sensors_present,
      .has_total = window->has_total,
      .completeness_percent = window->completeness_percent,
      .bytes = window->total_bytes,
      .packets = window->total_packets,
      .frames = ledger->frames,
      .wire_bytes = ledger->wire_bytes,
      .dropped = ledger->capture_dropped + ledger->interface_dropped,
      .folded = ledger->flows_folded + ledger->rows_folded + ledger->first_seen_folded,
      .interface_bytes = window->interface_bytes,
      .flows_new = window->flows_new,
  };
  for (size_t i = SUMMARY_DECODED + 1; i < SUMMARY_UNDECODED_REASONS; i++) {
    out->undecoded += ledger->undecoded[i];
  }
}

/* Fleet totals are 0 where there are none: a sum over windows skips nothing then. */
int store_put_window(struct store *store, const struct store_window *w)
{
  uint64_t none = 0;
  return store_run(store, STORE_WINDOW_PUT, "iiiiidccccccccccc", w->start_ns, (int64_t)w->revision,
                   w->length_ns, (int64_t)w->sensors_expected, (int64_t)w->sensors_present,
                   w->completeness_percent, w->has_total ? w->bytes.low : none,
                   w->has_total ? w->bytes.high : none, w->has_total ? w->packets.low : none,
                   w->has_total ? w->packets.high : none, w->frames, w->wire_bytes, w->dropped,
                   w->undecoded, w->folded, w->interface_bytes, w->flows_new);
}

/* IPv4 in its own 4 bytes, IPv6 in 16. */
static const uint8_t *address_bytes(const struct addr *a, size_t *length)
{
  bool is_v4 = addr_is_v4(a);
  *length = is_v4 ? 4 : 16;
  return is_v4 ? a->byte + 12 : a->byte;
}

/* Counters are bound as "c": SQLite's integers have a sign. */
static int put_conversation(struct store *store, int64_t record, size_t place,
                            const struct summary_conversation *c)
{
  size_t client_length = 0;
  size_t server_length = 0;
  const uint8_t *client = address_bytes(&c->client, &client_length);
  const uint8_t *server = address_bytes(&c->server, &server_length);
  return store_run(store, STORE_CONVERSATION_PUT, "iibbiiiiiiccccccii", record, (int64_t)place,
                   (const void *)client, client_length, (const void *)server, server_length,
                   (int64_t)c->server_port, (int64_t)c->protocol, (int64_t)c->is_guessed,
                   (int64_t)c->tcp_flags_out, (int64_t)c->tcp_flags_in, (int64_t)c->flows,
                   c->out.packets, c->out.bytes, c->out.payload_bytes, c->in.packets, c->in.bytes,
                   c->in.payload_bytes, c->first_ns, c->last_ns);
}

/* The same for a talker's row. */
static int put_talker(struct store *store, int64_t record, size_t place,
                      const struct summary_talker *t)
{
  size_t length = 0;
  const uint8_t *address = address_bytes(&t->addr, &length);
  return store_run(store, STORE_TALKER_PUT, "iibccccccc", record, (int64_t)place,
                   (const void *)address, length, t->error_bytes, t->tx.packets, t->tx.bytes,
                   t->tx.payload_bytes, t->rx.packets, t->rx.bytes, t->rx.payload_bytes);
}

/* Place numbers keep the order of the summary and make each row unique in its record. */
static int put_rows(struct store *store, int64_t record, const struct summary *s)
{
  int err = 0;
  for (size_t i = 0; i < s->conversation_count && err == 0; i++) {
    err = put_conversation(store, record, i, &s->conversations[i]);
  }
  for (size_t i = 0; i < s->talker_count && err == 0; i++) {
    err = put_talker(store, record, i, &s->talkers[i]);
  }
  return err;
}

/* A record that is there already has its rows too: one transaction wrote both. */
int store_put_record(struct store *store, const struct summary *placed, const uint8_t *bytes,
                     size_t length)
{
  int err =
      store_run(store, STORE_RECORD_PUT, "iituub", (int64_t)placed->kind, placed->start_ns,
                placed->sensor, placed->boot_id, placed->sequence, (const void *)bytes, length);
  /* Changes of 0: it was there. */
  if (err != 0 || placed->kind != SUMMARY_MINUTE || sqlite3_changes(store->db) == 0) {
    return err;
  }
  return put_rows(store, sqlite3_last_insert_rowid(store->db), placed);
}

/* max() over no rows gives one row, with NULL. */
int store_newest_window(struct store *store, int64_t *start_ns)
{
  sqlite3_stmt *q = store_query(store, STORE_WINDOW_NEWEST, "");
  int step = q == NULL ? SQLITE_ERROR : sqlite3_step(q);
  if (step == SQLITE_ROW) {
    bool is_empty = sqlite3_column_type(q, 0) == SQLITE_NULL;
    *start_ns = is_empty ? INT64_MIN : sqlite3_column_int64(q, 0);
    step = SQLITE_DONE;
  }
  return store_query_end(q, step);
}

/* The body holds what the sensor said; identity and place are the collector's. */
static void visit_record(struct store *store, sqlite3_stmt *q,
                         void (*each)(void *context, const struct summary *summary), void *context)
{
  struct err_message message = {""};
  struct summary *s = NULL;
  const uint8_t *body = sqlite3_column_blob(q, 4);
  size_t length = (size_t)sqlite3_column_bytes(q, 4);
  if (summary_decode(body, length, &s, &message) != 0) {
    store_unreadable(store, "a record", message.text);
    return;
  }
  s->start_ns = sqlite3_column_int64(q, 0);
  (void)strncpy(s->sensor, store_column_text(q, 1), sizeof(s->sensor) - 1);
  s->boot_id = (uint64_t)sqlite3_column_int64(q, 2);
  s->sequence = (uint64_t)sqlite3_column_int64(q, 3);
  each(context, s);
  summary_free(s);
}

/* Decoded one by one: a day of records would not fit into memory. */
static int visit_records(struct store *store, sqlite3_stmt *q,
                         void (*each)(void *context, const struct summary *summary), void *context)
{
  if (q == NULL) {
    return ERR_IO;
  }
  int step = 0;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    visit_record(store, q, each, context);
  }
  return store_query_end(q, step);
}

int store_records_each(struct store *store, enum summary_kind kind, int64_t from_ns,
                       int64_t until_ns, void (*each)(void *context, const struct summary *summary),
                       void *context)
{
  sqlite3_stmt *q = store_query(store, STORE_RECORD_EACH, "iii", (int64_t)kind, from_ns, until_ns);
  return visit_records(store, q, each, context);
}

int store_records_of(struct store *store, const char *sensor, enum summary_kind kind,
                     int64_t from_ns, int64_t until_ns,
                     void (*each)(void *context, const struct summary *summary), void *context)
{
  sqlite3_stmt *q =
      store_query(store, STORE_RECORD_OF, "iiit", (int64_t)kind, from_ns, until_ns, sensor);
  return visit_records(store, q, each, context);
}

/* One row comes back whatever the range holds. */
int store_span(struct store *store, int64_t from_ns, int64_t until_ns, struct store_span *out)
{
  sqlite3_stmt *q = store_query(store, STORE_WINDOW_SPAN, "ii", from_ns, until_ns);
  int step = q == NULL ? SQLITE_ERROR : sqlite3_step(q);
  if (step == SQLITE_ROW) {
    uint64_t *const counters[] = {&out->windows,    &out->seconds,     &out->bytes_low,
                                  &out->bytes_high, &out->packets_low, &out->packets_high,
                                  &out->frames,     &out->wire_bytes,  &out->dropped,
                                  &out->undecoded,  &out->folded};
    int count = (int)(sizeof(counters) / sizeof(*counters));
    /* In the order of the statement's columns; doubles, as total() gives them. */
    for (int i = 0; i < count; i++) {
      double value = sqlite3_column_double(q, i);
      *counters[i] = value >= 0x1p63 ? INT64_MAX : (uint64_t)value;
    }
    out->completeness_percent = sqlite3_column_double(q, count);
    step = SQLITE_DONE;
  }
  return store_query_end(q, step);
}
