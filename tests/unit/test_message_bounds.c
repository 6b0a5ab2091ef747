/* SPDX-License-Identifier: Apache-2.0 */
/* Each bound of HELLO, broken on the wire: refused by the field's name. */
#include "proto/message_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus.pb-c.h"

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
  Seine__Boot boot;
  seine__boot__init(&boot);
  boot.boot_id = 1;
  boot.first_sequence = boot.last_sequence = 1;
  Seine__Boot *boots[MESSAGE_BOOTS_MAX + 1];
  for (size_t i = 0; i <= MESSAGE_BOOTS_MAX; i++) {
    boots[i] = &boot;
  }
  Seine__Hello bent[10];
  const char *field[] = {"version",   "name",       "boot_id",    "next_sequence", "addresses",
                         "addresses", "interfaces", "interfaces", "boots",         "boots"};
  const int expected[] = {ERR_MALFORMED, ERR_MALFORMED, ERR_MALFORMED, ERR_MALFORMED,
                          ERR_MALFORMED, ERR_LIMIT,     ERR_LIMIT,     ERR_MALFORMED,
                          ERR_LIMIT,     ERR_MALFORMED};
  for (size_t i = 0; i < 10; i++) {
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
  bent[8].n_boots = MESSAGE_BOOTS_MAX + 1;
  bent[8].boots = boots;
  bent[9].n_boots = 1; /* the present one */
  bent[9].boots = boots;
  for (size_t i = 0; i < 10; i++) {
    int err = decode_wire_hello(&bent[i], &message);
    if (err != expected[i] || strstr(message.text, field[i]) == NULL) {
      fail_msg("%s: expected %d, got %d: %s", field[i], expected[i], err, message.text);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_broken_bound_of_hello_is_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
