/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO and WELCOME: bytes -> structures, each bound checked and named. */
#include <string.h>

#include "bus.pb-c.h"
#include "proto/message_reader.h"
#include "proto/summary.h"

/* Names end up in logs, on terminals and in JSON: printable characters only. */
static int decode_hello_interfaces(const struct message_reader *r, const Seine__Hello *wire)
{
  struct message_hello *hello = &r->out->hello;
  if (wire->n_interfaces > MESSAGE_INTERFACES_MAX) {
    return err_set(r->message, ERR_LIMIT, "hello.interfaces: %zu, at most %d are allowed",
                   wire->n_interfaces, MESSAGE_INTERFACES_MAX);
  }
  for (size_t i = 0; i < wire->n_interfaces; i++) {
    if (!summary_is_interface_name(wire->interfaces[i])) {
      return err_set(r->message, ERR_MALFORMED,
                     "hello.interfaces: number %zu is not 1..%d printable characters", i,
                     MESSAGE_INTERFACE_MAX - 1);
    }
    memcpy(hello->interface[i], wire->interfaces[i], strlen(wire->interfaces[i]) + 1);
  }
  hello->interface_count = wire->n_interfaces;
  return 0;
}

/* One bytes field of 16 bytes each, in network order: the form of struct addr, copied as it is. */
static int decode_hello_addresses(const struct message_reader *r, const Seine__Hello *wire)
{
  struct message_hello *hello = &r->out->hello;
  size_t count = wire->addresses.len / sizeof(struct addr);
  if (wire->addresses.len % sizeof(struct addr) != 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.addresses: %zu bytes are no multiple of 16",
                   wire->addresses.len);
  }
  if (count > MESSAGE_ADDRESSES_MAX) {
    return err_set(r->message, ERR_LIMIT, "hello.addresses: %zu, at most %d are allowed", count,
                   MESSAGE_ADDRESSES_MAX);
  }
  if (count > 0) {
    memcpy(hello->address, wire->addresses.data, wire->addresses.len);
  }
  hello->address_count = count;
  return 0;
}

/* Earlier starts: each once, none the present one, and with an order in its numbers. */
static int decode_hello_boots(const struct message_reader *r, const Seine__Hello *wire)
{
  struct message_hello *hello = &r->out->hello;
  if (wire->n_boots > MESSAGE_BOOTS_MAX) {
    return err_set(r->message, ERR_LIMIT, "hello.boots: %zu, at most %d are allowed", wire->n_boots,
                   MESSAGE_BOOTS_MAX);
  }
  for (size_t i = 0; i < wire->n_boots; i++) {
    const Seine__Boot *boot = wire->boots[i];
    bool is_twice = boot->boot_id == wire->boot_id;
    for (size_t k = 0; k < i; k++) {
      is_twice = is_twice || boot->boot_id == hello->boot[k].boot_id;
    }
    if (boot->boot_id == 0 || is_twice || boot->first_sequence == 0 ||
        boot->last_sequence < boot->first_sequence) {
      return err_set(r->message, ERR_MALFORMED,
                     "hello.boots: number %zu (start %016llx, records %llu to %llu) cannot be", i,
                     (unsigned long long)boot->boot_id, (unsigned long long)boot->first_sequence,
                     (unsigned long long)boot->last_sequence);
    }
    hello->boot[i] =
        (struct message_boot){boot->boot_id, boot->first_sequence, boot->last_sequence};
  }
  hello->boot_count = wire->n_boots;
  return 0;
}

/* The name here is what the sensor says; whether its key may use it the collector asks the bus. */
int message_read_hello(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Hello *wire = seine__hello__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "hello");
  }
  struct message_hello *hello = &r->out->hello;
  if (wire->version == 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.version: missing");
  }
  /* The rule keeps it shorter than the array as well: the copy below fits. */
  if (keys_check_name(wire->name) != 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.name: not a sensor's name");
  }
  if (wire->next_sequence == 0) {
    return err_set(r->message, ERR_MALFORMED, "hello.next_sequence: 0, expected 1 or more");
  }
  hello->version = wire->version;
  memcpy(hello->name, wire->name, strlen(wire->name) + 1);
  hello->boot_id = wire->boot_id;
  hello->next_sequence = wire->next_sequence;
  hello->fleet_map_epoch = wire->fleet_map_epoch;
  hello->fleet_map_version = wire->fleet_map_version;
  hello->takes_settings = wire->takes_settings != 0;
  message_reader_text(wire->software, hello->software, sizeof(hello->software));
  int err = message_reader_boot(r, "hello", wire->boot_id);
  if (err == 0) {
    err = decode_hello_addresses(r, wire);
  }
  if (err == 0) {
    err = decode_hello_boots(r, wire);
  }
  return err != 0 ? err : decode_hello_interfaces(r, wire);
}

static int decode_welcome_boots(const struct message_reader *r, const Seine__Welcome *wire)
{
  struct message_welcome *welcome = &r->out->welcome;
  if (wire->n_boots > MESSAGE_BOOTS_MAX) {
    return err_set(r->message, ERR_LIMIT, "welcome.boots: %zu, at most %d are allowed",
                   wire->n_boots, MESSAGE_BOOTS_MAX);
  }
  for (size_t i = 0; i < wire->n_boots; i++) {
    welcome->boot[i] =
        (struct message_applied){wire->boots[i]->boot_id, wire->boots[i]->last_applied};
  }
  welcome->boot_count = wire->n_boots;
  return 0;
}

/* A collector is trusted to tune, within what a sensor can do at all. */
static int decode_welcome_settings(const struct message_reader *r, const Seine__Settings *wire)
{
  struct message_welcome *welcome = &r->out->welcome;
  if (wire == NULL) {
    return 0;
  }
  const struct {
    const char *name;
    uint32_t value, max;
  } bounds[] = {{"interval_s", wire->interval_s, 30},
                {"second_rows", wire->second_rows, SUMMARY_SECOND_ROWS_MAX},
                {"minute_rows", wire->minute_rows, SUMMARY_CONVERSATIONS_MAX},
                {"talkers", wire->talkers, SUMMARY_TALKERS_MAX},
                {"cpu_percent", wire->cpu_percent, MESSAGE_CPU_PERCENT_MAX}};
  for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
    if (bounds[i].value > bounds[i].max) {
      return err_set(r->message, ERR_LIMIT, "welcome.settings.%s: %u, at most %u is allowed",
                     bounds[i].name, bounds[i].value, bounds[i].max);
    }
  }
  if (wire->interval_s != 0 && 60 % wire->interval_s != 0) {
    return err_set(r->message, ERR_MALFORMED, "welcome.settings.interval_s: %u does not divide 60",
                   wire->interval_s);
  }
  welcome->settings = (struct message_settings){
      wire->interval_s, wire->second_rows, wire->minute_rows, wire->talkers, wire->cpu_percent};
  welcome->has_settings = true;
  return 0;
}

/* last_applied may be 0: nothing of that boot is known. */
int message_read_welcome(struct message_reader *r, const uint8_t *bytes, size_t length)
{
  Seine__Welcome *wire = seine__welcome__unpack(&r->allocator, length, bytes);
  if (wire == NULL) {
    return message_reader_failed(r, "welcome");
  }
  if (wire->version == 0) {
    return err_set(r->message, ERR_MALFORMED, "welcome.version: missing");
  }
  r->out->welcome = (struct message_welcome){.version = wire->version,
                                             .boot_id = wire->boot_id,
                                             .last_applied = wire->last_applied,
                                             .checkpoint_ms = wire->checkpoint_ms,
                                             .credit_bytes = wire->credit_bytes,
                                             .backlog_bytes_per_s = wire->backlog_bytes_per_s};
  int err = message_reader_boot(r, "welcome", wire->boot_id);
  if (err == 0) {
    err = decode_welcome_boots(r, wire);
  }
  return err != 0 ? err : decode_welcome_settings(r, wire->settings);
}
