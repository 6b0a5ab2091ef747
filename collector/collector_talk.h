/* SPDX-License-Identifier: Apache-2.0 */
/* What sensors say and what they are answered: the collector's side of the protocol of
 * proto/message.h. When messages come and who may send them is collector_bus.h's business. */
#ifndef COLLECTOR_COLLECTOR_TALK_H
#define COLLECTOR_COLLECTOR_TALK_H

#include <stdint.h>

#include "collector/checkpoint.h"
#include "collector/peers.h"
#include "collector/pipeline.h"
#include "collector/settings.h"
#include "common/bus.h"
#include "proto/message.h"

/* How messages ended that were not simply taken. */
struct collector_bus_stats {
  uint64_t malformed; /* messages that are none */
  uint64_t refused;   /* records, and HELLOs, answered with REFUSED */
  uint64_t held;      /* records not taken for want of room: their sensors send them again */
  uint64_t unasked;   /* records before a HELLO: dropped, sent again after WELCOME */
};

/* On its owner's memory; all pointers are borrowed. */
struct collector_talk {
  const struct collector_settings *settings;
  struct pipeline *pipeline;
  struct peers *peers;
  struct checkpoint *checkpoint;
  struct bus_server *server; /* answers go out through it */
  struct collector_bus_stats stats;
  struct message message; /* the one being read: too large for the stack of a daemon */
  struct message answer;
};

/* One message of an authenticated sensor: decodes it, does what it says, answers. */
void collector_talk_hear(struct collector_talk *talk, const struct bus_received *received);
/* Sends talk->answer. ERR_AGAIN: nobody is at the route any more. Never waits. */
int collector_talk_answer(struct collector_talk *talk, const struct bus_route *to);

#endif
