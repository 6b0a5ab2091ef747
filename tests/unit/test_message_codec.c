/* SPDX-License-Identifier: Apache-2.0 */
/* Bus messages to bytes and back: each kind, cut and bent, and each bound broken. */
#include "proto/message_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus.pb-c.h"
#include "common/bus.h"
#include "proto/summary.h"

static const uint8_t body[] = "an encoded summary, which this codec does not look at";

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
  return m;
}

static struct message make(enum message_kind kind)
{
  struct message m = {.kind = kind};
  switch (kind) {
  case MESSAGE_HELLO:
    return make_hello();
  case MESSAGE_WELCOME:
    m.welcome = (struct message_welcome){1, 5, 6, 5000};
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
  default:
    memset(m.refused, 'x', sizeof(m.refused) - 1);
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
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_REFUSED; kind++) {
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
  struct message back[MESSAGE_REFUSED + 1];
  uint8_t *bytes[MESSAGE_REFUSED + 1] = {NULL};
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_REFUSED; kind++) {
    struct message m = make((enum message_kind)kind);
    size_t length = 0;
    encode(&m, &bytes[kind], &length);
    assert_int_equal(message_decode(bytes[kind], length, &back[kind], NULL), 0);
  }
  const struct message_hello *hello = &back[MESSAGE_HELLO].hello;
  assert_string_equal(hello->name, "web1");
  assert_true(hello->boot_id == UINT64_MAX && hello->next_sequence == 77 && hello->version == 1);
  assert_string_equal(hello->software, "seine-sensor 0.1.0");
  assert_int_equal(hello->address_count, MESSAGE_ADDRESSES_MAX);
  assert_int_equal(hello->address[255].byte[15], 255);
  assert_int_equal(hello->interface_count, MESSAGE_INTERFACES_MAX);
  assert_string_equal(hello->interface[63], "eth63");
  const struct message_welcome *welcome = &back[MESSAGE_WELCOME].welcome;
  assert_true(welcome->version == 1 && welcome->boot_id == 5 && welcome->last_applied == 6);
  assert_int_equal(welcome->checkpoint_ms, 5000);
  const struct message_summary *summary = &back[MESSAGE_SUMMARY].summary;
  assert_true(summary->boot_id == 5 && summary->sequence == 6 && summary->is_backlog);
  assert_int_equal(summary->length, sizeof(body));
  assert_memory_equal(summary->bytes, body, sizeof(body));
  assert_true(back[MESSAGE_ACK].ack.boot_id == 5 && back[MESSAGE_ACK].ack.sequence == UINT64_MAX);
  assert_int_equal(back[MESSAGE_PING].clock.t1_ns, 1);
  const struct message_clock *pong = &back[MESSAGE_PONG].clock;
  assert_true(pong->t1_ns == 1 && pong->t2_ns == SUMMARY_TIME_MAX_NS && pong->t3_ns == 3);
  assert_true(back[MESSAGE_BYE].bye.boot_id == 5 && back[MESSAGE_BYE].bye.last_sequence == 0);
  assert_int_equal(strlen(back[MESSAGE_REFUSED].refused), MESSAGE_TEXT_MAX - 1);
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_REFUSED; kind++) {
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
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_REFUSED; kind++) {
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
  for (int kind = MESSAGE_HELLO; kind <= MESSAGE_REFUSED; kind++) {
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
    {"a kind of a later version", "\x4a\x01x", 3, ERR_UNSUPPORTED},
    {"a known kind beside a later field", "\x22\x0b\x09\x05\0\0\0\0\0\0\0\x10\x01\x4a\x01x", 16, 0},
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

static int decode_wire_hello(Seine__Hello *hello, struct err_message *message)
{
  Seine__Envelope envelope = SEINE__ENVELOPE__INIT;
  envelope.body_case = SEINE__ENVELOPE__BODY_HELLO;
  envelope.hello = hello;
  size_t length = seine__envelope__get_packed_size(&envelope);
  uint8_t *bytes = malloc(length);
  assert_non_null(bytes);
  (void)seine__envelope__pack(&envelope, bytes);
  struct message back;
  int err = message_decode(bytes, length, &back, message);
  free(bytes);
  return err;
}

static void every_broken_bound_of_hello_is_refused_by_name(void **state)
{
  (void)state;
  static uint8_t addresses[(MESSAGE_ADDRESSES_MAX + 1) * 16];
  char name[] = "web1";
  char bad_name[] = "-web1";
  char long_name[] = "an-interface-of-thirty-two-chars";
  char *long_names[] = {long_name};
  char *names[MESSAGE_INTERFACES_MAX + 1];
  for (size_t i = 0; i <= MESSAGE_INTERFACES_MAX; i++) {
    names[i] = name;
  }
  Seine__Hello good;
  seine__hello__init(&good);
  good.version = 1;
  good.name = name;
  good.boot_id = 1;
  good.next_sequence = 1;
  struct err_message message = {""};
  assert_int_equal(decode_wire_hello(&good, &message), 0);
  Seine__Hello bent[8];
  const char *field[] = {"version",   "name",      "boot_id",    "next_sequence",
                         "addresses", "addresses", "interfaces", "interfaces"};
  const int expected[] = {ERR_MALFORMED, ERR_MALFORMED, ERR_MALFORMED, ERR_MALFORMED,
                          ERR_MALFORMED, ERR_LIMIT,     ERR_LIMIT,     ERR_MALFORMED};
  for (size_t i = 0; i < 8; i++) {
    bent[i] = good;
  }
  bent[0].version = 0;
  bent[1].name = bad_name;
  bent[2].boot_id = 0;
  bent[3].next_sequence = 0;
  bent[4].addresses = (ProtobufCBinaryData){17, addresses};
  bent[5].addresses = (ProtobufCBinaryData){sizeof(addresses), addresses};
  bent[6].n_interfaces = MESSAGE_INTERFACES_MAX + 1;
  bent[6].interfaces = names;
  bent[7].n_interfaces = 1;
  bent[7].interfaces = long_names;
  for (size_t i = 0; i < 8; i++) {
    int err = decode_wire_hello(&bent[i], &message);
    if (err != expected[i] || strstr(message.text, field[i]) == NULL) {
      fail_msg("%s: expected %d, got %d: %s", field[i], expected[i], err, message.text);
    }
  }
}

static void a_peers_text_cannot_carry_control_characters(void **state)
{
  (void)state;
  struct message m = {.kind = MESSAGE_REFUSED};
  memcpy(m.refused, "no\x1b[31m\xff", sizeof("no\x1b[31m\xff"));
  uint8_t *bytes = NULL;
  size_t length = 0;
  encode(&m, &bytes, &length);
  struct message back;
  assert_int_equal(message_decode(bytes, length, &back, NULL), 0);
  assert_string_equal(back.refused, "no?[31m?");
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
      cmocka_unit_test(every_broken_bound_of_hello_is_refused_by_name),
      cmocka_unit_test(a_peers_text_cannot_carry_control_characters),
      cmocka_unit_test(what_is_over_a_limit_is_not_encoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
