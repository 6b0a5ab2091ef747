/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's side of the protocol against a script: what is sent is noted, nothing is a socket.
 */
#ifndef TESTS_UNIT_PUBLISH_RIG_H
#define TESTS_UNIT_PUBLISH_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/clock.h"
#include "sensor/publish.h"

#define RIG_BOOT  UINT64_C(0xb007)
#define RIG_START (1700000000 * NS_PER_S)

/* One message that went out. Of a summary: what its body says too. */
struct rig_sent {
  enum message_kind kind;
  uint64_t sequence; /* HELLO: next_sequence; BYE: last_sequence */
  bool is_backlog;
  uint64_t queue_evicted;
  int64_t clock_offset_ns, clock_uncertainty_ns;
  char name[KEYS_NAME_MAX]; /* of HELLO, or in the body */
  size_t addresses;
};

struct rig {
  struct publish *publish;
  struct rig_sent *sent;
  size_t count, room;
  size_t looked; /* up to where rig_next has come */
  bool is_full;  /* the link takes nothing */
  size_t takes;  /* or so many messages more (SIZE_MAX: all) */
  int64_t now_ns;
};

void rig_start(struct rig *rig, size_t queue_bytes, size_t window_bytes);
void rig_stop(struct rig *rig);
/* Publishes n empty seconds, each a second later. */
void rig_publish(struct rig *rig, unsigned n);
/* Encoded bytes of such a second. */
size_t rig_record_bytes(void);
void rig_connect(struct rig *rig);
int rig_give(struct rig *rig, const struct message *m, struct err_message *message);
void rig_welcome(struct rig *rig, uint64_t last_applied);
void rig_ack(struct rig *rig, uint64_t sequence);
bool rig_tick(struct rig *rig, int64_t after_ns);
/* The same, in steps of five seconds, each with a PONG: a collector that lives. */
bool rig_tick_answered(struct rig *rig, int64_t after_ns);
/* The next message sent that was not looked at, PINGs passed over; fails the test when there is
 * none. */
const struct rig_sent *rig_next(struct rig *rig);
void rig_expect_record(struct rig *rig, uint64_t sequence, bool is_backlog);
void rig_expect_nothing(struct rig *rig);

#endif
