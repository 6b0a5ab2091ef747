/* SPDX-License-Identifier: Apache-2.0 */
/* The bus between friends: real sockets on 127.0.0.1, everything by descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_rig.h"

static bool is_ready(const struct rig *rig)
{
  return rig->events[0][BUS_LINK_READY] == 1;
}

static bool has_one(const struct rig *rig)
{
  return rig->received == 1;
}

static bool has_many(const struct rig *rig)
{
  return rig->received == 5000;
}

static bool has_answer(const struct rig *rig)
{
  return rig->answers == 1;
}

static bool is_lost(const struct rig *rig)
{
  return rig->events[0][BUS_LINK_LOST] == 1;
}

static void an_authorised_key_delivers_under_its_name(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  rig_send(&rig, 0, "hello", 5);
  rig_until(&rig, has_one);
  assert_string_equal(rig.last.name, "web1");
  assert_string_equal(rig.last.address, "127.0.0.1");
  assert_int_equal(rig.last.length, 5);
  assert_memory_equal(rig.last.bytes, "hello", 5);
  assert_int_equal(bus_server_send(rig.server, &rig.last.route, "welcome", 7), 0);
  rig_until(&rig, has_answer);
  assert_string_equal(rig.answer, "welcome");
  assert_int_equal(bus_server_counters(rig.server)->handshakes_accepted, 1);
  assert_int_equal(bus_server_counters(rig.server)->handshakes_refused, 0);
  rig_stop(&rig);
}

static void nothing_is_queued_before_the_link_is_ready(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  /* Nobody judges the handshake yet: it cannot be done. */
  assert_int_equal(bus_link_send(rig.link[0], "early", 5), ERR_AGAIN);
  rig_until(&rig, is_ready);
  rig_send(&rig, 0, "first", 5);
  rig_until(&rig, has_one);
  assert_memory_equal(rig.last.bytes, "first", 5);
  rig_stop(&rig);
}

static void a_burst_arrives_whole_though_the_descriptor_speaks_once(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  for (unsigned i = 0; i < 5000; i++) {
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", i);
    rig_send(&rig, 0, text, strlen(text));
  }
  rig_until(&rig, has_many);
  assert_string_equal((const char *)rig.last.bytes, "4999");
  rig_stop(&rig);
}

static void the_largest_message_passes_and_a_larger_one_is_not_sent(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  char *large = calloc(1, BUS_MESSAGE_MAX_BYTES + 1);
  assert_non_null(large);
  assert_int_equal(bus_link_send(rig.link[0], large, BUS_MESSAGE_MAX_BYTES + 1), ERR_LIMIT);
  rig_send(&rig, 0, large, BUS_MESSAGE_MAX_BYTES);
  rig_until(&rig, has_one);
  assert_int_equal(rig.last.length, BUS_MESSAGE_MAX_BYTES);
  free(large);
  rig_stop(&rig);
}

static void a_bye_leaves_though_the_link_is_freed_at_once(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  rig_send(&rig, 0, "bye", 3);
  bus_link_free(rig.link[0]);
  rig.link[0] = NULL;
  rig_until(&rig, has_one);
  assert_memory_equal(rig.last.bytes, "bye", 3);
  rig_stop(&rig);
}

static void a_collector_that_ends_is_a_lost_link(void **state)
{
  (void)state;
  struct rig rig;
  struct key_pair key;
  rig_start(&rig);
  rig_make_key(&rig, "web1", true, &key);
  rig_connect(&rig, 0, &key);
  rig_until(&rig, is_ready);
  bus_server_free(rig.server);
  rig.server = NULL;
  rig_until(&rig, is_lost);
  assert_int_equal(bus_link_send(rig.link[0], "late", 4), ERR_AGAIN);
  rig_stop(&rig);
}

static void a_send_to_a_peer_that_is_gone_is_counted(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig);
  struct bus_route nobody = {{0, 1, 2, 3, 4}, 5};
  assert_int_equal(bus_server_send(rig.server, &nobody, "x", 1), ERR_AGAIN);
  assert_int_equal(bus_server_counters(rig.server)->send_failed, 1);
  rig_stop(&rig);
}

static void a_port_in_use_is_named(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig);
  struct bus *other = NULL;
  struct bus_server *server = NULL;
  struct err_message message = {""};
  assert_int_equal(bus_new(&other, &message), 0);
  struct bus_server_config config = {bus_server_endpoint(rig.server), &rig.server_key, rig.ring,
                                     NULL, NULL};
  assert_int_equal(bus_server_new(other, &config, &server, &message), ERR_IO);
  assert_non_null(strstr(message.text, bus_server_endpoint(rig.server)));
  assert_non_null(strstr(message.text, "in use"));
  bus_free(other);
  rig_stop(&rig);
}

static void an_endpoint_that_cannot_be_is_named(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig);
  struct bus_link *link = NULL;
  struct err_message message = {""};
  static const char *const endpoints[] = {"127.0.0.1:4440", "tcp://", "tcp://host", "udp://h:1"};
  for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
    assert_int_equal(bus_link_new(rig.link_bus, endpoints[i], &rig.server_key,
                                  rig.server_key.public_key, &link, &message),
                     ERR_MALFORMED);
    assert_non_null(strstr(message.text, endpoints[i]));
  }
  rig_stop(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_authorised_key_delivers_under_its_name),
      cmocka_unit_test(nothing_is_queued_before_the_link_is_ready),
      cmocka_unit_test(a_burst_arrives_whole_though_the_descriptor_speaks_once),
      cmocka_unit_test(the_largest_message_passes_and_a_larger_one_is_not_sent),
      cmocka_unit_test(a_bye_leaves_though_the_link_is_freed_at_once),
      cmocka_unit_test(a_collector_that_ends_is_a_lost_link),
      cmocka_unit_test(a_send_to_a_peer_that_is_gone_is_counted),
      cmocka_unit_test(a_port_in_use_is_named),
      cmocka_unit_test(an_endpoint_that_cannot_be_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
