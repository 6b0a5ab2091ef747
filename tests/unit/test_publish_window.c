/* SPDX-License-Identifier: Apache-2.0 */
/* The window: how much is in flight, who goes first, and that no outage loses a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "publish_rig.h"

#define QUEUE   (64 << 20)
#define RECORDS 400

static void the_window_bounds_what_is_in_flight(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, 4 * rig_record_bytes() + 20);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig.looked = rig.count;
  rig_publish(&rig, 6);
  for (uint64_t sequence = 1; sequence <= 4; sequence++) {
    rig_expect_record(&rig, sequence, false);
  }
  rig_expect_nothing(&rig);
  rig_ack(&rig, 1);
  rig_expect_record(&rig, 5, false);
  rig_expect_nothing(&rig);
  rig_ack(&rig, 5);
  rig_expect_record(&rig, 6, false);
  rig_stop(&rig);
}

static void a_record_larger_than_the_window_goes_alone(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, 1);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig.looked = rig.count;
  rig_publish(&rig, 2);
  rig_expect_record(&rig, 1, false);
  rig_expect_nothing(&rig);
  rig_ack(&rig, 1);
  rig_expect_record(&rig, 2, false);
  rig_stop(&rig);
}

static void backlog_and_fresh_records_go_in_turns(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, 1 << 20);
  rig_publish(&rig, 3);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  publish_disconnected(rig.publish);
  rig_connect(&rig);
  rig.looked = rig.count;
  rig.takes = 1; /* the PING: the link stays full while fresh records come */
  rig_welcome(&rig, 0);
  rig_publish(&rig, 3);
  rig.takes = SIZE_MAX;
  assert_true(rig_tick(&rig, NS_PER_S));
  for (uint64_t i = 1; i <= 3; i++) {
    rig_expect_record(&rig, i, true);
    rig_expect_record(&rig, i + 3, false);
  }
  rig_expect_nothing(&rig);
  rig_stop(&rig);
}

static void a_long_backlog_does_not_hold_up_a_fresh_record(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, 8 * rig_record_bytes() + 80);
  rig_publish(&rig, 100);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig.looked = rig.count;
  for (uint64_t sequence = 101; sequence <= 104; sequence++) {
    rig_publish(&rig, 1);
    rig_expect_record(&rig, sequence, false);
  }
  rig_stop(&rig);
}

static void fresh_records_cannot_lock_the_backlog_out(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, 4 * rig_record_bytes() + 40);
  rig_publish(&rig, 6);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig_publish(&rig, 10); /* their ACK waits for the backlog's */
  rig.looked = 0;
  unsigned backlog = 0;
  while (rig.looked < rig.count) {
    backlog += rig.sent[rig.looked++].is_backlog ? 1 : 0;
  }
  assert_int_equal(backlog, 2);
  for (uint64_t sequence = 1; sequence <= 4; sequence++) {
    rig_ack(&rig, sequence);
    rig_expect_record(&rig, sequence + 2, true);
  }
  rig_ack(&rig, 16 - 1);
  rig.looked = rig.count - 1;
  rig_expect_record(&rig, 16, false);
  rig_stop(&rig);
}

/* A collector that may lose its memory since the last checkpoint, and a link that may break. */
struct collector {
  unsigned char applied[RECORDS + 1]; /* as often as it was applied */
  unsigned char on_disk[RECORDS + 1];
  uint64_t acked;
  size_t seen;
};

static uint64_t seed;

static uint64_t draw_below(uint64_t limit)
{
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (seed >> 33) % limit;
}

static uint64_t prefix_of(const unsigned char *marks)
{
  uint64_t sequence = 0;
  while (sequence < RECORDS && marks[sequence + 1] != 0) {
    sequence++;
  }
  return sequence;
}

/* Takes what was sent, up to where the link breaks; a HELLO is answered. */
static void collect(struct collector *c, struct rig *rig, size_t until)
{
  while (c->seen < until) {
    const struct rig_sent sent = rig->sent[c->seen++];
    if (sent.kind == MESSAGE_HELLO) {
      rig_welcome(rig, prefix_of(c->applied));
    } else if (sent.kind == MESSAGE_SUMMARY && c->applied[sent.sequence] == 0) {
      c->applied[sent.sequence] = 1;
    }
  }
}

static void checkpoint(struct collector *c, struct rig *rig, bool is_ack_lost)
{
  memcpy(c->on_disk, c->applied, sizeof(c->applied));
  if (!is_ack_lost) {
    rig_ack(rig, prefix_of(c->on_disk));
  }
}

static void reconnect(struct collector *c, struct rig *rig)
{
  publish_disconnected(rig->publish);
  c->seen = rig->count; /* what was under way is lost */
  rig_connect(rig);
}

static void no_outage_loses_a_record(void **state)
{
  (void)state;
  struct rig rig;
  struct collector c = {.seen = 0};
  rig_start(&rig, QUEUE, 6 * rig_record_bytes());
  rig_connect(&rig);
  unsigned published = 0;
  for (unsigned step = 0; !publish_is_drained(rig.publish) || published < RECORDS; step++) {
    assert_true(step < 100000);
    if (published < RECORDS && draw_below(2) == 0) {
      rig_publish(&rig, 1);
      published++;
    }
    rig.takes = draw_below(4) == 0 ? draw_below(3) : SIZE_MAX;
    (void)rig_tick(&rig, NS_PER_S);
    collect(&c, &rig, c.seen + draw_below(rig.count - c.seen + 1));
    switch (draw_below(12)) {
    case 0:
      reconnect(&c, &rig);
      break;
    case 1: /* SIGKILL */
      memcpy(c.applied, c.on_disk, sizeof(c.applied));
      reconnect(&c, &rig);
      break;
    case 2:
    case 3:
    case 4:
      checkpoint(&c, &rig, draw_below(3) == 0);
      break;
    default:
      break;
    }
  }
  assert_int_equal(prefix_of(c.on_disk), RECORDS);
  assert_int_equal(publish_stats(rig.publish).acknowledged, RECORDS);
  assert_int_equal(publish_stats(rig.publish).evicted, 0);
  assert_true(publish_stats(rig.publish).resent > 0);
  rig_stop(&rig);
}

int main(void)
{
  const char *given = getenv("SEINE_TEST_SEED");
  seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_window_bounds_what_is_in_flight),
      cmocka_unit_test(a_record_larger_than_the_window_goes_alone),
      cmocka_unit_test(backlog_and_fresh_records_go_in_turns),
      cmocka_unit_test(a_long_backlog_does_not_hold_up_a_fresh_record),
      cmocka_unit_test(fresh_records_cannot_lock_the_backlog_out),
      cmocka_unit_test(no_outage_loses_a_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
