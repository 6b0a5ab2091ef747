/* SPDX-License-Identifier: Apache-2.0 */
/* Bus messages to bytes and back: each kind, cut and bent, and each bound broken. */
#include "proto/message_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/bus.h"
#include "proto/summary.h"

static const uint8_t body[] = "an encoded summary, which this codec does not look at";

static const struct addr map_added[] = {{{1}}, {{2}}};
static const struct addr map_removed[] = {{{3}}};

static struct message make_hello(void)
{
  struct message m = {.kind = MESSAGE_HELLO};
  m.hello.version = MESSAGE_VERSION;
  memcpy(m.hello.name, "web1", sizeof("web1"));
  m.hello.boot_id = UINT64_MAX;
  m.hello.next_sequence = 77;
  memcpy(m.hello.software, "seine-sensor 0.1.0", sizeof("seine-sensor 0.1.0"));
  m.hello.address_count = MESSAGE_ADDRESSES_MAX;
  for (size_t i = 0; i < m.hello.address_count; i++) {
    m.hello.address[i].byte[15] = (uint8_t)i;
  }
  m.hello.interface_count = MESSAGE_INTERFACES_MAX;
  for (size_t i = 0; i < m.hello.interface_count; i++) {
    (void)snprintf(m.hello.interface[i], sizeof(m.hello.interface[i]), "eth%zu", i);
  }
  m.hello.boot_count = 2;
  m.hello.boot[0] = (struct message_boot){7, 1, 9};
  m.hello.boot[1] = (struct message_boot){8, 3, 3};
  m.hello.fleet_map_epoch = 11;
  m.hello.fleet_map_version = 12;
  m.hello.takes_settings = true;
  return m;
}

static struct message make(enum message_kind kind)
{
  struct message m = {.kind = kind};
  switch (kind) {
  case MESSAGE_HELLO:
    return make_hello();
  case MESSAGE_WELCOME:
    m.welcome = (struct message_welcome){.version = 1,
                                         .boot_id = 5,
                                         .last_applied = 6,
                                         .checkpoint_ms = 5000,
                                         .boot_count = 1,
                                         .boot = {{4, 99}},
                                         .credit_bytes = 65536,
                                         .backlog_bytes_per_s = 7,
                                         .has_settings = true,
                                         .settings = {2, 3, 4, 5, 50}};
    break;
  case MESSAGE_SUMMARY:
    m.summary = (struct message_summary){5, 6, true, body, sizeof(body)};
    break;
  case MESSAGE_ACK:
    m.ack = (struct message_ack){5, UINT64_MAX};
    break;
  case MESSAGE_PING:
    m.clock.t1_ns = 1;
    break;
  case MESSAGE_PONG:
    m.clock = (struct message_clock){1, SUMMARY_TIME_MAX_NS, 3};
    break;
  case MESSAGE_BYE:
    m.bye = (struct message_bye){5, 0};
    break;
  case MESSAGE_REFUSED:
    memset(m.refused.reason, 'x', sizeof(m.refused.reason) - 1);
    m.refused.cause = MESSAGE_CAUSE_DUPLICATE;
    m.refused.retry_after_ms = 60000;
    break;
  case MESSAGE_FLEET_MAP:
    m.fleet_map = (struct message_fleet_map){9, 3, 2, 1000, true, 2, 1, map_added, map_removed};
    break;
  case MESSAGE_ENROLL:
  case MESSAGE_ENROLLED:
    memcpy(m.enroll.name, "web1", sizeof("web1"));
    memset(m.enroll.public_key, 7, sizeof(m.enroll.public_key));
    m.enroll.old_key_valid_s = kind == MESSAGE_ENROLLED ? 3600 : 0;
    break;
  case MESSAGE_ROTATE:
  default:
    break;
  }
  return m;
}

static void encode(const struct message *m, uint8_t **bytes, size_t *length)
{
  assert_int_equal(message_encode(m, bytes, length), 0);
}

static void every_kind_survives_the_round_trip(void **state)
{
  (void)state;
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_KIND_MAX; kind++) {
    struct message m = make((enum message_kind)kind);
    uint8_t *bytes = NULL;
    size_t length = 0;
    encode(&m, &bytes, &length);
    struct message back;
    struct err_message message = {""};
    if (message_decode(bytes, length, &back, &message) != 0) {
      fail_msg("kind %d: %s", kind, message.text);
    }
    assert_int_equal(back.kind, kind);
    uint8_t *again = NULL;
    size_t again_length = 0;
    encode(&back, &again, &again_length);
    assert_int_equal(again_length, length);
    assert_memory_equal(again, bytes, length);
    free(again);
    free(bytes);
  }
}

static void every_field_arrives_in_its_place(void **state)
{
  (void)state;
  struct message back[MESSAGE_KIND_MAX + 1];
  uint8_t *bytes[MESSAGE_KIND_MAX + 1] = {NULL};
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_KIND_MAX; kind++) {
    struct message m = make((enum message_kind)kind);
    size_t length = 0;
    encode(&m, &bytes[kind], &length);
    assert_int_equal(message_decode(bytes[kind], length, &back[kind], NULL), 0);
  }
  const struct message_hello *hello = &back[MESSAGE_HELLO].hello;
  assert_string_equal(hello->name, "web1");
  assert_true(hello->boot_id == UINT64_MAX && hello->next_sequence == 77);
  assert_int_equal(hello->version, MESSAGE_VERSION);
  assert_true(hello->boot_count == 2 && hello->boot[1].boot_id == 8);
  assert_true(hello->boot[0].first_sequence == 1 && hello->boot[0].last_sequence == 9);
  assert_true(hello->fleet_map_epoch == 11 && hello->fleet_map_version == 12);
  assert_true(hello->takes_settings);
  assert_string_equal(hello->software, "seine-sensor 0.1.0");
  assert_int_equal(hello->address_count, MESSAGE_ADDRESSES_MAX);
  assert_int_equal(hello->address[255].byte[15], 255);
  assert_int_equal(hello->interface_count, MESSAGE_INTERFACES_MAX);
  assert_string_equal(hello->interface[63], "eth63");
  const struct message_welcome *welcome = &back[MESSAGE_WELCOME].welcome;
  assert_true(welcome->version == 1 && welcome->boot_id == 5 && welcome->last_applied == 6);
  assert_int_equal(welcome->checkpoint_ms, 5000);
  assert_true(welcome->boot_count == 1 && welcome->boot[0].boot_id == 4);
  assert_int_equal(welcome->boot[0].last_applied, 99);
  assert_true(welcome->credit_bytes == 65536 && welcome->backlog_bytes_per_s == 7);
  assert_true(welcome->has_settings && welcome->settings.interval_s == 2);
  assert_true(welcome->settings.second_rows == 3 && welcome->settings.minute_rows == 4);
  assert_true(welcome->settings.talkers == 5 && welcome->settings.cpu_percent == 50);
  const struct message_summary *summary = &back[MESSAGE_SUMMARY].summary;
  assert_true(summary->boot_id == 5 && summary->sequence == 6 && summary->is_backlog);
  assert_int_equal(summary->length, sizeof(body));
  assert_memory_equal(summary->bytes, body, sizeof(body));
  assert_true(back[MESSAGE_ACK].ack.boot_id == 5 && back[MESSAGE_ACK].ack.sequence == UINT64_MAX);
  assert_int_equal(back[MESSAGE_PING].clock.t1_ns, 1);
  const struct message_clock *pong = &back[MESSAGE_PONG].clock;
  assert_true(pong->t1_ns == 1 && pong->t2_ns == SUMMARY_TIME_MAX_NS && pong->t3_ns == 3);
  assert_true(back[MESSAGE_BYE].bye.boot_id == 5 && back[MESSAGE_BYE].bye.last_sequence == 0);
  assert_int_equal(strlen(back[MESSAGE_REFUSED].refused.reason), MESSAGE_TEXT_MAX - 1);
  assert_int_equal(back[MESSAGE_REFUSED].refused.cause, MESSAGE_CAUSE_DUPLICATE);
  assert_int_equal(back[MESSAGE_REFUSED].refused.retry_after_ms, 60000);
  const struct message_fleet_map *map = &back[MESSAGE_FLEET_MAP].fleet_map;
  assert_true(map->epoch == 9 && map->version == 3 && map->from_version == 2 && map->is_last);
  assert_true(map->effective_ns == 1000 && map->added_count == 2 && map->removed_count == 1);
  assert_true(map->added[1].byte[0] == 2 && map->removed[0].byte[0] == 3);
  assert_string_equal(back[MESSAGE_ENROLL].enroll.name, "web1");
  assert_int_equal(back[MESSAGE_ENROLLED].enroll.public_key[31], 7);
  assert_int_equal(back[MESSAGE_ENROLLED].enroll.old_key_valid_s, 3600);
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_KIND_MAX; kind++) {
    free(bytes[kind]);
  }
}

static void a_summary_stays_in_the_callers_buffer(void **state)
{
  (void)state;
  struct message m = make(MESSAGE_SUMMARY);
  uint8_t *bytes = NULL;
  size_t length = 0;
  encode(&m, &bytes, &length);
  struct message back;
  assert_int_equal(message_decode(bytes, length, &back, NULL), 0);
  assert_true(back.summary.bytes > bytes && back.summary.bytes < bytes + length);
  assert_ptr_equal(back.summary.bytes + back.summary.length, bytes + length);
  free(bytes);
}

static void a_cut_message_is_never_taken(void **state)
{
  (void)state;
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_KIND_MAX; kind++) {
    struct message m = make((enum message_kind)kind);
    uint8_t *bytes = NULL;
    size_t length = 0;
    encode(&m, &bytes, &length);
    for (size_t cut = 0; cut < length; cut++) {
      uint8_t *exact = malloc(cut > 0 ? cut : 1);
      assert_non_null(exact);
      memcpy(exact, bytes, cut);
      struct message back;
      assert_int_equal(message_decode(exact, cut, &back, NULL), ERR_MALFORMED);
      free(exact);
    }
    free(bytes);
  }
}

static void no_flipped_bit_does_harm(void **state)
{
  (void)state;
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_KIND_MAX; kind++) {
    struct message m = make((enum message_kind)kind);
    uint8_t *bytes = NULL;
    size_t length = 0;
    encode(&m, &bytes, &length);
    size_t refused = 0;
    for (size_t bit = 0; bit < length * 8 && bit < 4096; bit++) {
      bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
      struct message back;
      struct err_message message = {""};
      int err = message_decode(bytes, length, &back, &message);
      refused += err != 0 ? 1 : 0;
      assert_true(err == 0 || strlen(message.text) > 0);
      bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(refused > 0);
    free(bytes);
  }
}

static const struct raw {
  const char *what;
  const char *bytes;
  size_t length;
  int err;
} raws[] = {
    {"nothing", "", 0, ERR_MALFORMED},
    {"a kind of a later version", "\x7a\x01x", 3, ERR_UNSUPPORTED},
    {"a known kind beside a later field", "\x22\x0b\x09\x05\0\0\0\0\0\0\0\x10\x01\x7a\x01x", 16, 0},
    {"two bodies", "\x2a\x00\x2a\x00", 4, ERR_MALFORMED},
    {"a body that is a number", "\x08\x01", 2, ERR_MALFORMED},
    {"a field number of 0", "\x02\x00", 2, ERR_MALFORMED},
    {"a group", "\x0b\x0c", 2, ERR_MALFORMED},
    {"a varint without an end", "\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
     ERR_MALFORMED},
    {"a length beyond the end", "\x22\x7f\x00", 3, ERR_MALFORMED},
    {"a length of 2^63", "\x22\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, ERR_MALFORMED},
    {"a summary without a boot", "\x1a\x05\x10\x01\x22\x01x", 7, ERR_MALFORMED},
    {"a summary without a sequence", "\x1a\x0c\x09\x05\0\0\0\0\0\0\0\x22\x01x", 14, ERR_MALFORMED},
    {"a summary without a body", "\x1a\x0b\x09\x05\0\0\0\0\0\0\0\x10\x01", 13, ERR_MALFORMED},
    {"a sequence of the wrong type", "\x1a\x03\x12\x01x", 5, ERR_MALFORMED},
    {"an ACK without a boot", "\x22\x02\x10\x01", 4, ERR_MALFORMED},
    {"a map without an epoch", "\x4a\x02\x10\x01", 4, ERR_MALFORMED},
    {"a map whose addresses are cut", "\x4a\x03\x32\x01x", 5, ERR_MALFORMED},
    {"a map whose version is bytes", "\x4a\x03\x12\x01x", 5, ERR_MALFORMED},
    {"an ENROLL without a key", "\x52\x03\x0a\x01x", 5, ERR_MALFORMED},
    {"an ENROLL without a name", "\x52\x00", 2, ERR_MALFORMED},
    {"a ROTATE", "\x62\x00", 2, 0},
    {"a time before 1970", "\x2a\x09\x09\xff\xff\xff\xff\xff\xff\xff\xff", 11, ERR_LIMIT},
};

static void raw_bytes_get_the_right_answer(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
    struct message back;
    struct err_message message = {""};
    int err = message_decode((const uint8_t *)raws[i].bytes, raws[i].length, &back, &message);
    if (err != raws[i].err) {
      fail_msg("%s: expected %d, got %d: %s", raws[i].what, raws[i].err, err, message.text);
    }
  }
}

static void a_peers_text_cannot_carry_control_characters(void **state)
{
  (void)state;
  struct message m = {.kind = MESSAGE_REFUSED};
  memcpy(m.refused.reason, "no\x1b[31m\xff", sizeof("no\x1b[31m\xff"));
  uint8_t *bytes = NULL;
  size_t length = 0;
  encode(&m, &bytes, &length);
  struct message back;
  assert_int_equal(message_decode(bytes, length, &back, NULL), 0);
  assert_string_equal(back.refused.reason, "no?[31m?");
  free(bytes);
}

static void what_is_over_a_limit_is_not_encoded(void **state)
{
  (void)state;
  uint8_t *bytes = NULL;
  size_t length = 0;
  struct message m = make_hello();
  m.hello.address_count = MESSAGE_ADDRESSES_MAX + 1;
  assert_int_equal(message_encode(&m, &bytes, &length), ERR_LIMIT);
  uint8_t *large = calloc(1, BUS_MESSAGE_MAX_BYTES);
  assert_non_null(large);
  m = make(MESSAGE_SUMMARY);
  m.summary.bytes = large;
  m.summary.length = BUS_MESSAGE_MAX_BYTES;
  assert_int_equal(message_encode(&m, &bytes, &length), ERR_LIMIT);
  free(large);
  m.kind = (enum message_kind)99;
  assert_int_equal(message_encode(&m, &bytes, &length), ERR_UNSUPPORTED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_survives_the_round_trip),
      cmocka_unit_test(every_field_arrives_in_its_place),
      cmocka_unit_test(a_summary_stays_in_the_callers_buffer),
      cmocka_unit_test(a_cut_message_is_never_taken),
      cmocka_unit_test(no_flipped_bit_does_harm),
      cmocka_unit_test(raw_bytes_get_the_right_answer),
      cmocka_unit_test(a_peers_text_cannot_carry_control_characters),
      cmocka_unit_test(what_is_over_a_limit_is_not_encoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
