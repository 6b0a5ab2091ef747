/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's states: greeting, resuming, acknowledging, evicting, giving up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "publish_rig.h"

#define QUEUE  (64 << 20)
#define WINDOW (4 << 20)

static void hello_comes_first_and_records_wait_for_welcome(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_publish(&rig, 2);
  rig_expect_nothing(&rig);
  rig_connect(&rig);
  const struct rig_sent *hello = rig_next(&rig);
  assert_int_equal(hello->kind, MESSAGE_HELLO);
  assert_string_equal(hello->name, "web1");
  assert_int_equal(hello->sequence, 1);
  rig_publish(&rig, 1);
  rig_expect_nothing(&rig);
  rig_welcome(&rig, 0);
  rig_expect_record(&rig, 1, true);
  rig_expect_record(&rig, 2, true);
  rig_expect_record(&rig, 3, true);
  rig_publish(&rig, 1);
  rig_expect_record(&rig, 4, false);
  rig_expect_nothing(&rig);
  rig_stop(&rig);
}

static void welcome_resumes_behind_what_is_applied_but_frees_nothing(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_publish(&rig, 5);
  rig_connect(&rig);
  assert_int_equal(rig_next(&rig)->kind, MESSAGE_HELLO);
  rig_welcome(&rig, 3);
  rig_expect_record(&rig, 4, true);
  rig_expect_record(&rig, 5, true);
  rig_expect_nothing(&rig);
  assert_int_equal(publish_stats(rig.publish).queued_records, 5);
  /* That collector dies before its checkpoint; the next one knows less. */
  publish_disconnected(rig.publish);
  rig_connect(&rig);
  assert_int_equal(rig_next(&rig)->kind, MESSAGE_HELLO);
  rig_welcome(&rig, 1);
  for (uint64_t sequence = 2; sequence <= 5; sequence++) {
    rig_expect_record(&rig, sequence, true);
  }
  assert_int_equal(publish_stats(rig.publish).resent, 2);
  rig_stop(&rig);
}

static void an_ack_frees_all_up_to_its_number(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig_publish(&rig, 5);
  rig_ack(&rig, 3);
  assert_int_equal(publish_stats(rig.publish).queued_records, 2);
  assert_int_equal(publish_stats(rig.publish).acknowledged, 3);
  assert_false(publish_is_drained(rig.publish));
  rig_ack(&rig, 2); /* an old one says nothing new */
  assert_int_equal(publish_stats(rig.publish).queued_records, 2);
  rig_ack(&rig, 5);
  assert_true(publish_is_drained(rig.publish));
  assert_int_equal(publish_stats(rig.publish).queued_bytes, 0);
  assert_int_equal(publish_stats(rig.publish).published, 5);
  rig_stop(&rig);
}

static void lost_acks_cost_a_new_link_and_a_resend(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig_publish(&rig, 3);
  assert_true(rig_tick_answered(&rig, 26 * NS_PER_S)); /* the first went out 28 s ago */
  assert_false(rig_tick(&rig, 2 * NS_PER_S));
  publish_disconnected(rig.publish);
  rig.looked = rig.count;
  rig_connect(&rig);
  assert_int_equal(rig_next(&rig)->kind, MESSAGE_HELLO);
  rig_welcome(&rig, 2);
  rig_expect_record(&rig, 3, true);
  assert_true(rig_tick(&rig, NS_PER_S));
  rig_ack(&rig, 3);
  assert_true(publish_is_drained(rig.publish));
  rig_stop(&rig);
}

static void an_applied_record_waits_for_its_ack_too(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_publish(&rig, 1);
  rig_connect(&rig);
  rig_welcome(&rig, 1);
  assert_true(rig_tick_answered(&rig, 29 * NS_PER_S));
  assert_false(rig_tick(&rig, NS_PER_S));
  rig_stop(&rig);
}

static void silence_is_fine_when_nothing_waits(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  assert_true(rig_tick(&rig, 50 * NS_PER_S));
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  rig_publish(&rig, 1);
  rig_ack(&rig, 1);
  for (int i = 0; i < 10; i++) {
    assert_true(rig_tick_answered(&rig, 20 * NS_PER_S));
  }
  rig_publish(&rig, 1); /* its wait begins now */
  assert_true(rig_tick_answered(&rig, 29 * NS_PER_S));
  assert_false(rig_tick(&rig, NS_PER_S));
  rig_stop(&rig);
}

static void a_link_without_a_word_is_given_up_though_nothing_waits(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  assert_true(rig_tick_answered(&rig, 60 * NS_PER_S));
  assert_true(rig_tick(&rig, 15 * NS_PER_S - 1));
  assert_false(rig_tick(&rig, 1));
  rig_stop(&rig);
}

static void a_link_without_welcome_is_given_up(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  assert_true(rig_tick(&rig, 15 * NS_PER_S - 1));
  assert_false(rig_tick(&rig, 1));
  publish_disconnected(rig.publish);
  assert_true(rig_tick(&rig, NS_PER_S));
  rig_stop(&rig);
}

static void what_the_link_does_not_take_goes_out_later_in_order(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig.is_full = true;
  rig_connect(&rig);
  rig_publish(&rig, 3);
  rig.is_full = false;
  assert_true(rig_tick(&rig, NS_PER_S));
  assert_int_equal(rig_next(&rig)->kind, MESSAGE_HELLO);
  rig.takes = 2; /* PING and one record */
  rig_welcome(&rig, 0);
  rig_expect_record(&rig, 1, true);
  rig_expect_nothing(&rig);
  rig.takes = SIZE_MAX;
  assert_true(rig_tick(&rig, NS_PER_S));
  rig_expect_record(&rig, 2, true);
  rig_expect_record(&rig, 3, true);
  assert_int_equal(publish_stats(rig.publish).resent, 0);
  rig_stop(&rig);
}

static void a_full_queue_evicts_the_oldest_counts_and_says_so(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, 10 * (rig_record_bytes() + 64), WINDOW);
  unsigned room = 0;
  while (publish_stats(rig.publish).evicted == 0) {
    rig_publish(&rig, 1);
    room++;
  }
  room--;
  assert_in_range(room, 9, 10);
  rig_publish(&rig, 4);
  assert_int_equal(publish_stats(rig.publish).evicted, 5);
  assert_int_equal(publish_stats(rig.publish).queued_records, room);
  rig_connect(&rig);
  const struct rig_sent *hello = rig_next(&rig);
  assert_int_equal(hello->kind, MESSAGE_HELLO);
  assert_int_equal(hello->sequence, 6);
  rig_welcome(&rig, 0);
  uint64_t reported = 0;
  for (uint64_t sequence = 6; sequence <= room + 5; sequence++) {
    rig_expect_record(&rig, sequence, true);
    reported += rig.sent[rig.looked - 1].queue_evicted;
  }
  rig_expect_nothing(&rig);
  /* The last eviction came with the last record: the next one tells of it, and evicts again. */
  assert_int_equal(reported, 4);
  rig_publish(&rig, 1);
  rig_expect_record(&rig, room + 6, false);
  assert_int_equal(rig.sent[rig.looked - 1].queue_evicted, 1);
  assert_true(rig_tick(&rig, NS_PER_S));
  hello = rig_next(&rig);
  assert_int_equal(hello->kind, MESSAGE_HELLO);
  assert_int_equal(hello->sequence, 7);
  rig_stop(&rig);
}

static void a_record_that_can_never_fit_is_counted_as_evicted(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, rig_record_bytes() / 2, WINDOW);
  struct summary s;
  summary_init(&s);
  s.kind = SUMMARY_SECOND;
  s.length_ns = NS_PER_S;
  assert_int_equal(publish_summary(rig.publish, &s, rig.now_ns), ERR_LIMIT);
  s.conversation_count = SUMMARY_SECOND_ROWS_MAX + 1;
  assert_int_equal(publish_summary(rig.publish, &s, rig.now_ns), ERR_LIMIT);
  assert_int_equal(s.ledger.queue_evicted, 1);
  assert_int_equal(publish_stats(rig.publish).evicted, 2);
  assert_int_equal(publish_stats(rig.publish).published, 0);
  rig_stop(&rig);
}

static void a_new_description_goes_out_on_a_living_link_and_moves_nothing(void **state)
{
  (void)state;
  struct rig rig;
  struct message_hello hello = {.version = 99, .name = "liar", .address_count = 3};
  rig_start(&rig, QUEUE, WINDOW);
  publish_describe(rig.publish, &hello, rig.now_ns);
  rig_expect_nothing(&rig);
  rig_connect(&rig);
  assert_int_equal(rig_next(&rig)->addresses, 3);
  rig_welcome(&rig, 0);
  rig_publish(&rig, 2);
  rig_expect_record(&rig, 1, false);
  rig_expect_record(&rig, 2, false);
  hello.address_count = 4;
  publish_describe(rig.publish, &hello, rig.now_ns);
  const struct rig_sent *again = rig_next(&rig);
  assert_int_equal(again->addresses, 4);
  assert_string_equal(again->name, "web1");
  rig_welcome(&rig, 0);
  rig_expect_nothing(&rig);
  rig_stop(&rig);
}

static void a_ping_measures_the_clock_and_the_next_record_says_it(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  assert_int_equal(rig.sent[rig.count - 1].kind, MESSAGE_PING);
  struct message pong = {
      .kind = MESSAGE_PONG,
      .clock = {rig.now_ns, rig.now_ns + 7 * NS_PER_S, rig.now_ns + 7 * NS_PER_S}};
  struct message other = pong;
  other.clock.t1_ns++;
  assert_int_equal(rig_give(&rig, &other, NULL), 0);
  assert_int_equal(publish_stats(rig.publish).clock_uncertainty_ns, 0);
  rig.now_ns += 2 * NS_PER_MS;
  assert_int_equal(rig_give(&rig, &pong, NULL), 0);
  assert_int_equal(publish_stats(rig.publish).clock_offset_ns, 7 * NS_PER_S - NS_PER_MS);
  assert_int_equal(publish_stats(rig.publish).clock_uncertainty_ns, NS_PER_MS + 1);
  rig_publish(&rig, 1);
  rig.looked = rig.count - 1;
  assert_int_equal(rig.sent[rig.looked].clock_offset_ns, 7 * NS_PER_S - NS_PER_MS);
  assert_true(rig.sent[rig.looked].clock_uncertainty_ns > NS_PER_MS);
  size_t before = rig.count;
  assert_true(rig_tick(&rig, 3 * NS_PER_S));
  assert_int_equal(rig.count, before);
  assert_true(rig_tick(&rig, NS_PER_S));
  assert_int_equal(rig.count, before + 1);
  assert_int_equal(rig.sent[before].kind, MESSAGE_PING);
  rig_stop(&rig);
}

static void a_clock_that_is_set_voids_the_samples_and_kills_no_link(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  rig_connect(&rig);
  rig_welcome(&rig, 0);
  struct message pong = {.kind = MESSAGE_PONG, .clock = {rig.now_ns, rig.now_ns, rig.now_ns}};
  assert_int_equal(rig_give(&rig, &pong, NULL), 0);
  rig_publish(&rig, 1);
  assert_true(publish_stats(rig.publish).clock_uncertainty_ns > 0);
  assert_true(rig_tick(&rig, 3600 * NS_PER_S));
  assert_int_equal(publish_stats(rig.publish).clock_uncertainty_ns, 0);
  assert_true(rig_tick(&rig, -7200 * NS_PER_S));
  assert_true(rig_tick_answered(&rig, 29 * NS_PER_S));
  assert_false(rig_tick(&rig, NS_PER_S));
  rig_stop(&rig);
}

static void a_message_that_makes_no_sense_is_refused_and_named(void **state)
{
  (void)state;
  const struct {
    const char *says;
    int err;
    struct message m;
  } cases[] = {
      {"another start",
       ERR_MALFORMED,
       {.kind = MESSAGE_WELCOME, .welcome = {.version = 1, .boot_id = 99}}},
      {"beyond record 2",
       ERR_MALFORMED,
       {.kind = MESSAGE_WELCOME,
        .welcome = {.version = 1, .boot_id = RIG_BOOT, .last_applied = 3}}},
      {"never made", ERR_MALFORMED, {.kind = MESSAGE_ACK, .ack = {RIG_BOOT, 3}}},
      {"never made", ERR_MALFORMED, {.kind = MESSAGE_ACK, .ack = {99, 1}}},
      {"only a sensor sends", ERR_MALFORMED, {.kind = MESSAGE_PING}},
      {"only a sensor sends", ERR_MALFORMED, {.kind = MESSAGE_BYE, .bye = {RIG_BOOT, 0}}},
      {"wrong name", ERR_DENIED, {.kind = MESSAGE_REFUSED, .refused = {.reason = "wrong name"}}},
  };
  struct rig rig;
  struct err_message message = {""};
  rig_start(&rig, QUEUE, WINDOW);
  rig_publish(&rig, 2);
  rig_connect(&rig);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(rig_give(&rig, &cases[i].m, &message), cases[i].err);
    assert_non_null(strstr(message.text, cases[i].says));
  }
  assert_int_equal(publish_receive(rig.publish, "\xff", 1, rig.now_ns, &message), ERR_MALFORMED);
  assert_int_equal(publish_stats(rig.publish).queued_records, 2);
  rig_stop(&rig);
}

static void bye_names_the_last_record(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, QUEUE, WINDOW);
  publish_bye(rig.publish, rig.now_ns);
  rig_expect_nothing(&rig);
  rig_publish(&rig, 2);
  rig_connect(&rig);
  rig.looked = rig.count;
  publish_bye(rig.publish, rig.now_ns);
  const struct rig_sent *bye = rig_next(&rig);
  assert_int_equal(bye->kind, MESSAGE_BYE);
  assert_int_equal(bye->sequence, 2);
  rig_stop(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hello_comes_first_and_records_wait_for_welcome),
      cmocka_unit_test(welcome_resumes_behind_what_is_applied_but_frees_nothing),
      cmocka_unit_test(an_ack_frees_all_up_to_its_number),
      cmocka_unit_test(lost_acks_cost_a_new_link_and_a_resend),
      cmocka_unit_test(an_applied_record_waits_for_its_ack_too),
      cmocka_unit_test(silence_is_fine_when_nothing_waits),
      cmocka_unit_test(a_link_without_a_word_is_given_up_though_nothing_waits),
      cmocka_unit_test(a_link_without_welcome_is_given_up),
      cmocka_unit_test(what_the_link_does_not_take_goes_out_later_in_order),
      cmocka_unit_test(a_full_queue_evicts_the_oldest_counts_and_says_so),
      cmocka_unit_test(a_record_that_can_never_fit_is_counted_as_evicted),
      cmocka_unit_test(a_new_description_goes_out_on_a_living_link_and_moves_nothing),
      cmocka_unit_test(a_ping_measures_the_clock_and_the_next_record_says_it),
      cmocka_unit_test(a_clock_that_is_set_voids_the_samples_and_kills_no_link),
      cmocka_unit_test(a_message_that_makes_no_sense_is_refused_and_named),
      cmocka_unit_test(bye_names_the_last_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
