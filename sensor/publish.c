/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's side of the protocol (docs/PROTOCOL.md has its table of states).
 *
 *   summary -> number, stamp, encode -> queue (publish_queue.c) -> window (publish_spans.c) -> send
 *   WELCOME: where to resume     ACK: what may leave the queue     PONG: the clock
 * (publish_clock.c) */
#include "sensor/publish.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "proto/message_codec.h"
#include "proto/summary_codec.h"
#include "proto/summary_fit.h"
#include "sensor/publish_clock.h"
#include "sensor/publish_queue.h"
#include "sensor/publish_spans.h"

/* A collector that is there answers HELLO at once; a link that is silent for so long is dead,
 * though TCP may not know it yet. */
#define WELCOME_TIMEOUT_NS (15 * NS_PER_S)
#define PING_EVERY_NS      (5 * NS_PER_S)
/* A collector that lives answers every PING: so long without a word, and the link is half-open. */
#define DEAF_NS (15 * NS_PER_S)
/* Ticks come far oftener: a longer way between two calls means that the clock was set. */
#define CLOCK_JUMP_NS NS_PER_MINUTE

enum publish_state {
  PUBLISH_DOWN,     /* no connection */
  PUBLISH_GREETING, /* HELLO went out or is due, WELCOME is awaited */
  PUBLISH_FLOWING,
};

/* Queue and clock live on from connection to connection; state and spans belong to one. */
struct publish {
  struct publish_config config;
  struct message_hello hello;
  struct publish_queue queue;
  struct publish_clock clock;
  struct publish_stats stats;
  enum publish_state state;
  bool is_hello_due;
  struct publish_spans spans; /* valid while FLOWING */
  uint64_t evicted_unreported;
  int64_t last_call_ns; /* 0: none yet */
  int64_t greeting_since_ns;
  int64_t heard_ns;     /* the last message of this connection, or its WELCOME */
  int64_t ack_since_ns; /* of the last ACK, or since something waits for one */
  int64_t ping_due_ns, ping_t1_ns;
};

/* The queue takes its ring as records come. */
struct publish *publish_new(const struct publish_config *config)
{
  struct publish *publish = calloc(1, sizeof(*publish));
  if (publish == NULL) {
    return NULL;
  }
  publish->config = *config;
  publish_queue_init(&publish->queue, config->queue_max_bytes);
  return publish;
}

void publish_free(struct publish *publish)
{
  if (publish != NULL) {
    publish_queue_fini(&publish->queue);
    free(publish);
  }
}

/* A clock that was set voids the samples and starts every wait anew. */
static void publish_at(struct publish *p, int64_t now_ns)
{
  int64_t passed = now_ns - p->last_call_ns;
  if (p->last_call_ns != 0 && (passed < 0 || passed > CLOCK_JUMP_NS)) {
    publish_clock_clear(&p->clock);
    p->greeting_since_ns = now_ns;
    p->heard_ns = now_ns;
    p->ack_since_ns = now_ns;
    p->ping_due_ns = now_ns;
    p->ping_t1_ns = 0;
  }
  p->last_call_ns = now_ns;
}

/* Anything but 0 means: not now. */
static int publish_send(struct publish *p, const struct message *m)
{
  uint8_t *bytes;
  size_t length;
  int err = message_encode(m, &bytes, &length);
  if (err == 0) {
    err = p->config.send(p->config.context, bytes, length);
    free(bytes);
  }
  return err;
}

/* next_sequence is the oldest that is still here: what is below and unknown there is lost, and the
 * collector counts the gap. */
static void publish_send_hello(struct publish *p)
{
  struct message m = {.kind = MESSAGE_HELLO, .hello = p->hello};
  m.hello.version = MESSAGE_VERSION;
  memcpy(m.hello.name, p->config.name, sizeof(m.hello.name));
  m.hello.boot_id = p->config.boot_id;
  m.hello.next_sequence = p->queue.first;
  p->is_hello_due = publish_send(p, &m) != 0;
}

/* t1 is remembered as the question's name: a PONG with another t1 answers none of ours. */
static void publish_send_ping(struct publish *p, int64_t now_ns)
{
  struct message m = {.kind = MESSAGE_PING, .clock = {.t1_ns = now_ns}};
  if (publish_send(p, &m) == 0) {
    p->ping_t1_ns = now_ns;
    p->ping_due_ns = now_ns + PING_EVERY_NS;
  }
}

static bool publish_awaits_ack(const struct publish *p)
{
  return p->state == PUBLISH_FLOWING && publish_spans_awaits_ack(&p->spans, &p->queue);
}

/* Sends one record; false when it has to wait. */
static bool publish_send_record(struct publish *p, enum publish_span span, int64_t now_ns)
{
  uint64_t sequence = publish_spans_next(&p->spans, span);
  struct publish_record *record = publish_queue_at(&p->queue, sequence);
  struct message m = {.kind = MESSAGE_SUMMARY,
                      .summary = {p->config.boot_id, sequence, span == PUBLISH_SPAN_BACKLOG,
                                  record->bytes, record->length}};
  if (publish_send(p, &m) != 0) {
    return false;
  }
  /* Asked before the record counts as sent: the wait begins with the first that is owed an ACK. */
  if (!publish_awaits_ack(p)) {
    p->ack_since_ns = now_ns;
  }
  p->stats.resent += record->was_sent ? 1 : 0;
  record->was_sent = true;
  publish_spans_sent(&p->spans, span, record->length);
  return true;
}

/* Sends what the window allows. */
static void publish_pump(struct publish *p, int64_t now_ns)
{
  bool is_sent = p->state == PUBLISH_FLOWING;
  while (is_sent) {
    enum publish_span span = publish_spans_choose(&p->spans, &p->queue, p->config.window_max_bytes);
    is_sent = span != PUBLISH_SPAN_NONE && publish_send_record(p, span, now_ns);
  }
}

/* What is due, in the order in which the collector has to see it. */
static void publish_work(struct publish *p, int64_t now_ns)
{
  if (p->state == PUBLISH_DOWN) {
    return;
  }
  if (p->is_hello_due) {
    publish_send_hello(p);
  }
  publish_pump(p, now_ns);
}

/* The oldest record leaves the queue: acknowledged or evicted. */
static void publish_drop_first(struct publish *p)
{
  if (p->state == PUBLISH_FLOWING) {
    uint64_t sequence = p->queue.first;
    publish_spans_forget(&p->spans, sequence, publish_queue_at(&p->queue, sequence)->length);
  }
  publish_queue_pop(&p->queue);
  publish_spans_advance(&p->spans, p->queue.first);
}

/* Told twice: to who asks here, and in the next record's ledger. */
static void publish_count_evicted(struct publish *p)
{
  p->stats.evicted++;
  p->evicted_unreported++;
}

/* HELLO again on a living connection: addresses change while a host runs. */
void publish_describe(struct publish *publish, const struct message_hello *hello, int64_t now_ns)
{
  publish_at(publish, now_ns);
  publish->hello = *hello;
  publish->is_hello_due = true;
  publish_work(publish, now_ns);
}

/* A new connection knows nothing of the one before: HELLO first, records after WELCOME. */
void publish_connected(struct publish *publish, int64_t now_ns)
{
  publish_at(publish, now_ns);
  publish->state = PUBLISH_GREETING;
  publish->greeting_since_ns = now_ns;
  publish->is_hello_due = true;
  publish->ping_t1_ns = 0;
  publish_work(publish, now_ns);
}

/* Nothing is taken back: what was in flight is found by the next WELCOME. */
void publish_disconnected(struct publish *publish)
{
  publish->state = PUBLISH_DOWN;
}

/* number, stamp -> cut to size -> encode -> evict until it fits -> queue -> send what the window
 * allows
 *
 * The number is taken only by a record that is in the queue: numbers follow each other without a
 * gap. */
int publish_summary(struct publish *publish, struct summary *s, int64_t now_ns)
{
  struct publish *p = publish;
  publish_at(p, now_ns);
  memcpy(s->sensor, p->config.name, sizeof(s->sensor));
  s->boot_id = p->config.boot_id;
  s->sequence = publish_queue_next(&p->queue);
  s->ledger.queue_evicted = p->evicted_unreported;
  publish_clock_read(&p->clock, now_ns, &s->clock_offset_ns, &s->clock_uncertainty_ns);
  uint8_t *bytes;
  size_t length;
  /* Here and not before: the stamps count too. */
  int err = summary_fit(s, summary_bytes_max(s));
  err = err != 0 ? err : summary_encode(s, &bytes, &length);
  /* Or it would evict all others in vain. */
  if (err == 0 && !publish_queue_can_ever_fit(&p->queue, length)) {
    free(bytes);
    err = ERR_LIMIT;
  }
  if (err != 0) {
    publish_count_evicted(p);
    return err;
  }
  uint64_t reported = p->evicted_unreported;
  while (!publish_queue_fits(&p->queue, length)) {
    publish_drop_first(p);
    publish_count_evicted(p);
    p->is_hello_due = true; /* at the next tick: the collector must not wait for what is gone */
  }
  err = publish_queue_push(&p->queue, bytes, length);
  if (err != 0) {
    free(bytes);
    publish_count_evicted(p);
    return err;
  }
  p->evicted_unreported -= reported;
  p->stats.published++;
  publish_pump(p, now_ns);
  return 0;
}

/* Sending begins behind what the collector has applied; a PING at once gives the clock early. */
static int publish_welcomed(struct publish *p, const struct message_welcome *welcome,
                            int64_t now_ns, struct err_message *message)
{
  uint64_t next = publish_queue_next(&p->queue);
  /* A collector that claims more than was made would have records thrown away unsent. */
  if (welcome->boot_id != p->config.boot_id || welcome->last_applied >= next) {
    return err_set(message, ERR_MALFORMED, "WELCOME for another start, or beyond record %llu",
                   (unsigned long long)next - 1);
  }
  if (p->state != PUBLISH_GREETING) {
    return 0; /* the answer to a HELLO that came again */
  }
  p->state = PUBLISH_FLOWING;
  publish_spans_begin(&p->spans, &p->queue, welcome->last_applied);
  p->ack_since_ns = now_ns;
  publish_send_ping(p, now_ns);
  publish_pump(p, now_ns);
  return 0;
}

/* Cumulative. An ACK of what fell out of the queue already frees nothing, and is no error. */
static int publish_acknowledged(struct publish *p, const struct message_ack *ack, int64_t now_ns,
                                struct err_message *message)
{
  if (ack->boot_id != p->config.boot_id || ack->sequence >= publish_queue_next(&p->queue)) {
    return err_set(message, ERR_MALFORMED, "ACK of record %llu, which was never made",
                   (unsigned long long)ack->sequence);
  }
  p->ack_since_ns = now_ns;
  while (p->queue.count > 0 && p->queue.first <= ack->sequence) {
    publish_drop_first(p);
    p->stats.acknowledged++;
  }
  publish_pump(p, now_ns);
  return 0;
}

static void publish_ponged(struct publish *p, const struct message_clock *clock, int64_t now_ns)
{
  /* Only the answer to the last PING counts, and once. */
  if (p->ping_t1_ns != 0 && clock->t1_ns == p->ping_t1_ns) {
    publish_clock_add(&p->clock, clock->t1_ns, clock->t2_ns, clock->t3_ns, now_ns);
    p->ping_t1_ns = 0;
  }
}

/* A collector may be newer or wrong, never trusted: each message is decoded within its bounds and
 * checked against the state. */
int publish_receive(struct publish *publish, const void *bytes, size_t length, int64_t now_ns,
                    struct err_message *message)
{
  publish_at(publish, now_ns);
  publish->heard_ns = now_ns;
  struct message m;
  int err = message_decode(bytes, length, &m, message);
  if (err != 0) {
    return err;
  }
  switch (m.kind) {
  case MESSAGE_WELCOME:
    return publish_welcomed(publish, &m.welcome, now_ns, message);
  case MESSAGE_ACK:
    return publish_acknowledged(publish, &m.ack, now_ns, message);
  case MESSAGE_PONG:
    publish_ponged(publish, &m.clock, now_ns);
    return 0;
  case MESSAGE_REFUSED:
    return err_set(message, ERR_DENIED, "the collector refuses: %s", m.refused.reason);
  case MESSAGE_HELLO:
  case MESSAGE_SUMMARY:
  case MESSAGE_PING:
  case MESSAGE_BYE:
  case MESSAGE_ENROLL:
    return err_set(message, ERR_MALFORMED, "message of kind %d, which only a sensor sends",
                   (int)m.kind);
  case MESSAGE_FLEET_MAP:
  case MESSAGE_ENROLLED:
  case MESSAGE_ROTATE:
  default:
    return err_set(message, ERR_UNSUPPORTED, "message of kind %d, which only a sensor sends",
                   (int)m.kind);
  }
}

/* What is due by time alone; false tells the caller that this link is dead. libzmq would not notice
 * a refused or foreign peer by itself. */
bool publish_tick(struct publish *publish, int64_t now_ns)
{
  struct publish *p = publish;
  publish_at(p, now_ns);
  publish_work(p, now_ns);
  if (p->state == PUBLISH_FLOWING && now_ns >= p->ping_due_ns) {
    publish_send_ping(p, now_ns);
  }
  if (p->state == PUBLISH_GREETING) {
    return now_ns - p->greeting_since_ns < WELCOME_TIMEOUT_NS;
  }
  if (p->state == PUBLISH_FLOWING && now_ns - p->heard_ns >= DEAF_NS) {
    return false;
  }
  return !publish_awaits_ack(p) || now_ns - p->ack_since_ns < p->config.ack_timeout_ns;
}

/* last_sequence lets the collector tell a clean end from a loss at the end. */
void publish_bye(struct publish *publish, int64_t now_ns)
{
  publish_at(publish, now_ns);
  if (publish->state == PUBLISH_DOWN) {
    return;
  }
  uint64_t last = publish_queue_next(&publish->queue) - 1;
  struct message m = {.kind = MESSAGE_BYE, .bye = {publish->config.boot_id, last}};
  (void)publish_send(publish, &m); /* without it the collector learns by silence */
}

bool publish_is_drained(const struct publish *publish)
{
  return publish->queue.count == 0;
}

/* A copy: counters as they are now. */
struct publish_stats publish_stats(const struct publish *publish)
{
  struct publish_stats stats = publish->stats;
  stats.queued_records = publish->queue.count;
  stats.queued_bytes = publish->queue.bytes;
  publish_clock_read(&publish->clock, publish->last_call_ns, &stats.clock_offset_ns,
                     &stats.clock_uncertainty_ns);
  return stats;
}
