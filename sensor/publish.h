/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence numbers, the bounded resend queue and the sensor's side of the protocol. Knows bytes and
 * messages, not sockets: out goes by callback, so that the protocol is tested without a network. */
#ifndef SENSOR_PUBLISH_H
#define SENSOR_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/message.h"
#include "proto/summary.h"

struct publish;

struct publish_config {
  char name[KEYS_NAME_MAX];
  uint64_t boot_id;
  size_t queue_max_bytes;  /* 64 MiB: unacknowledged records, oldest evicted and counted */
  size_t window_max_bytes; /* 4 MiB: sent and not yet acknowledged on this connection */
  int64_t ack_timeout_ns;  /* 30 s without ACK while something waits for one: the link is dead */
  /* Sends one message; 0 or ERR_AGAIN (try at publish_tick again). */
  int (*send)(void *context, const void *bytes, size_t length);
  void *context;
};

struct publish_stats {
  uint64_t published, acknowledged, evicted, resent;
  uint64_t queued_records, queued_bytes;
  int64_t clock_offset_ns, clock_uncertainty_ns;
};

struct publish *publish_new(const struct publish_config *config);
void publish_free(struct publish *publish);

/* What HELLO says of the host. Copied; send HELLO again when it changes while connected. */
void publish_describe(struct publish *publish, const struct message_hello *hello, int64_t now_ns);
/* The link is up: HELLO goes out; records wait for WELCOME. */
void publish_connected(struct publish *publish, int64_t now_ns);
void publish_disconnected(struct publish *publish);
/* Numbers, stamps (clock offset, evictions) and encodes s, queues it, sends what the window allows.
 * ERR_LIMIT, ERR_NO_MEMORY: the record is lost, took no number, and counts as evicted. */
int publish_summary(struct publish *publish, struct summary *s, int64_t now_ns);
/* A message from the collector. ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED: not one that makes
 * sense; ERR_DENIED: REFUSED, and why. message says what. */
int publish_receive(struct publish *publish, const void *bytes, size_t length, int64_t now_ns,
                    struct err_message *message);
/* now_ns is the wall clock everywhere (PING measures it); a clock that is set starts waits anew.
 * Time goes on: PING every 5 s, sends what waits. Returns false when the link must be replaced (no
 * WELCOME within 15 s of HELLO, no word at all for 15 s, no ACK within ack_timeout_ns). */
bool publish_tick(struct publish *publish, int64_t now_ns);
void publish_bye(struct publish *publish, int64_t now_ns);
/* Nothing is left unacknowledged. */
bool publish_is_drained(const struct publish *publish);
struct publish_stats publish_stats(const struct publish *publish);

#endif
