/* SPDX-License-Identifier: Apache-2.0 */
/* One function a kind of message. Whoever speaks is known by his key (bus.h); what he says of
 * himself must agree with it.
 *
 *   HELLO   -> peer, pipeline -> WELCOME (what is on disk)      PING -> PONG
 *   SUMMARY -> known? room? decodes? own name? -> pipeline      BYE  -> pipeline
 *
 * Every record that is not applied ends in exactly one counter (P2), and in one of two ways: left
 * out for good (it cannot be read), or not taken now, so that the sensor sends it again. */
#include "collector/collector_talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/message_codec.h"
#include "proto/summary_codec.h"

/* Never waits: a sensor that does not read its answers misses them. */
int collector_talk_answer(struct collector_talk *talk, const struct bus_route *to)
{
  uint8_t *bytes = NULL;
  size_t length = 0;
  int err = message_encode(&talk->answer, &bytes, &length);
  if (err == 0) {
    err = bus_server_send(talk->server, to, bytes, length);
    free(bytes);
  }
  return err;
}

static void refuse(struct collector_talk *talk, const struct bus_received *received,
                   const char *format, ...) __attribute__((format(printf, 3, 4)));
static void refuse(struct collector_talk *talk, const struct bus_received *received,
                   const char *format, ...)
{
  va_list arguments;
  talk->stats.refused++;
  talk->answer.kind = MESSAGE_REFUSED;
  va_start(arguments, format);
  talk->answer.refused = (struct message_refused){.cause = MESSAGE_CAUSE_OTHER};
  (void)vsnprintf(talk->answer.refused.reason, sizeof(talk->answer.refused.reason), format,
                  arguments);
  va_end(arguments);
  (void)collector_talk_answer(talk, &received->route);
}

/* Whether the message speaks for another sensor than the key's: answered, counted, logged once. */
static bool is_foreign(struct collector_talk *talk, const struct bus_received *received,
                       struct peer *peer, const char *name)
{
  if (strcmp(name, received->name) == 0) {
    return false;
  }
  if (peer == NULL || peer->wrong_names++ == 0) {
    log_warning("sensor %s at %s speaks as '%s': refused; its name must be that of its key",
                received->name, received->address, name);
  }
  refuse(talk, received, "your key is that of '%s', your name is '%s': they must agree",
         received->name, name);
  return true;
}

/* Says which of the two it is: one is the operator's to change, the other the machine's. */
static void refuse_place(struct collector_talk *talk, const struct bus_received *received, int err)
{
  char why[64];
  if (err == ERR_LIMIT) {
    (void)snprintf(why, sizeof(why), "sensors_max %lld is reached",
                   (long long)talk->settings->sensors_max);
  } else {
    (void)snprintf(why, sizeof(why), "%s; try again later", err_text(err));
  }
  log_warning("sensor %s is refused: %s", received->name, why);
  refuse(talk, received, "%s", why);
}

/* Four refusals in order: another's name, another protocol, no room to store, no room for a sensor.
 * Only then is anything about the sensor changed. WELCOME lets it begin to send from what it may
 * forget. */
static void on_hello(struct collector_talk *talk, const struct bus_received *received,
                     int64_t now_ns)
{
  const struct message_hello *hello = &talk->message.hello;
  struct peer *peer = peers_add(talk->peers, received->name);
  if (is_foreign(talk, received, peer, hello->name)) {
    return;
  }
  if (hello->version < MESSAGE_VERSION_MIN) {
    refuse(talk, received, "protocol version %u is not spoken here, expected %d or more",
           hello->version, MESSAGE_VERSION_MIN);
    return;
  }
  /* Refused here too, or it would send what must be refused. */
  if (!peers_has_room(talk->peers, BUS_MESSAGE_MAX_BYTES)) {
    refuse(talk, received, "the collector cannot store records now; try again later");
    return;
  }
  int err = peers_is_full(talk->peers) ? ERR_LIMIT : ERR_NO_MEMORY;
  err = peer == NULL ? err : pipeline_hello(talk->pipeline, hello, now_ns);
  if (err != 0) {
    refuse_place(talk, received, err);
    return;
  }
  bool is_new = peer->boot_id != hello->boot_id;
  log_write(is_new ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "sensor %s says hello from %s (%s)",
            peer->name, received->address, hello->software);
  /* A new boot counts from 1: what was on disk of an earlier one says nothing of it. */
  if (is_new) {
    peer->boot_id = hello->boot_id;
    peer->stored = 0;
  }
  peer->route = received->route;
  peer->has_route = true;
  peer->is_held = false;
  talk->answer.kind = MESSAGE_WELCOME;
  /* What is on disk, not what is in memory: a crash would take that back. */
  talk->answer.welcome = (struct message_welcome){
      .version = hello->version < MESSAGE_VERSION ? hello->version : MESSAGE_VERSION,
      .boot_id = peer->boot_id,
      .last_applied = peer->stored,
      .checkpoint_ms = (uint32_t)(talk->settings->checkpoint_ns / NS_PER_MS)};
  (void)collector_talk_answer(talk, &peer->route);
}

/* A record that cannot be read will not get better: its number is left out, not waited for. */
static void refuse_record(struct collector_talk *talk, const struct bus_received *received,
                          struct peer *peer, const char *why)
{
  uint64_t sequence = talk->message.summary.sequence;
  if (peer->refused++ == 0) {
    log_warning("sensor %s: record %llu is refused: %s; further ones are only counted", peer->name,
                (unsigned long long)sequence, why);
  }
  refuse(talk, received, "record %llu: %s", (unsigned long long)sequence, why);
}

/* No gap may open before a record that is not taken: all later ones wait with it, until the sensor
 * misses its ACKs, says HELLO again and resends. */
static void hold(struct collector_talk *talk, struct peer *peer)
{
  talk->stats.held++;
  if (!peer->is_held) {
    log_debug("sensor %s: its records wait until the disk takes what is in memory", peer->name);
  }
  peer->is_held = true;
}

/* The record sink takes the bytes from where checkpoint_incoming put them. */
static void apply(struct collector_talk *talk, const struct bus_received *received,
                  struct peer *peer, const struct summary *s, int64_t now_ns)
{
  const struct message_summary *record = &talk->message.summary;
  checkpoint_incoming(talk->checkpoint, record->bytes, record->length);
  int err = pipeline_record(talk->pipeline, s, record->is_backlog, now_ns);
  checkpoint_incoming(talk->checkpoint, NULL, 0);
  if (err == ERR_NOT_FOUND) {
    talk->stats.unasked++;
  } else if (err == ERR_NO_MEMORY) {
    hold(talk, peer);
  } else if (err != 0 && err != ERR_CONFLICT) { /* applied already: the next ACK says so */
    refuse_record(talk, received, peer, err_text(err));
  }
}

/* The cheap questions come before the decoding: a flood of records costs little. */
static void on_summary(struct collector_talk *talk, const struct bus_received *received,
                       int64_t now_ns)
{
  const struct message_summary *record = &talk->message.summary;
  struct peer *peer = peers_find(talk->peers, received->name);
  if (peer == NULL || peer->boot_id != record->boot_id) {
    talk->stats.unasked++;
    return;
  }
  if (peer->is_held || !peers_has_room(talk->peers, record->length)) {
    hold(talk, peer);
    return;
  }
  struct err_message why = {""};
  struct summary *s = NULL;
  int err = summary_decode(record->bytes, record->length, &s, &why);
  if (err == ERR_NO_MEMORY) {
    hold(talk, peer);
    return;
  }
  if (err != 0) {
    refuse_record(talk, received, peer, why.text[0] != '\0' ? why.text : err_text(err));
    return;
  }
  /* The envelope's identity is the one that is acknowledged; the body's is not looked at. */
  if (!is_foreign(talk, received, peer, s->sensor)) {
    s->boot_id = record->boot_id;
    s->sequence = record->sequence;
    apply(talk, received, peer, s, now_ns);
  }
  summary_free(s);
}

/* t2 and t3 of RFC 5905 section 8; the time between them is our own and does not count. */
static void on_ping(struct collector_talk *talk, const struct bus_received *received,
                    int64_t now_ns)
{
  talk->answer.kind = MESSAGE_PONG;
  talk->answer.clock = (struct message_clock){talk->message.clock.t1_ns, now_ns, clock_now_ns()};
  (void)collector_talk_answer(talk, &received->route);
}

/* Its route stays: an ACK of its last records may still reach it. */
static void on_bye(struct collector_talk *talk, const struct bus_received *received, int64_t now_ns)
{
  const struct peer *peer = peers_find(talk->peers, received->name);
  if (peer != NULL && peer->boot_id == talk->message.bye.boot_id) {
    log_info("sensor %s says goodbye", peer->name);
    pipeline_bye(talk->pipeline, peer->name, now_ns);
  }
}

/* Counted for all, logged once: nobody can fill the log by sending rubbish. */
static void on_malformed(struct collector_talk *talk, const struct bus_received *received,
                         const char *why)
{
  if (talk->stats.malformed++ == 0) {
    log_warning("sensor %s at %s sent a message that is none: %s; further ones are only counted",
                received->name, received->address, why);
  }
  refuse(talk, received, "not a message: %s", why);
}

/* One clock reading a message: its arrival is one moment for everything that it leads to. */
void collector_talk_hear(struct collector_talk *talk, const struct bus_received *received)
{
  struct err_message why = {""};
  int64_t now_ns = clock_now_ns();
  int err = message_decode(received->bytes, received->length, &talk->message, &why);
  if (err != 0) {
    on_malformed(talk, received, why.text[0] != '\0' ? why.text : err_text(err));
    return;
  }
  switch (talk->message.kind) {
  case MESSAGE_HELLO:
    on_hello(talk, received, now_ns);
    break;
  case MESSAGE_SUMMARY:
    on_summary(talk, received, now_ns);
    break;
  case MESSAGE_PING:
    on_ping(talk, received, now_ns);
    break;
  case MESSAGE_BYE:
    on_bye(talk, received, now_ns);
    break;
  case MESSAGE_WELCOME:
  case MESSAGE_ACK:
  case MESSAGE_PONG:
  case MESSAGE_REFUSED:
  case MESSAGE_FLEET_MAP:
  case MESSAGE_ENROLL:
  case MESSAGE_ENROLLED:
  case MESSAGE_ROTATE:
    on_malformed(talk, received, "a collector's message from a sensor");
    break;
  }
}
