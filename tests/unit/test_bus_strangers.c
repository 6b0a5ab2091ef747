/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the bus keeps out: strangers, withdrawn keys, peers without CURVE, bent messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "bus_rig.h"

static bool is_ready(const struct rig *rig)
{
  return rig->events[0][BUS_LINK_READY] == 1;
}

static bool is_other_ready(const struct rig *rig)
{
  return rig->events[1][BUS_LINK_READY] == 1;
}

static bool has_one(const struct rig *rig)
{
  return rig->received == 1;
}

static bool is_refused(const struct rig *rig)
{
  return rig->events[0][BUS_LINK_REFUSED] == 1 && rig->refusals == 1;
}

static bool has_failed(const struct rig *rig)
{
  return rig->events[0][BUS_LINK_FAILED] >= 1;
}

static bool has_dropped_revoked(const struct rig *rig)
{
  return bus_server_counters(rig->server)->dropped_revoked == 1;
}

static bool has_dropped_malformed(const struct rig *rig)
{
  return bus_server_counters(rig->server)->dropped_malformed == 2;
}

static bool has_raw_event(const struct rig *rig)
{
  zmq_msg_t frame;
  (void)zmq_msg_init(&frame);
  bool is_there = zmq_msg_recv(&frame, rig->watched, ZMQ_DONTWAIT) >= 0;
  (void)zmq_msg_close(&frame);
  return is_there;
}

static void a_strangers_key_is_refused_and_told(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  char text[KEYS_TEXT_MAX];
  rig_start(&rig);
  rig_make_key(&rig, "stranger", false, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_refused);
  keys_format(key.public_key, text);
  assert_string_equal(rig.refused_key, text);
  assert_string_equal(rig.refused_address, "127.0.0.1");
  assert_int_equal(bus_server_counters(rig.server)->handshakes_refused, 1);
  assert_int_equal(bus_server_counters(rig.server)->handshakes_accepted, 0);
  assert_int_equal(bus_link_send(rig.link[0], "let me in", 9), ERR_AGAIN);
  assert_int_equal(rig.events[0][BUS_LINK_READY], 0);
  assert_int_equal(rig.events[0][BUS_LINK_LOST], 0);
  /* Authorised now, a new socket comes in; the refused one would stay out for good. */
  rig_make_key(&rig, "stranger", true, &key);
  bus_link_free(rig.link[0]);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  rig_stop(&rig);
}

static void a_link_with_the_wrong_server_key_fails(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  struct key_pair right = rig.server_key;
  rig.server_key = key; /* what the link is told */
  rig_connect(&rig, 0, &key);
  rig_until(&rig, has_failed);
  assert_int_equal(rig.events[0][BUS_LINK_READY], 0);
  assert_int_equal(rig.received, 0);
  rig.server_key = right;
  rig_stop(&rig);
}

static void a_withdrawn_key_is_cut_off_at_its_next_message(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair one;
  struct key_pair two;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &one);
  rig_make_key(&rig, "web2", true, &two);
  rig_connect(&rig, 0, &one);
  rig_connect(&rig, 1, &two);
  rig_until(&rig, is_ready);
  rig_until(&rig, is_other_ready);
  rig_send(&rig, 0, "still in", 8);
  rig_until(&rig, has_one);
  rig_withdraw(&rig, "web1");
  rig_send(&rig, 0, "now out", 7);
  rig_until(&rig, has_dropped_revoked);
  assert_int_equal(rig.received, 1);
  rig.received = 0;
  rig_send(&rig, 1, "others go on", 12);
  rig_until(&rig, has_one);
  assert_string_equal(rig.last.name, "web2");
  rig_stop(&rig);
}

static void a_name_with_a_new_key_no_longer_serves_the_old_one(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair old;
  struct key_pair fresh;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &old);
  rig_connect(&rig, 0, &old);
  rig_until(&rig, is_ready);
  rig_make_key(&rig, "web1", true, &fresh);
  rig_send(&rig, 0, "stolen", 6);
  rig_until(&rig, has_dropped_revoked);
  assert_int_equal(rig.received, 0);
  rig_connect(&rig, 1, &fresh);
  rig_until(&rig, is_other_ready);
  rig_send(&rig, 1, "mine", 4);
  rig_until(&rig, has_one);
  assert_memory_equal(rig.last.bytes, "mine", 4);
  rig_stop(&rig);
}

static void a_client_without_curve_gets_nothing(void **state)
{
  (void)state;
  struct rig rig;
  struct rig_raw raw;
  rig_start(&rig);
  rig_raw_open(&rig, &raw, NULL,
               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                   ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
  (void)zmq_send(raw.socket, "open sesame", 11, ZMQ_DONTWAIT);
  rig_until(&rig, has_raw_event);
  rig_raw_close(&rig, &raw);
  assert_int_equal(rig.received, 0);
  assert_int_equal(bus_server_counters(rig.server)->handshakes_accepted, 0);
  assert_int_equal(bus_server_counters(rig.server)->dropped_no_identity, 0);
  rig_stop(&rig);
}

static void an_oversized_message_ends_the_connection_and_nothing_else(void **state)
{
  (void)state;
  struct rig rig;
  struct rig_raw raw;
  struct key_pair key;
  struct key_pair good;
  rig_start(&rig);
  rig_make_key(&rig, "large", true, &key);
  rig_make_key(&rig, "web1", true, &good);
  rig_connect(&rig, 0, &good);
  rig_until(&rig, is_ready);
  rig_raw_open(&rig, &raw, &key, ZMQ_EVENT_DISCONNECTED);
  size_t length = (size_t)BUS_MESSAGE_MAX_BYTES * 2;
  char *large = calloc(1, length);
  assert_non_null(large);
  assert_int_equal(zmq_send(raw.socket, large, length, ZMQ_DONTWAIT), (int)length);
  rig_until(&rig, has_raw_event);
  rig_raw_close(&rig, &raw);
  free(large);
  assert_int_equal(rig.received, 0);
  rig_send(&rig, 0, "small", 5);
  rig_until(&rig, has_one);
  assert_string_equal(rig.last.name, "web1");
  rig_stop(&rig);
}

static void a_message_of_other_than_one_frame_is_dropped_and_counted(void **state)
{
  (void)state;
  struct rig rig;
  struct rig_raw raw;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_raw_open(&rig, &raw, &key, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  for (int frames = 2; frames <= 5; frames += 3) {
    for (int i = 1; i < frames; i++) {
      assert_true(zmq_send(raw.socket, "part", 4, ZMQ_SNDMORE) >= 0);
    }
    assert_true(zmq_send(raw.socket, "last", 4, 0) >= 0);
  }
  rig_until(&rig, has_dropped_malformed);
  assert_int_equal(rig.received, 0);
  assert_true(zmq_send(raw.socket, "whole", 5, 0) >= 0);
  rig_until(&rig, has_one);
  assert_memory_equal(rig.last.bytes, "whole", 5);
  rig_raw_close(&rig, &raw);
  rig_stop(&rig);
}

static void a_second_judge_in_one_context_is_refused(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig);
  struct bus_server *server = NULL;
  struct err_message message = {""};
  struct bus_server_config config = {"tcp://127.0.0.1:*", &rig.server_key, rig.ring, NULL, NULL};
  assert_int_equal(bus_server_new(rig.server_bus, &config, &server, &message), ERR_IO);
  assert_non_null(strstr(message.text, "judge"));
  rig_stop(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_strangers_key_is_refused_and_told),
      cmocka_unit_test(a_link_with_the_wrong_server_key_fails),
      cmocka_unit_test(a_withdrawn_key_is_cut_off_at_its_next_message),
      cmocka_unit_test(a_name_with_a_new_key_no_longer_serves_the_old_one),
      cmocka_unit_test(a_client_without_curve_gets_nothing),
      cmocka_unit_test(an_oversized_message_ends_the_connection_and_nothing_else),
      cmocka_unit_test(a_message_of_other_than_one_frame_is_dropped_and_counted),
      cmocka_unit_test(a_second_judge_in_one_context_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
