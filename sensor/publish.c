/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's side of the protocol (docs/PROTOCOL.md has its table of states).
 *
 * On one connection the queue's sequence numbers fall into spans:
 *
 *   first .. resume_from   applied there, waiting for their ACK
 *         .. backlog_next  backlog in flight
 *         .. fresh_from    backlog still to send
 *         .. fresh_next    fresh (made since WELCOME) in flight
 *         .. next          fresh still to send
 *
 * ACKs are cumulative: fresh records are acknowledged only when the backlog before them is. So each
 * of the two may fill half of the window while there is backlog, or the fresh ones could lock the
 * backlog out for good. */
#include "sensor/publish.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "proto/message_codec.h"
#include "proto/summary_codec.h"
#include "sensor/publish_clock.h"
#include "sensor/publish_queue.h"

#define WELCOME_TIMEOUT_NS (15 * NS_PER_S)
#define PING_EVERY_NS      (10 * NS_PER_S)
/* Ticks come far oftener: a longer way between two calls means that the clock was set. */
#define CLOCK_JUMP_NS NS_PER_MINUTE

enum publish_state {
  PUBLISH_DOWN,     /* no connection */
  PUBLISH_GREETING, /* HELLO went out or is due, WELCOME is awaited */
  PUBLISH_FLOWING,
};

struct publish {
  struct publish_config config;
  struct message_hello hello;
  struct publish_queue queue;
  struct publish_clock clock;
  struct publish_stats stats;
  enum publish_state state;
  bool is_hello_due;
  bool is_fresh_turn;
  uint64_t resume_from, backlog_next, fresh_from, fresh_next;
  size_t backlog_in_flight, fresh_in_flight; /* bytes */
  uint64_t evicted_unreported;
  int64_t last_call_ns; /* 0: none yet */
  int64_t greeting_since_ns;
  int64_t ack_since_ns; /* of the last ACK, or since something waits for one */
  int64_t ping_due_ns, ping_t1_ns;
};

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

static void publish_send_hello(struct publish *p)
{
  struct message m = {.kind = MESSAGE_HELLO, .hello = p->hello};
  m.hello.version = MESSAGE_VERSION;
  memcpy(m.hello.name, p->config.name, sizeof(m.hello.name));
  m.hello.boot_id = p->config.boot_id;
  m.hello.next_sequence = p->queue.first;
  p->is_hello_due = publish_send(p, &m) != 0;
}

static void publish_send_ping(struct publish *p, int64_t now_ns)
{
  struct message m = {.kind = MESSAGE_PING, .clock = {.t1_ns = now_ns}};
  if (publish_send(p, &m) == 0) {
    p->ping_t1_ns = now_ns;
    p->ping_due_ns = now_ns + PING_EVERY_NS;
  }
}

/* Whether the collector owes an ACK: something in the queue was sent or is applied there. */
static bool publish_awaits_ack(const struct publish *p)
{
  return p->state == PUBLISH_FLOWING && p->queue.count > 0 &&
         (p->queue.first < p->backlog_next || p->queue.first < p->resume_from ||
          (p->fresh_next > p->fresh_from && p->queue.first < p->fresh_next));
}

/* A span may always have one record in flight, however large. */
static bool publish_may_send(const struct publish *p, uint64_t sequence, size_t in_flight,
                             size_t limit)
{
  const struct publish_record *record = publish_queue_at(&p->queue, sequence);
  return record != NULL &&
         (in_flight == 0 || (in_flight <= limit && record->length <= limit - in_flight));
}

/* Sends one record; false when it has to wait. */
static bool publish_send_record(struct publish *p, uint64_t *sequence, size_t *in_flight,
                                bool is_backlog, int64_t now_ns)
{
  struct publish_record *record = publish_queue_at(&p->queue, *sequence);
  struct message m = {
      .kind = MESSAGE_SUMMARY,
      .summary = {p->config.boot_id, *sequence, is_backlog, record->bytes, record->length}};
  if (publish_send(p, &m) != 0) {
    return false;
  }
  if (!publish_awaits_ack(p)) {
    p->ack_since_ns = now_ns;
  }
  p->stats.resent += record->was_sent ? 1 : 0;
  record->was_sent = true;
  *in_flight += record->length;
  (*sequence)++;
  return true;
}

/* Sends what the window allows, backlog and fresh in turns. */
static void publish_pump(struct publish *p, int64_t now_ns)
{
  size_t half = p->config.window_max_bytes / 2;
  bool is_sent = p->state == PUBLISH_FLOWING;
  while (is_sent) {
    bool has_backlog = p->backlog_next < p->fresh_from;
    size_t fresh_limit = has_backlog ? half : p->config.window_max_bytes;
    size_t fresh_charge = p->fresh_in_flight + (has_backlog ? 0 : p->backlog_in_flight);
    bool may_backlog =
        has_backlog && publish_may_send(p, p->backlog_next, p->backlog_in_flight, half);
    bool may_fresh = publish_may_send(p, p->fresh_next, fresh_charge, fresh_limit);
    if (may_fresh && (p->is_fresh_turn || !may_backlog)) {
      is_sent = publish_send_record(p, &p->fresh_next, &p->fresh_in_flight, false, now_ns);
      p->is_fresh_turn = false;
    } else if (may_backlog) {
      is_sent = publish_send_record(p, &p->backlog_next, &p->backlog_in_flight, true, now_ns);
      p->is_fresh_turn = true;
    } else {
      is_sent = false;
    }
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
  uint64_t sequence = p->queue.first;
  size_t length = publish_queue_at(&p->queue, sequence)->length;
  if (p->state == PUBLISH_FLOWING && sequence >= p->fresh_from) {
    p->fresh_in_flight -= sequence < p->fresh_next ? length : 0;
  } else if (p->state == PUBLISH_FLOWING && sequence >= p->resume_from) {
    p->backlog_in_flight -= sequence < p->backlog_next ? length : 0;
  }
  publish_queue_pop(&p->queue);
  if (p->backlog_next < p->queue.first) {
    p->backlog_next = p->queue.first;
  }
  if (p->fresh_next < p->queue.first) {
    p->fresh_next = p->queue.first;
  }
}

static void publish_count_evicted(struct publish *p)
{
  p->stats.evicted++;
  p->evicted_unreported++;
}

void publish_describe(struct publish *publish, const struct message_hello *hello, int64_t now_ns)
{
  publish_at(publish, now_ns);
  publish->hello = *hello;
  publish->is_hello_due = true;
  publish_work(publish, now_ns);
}

void publish_connected(struct publish *publish, int64_t now_ns)
{
  publish_at(publish, now_ns);
  publish->state = PUBLISH_GREETING;
  publish->greeting_since_ns = now_ns;
  publish->is_hello_due = true;
  publish->ping_t1_ns = 0;
  publish_work(publish, now_ns);
}

void publish_disconnected(struct publish *publish)
{
  publish->state = PUBLISH_DOWN;
}

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
  int err = summary_encode(s, &bytes, &length);
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

static int publish_welcomed(struct publish *p, const struct message_welcome *welcome,
                            int64_t now_ns, struct err_message *message)
{
  uint64_t next = publish_queue_next(&p->queue);
  if (welcome->boot_id != p->config.boot_id || welcome->last_applied >= next) {
    return err_set(message, ERR_MALFORMED, "WELCOME for another start, or beyond record %llu",
                   (unsigned long long)next - 1);
  }
  if (p->state != PUBLISH_GREETING) {
    return 0; /* the answer to a HELLO that came again */
  }
  p->state = PUBLISH_FLOWING;
  p->resume_from = welcome->last_applied + 1;
  p->backlog_next = p->resume_from > p->queue.first ? p->resume_from : p->queue.first;
  p->fresh_from = next;
  p->fresh_next = next;
  p->backlog_in_flight = 0;
  p->fresh_in_flight = 0;
  p->is_fresh_turn = false;
  p->ack_since_ns = now_ns;
  publish_send_ping(p, now_ns);
  publish_pump(p, now_ns);
  return 0;
}

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

int publish_receive(struct publish *publish, const void *bytes, size_t length, int64_t now_ns,
                    struct err_message *message)
{
  publish_at(publish, now_ns);
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
    return err_set(message, ERR_DENIED, "the collector refuses: %s", m.refused);
  case MESSAGE_HELLO:
  case MESSAGE_SUMMARY:
  case MESSAGE_PING:
  case MESSAGE_BYE:
  default:
    return err_set(message, ERR_MALFORMED, "message of kind %d, which only a sensor sends",
                   (int)m.kind);
  }
}

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
  return !publish_awaits_ack(p) || now_ns - p->ack_since_ns < p->config.ack_timeout_ns;
}

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

struct publish_stats publish_stats(const struct publish *publish)
{
  struct publish_stats stats = publish->stats;
  stats.queued_records = publish->queue.count;
  stats.queued_bytes = publish->queue.bytes;
  publish_clock_read(&publish->clock, publish->last_call_ns, &stats.clock_offset_ns,
                     &stats.clock_uncertainty_ns);
  return stats;
}
