/* SPDX-License-Identifier: Apache-2.0 */
/* The script's hands: a link that notes, and a collector that says what it is told to. */
#include "publish_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message_codec.h"
#include "proto/summary_codec.h"

static void rig_note_record(struct rig_sent *sent, const struct message_summary *summary)
{
  struct summary *s = NULL;
  assert_int_equal(summary_decode(summary->bytes, summary->length, &s, NULL), 0);
  assert_int_equal(summary->boot_id, RIG_BOOT);
  sent->sequence = summary->sequence;
  sent->is_backlog = summary->is_backlog;
  sent->queue_evicted = s->ledger.queue_evicted;
  sent->clock_offset_ns = s->clock_offset_ns;
  sent->clock_uncertainty_ns = s->clock_uncertainty_ns;
  memcpy(sent->name, s->sensor, sizeof(sent->name));
  summary_free(s);
}

static int rig_send(void *context, const void *bytes, size_t length)
{
  struct rig *rig = context;
  if (rig->is_full || rig->takes == 0) {
    return ERR_AGAIN;
  }
  rig->takes -= rig->takes != SIZE_MAX ? 1 : 0;
  struct message m;
  assert_int_equal(message_decode(bytes, length, &m, NULL), 0);
  if (rig->count == rig->room) {
    rig->room = rig->room * 2 + 64;
    rig->sent = realloc(rig->sent, rig->room * sizeof(*rig->sent));
    assert_non_null(rig->sent);
  }
  struct rig_sent *sent = &rig->sent[rig->count++];
  memset(sent, 0, sizeof(*sent));
  sent->kind = m.kind;
  if (m.kind == MESSAGE_SUMMARY) {
    rig_note_record(sent, &m.summary);
  } else if (m.kind == MESSAGE_HELLO) {
    assert_int_equal(m.hello.boot_id, RIG_BOOT);
    sent->sequence = m.hello.next_sequence;
    sent->addresses = m.hello.address_count;
    memcpy(sent->name, m.hello.name, sizeof(sent->name));
  } else if (m.kind == MESSAGE_BYE) {
    sent->sequence = m.bye.last_sequence;
  }
  return 0;
}

void rig_start(struct rig *rig, size_t queue_bytes, size_t window_bytes)
{
  memset(rig, 0, sizeof(*rig));
  rig->takes = SIZE_MAX;
  rig->now_ns = RIG_START;
  struct publish_config config = {.name = "web1",
                                  .boot_id = RIG_BOOT,
                                  .queue_max_bytes = queue_bytes,
                                  .window_max_bytes = window_bytes,
                                  .ack_timeout_ns = 30 * NS_PER_S,
                                  .send = rig_send,
                                  .context = rig};
  rig->publish = publish_new(&config);
  assert_non_null(rig->publish);
}

void rig_stop(struct rig *rig)
{
  publish_free(rig->publish);
  free(rig->sent);
}

static void rig_make_second(struct summary *s, int64_t now_ns)
{
  summary_init(s);
  s->kind = SUMMARY_SECOND;
  s->length_ns = NS_PER_S;
  s->start_ns = clock_floor_ns(now_ns, NS_PER_S);
}

void rig_publish(struct rig *rig, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    struct summary s;
    rig_make_second(&s, rig->now_ns);
    rig->now_ns += NS_PER_S;
    assert_int_equal(publish_summary(rig->publish, &s, rig->now_ns), 0);
  }
}

size_t rig_record_bytes(void)
{
  struct summary s;
  rig_make_second(&s, RIG_START);
  memcpy(s.sensor, "web1", sizeof("web1"));
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(&s, &bytes, &length), 0);
  free(bytes);
  return length;
}

void rig_connect(struct rig *rig)
{
  publish_connected(rig->publish, rig->now_ns);
}

int rig_give(struct rig *rig, const struct message *m, struct err_message *message)
{
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(message_encode(m, &bytes, &length), 0);
  int err = publish_receive(rig->publish, bytes, length, rig->now_ns, message);
  free(bytes);
  return err;
}

void rig_welcome(struct rig *rig, uint64_t last_applied)
{
  struct message m = {
      .kind = MESSAGE_WELCOME,
      .welcome = {
          .version = 1, .boot_id = RIG_BOOT, .last_applied = last_applied, .checkpoint_ms = 5000}};
  assert_int_equal(rig_give(rig, &m, NULL), 0);
}

void rig_ack(struct rig *rig, uint64_t sequence)
{
  struct message m = {.kind = MESSAGE_ACK, .ack = {RIG_BOOT, sequence}};
  assert_int_equal(rig_give(rig, &m, NULL), 0);
}

bool rig_tick(struct rig *rig, int64_t after_ns)
{
  rig->now_ns += after_ns;
  return publish_tick(rig->publish, rig->now_ns);
}

bool rig_tick_answered(struct rig *rig, int64_t after_ns)
{
  bool is_alive = true;
  while (after_ns > 0) {
    int64_t step_ns = after_ns < 5 * NS_PER_S ? after_ns : 5 * NS_PER_S;
    after_ns -= step_ns;
    rig->now_ns += step_ns;
    /* Answers no PING of ours, so that it measures nothing. */
    struct message pong = {.kind = MESSAGE_PONG, .clock = {1, rig->now_ns, rig->now_ns}};
    assert_int_equal(rig_give(rig, &pong, NULL), 0);
    is_alive = publish_tick(rig->publish, rig->now_ns);
  }
  return is_alive;
}

static const struct rig_sent *rig_peek(struct rig *rig)
{
  while (rig->looked < rig->count && rig->sent[rig->looked].kind == MESSAGE_PING) {
    rig->looked++;
  }
  return rig->looked < rig->count ? &rig->sent[rig->looked] : NULL;
}

const struct rig_sent *rig_next(struct rig *rig)
{
  const struct rig_sent *sent = rig_peek(rig);
  assert_non_null(sent);
  rig->looked++;
  return sent;
}

void rig_expect_record(struct rig *rig, uint64_t sequence, bool is_backlog)
{
  const struct rig_sent *sent = rig_next(rig);
  assert_int_equal(sent->kind, MESSAGE_SUMMARY);
  assert_int_equal(sent->sequence, sequence);
  assert_int_equal(sent->is_backlog, is_backlog);
}

void rig_expect_nothing(struct rig *rig)
{
  assert_null(rig_peek(rig));
}
